//! Table `digest`: digests that were checked when files came, which follow their file as properties do.

use rusqlite::Connection;

use super::{Result, beneath};

/// Whether there is any at all; most drives have none.
pub fn any(connection: &Connection) -> Result<bool> {
    Ok(connection.prepare_cached("SELECT EXISTS (SELECT 1 FROM digest)")?.query_one([], |row| row.get(0))?)
}

/// Algorithm and value of each that is known of a file with that entity tag.
pub fn of(connection: &Connection, resource: &[u8], etag: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let sql = "SELECT algorithm, value FROM digest WHERE resource = ?1 AND etag = ?2 ORDER BY algorithm";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map((resource, etag), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether anything at or beneath a resource has one.
pub fn any_in_tree(connection: &Connection, resource: &[u8]) -> Result<bool> {
    let (from, to) = beneath(resource);
    let sql = "SELECT EXISTS (SELECT 1 FROM digest WHERE resource = ?1)
                   OR EXISTS (SELECT 1 FROM digest WHERE resource >= ?2 AND resource < ?3)";
    Ok(connection.prepare_cached(sql)?.query_one((resource, from, to), |row| row.get(0))?)
}

/// Sets or replaces one.
pub fn set(connection: &Connection, resource: &[u8], algorithm: &str, etag: &str, value: &[u8]) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO digest (resource, algorithm, etag, value) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (resource, algorithm) DO UPDATE SET etag = excluded.etag, value = excluded.value",
        )?
        .execute((resource, algorithm, etag, value))?;
    Ok(())
}

/// Removes all at and beneath a resource.
pub fn delete_tree(connection: &Connection, resource: &[u8]) -> Result<()> {
    let (from, to) = beneath(resource);
    connection
        .prepare_cached("DELETE FROM digest WHERE resource = ?1 OR (resource >= ?2 AND resource < ?3)")?
        .execute((resource, from, to))?;
    Ok(())
}

/// Copies all at and beneath `source` to `target`, which has none of its own left.
pub fn copy_tree(connection: &Connection, source: &[u8], target: &[u8]) -> Result<()> {
    let (from, to) = beneath(source);
    connection
        .prepare_cached(
            "INSERT INTO digest (resource, algorithm, etag, value)
             SELECT CAST(?4 || substr(resource, length(?1) + 1) AS BLOB), algorithm, etag, value
             FROM digest WHERE resource = ?1 OR (resource >= ?2 AND resource < ?3)",
        )?
        .execute((source, from, to, target))?;
    Ok(())
}
