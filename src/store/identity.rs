//! Tables `identity` and `directory`: accounts that live in a company directory.

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Error, Result};
use crate::clock::{from_millis, to_millis};
use crate::model::{CompanyLink, DirectoryKind, DirectoryState, Identity, Time};

/// What a new row needs.
#[derive(Debug)]
pub struct NewLink<'a> {
    /// The account here.
    pub user_id: i64,
    /// How the directory is spoken to.
    pub kind: DirectoryKind,
    /// Its name in the configuration.
    pub directory: &'a str,
    /// Who the person is there.
    pub identity: &'a Identity,
    /// What the directory calls the person.
    pub shown: &'a str,
    /// When.
    pub at: Time,
}

const COLUMNS: &str = "id, user_id, kind, directory, issuer, subject, shown, linked_at, signed_in_at, confirmed_at, \
                       checked_at, missing, unconfirmed_since, failure";

/// Adds a row and gives its id.
pub fn insert(connection: &Connection, new: &NewLink<'_>) -> Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO identity (user_id, kind, directory, issuer, subject, shown, linked_at, checked_at)
             VALUES (:user_id, :kind, :directory, :issuer, :subject, :shown, :at, :at)",
        )?
        .execute(named_params! {
            ":user_id": new.user_id,
            ":kind": new.kind.as_str(),
            ":directory": new.directory,
            ":issuer": new.identity.issuer,
            ":subject": new.identity.subject,
            ":shown": new.shown,
            ":at": to_millis(new.at),
        })?;
    Ok(connection.last_insert_rowid())
}

/// The account that somebody has here.
pub fn by_identity(connection: &Connection, identity: &Identity) -> Result<Option<CompanyLink>> {
    let sql = format!("SELECT {COLUMNS} FROM identity WHERE issuer = ?1 AND subject = ?2");
    let key = (&identity.issuer, &identity.subject);
    connection.prepare_cached(&sql)?.query_row(key, |row| Ok(read(row))).optional()?.transpose()
}

/// The row of that id.
pub fn by_id(connection: &Connection, id: i64) -> Result<Option<CompanyLink>> {
    let sql = format!("SELECT {COLUMNS} FROM identity WHERE id = ?1");
    connection.prepare_cached(&sql)?.query_row([id], |row| Ok(read(row))).optional()?.transpose()
}

/// Where an account comes from; `None` for one that is kept on this server.
pub fn of_user(connection: &Connection, user_id: i64) -> Result<Option<CompanyLink>> {
    let sql = format!("SELECT {COLUMNS} FROM identity WHERE user_id = ?1");
    connection.prepare_cached(&sql)?.query_row([user_id], |row| Ok(read(row))).optional()?.transpose()
}

/// Where every account comes from that is not kept on this server.
pub fn all(connection: &Connection) -> Result<Vec<CompanyLink>> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM identity"))?;
    let rows = statement.query_map([], |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

/// Accounts of a directory that are not disabled here and were last asked about at a time or before, the longest ago
/// first; each with whether it is suspended. A time to come is of a clock that was wrong then.
pub fn due(
    connection: &Connection,
    kind: DirectoryKind,
    directory: &str,
    before: Time,
    now: Time,
    limit: u32,
) -> Result<Vec<(CompanyLink, bool)>> {
    let sql = format!(
        "SELECT {COLUMNS}, (SELECT suspended_at IS NOT NULL FROM user WHERE user.id = identity.user_id)
         FROM identity WHERE kind = ?1 AND directory = ?2 AND (checked_at <= ?3 OR checked_at > ?4)
            AND EXISTS (SELECT 1 FROM user WHERE user.id = identity.user_id AND user.disabled_at IS NULL)
         ORDER BY checked_at, id LIMIT ?5"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map((kind.as_str(), directory, to_millis(before), to_millis(now), limit), |row| {
        let is_suspended = row.get(14)?;
        Ok(read(row).map(|link| (link, is_suspended)))
    })?;
    rows.map(|row| row?).collect()
}

/// Accounts that come from a directory.
#[derive(Debug)]
pub struct Count {
    /// How it is spoken to.
    pub kind: DirectoryKind,
    /// Its name in the configuration.
    pub directory: String,
    /// All of them.
    pub accounts: u64,
    /// Those that are suspended.
    pub suspended: u64,
    /// Those that go on without being confirmed.
    pub unconfirmed: u64,
}

/// Accounts by directory.
pub fn count(connection: &Connection) -> Result<Vec<Count>> {
    let mut statement = connection.prepare_cached(
        "SELECT identity.kind, identity.directory, count(*), count(user.suspended_at),
                count(CASE WHEN user.suspended_at IS NULL THEN identity.unconfirmed_since END)
         FROM identity JOIN user ON user.id = identity.user_id
         GROUP BY identity.kind, identity.directory ORDER BY identity.kind, identity.directory",
    )?;
    let rows = statement.query_map([], |row| {
        let number = |index| row.get::<_, i64>(index).map(|count| u64::try_from(count).unwrap_or(0));
        Ok((row.get::<_, String>(0)?, row.get(1)?, number(2)?, number(3)?, number(4)?))
    })?;
    rows.map(|row| {
        let (kind, directory, accounts, suspended, unconfirmed) = row?;
        let kind = DirectoryKind::parse(&kind).ok_or(Error::Unreadable("kind of directory"))?;
        Ok(Count { kind, directory, accounts, suspended, unconfirmed })
    })
    .collect()
}

/// Writes what a look has found: all columns that change.
pub fn update(connection: &Connection, link: &CompanyLink) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE identity SET directory = :directory, shown = :shown, signed_in_at = :signed_in_at,
                                 confirmed_at = :confirmed_at, checked_at = :checked_at, missing = :missing,
                                 unconfirmed_since = :unconfirmed_since, failure = :failure
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": link.id,
            ":directory": link.directory,
            ":shown": link.shown,
            ":signed_in_at": link.signed_in_at.map(to_millis),
            ":confirmed_at": link.confirmed_at.map(to_millis),
            ":checked_at": to_millis(link.checked_at),
            ":missing": link.missing,
            ":unconfirmed_since": link.unconfirmed_since.map(to_millis),
            ":failure": link.failure,
        })?;
    Ok(())
}

/// Hands the accounts of an issuer that came by one directory to another, and says how many.
pub fn adopt(connection: &Connection, issuer: &str, from: &str, to: &str) -> Result<usize> {
    Ok(connection
        .prepare_cached("UPDATE identity SET directory = ?3 WHERE kind = 'oidc' AND issuer = ?1 AND directory = ?2")?
        .execute((issuer, from, to))?)
}

/// Ends what joins an account and a directory.
pub fn delete(connection: &Connection, id: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM identity WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// The encrypted refresh token.
pub fn refresh_token(connection: &Connection, id: i64) -> Result<Option<Vec<u8>>> {
    let found = connection
        .prepare_cached("SELECT refresh_token FROM identity WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(found.flatten())
}

/// Keeps an encrypted refresh token, or none.
pub fn set_refresh_token(connection: &Connection, id: i64, sealed: Option<&[u8]>) -> Result<()> {
    connection.prepare_cached("UPDATE identity SET refresh_token = ?2 WHERE id = ?1")?.execute((id, sealed))?;
    Ok(())
}

/// How the last look at a directory went.
pub fn state(connection: &Connection, kind: DirectoryKind, name: &str) -> Result<DirectoryState> {
    let found = connection
        .prepare_cached(
            "SELECT passed_at, answered_at, failing_since, failure, alarm_at, alarm FROM directory
             WHERE kind = ?1 AND name = ?2",
        )?
        .query_row((kind.as_str(), name), |row| {
            let time = |index| row.get::<_, Option<i64>>(index).map(|at| at.map(from_millis));
            let (failing, failure): (_, Option<String>) = (time(2)?, row.get(3)?);
            let (alarm_at, alarm): (_, Option<String>) = (time(4)?, row.get(5)?);
            Ok(DirectoryState {
                passed_at: time(0)?,
                answered_at: time(1)?,
                failing: failing.zip(failure),
                alarm: alarm_at.zip(alarm),
            })
        })
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Writes down how a look at a directory went.
pub fn set_state(connection: &Connection, kind: DirectoryKind, name: &str, state: &DirectoryState) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO directory
                (kind, name, passed_at, answered_at, failing_since, failure, alarm_at, alarm)
             VALUES (:kind, :name, :passed_at, :answered_at, :failing_since, :failure, :alarm_at, :alarm)",
        )?
        .execute(named_params! {
            ":kind": kind.as_str(),
            ":name": name,
            ":passed_at": state.passed_at.map(to_millis),
            ":answered_at": state.answered_at.map(to_millis),
            ":failing_since": state.failing.as_ref().map(|(at, _)| to_millis(*at)),
            ":failure": state.failing.as_ref().map(|(_, why)| why),
            ":alarm_at": state.alarm.as_ref().map(|(at, _)| to_millis(*at)),
            ":alarm": state.alarm.as_ref().map(|(_, what)| what),
        })?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<CompanyLink> {
    let time = |index| row.get::<_, Option<i64>>(index).map(|at| at.map(from_millis));
    let kind: String = row.get(2)?;
    Ok(CompanyLink {
        id: row.get(0)?,
        user_id: row.get(1)?,
        kind: DirectoryKind::parse(&kind).ok_or(Error::Unreadable("kind of directory"))?,
        directory: row.get(3)?,
        identity: Identity { issuer: row.get(4)?, subject: row.get(5)? },
        shown: row.get(6)?,
        linked_at: from_millis(row.get(7)?),
        signed_in_at: time(8)?,
        confirmed_at: time(9)?,
        checked_at: from_millis(row.get(10)?),
        missing: row.get(11)?,
        unconfirmed_since: time(12)?,
        failure: row.get(13)?,
    })
}
