//! The authenticated party of a deed on somebody's drive.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Auth, Error, Result};
use crate::model::{AppPassword, Scope, Session, User};

/// A person who came in with an application password, or works on the pages. Made in this room only, once everything
/// was checked.
#[derive(Debug, Clone)]
pub struct Principal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    auth: Auth,
    user: User,
    came_by: CameBy,
}

/// What opened the door.
#[derive(Debug)]
enum CameBy {
    AppPassword {
        row: Box<AppPassword>,
        address: IpAddr,
    },
    /// A person on the pages, who may do everything with their own files.
    Session(i64),
}

impl Principal {
    pub(super) fn new(auth: Auth, user: User, row: AppPassword, address: IpAddr) -> Self {
        Self(Arc::new(Inner { auth, user, came_by: CameBy::AppPassword { row: Box::new(row), address } }))
    }

    fn app_password(&self) -> Option<&AppPassword> {
        match &self.0.came_by {
            CameBy::AppPassword { row, .. } => Some(row),
            CameBy::Session(_) => None,
        }
    }

    /// The person.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.0.user
    }

    /// The public part of the application password, for logs; `-` for a person on the pages.
    #[must_use]
    pub fn selector(&self) -> &str {
        self.app_password().map_or("-", |password| &password.selector)
    }

    /// What it may do.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.app_password().map_or(Scope::ReadWrite, |password| password.scope)
    }

    /// The folders it is confined to; empty for the whole home.
    #[must_use]
    pub fn folders(&self) -> &[String] {
        self.app_password().map_or(&[], |password| &password.folders)
    }

    /// Whether what opened the door still opens it: neither revoked nor expired, the account neither disabled nor
    /// suspended (S9). A database that does not answer ends nothing. A short read.
    #[must_use]
    pub fn is_still_let_in(&self) -> bool {
        let auth = &self.0.auth;
        let found = match &self.0.came_by {
            CameBy::AppPassword { row, address } => auth.is_app_password_live(row, *address),
            CameBy::Session(id) => auth.is_session_live(self.0.user.id, *id),
        };
        found.unwrap_or_else(|error| {
            tracing::warn!(%error, "whether a transfer may go on could not be looked up");
            true
        })
    }
}

impl Auth {
    /// The person of a session, for the pages' own requests to the drive. The drive's door takes no session: it asks
    /// [`Auth::enter`] alone (S1).
    ///
    /// # Errors
    /// [`Error::NoSuchSession`] where it has ended, [`Error::Refused`] where something has to be done before.
    pub fn principal_of(&self, session: &Session) -> Result<Principal> {
        if !self.is_live(session, self.0.clock.now()) {
            return Err(Error::NoSuchSession(session.id));
        }
        if session.restricted {
            return Err(Error::Refused("a password has to be changed or a second factor bound before"));
        }
        let (auth, user) = (self.clone(), session.user.clone());
        Ok(Principal(Arc::new(Inner { auth, user, came_by: CameBy::Session(session.id) })))
    }
}
