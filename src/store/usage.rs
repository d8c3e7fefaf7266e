//! Table `usage`: what people's files take, as last measured.

use rusqlite::{Connection, OptionalExtension, Row};

use super::Result;
use super::user::{self, to_column};
use crate::clock::{from_millis, to_millis};
use crate::model::{Usage, User};

/// What an account's files take.
pub fn of(connection: &Connection, user_id: i64) -> Result<Option<Usage>> {
    let sql = "SELECT bytes, files, measured_at FROM usage WHERE user_id = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([user_id], |row| read(row, 0)).optional()?)
}

/// Writes a measurement down; one of an account that is gone meanwhile is dropped.
pub fn set(connection: &Connection, user_id: i64, usage: &Usage) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO usage (user_id, bytes, files, measured_at) SELECT id, ?2, ?3, ?4 FROM user WHERE id = ?1
             ON CONFLICT (user_id) DO UPDATE SET bytes = excluded.bytes, files = excluded.files,
                                                 measured_at = excluded.measured_at",
        )?
        .execute((user_id, to_column(usage.bytes), to_column(usage.files), to_millis(usage.measured_at)))?;
    Ok(())
}

/// The accounts whose files take most.
pub fn largest(connection: &Connection, limit: u32) -> Result<Vec<(User, Usage)>> {
    let sql = format!(
        "SELECT {}, usage.bytes, usage.files, usage.measured_at FROM usage JOIN user ON user.id = usage.user_id
         ORDER BY usage.bytes DESC, user.name LIMIT ?1",
        user::JOINED
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([limit], |row| {
        let usage = read(row, user::WIDTH)?;
        Ok(user::read(row, 0).map(|user| (user, usage)))
    })?;
    rows.map(|row| row?).collect()
}

/// Bytes of all accounts together, and how many accounts were measured.
pub fn total(connection: &Connection) -> Result<(u64, u64)> {
    let (bytes, accounts): (i64, i64) = connection
        .prepare_cached("SELECT coalesce(sum(bytes), 0), count(*) FROM usage")?
        .query_one([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((u64::try_from(bytes).unwrap_or(0), u64::try_from(accounts).unwrap_or(0)))
}

fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Usage> {
    let count = |place: usize| row.get::<_, i64>(place).map(|count| u64::try_from(count).unwrap_or(0));
    Ok(Usage { bytes: count(first)?, files: count(first + 1)?, measured_at: from_millis(row.get(first + 2)?) })
}
