//! Table `api_token`.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Error, Result, list_from_json, list_to_json};
use crate::clock::{from_millis, to_millis};
use crate::model::{ApiScope, ApiToken, Time};

const COLUMNS: &str = "id, label, scopes, networks, created_at, expires_at, last_used_at, revoked_at";

/// Adds a row; the id in `new` is ignored and the given one returned.
pub fn insert(connection: &Connection, new: &ApiToken, digest: &[u8; 32]) -> Result<i64> {
    let scopes: Vec<&str> = new.scopes.iter().map(|scope| scope.as_str()).collect();
    connection
        .prepare_cached(
            "INSERT INTO api_token (digest, label, scopes, networks, created_at, expires_at)
             VALUES (:digest, :label, :scopes, :networks, :created_at, :expires_at)",
        )?
        .execute(named_params! {
            ":digest": digest,
            ":label": new.label,
            ":scopes": list_to_json(&scopes),
            ":networks": list_to_json(&new.networks),
            ":created_at": to_millis(new.created_at),
            ":expires_at": new.expires_at.map(to_millis),
        })?;
    Ok(connection.last_insert_rowid())
}

/// The token of that digest.
pub fn by_digest(connection: &Connection, digest: &[u8; 32]) -> Result<Option<ApiToken>> {
    let sql = format!("SELECT {COLUMNS} FROM api_token WHERE digest = ?1");
    connection.prepare_cached(&sql)?.query_row([digest], |row| Ok(read(row))).optional()?.transpose()
}

/// All tokens, oldest first.
pub fn all(connection: &Connection) -> Result<Vec<ApiToken>> {
    let sql = format!("SELECT {COLUMNS} FROM api_token ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([], |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

/// Revokes one; `false` where it is revoked already or unknown.
pub fn revoke(connection: &Connection, id: i64, at: Time) -> Result<bool> {
    let sql = "UPDATE api_token SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
    Ok(connection.prepare_cached(sql)?.execute((id, to_millis(at)))? > 0)
}

/// Writes down a use.
pub fn note_use(connection: &Connection, id: i64, at: Time) -> Result<()> {
    connection.prepare_cached("UPDATE api_token SET last_used_at = ?2 WHERE id = ?1")?.execute((id, to_millis(at)))?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<ApiToken> {
    let instant = |place: usize| -> Result<Option<Time>> { Ok(row.get::<_, Option<i64>>(place)?.map(from_millis)) };
    let scopes: String = row.get(2)?;
    let words: Vec<String> = list_from_json(&scopes, "token scope")?;
    let networks: String = row.get(3)?;
    Ok(ApiToken {
        id: row.get(0)?,
        label: row.get(1)?,
        scopes: words
            .iter()
            .map(|word| ApiScope::parse(word).ok_or(Error::Unreadable("token scope")))
            .collect::<Result<_>>()?,
        networks: list_from_json(&networks, "network list")?,
        created_at: from_millis(row.get(4)?),
        expires_at: instant(5)?,
        last_used_at: instant(6)?,
        revoked_at: instant(7)?,
    })
}
