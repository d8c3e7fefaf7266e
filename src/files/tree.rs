//! Copies and removes what may be a whole tree, link by link never followed.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, Mode, OFlags, fchmod, futimens, mkdirat, openat, readlinkat, symlinkat, unlinkat};
use rustix::io::Errno;

use super::meta::{Kind, Meta};
use super::path::TEMPORARY_FOLDER;
use super::place::{Place, timestamps};
use super::replace::Made;
use super::temporary::Temporary;
use super::{Error, Result, sys};

/// Makes a copy beside `target`, not seen by anybody yet. Without `deep`, a folder is copied without its members.
///
/// Times are kept, so a copy's entity tag is that of the same content; links are copied as they are.
///
/// # Errors
/// The disk's; nothing is left behind then.
pub fn copy_to_place(source: &Place, target: &Place, deep: bool, durable: bool) -> Result<Made> {
    let meta = source.meta().copied().ok_or(Error::NotFound)?;
    let mut temporary = Temporary::beside(target)?;
    temporary.present = true;
    let name = source.name.as_deref().unwrap_or(b".");
    let copy = Copy { deep, durable, file_mode: target.home.file_mode, folder_mode: target.home.folder_mode };
    copy.any(source.folder.as_fd(), name, &meta, temporary.folder.as_fd(), temporary.name.as_bytes())?;
    let made = sys::stat(temporary.folder.as_fd(), temporary.name.as_bytes())?;
    Ok(Made { temporary, meta: made })
}

struct Copy {
    deep: bool,
    durable: bool,
    file_mode: Mode,
    folder_mode: Mode,
}

impl Copy {
    fn any(&self, from: BorrowedFd<'_>, name: &[u8], meta: &Meta, to: BorrowedFd<'_>, new: &[u8]) -> Result<()> {
        match meta.kind {
            Kind::File => self.file(from, name, to, new),
            Kind::Folder => self.folder(from, name, meta, to, new),
            Kind::Link => {
                let target = readlinkat(from, name, Vec::new())?;
                Ok(symlinkat(target.as_c_str(), to, new)?)
            }
            Kind::Other => Ok(()),
        }
    }

    fn file(&self, from: BorrowedFd<'_>, name: &[u8], to: BorrowedFd<'_>, new: &[u8]) -> Result<()> {
        let source = openat(from, name, sys::READ, Mode::empty())?;
        let meta = sys::stat(source.as_fd(), b"")?;
        if meta.kind != Kind::File {
            return Err(Error::Changed);
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mut copy = File::from(openat(to, new, flags, sys::FILE_MODE)?);
        std::io::copy(&mut File::from(source), &mut copy).map_err(Error::from_io)?;
        fchmod(&copy, self.file_mode)?;
        futimens(&copy, &timestamps((meta.modified_s, meta.modified_ns)))?;
        if self.durable {
            rustix::fs::fsync(&copy)?;
        }
        Ok(())
    }

    fn folder(&self, from: BorrowedFd<'_>, name: &[u8], meta: &Meta, to: BorrowedFd<'_>, new: &[u8]) -> Result<()> {
        mkdirat(to, new, self.folder_mode)?;
        let copy = openat(to, new, sys::FOLDER, Mode::empty())?;
        if self.deep {
            let source = openat(from, name, sys::FOLDER, Mode::empty())?;
            for member in members(&source)? {
                let found = match sys::stat(source.as_fd(), &member) {
                    // It went away meanwhile.
                    Err(Errno::NOENT) => continue,
                    other => other?,
                };
                self.any(source.as_fd(), &member, &found, copy.as_fd(), &member)?;
            }
        }
        futimens(&copy, &timestamps((meta.modified_s, meta.modified_ns)))?;
        if self.durable {
            rustix::fs::fsync(&copy)?;
        }
        Ok(())
    }
}

/// The names in a folder, but for the hidden folder.
fn members(folder: &OwnedFd) -> Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if !matches!(name.as_slice(), b"." | b"..") && name != TEMPORARY_FOLDER.as_bytes() {
            names.push(name);
        }
    }
    Ok(names)
}

/// Removes a file, a link, or a folder with all beneath it.
pub(super) fn remove(folder: BorrowedFd<'_>, name: &[u8]) -> Result<()> {
    match unlinkat(folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        // Linux says EISDIR, POSIX EPERM.
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(other) => return Err(other.into()),
    }
    let inner = openat(folder, name, sys::FOLDER, Mode::empty())?;
    // Names are read in portions: removing while reading may skip some, so it is read until none is left.
    loop {
        let mut left = false;
        for entry in Dir::read_from(&inner)? {
            let entry = entry?;
            let member = entry.file_name().to_bytes();
            if !matches!(member, b"." | b"..") {
                left = true;
                remove(inner.as_fd(), member)?;
            }
        }
        if !left {
            break;
        }
    }
    Ok(unlinkat(folder, name, AtFlags::REMOVEDIR)?)
}
