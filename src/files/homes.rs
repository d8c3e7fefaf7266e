//! People's home folders: `storage/files/<name>/`, or a folder anywhere else that an administrator names.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path as StdPath, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;

use super::home::{HomeFolder, Sandbox};
use super::ledger::Ledger;
use super::root::Root;
use super::{Error, Path, Result, mounts, sys, temporary};
use crate::model::{Home, UserName};

/// All homes.
#[derive(Debug)]
pub struct Homes {
    /// `storage/`, without links.
    pub(super) storage: PathBuf,
    /// `storage/files/`
    pub(super) files: OwnedFd,
    sandbox: Sandbox,
    ledger: Ledger,
}

/// Where a new account's files shall lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewHome {
    /// A new folder in `storage/files/`.
    New,
    /// This folder, which may hold files already.
    Given(PathBuf),
}

impl Homes {
    pub(super) fn open_in(storage: PathBuf, files: OwnedFd) -> Self {
        let sandbox = if sys::probe_openat2(files.as_fd()) { Sandbox::Openat2 } else { Sandbox::Walk };
        Self { storage, files, sandbox, ledger: Ledger::default() }
    }

    /// What homes take.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How ways are resolved on this machine.
    #[must_use]
    pub fn sandbox(&self) -> Sandbox {
        self.sandbox
    }

    /// Resolves as a kernel without `openat2` would have it.
    #[cfg(test)]
    pub(super) fn without_openat2(mut self) -> Self {
        self.sandbox = Sandbox::Walk;
        self
    }

    /// A handle on a home.
    ///
    /// # Errors
    /// [`Error::HomeMissing`] where the folder is not there: it is never made anew, since an empty folder in the
    /// place of a disk that is not mounted would make clients delete their side.
    pub fn open(&self, home: &Home) -> Result<Root> {
        let missing = |errno| match errno {
            Errno::NOENT | Errno::NOTDIR | Errno::LOOP => Error::HomeMissing,
            other => other.into(),
        };
        let folder = match home {
            Home::Inside(name) => HomeFolder {
                folder: openat(&self.files, name.as_str(), sys::FOLDER, Mode::empty()).map_err(missing)?,
                key: format!("files/{name}").into_bytes(),
                sandbox: self.sandbox,
                file_mode: sys::FILE_MODE,
                folder_mode: sys::FOLDER_MODE,
            },
            Home::Outside(path) => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
                let folder = openat(CWD, path, flags, Mode::empty()).map_err(missing)?;
                let real = mounts::absolute(&folder).unwrap_or_else(|| path.clone());
                let key = real.as_os_str().as_bytes().to_vec();
                // Others may work in that folder, too: what is made there is as readable as the folder itself.
                let mode = sys::stat(folder.as_fd(), b"")?.mode;
                let file_mode = Mode::from_raw_mode(0o600 | (mode & 0o066));
                let folder_mode = Mode::from_raw_mode(0o700 | (mode & 0o077));
                HomeFolder { folder, key, sandbox: self.sandbox, file_mode, folder_mode }
            }
        };
        Ok(Root::of_home(folder))
    }

    /// Makes a home for a new account, or takes the given folder.
    ///
    /// A folder of the person's name that is there already is not theirs: the new one gets a suffix.
    ///
    /// # Errors
    /// Where the given folder is in the storage, but none of its homes.
    pub fn make(&self, name: &UserName, wanted: &NewHome) -> Result<Home> {
        match wanted {
            NewHome::New => self.make_inside(name),
            NewHome::Given(path) => self.take(path),
        }
    }

    fn make_inside(&self, name: &UserName) -> Result<Home> {
        for suffix in 1_u32.. {
            let folder = if suffix == 1 { name.to_string() } else { format!("{name}-{suffix}") };
            match mkdirat(&self.files, folder.as_str(), sys::FOLDER_MODE) {
                Ok(()) => {
                    rustix::fs::fsync(&self.files)?;
                    return Ok(Home::Inside(folder));
                }
                Err(Errno::EXIST) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Exists)
    }

    fn take(&self, path: &StdPath) -> Result<Home> {
        match mkdirat(CWD, path, sys::FOLDER_MODE) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(Errno::NOENT) => return Err(Error::NoParent),
            Err(other) => return Err(other.into()),
        }
        let real = std::fs::canonicalize(path).map_err(Error::from_io)?;
        if !std::fs::metadata(&real).map_err(Error::from_io)?.is_dir() {
            return Err(Error::NoParent);
        }
        match real.strip_prefix(&self.storage) {
            Err(_) if self.storage.starts_with(&real) => Err(Error::Reserved),
            Err(_) => Ok(Home::Outside(real)),
            Ok(within) => {
                // A home that an earlier account left behind may be given to a new one.
                let mut parts = within.iter();
                match (parts.next().and_then(|part| part.to_str()), parts.next().and_then(|part| part.to_str())) {
                    (Some("files"), Some(name)) if parts.next().is_none() => Ok(Home::Inside(name.to_owned())),
                    _ => Err(Error::Reserved),
                }
            }
        }
    }

    /// Removes what an earlier process left unfinished in a home, in every file system mounted in it.
    ///
    /// # Errors
    /// The disk's.
    pub fn sweep(&self, home: &Home) -> Result<usize> {
        let root = self.open(home)?;
        let folder = root.home_folder();
        let mut swept = temporary::sweep(folder, &Path::root())?;
        let Some(absolute) = mounts::absolute(&folder.folder) else {
            return Ok(swept);
        };
        for mounted in mounts::beneath(&absolute) {
            let Ok(within) = mounted.strip_prefix(&absolute) else {
                continue;
            };
            let mut path = Path::root();
            for part in within {
                path = path.join(part.as_bytes());
            }
            swept += temporary::sweep(folder, &path)?;
        }
        Ok(swept)
    }
}
