//! Trying a refresh token: whether an account is alive (OpenID Connect Core 1.0 §12).

use super::claims::Claims;
use super::http::Silence;
use super::id_token::{Context, Flaw};
use super::metadata::Metadata;
use super::people::Unsaid;
use super::tokens::{self, Refusal, Tokens, Trouble};
use super::{Oidc, Refreshed};
use crate::directory::Person;
use crate::model::{Ending, Identity, Time};
use crate::secret::PlainSecret;

/// Refusals of the token, and not of us (RFC 6749 §5.2, OpenID Connect Core 1.0 §3.1.2.6). Entra gives the latter here, too.
const OF_THE_TOKEN: [&str; 6] = [
    "invalid_grant",
    "interaction_required",
    "login_required",
    "consent_required",
    "account_selection_required",
    "access_denied",
];

impl Oidc {
    pub(super) async fn try_refresh(&self, token: &PlainSecret, identity: &Identity, now: Time) -> Refreshed {
        let metadata = match self.provider.metadata(&self.http).await {
            Ok(metadata) => metadata,
            Err(silence) => return Refreshed::Unreachable(self.silent(silence)),
        };
        let grant = [("grant_type", "refresh_token"), ("refresh_token", token.expose())];
        match tokens::ask(&self.http, &self.config, &metadata, &grant).await {
            Ok(tokens) => self.answered(&metadata, tokens, identity, now).await,
            Err(Trouble::Silence(silence)) => Refreshed::Unreachable(self.silent(silence)),
            Err(Trouble::Refusal(refusal)) => self.refused(&refusal.without(token)),
        }
    }

    /// Tokens were given: the account is alive. Whatever else cannot be learnt now must not lose the refresh token that
    /// takes over, since many providers take each one once.
    async fn answered(&self, metadata: &Metadata, tokens: Tokens, identity: &Identity, now: Time) -> Refreshed {
        let person = match self.person_now(metadata, &tokens, identity, now).await {
            Ok(person) => person,
            Err(Flaw::Silence(Silence(reason)) | Flaw::Clock(reason)) => {
                let label = &self.config.common.label;
                tracing::warn!(directory = label, reason, "an account is alive, but nothing more was learnt of it");
                None
            }
            Err(Flaw::Untrusted(reason)) => {
                let doubt = self.silent(Silence(format!("its answer is not to be trusted: {reason}")));
                return Refreshed::Doubtful(doubt, tokens.refresh);
            }
        };
        Refreshed::Answered { person, refresh_token: tokens.refresh }
    }

    async fn person_now(
        &self,
        metadata: &Metadata,
        tokens: &Tokens,
        identity: &Identity,
        now: Time,
    ) -> Result<Option<Person>, Flaw> {
        let access_token = tokens.access.as_ref();
        let Some(id_token) = &tokens.id else {
            return self.person_of_userinfo(metadata, identity, access_token).await;
        };
        let (claims, whose) = self.read_id_token(id_token, &Context { nonce: None, access_token }, now).await?;
        if whose != *identity {
            return Err(Flaw::new("it is about somebody else (sub)"));
        }
        self.person(metadata, claims, whose, access_token, self.unsaid_at_refresh()).await
    }

    /// Without an ID token, userinfo alone can say something.
    async fn person_of_userinfo(
        &self,
        metadata: &Metadata,
        identity: &Identity,
        token: Option<&PlainSecret>,
    ) -> Result<Option<Person>, Flaw> {
        // Google's domain is believed to an ID token only.
        if metadata.userinfo_endpoint.is_none() || token.is_none() || self.config.hosted_domain.is_some() {
            return Ok(None);
        }
        let mut claims = Claims::new(serde_json::Map::new());
        if !self.ask_userinfo(metadata, &mut claims, identity, token).await? {
            return Ok(None);
        }
        self.person_of(claims, identity.clone(), token, Unsaid::Unknown).await
    }

    fn refused(&self, refusal: &Refusal) -> Refreshed {
        let told = refusal.told();
        if refusal.is_of_us() {
            let reason = format!("it refuses this server and not the person: {told}");
            return Refreshed::Unreachable(self.silent(Silence(reason)));
        }
        // By whatever name it refuses: what is known to mean an ending means one.
        if let Some(ending) = ended_by(refusal, &self.config.ended_answers) {
            return Refreshed::Ended(ending, told);
        }
        if !OF_THE_TOKEN.contains(&refusal.error.as_str()) {
            return Refreshed::Unreachable(
                self.silent(Silence(format!("it refuses by what is not understood: {told}"))),
            );
        }
        Refreshed::Unconfirmed(told)
    }
}

/// The ending that a refusal means, by the answers that are known to mean one.
fn ended_by(refusal: &Refusal, answers: &[String]) -> Option<Ending> {
    let said = [&refusal.error_description, &refusal.suberror, &refusal.error_subtype];
    let said: Vec<String> = said.into_iter().flatten().map(|text| text.to_lowercase()).collect();
    let codes = refusal.error_codes.as_deref().unwrap_or_default();
    let means = |answer: &&String| {
        let answer = answer.to_lowercase();
        match code_of(&answer) {
            Some(code) => codes.contains(&code) || said.iter().any(|text| holds_code(text, &answer)),
            None => said.iter().any(|text| text.contains(&answer)),
        }
    };
    answers.iter().find(means).map(|answer| ending_of(&answer.to_lowercase()))
}

/// The number of a code of Entra's, `aadsts50057`.
fn code_of(answer: &str) -> Option<u64> {
    answer.strip_prefix("aadsts")?.parse().ok()
}

/// Whether a text has a code as a whole: 50057 is another than 500571.
fn holds_code(text: &str, code: &str) -> bool {
    text.match_indices(code).any(|(at, found)| {
        let next = text.get(at + found.len()..).and_then(|rest| rest.chars().next());
        !next.is_some_and(|c| c.is_ascii_digit())
    })
}

/// What kind of ending an answer is, in lower case.
fn ending_of(answer: &str) -> Ending {
    match answer {
        "aadsts50105" => Ending::NotAllowed,
        "aadsts50034" | "aadsts51004" | "aadsts16003" | "aadsts50020" => Ending::Gone,
        _ if ["unknown user", "not found", "deleted"].iter().any(|word| answer.contains(word)) => Ending::Gone,
        _ => Ending::Disabled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_count_as_a_whole() {
        for (text, holds) in [
            ("aadsts50057", true),
            ("aadsts50057: disabled", true),
            ("aadsts500571: a guest", false),
            ("aadsts500571 and aadsts50057.", true),
            ("50057", false),
            ("", false),
        ] {
            assert_eq!(holds_code(text, "aadsts50057"), holds, "{text}");
        }
        assert_eq!(code_of("aadsts50057"), Some(50_057));
        assert_eq!(code_of("aadsts"), None);
        assert_eq!(code_of("user disabled"), None);
    }
}
