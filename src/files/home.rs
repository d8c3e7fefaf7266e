//! A person's home as an open folder, and how ways in it are resolved.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, openat};
use rustix::io::Errno;

use super::{Path, Result, sys, walk};

/// How ways are resolved on this machine; found out once, at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sandbox {
    /// By the kernel in one call, links by walking.
    Openat2,
    /// Name by name, for kernels without `openat2`.
    Walk,
}

/// A person's home.
#[derive(Debug)]
pub(super) struct HomeFolder {
    pub(super) folder: OwnedFd,
    /// Key of the home in the store; see `Homes`.
    pub(super) key: Vec<u8>,
    pub(super) sandbox: Sandbox,
    /// Permissions of new files here.
    pub(super) file_mode: Mode,
    /// Permissions of new folders here.
    pub(super) folder_mode: Mode,
}

impl HomeFolder {
    /// Opens a folder by a path without links.
    pub(super) fn open(&self, path: &Path) -> Result<OwnedFd> {
        let opened = match self.sandbox {
            Sandbox::Openat2 => sys::open_beneath(self.folder.as_fd(), path.as_bytes()),
            Sandbox::Walk => Err(Errno::NOSYS),
        };
        match opened {
            Ok(folder) => Ok(folder),
            Err(Errno::NOSYS) => {
                let found = walk::walk(self.folder.as_fd(), path, false)?;
                let name = found.name.as_deref().unwrap_or(b".");
                Ok(openat(&found.folder, name, sys::FOLDER, Mode::empty())?)
            }
            Err(other) => Err(other.into()),
        }
    }
}

/// The store's key of a path in a home.
pub(super) fn key_of(home: &HomeFolder, path: &Path) -> Vec<u8> {
    let mut key = home.key.clone();
    if !path.is_root() {
        key.push(b'/');
        key.extend_from_slice(path.as_bytes());
    }
    key
}
