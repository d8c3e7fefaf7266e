//! `storage/`: the folder that holds everything the server keeps.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path as StdPath, PathBuf};

use rustix::fs::{CWD, FlockOperation, Mode, OFlags, flock, mkdirat, openat, renameat};
use rustix::io::Errno;

use super::homes::Homes;
use super::sys;

/// Why the storage cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Another server runs on it.
    #[error("another server runs on {}", .0.display())]
    InUse(PathBuf),
    /// It cannot be made or opened.
    #[error("{}: {reason}", path.display())]
    Unusable {
        /// What cannot be used.
        path: PathBuf,
        /// The system's word.
        reason: std::io::Error,
    },
}

/// The opened storage.
#[derive(Debug)]
pub struct Storage {
    path: PathBuf,
    folder: OwnedFd,
    homes: Homes,
    /// Held while a server runs on it; the lock goes with the process, however it ends.
    _lock: Option<File>,
}

impl Storage {
    /// Opens the storage, and makes what is missing in it: folders 0700, files 0600.
    ///
    /// # Errors
    /// With `to_serve`, where another server runs on it.
    pub fn open(path: &StdPath, to_serve: bool) -> Result<Self, StorageError> {
        let unusable = |errno: Errno| StorageError::Unusable { path: path.to_path_buf(), reason: errno.into() };
        make_folders(path)?;
        let folder =
            openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(unusable)?;
        let lock = if to_serve { Some(lock(folder.as_fd(), path)?) } else { None };
        for inner in ["files", "keys"] {
            match mkdirat(&folder, inner, sys::FOLDER_MODE) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(other) => return Err(unusable(other)),
            }
        }
        // SQLite gives its companions the permissions of this file.
        let create = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        openat(&folder, DATABASE, create, sys::FILE_MODE).map_err(unusable)?;
        let files = openat(&folder, "files", sys::FOLDER, Mode::empty()).map_err(unusable)?;
        let real = std::fs::canonicalize(path)
            .map_err(|reason| StorageError::Unusable { path: path.to_path_buf(), reason })?;
        Ok(Self { homes: Homes::open_in(real, files), path: path.to_path_buf(), folder, _lock: lock })
    }

    /// The database's file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    /// The storage folder.
    #[must_use]
    pub fn path(&self) -> &StdPath {
        &self.path
    }

    /// A key of the server's own, `storage/keys/<name>`, made from `fresh` where there is none yet.
    ///
    /// # Errors
    /// The disk's, and where the file is no key.
    pub fn key(&self, name: &str, fresh: [u8; 32]) -> std::io::Result<[u8; 32]> {
        let path = self.path.join("keys").join(name);
        match std::fs::read(&path) {
            Ok(bytes) => bytes.try_into().map_err(|_| std::io::Error::other(format!("{} is no key", path.display()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                write_new(&path, |file| file.write_all(&fresh))?;
                Ok(fresh)
            }
            Err(error) => Err(error),
        }
    }

    /// Takes the homes out, for tests that resolve as another kernel would.
    #[cfg(test)]
    pub(super) fn into_homes(self) -> Homes {
        self.homes
    }

    /// People's homes.
    #[must_use]
    pub fn homes(&self) -> &Homes {
        &self.homes
    }

    /// Device and inode of what stands at a store's key; `None` for nothing.
    #[must_use]
    pub fn identify(&self, key: &[u8]) -> Option<(u64, u64)> {
        let meta = sys::stat(self.folder.as_fd(), key).ok()?;
        Some((meta.device, meta.inode))
    }

    /// Folders and files of ours that others can read or write, as `doctor` reports them.
    #[must_use]
    pub fn too_open(&self) -> Vec<String> {
        ["", "files", "keys", DATABASE]
            .into_iter()
            .filter(|name| sys::stat(self.folder.as_fd(), name.as_bytes()).is_ok_and(|meta| meta.mode & 0o077 != 0))
            .map(|name| self.path.join(name).display().to_string())
            .collect()
    }
}

/// Name of the database in the storage.
pub(super) const DATABASE: &str = "latchkey.sqlite3";

/// Makes the storage folder and the ones above it.
fn make_folders(path: &StdPath) -> Result<(), StorageError> {
    use std::os::unix::fs::DirBuilderExt;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(|reason| StorageError::Unusable { path: path.to_path_buf(), reason })
}

fn lock(folder: std::os::fd::BorrowedFd<'_>, path: &StdPath) -> Result<File, StorageError> {
    let create = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = openat(folder, "lock", create, sys::FILE_MODE)
        .map_err(|errno| StorageError::Unusable { path: path.join("lock"), reason: errno.into() })?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(File::from(file)),
        Err(Errno::WOULDBLOCK) => Err(StorageError::InUse(path.to_path_buf())),
        Err(other) => Err(StorageError::Unusable { path: path.join("lock"), reason: other.into() }),
    }
}

/// Writes a new file of ours, whole or not at all.
pub(super) fn write_new(path: &StdPath, write: impl FnOnce(&mut File) -> std::io::Result<()>) -> std::io::Result<()> {
    let mut partial = path.as_os_str().to_os_string();
    partial.push(".part");
    let create = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut file = File::from(openat(CWD, &partial, create, sys::FILE_MODE)?);
    let done = write(&mut file).and_then(|()| file.flush()).and_then(|()| file.sync_all());
    match done {
        Ok(()) => Ok(renameat(CWD, &partial, CWD, path)?),
        Err(error) => {
            std::fs::remove_file(&partial)?;
            Err(error)
        }
    }
}
