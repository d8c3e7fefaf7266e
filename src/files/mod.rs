//! People's files: the sandbox that every operation goes through, and the deeds that are whole or not done at all.
//!
//! Knows neither HTTP nor WebDAV nor the database. A [`Path`] is where a request points, a [`Root`] is a handle on
//! a folder nothing leads out of, a [`Place`] is a parent's handle with a name in it; all deeds start from a place.
//! All of it blocks.

#![expect(clippy::disallowed_methods, reason = "this is the door to the disk that the bans point to")]

mod archive;
mod copy;
mod home;
mod homes;
mod ledger;
mod listing;
mod meta;
mod mounts;
mod path;
mod place;
mod remove;
mod replace;
mod root;
mod spelling;
mod storage;
mod sys;
mod temporary;
mod trash;
mod upload;
mod usage;
mod walk;

#[cfg(test)]
mod tests;

pub use archive::{archive, remove_snapshot, restore, snapshot_path};
pub use copy::{copy_to_place, fingerprint};
pub use home::Sandbox;
pub use homes::{Homes, NewHome};
pub use ledger::{Ledger, Reservation, Tally, Use};
pub use listing::{Entry, Listing};
pub use meta::{Kind, Meta};
pub use path::{Path, PathError, TEMPORARY_FOLDER, encode};
pub use place::Place;
pub use replace::Replaced;
pub use root::Root;
pub use spelling::other_forms;
pub use storage::{Storage, StorageError};
pub use sys::raise_descriptor_limit;
pub use trash::Trashed;

pub use upload::Upload;
pub use usage::usage;

use rustix::io::Errno;

/// Why a deed on the disk was not done. Nothing has been changed then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is there.
    #[error("there is nothing at this address")]
    NotFound,
    /// The folder in which it should be does not exist.
    #[error("the folder above does not exist")]
    NoParent,
    /// Something is there already.
    #[error("something with this name is there already")]
    Exists,
    /// A folder stands where a file is needed.
    #[error("this is a folder")]
    IsFolder,
    /// A link leads out of the person's folder.
    #[error("a link leads out of the folder")]
    Escapes,
    /// The name is kept for the server.
    #[error("this name is reserved")]
    Reserved,
    /// A name is longer than the disk takes.
    #[error("the name is too long")]
    NameTooLong,
    /// The person's files would take more than the quota.
    #[error("your files would take more space than you may use")]
    OverQuota,
    /// A file is too large to be copied for the sake of a part of it.
    #[error("this file is too large to change a part of it: send it whole")]
    TooLargeToPatch,
    /// The disk or a quota of the system is full.
    #[error("no space is left")]
    NoSpace,
    /// The system refuses it.
    #[error("the system refuses this")]
    Denied,
    /// It is a mounted file system, or holds one.
    #[error("a file system is mounted here or beneath")]
    Mounted,
    /// Folders are nested more deeply than is copied.
    #[error("folders are nested too deeply")]
    TooDeep,
    /// The file system cannot rename this across a boundary in it.
    #[error("the file system cannot move this")]
    Boundary,
    /// It changed while it was worked on.
    #[error("it changed meanwhile")]
    Changed,
    /// The person's folder as a whole is not there, as when its disk is not mounted.
    #[error("the home folder is missing")]
    HomeMissing,
    /// Anything else.
    #[error("the disk failed: {0}")]
    Io(#[from] std::io::Error),
}

/// What every deed gives back.
pub type Result<T> = std::result::Result<T, Error>;

impl From<Errno> for Error {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::NOENT => Self::NotFound,
            Errno::NOTDIR => Self::NoParent,
            Errno::EXIST | Errno::NOTEMPTY => Self::Exists,
            Errno::ISDIR => Self::IsFolder,
            // With RESOLVE_BENEATH, EXDEV says that the way leads out; renames look at it themselves.
            Errno::XDEV => Self::Escapes,
            // Links are resolved before a deed, so one that turns up in the deed was put there meanwhile.
            Errno::LOOP | Errno::AGAIN => Self::Changed,
            Errno::NAMETOOLONG => Self::NameTooLong,
            Errno::NOSPC | Errno::DQUOT | Errno::FBIG => Self::NoSpace,
            Errno::ACCESS | Errno::PERM | Errno::ROFS => Self::Denied,
            Errno::BUSY => Self::Mounted,
            other => Self::Io(other.into()),
        }
    }
}

impl Error {
    /// The kind of an error of a rename, where EXDEV is a boundary and no way out.
    fn of_rename(errno: Errno) -> Self {
        match errno {
            Errno::XDEV => Self::Boundary,
            other => other.into(),
        }
    }

    /// The kind of an error that the standard library reports.
    fn from_io(error: std::io::Error) -> Self {
        match error.raw_os_error() {
            Some(code) => Errno::from_raw_os_error(code).into(),
            None => Self::Io(error),
        }
    }
}
