//! What is in a folder, entry by entry; nothing is gathered, so a folder may be of any size.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::Dir;
use rustix::io::Errno;

use super::meta::{Kind, Meta};
use super::path::TEMPORARY_FOLDER;
use super::place::Place;
use super::root::Root;
use super::{Error, Path, Result, sys};

/// A member of a folder.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its name, in bytes as on the disk.
    pub name: Vec<u8>,
    /// What it is; a link's target, where the link stays within the root.
    pub meta: Meta,
    /// Whether it is reached through a link: listed, but not descended into, since links can go in circles.
    pub linked: bool,
    /// Its key in the store: the real place's, where it is reached through a link.
    pub key: Vec<u8>,
}

/// An open folder.
#[derive(Debug)]
pub struct Listing {
    folder: OwnedFd,
    entries: Dir,
    path: Path,
    key: Vec<u8>,
    root: Root,
}

impl Listing {
    /// Opens the folder at a place; `root` is the one the place was found in, for the links among its members.
    ///
    /// # Errors
    /// Where it is no folder.
    pub fn open(place: &Place, root: &Root) -> Result<Self> {
        let folder = place.open_folder()?;
        let entries = Dir::read_from(&folder)?;
        Ok(Self { folder, entries, path: place.path().clone(), key: place.key(), root: root.clone() })
    }

    /// The path of the folder in the home.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The root it was opened through.
    #[must_use]
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// The next member that is served. One that cannot be looked at is left out, not an error for all (R30).
    pub fn next_entry(&mut self) -> Option<Entry> {
        loop {
            let Ok(entry) = self.entries.read()? else {
                continue;
            };
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b"..") || name.eq_ignore_ascii_case(TEMPORARY_FOLDER.as_bytes()) {
                continue;
            }
            let Ok(meta) = sys::stat(self.folder.as_fd(), name) else {
                continue;
            };
            match meta.kind {
                Kind::File | Kind::Folder => return Some(self.entry(name, meta)),
                Kind::Link => {
                    if let Some(entry) = self.follow(name) {
                        return Some(entry);
                    }
                }
                Kind::Other => {}
            }
        }
    }

    /// What is served of one name, whether or not the reading has come to it; `None` where nothing is.
    ///
    /// # Errors
    /// The disk's: then it is not known.
    pub fn member(&self, name: &[u8]) -> Result<Option<Entry>> {
        let meta = match sys::stat(self.folder.as_fd(), name) {
            Ok(meta) => meta,
            Err(Errno::NOENT) => return Ok(None),
            Err(other) => return Err(other.into()),
        };
        match meta.kind {
            Kind::File | Kind::Folder => Ok(Some(self.entry(name, meta))),
            Kind::Other => Ok(None),
            Kind::Link => match self.root.find_in_home(&self.path.join(name)) {
                Ok(place) => Ok(place.meta().map(|meta| linked(name, *meta, &place))),
                Err(Error::NotFound | Error::NoParent | Error::Escapes | Error::Reserved) => Ok(None),
                Err(other) => Err(other),
            },
        }
    }

    /// Opens a member folder by its path in the home.
    ///
    /// # Errors
    /// Where it is no folder any more.
    pub fn open_member(&self, path: &Path) -> Result<Self> {
        Self::open_at(&self.root, path)
    }

    /// Opens a folder by its path in the home, as far as `root` reaches.
    ///
    /// # Errors
    /// Where it is no folder any more.
    pub fn open_at(root: &Root, path: &Path) -> Result<Self> {
        Self::open(&root.find_in_home(path)?, root)
    }

    fn entry(&self, name: &[u8], meta: Meta) -> Entry {
        let mut key = self.key.clone();
        key.push(b'/');
        key.extend_from_slice(name);
        Entry { name: name.to_vec(), meta, linked: false, key }
    }

    fn follow(&self, name: &[u8]) -> Option<Entry> {
        let place = self.root.find_in_home(&self.path.join(name)).ok()?;
        Some(linked(name, *place.meta()?, &place))
    }
}

fn linked(name: &[u8], meta: Meta, place: &Place) -> Entry {
    Entry { name: name.to_vec(), meta, linked: true, key: place.key() }
}
