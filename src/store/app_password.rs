//! Table `app_password`.

use std::sync::LazyLock;

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Error, Result, list_from_json, list_to_json, user};
use crate::clock::{from_millis, to_millis};
use crate::model::{AppPassword, Scope, Time, User};

/// A row with what is needed to check a secret against it, and its owner: one indexed look-up.
#[derive(Debug)]
pub struct Credential {
    /// The application password.
    pub row: AppPassword,
    /// Its argon2id PHC string.
    pub phc: String,
    /// The account it opens.
    pub owner: User,
}

/// A use to be written down.
#[derive(Debug, Clone)]
pub struct Use {
    /// Row id.
    pub id: i64,
    /// When.
    pub at: Time,
    /// Client address.
    pub from: String,
    /// User agent.
    pub agent: Option<String>,
}

const COLUMNS: &str = "app_password.id, app_password.user_id, app_password.selector, app_password.label, \
                       app_password.scope, app_password.folders, app_password.networks, app_password.created_at, \
                       app_password.created_from, app_password.created_by, app_password.expires_at, \
                       app_password.last_used_at, app_password.last_used_from, app_password.last_used_agent, \
                       app_password.revoked_at, app_password.revoked_by, app_password.replaces";

/// Asked on every request, so the text is put together once.
static CREDENTIAL: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COLUMNS}, app_password.phc, {} FROM app_password JOIN user ON user.id = app_password.user_id
         WHERE app_password.selector = ?1",
        user::JOINED
    )
});

/// Adds a row; the id in `new` is ignored and the given one returned.
pub fn insert(connection: &Connection, new: &AppPassword, phc: &str) -> Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO app_password (user_id, selector, phc, label, scope, folders, networks,
                                       created_at, created_from, created_by, expires_at, replaces)
             VALUES (:user_id, :selector, :phc, :label, :scope, :folders, :networks,
                     :created_at, :created_from, :created_by, :expires_at, :replaces)",
        )?
        .execute(named_params! {
            ":user_id": new.user_id,
            ":selector": new.selector,
            ":phc": phc,
            ":label": new.label,
            ":scope": new.scope.as_str(),
            ":folders": list_to_json(&new.folders),
            ":networks": list_to_json(&new.networks),
            ":created_at": to_millis(new.created_at),
            ":created_from": new.created_from,
            ":created_by": new.created_by,
            ":expires_at": new.expires_at.map(to_millis),
            ":replaces": new.replaces,
        })?;
    Ok(connection.last_insert_rowid())
}

/// Whether a selector is taken, also by a revoked row: selectors stand in logs and must stay unambiguous.
pub fn selector_taken(connection: &Connection, selector: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM app_password WHERE selector = ?1)";
    Ok(connection.prepare_cached(sql)?.query_one([selector], |row| row.get(0))?)
}

/// Row, hash and owner of a selector.
pub fn credential(connection: &Connection, selector: &str) -> Result<Option<Credential>> {
    connection
        .prepare_cached(&CREDENTIAL)?
        .query_row([selector], |row| {
            let phc = row.get(17)?;
            Ok(read(row).and_then(|found| Ok(Credential { row: found, phc, owner: user::read(row, 18)? })))
        })
        .optional()?
        .transpose()
}

/// All application passwords of an account, oldest first, revoked ones too.
pub fn of_user(connection: &Connection, user_id: i64) -> Result<Vec<AppPassword>> {
    let sql = format!("SELECT {COLUMNS} FROM app_password WHERE user_id = ?1 ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([user_id], |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

/// How many of an account are neither revoked nor expired.
pub fn count_live_of(connection: &Connection, user_id: i64, now: Time) -> Result<usize> {
    let sql = "SELECT count(*) FROM app_password
               WHERE user_id = ?1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)";
    let count: i64 = connection.prepare_cached(sql)?.query_one((user_id, to_millis(now)), |row| row.get(0))?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// Lets one end at another time.
pub fn set_expiry(connection: &Connection, id: i64, at: Time) -> Result<()> {
    connection.prepare_cached("UPDATE app_password SET expires_at = ?2 WHERE id = ?1")?.execute((id, to_millis(at)))?;
    Ok(())
}

/// Revokes one; `false` where it is revoked already or unknown.
pub fn revoke(connection: &Connection, selector: &str, at: Time, by: &str) -> Result<bool> {
    let changed = connection
        .prepare_cached(
            "UPDATE app_password SET revoked_at = ?2, revoked_by = ?3 WHERE selector = ?1 AND revoked_at IS NULL",
        )?
        .execute((selector, to_millis(at), by))?;
    Ok(changed > 0)
}

/// Revokes all of an account that are not revoked yet, and says how many.
pub fn revoke_all(connection: &Connection, user_id: i64, at: Time, by: &str) -> Result<usize> {
    Ok(connection
        .prepare_cached(
            "UPDATE app_password SET revoked_at = ?2, revoked_by = ?3 WHERE user_id = ?1 AND revoked_at IS NULL",
        )?
        .execute((user_id, to_millis(at), by))?)
}

/// Writes down a use.
pub fn note_use(connection: &Connection, used: &Use) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE app_password SET last_used_at = ?2, last_used_from = ?3, last_used_agent = ?4 WHERE id = ?1",
        )?
        .execute((used.id, to_millis(used.at), &used.from, &used.agent))?;
    connection
        .prepare_cached(
            "UPDATE user SET last_seen_at = max(coalesce(last_seen_at, 0), ?2)
             WHERE id = (SELECT user_id FROM app_password WHERE id = ?1)",
        )?
        .execute((used.id, to_millis(used.at)))?;
    Ok(())
}

/// Live ones of all accounts, and how many of them were used since.
pub fn count_all_live(connection: &Connection, now: Time, since: Time) -> Result<(u64, u64)> {
    let sql = "SELECT count(*), count(*) FILTER (WHERE last_used_at >= ?2) FROM app_password
               WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?1)";
    let counts = connection
        .prepare_cached(sql)?
        .query_one((to_millis(now), to_millis(since)), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    Ok((u64::try_from(counts.0).unwrap_or(0), u64::try_from(counts.1).unwrap_or(0)))
}

/// Revokes all live ones whose last use, or else issue, is before an instant; gives their selectors and owners.
pub fn revoke_unused(connection: &Connection, before: Time, at: Time, by: &str) -> Result<Vec<(String, String)>> {
    let sql = "UPDATE app_password SET revoked_at = ?2, revoked_by = ?3
               WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?2)
                     AND coalesce(last_used_at, created_at) < ?1
               RETURNING selector, (SELECT name FROM user WHERE user.id = user_id)";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map((to_millis(before), to_millis(at), by), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?)
}

fn read(row: &Row<'_>) -> Result<AppPassword> {
    let scope: String = row.get(4)?;
    let instant = |place: usize| -> Result<Option<Time>> { Ok(row.get::<_, Option<i64>>(place)?.map(from_millis)) };
    Ok(AppPassword {
        id: row.get(0)?,
        user_id: row.get(1)?,
        selector: row.get(2)?,
        label: row.get(3)?,
        scope: Scope::parse(&scope).ok_or(Error::Unreadable("scope"))?,
        folders: list_from_json(
            row.get_ref(5)?.as_str().map_err(|_| Error::Unreadable("folder list"))?,
            "folder list",
        )?,
        networks: list_from_json(
            row.get_ref(6)?.as_str().map_err(|_| Error::Unreadable("network list"))?,
            "network list",
        )?,
        created_at: from_millis(row.get(7)?),
        created_from: row.get(8)?,
        created_by: row.get(9)?,
        expires_at: instant(10)?,
        last_used_at: instant(11)?,
        last_used_from: row.get(12)?,
        last_used_agent: row.get(13)?,
        revoked_at: instant(14)?,
        revoked_by: row.get(15)?,
        replaces: row.get(16)?,
    })
}
