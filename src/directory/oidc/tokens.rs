//! The token endpoint (RFC 6749 §3.2): what it is sent, and what it answers.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use openidconnect::url::form_urlencoded::byte_serialize;
use reqwest::StatusCode;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::http::{Answer, Http, Silence};
use super::metadata::Metadata;
use crate::config::OidcConfig;
use crate::secret::PlainSecret;

/// Tokens that were given (RFC 6749 §5.1, OpenID Connect Core 1.0 §3.1.3.3).
#[derive(Debug, Deserialize)]
pub(super) struct Tokens {
    #[serde(rename = "access_token", default, deserialize_with = "secret")]
    pub(super) access: Option<PlainSecret>,
    #[serde(rename = "refresh_token", default, deserialize_with = "secret")]
    pub(super) refresh: Option<PlainSecret>,
    #[serde(rename = "id_token", default, deserialize_with = "secret")]
    pub(super) id: Option<PlainSecret>,
}

/// Why none were given.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It does not answer, or not as a token endpoint does.
    Silence(Silence),
    /// It refuses.
    Refusal(Refusal),
}

impl From<Silence> for Trouble {
    fn from(silence: Silence) -> Self {
        Self::Silence(silence)
    }
}

/// A refusal (RFC 6749 §5.2), with what Entra adds ("Microsoft Entra authentication and authorization error codes").
#[derive(Debug, Default, Deserialize)]
pub(super) struct Refusal {
    pub(super) error: String,
    #[serde(default)]
    pub(super) error_description: Option<String>,
    /// Entra: numbers of the reasons.
    #[serde(default)]
    pub(super) error_codes: Option<Vec<u64>>,
    /// Entra and Google: what kind of `error` it is.
    #[serde(default)]
    pub(super) suberror: Option<String>,
    #[serde(default)]
    pub(super) error_subtype: Option<String>,
}

impl Refusal {
    /// Whether it is us whom the provider refuses, and not a code, a token or a person.
    pub(super) fn is_of_us(&self) -> bool {
        let ours = [
            "invalid_client",
            "unauthorized_client",
            "invalid_scope",
            "unsupported_grant_type",
            "invalid_request",
            "invalid_resource",
            "invalid_target",
        ];
        ours.contains(&self.error.as_str())
    }

    /// The same without what was sent, which some quote.
    pub(super) fn without(mut self, sent: &PlainSecret) -> Self {
        for text in [&mut self.error_description, &mut self.suberror, &mut self.error_subtype].into_iter().flatten() {
            *text = text.replace(sent.expose(), "…");
        }
        self.error = self.error.replace(sent.expose(), "…");
        self
    }

    /// Short, in one line, for the log and the administrator.
    pub(super) fn told(&self) -> String {
        let short = |text: &str, most: usize| {
            let line = text.lines().next().unwrap_or_default();
            line.chars().filter(|c| !c.is_control()).take(most).collect::<String>()
        };
        let error = short(&self.error, 40);
        match self.error_description.as_deref().map(|text| short(text, 200)).filter(|text| !text.is_empty()) {
            Some(description) => format!("{error} ({description})"),
            None => error,
        }
    }
}

/// Asks for tokens by a grant (`authorization_code`, `refresh_token`).
pub(super) async fn ask(
    http: &Http,
    config: &OidcConfig,
    metadata: &Metadata,
    grant: &[(&str, &str)],
) -> Result<Tokens, Trouble> {
    let url = &metadata.token_endpoint;
    let answer = post(http, config, metadata, grant).await?;
    if answer.status == StatusCode::OK {
        let tokens: Tokens = answer.json(url)?;
        // Without one (RFC 6749 §5.1) it is no answer, and must not be taken for a word that an account is alive.
        let has_access = tokens.access.is_some();
        return if has_access {
            Ok(tokens)
        } else {
            Err(Silence("it answers without an access token".to_owned()).into())
        };
    }
    let is_passing = answer.status == StatusCode::TOO_MANY_REQUESTS || !answer.status.is_client_error();
    match answer.json::<Refusal>(url) {
        Ok(refusal) if !is_passing && refusal.error != "temporarily_unavailable" && refusal.error != "server_error" => {
            Err(Trouble::Refusal(refusal))
        }
        _ => Err(answer.unexpected(url).into()),
    }
}

/// By which of the two ways the secret is shown: in the header, which every provider must know (RFC 6749 §2.3.1), unless
/// it says that it takes the other one only.
async fn post(
    http: &Http,
    config: &OidcConfig,
    metadata: &Metadata,
    grant: &[(&str, &str)],
) -> Result<Answer, Silence> {
    let mut form = grant.to_vec();
    let url = &metadata.token_endpoint;
    let Some(secret) = &config.client_secret else {
        form.push(("client_id", &config.client_id));
        return http.post(url, &form, None).await;
    };
    let ways = metadata.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
    let takes = |way: &str| ways.iter().any(|known| known == way);
    if takes("client_secret_post") && !takes("client_secret_basic") {
        form.push(("client_id", &config.client_id));
        form.push(("client_secret", secret.expose()));
        return http.post(url, &form, None).await;
    }
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encoded(&config.client_id), encoded(secret.expose())));
    let basic = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes())));
    http.post(url, &form, Some(&basic)).await
}

/// A token; an empty one is none.
fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PlainSecret>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.filter(|text| !text.is_empty()).map(PlainSecret::new))
}
