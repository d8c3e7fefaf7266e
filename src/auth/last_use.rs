//! Last uses, gathered here and written down together: at most once a minute for each application password.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::gate::Visitor;
use super::{Auth, Result};
use crate::clock::seconds;
use crate::model::{AppPassword, Time};
use crate::store::{self, app_password::Use};

/// Seconds between two notes for one application password.
const INTERVAL_S: u64 = 60;
/// Longest user agent that is kept, in characters.
const LONGEST_AGENT: usize = 200;

#[derive(Debug, Default)]
pub(super) struct LastUse(Mutex<HashMap<i64, Use>>);

impl LastUse {
    /// Notes a use, unless one was written down within the last minute or is about to be.
    pub(super) fn note(&self, row: &AppPassword, visitor: Visitor<'_>, now: Time) {
        let recent = row.last_used_at.is_some_and(|last| now < last + seconds(INTERVAL_S));
        if recent {
            return;
        }
        self.lock().entry(row.id).or_insert_with(|| Use {
            id: row.id,
            at: now,
            from: visitor.address.to_canonical().to_string(),
            agent: visitor.agent.map(|agent| agent.chars().take(LONGEST_AGENT).collect()),
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Use>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Auth {
    /// Writes the gathered uses down, in one transaction. Blocks.
    ///
    /// # Errors
    /// Where the database failed; the uses are kept for the next time.
    pub fn write_last_uses(&self) -> Result<()> {
        let noted: Vec<Use> = self.0.last_use.lock().values().cloned().collect();
        if noted.is_empty() {
            return Ok(());
        }
        self.0.store.write(|tx| noted.iter().try_for_each(|used| store::app_password::note_use(tx, used)))?;
        let mut pending = self.0.last_use.lock();
        for used in &noted {
            pending.remove(&used.id);
        }
        Ok(())
    }
}
