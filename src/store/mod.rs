//! The only door to the database, `storage/latchkey.sqlite3`.
//!
//! One connection writes, a few read; readers are `query_only`, see a consistent snapshot (WAL) and never wait for
//! the writer. All of it blocks: short indexed reads may run where they are, writes belong into a blocking task.
//! One file per table, with plain functions over a connection; a use case is one [`Store::write`] transaction.

#![expect(clippy::disallowed_methods, reason = "this is the door to the database that the bans point to")]

pub mod api_token;
pub mod app_password;
pub mod audit;
pub mod device;
pub mod digest;
pub mod identity;
pub mod lock;
mod migrations;
pub mod password_link;
pub mod pending_change;
pub mod people;
pub mod property;
pub mod second_factor;
pub mod session;
pub mod setting;
pub mod sync;
pub mod traffic;
pub mod usage;
pub mod user;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

/// Readers kept open; more than there are cores would only wait for them.
const READERS: usize = 8;

/// Why the database did not answer. None of these means "wrong password".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite's own word.
    #[error("the database failed: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file was written by a later version.
    #[error("{} has schema {found}, this version knows up to {known}: run the version that wrote it", file.display())]
    Newer {
        /// The database file.
        file: PathBuf,
        /// Its schema number.
        found: i64,
        /// The highest number known here.
        known: i64,
    },
    /// A row holds something that this version never writes.
    #[error("the database holds an unreadable {0}")]
    Unreadable(&'static str),
}

/// What every room gets back from here.
pub type Result<T> = std::result::Result<T, Error>;

/// The database.
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    writer: Mutex<Connection>,
    readers: Vec<Mutex<Connection>>,
    next_reader: AtomicUsize,
}

impl Store {
    /// Opens the database, makes it where it is absent, and brings its schema up to date.
    ///
    /// # Errors
    /// A newer schema is refused; a file that is no database is left as it is.
    pub fn open(file: &Path) -> Result<Self> {
        let mut writer = Connection::open(file)?;
        prepare(&writer)?;
        migrations::run(&mut writer, file)?;
        let readers = (0..READERS).map(|_| open_reader(file).map(Mutex::new)).collect::<Result<Vec<_>>>()?;
        Ok(Self(Arc::new(Inner { writer: Mutex::new(writer), readers, next_reader: AtomicUsize::new(0) })))
    }

    /// Reads. Short indexed look-ups may be made on an async thread.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        read(&self.reader())
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Where it does not.
    pub fn ping(&self) -> Result<()> {
        self.read(|c| Ok(c.query_one("SELECT EXISTS (SELECT 1 FROM user)", [], |_| Ok(()))?))
    }

    /// Writes in one immediate transaction: all of it, or nothing.
    ///
    /// # Errors
    /// Those of `write`, or of the commit; nothing has been changed then.
    pub fn write<T, E: From<Error>>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        let mut writer = lock(&self.0.writer);
        let transaction =
            writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| E::from(error.into()))?;
        let value = write(&transaction)?;
        transaction.commit().map_err(|error| E::from(error.into()))?;
        Ok(value)
    }

    /// Writes a consistent copy of the database to a new file, also while it is in use.
    ///
    /// # Errors
    /// SQLite's own.
    pub fn copy_to(&self, file: &Path) -> Result<()> {
        let mut copy = Connection::open(file)?;
        let reader = self.reader();
        let backup = rusqlite::backup::Backup::new(&reader, &mut copy)?;
        backup.run_to_completion(1024, Duration::ZERO, None)?;
        Ok(())
    }

    /// SQLite's own check of the file; `Ok` holds what it complains about, nothing where all is well.
    ///
    /// # Errors
    /// Where the check could not be run.
    pub fn check(&self) -> Result<Vec<String>> {
        let reader = self.reader();
        let mut statement = reader.prepare("PRAGMA quick_check")?;
        let lines = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }

    /// A reader that nobody holds, or the next one in turn.
    fn reader(&self) -> MutexGuard<'_, Connection> {
        let readers = &self.0.readers;
        let start = self.0.next_reader.fetch_add(1, Ordering::Relaxed);
        let in_turn = || (0..READERS).filter_map(|step| readers.get((start + step) % READERS));
        for reader in in_turn() {
            if let Ok(free) = reader.try_lock() {
                return free;
            }
        }
        match in_turn().next() {
            Some(reader) => lock(reader),
            None => lock(&self.0.writer),
        }
    }
}

/// A connection outlives a panic of its user: SQLite has rolled back what was not committed.
fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The pragmas, each with its reason in `docs/decisions/0005-store.md`.
fn prepare(connection: &Connection) -> Result<()> {
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "cache_size", -2000)?;
    keep_plans(connection)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Plans are made once. Otherwise a build with STAT4, as rusqlite's is, plans a statement anew for each value it is
/// given, which costs more than the look-up itself.
fn keep_plans(connection: &Connection) -> Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn open_reader(file: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -500)?;
    keep_plans(&connection)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// The range of keys beneath a resource: everything that starts with `key/`.
///
/// `0` is the character after `/`.
fn beneath(key: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let with = |last: u8| [key, &[last]].concat();
    (with(b'/'), with(b'0'))
}

/// JSON arrays of texts, as `folders` and `networks` are kept.
fn list_to_json<T: ToString>(list: &[T]) -> String {
    let texts: Vec<String> = list.iter().map(T::to_string).collect();
    serde_json::to_string(&texts).unwrap_or_else(|_| "[]".to_owned())
}

fn list_from_json<T: std::str::FromStr>(json: &str, what: &'static str) -> Result<Vec<T>> {
    // Most passwords have no limits.
    if json == "[]" {
        return Ok(Vec::new());
    }
    let texts: Vec<String> = serde_json::from_str(json).map_err(|_| Error::Unreadable(what))?;
    texts.iter().map(|text| text.parse().map_err(|_| Error::Unreadable(what))).collect()
}

#[cfg(test)]
pub(crate) fn for_tests() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&folder.path().join("latchkey.sqlite3")).expect("a database");
    (folder, store)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_changes_nothing() {
        let (_folder, store) = for_tests();
        let failed: Result<()> = store.write(|tx| {
            tx.execute("INSERT INTO audit (at, kind, actor) VALUES (1, 'a', 'b')", [])?;
            Err(Error::Unreadable("thing"))
        });
        assert!(failed.is_err());
        let count: i64 =
            store.read(|c| Ok(c.query_one("SELECT count(*) FROM audit", [], |r| r.get(0))?)).expect("read");
        assert_eq!(count, 0);
    }

    #[test]
    fn readers_cannot_write() {
        let (_folder, store) = for_tests();
        let failed = store.read(|c| Ok(c.execute("DELETE FROM audit", [])?));
        assert!(matches!(failed, Err(Error::Sqlite(_))));
    }

    #[test]
    fn a_newer_database_is_refused_and_left_as_it_is() {
        let (folder, store) = for_tests();
        let file = folder.path().join("latchkey.sqlite3");
        store.write(|tx| Ok::<_, Error>(tx.pragma_update(None, "user_version", 99)?)).expect("written");
        drop(store);
        let refused = Store::open(&file).expect_err("refused");
        assert!(matches!(refused, Error::Newer { found: 99, .. }), "{refused}");
        let version: i64 = Connection::open(&file)
            .and_then(|c| c.query_one("PRAGMA user_version", [], |r| r.get(0)))
            .expect("still a database");
        assert_eq!(version, 99);
    }

    #[test]
    fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("latchkey.sqlite3");
        std::fs::write(&file, "not a database, but somebody's text that must stay").expect("written");
        assert!(Store::open(&file).is_err());
        assert_eq!(std::fs::read(&file).expect("read")[..14], *b"not a database");
    }

    #[test]
    fn writes_are_seen_by_the_next_read() {
        let (_folder, store) = for_tests();
        for at in 0..50_i64 {
            store
                .write(|tx| {
                    Ok::<_, Error>(tx.execute("INSERT INTO audit (at, kind, actor) VALUES (?1, 'a', 'b')", [at])?)
                })
                .expect("written");
            let most: i64 =
                store.read(|c| Ok(c.query_one("SELECT max(at) FROM audit", [], |r| r.get(0))?)).expect("read");
            assert_eq!(most, at);
        }
    }
}
