//! Table `setting`: what an administrator set on the pages.

use rusqlite::{Connection, OptionalExtension};

use super::Result;
use crate::clock::{from_millis, to_millis};
use crate::model::Time;

/// A value that goes before the file's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// As written in the file.
    pub value: String,
    /// When it was set.
    pub changed_at: Time,
    /// By whom.
    pub changed_by: String,
}

/// A setting; absent where the file's counts.
pub fn get(connection: &Connection, name: &str) -> Result<Option<Setting>> {
    let found = connection
        .prepare_cached("SELECT value, changed_at, changed_by FROM setting WHERE name = ?1")?
        .query_row([name], |row| {
            Ok(Setting { value: row.get(0)?, changed_at: from_millis(row.get(1)?), changed_by: row.get(2)? })
        })
        .optional()?;
    Ok(found)
}

/// Sets a value.
pub fn set(connection: &Connection, name: &str, value: &str, at: Time, by: &str) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO setting (name, value, changed_at, changed_by) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value, changed_at = excluded.changed_at,
                                              changed_by = excluded.changed_by",
        )?
        .execute((name, value, to_millis(at), by))?;
    Ok(())
}

/// Lets the file's value count again.
pub fn clear(connection: &Connection, name: &str) -> Result<bool> {
    Ok(connection.prepare_cached("DELETE FROM setting WHERE name = ?1")?.execute([name])? > 0)
}
