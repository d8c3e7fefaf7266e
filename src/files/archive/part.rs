//! The folder that a backup is unpacked into before it becomes the storage, all at once.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, fsync, mkdirat, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::{chance, named, refusal};
use crate::files::storage::DATABASE;
use crate::files::{remove, sys};

/// A storage in the making; removed with all in it when dropped, unless it was put in place.
pub(super) struct Part {
    /// The folder it stands in.
    parent: OwnedFd,
    parent_path: PathBuf,
    name: OsString,
    /// Itself.
    pub(super) folder: OwnedFd,
    /// The name it gets in the end; absent where what is in it moves up into the folder it stands in.
    goal: Option<OsString>,
    finished: bool,
    /// Dropped after all the rest, when the folders are empty again.
    _above: Above,
}

impl Part {
    /// Makes one for a storage that does not exist or is an empty folder.
    ///
    /// It stands beside the storage, so that one rename ends the restore. Where that cannot be, since the storage is a
    /// mounted file system or nobody may write beside it, it stands within.
    pub(super) fn make(storage: &Path) -> io::Result<Self> {
        let mut above = Above(Vec::new());
        let path = resolve(storage, &mut above).map_err(|error| named(storage.display(), error))?;
        let (Some(parent_path), Some(goal)) = (path.parent(), path.file_name()) else {
            return Err(not_empty(&path));
        };
        let by_path = |errno: Errno| named(path.display(), errno);
        let there = match open(&path) {
            Ok(folder) if is_empty(&folder, None).map_err(by_path)? => Some(folder),
            Ok(_) => return Err(not_empty(&path)),
            Err(Errno::NOENT) => None,
            Err(other) => return Err(by_path(other)),
        };
        let parent = open(parent_path).map_err(|errno| named(parent_path.display(), errno))?;
        let mut name = goal.to_os_string();
        name.push(format!(".part-{}", chance()));
        let beside = match &there {
            Some(folder) if !same_mount(folder, &parent).map_err(by_path)? => Err(Errno::XDEV),
            _ => mkdirat(&parent, &name, sys::FOLDER_MODE),
        };
        let (parent, parent_path, name, goal) = match (beside, there) {
            (Ok(()), _) => (parent, parent_path.to_path_buf(), name, Some(goal.to_os_string())),
            (Err(Errno::XDEV | Errno::ACCESS | Errno::PERM | Errno::ROFS), Some(folder)) => {
                let name = OsString::from(format!(".part-{}", chance()));
                mkdirat(&folder, &name, sys::FOLDER_MODE).map_err(by_path)?;
                (folder, path, name, None)
            }
            (Err(other), _) => return Err(named(parent_path.display(), other)),
        };
        let folder = openat(&parent, &name, sys::FOLDER, Mode::empty())
            .map_err(|errno| named(parent_path.join(&name).display(), errno))?;
        Ok(Self { parent, parent_path, name, folder, goal, finished: false, _above: above })
    }

    /// Where it is until then.
    pub(super) fn path(&self) -> PathBuf {
        self.parent_path.join(&self.name)
    }

    /// Makes it the storage, and tells where that is.
    pub(super) fn put_in_place(mut self) -> io::Result<PathBuf> {
        let path = self.goal.as_ref().map_or_else(|| self.parent_path.clone(), |goal| self.parent_path.join(goal));
        let done = match &self.goal {
            // It replaces an empty folder, and nothing else.
            Some(goal) => fsync(&self.folder).and_then(|()| renameat(&self.parent, &self.name, &self.parent, goal)),
            None => self.move_up(),
        };
        match done.and_then(|()| fsync(&self.parent)) {
            Ok(()) => {
                self.finished = true;
                Ok(path)
            }
            Err(Errno::NOTEMPTY | Errno::EXIST) => Err(not_empty(&path)),
            Err(other) => Err(named(path.display(), other)),
        }
    }

    /// Moves everything one folder up, the database last: until it is there, there is nobody to serve.
    fn move_up(&self) -> Result<(), Errno> {
        if !is_empty(&self.parent, Some(self.name.as_bytes()))? {
            return Err(Errno::NOTEMPTY);
        }
        let mut names = names(&self.folder)?;
        names.sort_by_key(|name| name == DATABASE.as_bytes());
        for name in names {
            renameat(&self.folder, name.as_slice(), &self.parent, name.as_slice())?;
        }
        unlinkat(&self.parent, &self.name, AtFlags::REMOVEDIR)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        if let Err(error) = remove::remove(self.parent.as_fd(), self.name.as_bytes()) {
            tracing::warn!(%error, path = %self.path().display(), "an unfinished restore could not be removed");
        }
    }
}

/// Folders above the storage that were made for it. They go again when dropped, unless anything is in them by then.
struct Above(Vec<PathBuf>);

impl Above {
    fn make(&mut self, folder: &Path) -> io::Result<()> {
        if folder.as_os_str().is_empty() || folder.is_dir() {
            return Ok(());
        }
        let parent = folder.parent().unwrap_or_else(|| Path::new(""));
        self.make(parent)?;
        std::fs::DirBuilder::new().mode(0o700).create(folder)?;
        self.0.push(folder.to_path_buf());
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        Ok(fsync(open(parent)?)?)
    }
}

impl Drop for Above {
    fn drop(&mut self) {
        for folder in self.0.iter().rev() {
            if std::fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }
}

/// The path of the storage without links and `..`, whether it is there or not.
fn resolve(storage: &Path, above: &mut Above) -> io::Result<PathBuf> {
    if storage.symlink_metadata().is_ok() {
        return std::fs::canonicalize(storage);
    }
    let name = storage.file_name().ok_or_else(|| refusal("this is no name for a folder"))?;
    let parent = storage.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    above.make(parent)?;
    Ok(std::fs::canonicalize(parent)?.join(name))
}

fn open(path: &Path) -> Result<OwnedFd, Errno> {
    openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn same_mount(one: &OwnedFd, other: &OwnedFd) -> Result<bool, Errno> {
    Ok(sys::mount_of(one.as_fd())? == sys::mount_of(other.as_fd())?)
}

fn is_empty(folder: &OwnedFd, but: Option<&[u8]>) -> Result<bool, Errno> {
    Ok(names(folder)?.iter().all(|name| Some(name.as_slice()) == but))
}

fn names(folder: &OwnedFd) -> Result<Vec<Vec<u8>>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if !matches!(name.as_slice(), b"." | b"..") {
            names.push(name);
        }
    }
    Ok(names)
}

fn not_empty(path: &Path) -> io::Error {
    named(path.display(), refusal("is not empty: restore into a new folder"))
}
