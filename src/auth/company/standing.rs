//! What follows from a directory's word: an account is confirmed, unconfirmed, or suspended.
//!
//! Suspended, it opens nothing: the gate and the sessions look at the account on every request. Its application
//! passwords are not revoked; they work again once the directory has confirmed it.

use std::time::Duration;

use rusqlite::Transaction;

use crate::auth::rounds::server;
use crate::auth::{Auth, Result};
use crate::clock::seconds;
use crate::model::{CompanyLink, Ending, Suspension, Time, User};
use crate::store::{self, identity};

/// Longest text of a failure that is kept, in characters.
const LONGEST_FAILURE: usize = 300;

impl Auth {
    /// The directory has said that the account is alive.
    pub(super) fn found_alive(&self, tx: &Transaction<'_>, link: &mut CompanyLink, now: Time) -> Result<()> {
        link.confirmed_at = Some(now);
        link.checked_at = now;
        link.missing = 0;
        link.unconfirmed_since = None;
        link.failure = None;
        identity::update(tx, link)?;
        let Some(user) = store::user::by_id(tx, link.user_id)?.filter(|user| user.suspended.is_some()) else {
            return Ok(());
        };
        store::user::set_suspended(tx, user.id, None)?;
        tracing::info!(user = %user.name, directory = link.directory, "an account is alive again");
        self.audit_with(tx, &server(), "user.resume", Some(user.name.as_str()), None, Some(&link.directory))
    }

    /// The directory has said that the account has ended, or has confirmed it for too long no more.
    pub(super) fn end(
        &self,
        tx: &Transaction<'_>,
        link: &mut CompanyLink,
        because: Ending,
        detail: &str,
        now: Time,
    ) -> Result<()> {
        link.checked_at = now;
        link.failure = Some(short(detail));
        identity::update(tx, link)?;
        // What it was kept alive by is worth nothing any more, and the next sign-in brings another; but who was taken out of
        // a group may be put back.
        if because != Ending::NotAllowed {
            identity::set_refresh_token(tx, link.id, None)?;
        }
        let Some(user) = store::user::by_id(tx, link.user_id)? else {
            return Ok(());
        };
        if user.suspended.is_some_and(|before| before.because == because) {
            return Ok(());
        }
        let at = user.suspended.map_or(now, |before| before.at);
        store::user::set_suspended(tx, user.id, Some(Suspension { at, because }))?;
        store::session::delete_others(tx, user.id, None)?;
        store::password_link::delete_of_user(tx, user.id)?;
        tracing::warn!(user = %user.name, directory = link.directory, because = because.as_str(), "an account is suspended");
        let told = format!("{}: the company account {}", link.directory, because.told());
        self.audit_with(tx, &server(), "user.suspend", Some(user.name.as_str()), None, Some(&told))
    }

    /// The directory has answered, and has not confirmed the account: it goes on for a while.
    pub(super) fn unconfirm(
        &self,
        tx: &Transaction<'_>,
        link: &mut CompanyLink,
        why: &str,
        grace: Duration,
        now: Time,
    ) -> Result<()> {
        // A time to come is of a clock that was wrong then.
        let since = link.unconfirmed_since.filter(|since| *since <= now);
        if since.is_some_and(|since| now >= since + seconds(grace.as_secs())) {
            return self.end(tx, link, Ending::Unconfirmed, why, now);
        }
        link.checked_at = now;
        link.failure = Some(short(why));
        link.unconfirmed_since = Some(since.unwrap_or(now));
        identity::update(tx, link)?;
        if since.is_some() {
            return Ok(());
        }
        let user = store::user::by_id(tx, link.user_id)?;
        let name = user.as_ref().map(|user| user.name.as_str());
        tracing::info!(user = name, directory = link.directory, why, "an account is not confirmed any more");
        self.audit_with(tx, &server(), "user.unconfirmed", name, None, Some(&link.directory))
    }

    /// The directory was asked, and nothing follows from it.
    pub(super) fn note_asked(
        tx: &Transaction<'_>,
        link: &mut CompanyLink,
        failure: Option<&str>,
        at: Time,
    ) -> Result<()> {
        link.checked_at = at;
        link.failure = failure.map(short).or_else(|| link.failure.take());
        Ok(identity::update(tx, link)?)
    }

    /// The row as it is now, for a look that took a while; `None` where the person has signed in meanwhile, or the
    /// account has gone or was taken apart: then what was seen says nothing any more.
    pub(super) fn still(tx: &Transaction<'_>, seen: &CompanyLink) -> Result<Option<CompanyLink>> {
        let now = identity::by_id(tx, seen.id)?;
        Ok(now.filter(|now| now.signed_in_at == seen.signed_in_at && now.identity == seen.identity))
    }

    /// Whether the account comes from a directory, and from which.
    ///
    /// # Errors
    /// The database's.
    pub(in crate::auth) fn link_of(&self, user: &User) -> Result<Option<CompanyLink>> {
        Ok(self.0.store.read(|c| identity::of_user(c, user.id))?)
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST_FAILURE).collect()
}
