//! The storage as one file: a gzipped tar with the database, the homes in it and the keys.
//!
//! Times are kept to the nanosecond (PAX `mtime`), since entity tags are made from them: a client must not download
//! everything again after a restore.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
use tar::{Archive, Builder, EntryType, Header};

use super::path::TEMPORARY_FOLDER;
use super::storage::{DATABASE, Storage, write_new};
use crate::secret;

/// Writes the storage to `target`, the database taken from `snapshot`.
///
/// # Errors
/// The disk's; `target` is written whole or not at all.
pub fn archive(storage: &Storage, snapshot: &Path, target: &Path) -> io::Result<()> {
    write_new(target, |file| {
        let zipped = GzEncoder::new(BufWriter::new(file), Compression::fast());
        let mut tar = Builder::new(zipped);
        add(&mut tar, snapshot, Path::new(DATABASE))?;
        for name in ["keys", "files"] {
            add(&mut tar, &storage.path().join(name), Path::new(name))?;
        }
        tar.into_inner()?.finish()?.flush()
    })
}

/// Where a snapshot of the database may be put while it is archived.
///
/// # Errors
/// The disk's.
pub fn snapshot_path(storage: &Storage) -> io::Result<PathBuf> {
    let chance = secret::random::<8>().map(|byte| format!("{byte:02x}")).concat();
    let path = storage.path().join(format!("snapshot-{chance}.sqlite3"));
    File::options().write(true).create_new(true).mode(0o600).open(&path)?;
    Ok(path)
}

/// Removes the snapshot again.
///
/// # Errors
/// The disk's.
pub fn remove_snapshot(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path)
}

/// Adds a file, link or folder with all beneath it; what is unfinished or no file is left out.
fn add<W: Write>(tar: &mut Builder<W>, path: &Path, name: &Path) -> io::Result<()> {
    let meta = std::fs::symlink_metadata(path)?;
    let mut header = Header::new_gnu();
    header.set_mode(meta.mode() & 0o777);
    header.set_mtime(u64::try_from(meta.mtime()).unwrap_or(0));
    let mtime = format!("{}.{:09}", meta.mtime(), meta.mtime_nsec());
    let pax = [("mtime", mtime.as_bytes())];
    if meta.is_dir() {
        header.set_entry_type(EntryType::Directory);
        header.set_size(0);
        tar.append_pax_extensions(pax)?;
        tar.append_data(&mut header, name, io::empty())?;
        for member in std::fs::read_dir(path)? {
            let member = member?.file_name();
            if member != TEMPORARY_FOLDER {
                match add(tar, &path.join(&member), &name.join(&member)) {
                    // It was removed meanwhile.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    other => other?,
                }
            }
        }
    } else if meta.is_symlink() {
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        let target = std::fs::read_link(path)?;
        tar.append_link(&mut header, name, target)?;
    } else if meta.is_file() {
        let file = File::options().read(true).custom_flags(libc_nofollow()).open(path)?;
        let opened = file.metadata()?;
        header.set_size(opened.len());
        let mtime = format!("{}.{:09}", opened.mtime(), opened.mtime_nsec());
        tar.append_pax_extensions([("mtime", mtime.as_bytes())])?;
        tar.append_data(&mut header, name, Exactly { file: BufReader::new(file), left: opened.len() })?;
    }
    Ok(())
}

fn libc_nofollow() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0)
}

/// Reads as many bytes as were announced: a file that another program cuts meanwhile fails the backup, not the next reader.
struct Exactly {
    file: BufReader<File>,
    left: u64,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(room) = buffer.get_mut(..most).filter(|room| !room.is_empty()) else {
            return Ok(0);
        };
        let read = self.file.read(room)?;
        if read == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a file was cut short while it was read"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

/// Unpacks a backup into a storage folder that does not exist yet or is empty.
///
/// # Errors
/// Where the folder holds anything, or the archive anything that no backup holds.
pub fn restore(source: &Path, storage: &Path) -> io::Result<()> {
    let refuse = |reason: String| Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    if storage.exists() && std::fs::read_dir(storage)?.next().is_some() {
        return refuse(format!("{} is not empty: restore into a new folder", storage.display()));
    }
    let mut archive = Archive::new(GzDecoder::new(BufReader::new(File::open(source)?)));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(storage)?;
    let mut links = Vec::new();
    let mut folders = Vec::new();
    let mut has_database = false;
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.into_owned();
        let Some(path) = place_of(storage, &name) else {
            return refuse(format!("the archive holds {}, which no backup holds", name.display()));
        };
        let mtime = pax_mtime(&mut entry)?;
        match entry.header().entry_type() {
            EntryType::Directory => {
                std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path)?;
                folders.push((path, mtime));
            }
            EntryType::Regular => {
                has_database |= name == Path::new(DATABASE);
                let mode = entry.header().mode()? & 0o777;
                let mut file = File::options().write(true).create_new(true).mode(0o600).open(&path)?;
                io::copy(&mut entry, &mut file)?;
                file.set_permissions(std::fs::Permissions::from_mode(mode))?;
                file.sync_all()?;
                set_mtime(&path, mtime)?;
            }
            EntryType::Symlink => {
                let target = entry.link_name()?.map(std::borrow::Cow::into_owned).unwrap_or_default();
                links.push((path, target));
            }
            other => return refuse(format!("the archive holds a {other:?}, which no backup holds")),
        }
    }
    if !has_database {
        return refuse(format!("{} holds no {DATABASE}: it is no backup", source.display()));
    }
    // Links come last, so that nothing is written through one; then the folders' times, inner ones first.
    for (path, target) in links {
        std::os::unix::fs::symlink(target, path)?;
    }
    for (path, mtime) in folders.into_iter().rev() {
        set_mtime(&path, mtime)?;
    }
    Ok(())
}

/// Where an entry belongs; `None` for what no backup holds.
fn place_of(storage: &Path, name: &Path) -> Option<PathBuf> {
    let mut parts = name.components();
    let plain = parts.clone().all(|part| matches!(part, Component::Normal(_)));
    let Component::Normal(first) = parts.next()? else {
        return None;
    };
    let known = match first.as_bytes() {
        b"files" | b"keys" => true,
        other => other == DATABASE.as_bytes() && parts.next().is_none(),
    };
    (plain && known).then(|| storage.join(name))
}

fn pax_mtime<R: Read>(entry: &mut tar::Entry<'_, R>) -> io::Result<Option<(i64, i64)>> {
    let Some(extensions) = entry.pax_extensions()? else {
        return Ok(None);
    };
    for extension in extensions {
        let extension = extension?;
        if let (Ok("mtime"), Ok(value)) = (extension.key(), extension.value()) {
            let (seconds, nanos) = value.split_once('.').unwrap_or((value, "0"));
            return Ok(seconds.parse().ok().zip(nanos.parse().ok()));
        }
    }
    Ok(None)
}

fn set_mtime(path: &Path, mtime: Option<(i64, i64)>) -> io::Result<()> {
    let Some((seconds, nanos)) = mtime else {
        return Ok(());
    };
    let at = Timespec { tv_sec: seconds, tv_nsec: nanos };
    let times = Timestamps { last_access: at, last_modification: at };
    Ok(utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}
