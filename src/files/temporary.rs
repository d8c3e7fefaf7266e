//! What is not finished yet, or on its way out: entries of the one hidden folder per mounted file system.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::OnceLock;

use rustix::fs::{AtFlags, Dir, Mode, mkdirat, openat, readlinkat, renameat, symlinkat, unlinkat};
use rustix::io::Errno;

use super::home::HomeFolder;
use super::path::TEMPORARY_FOLDER;
use super::place::Place;
use super::{Path, Result, remove, sys};
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
        if let Err(error) = remove::remove(self.folder.as_fd(), self.name.as_bytes()) {
            tracing::warn!(%error, "a temporary file stays until the next start");
        }
    }
}

/// Prefix of what is kept until its place is taken; see [`Kept`].
const KEPT: &str = "kept-";
/// Suffix of the link beside it that says where it belongs, as a path in the home.
const WHERE: &str = ".where";

/// Something set aside that must not be lost until what replaces it is in place: a crash leaves it with a note of
/// where it belongs, and the sweep puts it back.
#[derive(Debug)]
pub(super) struct Kept {
    temporary: Temporary,
}

impl Kept {
    /// Sets aside what stands at a place.
    pub(super) fn set_aside(place: &Place) -> Result<Self> {
        let mut temporary = Temporary::beside(place)?;
        temporary.name = format!("{KEPT}{}", temporary.name);
        let name = place.name.as_deref().unwrap_or(b".");
        symlinkat(place.path().as_bytes(), &temporary.folder, note_of(&temporary.name))?;
        if let Err(error) = renameat(&place.folder, name, &temporary.folder, temporary.name.as_str()) {
            unlinkat(&temporary.folder, note_of(&temporary.name), AtFlags::empty())?;
            return Err(error.into());
        }
        Ok(Self { temporary })
    }

    /// Its place is taken: from now on it may go.
    pub(super) fn give_up(mut self) -> Temporary {
        if unlinkat(&self.temporary.folder, note_of(&self.temporary.name), AtFlags::empty()).is_ok() {
            self.temporary.present = true;
        }
        self.temporary
    }

    /// Puts it back where it stood.
    pub(super) fn put_back(self, place: &Place) -> Result<()> {
        let name = place.name.as_deref().unwrap_or(b".");
        renameat(&self.temporary.folder, self.temporary.name.as_str(), &place.folder, name)?;
        Ok(unlinkat(&self.temporary.folder, note_of(&self.temporary.name), AtFlags::empty())?)
    }
}

fn note_of(kept: &str) -> String {
    format!("{kept}{WHERE}")
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

/// Removes what an earlier process left in the hidden folder of `path` in the home; what was kept goes back first.
///
/// The folder itself stays: an upload may just be about to use it.
pub(super) fn sweep(home: &HomeFolder, path: &Path) -> Result<usize> {
    let parent = home.open(path)?;
    let folder = match openat(&parent, TEMPORARY_FOLDER, sys::FOLDER, Mode::empty()) {
        Ok(folder) => folder,
        Err(Errno::NOENT) => return Ok(0),
        Err(other) => return Err(other.into()),
    };
    let mut names = Vec::new();
    for entry in Dir::read_from(&folder)? {
        let name = entry?.file_name().to_bytes().to_vec();
        let is_own = name.strip_prefix(KEPT.as_bytes()).unwrap_or(&name).starts_with(own_mark().as_bytes());
        if !matches!(name.as_slice(), b"." | b"..") && !is_own {
            names.push(name);
        }
    }
    for note in names.iter().filter(|name| name.ends_with(WHERE.as_bytes())) {
        restore(home, &folder, note)?;
    }
    for name in &names {
        remove::remove(folder.as_fd(), name)?;
    }
    Ok(names.len())
}

/// Puts back what was kept, unless its place is taken: then the deed was done.
fn restore(home: &HomeFolder, folder: &OwnedFd, note: &[u8]) -> Result<()> {
    let Some(kept) = note.strip_suffix(WHERE.as_bytes()) else {
        return Ok(());
    };
    let belongs = Path::root().join(&readlinkat(folder, note, Vec::new())?.into_bytes());
    let Some((parent, name)) = belongs.split_last() else {
        return Ok(());
    };
    let parent = home.open(&parent)?;
    match sys::stat(parent.as_fd(), name) {
        Err(Errno::NOENT) => match renameat(folder, kept, &parent, name) {
            Ok(()) => tracing::warn!(path = %belongs.to_plain(), "an interrupted replacement was undone"),
            // It was never set aside, or is back already.
            Err(Errno::NOENT) => {}
            Err(other) => return Err(other.into()),
        },
        Err(other) => return Err(other.into()),
        Ok(_) => {}
    }
    Ok(())
}
