//! Directories that speak LDAP (RFC 4511): Active Directory, OpenLDAP, FreeIPA, lldap.

use super::{Finding, Person, Unreachable, tls};
use crate::config::LdapConfig;
use crate::model::{Identity, Time};
use crate::secret::PlainSecret;

/// A directory that speaks LDAP.
#[derive(Debug)]
pub struct Ldap {
    config: LdapConfig,
}

/// A person's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it is; changes when the person is moved or renamed.
    pub dn: String,
    /// Whose it is, and whether the account is alive.
    pub person: Person,
}

/// What the directory says of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordAnswer {
    /// It is right.
    Right,
    /// It is wrong, or the directory does not say more; also a temporary lockout.
    Wrong,
    /// It is right, but has expired or must be changed: the person has to change it at the directory first.
    Expired,
    /// It is right, but the account is disabled, has expired, or is not allowed now.
    Ended(crate::model::Ending),
}

/// What is found under an immutable id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The entry; its person's `ending` says whether the account is alive.
    Found(Box<Entry>),
    /// The directory answers, its base can be read, and no entry has that id.
    Gone,
}

impl Ldap {
    pub(super) fn new(config: &LdapConfig) -> Result<Self, tls::Error> {
        tls::client(&config.common.label, config.common.ca.as_deref())?;
        Ok(Self { config: config.clone() })
    }

    /// Its part of the configuration.
    #[must_use]
    pub fn config(&self) -> &LdapConfig {
        &self.config
    }

    /// The issuer in the key of its people's accounts.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("ldap:{}", self.config.common.name)
    }

    /// The one person who signs in by that name; `None` where there is none, or more than one.
    ///
    /// # Errors
    /// [`Unreachable`]
    pub async fn find(&self, login: &str, now: Time) -> Result<Option<Entry>, Unreachable> {
        let _ = (login, now);
        Err(self.unreachable("not built"))
    }

    /// The person of an immutable id.
    ///
    /// # Errors
    /// [`Unreachable`]
    pub async fn find_by_id(&self, identity: &Identity, now: Time) -> Result<Lookup, Unreachable> {
        let _ = (identity, now);
        Err(self.unreachable("not built"))
    }

    /// Asks whether a password is right, by a bind. An empty one is refused before: a bind without a password is
    /// anonymous, and succeeds (RFC 4513 §5.1.2).
    ///
    /// # Errors
    /// [`Unreachable`]
    pub async fn check_password(&self, entry: &Entry, password: &PlainSecret) -> Result<PasswordAnswer, Unreachable> {
        let _ = (entry, password);
        Err(self.unreachable("not built"))
    }

    /// Looks at everything that can be wrong, for `latchkey doctor`.
    pub async fn examine(&self) -> Vec<Finding> {
        Vec::new()
    }

    fn unreachable(&self, reason: impl Into<String>) -> Unreachable {
        Unreachable { label: self.config.common.label.clone(), reason: reason.into() }
    }
}
