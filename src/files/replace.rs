//! Puts one thing in another's place: the old is set aside, never deleted first (R26, R27).

use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{AtFlags, RenameFlags, renameat, renameat_with, unlinkat};
use rustix::io::Errno;

use super::copy::Made;
use super::meta::{Kind, Meta};
use super::place::Place;
use super::temporary::{Kept, Temporary};
use super::{Error, Result, mounts, remove, sys};

/// What stood at a place before. Dropping it removes it from the disk, which may take a while.
#[derive(Debug)]
#[must_use = "dropping it removes the old tree; do that where it disturbs nobody"]
pub struct Replaced {
    _aside: Option<Temporary>,
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
        let swapped = swap_in(&from, target, &name).map_err(changed_mount)?;
        // After an exchange, the old stands under the temporary name.
        self.temporary.present = matches!(swapped, Swapped::Exchanged);
        target.refresh()?;
        match swapped {
            Swapped::Aside(aside) => Ok(Replaced { _aside: Some(aside) }),
            Swapped::Exchanged => Ok(Replaced { _aside: Some(self.temporary) }),
            Swapped::Over => Ok(Replaced { _aside: None }),
        }
    }
}

/// The target's folder was moved into another file system while the copy was made.
fn changed_mount(error: Error) -> Error {
    match error {
        Error::Boundary => Error::Changed,
        other => other,
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
        match renameat(&self.folder, name.as_slice(), &aside.folder, aside.name.as_str()) {
            Ok(()) => aside.present = true,
            // A folder of an overlay's lower layer cannot be renamed: it goes piece by piece.
            Err(Errno::XDEV) => remove::remove_in_place(self.folder.as_fd(), &name, 0)?,
            Err(other) => return Err(other.into()),
        }
        self.refresh()?;
        Ok(Replaced { _aside: Some(aside) })
    }

    /// Whether [`Place::move_to`] can be done by renaming: both are in the same mounted file system.
    ///
    /// # Errors
    /// The system's.
    pub fn shares_mount_with(&self, other: &Self) -> Result<bool> {
        let mount = |place: &Self| -> Result<(u64, u64)> {
            Ok((sys::mount_of(place.folder.as_fd())?, sys::stat(place.folder.as_fd(), b"")?.device))
        };
        Ok(mount(self)? == mount(other)?)
    }

    /// Moves what stands here to `target`, within one file system.
    ///
    /// # Errors
    /// [`Error::Boundary`] where the file system cannot; both are as they were after any error.
    pub fn move_to(&mut self, target: &mut Self) -> Result<Replaced> {
        let meta = *self.any_meta().ok_or(Error::NotFound)?;
        let (name, new) = (self.name.clone().ok_or(Error::Denied)?, target.name.clone().ok_or(Error::Denied)?);
        mounts::refuse_within(self)?;
        mounts::refuse_within(target)?;
        if target.any_meta().is_some_and(|there| there.is_same(&meta)) {
            self.rename_to_itself(&name, target, &new)?;
            self.refresh()?;
            target.refresh()?;
            return Ok(Replaced { _aside: None });
        }
        // Taken beforehand: after an exchange, nothing must fail that could be done before it.
        let mut aside = Temporary::beside(self)?;
        let from = End { folder: self.folder.as_fd(), name: &name, kind: meta.kind };
        let replaced = match swap_in(&from, target, &new)? {
            Swapped::Over => Replaced { _aside: None },
            Swapped::Aside(aside) => Replaced { _aside: Some(aside) },
            Swapped::Exchanged => {
                match renameat(&self.folder, name.as_slice(), &aside.folder, aside.name.as_str()) {
                    Ok(()) => aside.present = true,
                    Err(error) => {
                        let exchange = RenameFlags::EXCHANGE;
                        renameat_with(&self.folder, name.as_slice(), &target.folder, new.as_slice(), exchange)?;
                        return Err(Error::of_rename(error));
                    }
                }
                Replaced { _aside: Some(aside) }
            }
        };
        self.refresh()?;
        target.refresh()?;
        Ok(replaced)
    }

    /// Both names are the same file: another case on a file system that ignores it, or two hard links.
    fn rename_to_itself(&self, name: &[u8], target: &Self, new: &[u8]) -> Result<()> {
        let lower = |name: &[u8]| String::from_utf8_lossy(name).to_lowercase();
        let same_folder = sys::stat(self.folder.as_fd(), b"")?.is_same(&sys::stat(target.folder.as_fd(), b"")?);
        if same_folder && lower(name) == lower(new) {
            renameat(&self.folder, name, &target.folder, new)?;
        } else {
            // rename(2) leaves both names of one file alone; the old one goes by itself.
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

/// Brings `from` to the target's name; what stands there is exchanged or set aside, a file simply replaced.
fn swap_in(from: &End<'_>, target: &Place, name: &[u8]) -> Result<Swapped> {
    let rename = |flags| renameat_with(from.folder, from.name, &target.folder, name, flags);
    let Some(old) = target.any_meta() else {
        return match rename(RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS) => renameat(from.folder, from.name, &target.folder, name),
            other => other,
        }
        .map(|()| Swapped::Over)
        .map_err(Error::of_rename);
    };
    let is_leaf = |kind| matches!(kind, Kind::File | Kind::Link);
    if is_leaf(from.kind) && is_leaf(old.kind) {
        renameat(from.folder, from.name, &target.folder, name).map_err(Error::of_rename)?;
        return Ok(Swapped::Over);
    }
    match rename(RenameFlags::EXCHANGE) {
        Ok(()) => return Ok(Swapped::Exchanged),
        Err(Errno::INVAL | Errno::NOSYS) => {}
        Err(other) => return Err(Error::of_rename(other)),
    }
    // Without an exchange there is a moment at which nothing is there; a crash in it is mended by the sweep, which
    // finds the kept old and puts it back.
    let kept = Kept::set_aside(target)?;
    match renameat(from.folder, from.name, &target.folder, name) {
        Ok(()) => Ok(Swapped::Aside(kept.give_up())),
        Err(error) => {
            kept.put_back(target)?;
            Err(Error::of_rename(error))
        }
    }
}
