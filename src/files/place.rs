//! A parent's handle with a name in it: from here on, nothing that is renamed or linked elsewhere matters.

use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, Mode, Timespec, Timestamps, mkdirat, openat, utimensat};
use rustix::io::Errno;

use super::home::{HomeFolder, key_of};
use super::meta::{Kind, Meta, stamp};
use super::{Error, Path, Result, sys};
use crate::model::Time;

/// Where a file or folder is, or could be.
#[derive(Debug)]
pub struct Place {
    pub(super) home: Arc<HomeFolder>,
    /// The folder the name is in; for the root, the root itself.
    pub(super) folder: OwnedFd,
    /// The name; absent for the root.
    pub(super) name: Option<Vec<u8>>,
    /// The path in the home, without links.
    path: Path,
    /// What stands there; absent for nothing.
    meta: Option<Meta>,
}

impl Place {
    pub(super) fn new(home: Arc<HomeFolder>, folder: OwnedFd, parent: Path, name: Option<Vec<u8>>) -> Result<Self> {
        let (path, meta) = match &name {
            None => (parent, Some(sys::stat(folder.as_fd(), b"")?)),
            Some(name) => (parent.join(name), look(folder.as_fd(), name)?),
        };
        Ok(Self { home, folder, name, path, meta })
    }

    /// The path in the home, without links: what locks and properties go by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key of this resource in the store.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        key_of(&self.home, &self.path)
    }

    /// The key of the home it is in.
    #[must_use]
    pub fn home_key(&self) -> &[u8] {
        &self.home.key
    }

    /// Bytes that this process may still write to the file system it is in.
    ///
    /// # Errors
    /// The system's.
    pub fn free_space(&self) -> Result<u64> {
        Ok(sys::free_space(self.folder.as_fd())?)
    }

    /// What stands there as a file or folder; links that were not followed and devices count as nothing.
    #[must_use]
    pub fn meta(&self) -> Option<&Meta> {
        self.meta.as_ref().filter(|meta| matches!(meta.kind, Kind::File | Kind::Folder))
    }

    /// What stands there, also a link or a device.
    #[must_use]
    pub fn any_meta(&self) -> Option<&Meta> {
        self.meta.as_ref()
    }

    pub(super) fn is_link(&self) -> bool {
        self.meta.is_some_and(|meta| meta.kind == Kind::Link)
    }

    /// Whether this is the root of the home or of the confining folder.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.name.is_none()
    }

    /// Looks again at what stands there.
    ///
    /// # Errors
    /// The disk's.
    pub fn refresh(&mut self) -> Result<()> {
        self.meta = match &self.name {
            None => Some(sys::stat(self.folder.as_fd(), b"")?),
            Some(name) => look(self.folder.as_fd(), name)?,
        };
        Ok(())
    }

    /// Opens the file to read, with what it is at that moment.
    ///
    /// # Errors
    /// [`Error::IsFolder`] for a folder; devices and links are not found.
    pub fn open_file(&self) -> Result<(File, Meta)> {
        let name = self.name.as_deref().ok_or(Error::IsFolder)?;
        let file = match openat(&self.folder, name, sys::READ, Mode::empty()) {
            Ok(file) => file,
            // ENXIO: a socket, or a pipe's writing end.
            Err(Errno::LOOP | Errno::NXIO) => return Err(Error::NotFound),
            Err(other) => return Err(other.into()),
        };
        let meta = sys::stat(file.as_fd(), b"")?;
        match meta.kind {
            Kind::File => Ok((File::from(file), meta)),
            Kind::Folder => Err(Error::IsFolder),
            _ => Err(Error::NotFound),
        }
    }

    /// Opens the folder.
    pub(super) fn open_folder(&self) -> Result<OwnedFd> {
        let name = self.name.as_deref().unwrap_or(b".");
        match openat(&self.folder, name, sys::FOLDER, Mode::empty()) {
            Ok(folder) => Ok(folder),
            Err(Errno::LOOP | Errno::NOTDIR) => Err(Error::NotFound),
            Err(other) => Err(other.into()),
        }
    }

    /// Makes a folder here; `modified` in seconds is the client's word on its time.
    ///
    /// # Errors
    /// [`Error::Exists`] where anything is there.
    pub fn make_folder(&mut self, now: Time, modified: Option<i64>, durable: bool) -> Result<()> {
        let name = self.name.as_deref().ok_or(Error::Exists)?;
        mkdirat(&self.folder, name, self.home.folder_mode)?;
        if let Some(seconds) = modified {
            set_times(self.folder.as_fd(), name, stamp(now, Some(seconds), None))?;
        }
        if durable {
            rustix::fs::fsync(&self.folder)?;
        }
        self.refresh()
    }

    /// Sets the time of modification, in seconds; the nanoseconds are ours.
    ///
    /// # Errors
    /// Where nothing is there.
    pub fn set_modified(&mut self, now: Time, seconds: i64) -> Result<()> {
        let name = self.name.as_deref().unwrap_or(b".");
        let meta = self.meta.as_ref().ok_or(Error::NotFound)?;
        set_times(self.folder.as_fd(), name, stamp(now, Some(seconds), Some(meta)))?;
        self.refresh()
    }
}

/// What stands at a name, a link not followed.
fn look(folder: BorrowedFd<'_>, name: &[u8]) -> Result<Option<Meta>> {
    match sys::stat(folder, name) {
        Ok(meta) => Ok(Some(meta)),
        Err(Errno::NOENT) => Ok(None),
        Err(other) => Err(other.into()),
    }
}

pub(super) fn timestamps((seconds, nanos): (i64, u32)) -> Timestamps {
    let at = Timespec { tv_sec: seconds, tv_nsec: nanos.into() };
    Timestamps { last_access: at, last_modification: at }
}

fn set_times(folder: BorrowedFd<'_>, name: &[u8], at: (i64, u32)) -> Result<()> {
    Ok(utimensat(folder, name, &timestamps(at), AtFlags::SYMLINK_NOFOLLOW)?)
}
