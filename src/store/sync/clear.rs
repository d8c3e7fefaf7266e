//! Forgetting what no client will ask for any more.

use rusqlite::{Connection, OptionalExtension, Params};

use super::{MOST_EXPECTED, Result, beneath, count_expected, raise_floor};
use crate::clock::to_millis;
use crate::model::Time;

/// How much is kept of a tree: looks and deletions of so many days, and at most so many.
#[derive(Debug, Clone, Copy)]
struct Kept {
    days: i64,
    most: i64,
}

/// Looks and deletions beneath this are forgotten.
const FLOOR: Kept = Kept { days: 90, most: 100_000 };
/// The base of tokens is never beneath this, and rises to [`RISEN`] then. Who asks now and then has a token of that look
/// at the least, and months until it is forgotten; but the tokens of a folder in which nothing changes stay the same
/// for weeks.
const BASE: Kept = Kept { days: 60, most: 75_000 };
const RISEN: Kept = Kept { days: 45, most: 50_000 };
/// Most rows removed in one transaction.
const BATCH: i64 = 2000;
/// And of those that were expected only: each time ends the tokens.
const EXPECTED_BATCH: i64 = 20_000;

/// Forgets one batch of what is kept no more: trees that nobody has asked about for 90 days, and deletions and looks
/// that are older than that or more than 100,000. A token from before is not valid any more. Gives whether there may be
/// more to forget.
pub fn clear(connection: &Connection, now: Time) -> Result<bool> {
    let unused = "SELECT id FROM sync_tree WHERE looked_at < ?1 LIMIT 1";
    if let Some(id) = one(connection, unused, [before(now, FLOOR.days)])? {
        forget_tree(connection, id)?;
        return Ok(true);
    }
    let ids = {
        let mut statement = connection.prepare_cached("SELECT id FROM sync_tree")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect::<rusqlite::Result<Vec<i64>>>()?
    };
    for id in ids {
        if clear_tree(connection, id, now)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Forgets what is known of a home: nobody finds the trees at its key and beneath from now on, and their rows go with the
/// next clearing. Whoever gets a home with the same key later is told nothing of what was in this one.
pub fn forget(connection: &Connection, home: &[u8]) -> Result<()> {
    let (from, to) = beneath(home);
    let hide = "UPDATE sync_tree SET top = CAST('forgotten/' || id AS BLOB), looked_at = 0
                WHERE top = ?1 OR (top >= ?2 AND top < ?3)";
    connection.prepare_cached(hide)?.execute((home, from, to))?;
    Ok(())
}

/// At first nobody finds it any more, then its rows go.
fn forget_tree(connection: &Connection, id: i64) -> Result<()> {
    let hide = "UPDATE sync_tree SET top = CAST('forgotten/' || id AS BLOB), looked_at = 0 WHERE id = ?1";
    connection.prepare_cached(hide)?.execute([id])?;
    let members = "DELETE FROM sync_member WHERE (tree_id, folder, name) IN
                       (SELECT tree_id, folder, name FROM sync_member WHERE tree_id = ?1 LIMIT ?2)";
    let looks = "DELETE FROM sync_look WHERE (tree_id, sequence) IN
                     (SELECT tree_id, sequence FROM sync_look WHERE tree_id = ?1 LIMIT ?2)";
    let removed = connection.prepare_cached(members)?.execute([id, BATCH])?
        + connection.prepare_cached(looks)?.execute([id, BATCH])?;
    if removed == 0 {
        connection.prepare_cached("DELETE FROM sync_tree WHERE id = ?1")?.execute([id])?;
    }
    Ok(())
}

fn clear_tree(connection: &Connection, id: i64, now: Time) -> Result<bool> {
    if let Some(edge) = edge(connection, id, BASE, now)? {
        let risen = self::edge(connection, id, RISEN, now)?;
        connection.prepare_cached("UPDATE sync_tree SET base = ?3 WHERE id = ?1 AND base < ?2")?.execute((
            id,
            edge,
            risen.unwrap_or(edge),
        ))?;
    }
    if let Some(floor) = edge(connection, id, FLOOR, now)? {
        connection
            .prepare_cached("UPDATE sync_tree SET floor = ?2 WHERE id = ?1 AND floor < ?2")?
            .execute((id, floor))?;
    }
    clear_expected(connection, id)?;
    let floor = one(connection, "SELECT floor FROM sync_tree WHERE id = ?1", [id])?.unwrap_or(0);
    let members = "DELETE FROM sync_member WHERE (tree_id, folder, name) IN
                       (SELECT tree_id, folder, name FROM sync_member
                        WHERE tree_id = ?1 AND state IS NULL AND sequence <= ?2 LIMIT ?3)";
    let looks = "DELETE FROM sync_look WHERE (tree_id, sequence) IN
                     (SELECT tree_id, sequence FROM sync_look WHERE tree_id = ?1 AND sequence < ?2 LIMIT ?3)";
    let removed = connection.prepare_cached(members)?.execute([id, floor, BATCH])?
        + connection.prepare_cached(looks)?.execute([id, floor, BATCH])?;
    Ok(removed > 0)
}

/// Where very much was expected and never looked at, some of it is forgotten, and with it who was to be told. Folders
/// stay: others may be beneath them.
fn clear_expected(connection: &Connection, id: i64) -> Result<()> {
    if count_expected(connection, id)? > MOST_EXPECTED {
        raise_floor(connection, id)?;
        let some = "DELETE FROM sync_member WHERE (tree_id, folder, name) IN
                        (SELECT tree_id, folder, name FROM sync_member
                         WHERE tree_id = ?1 AND sequence = 0 AND is_folder = 0 LIMIT ?2)";
        connection.prepare_cached(some)?.execute([id, EXPECTED_BATCH])?;
    }
    Ok(())
}

/// The newest look that is beyond what is kept; `None` where all is kept.
fn edge(connection: &Connection, id: i64, kept: Kept, now: Time) -> Result<Option<i64>> {
    let old = "SELECT max(sequence) FROM sync_look WHERE tree_id = ?1 AND at < ?2";
    let deleted = "SELECT sequence FROM sync_member WHERE tree_id = ?1 AND state IS NULL
                   ORDER BY sequence DESC LIMIT 1 OFFSET ?2";
    let looked = "SELECT sequence FROM sync_look WHERE tree_id = ?1 ORDER BY sequence DESC LIMIT 1 OFFSET ?2";
    let edges = [
        one(connection, old, [id, before(now, kept.days)])?,
        one(connection, deleted, [id, kept.most])?,
        one(connection, looked, [id, kept.most])?,
    ];
    Ok(edges.into_iter().flatten().max())
}

fn before(now: Time, days: i64) -> i64 {
    to_millis(now) - days * 24 * 3600 * 1000
}

fn one(connection: &Connection, sql: &str, values: impl Params) -> Result<Option<i64>> {
    let found = connection.prepare_cached(sql)?.query_row(values, |row| row.get::<_, Option<i64>>(0)).optional()?;
    Ok(found.flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_millis;
    use crate::store::sync::{self, Member, Position, Scope, Tree};
    use crate::store::{Error, Store, for_tests};

    const DAY: i64 = 24 * 3600 * 1000;

    fn member(folder: &str, name: &str, state: Option<&str>) -> Member {
        let bytes = |text: &str| text.as_bytes().to_vec();
        Member { folder: bytes(folder), name: bytes(name), state: state.map(str::to_owned), is_folder: false }
    }

    /// A look on that day which found these.
    fn look(store: &Store, tree: &Tree, day: i64, found: &[Member]) -> i64 {
        store
            .write(|tx| {
                sync::note_look(tx, tree.id, from_millis(day * DAY))?;
                let sequence = sync::begin_look(tx, tree.id, &[1; 8], from_millis(day * DAY))?;
                found.iter().try_for_each(|member| sync::put(tx, tree.id, sequence, member))?;
                Ok::<_, Error>(sequence)
            })
            .expect("written")
    }

    fn clear_all(store: &Store, day: i64) {
        while store.write(|tx| clear(tx, from_millis(day * DAY))).expect("cleared") {}
    }

    fn rows(store: &Store, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        store.read(|c| Ok(c.query_one(&sql, [], |row| row.get(0))?)).expect("read")
    }

    fn a_tree(store: &Store) -> Tree {
        store.write(|tx| sync::make_tree(tx, b"files/alice", &[0; 8], from_millis(0))).expect("made")
    }

    #[test]
    fn old_deletions_go_and_the_floor_tells_so() {
        let (_folder, store) = for_tests();
        let tree = a_tree(&store);
        look(&store, &tree, 0, &[member("", "stays", Some("1")), member("", "goes", Some("1"))]);
        let gone = look(&store, &tree, 5, &[member("", "goes", None)]);
        let late = look(&store, &tree, 50, &[member("", "later", None)]);
        clear_all(&store, 80);
        assert_eq!(rows(&store, "sync_member"), 3, "all is kept for 90 days");
        clear_all(&store, 100);
        let now = store.read(|c| sync::tree(c, b"files/alice")).expect("read").expect("there");
        assert_eq!((now.floor, now.sequence), (gone, late));
        let scope = Scope { folder: Vec::new(), deep: true };
        let start = Position { folder: Vec::new(), name: Vec::new() };
        let left = store.read(|c| sync::changed(c, tree.id, &scope, &start, (-1, i64::MAX), 10)).expect("read");
        assert_eq!(left, [member("", "later", None), member("", "stays", Some("1"))]);
        assert!(store.read(|c| sync::mark(c, tree.id, gone)).expect("read").is_some(), "a token of that look is valid");
        assert!(store.read(|c| sync::mark(c, tree.id, gone - 1)).expect("read").is_none());
    }

    #[test]
    fn tokens_of_a_quiet_folder_rise_before_they_are_forgotten() {
        let (_folder, store) = for_tests();
        let tree = a_tree(&store);
        let mut bases = Vec::new();
        let mut last = 0;
        for day in 0..200 {
            look(&store, &tree, day, &[member("", "busy", Some(&day.to_string()))]);
            // Whoever has asked yesterday has a token that is valid today.
            clear_all(&store, day);
            let now = store.read(|c| sync::tree(c, b"files/alice")).expect("read").expect("there");
            assert!(last >= now.floor, "day {day}");
            last = now.base.max(now.floor);
            bases.push(now.base);
        }
        bases.dedup();
        assert!((5..=12).contains(&bases.len()), "it does not rise every day: {bases:?}");
        assert!(rows(&store, "sync_look") < 95);
    }

    #[test]
    fn at_most_so_many_deletions_are_kept() {
        let (_folder, store) = for_tests();
        let tree = a_tree(&store);
        let many: Vec<Member> = (0..FLOOR.most).map(|number| member("", &format!("{number}"), None)).collect();
        let first = look(&store, &tree, 0, &many);
        clear_all(&store, 1);
        assert_eq!(rows(&store, "sync_member"), FLOOR.most);
        look(&store, &tree, 1, &[member("", "one more", None)]);
        clear_all(&store, 1);
        assert_eq!(rows(&store, "sync_member"), 1);
        let now = store.read(|c| sync::tree(c, b"files/alice")).expect("read").expect("there");
        assert_eq!(now.floor, first);
    }

    #[test]
    fn a_tree_that_nobody_asks_about_goes_as_a_whole() {
        let (_folder, store) = for_tests();
        let tree = a_tree(&store);
        look(&store, &tree, 0, &[member("", "f", Some("1"))]);
        let other = store.write(|tx| sync::make_tree(tx, b"files/bob", &[0; 8], from_millis(80 * DAY))).expect("made");
        look(&store, &other, 80, &[member("", "f", Some("1"))]);
        clear_all(&store, 89);
        assert_eq!(rows(&store, "sync_tree"), 2);
        clear_all(&store, 91);
        assert_eq!((rows(&store, "sync_tree"), rows(&store, "sync_member"), rows(&store, "sync_look")), (1, 1, 2));
        assert_eq!(store.read(|c| sync::tree(c, b"files/alice")).expect("read"), None);
    }
}
