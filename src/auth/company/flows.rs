//! Sign-ins that a provider was asked for, until the browser comes back. Kept in memory: after a restart, the person
//! begins again.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;

use crate::auth::api_token::digest;
use crate::clock::seconds;
use crate::directory::oidc::Ticket;
use crate::model::{Identity, Time};
use crate::secret::PlainSecret;

/// How long the browser is waited for.
const PATIENCE: Duration = Duration::from_mins(15);
/// How long nobody is asked again.
const IN_VAIN_FOR: Duration = Duration::from_hours(24);
/// Sign-ins under way, and people, that are remembered; the oldest goes first.
const MOST: usize = 10_000;

/// What a sign-in is for.
#[derive(Debug, Clone)]
pub(super) enum Purpose {
    /// Signing in.
    SignIn,
    /// Proving anew who one is, in this session.
    Confirm { session_id: i64 },
    /// Joining the company account to the account of a link that was handed over.
    Join { token: PlainSecret },
}

/// A sign-in under way.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    /// The provider, by its name in the configuration.
    pub(super) provider: String,
    pub(super) ticket: Ticket,
    pub(super) purpose: Purpose,
    /// Where the person wanted to go.
    pub(super) next: String,
    /// Digest of the secret of the browser that it was begun in: an answer that is slipped to another is worth nothing.
    pub(super) browser: [u8; 32],
}

/// People whose provider gives no refresh token, also where they agree to it: they are not asked again for a day.
#[derive(Debug)]
pub(super) struct InVain(Mutex<LruCache<Identity, Time>>);

impl Default for InVain {
    fn default() -> Self {
        Self(Mutex::new(LruCache::unbounded()))
    }
}

impl InVain {
    pub(super) fn note(&self, identity: &Identity, now: Time) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.push(identity.clone(), now);
        while noted.len() > MOST {
            noted.pop_lru();
        }
    }

    pub(super) fn was_noted(&self, identity: &Identity, now: Time) -> bool {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.get(identity).is_some_and(|at| *at <= now && now < *at + seconds(IN_VAIN_FOR.as_secs()))
    }
}

/// All that are under way.
#[derive(Debug)]
pub(super) struct Flows(Mutex<LruCache<[u8; 32], Flow>>);

impl Default for Flows {
    fn default() -> Self {
        Self(Mutex::new(LruCache::unbounded()))
    }
}

impl Flows {
    pub(super) fn add(&self, state: &str, flow: Flow) {
        let mut flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flows.push(digest(state), flow);
        while flows.len() > MOST {
            flows.pop_lru();
        }
    }

    /// The sign-in of that state, where this browser began it; it stays.
    pub(super) fn look_at<T>(&self, state: &str, browser: &str, look: impl FnOnce(&Flow) -> T) -> Option<T> {
        let flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flows.peek(&digest(state)).filter(|flow| flow.browser == digest(browser)).map(look)
    }

    /// Takes the sign-in of that state out; it is good once, in the browser that began it, for a while.
    pub(super) fn take(&self, state: &str, provider: &str, browser: &str, now: Time) -> Option<Flow> {
        let flow = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop(&digest(state))?;
        let is_in_time = now < flow.ticket.at + seconds(PATIENCE.as_secs());
        (flow.provider == provider && flow.browser == digest(browser) && is_in_time).then_some(flow)
    }
}
