//! Table `known_device`: browsers from which a person has signed in before.

use rusqlite::Connection;

use super::Result;
use crate::clock::to_millis;
use crate::model::Time;

/// Browsers kept for one person; the one not seen for longest goes first.
const MOST: i64 = 20;

/// Whether a person has signed in from there.
pub fn is_known(connection: &Connection, user_id: i64, digest: &[u8; 32]) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM known_device WHERE digest = ?1 AND user_id = ?2)";
    Ok(connection.prepare_cached(sql)?.query_one((digest, user_id), |row| row.get(0))?)
}

/// Remembers a browser.
pub fn remember(connection: &Connection, user_id: i64, digest: &[u8; 32], at: Time) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO known_device (digest, user_id, seen_at) VALUES (?1, ?2, ?3)")?
        .execute((digest, user_id, to_millis(at)))?;
    connection
        .prepare_cached(
            "DELETE FROM known_device WHERE user_id = ?1 AND digest NOT IN
             (SELECT digest FROM known_device WHERE user_id = ?1 ORDER BY seen_at DESC LIMIT ?2)",
        )?
        .execute((user_id, MOST))?;
    Ok(())
}

/// Forgets one browser, which gets another token.
pub fn forget(connection: &Connection, user_id: i64, digest: &[u8; 32]) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM known_device WHERE user_id = ?1 AND digest = ?2")?
        .execute((user_id, digest))?;
    Ok(())
}

/// Forgets all browsers of a person, as after a reset.
pub fn forget_all(connection: &Connection, user_id: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM known_device WHERE user_id = ?1")?.execute([user_id])?;
    Ok(())
}
