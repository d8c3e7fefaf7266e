//! Directories that speak LDAP (RFC 4511): Active Directory, OpenLDAP, FreeIPA, lldap.
//!
//! People are found and looked up by searches as a service, on connections that are kept. A password is checked by a
//! bind on a connection of its own.

mod account;
mod connection;
mod dn;
mod entry;
mod examine;
mod failure;
mod groups;
mod id;
mod password;
mod search;
mod wire;

use std::sync::Arc;

use ldap3::ldap_escape;

use self::connection::Connections;
use self::failure::Failure;
use self::search::Search;
use super::{Person, Unreachable, tls};
use crate::config::{LdapConfig, LdapPreset};
use crate::model::{Identity, Time};
use crate::secret::PlainSecret;

/// No attribute (RFC 4511 §4.5.1.8): that there is an entry is all that is asked.
const NOTHING: &str = "1.1";
/// Bytes of the longest name that is searched for.
const LONGEST_LOGIN: usize = 254;

/// A directory that speaks LDAP.
#[derive(Debug)]
pub struct Ldap {
    config: LdapConfig,
    connections: Arc<Connections>,
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
        let tls = tls::client(&config.common.label, config.common.ca.as_deref())?;
        Ok(Self { config: config.clone(), connections: Connections::new(config, tls) })
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
        self.try_find(login, now).await.map_err(|failure| self.unreachable(failure))
    }

    /// The person of an immutable id.
    ///
    /// # Errors
    /// [`Unreachable`]
    pub async fn find_by_id(&self, identity: &Identity, now: Time) -> Result<Lookup, Unreachable> {
        self.try_find_by_id(identity, now).await.map_err(|failure| self.unreachable(failure))
    }

    /// Asks whether a password is right, by a bind. An empty one is refused before: a bind without a password is
    /// anonymous, and succeeds (RFC 4513 §5.1.2).
    ///
    /// # Errors
    /// [`Unreachable`]
    pub async fn check_password(&self, entry: &Entry, password: &PlainSecret) -> Result<PasswordAnswer, Unreachable> {
        if password.expose().is_empty() || entry.dn.is_empty() {
            return Ok(PasswordAnswer::Wrong);
        }
        let bound = self.connections.bind_once(&entry.dn, password).await;
        let answer = bound.and_then(|result| password::answer(self.config.preset, &result));
        answer.map_err(|failure| self.unreachable(failure))
    }

    async fn try_find(&self, login: &str, now: Time) -> Result<Option<Entry>, Failure> {
        // One after the other: whoever may write an address into their own entry keeps nobody out who has it for a name.
        for names in self.login_filters(login) {
            let answer = self.connections.search(&self.people(&names)).await?;
            if answer.no_base {
                return Err(self.no_base());
            }
            if answer.more || answer.entries.len() > 1 {
                let (label, login) = (&self.config.common.label, failure::printable(login, 64));
                tracing::warn!(
                    label,
                    login,
                    "a name belongs to several entries of the directory, so nobody signs in by it"
                );
                return Ok(None);
            }
            if let Some(found) = answer.entries.into_iter().next() {
                return Ok(Some(self.entry(found, true, now).await?));
            }
        }
        Ok(None)
    }

    async fn try_find_by_id(&self, identity: &Identity, now: Time) -> Result<Lookup, Failure> {
        let filter = Some(&identity.subject).filter(|_| identity.issuer == self.issuer());
        let Some(filter) = filter.and_then(|subject| id::filter(&self.config.id_attribute, subject)) else {
            let id = &self.config.id_attribute;
            return Err(Failure::last(format!("an account is linked by something that is no {id} of this directory")));
        };
        for counts in [true, false] {
            let search = if counts { self.people(&filter) } else { self.anybody(&filter) };
            let answer = self.connections.search(&search).await?;
            if answer.no_base {
                return Err(self.no_base());
            }
            if answer.more || answer.entries.len() > 1 {
                return Err(Failure::last(format!("two entries have the same {}", self.config.id_attribute)));
            }
            if let Some(found) = answer.entries.into_iter().next() {
                return Ok(Lookup::Found(Box::new(self.entry(found, counts, now).await?)));
            }
        }
        // An empty answer means something only where the place that was searched can be seen.
        let base = Search::entry(&self.config.user_base, "(objectClass=*)", vec![NOTHING.to_owned()]);
        let answer = self.connections.search(&base).await?;
        if answer.entries.is_empty() { Err(self.no_base()) } else { Ok(Lookup::Gone) }
    }

    /// Those who count, of whom a filter is true.
    fn people(&self, filter: &str) -> Search {
        let filter = format!("(&{}{filter})", self.user_filter());
        Search::beneath(&self.config.user_base, filter, self.attributes(), 2)
    }

    /// Also those who do not count.
    fn anybody(&self, filter: &str) -> Search {
        Search::beneath(&self.config.user_base, filter.to_owned(), self.attributes(), 2)
    }

    /// With the parentheses that a filter may be written without.
    fn user_filter(&self) -> String {
        let filter = self.config.user_filter.trim();
        if filter.starts_with('(') { filter.to_owned() } else { format!("({filter})") }
    }

    /// A filter for each way in which somebody may be named; none for what can be nobody's name.
    fn login_filters(&self, login: &str) -> Vec<String> {
        let login = login.trim();
        if login.is_empty() || login.len() > LONGEST_LOGIN || login.contains(char::is_control) {
            return Vec::new();
        }
        if self.config.preset == LdapPreset::ActiveDirectory
            && let Some((_, name)) = login.split_once('\\')
        {
            // The name of a domain before Windows 2000, and in it the account's.
            let filter = (!name.is_empty()).then(|| format!("(sAMAccountName={})", ldap_escape(name)));
            return filter.into_iter().collect();
        }
        let login = ldap_escape(login);
        self.config.login_attributes.iter().map(|name| format!("({name}={login})")).collect()
    }

    fn no_base(&self) -> Failure {
        Failure::last(format!("there is no {}, or it cannot be read", self.config.user_base))
            .with_advice("check user_base, and that the account in bind_dn may read it")
    }

    fn unreachable(&self, failure: Failure) -> Unreachable {
        Unreachable { label: self.config.common.label.clone(), reason: failure.reason }
    }
}
