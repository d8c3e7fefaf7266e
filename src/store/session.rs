//! Tables `session` and `used_form`.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Result, user};
use crate::clock::{from_millis, to_millis};
use crate::model::{Session, Time};

/// What a new row needs.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// Whose.
    pub user_id: i64,
    /// SHA-256 of the token.
    pub digest: &'a [u8; 32],
    /// When.
    pub at: Time,
    /// When the person proved who they are: earlier, where a provider knew them still.
    pub authenticated_at: Time,
    /// When it ends.
    pub expires_at: Time,
    /// Whether duties come first.
    pub restricted: bool,
    /// Client address.
    pub address: &'a str,
    /// User agent.
    pub agent: Option<&'a str>,
    /// Name of the OpenID provider that signed the person in.
    pub provider: Option<&'a str>,
    /// That provider's name for its own session.
    pub sid: Option<&'a str>,
}

const COLUMNS: &str = "session.id, session.created_at, session.last_seen_at, session.authenticated_at, \
                       session.expires_at, session.restricted, session.address, session.agent, session.provider";

/// Adds a row and gives its id.
pub fn insert(connection: &Connection, new: &NewSession<'_>) -> Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO session (user_id, digest, created_at, last_seen_at, authenticated_at, expires_at, restricted,
                                  address, agent, provider, sid)
             VALUES (:user_id, :digest, :at, :at, :authenticated_at, :expires_at, :restricted, :address, :agent,
                     :provider, :sid)",
        )?
        .execute(named_params! {
            ":user_id": new.user_id,
            ":digest": new.digest,
            ":at": to_millis(new.at),
            ":authenticated_at": to_millis(new.authenticated_at),
            ":expires_at": to_millis(new.expires_at),
            ":restricted": new.restricted,
            ":address": new.address,
            ":agent": new.agent,
            ":provider": new.provider,
            ":sid": new.sid,
        })?;
    let id = connection.last_insert_rowid();
    user::note_seen(connection, new.user_id, new.at)?;
    Ok(id)
}

/// The session of a token's digest, with its person.
pub fn by_digest(connection: &Connection, digest: &[u8; 32]) -> Result<Option<Session>> {
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM session JOIN user ON user.id = session.user_id WHERE session.digest = ?1",
        user::JOINED
    );
    connection.prepare_cached(&sql)?.query_row([digest], |row| Ok(read(row))).optional()?.transpose()
}

/// All sessions of an account, the latest first.
pub fn of_user(connection: &Connection, user_id: i64) -> Result<Vec<Session>> {
    let sql = format!(
        "SELECT {COLUMNS}, {} FROM session JOIN user ON user.id = session.user_id WHERE session.user_id = ?1
         ORDER BY session.last_seen_at DESC",
        user::JOINED
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([user_id], |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

/// Writes down that a session was used.
pub fn note_seen(connection: &Connection, id: i64, at: Time, address: &str) -> Result<()> {
    connection.prepare_cached("UPDATE session SET last_seen_at = ?2, address = ?3 WHERE id = ?1")?.execute((
        id,
        to_millis(at),
        address,
    ))?;
    connection
        .prepare_cached(
            "UPDATE user SET last_seen_at = max(coalesce(last_seen_at, 0), ?2)
             WHERE id = (SELECT user_id FROM session WHERE id = ?1)",
        )?
        .execute((id, to_millis(at)))?;
    Ok(())
}

/// Live sessions of all accounts.
pub fn count_live(connection: &Connection, now: Time, idle_since: Time) -> Result<u64> {
    let sql = "SELECT count(*) FROM session JOIN user ON user.id = session.user_id
               WHERE session.expires_at > ?1 AND session.last_seen_at > ?2 AND user.disabled_at IS NULL
                 AND user.suspended_at IS NULL";
    let count: i64 =
        connection.prepare_cached(sql)?.query_one((to_millis(now), to_millis(idle_since)), |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Gives a session another token after a step up; the one before opens nothing any more.
pub fn renew(connection: &Connection, id: i64, digest: &[u8; 32], at: Time, restricted: bool) -> Result<bool> {
    let changed = connection
        .prepare_cached("UPDATE session SET digest = ?2, authenticated_at = ?3, restricted = ?4 WHERE id = ?1")?
        .execute((id, digest, to_millis(at), restricted))?;
    Ok(changed > 0)
}

/// Ends a session of an account; `false` where there is none of that id.
pub fn delete(connection: &Connection, user_id: i64, id: i64) -> Result<bool> {
    let changed =
        connection.prepare_cached("DELETE FROM session WHERE user_id = ?1 AND id = ?2")?.execute((user_id, id))?;
    Ok(changed > 0)
}

/// Ends all sessions of an account but one, and says how many.
pub fn delete_others(connection: &Connection, user_id: i64, keep: Option<i64>) -> Result<usize> {
    Ok(connection
        .prepare_cached("DELETE FROM session WHERE user_id = ?1 AND id <> ?2")?
        .execute((user_id, keep.unwrap_or(0)))?)
}

/// Ends the sessions that a provider has ended, by its name for them, and says how many.
pub fn delete_of_sid(connection: &Connection, provider: &str, sid: &str) -> Result<usize> {
    Ok(connection.prepare_cached("DELETE FROM session WHERE provider = ?1 AND sid = ?2")?.execute((provider, sid))?)
}

/// Ends the sessions of an account that a provider has begun without a name for them, and says how many.
pub fn delete_without_sid(connection: &Connection, provider: &str, user_id: i64) -> Result<usize> {
    Ok(connection
        .prepare_cached("DELETE FROM session WHERE provider = ?1 AND user_id = ?2 AND sid IS NULL")?
        .execute((provider, user_id))?)
}

/// Ends the sessions of an account that a provider has begun, and says how many.
pub fn delete_of_provider(connection: &Connection, provider: &str, user_id: i64) -> Result<usize> {
    Ok(connection
        .prepare_cached("DELETE FROM session WHERE provider = ?1 AND user_id = ?2")?
        .execute((provider, user_id))?)
}

/// Removes what has ended by itself.
pub fn delete_ended(connection: &Connection, now: Time, idle_since: Time) -> Result<usize> {
    Ok(connection
        .prepare_cached("DELETE FROM session WHERE expires_at <= ?1 OR last_seen_at <= ?2")?
        .execute((to_millis(now), to_millis(idle_since)))?)
}

/// Marks a form as sent; `false` where it was before.
pub fn use_form(connection: &Connection, session_id: i64, form: &[u8], at: Time) -> Result<bool> {
    let added = connection
        .prepare_cached("INSERT OR IGNORE INTO used_form (id, session_id, used_at) VALUES (?1, ?2, ?3)")?
        .execute((form, session_id, to_millis(at)))?;
    Ok(added > 0)
}

/// Columns of a session before those of its person.
const WIDTH: usize = 9;

fn read(row: &Row<'_>) -> Result<Session> {
    Ok(Session {
        id: row.get(0)?,
        created_at: from_millis(row.get(1)?),
        last_seen_at: from_millis(row.get(2)?),
        authenticated_at: from_millis(row.get(3)?),
        expires_at: from_millis(row.get(4)?),
        restricted: row.get(5)?,
        address: row.get(6)?,
        agent: row.get(7)?,
        provider: row.get(8)?,
        user: user::read(row, WIDTH)?,
    })
}
