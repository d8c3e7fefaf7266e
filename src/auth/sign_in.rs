//! Signing in to the pages: name and password, then the second factor where one is bound.
//!
//! A stranger cannot lock a person out: wrong passwords are counted per client network, and per account only for
//! browsers from which that person has not signed in before; those are counted each by itself. An unknown account
//! costs and is told the same as a known one (S8).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::api_token::digest;
use super::gate::Visitor;
use super::network::ClientNetwork;
use super::session::NewToken;
use super::{Actor, Auth, Error, Result};
use crate::clock::seconds;
use crate::model::{SecondFactors, Session, Time, User};
use crate::secret::{PlainSecret, Token};
use crate::store;

/// Wrong passwords for one account, or from one known browser, within the throttle's window.
pub(super) const MOST_PER_ACCOUNT: usize = 10;
/// Wrong second factors for one account within [`SECOND_FACTOR_WINDOW`] (S10).
pub(super) const MOST_SECOND_FACTORS: usize = 10;
/// See [`MOST_SECOND_FACTORS`].
pub(super) const SECOND_FACTOR_WINDOW: Duration = Duration::from_mins(15);
/// How long a second factor is waited for.
const PENDING: Duration = Duration::from_mins(10);
/// Sign-ins that wait for a second factor, in the whole process.
const MOST_PENDING: usize = 10_000;

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefusal {
    /// Name, password or code is wrong, or the account is disabled. One answer for all reasons.
    #[error("this is not right")]
    Wrong,
    /// The sign-in was begun too long ago, or never.
    #[error("this sign-in has taken too long: begin again")]
    Ended,
    /// Too many wrong attempts; how long to wait.
    #[error("too many attempts")]
    Throttled(Duration),
    /// Not the person's fault.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<store::Error> for SignInRefusal {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Name and password as somebody typed them.
#[derive(Debug)]
pub struct PasswordSignIn<'a> {
    /// Login name or e-mail address, in any case.
    pub name: &'a str,
    /// The account's password.
    pub password: &'a PlainSecret,
    /// What the browser's device cookie holds.
    pub device: Option<&'a str>,
}

/// How far a sign-in has come.
#[derive(Debug)]
pub enum SignIn {
    /// The person is in.
    Done(Box<SignedIn>),
    /// The password was right; a second factor is asked for under this token.
    SecondFactor(PlainSecret),
}

/// A person who has signed in, with what goes into the browser's cookies.
#[derive(Debug)]
pub struct SignedIn {
    /// The session.
    pub new: NewToken,
    /// Marks the browser as one from which the person has signed in.
    pub device: PlainSecret,
}

/// Sign-ins that wait for a second factor. Lost at a restart: the person begins again.
#[derive(Debug, Default)]
pub(super) struct PendingSignIns(Mutex<HashMap<[u8; 32], Pending>>);

#[derive(Debug, Clone)]
struct Pending {
    user_id: i64,
    until: Time,
}

impl PendingSignIns {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Pending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Auth {
    /// Checks name and password. Blocks.
    ///
    /// # Errors
    /// See [`SignInRefusal`].
    pub fn sign_in(
        &self,
        given: &PasswordSignIn<'_>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<SignIn, SignInRefusal> {
        let name = given.name.trim().to_lowercase();
        let found = self.0.store.read(|c| store::user::by_sign_in_name(c, &name))?;
        self.check_password(&name, found.as_ref(), given, visitor)?;
        // Only who has the password gets here, so this tells no stranger anything.
        let user = found.filter(|user| user.disabled_at.is_none()).ok_or(SignInRefusal::Wrong)?;
        if self.second_factors_of(&user)?.any() {
            return Ok(SignIn::SecondFactor(self.wait_for_second_factor(&user)));
        }
        Ok(SignIn::Done(Box::new(self.let_in(&user, "password", visitor)?)))
    }

    /// The throttles, and the password itself.
    fn check_password(
        &self,
        name: &str,
        user: Option<&User>,
        given: &PasswordSignIn<'_>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<(), SignInRefusal> {
        let now = self.0.clock.now();
        let network = ClientNetwork::of(visitor.address);
        if let Some(wait) = self.0.page_throttle.over(network, now) {
            return Err(SignInRefusal::Throttled(wait));
        }
        let against = self.counted_against(name, user, given.device)?;
        if let Some(wait) = self.0.attempts.over(&against, now) {
            return Err(SignInRefusal::Throttled(wait));
        }
        let permit = self.0.page_throttle.permit(network, "page", now).map_err(SignInRefusal::Throttled)?;
        let kept = user.map(|user| self.0.store.read(|c| store::user::password(c, user.id))).transpose()?.flatten();
        let fits = match &kept {
            Some(phc) => self.0.hasher.verify(given.password, phc)?,
            // Nobody's hash, at the same cost.
            None => self.0.hasher.hash(given.password).map(|_| false)?,
        };
        drop(permit);
        if fits {
            self.0.attempts.forget(&against);
            return Ok(());
        }
        self.0.attempts.failed(&against, now);
        self.0.page_throttle.failed(network, &(name, given.password.expose()), now);
        let detail = if user.is_some() { "wrong password" } else { "unknown account" };
        self.note_failed_sign_in(user, detail, visitor)?;
        Err(SignInRefusal::Wrong)
    }

    /// The password of somebody who is signed in already, under the same throttles.
    pub(super) fn check_own_password(
        &self,
        user: &User,
        given: &PasswordSignIn<'_>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<(), SignInRefusal> {
        self.check_password(user.name.as_str(), Some(user), given, visitor)
    }

    /// A browser known to the person is counted by itself, all others together.
    fn counted_against(&self, name: &str, user: Option<&User>, device: Option<&str>) -> Result<(String, [u8; 32])> {
        if let (Some(user), Some(device)) = (user, device.filter(|device| Token::Device.is(device))) {
            let device = digest(device);
            if self.0.store.read(|c| store::device::is_known(c, user.id, &device))? {
                return Ok((name.to_owned(), device));
            }
        }
        // By the account, so that login name and e-mail address count together.
        let account = user.map_or_else(|| name.to_owned(), |user| user.name.to_string());
        Ok((account, [0; 32]))
    }

    pub(super) fn note_failed_sign_in(&self, user: Option<&User>, detail: &str, visitor: Visitor<'_>) -> Result<()> {
        let actor = Actor { name: "nobody".to_owned(), address: Some(visitor.address.to_canonical().to_string()) };
        let name = user.map(|user| user.name.as_str());
        self.0.store.write(|tx| self.audit_with(tx, &actor, "sign-in.failed", name, None, Some(detail)))
    }

    fn wait_for_second_factor(&self, user: &User) -> PlainSecret {
        let token = Token::PendingSignIn.generate();
        let now = self.0.clock.now();
        let mut pending = self.0.pending.lock();
        pending.retain(|_, waiting| now < waiting.until);
        if pending.len() >= MOST_PENDING {
            pending.clear();
        }
        let until = now + seconds(PENDING.as_secs());
        pending.insert(digest(token.expose()), Pending { user_id: user.id, until });
        token
    }

    /// The person whose second factor is waited for under a token.
    ///
    /// # Errors
    /// [`SignInRefusal::Ended`]
    pub fn pending_sign_in(&self, token: &str) -> std::result::Result<(User, SecondFactors), SignInRefusal> {
        let now = self.0.clock.now();
        let found = self.0.pending.lock().get(&digest(token)).filter(|waiting| now < waiting.until).cloned();
        let waiting = found.filter(|_| Token::PendingSignIn.is(token)).ok_or(SignInRefusal::Ended)?;
        let user = self.0.store.read(|c| store::user::by_id(c, waiting.user_id))?;
        let user = user.filter(|user| user.disabled_at.is_none()).ok_or(SignInRefusal::Ended)?;
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
        visitor: Visitor<'_>,
    ) -> std::result::Result<SignedIn, SignInRefusal> {
        let (user, _) = self.pending_sign_in(token)?;
        let by = self.check_code(&user, code, visitor)?;
        self.end_pending(token);
        Ok(self.let_in(&user, by, visitor)?)
    }

    pub(super) fn end_pending(&self, token: &str) {
        self.0.pending.lock().remove(&digest(token));
    }

    /// Begins the session; everything has been checked.
    pub(super) fn let_in(&self, user: &User, by: &str, visitor: Visitor<'_>) -> Result<SignedIn> {
        let restricted = self.has_duties(user)?;
        let device = Token::Device.generate();
        let now = self.0.clock.now();
        let actor = Actor::person(user, visitor);
        self.0.store.write(|tx| {
            let new = self.begin_session(tx, user, restricted, visitor)?;
            store::device::remember(tx, user.id, &digest(device.expose()), now)?;
            self.audit_with(tx, &actor, "sign-in", Some(user.name.as_str()), None, Some(by))?;
            Ok(SignedIn { new, device: device.clone() })
        })
    }

    /// Whether something has to be done before the pages open: another password, a second factor.
    ///
    /// # Errors
    /// The database's.
    pub fn has_duties(&self, user: &User) -> Result<bool> {
        Ok(user.must_change_password || self.must_bind(user)?)
    }

    /// Whether a second factor is required of the person and none is bound.
    ///
    /// # Errors
    /// The database's.
    pub fn must_bind(&self, user: &User) -> Result<bool> {
        Ok(self.policy()?.second_factor.includes(user) && !self.second_factors_of(user)?.any())
    }

    /// Opens a restricted session once nothing is left to be done; gives it another token. Blocks.
    ///
    /// # Errors
    /// The database's.
    pub fn lift_restriction(&self, session: &Session) -> Result<Option<NewToken>> {
        let user = self.user(session.user.name.as_str())?;
        if self.has_duties(&user)? {
            return Ok(None);
        }
        let session = Session { user, ..session.clone() };
        self.0.store.write(|tx| self.renew_session(tx, &session, false)).map(Some)
    }

    /// A person who is signed in proves again who they are: password, and a code where one is bound. Blocks.
    ///
    /// # Errors
    /// See [`SignInRefusal`].
    pub fn reauthenticate(
        &self,
        session: &Session,
        password: &PlainSecret,
        code: &str,
        device: Option<&str>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<NewToken, SignInRefusal> {
        let user = &session.user;
        let given = PasswordSignIn { name: user.name.as_str(), password, device };
        self.check_own_password(user, &given, visitor)?;
        if self.second_factors_of(user)?.totp_since.is_some() {
            self.check_code(user, code, visitor)?;
        }
        Ok(self.step_up(session, "password", visitor)?)
    }

    pub(super) fn step_up(&self, session: &Session, by: &str, visitor: Visitor<'_>) -> Result<NewToken> {
        let actor = Actor::person(&session.user, visitor);
        self.0.store.write(|tx| {
            let name = Some(session.user.name.as_str());
            self.audit_with(tx, &actor, "reauthenticate", name, None, Some(by))?;
            self.renew_session(tx, session, session.restricted)
        })
    }
}
