//! Signing out at the provider, too, and being told that somebody has signed out there.

use std::sync::{Mutex, PoisonError};

use lru::LruCache;

use super::CompanyRefusal;
use crate::auth::rounds::server;
use crate::auth::{Actor, Auth, SignInRefusal, Visitor};
use crate::clock::seconds;
use crate::directory::oidc::{Error as Refused, Logout};
use crate::model::{Session, Time};
use crate::store::{self, identity};

/// How long the id of a logout token is remembered; the token itself is good for less.
const HEARD_FOR: u64 = 900;
/// Ids remembered.
const MOST: usize = 10_000;

/// Logout tokens that were taken, so that one is taken once.
#[derive(Debug)]
pub(super) struct Heard(Mutex<LruCache<String, Time>>);

impl Default for Heard {
    fn default() -> Self {
        Self(Mutex::new(LruCache::unbounded()))
    }
}

impl Heard {
    pub(super) fn was_taken(&self, key: &str, now: Time) -> bool {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.get(key).is_some_and(|until| now < *until)
    }

    fn take(&self, key: String, now: Time) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push(key, now + seconds(HEARD_FOR));
        while heard.len() > MOST {
            heard.pop_lru();
        }
    }
}

impl Auth {
    /// What people call the provider that a session was begun by, where it has a place to sign out, and that place;
    /// `back` is where the browser comes back to.
    pub async fn provider_logout(&self, provider: &str, back: &str) -> Option<(String, String)> {
        let all = self.0.company.directories.oidc();
        let oidc = all.iter().find(|oidc| oidc.config().common.name == provider)?;
        Some((oidc.config().common.label.clone(), oidc.logout_url(back).await?))
    }

    /// The provider that a session was begun by, where it is still configured.
    #[must_use]
    pub fn provider_of(&self, session: &Session) -> Option<String> {
        let name = session.provider.as_deref()?;
        let all = self.0.company.directories.oidc();
        all.iter().any(|oidc| oidc.config().common.name == name).then(|| name.to_owned())
    }

    /// Reads and checks a logout token of a provider (OpenID Connect Back-Channel Logout 1.0).
    ///
    /// # Errors
    /// See [`SignInRefusal`].
    pub async fn read_logout(&self, provider: &str, token: &str) -> Result<Logout, SignInRefusal> {
        let all = self.0.company.directories.oidc();
        let oidc = all.iter().find(|oidc| oidc.config().common.name == provider);
        let oidc = oidc.ok_or(CompanyRefusal::NoSuchProvider)?;
        let now = self.0.clock.now();
        let logout = oidc.read_logout(token, now).await.map_err(|error| {
            tracing::warn!(%error, provider, "a logout token was not taken");
            match error {
                Refused::Unreachable(error) => CompanyRefusal::Unreachable(error.label),
                _ => CompanyRefusal::Untrusted(oidc.config().common.label.clone()),
            }
        })?;
        if self.0.company.heard.was_taken(&format!("{provider} {}", logout.jti), now) {
            return Err(CompanyRefusal::Untrusted(oidc.config().common.label.clone()).into());
        }
        Ok(logout)
    }

    /// Ends the sessions that a provider has ended, and tells how many; application passwords go on. Blocks.
    ///
    /// # Errors
    /// The database's.
    pub fn end_by_provider(
        &self,
        provider: &str,
        logout: &Logout,
        visitor: Visitor<'_>,
    ) -> Result<usize, SignInRefusal> {
        let actor = Actor { name: server().name, address: Some(visitor.address.to_canonical().to_string()) };
        let ended = self.0.store.write(|tx| {
            let link = logout.identity.as_ref().map(|identity| identity::by_identity(tx, identity)).transpose()?;
            let link = link.flatten();
            let ended = match (&logout.sid, &link) {
                (Some(sid), link) => {
                    let named = store::session::delete_of_sid(tx, provider, sid)?;
                    let of = link.as_ref().map(|link| store::session::delete_without_sid(tx, provider, link.user_id));
                    named + of.transpose()?.unwrap_or(0)
                }
                // Without a name, all of the person's (§2.7).
                (None, Some(link)) => store::session::delete_of_provider(tx, provider, link.user_id)?,
                (None, None) => 0,
            };
            if ended > 0 {
                let user = link.map(|link| store::user::by_id(tx, link.user_id)).transpose()?.flatten();
                let name = user.as_ref().map(|user| user.name.as_str());
                self.audit_with(tx, &actor, "session.end-all", name, None, Some(&format!("oidc:{provider}")))?;
            }
            Ok::<_, crate::auth::Error>(ended)
        })?;
        // Not before it is done: the provider may tell it again.
        self.0.company.heard.take(format!("{provider} {}", logout.jti), self.0.clock.now());
        Ok(ended)
    }
}
