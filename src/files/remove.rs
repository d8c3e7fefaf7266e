//! Removes what may be a whole tree; a link is removed, never followed.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Dir, Mode, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::path::TEMPORARY_FOLDER;
use super::{Error, Result, sys};

/// Deepest tree that is walked level by level: a path that a URL can name has about two thousand names, far more than anybody uses,
/// and each level costs stack and two descriptors.
pub(super) const DEEPEST: usize = 500;

/// The names in a folder; the hidden folder among them only where `all` are wanted.
pub(super) fn members(folder: &OwnedFd, all: bool) -> Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if !matches!(name.as_slice(), b"." | b"..") && (all || name != TEMPORARY_FOLDER.as_bytes()) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Removes a file, a link, or a folder with all beneath it.
///
/// Sub-folders are first lifted to where the tree itself stands and removed there in turn: a tree of any depth costs
/// neither stack nor descriptors, and what is mounted in it cannot be lifted, so it is never emptied.
pub(super) fn remove(folder: BorrowedFd<'_>, name: &[u8]) -> Result<()> {
    let mut lifted = vec![name.to_vec()];
    let mut count = 0_u64;
    while let Some(top) = lifted.pop() {
        match unlinkat(folder, top.as_slice(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => continue,
            // Linux says EISDIR, POSIX EPERM.
            Err(Errno::ISDIR | Errno::PERM) => {}
            Err(other) => return Err(other.into()),
        }
        let inner = openat(folder, top.as_slice(), sys::FOLDER, Mode::empty())?;
        for member in members(&inner, true)? {
            match unlinkat(&inner, member.as_slice(), AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => continue,
                Err(Errno::ISDIR | Errno::PERM) => {}
                Err(other) => return Err(other.into()),
            }
            count += 1;
            let place = [name, format!(".{count}").as_bytes()].concat();
            match renameat(&inner, member.as_slice(), folder, place.as_slice()) {
                Ok(()) => lifted.push(place),
                Err(Errno::NOENT) => {}
                // A mount, or an overlay that cannot lift this folder.
                Err(Errno::XDEV | Errno::BUSY) => remove_in_place(inner.as_fd(), &member, 0)?,
                Err(other) => return Err(other.into()),
            }
        }
        unlinkat(folder, top.as_slice(), AtFlags::REMOVEDIR)?;
    }
    Ok(())
}

/// Removes a folder where it stands, for file systems that cannot rename it; a mounted one stops it (EBUSY).
pub(super) fn remove_in_place(folder: BorrowedFd<'_>, name: &[u8], depth: usize) -> Result<()> {
    if depth > DEEPEST {
        return Err(Error::TooDeep);
    }
    let inner = openat(folder, name, sys::FOLDER, Mode::empty())?;
    if sys::mount_of(inner.as_fd())? != sys::mount_of(folder)? {
        return Err(Error::Mounted);
    }
    for member in members(&inner, true)? {
        match unlinkat(&inner, member.as_slice(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::ISDIR | Errno::PERM) => remove_in_place(inner.as_fd(), &member, depth + 1)?,
            Err(other) => return Err(other.into()),
        }
    }
    Ok(unlinkat(folder, name, AtFlags::REMOVEDIR)?)
}
