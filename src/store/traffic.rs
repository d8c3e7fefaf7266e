//! Table `traffic`: how many requests were answered, by quarter of an hour.

use rusqlite::Connection;

use super::Result;
use crate::clock::{from_millis, to_millis};
use crate::model::{Quarter, Time};

/// Adds counts to a quarter.
pub fn add(connection: &Connection, more: &Quarter) -> Result<()> {
    let column = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    connection
        .prepare_cached(
            "INSERT INTO traffic (at, requests, refused, failed) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (at) DO UPDATE SET requests = requests + excluded.requests,
                                            refused = refused + excluded.refused, failed = failed + excluded.failed",
        )?
        .execute((to_millis(more.at), column(more.requests), column(more.refused), column(more.failed)))?;
    Ok(())
}

/// The quarters that have counts, from an instant on, oldest first.
pub fn since(connection: &Connection, at: Time) -> Result<Vec<Quarter>> {
    let sql = "SELECT at, requests, refused, failed FROM traffic WHERE at >= ?1 ORDER BY at";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([to_millis(at)], |row| {
        let count = |place: usize| row.get::<_, i64>(place).map(|count| u64::try_from(count).unwrap_or(0));
        Ok(Quarter { at: from_millis(row.get(0)?), requests: count(1)?, refused: count(2)?, failed: count(3)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
}

/// Forgets quarters before an instant.
pub fn delete_before(connection: &Connection, at: Time) -> Result<usize> {
    Ok(connection.prepare_cached("DELETE FROM traffic WHERE at < ?1")?.execute([to_millis(at)])?)
}
