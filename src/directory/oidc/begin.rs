//! Where the browser is sent to sign in: the authorisation code flow with PKCE (OpenID Connect Core 1.0 §3.1.2, RFC 7636).

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::core::{CoreAuthPrompt, CoreAuthenticationFlow, CoreClient};
use openidconnect::{
    AuthUrl, AuthenticationContextClass, ClientId, CsrfToken, IssuerUrl, JsonWebKeySet, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, Scope,
};

use super::http::Silence;
use super::metadata::Metadata;
use super::{Begun, Intent, Ticket};
use crate::config::{OidcConfig, OidcPreset, ProviderSecondFactor};
use crate::model::Time;
use crate::secret::{self, PlainSecret};

pub(super) fn begin(
    config: &OidcConfig,
    metadata: &Metadata,
    redirect: &str,
    intent: Intent,
    now: Time,
) -> Result<Begun, Silence> {
    let wrong = |error: openidconnect::url::ParseError| Silence(format!("an address cannot be used: {error}"));
    let (state, nonce, verifier) = (random(), random(), random());
    let issuer = IssuerUrl::new(metadata.issuer.clone()).map_err(wrong)?;
    let client = CoreClient::new(ClientId::new(config.client_id.clone()), issuer, JsonWebKeySet::default())
        .set_auth_uri(AuthUrl::new(metadata.authorization_endpoint.clone()).map_err(wrong)?)
        .set_redirect_uri(RedirectUrl::new(redirect.to_owned()).map_err(wrong)?);
    let (given_state, given_nonce) = (state.expose().to_owned(), nonce.expose().to_owned());
    let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.expose().to_owned()));
    let mut request = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            move || CsrfToken::new(given_state),
            move || Nonce::new(given_nonce),
        )
        .set_pkce_challenge(challenge)
        // The library adds this one itself.
        .add_scopes(config.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new));
    if let ProviderSecondFactor::Provider { acr, .. } = &config.second_factor {
        for value in acr {
            request = request.add_auth_context_value(AuthenticationContextClass::new(value.clone()));
        }
    }
    let google = config.preset == OidcPreset::Google;
    let is_asked_for_time = google || config.preset == OidcPreset::Entra;
    if google {
        // "OpenID Connect", Google Identity, authentication URI parameters: a refresh token is given with this, and
        // only the people of the domain are offered. Whether it is that domain is looked at in the ID token.
        request = request.add_extra_param("access_type", "offline");
        if let Some(domain) = &config.hosted_domain {
            request = request.add_extra_param("hd", domain.clone());
        }
    }
    request = match (intent, google) {
        (Intent::SignIn, _) => request,
        (Intent::Consent, _) => request.add_prompt(CoreAuthPrompt::Consent),
        // Google knows neither prompt=login nor max_age ("OpenID Connect", Google Identity, authentication URI
        // parameters: none, consent, select_account). Entra documents prompt=login to negate single sign-on ("OpenID
        // Connect on the Microsoft identity platform").
        (Intent::Confirm, true) => request.add_prompt(CoreAuthPrompt::SelectAccount),
        (Intent::Confirm, false) => request.add_prompt(CoreAuthPrompt::Login).set_max_age(Duration::ZERO),
    };
    if is_asked_for_time || metadata.claims_parameter_supported == Some(true) {
        // OpenID Connect Core 1.0 §5.5. Google gives auth_time to whom asks so only, and to published and verified
        // applications with "Session age claims" switched on ("Security bundle", Google Identity). With Entra it is an
        // optional claim of the application ("Optional claims reference", Microsoft identity platform), which Microsoft's
        // own libraries (MSAL) ask for in this way. Their metadata are not waited for to offer it.
        // Asked at every sign-in: whom the provider knows still has proven nothing now.
        let essential = if intent == Intent::Confirm { r#"{"essential":true}"# } else { "null" };
        request = request.add_extra_param("claims", format!(r#"{{"id_token":{{"auth_time":{essential}}}}}"#));
    }
    let (url, _, _) = request.url();
    let ticket = Ticket { nonce, verifier, redirect: redirect.to_owned(), intent, at: now };
    Ok(Begun { url: url.into(), state, ticket })
}

/// 256 random bits in 43 characters, which is also what a code verifier has (RFC 7636 §4.1).
fn random() -> PlainSecret {
    PlainSecret::new(BASE64_URL_SAFE_NO_PAD.encode(secret::random::<32>()))
}
