//! What the next look is to find changed, or gone, in any case.

use rusqlite::Connection;

use super::{MOST_EXPECTED, Position, count_expected, raise_floor};
use crate::store::{Result, beneath};

/// Most rows beneath a folder that are copied with it: everybody's changes wait meanwhile.
const MOST_COPIED: i64 = 10_000;

/// Makes the next look find a member changed, or gone, in any case.
pub fn doubt(connection: &Connection, tree_id: i64, at: &Position) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE sync_member SET state = '' WHERE tree_id = ?1 AND folder = ?2 AND name = ?3 AND state IS NOT NULL",
        )?
        .execute((tree_id, &at.folder, &at.name))?;
    Ok(())
}

/// Makes the next look find a resource changed, in every tree that it is in, and with `deep` all beneath it.
pub fn doubt_resource(connection: &Connection, resource: &[u8], deep: bool) -> Result<()> {
    for (tree_id, path) in trees_with(connection, resource)? {
        doubt(connection, tree_id, &split(&path))?;
        if deep {
            let (from, to) = beneath(&path);
            connection
                .prepare_cached(
                    "UPDATE sync_member SET state = '' WHERE tree_id = ?1 AND state IS NOT NULL
                         AND (folder = ?2 OR (folder >= ?3 AND folder < ?4))",
                )?
                .execute((tree_id, path, from, to))?;
        }
    }
    Ok(())
}

/// The trees that a resource is in, and its path in each; not those of which it is the top.
fn trees_with(connection: &Connection, resource: &[u8]) -> Result<Vec<(i64, Vec<u8>)>> {
    let sql = "SELECT id, CAST(substr(?1, length(top) + 2) AS BLOB) FROM sync_tree
               WHERE substr(?1, 1, length(top) + 1) = CAST(top || x'2f' AS BLOB) AND length(?1) > length(top) + 1";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([resource], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether a resource is in a tree that clients ask about.
pub fn is_in_tree(connection: &Connection, resource: &[u8]) -> Result<bool> {
    Ok(!trees_with(connection, resource)?.is_empty())
}

/// Notes that a resource comes into being, and with it copies of what is known beneath `source`: if it is gone at the next
/// look, that is told. Where those are too many, no token from before is good any more, and nothing need be told.
pub fn expect(connection: &Connection, resource: &[u8], source: Option<&[u8]>) -> Result<()> {
    let sources = source.map_or(Ok(Vec::new()), |source| trees_with(connection, source))?;
    for (tree_id, path) in trees_with(connection, resource)? {
        // The folders above have rows as well, so that their end is noticed.
        let mut at = split(&path);
        let mut is_folder = false;
        loop {
            expect_one(connection, tree_id, &at, is_folder)?;
            if at.folder.is_empty() {
                break;
            }
            at = split(&at.folder);
            is_folder = true;
        }
        let Some((_, from)) = sources.iter().find(|(own, _)| *own == tree_id) else {
            continue;
        };
        let (first, end) = beneath(from);
        let count = "SELECT count(*) FROM (SELECT 1 FROM sync_member WHERE tree_id = ?1 AND state IS NOT NULL
                         AND (folder = ?2 OR (folder >= ?3 AND folder < ?4)) LIMIT ?5)";
        let copied: i64 = connection
            .prepare_cached(count)?
            .query_one((tree_id, from, &first, &end, MOST_COPIED + 1), |row| row.get(0))?;
        if copied > MOST_COPIED || count_expected(connection, tree_id)? + copied > MOST_EXPECTED {
            raise_floor(connection, tree_id)?;
            continue;
        }
        connection
            .prepare_cached(
                "INSERT INTO sync_member (tree_id, folder, name, sequence, state, is_folder)
                 SELECT tree_id, CAST(?5 || substr(folder, length(?2) + 1) AS BLOB), name, 0, '', is_folder
                 FROM sync_member WHERE tree_id = ?1 AND state IS NOT NULL
                     AND (folder = ?2 OR (folder >= ?3 AND folder < ?4))
                 ON CONFLICT (tree_id, folder, name) DO UPDATE SET state = '' WHERE state IS NULL",
            )?
            .execute((tree_id, from, first, end, &path))?;
    }
    Ok(())
}

/// A row that is there stays as it is; what it is, if a folder, the next look finds.
fn expect_one(connection: &Connection, tree_id: i64, at: &Position, is_folder: bool) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO sync_member (tree_id, folder, name, sequence, state, is_folder) VALUES (?1, ?2, ?3, 0, '', ?4)
             ON CONFLICT (tree_id, folder, name) DO UPDATE SET state = '', is_folder = is_folder OR ?4
             WHERE state IS NULL",
        )?
        .execute((tree_id, &at.folder, &at.name, is_folder))?;
    Ok(())
}

/// A path's folder and name.
fn split(path: &[u8]) -> Position {
    let cut = path.iter().rposition(|&byte| byte == b'/');
    let (folder, name) = match cut {
        None => (&[][..], path),
        Some(cut) => (path.get(..cut).unwrap_or_default(), path.get(cut + 1..).unwrap_or_default()),
    };
    Position { folder: folder.to_vec(), name: name.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_millis;
    use crate::store::Error;
    use crate::store::sync::{self, Member};

    #[test]
    fn what_comes_is_expected_with_what_is_above_and_beneath() {
        let (_folder, store) = crate::store::for_tests();
        let state = |tree_id, folder: &[u8], name: &[u8]| {
            let at = Position { folder: folder.to_vec(), name: name.to_vec() };
            store.read(|c| sync::member(c, tree_id, &at)).expect("read").map(|row| (row.state, row.is_folder))
        };
        let new = |is_folder| Some((Some(String::new()), is_folder));
        store
            .write(|tx| {
                let whole = sync::make_tree(tx, b"files/a", &[1; 8], from_millis(0))?.id;
                let part = sync::make_tree(tx, b"files/a/d", &[2; 8], from_millis(0))?.id;
                sync::make_tree(tx, b"files/ab", &[3; 8], from_millis(0))?;
                assert_eq!((whole, part), (1, 2));
                let row = |folder: &[u8], name: &[u8], state: Option<&str>| Member {
                    folder: folder.to_vec(),
                    name: name.to_vec(),
                    state: state.map(str::to_owned),
                    is_folder: false,
                };
                sync::put(tx, whole, 1, &row(b"s", b"f", Some("1")))?;
                sync::put(tx, whole, 1, &row(b"s/t", b"\xff", Some("2")))?;
                sync::put(tx, whole, 1, &row(b"s", b"gone", None))?;
                sync::put(tx, whole, 1, &row(b"d/x", b"f", None))?;
                sync::put(tx, whole, 1, &row(b"d", b"known", Some("3")))?;
                expect(tx, b"files/a/d/x", Some(b"files/a/s"))?;
                expect(tx, b"files/a/d/known", None)?;
                expect(tx, b"files/a", None)?;
                assert!(
                    is_in_tree(tx, b"files/a/q")? && !is_in_tree(tx, b"files/a")? && !is_in_tree(tx, b"files/b/q")?
                );
                Ok::<_, Error>(())
            })
            .expect("written");
        assert_eq!([state(1, b"", b"d"), state(1, b"d", b"x")], [new(true), new(false)]);
        assert_eq!([state(1, b"d/x", b"f"), state(1, b"d/x/t", b"\xff")], [new(false), new(false)]);
        assert_eq!([state(1, b"d/x", b"gone"), state(2, b"x", b"f")], [None, None]);
        assert_eq!(state(1, b"d", b"known"), Some((Some("3".to_owned()), false)), "what is known stays");
        assert_eq!(state(2, b"", b"x"), new(false));
    }

    #[test]
    fn a_folder_with_very_many_members_is_not_copied_but_ends_the_tokens() {
        let (_folder, store) = crate::store::for_tests();
        let fill = |tx: &Connection, folder: &[u8], count: i64| {
            (0..count).try_for_each(|name| {
                let name = name.to_string().into_bytes();
                let state = Some("1".to_owned());
                sync::put(tx, 1, 1, &Member { folder: folder.to_vec(), name, state, is_folder: false })
            })
        };
        let (tree, copied) = store
            .write(|tx| {
                sync::make_tree(tx, b"files/a", &[1; 32], from_millis(7))?;
                sync::begin_look(tx, 1, &[2; 32], from_millis(7))?;
                fill(tx, b"few", MOST_COPIED)?;
                fill(tx, b"many", MOST_COPIED + 1)?;
                expect(tx, b"files/a/x", Some(b"files/a/few"))?;
                let before = sync::tree(tx, b"files/a")?.map(|tree| (tree.sequence, tree.floor));
                assert_eq!((before, count_expected(tx, 1)?), (Some((1, 0)), MOST_COPIED + 1));
                expect(tx, b"files/a/y", Some(b"files/a/many"))?;
                Ok::<_, Error>((sync::tree(tx, b"files/a")?.expect("there"), count_expected(tx, 1)?))
            })
            .expect("written");
        assert_eq!((tree.sequence, tree.floor, copied), (2, 2, MOST_COPIED + 2));
        let at = Position { folder: Vec::new(), name: b"y".to_vec() };
        assert!(store.read(|c| sync::member(c, 1, &at)).expect("read").is_some(), "the folder itself is expected");
        assert!(store.read(|c| sync::mark(c, 1, 2)).expect("read").is_some(), "new tokens can be made");
    }
}
