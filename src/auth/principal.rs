//! The authenticated party of a WebDAV request.

use std::sync::Arc;

use crate::model::{AppPassword, Scope, User};

/// A person who came in with an application password. Made in this room only, once everything was checked.
#[derive(Debug, Clone)]
pub struct Principal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    user: User,
    app_password: AppPassword,
}

impl Principal {
    pub(super) fn new(user: User, app_password: AppPassword) -> Self {
        Self(Arc::new(Inner { user, app_password }))
    }

    /// The person.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.0.user
    }

    /// The public part of the application password.
    #[must_use]
    pub fn selector(&self) -> &str {
        &self.0.app_password.selector
    }

    /// What it may do.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.0.app_password.scope
    }

    /// The folders it is confined to; empty for the whole home.
    #[must_use]
    pub fn folders(&self) -> &[String] {
        &self.0.app_password.folders
    }
}
