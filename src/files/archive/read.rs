//! Restores a backup: into a folder of its own first, which becomes the storage when everything has been verified.
//!
//! An archive may come from anywhere. Only what a backup holds is unpacked, each name once, and links are made when
//! all else is there, so that nothing is ever written through one.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use rustix::fs::{
    AtFlags, Mode, OFlags, Timespec, Timestamps, fchmod, fsync, futimens, mkdirat, openat, symlinkat, utimensat,
};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use tar::{Archive, Entry, EntryType};

use super::manifest::Manifest;
use super::part::Part;
use super::{LONGEST, MANIFEST, named, refusal, shown, time_from_text};
use crate::files::path::TEMPORARY_FOLDER;
use crate::files::storage::DATABASE;
use crate::files::sys;

/// Seconds since 1970 and nanoseconds.
type Time = (i64, u32);

/// Unpacks a backup into a storage folder that does not exist yet or is empty, and gives its path without links.
///
/// `check` looks at the unpacked storage before it is put in place.
///
/// # Errors
/// Where the folder holds anything, the archive anything that no backup holds or not everything that was in the
/// backup, or `check` does. Nothing is left behind then.
pub fn restore(source: &Path, storage: &Path, check: impl FnOnce(&Path) -> Result<(), String>) -> io::Result<PathBuf> {
    let by_source = |error: io::Error| named(source.display(), error);
    let file = File::open(source).map_err(by_source)?;
    let mut archive = Archive::new(MultiGzDecoder::new(BufReader::new(file)));
    let mut entries = archive.entries().map_err(by_source)?;
    // Nothing is made for a file that is no backup at all.
    let first = entries.next().ok_or_else(no_database).map_err(by_source)?;
    let mut first = first.map_err(damaged).map_err(by_source)?;
    if first.path_bytes().as_ref() != DATABASE.as_bytes() {
        return Err(by_source(no_database()));
    }
    let part = Part::make(storage)?;
    let by_part = |error: io::Error| named(part.path().display(), error);
    let root = part.folder.as_fd();
    let manifest = Manifest::new_in(root).map_err(by_part)?;
    let mut unpacking =
        Unpacking { root, manifest: Some(manifest), near: None, links: Vec::new(), folders: Vec::new() };
    unpacking.add(&mut first).map_err(by_source)?;
    for entry in entries {
        unpacking.add(&mut entry.map_err(damaged).map_err(by_source)?).map_err(by_source)?;
    }
    read_to_end(archive.into_inner()).map_err(by_source)?;
    unpacking.finish().map_err(by_source)?;
    check(&part.path()).map_err(refusal).map_err(by_source)?;
    part.put_in_place()
}

/// Reads what is behind the tar's end: only then its checksum has been verified.
fn read_to_end(mut decoder: impl Read) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let count = decoder.read(&mut buffer).map_err(damaged)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(());
        }
        if bytes.iter().any(|&byte| byte != 0) {
            return Err(refusal("something comes after its end"));
        }
    }
}

struct Unpacking<'a> {
    root: BorrowedFd<'a>,
    /// What has been unpacked; absent when it has been compared with the archive's own, and nothing may come any more.
    manifest: Option<Manifest>,
    /// The folder of the last entry: the next one is likely to be in it, too.
    near: Option<(Vec<u8>, OwnedFd)>,
    links: Vec<Link>,
    folders: Vec<(Vec<u8>, Option<Time>)>,
}

struct Link {
    name: Vec<u8>,
    target: Vec<u8>,
    time: Option<Time>,
}

impl Unpacking<'_> {
    fn add<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> io::Result<()> {
        let kind = entry.header().entry_type();
        let name = entry.path_bytes().into_owned();
        // Other programs write a slash behind the name of a folder.
        let name = name.strip_suffix(b"/").filter(|_| kind == EntryType::Directory).unwrap_or(&name);
        let Some(manifest) = &mut self.manifest else {
            return Err(refusal(format!("it holds {} after its manifest", shown(name))));
        };
        if name == MANIFEST.as_bytes() && kind == EntryType::Regular {
            return self.verify(entry);
        }
        if !belongs(name, kind) {
            return Err(refusal(format!("it holds {} ({kind:?}), which no backup holds", shown(name))));
        }
        let time = time_of(entry)?;
        match kind {
            EntryType::Directory => {
                let (parent, last) = place(self.root, &mut self.near, name)?;
                mkdirat(parent, last, sys::FOLDER_MODE).map_err(|errno| unmade(name, errno))?;
                self.folders.push((name.to_vec(), time));
            }
            EntryType::Symlink => {
                let target = entry.link_name_bytes().unwrap_or_default().into_owned();
                self.links.push(Link { name: name.to_vec(), target, time });
            }
            _ => {
                let (parent, last) = place(self.root, &mut self.near, name)?;
                let digest = write_file(parent, last, entry, time, name)?;
                manifest.add(name, digest).map_err(|error| named(shown(name), error))?;
            }
        }
        Ok(())
    }

    /// Compares what has been unpacked with what was in the backup.
    fn verify(&mut self, theirs: impl Read) -> io::Result<()> {
        let Some(mine) = self.manifest.take() else {
            return Ok(());
        };
        match mine.difference(theirs).map_err(damaged)? {
            None => Ok(()),
            Some(line) if line.is_empty() => Err(refusal("it is damaged: not every file of its manifest is in it")),
            Some(line) => {
                let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
                let name = line.split_once("  ").map_or(line.as_str(), |(_, name)| name);
                Err(refusal(format!("it is damaged: {} is not what its manifest says", shown(name.as_bytes()))))
            }
        }
    }

    /// Makes the links, and then sets the times of folders, inner ones first.
    fn finish(mut self) -> io::Result<()> {
        if self.manifest.is_some() {
            return Err(refusal("it holds no manifest: it is not whole"));
        }
        for link in &self.links {
            let (parent, last) = place(self.root, &mut self.near, &link.name)?;
            symlinkat(link.target.as_slice(), parent, last).map_err(|errno| unmade(&link.name, errno))?;
            if let Some(time) = link.time {
                utimensat(parent, last, &timestamps(time), AtFlags::SYMLINK_NOFOLLOW)
                    .map_err(|errno| unmade(&link.name, errno))?;
            }
        }
        for (name, time) in self.folders.iter().rev() {
            let by_name = |errno| unmade(name, errno);
            let folder = open_folder(self.root, name).map_err(by_name)?;
            if let Some(time) = *time {
                futimens(&folder, &timestamps(time)).map_err(by_name)?;
            }
            fsync(&folder).map_err(by_name)?;
        }
        Ok(fsync(self.root)?)
    }
}

/// Whether a backup holds such an entry.
fn belongs(name: &[u8], kind: EntryType) -> bool {
    let plain =
        |part: &[u8]| !matches!(part, b"" | b"." | b"..") && part != TEMPORARY_FOLDER.as_bytes() && !part.contains(&0);
    if name.len() > LONGEST || !name.split(|&byte| byte == b'/').all(plain) {
        return false;
    }
    match name {
        b"files" | b"keys" | b"trash" => kind == EntryType::Directory,
        name if name == DATABASE.as_bytes() => kind == EntryType::Regular,
        name => {
            let beneath = [b"files/".as_slice(), b"keys/", b"trash/"].iter().any(|folder| name.starts_with(folder));
            beneath && matches!(kind, EntryType::Directory | EntryType::Regular | EntryType::Symlink)
        }
    }
}

/// The folder of an entry, and its name in there. The folder has come before.
fn place<'a, 'n>(
    root: BorrowedFd<'_>,
    near: &'a mut Option<(Vec<u8>, OwnedFd)>,
    name: &'n [u8],
) -> io::Result<(BorrowedFd<'a>, &'n [u8])> {
    let slash = name.iter().rposition(|&byte| byte == b'/');
    let (parent, last) = slash.and_then(|at| name.split_at_checked(at)).unwrap_or((b"", name));
    let last = last.strip_prefix(b"/").unwrap_or(last);
    let kept = near.take().filter(|(path, _)| path == parent);
    let near = near.insert(match kept {
        Some(kept) => kept,
        None => (parent.to_vec(), open_folder(root, parent).map_err(|errno| unmade(name, errno))?),
    });
    Ok((near.1.as_fd(), last))
}

/// Opens a folder of the storage in the making, through no link.
fn open_folder(root: BorrowedFd<'_>, path: &[u8]) -> Result<OwnedFd, Errno> {
    match sys::open_beneath(root, path) {
        Err(Errno::NOSYS) => {}
        other => return other,
    }
    let mut folder = openat(root, ".", sys::FOLDER, Mode::empty())?;
    for name in path.split(|&byte| byte == b'/').filter(|name| !name.is_empty()) {
        folder = openat(&folder, name, sys::FOLDER, Mode::empty())?;
    }
    Ok(folder)
}

fn write_file<R: Read>(
    parent: BorrowedFd<'_>,
    last: &[u8],
    entry: &mut Entry<'_, R>,
    time: Option<Time>,
    name: &[u8],
) -> io::Result<[u8; 32]> {
    let mode = entry.header().mode().map_err(damaged)? & 0o777;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut file = File::from(openat(parent, last, flags, sys::FILE_MODE).map_err(|errno| unmade(name, errno))?);
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = entry.read(&mut buffer).map_err(damaged)?;
        let bytes = buffer.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        digest.update(bytes);
        file.write_all(bytes).map_err(|error| named(shown(name), error))?;
    }
    let set = || {
        fchmod(&file, Mode::from_raw_mode(mode))?;
        if let Some(time) = time {
            futimens(&file, &timestamps(time))?;
        }
        fsync(&file)
    };
    set().map_err(|errno| unmade(name, errno))?;
    Ok(digest.finalize().into())
}

/// The time of modification: PAX's, or the whole seconds of the header.
fn time_of<R: Read>(entry: &mut Entry<'_, R>) -> io::Result<Option<Time>> {
    let seconds = entry.header().mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
    if let Some(extensions) = entry.pax_extensions().map_err(damaged)? {
        for extension in extensions {
            let extension = extension.map_err(damaged)?;
            if let (Ok("mtime"), Ok(value)) = (extension.key(), extension.value()) {
                return Ok(time_from_text(value));
            }
        }
    }
    Ok(seconds.map(|seconds| (seconds, 0)))
}

fn timestamps((seconds, nanos): Time) -> Timestamps {
    let at = Timespec { tv_sec: seconds, tv_nsec: nanos.into() };
    Timestamps { last_access: at, last_modification: at }
}

/// What the decoder or the tar complains about.
#[expect(clippy::needless_pass_by_value, reason = "it stands in map_err")]
fn damaged(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("this is no backup, or a damaged one ({error})"))
}

fn no_database() -> io::Error {
    refusal(format!("this is no backup: it does not start with {DATABASE}"))
}

fn unmade(name: &[u8], errno: Errno) -> io::Error {
    match errno {
        Errno::EXIST => refusal(format!("it holds {} twice", shown(name))),
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP => refusal(format!("it holds {} without its folder", shown(name))),
        other => named(shown(name), other),
    }
}
