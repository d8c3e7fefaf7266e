//! The authenticated party of a deed on somebody's drive.

use std::sync::Arc;

use super::{Auth, Error, Result};
use crate::model::{AppPassword, Scope, Session, User};

/// A person who came in with an application password, or works on the pages. Made in this room only, once everything
/// was checked.
#[derive(Debug, Clone)]
pub struct Principal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    user: User,
    /// Absent for a person on the pages, who may do everything with their own files.
    app_password: Option<AppPassword>,
}

impl Principal {
    pub(super) fn new(user: User, app_password: AppPassword) -> Self {
        Self(Arc::new(Inner { user, app_password: Some(app_password) }))
    }

    /// The person.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.0.user
    }

    /// The public part of the application password, for logs; `-` for a person on the pages.
    #[must_use]
    pub fn selector(&self) -> &str {
        self.0.app_password.as_ref().map_or("-", |password| &password.selector)
    }

    /// What it may do.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.0.app_password.as_ref().map_or(Scope::ReadWrite, |password| password.scope)
    }

    /// The folders it is confined to; empty for the whole home.
    #[must_use]
    pub fn folders(&self) -> &[String] {
        self.0.app_password.as_ref().map_or(&[], |password| &password.folders)
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
        Ok(Principal(Arc::new(Inner { user: session.user.clone(), app_password: None })))
    }
}
