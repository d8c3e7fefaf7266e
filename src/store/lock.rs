//! Table `lock`: write locks of RFC 4918 §6. They outlive a restart and end by themselves.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params, params_from_iter};

use super::{Result, beneath};
use crate::clock::{from_millis, to_millis};
use crate::model::Time;

/// A lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// `urn:uuid:…`
    pub token: String,
    /// The locked resource.
    pub resource: Vec<u8>,
    /// Whether members are locked, too (`Depth: infinity`).
    pub deep: bool,
    /// Shared rather than exclusive.
    pub shared: bool,
    /// Whose it is.
    pub user_id: i64,
    /// The `DAV:owner` element as XML; empty where the client wrote none.
    pub owner: String,
    /// Percent-encoded path of the lock root beneath `/dav`.
    pub href: String,
    /// Seconds granted.
    pub timeout_s: u32,
    /// When it ends.
    pub expires_at: Time,
}

const COLUMNS: &str = "token, resource, deep, shared, user_id, owner, href, timeout_s, expires_at";

/// Adds a lock.
pub fn insert(connection: &Connection, lock: &Lock) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO lock (token, resource, deep, shared, user_id, owner, href, timeout_s, expires_at)
             VALUES (:token, :resource, :deep, :shared, :user_id, :owner, :href, :timeout_s, :expires_at)",
        )?
        .execute(named_params! {
            ":token": lock.token,
            ":resource": lock.resource,
            ":deep": lock.deep,
            ":shared": lock.shared,
            ":user_id": lock.user_id,
            ":owner": lock.owner,
            ":href": lock.href,
            ":timeout_s": lock.timeout_s,
            ":expires_at": to_millis(lock.expires_at),
        })?;
    Ok(())
}

/// Whether there is any lock at all; saves most requests the other questions.
pub fn any(connection: &Connection, now: Time) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM lock WHERE expires_at > ?1)";
    Ok(connection.prepare_cached(sql)?.query_one([to_millis(now)], |row| row.get(0))?)
}

/// Live locks whose root is this very resource.
pub fn at(connection: &Connection, resource: &[u8], now: Time) -> Result<Vec<Lock>> {
    let sql = format!("SELECT {COLUMNS} FROM lock WHERE resource = ?1 AND expires_at > ?2 ORDER BY token");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map((resource, to_millis(now)), read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Live locks whose root is one of these resources, in one question.
pub fn at_any(connection: &Connection, resources: &[&[u8]], now: Time) -> Result<Vec<Lock>> {
    if resources.is_empty() {
        return Ok(Vec::new());
    }
    let places = vec!["?"; resources.len()].join(", ");
    let sql = format!("SELECT {COLUMNS} FROM lock WHERE expires_at > ? AND resource IN ({places})");
    let mut statement = connection.prepare(&sql)?;
    let now = to_millis(now);
    let parameters = std::iter::once(&now as &dyn ToSql).chain(resources.iter().map(|resource| resource as &dyn ToSql));
    let rows = statement.query_map(params_from_iter(parameters), read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Live locks whose root is beneath the resource.
pub fn below(connection: &Connection, resource: &[u8], now: Time) -> Result<Vec<Lock>> {
    let (from, to) = beneath(resource);
    let sql = format!("SELECT {COLUMNS} FROM lock WHERE resource >= ?1 AND resource < ?2 AND expires_at > ?3");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map((from, to, to_millis(now)), read)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Sets a new end.
pub fn refresh(connection: &Connection, token: &str, timeout_s: u32, expires_at: Time) -> Result<()> {
    connection.prepare_cached("UPDATE lock SET timeout_s = ?2, expires_at = ?3 WHERE token = ?1")?.execute((
        token,
        timeout_s,
        to_millis(expires_at),
    ))?;
    Ok(())
}

/// The live lock of a token.
pub fn by_token(connection: &Connection, token: &str, now: Time) -> Result<Option<Lock>> {
    let sql = format!("SELECT {COLUMNS} FROM lock WHERE token = ?1 AND expires_at > ?2");
    Ok(connection.prepare_cached(&sql)?.query_row((token, to_millis(now)), read).optional()?)
}

/// Ends a lock.
pub fn delete(connection: &Connection, token: &str) -> Result<()> {
    connection.prepare_cached("DELETE FROM lock WHERE token = ?1")?.execute([token])?;
    Ok(())
}

/// Ends all locks at and beneath a resource that is gone from there.
pub fn delete_tree(connection: &Connection, resource: &[u8]) -> Result<()> {
    let (from, to) = beneath(resource);
    connection
        .prepare_cached("DELETE FROM lock WHERE resource = ?1 OR (resource >= ?2 AND resource < ?3)")?
        .execute((resource, from, to))?;
    Ok(())
}

/// Ends all locks beneath a resource that was replaced; one on the resource itself stays with its name, as RFC 4918
/// §7.6 has it: an editor locks a file, moves the new one over it, and then unlocks it.
pub fn delete_beneath(connection: &Connection, resource: &[u8]) -> Result<()> {
    connection.prepare_cached("DELETE FROM lock WHERE resource >= ?1 AND resource < ?2")?.execute(beneath(resource))?;
    Ok(())
}

/// How many live locks a person holds.
pub fn count_of_user(connection: &Connection, user_id: i64, now: Time) -> Result<u32> {
    let sql = "SELECT count(*) FROM lock WHERE user_id = ?1 AND expires_at > ?2";
    Ok(connection.prepare_cached(sql)?.query_one((user_id, to_millis(now)), |row| row.get(0))?)
}

/// Removes what has ended.
pub fn delete_expired(connection: &Connection, now: Time) -> Result<usize> {
    Ok(connection.prepare_cached("DELETE FROM lock WHERE expires_at <= ?1")?.execute([to_millis(now)])?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<Lock> {
    Ok(Lock {
        token: row.get(0)?,
        resource: row.get(1)?,
        deep: row.get(2)?,
        shared: row.get(3)?,
        user_id: row.get(4)?,
        owner: row.get(5)?,
        href: row.get(6)?,
        timeout_s: row.get(7)?,
        expires_at: from_millis(row.get(8)?),
    })
}
