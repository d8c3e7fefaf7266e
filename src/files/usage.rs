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
    let (mut bytes, mut files) = (0_u64, 0_u64);
    let mut open = vec![Dir::new(root.reopen()?)?];
    loop {
        let depth = open.len();
        let Some(folder) = open.last_mut() else {
            return Ok((bytes, files));
        };
        let Some(entry) = folder.read() else {
            open.pop();
            continue;
        };
        let Ok(entry) = entry else {
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
                bytes = bytes.saturating_add(meta.size);
                files += 1;
            }
            Kind::Folder if depth < DEEPEST => {
                let inner: std::result::Result<OwnedFd, _> = openat(parent, name, sys::FOLDER, Mode::empty());
                open.extend(inner.and_then(Dir::new));
            }
            Kind::Folder | Kind::Link | Kind::Other => {}
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
}
