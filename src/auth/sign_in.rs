//! Signing in to the pages: name and password, then the second factor where one is bound.
//!
//! A stranger cannot lock a person out: wrong passwords are counted per client network, and per account only for
//! browsers from which that person has not signed in before; those are counted each by itself. An unknown account
//! costs and is told the same as a known one (S8).

use std::time::Duration;

use super::api_token::digest;
use super::company::{CompanyEntry, CompanyRefusal};
use super::gate::Visitor;
use super::network::ClientNetwork;
use super::session::{NewToken, Proof};
use super::{Actor, Auth, Error, Result};
use crate::model::{DirectoryKind, Session, User};
use crate::secret::{PlainSecret, Token};
use crate::store;

/// Wrong passwords for one account, or from one known browser, within the throttle's window.
pub(super) const MOST_PER_ACCOUNT: usize = 10;
/// Wrong second factors for one account, or from one known browser, within [`SECOND_FACTOR_WINDOW`] (S10).
pub(super) const MOST_SECOND_FACTORS: usize = 10;
/// See [`MOST_SECOND_FACTORS`].
pub(super) const SECOND_FACTOR_WINDOW: Duration = Duration::from_mins(15);
/// The same within a day: of a million codes, three are right at a time.
pub(super) const MOST_SECOND_FACTORS_A_DAY: usize = 50;
/// See [`MOST_SECOND_FACTORS_A_DAY`].
pub(super) const DAY: Duration = Duration::from_hours(24);

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
    /// A company directory's word.
    #[error(transparent)]
    Company(#[from] CompanyRefusal),
    /// Not the person's fault.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<store::Error> for SignInRefusal {
    fn from(error: store::Error) -> Self {
        Self::Failed(error.into())
    }
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

/// That a password was right: a digest of the hash that it fitted. A password that is changed meanwhile proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PasswordProof([u8; 32]);

/// The browser that somebody signs in with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Browser<'a> {
    /// What its device cookie holds.
    pub device: Option<&'a str>,
    /// The session it has still, which ends with the sign-in.
    pub session: Option<&'a Session>,
}

/// What a person has shown, short of a second factor.
#[derive(Debug, Clone, Default)]
pub(super) struct Proven {
    /// Where a password of this server was asked for.
    pub(super) password: Option<PasswordProof>,
    /// Where a directory was asked.
    pub(super) company: Option<CompanyEntry>,
}

impl Proven {
    pub(super) fn by_password(proof: PasswordProof) -> Self {
        Self { password: Some(proof), company: None }
    }

    /// Whether a provider's second factor stands for ours.
    fn has_second_factor(&self) -> bool {
        self.company.as_ref().is_some_and(|company| company.second_factor)
    }
}

/// What lets a person in.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// For the audit log.
    pub(super) by: &'a str,
    pub(super) proven: Proven,
    pub(super) browser: Browser<'a>,
}

impl Auth {
    /// Checks name and password. Blocks.
    ///
    /// # Errors
    /// See [`SignInRefusal`].
    pub fn sign_in(
        &self,
        name: &str,
        password: &PlainSecret,
        browser: Browser<'_>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<SignIn, SignInRefusal> {
        let name = name.trim().to_lowercase();
        let found = self.0.store.read(|c| store::user::by_sign_in_name(c, &name))?;
        if self.asks_ldap(found.as_ref())? {
            return self.sign_in_by_ldap(&name, found.as_ref(), password, browser, visitor);
        }
        let proof = self.check_password(&name, found.as_ref(), password, browser.device, visitor)?;
        // Only who has the password gets here.
        let Some(user) = found.filter(User::is_active) else {
            self.note_failed_sign_in(None, "disabled account", visitor)?;
            return Err(SignInRefusal::Wrong);
        };
        if self.second_factors_of(&user)?.any() {
            return Ok(SignIn::SecondFactor(self.wait_for_second_factor(&user, Proven::by_password(proof))));
        }
        let entry = Entry { by: "password", proven: Proven::by_password(proof), browser };
        Ok(SignIn::Done(Box::new(self.let_in(&user, &entry, visitor)?)))
    }

    /// The throttles, and the password itself.
    fn check_password(
        &self,
        name: &str,
        user: Option<&User>,
        password: &PlainSecret,
        device: Option<&str>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<PasswordProof, SignInRefusal> {
        let now = self.0.clock.now();
        let network = ClientNetwork::of(visitor.address);
        let device = user.map_or(Ok([0; 32]), |user| self.known_device(user, device))?;
        // A browser that the person has used is not slowed by its neighbours behind the same address.
        if device == [0; 32]
            && let Some(wait) = self.0.page_throttle.over(network, now)
        {
            return Err(SignInRefusal::Throttled(wait));
        }
        // By the name as it was typed: whether two names are one account is nobody's business. Counted before it is
        // computed, so that many at the same time are not more than the limit.
        let against = (name, device);
        self.0.attempts.begin(&against, now).map_err(SignInRefusal::Throttled)?;
        let permit = self.0.page_throttle.permit(network, "page", now).map_err(SignInRefusal::Throttled)?;
        let kept = user.map(|user| self.0.store.read(|c| store::user::password(c, user.id))).transpose()?.flatten();
        let fits = match &kept {
            Some(phc) => self.0.hasher.verify(password, phc)?,
            // Nobody's hash, at the same cost.
            None => self.0.hasher.hash(password).map(|_| false)?,
        };
        drop(permit);
        if let Some(phc) = kept.filter(|_| fits) {
            self.0.attempts.forget(&against);
            return Ok(PasswordProof(digest(&phc)));
        }
        self.0.page_throttle.failed(network, &(name, password.expose()), now);
        let detail = if user.is_some() { "wrong password" } else { "unknown account" };
        self.note_failed_sign_in(user, detail, visitor)?;
        Err(SignInRefusal::Wrong)
    }

    /// The password of somebody who is signed in already, under the same throttles; asked of the directory that the
    /// account comes from.
    pub(super) fn check_own_password(
        &self,
        user: &User,
        password: &PlainSecret,
        device: Option<&str>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<(), SignInRefusal> {
        match self.link_of(user)? {
            Some(link) if link.kind == DirectoryKind::Ldap => {
                self.check_password_at_ldap(user, &link, password, device, visitor)
            }
            _ => self.check_password(user.name.as_str(), Some(user), password, device, visitor).map(|_| ()),
        }
    }

    /// The digest of a browser that the person has used before, by which it is counted; zeros for all others together.
    pub(super) fn known_device(&self, user: &User, device: Option<&str>) -> Result<[u8; 32]> {
        let Some(device) = device.filter(|device| Token::Device.is(device)).map(digest) else {
            return Ok([0; 32]);
        };
        let known = self.0.store.read(|c| store::device::is_known(c, user.id, &device))?;
        Ok(if known { device } else { [0; 32] })
    }

    pub(super) fn note_failed_sign_in(&self, user: Option<&User>, detail: &str, visitor: Visitor<'_>) -> Result<()> {
        let actor = Actor { name: "nobody".to_owned(), address: Some(visitor.address.to_canonical().to_string()) };
        let name = user.map(|user| user.name.as_str());
        self.0.store.write(|tx| self.audit_with(tx, &actor, "sign-in.failed", name, None, Some(detail)))
    }

    /// Whether the password that was right is still the account's.
    pub(super) fn still_proves(
        connection: &rusqlite::Connection,
        user: &User,
        proof: PasswordProof,
    ) -> store::Result<bool> {
        let phc = store::user::password(connection, user.id)?;
        Ok(phc.is_some_and(|phc| PasswordProof(digest(&phc)) == proof))
    }

    /// Begins the session; everything has been checked, and what may have changed meanwhile is looked at once more.
    pub(super) fn let_in(
        &self,
        user: &User,
        entry: &Entry<'_>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<SignedIn, SignInRefusal> {
        let must_bind = !entry.proven.has_second_factor() && self.must_bind(user)?;
        let restricted = user.must_change_password || must_bind;
        let device = Token::Device.generate();
        let now = self.0.clock.now();
        let actor = Actor::person(user, visitor);
        self.0.store.write(|tx| {
            let is_enabled = store::user::by_id(tx, user.id)?.is_some_and(|user| user.is_active());
            let is_proven = entry.proven.password.map_or(Ok(true), |proof| Self::still_proves(tx, user, proof))?;
            if !is_enabled || !is_proven {
                return Err(SignInRefusal::Ended);
            }
            let company = entry.proven.company.as_ref().map(|company| company.in_place_of(user, entry.browser.session));
            if let Some(old) = entry.browser.session {
                store::session::delete(tx, old.user.id, old.id)?;
            }
            if let Some(old) = entry.browser.device {
                store::device::forget(tx, user.id, &digest(old))?;
            }
            let new = self.begin_session(tx, user, restricted, company.as_ref(), visitor)?;
            store::device::remember(tx, user.id, &digest(device.expose()), now)?;
            self.audit_with(tx, &actor, "sign-in", Some(user.name.as_str()), None, Some(entry.by))?;
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

    /// Opens a restricted session once nothing is left to be done; gives it another token. It is no fresher for it: a
    /// duty that was done elsewhere has ended this session. Blocks.
    ///
    /// # Errors
    /// The database's.
    pub fn lift_restriction(&self, session: &Session) -> Result<Option<NewToken>> {
        let user = self.user(session.user.name.as_str())?;
        if self.has_duties(&user)? {
            return Ok(None);
        }
        let session = Session { user, restricted: false, ..session.clone() };
        self.0.store.write(|tx| self.renew_session(tx, &session, Proof::Old)).map(Some)
    }

    /// A person who is signed in proves again who they are: by the password, and by a code where any second factor is
    /// bound (a recovery code, where that is a passkey; else by [`Auth::reauthenticate_with_passkey`]). Blocks.
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
        // What an OpenID provider has just confirmed stands for the password.
        let is_confirmed = self.is_confirmed_by_provider(session);
        if !is_confirmed {
            self.check_own_password(user, password, device, visitor)?;
        }
        let by = if self.second_factors_of(user)?.any() {
            self.check_code(user, code, device, visitor)?
        } else {
            "password"
        };
        Ok(self.step_up(session, by, visitor)?)
    }

    pub(super) fn step_up(&self, session: &Session, by: &str, visitor: Visitor<'_>) -> Result<NewToken> {
        let actor = Actor::person(&session.user, visitor);
        self.use_up_confirmation(session);
        self.0.store.write(|tx| {
            let name = Some(session.user.name.as_str());
            self.audit_with(tx, &actor, "reauthenticate", name, None, Some(by))?;
            self.renew_session(tx, session, Proof::Fresh)
        })
    }
}
