//! Numbered, frozen steps of the schema, counted in SQLite's `user_version`.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{Error, Result};

/// Step N brings schema N to N + 1. A step that has been released never changes.
const STEPS: [&str; 4] = [
    include_str!("migrations/0001_start.sql"),
    include_str!("migrations/0002_pages.sql"),
    include_str!("migrations/0003_company.sql"),
    include_str!("migrations/0004_clients.sql"),
];
/// The step that made the column `folded`: SQLite makes small letters of ASCII alone, so ours fill it.
const PAGES: i64 = 1;

/// Brings the schema up to date, each step in its own transaction.
pub(super) fn run(connection: &mut Connection, file: &Path) -> Result<()> {
    let known = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found: i64 = transaction.query_one("PRAGMA user_version", [], |row| row.get(0))?;
        if found > known {
            return Err(Error::Newer { file: file.to_path_buf(), found, known });
        }
        let Some(step) = usize::try_from(found).ok().and_then(|index| STEPS.get(index)) else {
            return Ok(());
        };
        transaction.execute_batch(step)?;
        if found == PAGES {
            fold_everybody(&transaction)?;
        }
        transaction.pragma_update(None, "user_version", found + 1)?;
        transaction.commit()?;
    }
}

/// Fills `folded` as that step made it, whatever columns come later.
fn fold_everybody(connection: &Connection) -> Result<()> {
    let mut statement = connection.prepare("SELECT id, name, display_name, coalesce(email, '') FROM user")?;
    let rows = statement.query_map([], |row| {
        let (name, shown, email): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
        Ok((row.get::<_, i64>(0)?, format!("{name}\n{shown}\n{email}").to_lowercase()))
    })?;
    for row in rows {
        connection.execute("UPDATE user SET folded = ?2 WHERE id = ?1", row?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::types::Value;

    use super::*;
    use crate::clock::from_millis;
    use crate::model::{AuditFilter, Home, Quarter, Scope};
    use crate::store::{
        Store, app_password, audit, lock, people, property, second_factor, session, setting, sync, traffic, user,
    };

    /// What the first schema may hold, in the columns that it had.
    const OLD: &str = r#"
        INSERT INTO user VALUES
            (3, 'alice', 'Älice', 'alice@example.org', 1, '$phc$alice', 0, 'alice', NULL, 1000, NULL),
            (4, 'bob', '', NULL, 0, NULL, 1, NULL, CAST('/srv/bob' AS BLOB), 2000, 3000);
        INSERT INTO app_password VALUES
            (7, 3, 'K7QX2', '$phc$drive', 'Notes', 'read-only', '["/Notes"]', '["192.0.2.0/24"]', 1500, '192.0.2.7',
             'alice', 9000000000000, 1600, '192.0.2.8', 'rclone/v1.60.1', NULL, NULL),
            (8, 3, 'ABCDE', '$phc$old', 'Old', 'read-write', '[]', '[]', 1500, NULL, 'cli', NULL, NULL, NULL, NULL,
             1700, 'cli');
        INSERT INTO api_token VALUES (2, CAST('digest' AS BLOB), 'robot', '["users"]', '[]', 1000, NULL, NULL, NULL);
        INSERT INTO lock VALUES
            ('urn:uuid:1', CAST('files/alice/a' AS BLOB), 1, 0, 3, '<owner/>', '/a', 600, 9000000000000);
        INSERT INTO property VALUES (CAST('files/alice/a' AS BLOB), 'urn:x', 'p', '<p xmlns="urn:x"/>');
        INSERT INTO audit VALUES (5, 1500, 'app-password.issue', 'alice', 'alice', 'K7QX2', '192.0.2.7');
    "#;
    const TABLES_OF_THE_PAGES: [&str; 10] = [
        "known_device",
        "passkey",
        "password_link",
        "recovery_code",
        "session",
        "setting",
        "totp",
        "traffic",
        "usage",
        "used_form",
    ];

    /// A database as a version before the pages left it.
    fn of_the_first_schema() -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("latchkey.sqlite3");
        let old = Connection::open(&file).expect("a database");
        old.pragma_update(None, "journal_mode", "WAL").expect("set");
        old.execute_batch(STEPS[0]).expect("the first schema");
        old.pragma_update(None, "user_version", 1).expect("set");
        old.execute_batch(OLD).expect("filled");
        (folder, file)
    }

    /// Schema number, schema and all rows, as text.
    fn all_of(store: &Store) -> Vec<String> {
        let read = |c: &Connection| {
            let text = |sql: &str| -> Result<Vec<String>> {
                let mut statement = c.prepare(sql)?;
                let width = statement.column_count();
                let rows = statement.query_map([], |row| {
                    let values = (0..width).map(|place| row.get::<_, Value>(place));
                    Ok(format!("{:?}", values.collect::<rusqlite::Result<Vec<_>>>()?))
                })?;
                Ok(rows.collect::<rusqlite::Result<_>>()?)
            };
            let mut all = text("PRAGMA user_version")?;
            all.extend(text("SELECT name, sql FROM sqlite_schema ORDER BY name")?);
            let mut tables = c.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?;
            let tables = tables.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
            for table in tables {
                all.extend(text(&format!("SELECT '{table}', * FROM \"{table}\""))?);
            }
            Ok(all)
        };
        store.read(read).expect("read")
    }

    #[test]
    fn a_database_of_the_first_schema_comes_with_all_that_is_in_it() {
        let (_folder, file) = of_the_first_schema();
        let store = Store::open(&file).expect("brought up to date");
        store.read(people_and_passwords_are_there).expect("read");
        store.read(locks_properties_and_log_are_there).expect("read");
        assert_eq!(store.check().expect("checked"), Vec::<String>::new());
    }

    fn people_and_passwords_are_there(c: &Connection) -> Result<()> {
        let alice = user::by_name(c, "alice")?.expect("alice");
        assert_eq!((alice.id, alice.display_name.as_str(), alice.is_admin), (3, "Älice", true));
        assert_eq!((&alice.home, alice.created_at), (&Home::Inside("alice".to_owned()), from_millis(1000)));
        assert_eq!((alice.quota, alice.disabled_at, alice.must_change_password), (None, None, false));
        assert_eq!(user::password(c, 3)?.as_deref(), Some("$phc$alice"));
        assert_eq!(user::by_sign_in_name(c, "alice@example.org")?, Some(alice.clone()));
        assert_eq!(user::last_seen(c, 3)?, None);
        let bob = user::by_name(c, "bob")?.expect("bob");
        assert_eq!(bob.home, Home::Outside("/srv/bob".into()));
        assert_eq!((bob.disabled_at, bob.must_change_password), (Some(from_millis(3000)), true));
        let found = app_password::credential(c, "K7QX2")?.expect("hers");
        assert_eq!((found.phc.as_str(), &found.owner), ("$phc$drive", &alice));
        let row = found.row;
        assert_eq!((row.id, row.label.as_str(), row.scope), (7, "Notes", Scope::ReadOnly));
        assert_eq!(
            (row.folders, row.networks),
            (vec!["/Notes".to_owned()], vec!["192.0.2.0/24".parse().expect("one")])
        );
        assert_eq!((row.created_from.as_deref(), row.last_used_at), (Some("192.0.2.7"), Some(from_millis(1600))));
        assert_eq!((row.replaces, row.revoked_at), (None, None));
        let revoked = app_password::credential(c, "ABCDE")?.expect("the old one").row;
        assert_eq!((revoked.revoked_at, revoked.revoked_by.as_deref()), (Some(from_millis(1700)), Some("cli")));
        assert_eq!(app_password::of_user(c, 3)?.len(), 2);
        Ok(())
    }

    fn locks_properties_and_log_are_there(c: &Connection) -> Result<()> {
        let locks = lock::at(c, b"files/alice/a", from_millis(0))?;
        assert_eq!(locks.len(), 1);
        assert_eq!((locks[0].token.as_str(), locks[0].deep, locks[0].user_id), ("urn:uuid:1", true, 3));
        assert_eq!(property::of(c, b"files/alice/a")?[0].element, "<p xmlns=\"urn:x\"/>");
        let log = audit::list(c, &AuditFilter::default(), None, 10)?;
        assert_eq!(log.len(), 1);
        assert_eq!((log[0].id, log[0].kind.as_str(), log[0].at), (5, "app-password.issue", from_millis(1500)));
        assert_eq!((log[0].subject.as_deref(), log[0].address.as_deref()), (Some("K7QX2"), Some("192.0.2.7")));
        assert_eq!(log[0].detail, None);
        let token: String = c.query_one("SELECT label FROM api_token WHERE id = 2", [], |row| row.get(0))?;
        assert_eq!(token, "robot");
        Ok(())
    }

    #[test]
    fn what_the_pages_need_is_there_after_an_upgrade_and_empty() {
        let (_folder, file) = of_the_first_schema();
        let store = Store::open(&file).expect("brought up to date");
        let quarter = Quarter { at: from_millis(0), requests: 2, refused: 1, failed: 0 };
        store
            .write(|tx| {
                for table in TABLES_OF_THE_PAGES {
                    let rows: i64 = tx.query_one(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
                    assert_eq!(rows, 0, "{table}");
                }
                assert!(!second_factor::of_user(tx, 3)?.any());
                assert!(session::of_user(tx, 3)?.is_empty());
                traffic::add(tx, &quarter)?;
                setting::set(tx, "alive_at", "1", from_millis(0), "server")?;
                second_factor::set_handle(tx, 3, &[7; 16])
            })
            .expect("written");
        store
            .read(|c| {
                assert_eq!(traffic::since(c, from_millis(0))?, [quarter]);
                assert_eq!(setting::get(c, "alive_at")?.expect("set").value, "1");
                assert_eq!(second_factor::user_of_handle(c, &[7; 16])?, Some(3));
                Ok(())
            })
            .expect("read");
    }

    #[test]
    fn what_clients_ask_beyond_files_is_there_after_an_upgrade_and_empty() {
        let (_folder, file) = of_the_first_schema();
        let store = Store::open(&file).expect("brought up to date");
        for table in ["digest", "sync_tree", "sync_look", "sync_member"] {
            let sql = format!("SELECT count(*) FROM {table}");
            let rows: i64 = store.read(|c| Ok(c.query_one(&sql, [], |row| row.get(0))?)).expect("read");
            assert_eq!(rows, 0, "{table}");
        }
        let made = store.write(|tx| sync::make_tree(tx, b"files/alice", &[7; 8], from_millis(0))).expect("made");
        assert_eq!(store.read(|c| sync::tree(c, b"files/alice")).expect("read"), Some(made));
    }

    #[test]
    fn people_of_an_old_database_are_found_in_any_case() {
        let (_folder, file) = of_the_first_schema();
        let store = Store::open(&file).expect("brought up to date");
        for (search, expected) in [("älice", 1), ("bob", 1), ("example.org", 1), ("", 2), ("nobody", 0)] {
            assert_eq!(store.read(|c| people::count(c, search)).expect("read"), expected, "{search:?}");
        }
    }

    #[test]
    fn opening_it_again_changes_nothing() {
        let (_folder, file) = of_the_first_schema();
        let before = all_of(&Store::open(&file).expect("brought up to date"));
        assert_eq!(before[0], format!("[Integer({})]", STEPS.len()));
        assert!(before.iter().any(|row| row.contains("urn:uuid:1")), "the rows are looked at");
        assert_eq!(all_of(&Store::open(&file).expect("opened again")), before);
    }
}
