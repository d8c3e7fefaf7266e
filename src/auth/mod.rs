//! Who is asking, and may they: application passwords for WebDAV, tokens for the admin API, and the use cases that
//! page, API and command line share.
//!
//! A [`Principal`] is made here alone, from an application password that was checked. Nothing else opens a drive's door:
//! no account password, no session, no API token (R4, S1). The pages are a client of the drive within the server, and
//! get theirs from a session ([`Auth::principal_of`]).

mod accounts;
mod api_token;
mod app_password;
mod application;
mod attempts;
pub mod basic;
mod browser;
mod company;
mod first_start;
#[cfg(test)]
mod for_tests;
mod gate;
mod hasher;
mod issue;
mod last_use;
mod memo;
mod network;
mod overview;
mod password;
mod pending;
mod policy;
mod principal;
mod removal;
mod rounds;
mod seal;
mod second_factor;
mod session;
mod sign_in;
#[cfg(test)]
mod sign_in_tests;
mod throttle;
mod traffic;
mod usage;

pub use accounts::{AccountChange, NewAccount};
pub use api_token::{ApiCaller, IssuedToken, NewApiToken};
pub use app_password::Revoked;
pub use application::application_of;
pub use browser::browser_of;
pub use company::{
    CompanyAccount, CompanyRefusal, DirectoryOverview, DirectoryRef, Joinable, LinkTo, OidcAnswer, OidcArrived,
    OidcDone, OidcErrand, OidcPurpose,
};
pub use first_start::FirstStart;
pub use gate::{Refusal, Visitor};
pub use hasher::Hasher;
pub use issue::{Expiry, Issued, LONGEST_OVERLAP, NewAppPassword, OneTimeForm};
pub use network::{ClientAddress, ClientNetwork};
pub use overview::{Overview, People, PeopleOrder, PeopleQuery, Person};
pub use password::{LINK_LIFE, LinkKind, PasswordLink, SHORTEST};
pub use policy::{Policy, SettingName, SettingShown};
pub use principal::Principal;
pub use second_factor::{OfferedTotp, PasskeyError, RelyingParty};
pub use session::{AnsweredTo, FRESH, NewToken};
pub use sign_in::{Browser, SignIn, SignInRefusal, SignedIn};
pub use throttle::Throttle;
pub use traffic::Answered;

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{SecurityConfig, StorageConfig};
use crate::directory::Directories;
use crate::files::{self, Storage};
use crate::model::{NotAUserName, User};
use crate::store::{self, Store};

/// Why a use case was not done. Nothing has been changed then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The disk failed.
    #[error(transparent)]
    Files(#[from] files::Error),
    /// No account has that name.
    #[error("there is no user {0:?}")]
    NoSuchUser(String),
    /// An account has that name or e-mail address already.
    #[error("{0:?} is taken by another user")]
    Taken(String),
    /// No live application password has that selector.
    #[error("there is no application password {0:?} that is not revoked")]
    NoSuchAppPassword(String),
    /// No live API token has that id.
    #[error("there is no API token {0} that is not revoked")]
    NoSuchApiToken(i64),
    /// No live session has that id.
    #[error("there is no session {0}")]
    NoSuchSession(i64),
    /// The form was sent before.
    #[error("this was done already")]
    AlreadyDone,
    /// The deed would leave nobody to administer the server, or was done to oneself.
    #[error("{0}")]
    Refused(&'static str),
    /// A value cannot be taken.
    #[error("{field}: {reason}")]
    Invalid {
        /// Which value.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A hash could not be computed.
    #[error("the password could not be hashed: {0}")]
    Hash(String),
}

/// What every use case gives back.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// The sentence for a person, without the name that programs give the value.
    #[must_use]
    pub fn told(&self) -> String {
        match self {
            Self::Invalid { field, reason } => format!("the {} {reason}", field.replace('_', " ")),
            other => other.to_string(),
        }
    }

    pub(crate) fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { field, reason: reason.into() }
    }
}

impl From<NotAUserName> for Error {
    fn from(_: NotAUserName) -> Self {
        let reason = "must have 1 to 64 characters of a-z, 0-9, '.', '_', '-' and start with a letter or digit";
        Self::invalid("name", reason)
    }
}

/// Who does a deed, for the audit log.
#[derive(Debug, Clone)]
pub struct Actor {
    /// `cli`, `server`, `api-token:ID`, `nobody`, or a user name.
    pub name: String,
    /// The client's address; absent for the command line.
    pub address: Option<String>,
}

impl Actor {
    /// The command line.
    #[must_use]
    pub fn cli() -> Self {
        Self { name: "cli".to_owned(), address: None }
    }

    /// A person on the pages.
    #[must_use]
    pub fn person(user: &User, visitor: Visitor<'_>) -> Self {
        Self { name: user.name.to_string(), address: Some(visitor.address.to_canonical().to_string()) }
    }

    /// Whether it is that person, on the pages. The command line has no address, and its name may be somebody's.
    fn is(&self, user: &User) -> bool {
        self.address.is_some() && self.name == user.name.as_str()
    }
}

/// The room's state, shared by all doors.
#[derive(Debug, Clone)]
pub struct Auth(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    storage: Arc<Storage>,
    clock: Clock,
    config: SecurityConfig,
    storage_config: StorageConfig,
    hasher: Hasher,
    memo: memo::Memo,
    throttle: Throttle,
    flights: gate::Flights,
    last_use: last_use::LastUse,
    /// The throttle of the pages: who guesses there slows no drive, and the other way round.
    page_throttle: Throttle,
    attempts: attempts::Attempts,
    second_factor_attempts: attempts::Attempts,
    second_factor_days: attempts::Attempts,
    pending: pending::PendingSignIns,
    totp_offers: second_factor::Offers,
    ceremonies: second_factor::Ceremonies,
    traffic: traffic::Traffic,
    measuring: usage::Measuring,
    company: company::State,
}

impl Auth {
    /// Sets the room up.
    #[must_use]
    pub fn new(
        store: Store,
        storage: Arc<Storage>,
        clock: Clock,
        config: SecurityConfig,
        storage_config: StorageConfig,
        directories: Directories,
    ) -> Self {
        Self(Arc::new(Inner {
            hasher: Hasher::new(config.argon2),
            throttle: Throttle::new(config.throttle),
            page_throttle: Throttle::new(config.throttle),
            attempts: attempts::Attempts::new(sign_in::MOST_PER_ACCOUNT, config.throttle.window),
            second_factor_attempts: attempts::Attempts::new(
                sign_in::MOST_SECOND_FACTORS,
                sign_in::SECOND_FACTOR_WINDOW,
            ),
            second_factor_days: attempts::Attempts::new(sign_in::MOST_SECOND_FACTORS_A_DAY, sign_in::DAY),
            pending: pending::PendingSignIns::default(),
            totp_offers: second_factor::Offers::default(),
            ceremonies: second_factor::Ceremonies::default(),
            traffic: traffic::Traffic::default(),
            measuring: usage::Measuring::default(),
            company: company::State::new(directories),
            memo: memo::Memo::new(),
            flights: gate::Flights::default(),
            last_use: last_use::LastUse::default(),
            store,
            storage,
            clock,
            config,
            storage_config,
        }))
    }

    /// The hasher, for the count of its computations.
    #[must_use]
    pub fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    fn audit(
        &self,
        tx: &rusqlite::Transaction<'_>,
        actor: &Actor,
        kind: &str,
        user: Option<&str>,
        subject: Option<&str>,
    ) -> Result<()> {
        self.audit_with(tx, actor, kind, user, subject, None)
    }

    fn audit_with(
        &self,
        tx: &rusqlite::Transaction<'_>,
        actor: &Actor,
        kind: &str,
        user: Option<&str>,
        subject: Option<&str>,
        detail: Option<&str>,
    ) -> Result<()> {
        let at = self.0.clock.now();
        let address = actor.address.as_deref();
        let entry = store::audit::Entry { at, kind, actor: &actor.name, user, subject, detail, address };
        Ok(store::audit::insert(tx, &entry)?)
    }
}
