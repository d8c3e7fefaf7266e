//! The checks on an ID token (OpenID Connect Core 1.0 §3.1.3.7, §12.2) and, as far as they are the same, on a logout token.

use chrono::{DateTime, TimeDelta};
use serde_json::{Map, Value};

use super::Error;
use super::claims::Claims;
use super::http::Silence;
use super::issuer::Issuer;
use super::jws::{Proven, Unproven, Unsigned};
use super::metadata::Doubt;
use crate::model::{Identity, Time};
use crate::secret::PlainSecret;

/// How far clocks may be apart.
pub(super) const LEEWAY: TimeDelta = TimeDelta::seconds(60);

/// Why a token is not accepted.
#[derive(Debug)]
pub(super) enum Flaw {
    /// It could not be checked.
    Silence(Silence),
    /// It is for another time.
    Clock(String),
    /// It is not the provider's, not for us, or not what was asked for.
    Untrusted(String),
}

impl Flaw {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self::Untrusted(reason.into())
    }

    /// As it is told outside.
    pub(super) fn of(self, label: &str) -> Error {
        let label = label.to_owned();
        match self {
            Self::Silence(Silence(reason)) => super::Unreachable { label, reason }.into(),
            Self::Clock(reason) => Error::Clock { label, reason },
            Self::Untrusted(reason) => Error::Untrusted { label, reason },
        }
    }
}

impl From<Doubt> for Flaw {
    fn from(doubt: Doubt) -> Self {
        match doubt {
            Doubt::Silence(silence) => Self::Silence(silence),
            Doubt::Unsigned(Unsigned::NoKey) => {
                Self::new("a token is signed by a key that it does not name as its own")
            }
            Doubt::Unsigned(Unsigned::Wrong) => Self::new("a token's signature is wrong"),
        }
    }
}

/// What every token has to bear to be the provider's, and for us.
pub(super) struct Checks<'c> {
    pub(super) issuer: &'c Issuer,
    pub(super) client_id: &'c str,
    pub(super) now: Time,
}

/// What an ID token came with.
pub(super) struct Context<'c> {
    /// Of the sign-in that was begun; absent at a refresh, where none is sent.
    pub(super) nonce: Option<&'c PlainSecret>,
    pub(super) access_token: Option<&'c PlainSecret>,
}

impl Checks<'_> {
    /// Checks everything about an ID token.
    pub(super) fn id_token(&self, proven: Proven, context: &Context<'_>) -> Result<(Claims, Identity), Flaw> {
        let issuer = self.issuer(&proven)?;
        self.audience(&proven.claims)?;
        self.times(&proven.claims)?;
        if let Some(nonce) = context.nonce {
            let said = text(&proven.claims, "nonce").ok_or_else(|| Flaw::new("an ID token has no nonce"))?;
            if !same(said, nonce.expose()) {
                return Err(Flaw::new("an ID token is for another sign-in (nonce)"));
            }
        }
        if let Some(said) = proven.claims.get("at_hash") {
            let hash = context.access_token.and_then(|token| proven.half_hash(token.expose()));
            if hash.is_none() || said.as_str() != hash.as_deref() {
                return Err(Flaw::new("an ID token is for another access token (at_hash)"));
            }
        }
        let claims = Claims::new(proven.claims);
        let subject = claims.subject().map_err(Flaw::new)?.to_owned();
        Ok((claims, Identity { issuer, subject }))
    }

    /// Checks who made it, and gives the issuer as it is in the key of accounts.
    pub(super) fn issuer(&self, proven: &Proven) -> Result<String, Flaw> {
        let iss = text(&proven.claims, "iss").ok_or_else(|| Flaw::new("a token does not say by whom it is (iss)"))?;
        let tid = text(&proven.claims, "tid");
        let issuer = self.issuer.check(iss, tid).map_err(|why| Flaw::new(format!("a token is not its own: {why}")))?;
        if !self.issuer.may_sign(proven.key_issuer(), &issuer, tid) {
            return Err(Flaw::new("a token is signed by the key of another tenant"));
        }
        Ok(issuer)
    }

    /// Checks that it is for us; with others only where it was made for us.
    pub(super) fn audience(&self, claims: &Map<String, Value>) -> Result<(), Flaw> {
        let ours = |value: &Value| value.as_str() == Some(self.client_id);
        let azp = claims.get("azp");
        let (is_ours, has_others) = match claims.get("aud") {
            Some(Value::Array(all)) => (all.iter().any(ours), !all.iter().all(ours)),
            Some(one) => (ours(one), false),
            None => (false, false),
        };
        if !is_ours {
            return Err(Flaw::new("a token is for somebody else (aud)"));
        }
        if (has_others && azp.is_none()) || azp.is_some_and(|azp| !ours(azp)) {
            return Err(Flaw::new("a token is for others, too (aud, azp)"));
        }
        Ok(())
    }

    /// Checks that it is of now.
    fn times(&self, claims: &Map<String, Value>) -> Result<(), Flaw> {
        let ends = time(claims, "exp").ok_or_else(|| Flaw::new("a token does not say until when it is good (exp)"))?;
        if ends + LEEWAY <= self.now {
            let ago = (self.now - ends).num_seconds();
            return Err(Flaw::Clock(format!("by our clock its token ended {ago} s ago")));
        }
        self.not_of_the_future(claims).map(|_| ())
    }

    /// Checks that it was made already, and gives when.
    pub(super) fn not_of_the_future(&self, claims: &Map<String, Value>) -> Result<Time, Flaw> {
        let made = time(claims, "iat").ok_or_else(|| Flaw::new("a token does not say when it was made (iat)"))?;
        if made > self.now + LEEWAY {
            let ahead = (made - self.now).num_seconds();
            return Err(Flaw::Clock(format!("by our clock its token will be made in {ahead} s only")));
        }
        Ok(made)
    }
}

impl super::Oidc {
    /// Takes an ID token apart, looks whose signature it has, and checks the rest.
    pub(super) async fn read_id_token(
        &self,
        token: &PlainSecret,
        context: &Context<'_>,
        now: Time,
    ) -> Result<(Claims, Identity), Flaw> {
        let unproven = Unproven::read(token.expose()).map_err(Flaw::new)?;
        let proven = self.provider.prove(&self.http, &unproven).await?;
        self.checks(now).id_token(proven, context)
    }

    pub(super) fn checks(&self, now: Time) -> Checks<'_> {
        Checks { issuer: &self.issuer, client_id: &self.config.client_id, now }
    }
}

/// An instant (RFC 7519 §2: `NumericDate`), in whole seconds.
pub(super) fn time(claims: &Map<String, Value>, name: &str) -> Option<Time> {
    let value = claims.get(name)?;
    let seconds = value.as_i64().or_else(|| {
        #[expect(clippy::cast_possible_truncation, reason = "a float is cut to whole seconds, and to i64 at its ends")]
        value.as_f64().map(|seconds| seconds as i64)
    })?;
    // Far ones are as good as the end of time.
    let far = 253_402_300_799;
    DateTime::from_timestamp(seconds.clamp(0, far - 86_400), 0)
}

pub(super) fn text<'m>(claims: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    claims.get(name).and_then(Value::as_str)
}

/// Whether two texts are the same, without telling by the time it takes where they differ.
fn same(one: &str, other: &str) -> bool {
    use subtle::ConstantTimeEq;
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
