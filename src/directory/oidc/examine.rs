//! What `latchkey doctor` looks at.

use super::Oidc;
use super::claims::needs_groups;
use super::http::Silence;
use super::id_token::LEEWAY;
use super::metadata::Metadata;
use super::tokens::{self, Trouble};
use crate::config::OidcPreset;
use crate::directory::Finding;
use crate::model::Time;

impl Oidc {
    pub(super) async fn findings(&self, now: Time) -> Vec<Finding> {
        let mut findings = vec![self.clocks(now).await];
        let metadata = match self.provider.metadata_anew(&self.http).await {
            Ok(metadata) => metadata,
            Err(silence) => {
                findings.push(Some(self.no_metadata(silence)));
                return findings.into_iter().flatten().collect();
            }
        };
        findings.push(Some(Finding::good(format!("It answers, as the issuer {}", metadata.issuer))));
        findings.push(Some(self.signing_keys().await));
        findings.push(Some(pkce(&metadata)));
        findings.push(self.offline(&metadata));
        findings.push(self.other_scopes(&metadata));
        findings.push(Some(self.client(&metadata).await));
        findings.push(self.remark());
        findings.into_iter().flatten().collect()
    }

    fn no_metadata(&self, silence: Silence) -> Finding {
        let Silence(reason) = silence;
        let address = self.issuer.discovery();
        Finding::bad(
            format!("Its metadata cannot be had: {reason}"),
            format!("See whether this server reaches {address}, and whether the issuer is the one that stands there"),
        )
    }

    /// Tokens are refused where clocks differ. The header `Date` has whole seconds, and took its way.
    async fn clocks(&self, now: Time) -> Option<Finding> {
        let date = self.http.look(&self.issuer.discovery(), None).await.ok()?.date?;
        let theirs: Time = httpdate::parse_http_date(&date).ok()?.into();
        let apart = (theirs - now).abs();
        if apart <= LEEWAY {
            return Some(Finding::good("Its clock and this server's agree"));
        }
        Some(Finding::bad(
            format!("Its clock and this server's are {} s apart", apart.num_seconds()),
            "Have this server's clock set by NTP: with more than 60 s between them, sign-ins are refused",
        ))
    }

    async fn signing_keys(&self) -> Finding {
        match self.provider.keys(&self.http, true).await {
            Ok(keys) if keys.is_empty() => Finding::bad("It has no key to sign with", "Ask whoever runs it"),
            Ok(keys) => Finding::good(format!("It has {} keys that can be used", keys.len())),
            Err(Silence(reason)) => Finding::bad(
                format!("Its keys cannot be had: {reason}"),
                "Sign-ins need a key for RS256, PS256, ES256 or EdDSA (or their longer kin) under its jwks_uri",
            ),
        }
    }

    /// Whether accounts can be looked after between sign-ins.
    fn offline(&self, metadata: &Metadata) -> Option<Finding> {
        let days = self.config.max_signin_age.as_secs() / 86_400;
        let then = format!("accounts are confirmed by sign-ins only, each for {days} days (max_signin_age)");
        let asks = self.config.scopes.iter().any(|scope| scope == "offline_access");
        if self.config.preset == OidcPreset::Google {
            return asks.then(|| Finding::bad("offline_access is among scopes", "Take it away: Google refuses it"));
        }
        if !asks {
            let what = format!("offline_access is not among scopes: {then}");
            return Some(Finding::bad(what, "Name it in scopes, if the provider knows it"));
        }
        match &metadata.scopes_supported {
            Some(scopes) if !scopes.iter().any(|scope| scope == "offline_access") => Some(Finding::bad(
                format!("It does not offer offline_access: without a refresh token, {then}"),
                "Allow refresh tokens for this client there, or choose max_signin_age to your liking",
            )),
            _ => Some(Finding::good("Refresh tokens are asked for")),
        }
    }

    fn other_scopes(&self, metadata: &Metadata) -> Option<Finding> {
        // Entra offers the permissions of every API besides.
        let offered = metadata.scopes_supported.as_ref().filter(|_| self.config.preset != OidcPreset::Entra)?;
        let asked = self.config.scopes.iter().filter(|scope| *scope != "offline_access");
        let unknown: Vec<&str> = asked.filter(|scope| !offered.contains(scope)).map(String::as_str).collect();
        (!unknown.is_empty()).then(|| {
            let what = format!("It does not offer what is asked for: {}", unknown.join(", "));
            Finding::bad(what, "Add these scopes there, or take them out of scopes")
        })
    }

    /// Whether we are known there, by a code that cannot be right: whoever is known hears of the code, and only others
    /// hear of themselves (RFC 6749 §5.2).
    async fn client(&self, metadata: &Metadata) -> Finding {
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", "latchkey-doctor-asks-by-no-code"),
            ("redirect_uri", "https://localhost/"),
            ("code_verifier", "latchkey-doctor-asks-by-no-verifier-of-43-chars"),
        ];
        let refusal = match tokens::ask(&self.http, &self.config, metadata, &grant).await {
            Ok(_) => return Finding::bad("It gives tokens for a made-up code", "Do not use it: anybody could sign in"),
            Err(Trouble::Silence(Silence(reason))) => {
                return Finding::bad(format!("Its token endpoint is silent: {reason}"), "Ask whoever runs it");
            }
            Err(Trouble::Refusal(refusal)) => refusal,
        };
        let told = refusal.told();
        match refusal.error.as_str() {
            "invalid_client" | "unauthorized_client" => Finding::bad(
                format!("It does not take this server for its client: {told}"),
                "See whether client_id and client_secret are those of the registration there; secrets of Entra expire",
            ),
            "invalid_grant" => Finding::good("It knows this server by its client_id and secret"),
            _ => {
                Finding::good(format!("It answers at its token endpoint, but does not say whether it knows us: {told}"))
            }
        }
    }

    /// What is known without asking.
    fn remark(&self) -> Option<Finding> {
        let google = self.config.preset == OidcPreset::Google;
        (google && needs_groups(&self.config)).then(|| {
            Finding::bad(
                "required_groups or admin_groups are set, and Google's tokens hold no groups",
                "Take them away: nobody can be in one",
            )
        })
    }
}

/// Whether it says that it takes part in PKCE. Those that do not say so mostly do: Entra's metadata are silent on it.
fn pkce(metadata: &Metadata) -> Finding {
    match &metadata.code_challenge_methods_supported {
        Some(methods) if methods.iter().any(|method| method == "S256") => Finding::good("It takes part in PKCE (S256)"),
        Some(_) => Finding::bad("It does not offer PKCE by S256", "Update it: a code that is stolen could be used"),
        None => Finding::good("It does not say whether it takes part in PKCE, which is sent in any case"),
    }
}
