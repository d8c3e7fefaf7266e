//! Tables `totp`, `recovery_code` and `passkey`.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::Result;
use crate::clock::{from_millis, to_millis};
use crate::model::{Passkey, SecondFactors, Time};

/// The second factors of an account, without secrets.
pub fn of_user(connection: &Connection, user_id: i64) -> Result<SecondFactors> {
    let totp = connection
        .prepare_cached("SELECT bound_at, last_used_at FROM totp WHERE user_id = ?1")?
        .query_row([user_id], |row| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?)))
        .optional()?;
    let (since, used) = totp.unwrap_or_default();
    let mut statement = connection
        .prepare_cached("SELECT id, name, created_at, last_used_at FROM passkey WHERE user_id = ?1 ORDER BY id")?;
    let passkeys = statement.query_map([user_id], read_passkey)?.collect::<rusqlite::Result<Vec<_>>>()?;
    let codes = connection
        .prepare_cached("SELECT count(*) FROM recovery_code WHERE user_id = ?1 AND used_at IS NULL")?
        .query_one([user_id], |row| row.get::<_, i64>(0))?;
    Ok(SecondFactors {
        totp_since: since.map(from_millis),
        totp_last_used: used.map(from_millis),
        passkeys,
        recovery_codes: usize::try_from(codes).unwrap_or(0),
    })
}

fn read_passkey(row: &Row<'_>) -> rusqlite::Result<Passkey> {
    Ok(Passkey {
        id: row.get(0)?,
        name: row.get(1)?,
        created_at: from_millis(row.get(2)?),
        last_used_at: row.get::<_, Option<i64>>(3)?.map(from_millis),
    })
}

/// The shared secret of an account, encrypted.
pub fn totp(connection: &Connection, user_id: i64) -> Result<Option<Vec<u8>>> {
    let found = connection
        .prepare_cached("SELECT secret FROM totp WHERE user_id = ?1")?
        .query_row([user_id], |row| row.get(0))
        .optional()?;
    Ok(found)
}

/// Binds a shared secret of which the code of a time step was shown; `false` where one is bound already.
pub fn bind_totp(connection: &Connection, user_id: i64, secret: &[u8], step: u64, at: Time) -> Result<bool> {
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    let changed = connection
        .prepare_cached("INSERT OR IGNORE INTO totp (user_id, secret, bound_at, last_step) VALUES (?1, ?2, ?3, ?4)")?
        .execute((user_id, secret, to_millis(at), step))?;
    Ok(changed > 0)
}

/// Time steps (of 30 seconds) by which the last one may lie ahead before the clock must have been wrong then.
const AHEAD: i64 = 20;

/// Takes a time step as used; `false` where it, or a later one, was used before.
pub fn use_step(connection: &Connection, user_id: i64, step: u64, at: Time) -> Result<bool> {
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    let changed = connection
        .prepare_cached(
            "UPDATE totp SET last_step = ?2, last_used_at = ?3
             WHERE user_id = ?1 AND (last_step < ?2 OR last_step > ?2 + ?4)",
        )?
        .execute((user_id, step, to_millis(at), AHEAD))?;
    Ok(changed > 0)
}

/// Unbinds the authenticator application.
pub fn delete_totp(connection: &Connection, user_id: i64) -> Result<bool> {
    Ok(connection.prepare_cached("DELETE FROM totp WHERE user_id = ?1")?.execute([user_id])? > 0)
}

/// Puts new recovery codes in the place of all earlier ones.
pub fn replace_recovery_codes(connection: &Connection, user_id: i64, digests: &[[u8; 32]]) -> Result<()> {
    connection.prepare_cached("DELETE FROM recovery_code WHERE user_id = ?1")?.execute([user_id])?;
    let mut insert = connection.prepare_cached("INSERT INTO recovery_code (digest, user_id) VALUES (?1, ?2)")?;
    for digest in digests {
        insert.execute((digest, user_id))?;
    }
    Ok(())
}

/// Takes a recovery code as used; `false` where it is unknown or was used before.
pub fn use_recovery_code(connection: &Connection, user_id: i64, digest: &[u8; 32], at: Time) -> Result<bool> {
    let changed = connection
        .prepare_cached("UPDATE recovery_code SET used_at = ?3 WHERE digest = ?2 AND user_id = ?1 AND used_at IS NULL")?
        .execute((user_id, digest, to_millis(at)))?;
    Ok(changed > 0)
}

/// Removes all recovery codes.
pub fn delete_recovery_codes(connection: &Connection, user_id: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM recovery_code WHERE user_id = ?1")?.execute([user_id])?;
    Ok(())
}

/// A new passkey.
#[derive(Debug)]
pub struct NewPasskey<'a> {
    /// Whose.
    pub user_id: i64,
    /// The authenticator's id of it.
    pub credential_id: &'a [u8],
    /// What the person calls it.
    pub name: &'a str,
    /// Public key, counter and flags, as JSON.
    pub credential: &'a str,
    /// When.
    pub at: Time,
}

/// Adds a passkey.
pub fn insert_passkey(connection: &Connection, new: &NewPasskey<'_>) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO passkey (user_id, credential_id, name, credential, created_at)
             VALUES (:user_id, :credential_id, :name, :credential, :at)",
        )?
        .execute(named_params! {
            ":user_id": new.user_id,
            ":credential_id": new.credential_id,
            ":name": new.name,
            ":credential": new.credential,
            ":at": to_millis(new.at),
        })?;
    Ok(())
}

/// Ids and credentials (JSON) of an account's passkeys.
pub fn credentials(connection: &Connection, user_id: i64) -> Result<Vec<(i64, String)>> {
    let mut statement = connection.prepare_cached("SELECT id, credential FROM passkey WHERE user_id = ?1")?;
    let rows = statement.query_map([user_id], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
}

/// Writes down the use of a passkey, with what its authenticator said.
pub fn note_passkey_use(connection: &Connection, id: i64, credential: &str, at: Time) -> Result<()> {
    connection.prepare_cached("UPDATE passkey SET credential = ?2, last_used_at = ?3 WHERE id = ?1")?.execute((
        id,
        credential,
        to_millis(at),
    ))?;
    Ok(())
}

/// Removes a passkey and gives its name.
pub fn delete_passkey(connection: &Connection, user_id: i64, id: i64) -> Result<Option<String>> {
    let name = connection
        .prepare_cached("DELETE FROM passkey WHERE user_id = ?1 AND id = ?2 RETURNING name")?
        .query_row((user_id, id), |row| row.get(0))
        .optional()?;
    Ok(name)
}

/// Removes all passkeys.
pub fn delete_passkeys(connection: &Connection, user_id: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM passkey WHERE user_id = ?1")?.execute([user_id])?;
    Ok(())
}

/// The account's WebAuthn user handle, where it has one.
pub fn handle(connection: &Connection, user_id: i64) -> Result<Option<[u8; 16]>> {
    let found = connection
        .prepare_cached("SELECT passkey_handle FROM user WHERE id = ?1")?
        .query_row([user_id], |row| row.get::<_, Option<[u8; 16]>>(0))
        .optional()?;
    Ok(found.flatten())
}

/// Gives the account a WebAuthn user handle.
pub fn set_handle(connection: &Connection, user_id: i64, handle: &[u8; 16]) -> Result<()> {
    connection
        .prepare_cached("UPDATE user SET passkey_handle = ?2 WHERE id = ?1 AND passkey_handle IS NULL")?
        .execute((user_id, handle))?;
    Ok(())
}

/// The account of a WebAuthn user handle.
pub fn user_of_handle(connection: &Connection, handle: &[u8; 16]) -> Result<Option<i64>> {
    let found = connection
        .prepare_cached("SELECT id FROM user WHERE passkey_handle = ?1")?
        .query_row([handle], |row| row.get(0))
        .optional()?;
    Ok(found)
}
