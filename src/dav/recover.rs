//! Mends what a crash left between disk and database.

use super::error::Result;
use super::{Dav, Inner};
use crate::store::pending_change::{self, Change, Kind};

impl Dav {
    /// [`Inner::recover`], before the first request.
    ///
    /// # Errors
    /// The database's.
    pub fn recover(&self) -> Result<usize> {
        self.0.recover()
    }
}

impl Inner {
    /// Finishes or forgets announced changes, by what the disk shows. Blocks.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn recover(&self) -> Result<usize> {
        let left = self.store.read(pending_change::all)?;
        for (id, change) in &left {
            let done = self.was_done(change);
            self.store.write(|tx| {
                if done {
                    pending_change::apply(tx, change)?;
                }
                pending_change::forget(tx, *id)
            })?;
        }
        Ok(left.len())
    }

    /// The inode tells: what was to come stands at the target, or what was to go stands there no more.
    fn was_done(&self, change: &Change) -> bool {
        let there = self.storage.identify(&change.target);
        let same = there == Some((change.device, change.inode));
        match change.kind {
            Kind::Copy | Kind::Move => same,
            Kind::Remove => !same,
        }
    }
}
