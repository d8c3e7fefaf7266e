//! The one door to company directories: OpenID Connect providers and LDAP.
//!
//! It asks, and says what it was told in one vocabulary: who somebody is ([`Person`]), and whether the account is alive
//! ([`Ending`]). That a directory does not answer ([`Unreachable`]) is never the same as a word against somebody.
//! Nothing is kept here, and nothing decided: that is `auth`.

pub mod ldap;
pub mod oidc;
mod tls;

use std::sync::Arc;

pub use ldap::Ldap;
pub use oidc::Oidc;
pub use tls::Error as TlsError;

use crate::config::Config;
use crate::model::{Ending, Identity};

/// All directories of the configuration.
#[derive(Debug, Clone, Default)]
pub struct Directories(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    oidc: Vec<Oidc>,
    ldap: Vec<Ldap>,
}

impl Directories {
    /// Sets them up; nobody is asked yet.
    ///
    /// # Errors
    /// Where certificates cannot be used.
    pub fn new(config: &Config) -> Result<Self, TlsError> {
        let oidc = config.oidc.iter().map(Oidc::new).collect::<Result<_, _>>()?;
        let ldap = config.ldap.iter().map(Ldap::new).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Inner { oidc, ldap })))
    }

    /// Providers for OpenID Connect, in the order of the configuration.
    #[must_use]
    pub fn oidc(&self) -> &[Oidc] {
        &self.0.oidc
    }

    /// Directories that speak LDAP, in the order in which they are asked.
    #[must_use]
    pub fn ldap(&self) -> &[Ldap] {
        &self.0.ldap
    }
}

/// A directory does not answer, or not as one that works: nothing follows from it for anybody (R6).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{label} does not answer: {reason}")]
pub struct Unreachable {
    /// What people call the directory.
    pub label: String,
    /// For the log and the administrator.
    pub reason: String,
}

/// Who somebody is, as the directory says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The key.
    pub identity: Identity,
    /// What a login name may be made of, best first; as the directory writes it.
    pub login_names: Vec<String>,
    /// Empty where the directory says none.
    pub display_name: String,
    /// Absent where the directory says none, or says that it is not verified.
    pub email: Option<String>,
    /// Whether the person administers this server; absent where the directory does not say.
    pub is_admin: Option<bool>,
    /// What the directory calls the person, for administrators: a user principal name, a DN, a user name.
    pub shown: String,
    /// Why the account opens nothing here; absent while it is alive.
    pub ending: Option<Ending>,
}

/// One thing that was looked at for `latchkey doctor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, and what was seen.
    pub what: String,
    /// What to do about it; absent where it is in order.
    pub advice: Option<String>,
}

impl Finding {
    /// Something that is in order.
    #[must_use]
    pub fn good(what: impl Into<String>) -> Self {
        Self { what: what.into(), advice: None }
    }

    /// Something that is not.
    #[must_use]
    pub fn bad(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { what: what.into(), advice: Some(advice.into()) }
    }
}
