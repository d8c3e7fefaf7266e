//! Who is asking, and may they: application passwords for WebDAV, tokens for the admin API, and the use cases that
//! page, API and command line share.
//!
//! A [`Principal`] is made here alone, from an application password that was checked. Nothing else opens a drive:
//! no account password, no session, no API token (R4, S1).

mod accounts;
mod api_token;
mod app_password;
mod application;
pub mod basic;
mod first_start;
mod gate;
mod hasher;
mod issue;
mod last_use;
mod memo;
mod network;
mod principal;
mod throttle;

pub use accounts::{AccountChange, NewAccount};
pub use api_token::{ApiCaller, IssuedToken, NewApiToken};
pub use app_password::Revoked;
pub use application::application_of;
pub use first_start::FirstStart;
pub use gate::{Refusal, Visitor};
pub use hasher::Hasher;
pub use issue::{Expiry, Issued, NewAppPassword};
pub use network::ClientNetwork;
pub use principal::Principal;
pub use throttle::Throttle;

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::{SecurityConfig, StorageConfig};
use crate::files::{self, Storage};
use crate::model::NotAUserName;
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
    pub(crate) fn invalid(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Invalid { field, reason: reason.into() }
    }
}

impl From<NotAUserName> for Error {
    fn from(error: NotAUserName) -> Self {
        Self::invalid("name", error.to_string())
    }
}

/// Who does a deed, for the audit log.
#[derive(Debug, Clone)]
pub struct Actor {
    /// `cli`, `server`, or `api-token:ID`.
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
    ) -> Self {
        Self(Arc::new(Inner {
            hasher: Hasher::new(config.argon2),
            throttle: Throttle::new(config.throttle),
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
        let at = self.0.clock.now();
        let entry =
            store::audit::Entry { at, kind, actor: &actor.name, user, subject, address: actor.address.as_deref() };
        Ok(store::audit::insert(tx, &entry)?)
    }
}
