//! Puts one thing in another's place: the old is set aside, never deleted first (R26, R27).

use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, RenameFlags, renameat, renameat_with, unlinkat};
use rustix::io::Errno;

use super::meta::{Kind, Meta};
use super::place::Place;
use super::temporary::Temporary;
use super::{Error, Result, mounts, sys};

/// What stood at a place before. Dropping it removes it from the disk, which may take a while.
#[derive(Debug)]
#[must_use = "dropping it removes the old tree; do that where it disturbs nobody"]
pub struct Replaced {
    _aside: Option<Temporary>,
}

/// A copy that is complete and not seen by anybody yet.
#[derive(Debug)]
pub struct Made {
    pub(super) temporary: Temporary,
    pub(super) meta: Meta,
}

impl Made {
    /// What was made; its inode stays the same when it is put in place.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Puts it at `target`, in one step.
    ///
    /// # Errors
    /// The disk's; the target is as it was then.
    pub fn put(mut self, target: &mut Place) -> Result<Replaced> {
        let name = target.name.clone().ok_or(Error::Exists)?;
        mounts::refuse_within(target)?;
        let from =
            End { folder: self.temporary.folder.as_fd(), name: self.temporary.name.as_bytes(), kind: self.meta.kind };
        let swapped = swap_in(&from, target, &name)?;
        // After an exchange, the old stands under the temporary name.
        self.temporary.present = swapped == Swapped::Exchanged;
        target.refresh()?;
        match swapped {
            Swapped::Aside(aside) => Ok(Replaced { _aside: Some(aside) }),
            Swapped::Exchanged => Ok(Replaced { _aside: Some(self.temporary) }),
            Swapped::Over => Ok(Replaced { _aside: None }),
        }
    }
}

impl Place {
    /// Takes what stands here away, at once and whole.
    ///
    /// # Errors
    /// [`Error::Mounted`] where a file system is mounted here or beneath.
    pub fn remove(&mut self) -> Result<Replaced> {
        let name = self.name.clone().ok_or(Error::Denied)?;
        self.any_meta().ok_or(Error::NotFound)?;
        mounts::refuse_within(self)?;
        let mut aside = Temporary::beside(self)?;
        renameat(&self.folder, name.as_slice(), &aside.folder, aside.name.as_str())?;
        aside.present = true;
        self.refresh()?;
        Ok(Replaced { _aside: Some(aside) })
    }

    /// Whether [`Place::move_to`] can be done by renaming: both are in the same mounted file system.
    ///
    /// # Errors
    /// The system's.
    pub fn shares_mount_with(&self, other: &Self) -> Result<bool> {
        Ok(sys::mount_of(self.folder.as_fd())? == sys::mount_of(other.folder.as_fd())?)
    }

    /// Moves what stands here to `target`, within one file system.
    ///
    /// # Errors
    /// The disk's; both are as they were then.
    pub fn move_to(&mut self, target: &mut Self) -> Result<Replaced> {
        let meta = *self.any_meta().ok_or(Error::NotFound)?;
        let (name, new) = (self.name.clone().ok_or(Error::Denied)?, target.name.clone().ok_or(Error::Denied)?);
        mounts::refuse_within(self)?;
        mounts::refuse_within(target)?;
        let same = target.any_meta().is_some_and(|there| there.is_same(&meta));
        let replaced = if same {
            self.rename_to_itself(&name, target, &new)?;
            Replaced { _aside: None }
        } else {
            let from = End { folder: self.folder.as_fd(), name: &name, kind: meta.kind };
            match swap_in(&from, target, &new)? {
                Swapped::Over => Replaced { _aside: None },
                Swapped::Aside(aside) => Replaced { _aside: Some(aside) },
                Swapped::Exchanged => {
                    let mut aside = Temporary::beside(self)?;
                    renameat(&self.folder, name.as_slice(), &aside.folder, aside.name.as_str())?;
                    aside.present = true;
                    Replaced { _aside: Some(aside) }
                }
            }
        };
        self.refresh()?;
        target.refresh()?;
        Ok(replaced)
    }

    /// Both names are the same file: another case on a file system that ignores it, or two hard links.
    fn rename_to_itself(&self, name: &[u8], target: &Self, new: &[u8]) -> Result<()> {
        let lower = |name: &[u8]| String::from_utf8_lossy(name).to_lowercase();
        if lower(name) == lower(new) {
            renameat(&self.folder, name, &target.folder, new)?;
        }
        // rename(2) leaves both names of one file alone; then the old one goes by itself.
        let still_there = sys::stat(self.folder.as_fd(), name).is_ok();
        if still_there && lower(name) != lower(new) {
            unlinkat(&self.folder, name, AtFlags::empty())?;
        }
        Ok(())
    }
}

struct End<'a> {
    folder: BorrowedFd<'a>,
    name: &'a [u8],
    kind: Kind,
}

#[derive(Debug)]
enum Swapped {
    /// Nothing was there, or a file was replaced in the same step.
    Over,
    /// The old stands where the new came from.
    Exchanged,
    /// The old was set aside before.
    Aside(Temporary),
}

impl PartialEq for Swapped {
    fn eq(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Over, Self::Over) | (Self::Exchanged, Self::Exchanged))
    }
}

/// Brings `from` to the target's name; what stands there is exchanged or set aside, a file simply replaced.
fn swap_in(from: &End<'_>, target: &Place, name: &[u8]) -> Result<Swapped> {
    let rename = |flags| renameat_with(from.folder, from.name, &target.folder, name, flags);
    let Some(old) = target.any_meta() else {
        return match rename(RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS) => Ok(renameat(from.folder, from.name, &target.folder, name)?),
            other => Ok(other?),
        }
        .map(|()| Swapped::Over);
    };
    let is_leaf = |kind| matches!(kind, Kind::File | Kind::Link);
    if is_leaf(from.kind) && is_leaf(old.kind) {
        renameat(from.folder, from.name, &target.folder, name)?;
        return Ok(Swapped::Over);
    }
    match rename(RenameFlags::EXCHANGE) {
        Ok(()) => return Ok(Swapped::Exchanged),
        Err(Errno::INVAL | Errno::NOSYS) => {}
        Err(other) => return Err(other.into()),
    }
    let mut aside = Temporary::beside(target)?;
    renameat(&target.folder, name, &aside.folder, aside.name.as_str())?;
    aside.present = true;
    match renameat(from.folder, from.name, &target.folder, name) {
        Ok(()) => Ok(Swapped::Aside(aside)),
        Err(error) => {
            renameat(&aside.folder, aside.name.as_str(), &target.folder, name)?;
            aside.present = false;
            Err(error.into())
        }
    }
}
