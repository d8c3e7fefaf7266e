//! Tokens for the admin API: `lka-` and 160 random bits, of which the SHA-256 is kept.

use std::time::Duration;

use ipnet::IpNet;
use sha2::{Digest, Sha256};

use super::gate::Visitor;
use super::issue::{label, networks};
use super::network::ClientNetwork;
use super::{Actor, Auth, Error, Refusal, Result};
use crate::clock::seconds;
use crate::model::{ApiScope, ApiToken};
use crate::secret::{PlainSecret, Token};
use crate::store;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct NewApiToken {
    /// 1 to 64 characters.
    pub label: String,
    /// What it may do; at least one.
    pub scopes: Vec<ApiScope>,
    /// How long it lives.
    pub ttl: Duration,
    /// Client networks it may come from; empty for any.
    pub networks: Vec<IpNet>,
}

/// A token with its secret, to be shown once.
#[derive(Debug)]
pub struct IssuedToken {
    /// What lists show of it.
    pub row: ApiToken,
    /// The whole token.
    pub token: PlainSecret,
}

/// A program that came in with a token.
#[derive(Debug, Clone)]
pub struct ApiCaller {
    id: i64,
    scopes: Vec<ApiScope>,
    address: String,
}

impl ApiCaller {
    /// Whether the token may do this.
    #[must_use]
    pub fn may(&self, scope: ApiScope) -> bool {
        self.scopes.contains(&scope)
    }

    /// The caller as the audit log names it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor { name: format!("api-token:{}", self.id), address: Some(self.address.clone()) }
    }
}

/// Longest life of a token.
const LONGEST: Duration = Duration::from_hours(10 * 366 * 24);

impl Auth {
    /// Issues a token. Blocks.
    ///
    /// # Errors
    /// [`Error::Invalid`]
    pub fn issue_api_token(&self, new: &NewApiToken, actor: &Actor) -> Result<IssuedToken> {
        if new.scopes.is_empty() {
            return Err(Error::invalid("scope", "name at least one of users, app-passwords, read"));
        }
        if new.ttl.is_zero() || new.ttl > LONGEST {
            return Err(Error::invalid("expires", "must be in the future and within ten years"));
        }
        let token = Token::Api.generate();
        let created_at = self.0.clock.now_in_millis();
        let mut row = ApiToken {
            id: 0,
            label: label(&new.label)?,
            scopes: new.scopes.clone(),
            networks: networks(&new.networks)?,
            created_at,
            expires_at: Some(created_at + seconds(new.ttl.as_secs())),
            last_used_at: None,
            revoked_at: None,
        };
        row.id = self.0.store.write(|tx| {
            let id = store::api_token::insert(tx, &row, &digest(token.expose()))?;
            self.audit(tx, actor, "api-token.issue", None, Some(&id.to_string()))?;
            Ok::<_, Error>(id)
        })?;
        Ok(IssuedToken { row, token })
    }

    /// All tokens, revoked ones too.
    ///
    /// # Errors
    /// The database's.
    pub fn api_tokens(&self) -> Result<Vec<ApiToken>> {
        Ok(self.0.store.read(store::api_token::all)?)
    }

    /// Revokes a token. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchApiToken`]
    pub fn revoke_api_token(&self, id: i64, actor: &Actor) -> Result<()> {
        let now = self.0.clock.now();
        self.0.store.write(|tx| {
            if !store::api_token::revoke(tx, id, now)? {
                return Err(Error::NoSuchApiToken(id));
            }
            self.audit(tx, actor, "api-token.revoke", None, Some(&id.to_string()))
        })
    }

    /// Lets the bearer of a token in.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn enter_api(
        &self,
        authorization: Option<&[u8]>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<ApiCaller, Refusal> {
        let bearer = authorization.and_then(bearer).ok_or(Refusal::NoCredentials)?;
        let now = self.0.clock.now();
        let network = ClientNetwork::of(visitor.address);
        let found = if Token::Api.is(bearer) {
            self.0.store.read(|c| store::api_token::by_digest(c, &digest(bearer))).map_err(Error::from)?
        } else {
            None
        };
        let address = visitor.address.to_canonical();
        let live = found.filter(|token| {
            token.revoked_at.is_none()
                && token.expires_at.is_none_or(|end| now < end)
                && (token.networks.is_empty() || token.networks.iter().any(|allowed| allowed.contains(&address)))
        });
        let Some(token) = live else {
            return Err(match self.0.throttle.failed(network, &("api", bearer), now) {
                Some(wait) => Refusal::Throttled(wait),
                None => Refusal::Wrong,
            });
        };
        self.0.last_use.note_token(&token, now);
        Ok(ApiCaller { id: token.id, scopes: token.scopes, address: address.to_string() })
    }
}

fn bearer(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?;
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// What is kept of a token: chance of 160 bits needs no slow hash.
pub(super) fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
