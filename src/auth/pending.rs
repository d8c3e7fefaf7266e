//! Sign-ins that wait for a second factor. Kept in memory: after a restart, the person begins again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::api_token::digest;
use super::gate::Visitor;
use super::sign_in::{Browser, Entry, Proven};
use super::{Auth, SignInRefusal, SignedIn};
use crate::clock::seconds;
use crate::model::{SecondFactors, Time, User};
use crate::secret::{PlainSecret, Token};
use crate::store;

/// How long a second factor is waited for.
const PATIENCE: Duration = Duration::from_mins(10);
/// Sign-ins of one person that wait at a time; the oldest goes first.
const MOST_EACH: usize = 10;

/// All that wait.
#[derive(Debug, Default)]
pub(super) struct PendingSignIns(Mutex<HashMap<[u8; 32], Pending>>);

#[derive(Debug, Clone)]
struct Pending {
    user_id: i64,
    proven: Proven,
    until: Time,
}

impl PendingSignIns {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Pending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, token: &str, new: Pending, now: Time) {
        let mut pending = self.lock();
        pending.retain(|_, waiting| now < waiting.until);
        let own = pending.iter().filter(|(_, waiting)| waiting.user_id == new.user_id);
        let mut own: Vec<(Time, [u8; 32])> = own.map(|(key, waiting)| (waiting.until, *key)).collect();
        if own.len() >= MOST_EACH {
            own.sort_unstable();
            for (_, oldest) in own.iter().take(own.len() + 1 - MOST_EACH) {
                pending.remove(oldest);
            }
        }
        pending.insert(digest(token), new);
    }

    /// Ends those of a person whose password or second factor has changed.
    pub(super) fn end_all_of(&self, user_id: i64) {
        self.lock().retain(|_, waiting| waiting.user_id != user_id);
    }
}

impl Auth {
    pub(super) fn wait_for_second_factor(&self, user: &User, proven: Proven) -> PlainSecret {
        let token = Token::PendingSignIn.generate();
        let now = self.0.clock.now();
        let until = now + seconds(PATIENCE.as_secs());
        self.0.pending.add(token.expose(), Pending { user_id: user.id, proven, until }, now);
        token
    }

    fn pending(&self, token: &str) -> Result<(User, Proven), SignInRefusal> {
        let now = self.0.clock.now();
        let found = self.0.pending.lock().get(&digest(token)).filter(|waiting| now < waiting.until).cloned();
        let waiting = found.filter(|_| Token::PendingSignIn.is(token)).ok_or(SignInRefusal::Ended)?;
        let user = self.0.store.read(|c| {
            let user = store::user::by_id(c, waiting.user_id)?.filter(User::is_active);
            // A password that was changed meanwhile proves nothing any more.
            let holds = match (&user, waiting.proven.password) {
                (Some(user), Some(proof)) => Self::still_proves(c, user, proof)?,
                // Taken apart meanwhile, the directory's word counts no more.
                (Some(user), None) => store::identity::of_user(c, user.id)?.is_some(),
                (None, _) => false,
            };
            Ok(user.filter(|_| holds))
        });
        Ok((user?.ok_or(SignInRefusal::Ended)?, waiting.proven))
    }

    /// The person whose second factor is waited for under a token.
    ///
    /// # Errors
    /// [`SignInRefusal::Ended`]
    pub fn pending_sign_in(&self, token: &str) -> Result<(User, SecondFactors), SignInRefusal> {
        let (user, _) = self.pending(token)?;
        let factors = self.second_factors_of(&user)?;
        Ok((user, factors))
    }

    /// Checks the second factor of a sign-in that waits for it: a code of the authenticator application, or a
    /// recovery code. Blocks.
    ///
    /// # Errors
    /// See [`SignInRefusal`].
    pub fn sign_in_with_code(
        &self,
        token: &str,
        code: &str,
        browser: Browser<'_>,
        visitor: Visitor<'_>,
    ) -> Result<SignedIn, SignInRefusal> {
        let (user, _) = self.pending(token)?;
        let by = self.check_code(&user, code, browser.device, visitor)?;
        self.end_pending(token, by, browser, visitor)
    }

    /// Lets the person in, whose second factor was right; the token is good once.
    pub(super) fn end_pending(
        &self,
        token: &str,
        by: &'static str,
        browser: Browser<'_>,
        visitor: Visitor<'_>,
    ) -> Result<SignedIn, SignInRefusal> {
        let (user, proven) = self.pending(token)?;
        self.0.pending.lock().remove(&digest(token)).ok_or(SignInRefusal::Ended)?;
        self.let_in(&user, &Entry { by, proven, browser }, visitor)
    }
}
