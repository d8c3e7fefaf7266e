//! Last uses, gathered here and written down together: at most once a minute for each application password.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::gate::Visitor;
use super::{Auth, Result};
use crate::clock::seconds;
use crate::model::{ApiToken, AppPassword, Time};
use crate::store::{self, app_password::Use};

/// Seconds between two notes for one application password.
const INTERVAL_S: u64 = 60;
/// Longest user agent that is kept, in characters.
pub(super) const LONGEST_AGENT: usize = 200;

#[derive(Debug, Default)]
pub(super) struct LastUse(Mutex<Noted>);

/// What is not written down yet.
#[derive(Debug, Default, Clone)]
struct Noted {
    passwords: HashMap<i64, Use>,
    tokens: HashMap<i64, Time>,
}

impl LastUse {
    /// Notes a use, unless one was written down within the last minute or is about to be.
    pub(super) fn note(&self, row: &AppPassword, visitor: Visitor<'_>, now: Time) {
        if is_recent(row.last_used_at, now) {
            return;
        }
        self.lock().passwords.entry(row.id).or_insert_with(|| Use {
            id: row.id,
            at: now,
            from: visitor.address.to_canonical().to_string(),
            agent: visitor.agent.map(|agent| agent.chars().take(LONGEST_AGENT).collect()),
        });
    }

    /// The same for a token of the admin API.
    pub(super) fn note_token(&self, token: &ApiToken, now: Time) {
        if !is_recent(token.last_used_at, now) {
            self.lock().tokens.entry(token.id).or_insert(now);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Auth {
    /// Writes the gathered uses down, in one transaction. Blocks.
    ///
    /// # Errors
    /// Where the database failed; the uses are kept for the next time.
    pub fn write_last_uses(&self) -> Result<()> {
        let noted = self.0.last_use.lock().clone();
        if noted.passwords.is_empty() && noted.tokens.is_empty() {
            return Ok(());
        }
        self.0.store.write(|tx| {
            noted.passwords.values().try_for_each(|used| store::app_password::note_use(tx, used))?;
            noted.tokens.iter().try_for_each(|(id, at)| store::api_token::note_use(tx, *id, *at))
        })?;
        let mut pending = self.0.last_use.lock();
        pending.passwords.retain(|id, _| !noted.passwords.contains_key(id));
        pending.tokens.retain(|id, _| !noted.tokens.contains_key(id));
        Ok(())
    }
}

fn is_recent(last: Option<Time>, now: Time) -> bool {
    last.is_some_and(|last| now < last + seconds(INTERVAL_S))
}
