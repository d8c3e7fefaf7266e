//! Coming back from a provider with a code (OpenID Connect Core 1.0 §3.1.3).

use super::id_token::{Context, Flaw, LEEWAY};
use super::people::Unsaid;
use super::tokens::{self, Tokens, Trouble};
use super::{Arrival, Error, Intent, Oidc, Ticket};
use crate::model::Time;

/// Longest name of a provider's session, in bytes.
const LONGEST_SID: usize = 255;

impl Oidc {
    pub(super) async fn arrive(&self, ticket: &Ticket, code: &str, now: Time) -> Result<Arrival, Error> {
        let label = &self.config.common.label;
        let metadata = self.provider.metadata(&self.http).await.map_err(|silence| self.silent(silence))?;
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", ticket.redirect.as_str()),
            ("code_verifier", ticket.verifier.expose()),
        ];
        let tokens =
            tokens::ask(&self.http, &self.config, &metadata, &grant).await.map_err(|trouble| match trouble {
                Trouble::Silence(silence) => self.silent(silence).into(),
                Trouble::Refusal(refusal) => Error::Refused { label: label.clone(), reason: refusal.told() },
            })?;
        let Tokens { access: access_token, refresh: refresh_token, id: id_token } = tokens;
        let id_token = id_token.ok_or_else(|| Flaw::new("it gave no ID token").of(label))?;
        let context = Context { nonce: Some(&ticket.nonce), access_token: access_token.as_ref() };
        let (claims, identity) = self.read_id_token(&id_token, &context, now).await.map_err(|flaw| flaw.of(label))?;
        let authenticated_at = claims.signed_time("auth_time");
        if ticket.intent == Intent::Confirm {
            self.is_anew(authenticated_at, ticket.at)?;
        }
        let second_factor = claims.has_second_factor(&self.config.second_factor);
        let sid = claims.signed_text("sid").filter(|sid| (1..=LONGEST_SID).contains(&sid.len())).map(ToOwned::to_owned);
        let person = self
            .person(&metadata, claims, identity, access_token.as_ref(), Unsaid::Nothing)
            .await
            .map_err(|flaw| flaw.of(label))?
            .ok_or_else(|| self.silent(super::claims::unsaid(&self.config)))?;
        Ok(Arrival { person, refresh_token, authenticated_at, second_factor, sid })
    }

    /// Asked to have the person sign in anew, a provider must say when they did (OpenID Connect Core 1.0 §3.1.2.1:
    /// `max_age`): after we asked, but for what clocks are apart.
    fn is_anew(&self, authenticated_at: Option<Time>, asked: Time) -> Result<(), Error> {
        let reason = match authenticated_at {
            None => "it does not say when it did (auth_time)".to_owned(),
            Some(at) if at < asked - LEEWAY => {
                format!("it did {} s before it was asked to", (asked - at).num_seconds())
            }
            Some(_) => return Ok(()),
        };
        Err(Error::NotAnew { label: self.config.common.label.clone(), reason })
    }
}
