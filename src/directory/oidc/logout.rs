//! The end of a session: leading the browser to the provider's (OpenID Connect RP-Initiated Logout 1.0), and hearing of it
//! from the provider (OpenID Connect Back-Channel Logout 1.0).

use chrono::TimeDelta;
use openidconnect::{ClientId, EndSessionUrl, LogoutRequest, PostLogoutRedirectUrl};
use serde_json::Value;

use super::id_token::{Flaw, LEEWAY, text, time};
use super::jws::Unproven;
use super::metadata::Metadata;
use super::{Logout, Oidc};
use crate::model::{Identity, Time};

/// Largest logout token, in bytes.
const LARGEST: usize = 16 * 1024;
/// Oldest logout token. §2.4 recommends that it be good for two minutes at most.
const OLDEST: TimeDelta = TimeDelta::minutes(5);
/// The member of `events` that makes a token a logout token (§2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Longest `jti`, `sub` and `sid`, in bytes.
const LONGEST: usize = 255;

pub(super) fn url(metadata: &Metadata, client_id: &str, back: &str) -> Option<String> {
    let end = EndSessionUrl::new(metadata.end_session_endpoint.clone()?).ok()?;
    let back = PostLogoutRedirectUrl::new(back.to_owned()).ok()?;
    let request = LogoutRequest::from(end).set_client_id(ClientId::new(client_id.to_owned()));
    Some(request.set_post_logout_redirect_uri(back).http_get_url().into())
}

impl Oidc {
    /// All of §2.6. Whether it was seen before (`jti`) is for the caller to know.
    pub(super) async fn checked_logout(&self, token: &str, now: Time) -> Result<Logout, Flaw> {
        if token.len() > LARGEST {
            return Err(Flaw::new("a logout token is too large"));
        }
        let unproven = Unproven::read(token).map_err(Flaw::new)?;
        // Explicit typing is recommended (§2.4), and some providers write the plain type of all tokens. What makes it a
        // logout token is checked below: the event, and that there is no nonce.
        if let Some(typ) = &unproven.typ {
            let bare = typ.strip_prefix("application/").unwrap_or(typ);
            if !matches!(bare, "logout+jwt" | "jwt") {
                return Err(Flaw::new("a token is of another kind (typ)"));
            }
        }
        let proven = self.provider.prove(&self.http, &unproven).await?;
        let checks = self.checks(now);
        let issuer = checks.issuer(&proven)?;
        let claims = &proven.claims;
        checks.audience(claims)?;
        if checks.not_of_the_future(claims)? + OLDEST < now {
            return Err(Flaw::Clock("a logout token is older than five minutes".to_owned()));
        }
        if time(claims, "exp").is_some_and(|ends| ends + LEEWAY <= now) {
            return Err(Flaw::Clock("a logout token has ended".to_owned()));
        }
        if !claims.get("events").and_then(|events| events.get(EVENT)).is_some_and(Value::is_object) {
            return Err(Flaw::new("a token is none for logout (events)"));
        }
        if claims.contains_key("nonce") {
            return Err(Flaw::new("a logout token has a nonce, as ID tokens have"));
        }
        let short = |name: &str| match claims.get(name) {
            None => Ok(None),
            Some(_) => match text(claims, name).filter(|text| (1..=LONGEST).contains(&text.len())) {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(Flaw::new(format!("a logout token has an empty or too long {name}"))),
            },
        };
        let jti = short("jti")?.ok_or_else(|| Flaw::new("a logout token has no id (jti)"))?;
        let (subject, sid) = (short("sub")?, short("sid")?);
        if subject.is_none() && sid.is_none() {
            return Err(Flaw::new("a logout token names neither a person nor a session"));
        }
        Ok(Logout { identity: subject.map(|subject| Identity { issuer, subject }), sid, jti })
    }
}
