//! Looking after the accounts of directories: are they alive still?
//!
//! Each directory is looked after by itself, so one that does not answer holds no other up. What it says is written
//! down by [`super::standing`]; that it does not answer is written down for administrators, and nothing follows from it.

use std::sync::PoisonError;
use std::time::Duration;

use crate::auth::{Auth, Error, Result};
use crate::clock::seconds;
use crate::directory::Unreachable;
use crate::model::{DirectoryKind, DirectoryState, Time};
use crate::store::identity;

/// How soon a directory that did not answer is asked again, at the latest.
const AGAIN: Duration = Duration::from_mins(1);

/// A directory of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DirectoryRef {
    /// How it is spoken to.
    pub kind: DirectoryKind,
    /// Its name in the configuration.
    pub name: String,
}

impl Auth {
    /// The directories to look after.
    #[must_use]
    pub fn directory_refs(&self) -> Vec<DirectoryRef> {
        let all = &self.0.company.directories;
        let oidc = all.oidc().iter().map(|one| (DirectoryKind::Oidc, &one.config().common.name));
        let ldap = all.ldap().iter().map(|one| (DirectoryKind::Ldap, &one.config().common.name));
        oidc.chain(ldap).map(|(kind, name)| DirectoryRef { kind, name: name.clone() }).collect()
    }

    /// Looks at a directory's accounts where that is due.
    ///
    /// # Errors
    /// The database's; a directory that does not answer is none.
    pub async fn look_after(&self, directory: &DirectoryRef) -> Result<()> {
        let now = self.0.clock.now();
        let is_later = {
            let passes = self.0.company.passes.lock().unwrap_or_else(PoisonError::into_inner);
            // A time far ahead is of a clock that was wrong then.
            passes.get(directory).is_some_and(|next| now < *next && *next <= now + seconds(AGAIN.as_secs()))
        };
        if is_later {
            return Ok(());
        }
        let answered = match directory.kind {
            DirectoryKind::Ldap => self.pass_ldap(directory).await?,
            DirectoryKind::Oidc => self.pass_oidc(directory).await?,
        };
        if let Err(error) = answered {
            self.note_silence(directory, &error).await?;
        }
        Ok(())
    }

    /// Writes down that a directory does not answer, and when it is asked again.
    async fn note_silence(&self, directory: &DirectoryRef, error: &Unreachable) -> Result<()> {
        let now = self.0.clock.now_in_millis();
        let recheck = self.0.company.common(directory.kind, &directory.name).map_or(AGAIN, |common| common.recheck);
        let next = now + seconds(recheck.min(AGAIN).as_secs().max(1));
        self.0.company.passes.lock().unwrap_or_else(PoisonError::into_inner).insert(directory.clone(), next);
        let reason = error.reason.clone();
        let before = self.change_state(directory, move |state| {
            let since = state.failing.as_ref().map_or(now, |(since, _)| *since);
            state.failing = Some((since, reason));
        });
        if before.await?.failing.is_none() {
            tracing::warn!(
                directory = error.label,
                reason = error.reason,
                "a directory does not answer: nothing ends by that"
            );
        }
        Ok(())
    }

    /// Writes down that a directory answered.
    pub(super) async fn note_heard(&self, directory: &DirectoryRef, is_whole_pass: bool, now: Time) -> Result<()> {
        let before = self.change_state(directory, move |state| {
            state.answered_at = Some(now);
            state.failing = None;
            if is_whole_pass {
                state.passed_at = Some(now);
            }
        });
        if before.await?.failing.is_some() {
            tracing::info!(directory = directory.name, "a directory answers again");
        }
        Ok(())
    }

    /// Changes what is known of a directory, and gives what was known before.
    pub(super) async fn change_state(
        &self,
        directory: &DirectoryRef,
        change: impl FnOnce(&mut DirectoryState) + Send + 'static,
    ) -> Result<DirectoryState> {
        let directory = directory.clone();
        self.off_thread(move |auth| {
            auth.0.store.write(|tx| {
                let before = identity::state(tx, directory.kind, &directory.name)?;
                let mut state = before.clone();
                change(&mut state);
                identity::set_state(tx, directory.kind, &directory.name, &state)?;
                Ok(before)
            })
        })
        .await
    }

    /// Runs what writes to the database off the async threads.
    pub(super) async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let auth = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&auth)).await;
        done.unwrap_or_else(|error| Err(Error::Hash(format!("a task was given up: {error}"))))
    }
}
