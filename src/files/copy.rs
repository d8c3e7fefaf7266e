//! Copies what may be a whole tree; links are copied as links, never followed.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{Mode, OFlags, fchmod, futimens, mkdirat, openat, readlinkat, symlinkat};
use rustix::io::Errno;

use super::meta::{Kind, Meta};
use super::place::{Place, timestamps};
use super::remove::{DEEPEST, members};
use super::temporary::Temporary;
use super::{Error, Result, sys};

/// A copy that is complete and not seen by anybody yet.
#[derive(Debug)]
pub struct Made {
    pub(super) temporary: Temporary,
    pub(super) meta: Meta,
    /// Bytes of all its files.
    pub bytes: u64,
    /// Number of its files.
    pub files: u64,
}

/// Makes a copy beside `target`, not seen by anybody yet. Without `deep`, a folder is copied without its members.
///
/// `allow` is asked before each file, with the bytes of all so far; it may refuse.
///
/// Times are kept, so a copy's entity tag is that of the same content; links are copied as they are.
///
/// # Errors
/// The disk's; nothing is left behind then.
pub fn copy_to_place(
    source: &Place,
    target: &Place,
    deep: bool,
    durable: bool,
    allow: &mut dyn FnMut(u64) -> Result<()>,
) -> Result<Made> {
    let meta = source.any_meta().copied().filter(|meta| meta.kind != Kind::Other).ok_or(Error::NotFound)?;
    let mut temporary = Temporary::beside(target)?;
    temporary.present = true;
    let mut copy = Copy { deep, durable, folder_mode: target.home.folder_mode, allow, bytes: 0, files: 0 };
    copy.any(
        &Ends {
            from: source.folder.as_fd(),
            name: source.name.as_deref().unwrap_or(b"."),
            to: temporary.folder.as_fd(),
            new: temporary.name.as_bytes(),
        },
        &meta,
        0,
    )?;
    let (bytes, files) = (copy.bytes, copy.files);
    let made = sys::stat(temporary.folder.as_fd(), temporary.name.as_bytes())?;
    Ok(Made { temporary, meta: made, bytes, files })
}

/// How a copy is made.
struct Copy<'a> {
    deep: bool,
    durable: bool,
    folder_mode: Mode,
    allow: &'a mut dyn FnMut(u64) -> Result<()>,
    bytes: u64,
    files: u64,
}

/// What is copied, and to where.
struct Ends<'a> {
    from: BorrowedFd<'a>,
    name: &'a [u8],
    to: BorrowedFd<'a>,
    new: &'a [u8],
}

impl Copy<'_> {
    fn any(&mut self, ends: &Ends<'_>, meta: &Meta, depth: usize) -> Result<()> {
        if depth > DEEPEST {
            return Err(Error::TooDeep);
        }
        match meta.kind {
            Kind::File => self.file(ends),
            Kind::Folder => self.folder(ends, meta, depth),
            Kind::Link => {
                let target = readlinkat(ends.from, ends.name, Vec::new())?;
                Ok(symlinkat(target.as_c_str(), ends.to, ends.new)?)
            }
            Kind::Other => Ok(()),
        }
    }

    /// Bytes, time and permissions go along.
    fn file(&mut self, ends: &Ends<'_>) -> Result<()> {
        let source = openat(ends.from, ends.name, sys::READ, Mode::empty())?;
        let meta = sys::stat(source.as_fd(), b"")?;
        if meta.kind != Kind::File {
            return Err(Error::Changed);
        }
        (self.allow)(self.bytes.saturating_add(meta.size))?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mut copy = File::from(openat(ends.to, ends.new, flags, sys::FILE_MODE)?);
        if sys::share_bytes(copy.as_fd(), source.as_fd()) {
            self.bytes += sys::stat(copy.as_fd(), b"")?.size;
        } else {
            sys::require_space(copy.as_fd(), meta.size)?;
            // No more than was allowed, however it grows meanwhile.
            let mut source = File::from(source).take(meta.size);
            self.bytes += std::io::copy(&mut source, &mut copy).map_err(Error::from_io)?;
        }
        self.files += 1;
        fchmod(&copy, Mode::from_raw_mode(meta.mode & 0o777))?;
        self.finish(&copy, &meta)
    }

    fn folder(&mut self, ends: &Ends<'_>, meta: &Meta, depth: usize) -> Result<()> {
        mkdirat(ends.to, ends.new, self.folder_mode)?;
        let copy = openat(ends.to, ends.new, sys::FOLDER, Mode::empty())?;
        if self.deep {
            let source = openat(ends.from, ends.name, sys::FOLDER, Mode::empty())?;
            for member in members(&source, false)? {
                let found = match sys::stat(source.as_fd(), &member) {
                    // It went away meanwhile.
                    Err(Errno::NOENT) => continue,
                    other => other?,
                };
                let ends = Ends { from: source.as_fd(), name: &member, to: copy.as_fd(), new: &member };
                self.any(&ends, &found, depth + 1)?;
            }
        }
        self.finish(&copy, meta)
    }

    /// Gives a copy the time of its source, and brings it to the disk.
    fn finish(&self, copy: &impl AsFd, meta: &Meta) -> Result<()> {
        futimens(copy, &timestamps((meta.modified_s, meta.modified_ns)))?;
        if self.durable {
            rustix::fs::fsync(copy)?;
        }
        Ok(())
    }
}

/// A mark of all that is in a tree: names, kinds, inodes, sizes and times. Equal before and after a copy, it says
/// that nothing was changed meanwhile.
///
/// # Errors
/// The disk's.
pub fn fingerprint(place: &Place) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    let name = place.name.as_deref().unwrap_or(b".");
    hash_tree(place.folder.as_fd(), name, 0, &mut hasher)?;
    Ok(hasher.finish())
}

fn hash_tree(folder: BorrowedFd<'_>, name: &[u8], depth: usize, hasher: &mut DefaultHasher) -> Result<()> {
    if depth > DEEPEST {
        return Err(Error::TooDeep);
    }
    let meta = sys::stat(folder, name)?;
    let kind = meta.kind as u8;
    (name, kind, meta.device, meta.inode, meta.size, meta.modified_s, meta.modified_ns).hash(hasher);
    if meta.kind == Kind::Folder {
        let inner = openat(folder, name, sys::FOLDER, Mode::empty())?;
        let mut names = members(&inner, false)?;
        names.sort();
        for member in names {
            hash_tree(inner.as_fd(), &member, depth + 1, hasher)?;
        }
    }
    Ok(())
}
