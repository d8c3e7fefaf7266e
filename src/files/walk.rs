//! Finds the way through links, name by name, without ever leaving the root.
//!
//! The slow way: taken where a link is on the path, or where the kernel has no `openat2`. Each step opens one name
//! without following a link; links are read and their names walked in turn. A handle is held on every folder on the
//! way, so that `..` in a link means the folder we came through, whatever is renamed meanwhile.

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{Mode, openat, readlinkat};

use super::meta::Kind;
use super::path::TEMPORARY_FOLDER;
use super::{Error, Path, Result, sys};

/// As many links as Linux follows.
const MOST_LINKS: u32 = 40;

/// Where a walk ended: the folder, its path without links, and the last name, absent where the way ends at the root.
pub(super) struct Found {
    pub(super) folder: OwnedFd,
    pub(super) folder_path: Path,
    pub(super) name: Option<Vec<u8>>,
}

/// Walks from `root` to the folder of `path`'s last name. With `follow`, a link as the last name is followed, too.
pub(super) fn walk(root: BorrowedFd<'_>, path: &Path, follow: bool) -> Result<Found> {
    let mut ahead: VecDeque<Vec<u8>> = path.names().map(<[u8]>::to_vec).collect();
    let mut behind: Vec<(OwnedFd, Vec<u8>)> = Vec::new();
    let mut links = 0;
    while let Some(name) = ahead.pop_front() {
        let here = behind.last().map_or(root, |(folder, _)| folder.as_fd());
        if name == b".." {
            // Only links bring `..` in; one at the root would lead out.
            behind.pop().ok_or(Error::Escapes)?;
            continue;
        }
        if name.eq_ignore_ascii_case(TEMPORARY_FOLDER.as_bytes()) {
            return Err(Error::Reserved);
        }
        let last = ahead.is_empty();
        let kind = match sys::stat(here, &name) {
            Ok(meta) => meta.kind,
            Err(rustix::io::Errno::NOENT) if last => return found(root, behind, Some(name)),
            Err(rustix::io::Errno::NOENT) => return Err(Error::NoParent),
            Err(other) => return Err(other.into()),
        };
        if kind == Kind::Link && (follow || !last) {
            links += 1;
            if links > MOST_LINKS {
                return Err(Error::NotFound);
            }
            follow_link(here, &name, &mut ahead)?;
        } else if last {
            return found(root, behind, Some(name));
        } else if kind == Kind::Folder {
            let opened = openat(here, name.as_slice(), sys::FOLDER, Mode::empty())?;
            behind.push((opened, name));
        } else {
            return Err(Error::NoParent);
        }
    }
    // A link led to a folder on the way, or to the root: its own place is its last name in its parent.
    match behind.pop() {
        None => found(root, behind, None),
        Some((_, name)) => found(root, behind, Some(name)),
    }
}

/// Puts a link's names in front of those still ahead.
fn follow_link(folder: BorrowedFd<'_>, name: &[u8], ahead: &mut VecDeque<Vec<u8>>) -> Result<()> {
    let target = readlinkat(folder, name, Vec::new())?.into_bytes();
    if target.starts_with(b"/") {
        return Err(Error::Escapes);
    }
    let names = target.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b".");
    for part in names.collect::<Vec<_>>().into_iter().rev() {
        ahead.push_front(part.to_vec());
    }
    Ok(())
}

fn found(root: BorrowedFd<'_>, mut behind: Vec<(OwnedFd, Vec<u8>)>, name: Option<Vec<u8>>) -> Result<Found> {
    let folder_path = behind.iter().fold(Path::root(), |path, (_, name)| path.join(name));
    let folder = match behind.pop() {
        Some((folder, _)) => folder,
        None => openat(root, c".", sys::FOLDER, Mode::empty())?,
    };
    Ok(Found { folder, folder_path, name })
}
