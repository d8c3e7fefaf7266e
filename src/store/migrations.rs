//! Numbered, frozen steps of the schema, counted in SQLite's `user_version`.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{Error, Result};

/// Step N brings schema N to N + 1. A step that has been released never changes.
const STEPS: [&str; 2] = [include_str!("migrations/0001_start.sql"), include_str!("migrations/0002_pages.sql")];

/// Brings the schema up to date, each step in its own transaction.
pub(super) fn run(connection: &mut Connection, file: &Path) -> Result<()> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i64 = transaction.query_one("PRAGMA user_version", [], |row| row.get(0))?;
        if found > known {
            return Err(Error::Newer { file: file.to_path_buf(), found, known });
        }
        let Some(step) = usize::try_from(found).ok().and_then(|index| STEPS.get(index)) else {
            return Ok(());
        };
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", found + 1)?;
        transaction.commit()?;
    }
}
