//! Table `property`: dead properties (RFC 4918 §4), which follow their resource.

use rusqlite::{Connection, Row};

use super::{Result, beneath};

/// A dead property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Namespace of the name; may be empty.
    pub namespace: String,
    /// Local name.
    pub name: String,
    /// The whole element as XML that declares its own namespaces.
    pub element: String,
}

/// Sets or replaces one.
pub fn set(connection: &Connection, resource: &[u8], property: &Property) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO property (resource, namespace, name, element) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (resource, namespace, name) DO UPDATE SET element = excluded.element",
        )?
        .execute((resource, &property.namespace, &property.name, &property.element))?;
    Ok(())
}

/// Removes one; nothing happens where there is none (RFC 4918 §14.23).
pub fn remove(connection: &Connection, resource: &[u8], namespace: &str, name: &str) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM property WHERE resource = ?1 AND namespace = ?2 AND name = ?3")?
        .execute((resource, namespace, name))?;
    Ok(())
}

/// All of one resource.
pub fn of(connection: &Connection, resource: &[u8]) -> Result<Vec<Property>> {
    let sql = "SELECT namespace, name, element FROM property WHERE resource = ?1 ORDER BY namespace, name";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([resource], |row| read(row, 0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether anything at or beneath a resource has properties; a listing asks this once.
pub fn any_in_tree(connection: &Connection, resource: &[u8]) -> Result<bool> {
    let (from, to) = beneath(resource);
    let sql = "SELECT EXISTS (SELECT 1 FROM property WHERE resource = ?1)
                   OR EXISTS (SELECT 1 FROM property WHERE resource >= ?2 AND resource < ?3)";
    Ok(connection.prepare_cached(sql)?.query_one((resource, from, to), |row| row.get(0))?)
}

/// Removes all at and beneath a resource that is gone.
pub fn delete_tree(connection: &Connection, resource: &[u8]) -> Result<()> {
    let (from, to) = beneath(resource);
    connection
        .prepare_cached("DELETE FROM property WHERE resource = ?1 OR (resource >= ?2 AND resource < ?3)")?
        .execute((resource, from, to))?;
    Ok(())
}

/// Copies all at and beneath `source` to `target`, which has none of its own left.
pub fn copy_tree(connection: &Connection, source: &[u8], target: &[u8]) -> Result<()> {
    let (from, to) = beneath(source);
    connection
        .prepare_cached(
            "INSERT INTO property (resource, namespace, name, element)
             SELECT CAST(?4 || substr(resource, length(?1) + 1) AS BLOB), namespace, name, element
             FROM property WHERE resource = ?1 OR (resource >= ?2 AND resource < ?3)",
        )?
        .execute((source, from, to, target))?;
    Ok(())
}

fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Property> {
    Ok(Property { namespace: row.get(first)?, name: row.get(first + 1)?, element: row.get(first + 2)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Property {
        Property { namespace: "urn:x".to_owned(), name: name.to_owned(), element: format!("<{name} xmlns='urn:x'/>") }
    }

    #[test]
    fn a_copy_takes_the_tree_and_not_the_neighbours() {
        let (_folder, store) = crate::store::for_tests();
        let invalid_utf8: &[u8] = b"files/a/x/\xff";
        store
            .write(|tx| {
                for key in [b"files/a/x".as_slice(), b"files/a/x/y", b"files/a/x0", b"files/a/xy", invalid_utf8] {
                    set(tx, key, &named("p"))?;
                }
                copy_tree(tx, b"files/a/x", b"files/b")?;
                delete_tree(tx, b"files/a/x")
            })
            .expect("written");
        let count = |key: &[u8]| store.read(|c| of(c, key)).expect("read").len();
        assert_eq!([count(b"files/b"), count(b"files/b/y"), count(b"files/b/\xff")], [1, 1, 1]);
        assert_eq!([count(b"files/a/x"), count(b"files/a/x/y"), count(invalid_utf8)], [0, 0, 0]);
        assert_eq!([count(b"files/a/x0"), count(b"files/a/xy")], [1, 1]);
    }
}
