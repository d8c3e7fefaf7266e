//! An upload: bytes gathered beside the target, then put in its place at once (R1).

use std::cmp::Ordering;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;

use rustix::fs::{Mode, OFlags, RenameFlags, fchmod, futimens, openat, renameat, renameat_with};
use rustix::io::Errno;

use super::meta::{Kind, Meta, stamp};
use super::place::{Place, timestamps};
use super::temporary::Temporary;
use super::{Error, Result, sys};
use crate::model::Time;

/// A file that nobody sees yet. Dropped before [`Upload::commit`], it leaves no trace.
#[derive(Debug)]
pub struct Upload {
    temporary: Temporary,
    file: File,
}

/// Bytes read at a time where a file is read again.
const READ_BACK: usize = 256 * 1024;

impl Upload {
    /// Begins an upload for a place.
    ///
    /// # Errors
    /// The disk's; [`Error::IsFolder`] where a folder stands at the place.
    pub fn begin(place: &Place) -> Result<Self> {
        if place.any_meta().is_some_and(Meta::is_folder) {
            return Err(Error::IsFolder);
        }
        let mut temporary = Temporary::beside(place)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = openat(&temporary.folder, temporary.name.as_str(), flags, sys::FILE_MODE)?;
        temporary.present = true;
        Ok(Self { temporary, file: File::from(file) })
    }

    /// Begins with the bytes of what stands at the place, where something does: shared with it, where the file system
    /// can do that, otherwise copied.
    ///
    /// # Errors
    /// [`Error::TooLargeToPatch`] where more than `most` bytes would have to be copied.
    pub fn lay_over(&mut self, place: &Place, most: u64) -> Result<()> {
        if place.meta().is_none() {
            return Ok(());
        }
        let (old, meta) = place.open_file()?;
        if sys::share_bytes(self.file.as_fd(), old.as_fd()) {
            return Ok(());
        }
        if meta.size > most {
            return Err(Error::TooLargeToPatch);
        }
        sys::require_space(self.file.as_fd(), meta.size)?;
        std::io::copy(&mut old.take(meta.size), &mut self.file).map_err(Error::from_io)?;
        Ok(())
    }

    /// Sets where in the file the next bytes go.
    ///
    /// # Errors
    /// The disk's.
    pub fn seek(&mut self, position: u64) -> Result<()> {
        self.file.seek(SeekFrom::Start(position)).map_err(Error::from_io)?;
        Ok(())
    }

    /// Reads all of the file again.
    ///
    /// # Errors
    /// The disk's.
    pub fn read_back(&mut self, mut see: impl FnMut(&[u8])) -> Result<()> {
        self.seek(0)?;
        let mut piece = vec![0; READ_BACK];
        loop {
            match self.file.read(&mut piece).map_err(Error::from_io)? {
                0 => return Ok(()),
                read => see(piece.get(..read).unwrap_or_default()),
            }
        }
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// [`Error::NoSpace`] where the disk is full.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(Error::from_io)
    }

    /// Gives the file its time and permissions, and brings it to the disk where `durable`.
    ///
    /// What it replaces lends it its permissions and owner.
    ///
    /// # Errors
    /// The disk's.
    pub fn seal(&mut self, place: &Place, now: Time, modified: Option<i64>, durable: bool) -> Result<()> {
        let replaced = place.meta();
        let mode = replaced.map_or(place.home.file_mode, |old| Mode::from_raw_mode(old.mode & 0o777));
        if mode != sys::FILE_MODE {
            fchmod(&self.file, mode)?;
        }
        if let Some(old) = replaced {
            keep_owner(&self.file, old);
        }
        self.set_time(stamp(now, modified, replaced))?;
        if durable {
            rustix::fs::fsync(&self.file)?;
        }
        Ok(())
    }

    /// A time beyond what the file system can say is cut to its end, the nanoseconds with it, and the entity tag would
    /// not change any more: a second further in, they are ours again.
    fn set_time(&self, (seconds, nanos): (i64, u32)) -> Result<()> {
        futimens(&self.file, &timestamps((seconds, nanos)))?;
        let kept = sys::stat(self.file.as_fd(), b"")?.modified_s;
        match kept.cmp(&seconds) {
            Ordering::Equal => Ok(()),
            Ordering::Less => Ok(futimens(&self.file, &timestamps((kept - 1, nanos)))?),
            Ordering::Greater => Ok(futimens(&self.file, &timestamps((kept + 1, nanos)))?),
        }
    }

    /// Puts the file in its place in one step; readers see the old bytes or the new ones.
    ///
    /// # Errors
    /// With `only_new`, [`Error::Exists`] where anything stands there.
    pub fn commit(mut self, place: &mut Place, only_new: bool) -> Result<()> {
        let name = place.name.as_deref().ok_or(Error::IsFolder)?;
        let ours = self.temporary.name.as_str();
        if only_new {
            match renameat_with(&self.temporary.folder, ours, &place.folder, name, RenameFlags::NOREPLACE) {
                // The file system does not know the flag; what was just looked at has to do.
                Err(Errno::INVAL | Errno::NOSYS) if place.any_meta().is_none() => {
                    renameat(&self.temporary.folder, ours, &place.folder, name)?;
                }
                other => other.map_err(moved_away)?,
            }
        } else {
            renameat(&self.temporary.folder, ours, &place.folder, name).map_err(moved_away)?;
        }
        self.temporary.present = false;
        place.refresh()
    }

    /// Whether the file could stand in for what is at the place: a file, a link, or nothing.
    #[must_use]
    pub fn fits(place: &Place) -> bool {
        place.any_meta().is_none_or(|meta| matches!(meta.kind, Kind::File | Kind::Link))
    }
}

/// The folder was moved into another file system while the upload came in.
fn moved_away(errno: Errno) -> Error {
    if errno == Errno::XDEV { Error::Changed } else { errno.into() }
}

/// Where the process may, the new file belongs to whom the old one did; elsewhere it is the process's own.
fn keep_owner(file: &File, old: &Meta) {
    let ours = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    if old.owner != ours {
        let owner = (rustix::fs::Uid::from_raw(old.owner.0), rustix::fs::Gid::from_raw(old.owner.1));
        if rustix::fs::fchown(file, Some(owner.0), Some(owner.1)).is_err() {
            tracing::debug!("the owner of a replaced file could not be kept");
        }
    }
}

impl Place {
    /// Brings the names in this place's folder to the disk.
    ///
    /// # Errors
    /// The disk's.
    pub fn sync(&self) -> Result<()> {
        Ok(rustix::fs::fsync(&self.folder)?)
    }
}
