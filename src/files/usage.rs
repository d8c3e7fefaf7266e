//! What a person's files take: walked, not kept, since other programs may work in a home, too.

use std::os::fd::OwnedFd;

use rustix::fs::{Dir, Mode, openat};

use super::meta::Kind;
use super::path::TEMPORARY_FOLDER;
use super::remove::DEEPEST;
use super::root::Root;
use super::{Result, sys};

/// Bytes and number of all files in a root. Links count as nothing, and neither does what is not finished yet.
///
/// Folders are gone down one by one, each held open on the way: a folder that is moved meanwhile leads nowhere else.
///
/// # Errors
/// Where the root itself cannot be read. What vanishes meanwhile, or cannot be looked at, is left out.
pub fn usage(root: &Root) -> Result<(u64, u64)> {
    let mut walk = Walk { bytes: 0, files: 0, ahead: Vec::new() };
    walk.tree(Dir::new(root.reopen()?)?);
    while let Some(folder) = walk.ahead.pop() {
        if let Ok(folder) = Dir::new(folder) {
            walk.tree(folder);
        }
    }
    Ok((walk.bytes, walk.files))
}

/// Folders that are held open to be walked later, at most.
const MOST_AHEAD: usize = 100;

/// What has been counted so far.
struct Walk {
    bytes: u64,
    files: u64,
    /// Folders that lie too deep to hold the way to them open any longer.
    ahead: Vec<OwnedFd>,
}

impl Walk {
    fn tree(&mut self, top: Dir) {
        let mut open = vec![top];
        while let Some(folder) = open.last_mut() {
            let Some(Ok(entry)) = folder.read() else {
                open.pop();
                continue;
            };
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") || name == TEMPORARY_FOLDER.as_bytes() {
                continue;
            }
            let Ok(parent) = folder.fd() else {
                continue;
            };
            let Ok(meta) = sys::stat(parent, name) else {
                continue;
            };
            match meta.kind {
                Kind::File => {
                    self.bytes = self.bytes.saturating_add(meta.size);
                    self.files += 1;
                }
                Kind::Folder => {
                    let Ok(inner) = openat(parent, name, sys::FOLDER, Mode::empty()) else {
                        continue;
                    };
                    if open.len() < DEEPEST {
                        open.extend(Dir::new(inner));
                    } else if self.ahead.len() < MOST_AHEAD {
                        self.ahead.push(inner);
                    } else if let Ok(inner) = Dir::new(inner) {
                        self.tree(inner);
                    }
                }
                Kind::Link | Kind::Other => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{NewHome, Storage};
    use crate::model::UserName;

    #[test]
    fn files_count_once_and_links_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let homes = Storage::open(&folder.path().join("storage"), false).expect("a storage").into_homes();
        let home = homes.make(&UserName::parse("alice").expect("a name"), &NewHome::New).expect("made");
        let root = homes.open(&home).expect("opened");
        assert_eq!(usage(&root).expect("measured"), (0, 0));
        let path = folder.path().join("storage/files/alice");
        std::fs::create_dir_all(path.join("a/b")).expect("folders");
        std::fs::create_dir_all(path.join(TEMPORARY_FOLDER)).expect("a folder");
        std::fs::write(path.join("a/b/one"), [0; 1000]).expect("written");
        std::fs::write(path.join("two"), [0; 24]).expect("written");
        std::fs::write(path.join(TEMPORARY_FOLDER).join("half"), [0; 5000]).expect("written");
        std::fs::write(folder.path().join("outside"), [0; 9000]).expect("written");
        std::os::unix::fs::symlink(folder.path(), path.join("out")).expect("a link");
        std::os::unix::fs::symlink("..", path.join("a/up")).expect("a link");
        assert_eq!(usage(&root).expect("measured"), (1024, 2));
    }

    /// A file counts however deep it lies.
    #[test]
    fn nothing_lies_too_deep_to_be_counted() {
        let folder = tempfile::tempdir().expect("a folder");
        let homes = Storage::open(&folder.path().join("storage"), false).expect("a storage").into_homes();
        let home = homes.make(&UserName::parse("alice").expect("a name"), &NewHome::New).expect("made");
        let root = homes.open(&home).expect("opened");
        let mut deep = root.reopen().expect("a handle");
        for level in 0..2 * DEEPEST + 20 {
            rustix::fs::mkdirat(&deep, "d", Mode::RWXU).expect("made");
            let inner = openat(&deep, "d", sys::FOLDER, Mode::empty()).expect("opened");
            if level == DEEPEST {
                for name in 0..MOST_AHEAD + 20 {
                    rustix::fs::mkdirat(&inner, format!("{name}"), Mode::RWXU).expect("made");
                    let flags = rustix::fs::OFlags::CREATE | rustix::fs::OFlags::WRONLY;
                    let file = openat(&inner, format!("{name}/f"), flags, Mode::RUSR).expect("made");
                    rustix::fs::ftruncate(&file, 3).expect("three bytes");
                }
            }
            deep = inner;
        }
        let flags = rustix::fs::OFlags::CREATE | rustix::fs::OFlags::WRONLY;
        let file = openat(&deep, "f", flags, Mode::RUSR).expect("made");
        rustix::fs::ftruncate(&file, 1000).expect("a thousand bytes");
        let many = MOST_AHEAD as u64 + 20;
        assert_eq!(usage(&root).expect("measured"), (1000 + 3 * many, 1 + many));
    }
}
