//! What is not finished yet, or on its way out: entries of the one hidden folder per mounted file system.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;

use rustix::fs::{AtFlags, Dir, Mode, mkdirat, openat, unlinkat};
use rustix::io::Errno;

use super::path::TEMPORARY_FOLDER;
use super::place::Place;
use super::root::HomeFolder;
use super::{Path, Result, sys, tree};
use crate::secret;

/// An entry of the hidden folder; removed with all beneath it when dropped, unless it was put in place.
#[derive(Debug)]
pub(super) struct Temporary {
    pub(super) folder: OwnedFd,
    pub(super) name: String,
    /// Whether something stands at the name that is ours to remove.
    pub(super) present: bool,
}

impl Temporary {
    /// A name that nothing stands at yet, in the file system of `place`.
    pub(super) fn beside(place: &Place) -> Result<Self> {
        let folder = folder_for(place)?;
        let chance = secret::random::<8>().map(|byte| format!("{byte:02x}")).concat();
        Ok(Self { folder, name: format!("{}-{chance}", own_mark()), present: false })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.present {
            return;
        }
        if let Err(error) = tree::remove(self.folder.as_fd(), self.name.as_bytes()) {
            tracing::warn!(%error, "a temporary file stays until the next start");
        }
    }
}

/// Marks this process's entries, so that the sweep at the start leaves uploads alone that have begun since.
fn own_mark() -> &'static str {
    static MARK: OnceLock<String> = OnceLock::new();
    MARK.get_or_init(|| secret::random::<6>().map(|byte| format!("{byte:02x}")).concat())
}

/// The hidden folder of the mounted file system that `place` is in, made where it is missing.
///
/// It stands in the topmost folder of the home that is in the same mount, since a rename works within one only.
fn folder_for(place: &Place) -> Result<OwnedFd> {
    let home = &place.home;
    let mount = sys::mount_of(place.folder.as_fd())?;
    if sys::mount_of(home.folder.as_fd())? == mount {
        return open_in(&home.folder);
    }
    let mut top = None;
    let mut path = place.path().split_last().map(|(parent, _)| parent);
    while let Some(here) = path {
        let folder = home.open(&here)?;
        if sys::mount_of(folder.as_fd())? != mount {
            break;
        }
        path = here.split_last().map(|(parent, _)| parent);
        top = Some(folder);
    }
    open_in(top.as_ref().unwrap_or(&place.folder))
}

fn open_in(folder: &OwnedFd) -> Result<OwnedFd> {
    match openat(folder, TEMPORARY_FOLDER, sys::FOLDER, Mode::empty()) {
        Err(Errno::NOENT) => {
            match mkdirat(folder, TEMPORARY_FOLDER, sys::FOLDER_MODE) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(other) => return Err(other.into()),
            }
            Ok(openat(folder, TEMPORARY_FOLDER, sys::FOLDER, Mode::empty())?)
        }
        other => Ok(other?),
    }
}

/// Removes what an earlier process left in the hidden folder of `path` in the home, and the folder if it is empty.
pub(super) fn sweep(home: &HomeFolder, path: &Path) -> Result<usize> {
    let parent = home.open(path)?;
    let folder = match openat(&parent, TEMPORARY_FOLDER, sys::FOLDER, Mode::empty()) {
        Ok(folder) => folder,
        Err(Errno::NOENT) => return Ok(0),
        Err(other) => return Err(other.into()),
    };
    let mut swept = 0;
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if matches!(name, b"." | b"..") || name.starts_with(own_mark().as_bytes()) {
            continue;
        }
        tree::remove(folder.as_fd(), name)?;
        swept += 1;
    }
    match unlinkat(&parent, TEMPORARY_FOLDER, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOTEMPTY | Errno::NOENT) => Ok(swept),
        Err(other) => Err(other.into()),
    }
}
