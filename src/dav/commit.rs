//! The moment at which a deed happens: preconditions and locks are looked at once more, and nobody else is between.
//!
//! What takes long (receiving, copying, bringing to the disk, removing the old) is done before or after. Properties
//! and locks follow a deed by way of the table `pending_change`, so that a crash between disk and database is mended
//! at the next start.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Inner;
use super::error::{Error, Result};
use crate::store::pending_change::{self, Change, Kind};
use crate::store::{self, lock, property, sync};

/// Held for the few system calls of a commit. What it guards: whether an announced change could not be written down
/// after it was done.
#[derive(Debug, Default)]
pub(super) struct CommitLock(Mutex<Unsettled>);

#[derive(Debug, Default)]
pub(super) struct Unsettled(bool);

impl Inner {
    /// Notes that a resource is to come into being, where clients synchronise: who made it is told of its end, though
    /// nobody may have asked between the two (RFC 6578 §3.5.2).
    fn expect(&self, key: &[u8], source: Option<&[u8]>) -> Result<()> {
        if self.store.read(|c| sync::is_in_tree(c, key))? {
            self.store.write(|tx| sync::expect(tx, key, source)).map_err(|error: store::Error| Error::from(error))?;
        }
        Ok(())
    }

    /// Begins a commit. A change that the database could not take before is settled first: otherwise its properties
    /// might be taken for those of what comes now.
    pub(super) fn begin_commit(&self) -> Result<MutexGuard<'_, Unsettled>> {
        let mut commit = self.commit.0.lock().unwrap_or_else(PoisonError::into_inner);
        if commit.0 {
            self.recover()?;
            commit.0 = false;
        }
        Ok(commit)
    }

    /// Does a deed on the disk that properties and locks follow.
    pub(super) fn with_followers<T>(
        &self,
        commit: &mut Unsettled,
        change: &Change,
        deed: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        if change.kind != Kind::Remove {
            self.expect(&change.target, Some(&change.source))?;
        }
        let now = self.clock.now();
        let any = self.store.read(|c| {
            let followers =
                pending_change::any_notes(c, &change.source)? || pending_change::any_notes(c, &change.target)?;
            Ok(followers || lock::any(c, now)?)
        })?;
        if !any {
            return deed();
        }
        let id = self.store.write(|tx| pending_change::announce(tx, change))?;
        match deed() {
            Ok(value) => {
                commit.0 = true;
                self.store.write(|tx| {
                    pending_change::apply(tx, change)?;
                    pending_change::forget(tx, id)
                })?;
                commit.0 = false;
                Ok(value)
            }
            Err(error) => {
                // Left announced, it would be judged by the inode at the next start: not done, so forgotten.
                if let Err(failed) = self.store.write(|tx| pending_change::forget(tx, id)) {
                    tracing::warn!(error = %failed, "an announced change could not be withdrawn");
                }
                Err(error)
            }
        }
    }

    /// A resource that comes into being has no properties, whatever another program deleted there before.
    pub(super) fn forget_stale_properties(&self, key: &[u8]) -> Result<()> {
        self.expect(key, None)?;
        if self.store.read(|c| property::any_in_tree(c, key))? {
            self.store.write(|tx| property::delete_tree(tx, key)).map_err(|error: store::Error| Error::from(error))?;
        }
        Ok(())
    }
}
