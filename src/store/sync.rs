//! Tables `sync_tree`, `sync_look` and `sync_member`: what looks at a tree of files found, so that a client can ask what
//! has changed since it last asked (RFC 6578).
//!
//! Every row has the number of the look that found it as it is. A look's number is greater than every one before, so
//! what has changed since a look are the rows with a greater number.

mod clear;
mod doubt;

pub use clear::{clear, forget};
pub use doubt::{doubt, doubt_resource, expect, is_in_tree};

use rusqlite::{Connection, OptionalExtension, Row};

use super::{Result, beneath};
use crate::clock::{from_millis, to_millis};
use crate::model::Time;
use crate::secret;

/// A tree that clients ask about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Its row.
    pub id: i64,
    /// The number of the last look that found something changed.
    pub sequence: i64,
    /// Deletions up to this look are forgotten.
    pub floor: i64,
    /// No token is made of an older look.
    pub base: i64,
    /// When it was looked at, to the hour.
    pub looked_at: Time,
}

/// What stood at a name, or stands there no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Path of its folder beneath the tree's top.
    pub folder: Vec<u8>,
    /// Its name.
    pub name: Vec<u8>,
    /// What it was found as; `None` where it is gone, empty where the next look is to find it changed.
    pub state: Option<String>,
    /// Whether it is a folder, or was one before it was gone.
    pub is_folder: bool,
}

/// A part of a tree: the members of a folder, or all beneath it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Path of the folder beneath the tree's top.
    pub folder: Vec<u8>,
    /// Whether all beneath is meant.
    pub deep: bool,
}

/// A place in the order of folders and their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Path of the folder.
    pub folder: Vec<u8>,
    /// Name in it.
    pub name: Vec<u8>,
}

/// The tree with that top.
pub fn tree(connection: &Connection, top: &[u8]) -> Result<Option<Tree>> {
    let sql = "SELECT id, sequence, floor, base, looked_at FROM sync_tree WHERE top = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([top], read_tree).optional()?)
}

/// Makes a tree that nobody has looked at yet; `mark` is for the tokens of look number 0.
pub fn make_tree(connection: &Connection, top: &[u8], mark: &[u8], now: Time) -> Result<Tree> {
    connection
        .prepare_cached("INSERT INTO sync_tree (top, sequence, floor, base, looked_at) VALUES (?1, 0, 0, 0, ?2)")?
        .execute((top, to_millis(now)))?;
    let id = connection.last_insert_rowid();
    add_look(connection, id, 0, mark, now)?;
    Ok(Tree { id, sequence: 0, floor: 0, base: 0, looked_at: now })
}

/// Notes that a tree is looked at: one that nobody looks at for long is forgotten.
pub fn note_look(connection: &Connection, tree_id: i64, now: Time) -> Result<()> {
    connection
        .prepare_cached("UPDATE sync_tree SET looked_at = ?2 WHERE id = ?1")?
        .execute((tree_id, to_millis(now)))?;
    Ok(())
}

/// Gives a look its number, in the transaction that writes the first of what it found.
pub fn begin_look(connection: &Connection, tree_id: i64, mark: &[u8], now: Time) -> Result<i64> {
    let sequence = connection
        .prepare_cached("UPDATE sync_tree SET sequence = sequence + 1 WHERE id = ?1 RETURNING sequence")?
        .query_one([tree_id], |row| row.get(0))?;
    add_look(connection, tree_id, sequence, mark, now)?;
    Ok(sequence)
}

fn add_look(connection: &Connection, tree_id: i64, sequence: i64, mark: &[u8], now: Time) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO sync_look (tree_id, sequence, mark, at) VALUES (?1, ?2, ?3, ?4)")?
        .execute((tree_id, sequence, mark, to_millis(now)))?;
    Ok(())
}

/// Most rows of a tree that were expected and not looked at yet: who makes and removes files, and never asks, fills no
/// database with them.
const MOST_EXPECTED: i64 = 100_000;

/// How many rows were expected and not looked at yet, as far as it matters.
fn count_expected(connection: &Connection, tree_id: i64) -> Result<i64> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM sync_member WHERE tree_id = ?1 AND sequence = 0 LIMIT ?2)";
    Ok(connection.prepare_cached(sql)?.query_one((tree_id, MOST_EXPECTED + 1), |row| row.get(0))?)
}

/// Makes all tokens that were given until now invalid: what was expected, and is not known any more, need not be told.
fn raise_floor(connection: &Connection, tree_id: i64) -> Result<()> {
    let sql = "SELECT looked_at FROM sync_tree WHERE id = ?1";
    let at = connection.prepare_cached(sql)?.query_one([tree_id], |row| row.get(0))?;
    let sequence = begin_look(connection, tree_id, &secret::random::<32>(), from_millis(at))?;
    connection.prepare_cached("UPDATE sync_tree SET floor = ?2 WHERE id = ?1")?.execute((tree_id, sequence))?;
    Ok(())
}

/// The mark of a look that is still known.
pub fn mark(connection: &Connection, tree_id: i64, sequence: i64) -> Result<Option<Vec<u8>>> {
    let sql = "SELECT mark FROM sync_look WHERE tree_id = ?1 AND sequence = ?2";
    Ok(connection.prepare_cached(sql)?.query_row((tree_id, sequence), |row| row.get(0)).optional()?)
}

/// Writes down what a look found.
pub fn put(connection: &Connection, tree_id: i64, sequence: i64, member: &Member) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO sync_member (tree_id, folder, name, sequence, state, is_folder) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (tree_id, folder, name) DO UPDATE SET
                 sequence = excluded.sequence, state = excluded.state, is_folder = excluded.is_folder",
        )?
        .execute((tree_id, &member.folder, &member.name, sequence, &member.state, member.is_folder))?;
    Ok(())
}

/// One member.
pub fn member(connection: &Connection, tree_id: i64, at: &Position) -> Result<Option<Member>> {
    let sql = "SELECT folder, name, state, is_folder FROM sync_member WHERE tree_id = ?1 AND folder = ?2 AND name = ?3";
    Ok(connection.prepare_cached(sql)?.query_row((tree_id, &at.folder, &at.name), read_member).optional()?)
}

/// Goes through all that is known of a folder's members, in the order of their names as bytes: name, state, whether a
/// folder; all, or `most` of them.
pub fn each_in(
    connection: &Connection,
    tree_id: i64,
    folder: &[u8],
    most: Option<usize>,
    mut each: impl FnMut(&[u8], Option<&str>, bool),
) -> Result<()> {
    let sql = "SELECT name, state, is_folder FROM sync_member WHERE tree_id = ?1 AND folder = ?2 ORDER BY name
               LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    // A negative limit is none.
    let most = most.map_or(-1, |most| i64::try_from(most).unwrap_or(i64::MAX));
    let mut rows = statement.query((tree_id, folder, most))?;
    while let Some(row) = rows.next()? {
        let state = row.get_ref(1)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        each(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?, state, row.get(2)?);
    }
    Ok(())
}

/// The next members behind a position, folders before what is in them, whose numbers are greater than `since` and at
/// most `up_to`.
pub fn changed(
    connection: &Connection,
    tree_id: i64,
    scope: &Scope,
    behind: &Position,
    (since, up_to): (i64, i64),
    limit: usize,
) -> Result<Vec<Member>> {
    const COLUMNS: &str = "SELECT folder, name, state, is_folder FROM sync_member WHERE tree_id = ?1";
    const NUMBERS: &str = "sequence > ?4 AND sequence <= ?5 ORDER BY folder, name LIMIT ?6";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    if scope.folder.is_empty() && scope.deep {
        let sql = format!("{COLUMNS} AND (folder, name) > (?2, ?3) AND {NUMBERS}");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map((tree_id, &behind.folder, &behind.name, since, up_to, limit), read_member)?;
        return Ok(rows.collect::<rusqlite::Result<_>>()?);
    }
    let mut found = Vec::new();
    if behind.folder == scope.folder {
        let sql = format!("{COLUMNS} AND folder = ?2 AND name > ?3 AND {NUMBERS}");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map((tree_id, &scope.folder, &behind.name, since, up_to, limit), read_member)?;
        found = rows.collect::<rusqlite::Result<_>>()?;
    }
    let left = limit - i64::try_from(found.len()).unwrap_or(limit);
    if scope.deep && left > 0 {
        // Beneath `a` comes `a/…`, and not `a b`, though that stands between.
        let (from, to) = beneath(&scope.folder);
        let empty = Vec::new();
        let (folder, name) = if behind.folder > from { (&behind.folder, &behind.name) } else { (&from, &empty) };
        let sql = format!("{COLUMNS} AND (folder, name) > (?2, ?3) AND folder < ?7 AND {NUMBERS}");
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map((tree_id, folder, name, since, up_to, left, to), read_member)?;
        for row in rows {
            found.push(row?);
        }
    }
    Ok(found)
}

/// The number of the last look that found something changed beneath a folder, not counting looks after `most`; 0 for
/// none.
pub fn newest(connection: &Connection, tree_id: i64, folder: &[u8], most: i64) -> Result<i64> {
    if folder.is_empty() {
        return Ok(most);
    }
    let (from, to) = beneath(folder);
    let sql = "SELECT max(
                   coalesce((SELECT max(sequence) FROM sync_member
                             WHERE tree_id = ?1 AND folder = ?2 AND sequence <= ?5), 0),
                   coalesce((SELECT max(sequence) FROM sync_member
                             WHERE tree_id = ?1 AND folder >= ?3 AND folder < ?4 AND sequence <= ?5), 0))";
    Ok(connection.prepare_cached(sql)?.query_one((tree_id, folder, from, to, most), |row| row.get(0))?)
}

fn read_tree(row: &Row<'_>) -> rusqlite::Result<Tree> {
    Ok(Tree {
        id: row.get(0)?,
        sequence: row.get(1)?,
        floor: row.get(2)?,
        base: row.get(3)?,
        looked_at: from_millis(row.get(4)?),
    })
}

fn read_member(row: &Row<'_>) -> rusqlite::Result<Member> {
    Ok(Member { folder: row.get(0)?, name: row.get(1)?, state: row.get(2)?, is_folder: row.get(3)? })
}
