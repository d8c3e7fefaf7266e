//! `storage/trash/`: homes of accounts that are no more, until somebody who has the disk at hand removes them.

use std::os::fd::OwnedFd;

use rustix::fs::{CWD, Mode, fsync, mkdirat, openat, renameat};
use rustix::io::Errno;

use super::homes::Homes;
use super::{Error, Result, sys};

/// Its name in the storage.
pub(super) const TRASH: &str = "trash";

/// A home that lies in the trash.
#[derive(Debug)]
pub struct Trashed {
    /// Its name in `storage/files/` until then.
    home: String,
    /// Its name in `storage/trash/`.
    name: String,
}

impl Trashed {
    /// Where it is now, as people write it.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("storage/{TRASH}/{}", self.name)
    }
}

impl Homes {
    /// Moves a home of the storage to the trash, whole, under its name and a mark.
    ///
    /// # Errors
    /// [`Error::HomeMissing`] where it is not there; [`Error::Mounted`] or [`Error::Boundary`] where it is a file system
    /// of its own.
    pub fn move_to_trash(&self, home: &str, mark: &str) -> Result<Trashed> {
        let trash = self.open_trash()?;
        for attempt in 1_u32.. {
            let name = if attempt == 1 { format!("{home}-{mark}") } else { format!("{home}-{mark}-{attempt}") };
            // Taken first, so that nothing that lies there is replaced: a folder takes the place of an empty one alone.
            match mkdirat(&trash, name.as_str(), sys::FOLDER_MODE) {
                Ok(()) => {}
                Err(Errno::EXIST) => continue,
                Err(other) => return Err(other.into()),
            }
            if let Err(errno) = renameat(&self.files, home, &trash, name.as_str()) {
                let _ = rustix::fs::unlinkat(&trash, name.as_str(), rustix::fs::AtFlags::REMOVEDIR);
                return Err(match errno {
                    Errno::NOENT | Errno::NOTDIR => Error::HomeMissing,
                    other => Error::of_rename(other),
                });
            }
            fsync(&trash)?;
            fsync(&self.files)?;
            return Ok(Trashed { home: home.to_owned(), name });
        }
        Err(Error::Exists)
    }

    /// Puts a home back where it was, since the account stays after all.
    ///
    /// # Errors
    /// The disk's.
    pub fn take_from_trash(&self, trashed: &Trashed) -> Result<()> {
        let trash = self.open_trash()?;
        renameat(&trash, trashed.name.as_str(), &self.files, trashed.home.as_str()).map_err(Error::of_rename)?;
        fsync(&self.files)?;
        Ok(fsync(&trash)?)
    }

    fn open_trash(&self) -> Result<OwnedFd> {
        let storage = openat(CWD, &self.storage, sys::FOLDER, Mode::empty())?;
        match mkdirat(&storage, TRASH, sys::FOLDER_MODE) {
            Ok(()) => fsync(&storage)?,
            Err(Errno::EXIST) => {}
            Err(other) => return Err(other.into()),
        }
        Ok(openat(&storage, TRASH, sys::FOLDER, Mode::empty())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{NewHome, Storage};
    use crate::model::{Home, UserName};

    #[test]
    fn a_home_goes_to_the_trash_whole_and_comes_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let storage = folder.path().join("storage");
        let homes = Storage::open(&storage, false).expect("a storage").into_homes();
        let name = UserName::parse("alice").expect("a name");
        homes.make(&name, &NewHome::New).expect("made");
        std::fs::write(storage.join("files/alice/f"), "x").expect("written");
        let first = homes.move_to_trash("alice", "20261124").expect("moved");
        assert_eq!(first.shown(), "storage/trash/alice-20261124");
        assert!(storage.join("trash/alice-20261124/f").is_file() && !storage.join("files/alice").exists());
        assert!(matches!(homes.move_to_trash("alice", "20261124"), Err(Error::HomeMissing)));
        assert_eq!(
            std::fs::read_dir(storage.join("trash")).expect("read").count(),
            1,
            "nothing is left of the attempt"
        );
        homes.make(&name, &NewHome::New).expect("made");
        let second = homes.move_to_trash("alice", "20261124").expect("moved");
        assert_eq!(second.shown(), "storage/trash/alice-20261124-2", "what lies there stays");
        homes.take_from_trash(&first).expect("back");
        assert!(storage.join("files/alice/f").is_file());
        assert!(homes.open(&Home::Inside("alice".to_owned())).is_ok());
    }
}
