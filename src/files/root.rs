//! A handle on a folder that nothing leads out of.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{Mode, openat};
use rustix::io::Errno;

use super::home::{HomeFolder, Sandbox, key_of};
use super::place::Place;
use super::{Error, Path, Result, sys, walk};

/// A home, or a folder in it that an application password is confined to.
#[derive(Debug, Clone)]
pub struct Root {
    home: Arc<HomeFolder>,
    /// The confining folder and its path in the home; absent for the home itself.
    inner: Option<(Arc<OwnedFd>, Path)>,
}

impl Root {
    pub(super) fn of_home(home: HomeFolder) -> Self {
        Self { home: Arc::new(home), inner: None }
    }

    /// The same, confined to a folder in it: links out of that folder fail as links out of the home do.
    ///
    /// # Errors
    /// Where there is no such folder.
    pub fn confined_to(&self, path: &Path) -> Result<Self> {
        if path.is_root() {
            return Ok(self.clone());
        }
        let place = self.find(path, true)?;
        let folder = place.open_folder()?;
        Ok(Self { home: Arc::clone(&self.home), inner: Some((Arc::new(folder), place.path().clone())) })
    }

    /// Finds the place a path points to, through links where there are some. With `follow`, a link as the last
    /// name is followed, too; without, it is the place itself.
    ///
    /// # Errors
    /// [`Error::NoParent`] where the folder of the last name is missing; a place may be empty.
    pub fn find(&self, path: &Path, follow: bool) -> Result<Place> {
        let prefix = self.prefix();
        let Some((parent, name)) = path.split_last() else {
            let folder = self.reopen()?;
            return Place::new(self.home(), folder, prefix, None);
        };
        match self.open_parent(&parent) {
            Ok(folder) => {
                let place = Place::new(self.home(), folder, prefix.join_path(&parent), Some(name.to_vec()))?;
                if !follow || !place.is_link() {
                    return Ok(place);
                }
            }
            Err(Errno::LOOP | Errno::NOSYS) => {}
            Err(Errno::NOENT | Errno::NOTDIR) => return Err(Error::NoParent),
            Err(other) => return Err(other.into()),
        }
        let found = walk::walk(self.folder(), path, follow)?;
        let place = Place::new(self.home(), found.folder, prefix.join_path(&found.folder_path), found.name)?;
        if follow && place.is_link() { Err(Error::Changed) } else { Ok(place) }
    }

    /// [`Root::find`] for a path that starts at the home, links followed.
    pub(super) fn find_in_home(&self, path: &Path) -> Result<Place> {
        self.find(&path.beneath(&self.prefix()).ok_or(Error::Escapes)?, true)
    }

    /// The key of the folder this root is, as the store names it.
    #[must_use]
    pub fn key(&self) -> Vec<u8> {
        key_of(&self.home, &self.prefix())
    }

    /// The home that it is, or is in.
    #[must_use]
    pub fn whole_home(&self) -> Self {
        Self { home: self.home(), inner: None }
    }

    /// The key of the home, as the store names it.
    #[must_use]
    pub fn home_key(&self) -> &[u8] {
        &self.home.key
    }

    /// Bytes that this process may still write to the file system the folder is in.
    ///
    /// # Errors
    /// The system's.
    pub fn free_space(&self) -> Result<u64> {
        Ok(sys::free_space(self.folder())?)
    }

    pub(super) fn home_folder(&self) -> &HomeFolder {
        &self.home
    }

    fn open_parent(&self, parent: &Path) -> std::result::Result<OwnedFd, Errno> {
        match self.home.sandbox {
            Sandbox::Openat2 => sys::open_beneath(self.folder(), parent.as_bytes()),
            Sandbox::Walk => Err(Errno::NOSYS),
        }
    }

    pub(super) fn reopen(&self) -> Result<OwnedFd> {
        Ok(openat(self.folder(), c".", sys::FOLDER, Mode::empty())?)
    }

    fn folder(&self) -> BorrowedFd<'_> {
        match &self.inner {
            Some((folder, _)) => folder.as_fd(),
            None => self.home.folder.as_fd(),
        }
    }

    fn prefix(&self) -> Path {
        self.inner.as_ref().map_or_else(Path::root, |(_, path)| path.clone())
    }

    fn home(&self) -> Arc<HomeFolder> {
        Arc::clone(&self.home)
    }
}
