//! Table `password_link`: links that let a person choose a password, once.

use rusqlite::{Connection, OptionalExtension};

use super::{Result, user};
use crate::clock::{from_millis, to_millis};
use crate::model::{Time, User};

/// A link and whose it is.
#[derive(Debug)]
pub struct Link {
    /// `invitation` or `reset`.
    pub kind: String,
    /// When it ends.
    pub expires_at: Time,
    /// Whose.
    pub user: User,
}

/// Adds a link in the place of all earlier ones of the account.
pub fn replace(
    connection: &Connection,
    user_id: i64,
    digest: &[u8; 32],
    kind: &str,
    by: &str,
    expires_at: Time,
) -> Result<()> {
    delete_of_user(connection, user_id)?;
    connection
        .prepare_cached(
            "INSERT INTO password_link (digest, user_id, kind, created_by, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((digest, user_id, kind, by, to_millis(expires_at)))?;
    Ok(())
}

/// The link of a token's digest.
pub fn by_digest(connection: &Connection, digest: &[u8; 32]) -> Result<Option<Link>> {
    let sql = format!(
        "SELECT kind, expires_at, {} FROM password_link JOIN user ON user.id = password_link.user_id WHERE digest = ?1",
        user::JOINED
    );
    connection
        .prepare_cached(&sql)?
        .query_row([digest], |row| {
            let (kind, expires_at) = (row.get(0)?, from_millis(row.get(1)?));
            Ok(user::read(row, 2).map(|user| Link { kind, expires_at, user }))
        })
        .optional()?
        .transpose()
}

/// When the account's link ends, where it has one.
pub fn of_user(connection: &Connection, user_id: i64) -> Result<Option<(String, Time)>> {
    let found = connection
        .prepare_cached("SELECT kind, expires_at FROM password_link WHERE user_id = ?1")?
        .query_row([user_id], |row| Ok((row.get(0)?, from_millis(row.get(1)?))))
        .optional()?;
    Ok(found)
}

/// Removes the links of an account.
pub fn delete_of_user(connection: &Connection, user_id: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM password_link WHERE user_id = ?1")?.execute([user_id])?;
    Ok(())
}

/// Removes what has ended by itself.
pub fn delete_ended(connection: &Connection, now: Time) -> Result<usize> {
    Ok(connection.prepare_cached("DELETE FROM password_link WHERE expires_at <= ?1")?.execute([to_millis(now)])?)
}
