//! Table `user`.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension, Row, named_params};

use super::{Error, Result};
use crate::clock::{from_millis, to_millis};
use crate::model::{Ending, Home, Suspension, Time, User, UserName};

/// What a new row needs.
#[derive(Debug)]
pub struct NewUser<'a> {
    /// The login name.
    pub name: &'a UserName,
    /// May be empty.
    pub display_name: &'a str,
    /// Case-folded.
    pub email: Option<&'a str>,
    /// Whether the person administers this server.
    pub is_admin: bool,
    /// PHC string of the account's password.
    pub password: Option<&'a str>,
    /// Whether the first sign-in must change it.
    pub must_change_password: bool,
    /// Where the files lie.
    pub home: &'a Home,
    /// When.
    pub created_at: Time,
    /// Bytes the person's files may take.
    pub quota: Option<u64>,
}

const COLUMNS: &str = "id, name, display_name, email, is_admin, must_change_password, home_inside, home_outside, \
                       created_at, disabled_at, quota, suspended_at, suspended_because";

/// Adds a row and gives its id.
pub fn insert(connection: &Connection, new: &NewUser<'_>) -> Result<i64> {
    let (inside, outside) = match new.home {
        Home::Inside(name) => (Some(name.as_str()), None),
        Home::Outside(path) => (None, Some(path.as_os_str().as_bytes())),
    };
    connection
        .prepare_cached(
            "INSERT INTO user (name, display_name, email, is_admin, password, must_change_password,
                               home_inside, home_outside, created_at, quota, folded)
             VALUES (:name, :display_name, :email, :is_admin, :password, :must_change_password,
                     :inside, :outside, :created_at, :quota, :folded)",
        )?
        .execute(named_params! {
            ":name": new.name.as_str(),
            ":display_name": new.display_name,
            ":email": new.email,
            ":is_admin": new.is_admin,
            ":password": new.password,
            ":must_change_password": new.must_change_password,
            ":inside": inside,
            ":outside": outside,
            ":created_at": to_millis(new.created_at),
            ":quota": new.quota.map(to_column),
            ":folded": folded(new.name, new.display_name, new.email),
        })?;
    Ok(connection.last_insert_rowid())
}

/// The account of that login name or (case-folded) e-mail address.
pub fn by_sign_in_name(connection: &Connection, name: &str) -> Result<Option<User>> {
    one(connection, "name = ?1 OR email = ?1", name)
}

/// The account of that login name.
pub fn by_name(connection: &Connection, name: &str) -> Result<Option<User>> {
    one(connection, "name = ?1", name)
}

fn one(connection: &Connection, condition: &str, value: &str) -> Result<Option<User>> {
    let sql = format!("SELECT {COLUMNS} FROM user WHERE {condition}");
    connection.prepare_cached(&sql)?.query_row([value], |row| Ok(read(row, 0))).optional()?.transpose()
}

/// All accounts by name.
pub fn all(connection: &Connection) -> Result<Vec<User>> {
    let sql = format!("SELECT {COLUMNS} FROM user ORDER BY name");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([], |row| Ok(read(row, 0)))?;
    rows.map(|row| row?).collect()
}

/// How many accounts there are, and how many of them are disabled.
pub fn count(connection: &Connection) -> Result<(u64, u64)> {
    let (all, disabled): (i64, i64) = connection
        .prepare_cached("SELECT count(*), count(disabled_at) FROM user")?
        .query_one([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((u64::try_from(all).unwrap_or(0), u64::try_from(disabled).unwrap_or(0)))
}

/// Whether anybody administers this server.
pub fn any_admin(connection: &Connection) -> Result<bool> {
    Ok(connection.query_one("SELECT EXISTS (SELECT 1 FROM user WHERE is_admin)", [], |row| row.get(0))?)
}

/// Writes what the API or the command line may change.
pub fn update(connection: &Connection, user: &User) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE user SET display_name = :display_name, email = :email, is_admin = :is_admin,
                             disabled_at = :disabled_at, quota = :quota, folded = :folded
             WHERE id = :id",
        )?
        .execute(named_params! {
            ":id": user.id,
            ":display_name": user.display_name,
            ":email": user.email,
            ":is_admin": user.is_admin,
            ":disabled_at": user.disabled_at.map(to_millis),
            ":quota": user.quota.map(to_column),
            ":folded": folded(&user.name, &user.display_name, user.email.as_deref()),
        })?;
    Ok(())
}

/// What the list of people is searched in. SQLite itself folds ASCII alone.
fn folded(name: &UserName, display_name: &str, email: Option<&str>) -> String {
    format!("{name}\n{display_name}\n{}", email.unwrap_or_default()).to_lowercase()
}

/// When the person was last here.
pub fn last_seen(connection: &Connection, id: i64) -> Result<Option<Time>> {
    let found: Option<Option<i64>> = connection
        .prepare_cached("SELECT last_seen_at FROM user WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(found.flatten().map(from_millis))
}

/// Writes down that the person was here.
pub fn note_seen(connection: &Connection, id: i64, at: Time) -> Result<()> {
    connection
        .prepare_cached("UPDATE user SET last_seen_at = max(coalesce(last_seen_at, 0), ?2) WHERE id = ?1")?
        .execute((id, to_millis(at)))?;
    Ok(())
}

/// SQLite's integers have a sign.
pub(super) fn to_column(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// PHC string of the account's password, where it has one.
pub fn password(connection: &Connection, id: i64) -> Result<Option<String>> {
    let found = connection
        .prepare_cached("SELECT password FROM user WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    Ok(found.flatten())
}

/// The account of that row id.
pub fn by_id(connection: &Connection, id: i64) -> Result<Option<User>> {
    let sql = format!("SELECT {COLUMNS} FROM user WHERE id = ?1");
    connection.prepare_cached(&sql)?.query_row([id], |row| Ok(read(row, 0))).optional()?.transpose()
}

/// Whether anybody but this account administers this server and is not disabled.
pub fn another_admin(connection: &Connection, id: i64) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM user WHERE is_admin AND disabled_at IS NULL AND suspended_at IS NULL AND id <> ?1)";
    Ok(connection.prepare_cached(sql)?.query_one([id], |row| row.get(0))?)
}

/// Suspends an account because of what its directory said, or lifts that.
pub fn set_suspended(connection: &Connection, id: i64, suspended: Option<Suspension>) -> Result<()> {
    connection.prepare_cached("UPDATE user SET suspended_at = ?2, suspended_because = ?3 WHERE id = ?1")?.execute((
        id,
        suspended.map(|suspended| to_millis(suspended.at)),
        suspended.map(|suspended| suspended.because.as_str()),
    ))?;
    Ok(())
}

/// Takes the account's password away.
pub fn remove_password(connection: &Connection, id: i64) -> Result<()> {
    connection
        .prepare_cached("UPDATE user SET password = NULL, must_change_password = 0 WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// Sets the account's password.
pub fn set_password(connection: &Connection, id: i64, phc: &str, must_change: bool) -> Result<()> {
    connection.prepare_cached("UPDATE user SET password = ?2, must_change_password = ?3 WHERE id = ?1")?.execute((
        id,
        phc,
        must_change,
    ))?;
    Ok(())
}

/// Deletes the account with its application passwords and locks.
pub fn delete(connection: &Connection, id: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM user WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// Reads a row whose user columns start at `first`.
pub(super) fn read(row: &Row<'_>, first: usize) -> Result<User> {
    let inside: Option<String> = row.get(first + 6)?;
    let outside: Option<Vec<u8>> = row.get(first + 7)?;
    let home = match (inside, outside) {
        (Some(name), None) => Home::Inside(name),
        (None, Some(path)) => Home::Outside(PathBuf::from(OsString::from_vec(path))),
        _ => return Err(Error::Unreadable("home folder")),
    };
    let name: String = row.get(first + 1)?;
    Ok(User {
        id: row.get(first)?,
        name: UserName::parse(&name).map_err(|_| Error::Unreadable("user name"))?,
        display_name: row.get(first + 2)?,
        email: row.get(first + 3)?,
        is_admin: row.get(first + 4)?,
        must_change_password: row.get(first + 5)?,
        home,
        created_at: from_millis(row.get(first + 8)?),
        disabled_at: row.get::<_, Option<i64>>(first + 9)?.map(from_millis),
        quota: row.get::<_, Option<i64>>(first + 10)?.and_then(|bytes| u64::try_from(bytes).ok()),
        suspended: suspension(row, first + 11)?,
    })
}

fn suspension(row: &Row<'_>, first: usize) -> Result<Option<Suspension>> {
    let Some(at) = row.get::<_, Option<i64>>(first)?.map(from_millis) else {
        return Ok(None);
    };
    let because: Option<String> = row.get(first + 1)?;
    let because = because.as_deref().and_then(Ending::parse).ok_or(Error::Unreadable("reason of a suspension"))?;
    Ok(Some(Suspension { at, because }))
}

/// How many columns [`read`] reads.
pub(super) const WIDTH: usize = 13;

/// The columns of [`read`], each with the table's name before it.
pub(super) const JOINED: &str = "user.id, user.name, user.display_name, user.email, user.is_admin, \
                                 user.must_change_password, user.home_inside, user.home_outside, \
                                 user.created_at, user.disabled_at, user.quota, \
                                 user.suspended_at, user.suspended_because";
