//! Table `pending_change`: deeds on the disk that were begun and not yet written down.

use rusqlite::{Connection, Row, named_params};

use super::{Error, Result, digest, lock, property, sync};

/// What a deed does to the properties of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The target gets them as well; the source keeps them.
    Copy,
    /// The target gets them; the source is gone.
    Move,
    /// The source is gone (source and target are the same key).
    Remove,
}

/// A deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What.
    pub kind: Kind,
    /// Key of the source.
    pub source: Vec<u8>,
    /// Key of the target.
    pub target: Vec<u8>,
    /// Device and inode of what stands at the target once the deed is done; for [`Kind::Remove`], of what stood there.
    pub device: u64,
    /// See `device`.
    pub inode: u64,
}

/// Announces a deed and gives its id.
pub fn announce(connection: &Connection, change: &Change) -> Result<i64> {
    let kind = match change.kind {
        Kind::Copy => "copy",
        Kind::Move => "move",
        Kind::Remove => "remove",
    };
    connection
        .prepare_cached(
            "INSERT INTO pending_change (kind, source, target, device, inode)
             VALUES (:kind, :source, :target, :device, :inode)",
        )?
        .execute(named_params! {
            ":kind": kind,
            ":source": change.source,
            ":target": change.target,
            ":device": change.device.cast_signed(),
            ":inode": change.inode.cast_signed(),
        })?;
    Ok(connection.last_insert_rowid())
}

/// Writes a deed's consequences down: properties and digests follow, locks end with what is gone (RFC 4918 §7.6, §9.6).
/// What has other properties than before is changed for who synchronises, also where its content is not.
pub fn apply(connection: &Connection, change: &Change) -> Result<()> {
    match change.kind {
        Kind::Copy => {
            lock::delete_beneath(connection, &change.target)?;
            delete_notes(connection, &change.target)?;
            copy_notes(connection, &change.source, &change.target)?;
            sync::doubt_resource(connection, &change.target, true)
        }
        Kind::Move => {
            lock::delete_beneath(connection, &change.target)?;
            delete_notes(connection, &change.target)?;
            copy_notes(connection, &change.source, &change.target)?;
            delete_notes(connection, &change.source)?;
            sync::doubt_resource(connection, &change.target, true)?;
            lock::delete_tree(connection, &change.source)
        }
        Kind::Remove => {
            delete_notes(connection, &change.target)?;
            lock::delete_tree(connection, &change.target)
        }
    }
}

/// Properties and digests at and beneath a resource that is gone.
fn delete_notes(connection: &Connection, resource: &[u8]) -> Result<()> {
    property::delete_tree(connection, resource)?;
    digest::delete_tree(connection, resource)
}

fn copy_notes(connection: &Connection, source: &[u8], target: &[u8]) -> Result<()> {
    property::copy_tree(connection, source, target)?;
    digest::copy_tree(connection, source, target)
}

/// Whether anything at or beneath a resource has to follow it.
pub fn any_notes(connection: &Connection, resource: &[u8]) -> Result<bool> {
    Ok(property::any_in_tree(connection, resource)? || digest::any_in_tree(connection, resource)?)
}

/// Forgets a deed that was done or came to nothing.
pub fn forget(connection: &Connection, id: i64) -> Result<()> {
    connection.prepare_cached("DELETE FROM pending_change WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// All deeds that a crash left, oldest first.
pub fn all(connection: &Connection) -> Result<Vec<(i64, Change)>> {
    let sql = "SELECT id, kind, source, target, device, inode FROM pending_change ORDER BY id";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok(read(row)))?;
    rows.map(|row| row?).collect()
}

fn read(row: &Row<'_>) -> Result<(i64, Change)> {
    let kind: String = row.get(1)?;
    let kind = match kind.as_str() {
        "copy" => Kind::Copy,
        "move" => Kind::Move,
        "remove" => Kind::Remove,
        _ => return Err(Error::Unreadable("pending change")),
    };
    let change = Change {
        kind,
        source: row.get(2)?,
        target: row.get(3)?,
        device: row.get::<_, i64>(4)?.cast_unsigned(),
        inode: row.get::<_, i64>(5)?.cast_unsigned(),
    };
    Ok((row.get(0)?, change))
}
