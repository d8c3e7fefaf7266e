//! `[[oidc]]`: providers for OpenID Connect.

use super::Check;
use super::directories::{Common, Entry};
use crate::config::directories::{OidcConfig, OidcPreset, ProviderSecondFactor};
use crate::config::raw_directories::RawOidc;

/// What stands in an issuer for the tenant of whoever signs in.
const ANY_TENANT: &str = "{tenantid}";
/// Entra's addresses that are open to people of many tenants.
const MANY_TENANTS: [&str; 3] = ["common", "organizations", "consumers"];

impl Check<'_> {
    pub(super) fn oidc(&mut self, raw: &RawOidc, entry: &Entry<'_>) -> OidcConfig {
        let presets = [
            ("generic", OidcPreset::Generic),
            ("entra", OidcPreset::Entra),
            ("google", OidcPreset::Google),
            ("keycloak", OidcPreset::Keycloak),
        ];
        let preset = self.word(&entry.key("preset"), &raw.preset, &presets).unwrap_or(OidcPreset::Generic);
        let common = self.common(
            entry,
            &Common {
                name: &raw.name,
                label: &raw.label,
                preset: &raw.preset,
                ca_file: &raw.ca_file,
                timeout: &raw.timeout,
                provision: &raw.provision,
                recheck: &raw.recheck,
                required_groups: &raw.required_groups,
                admin_groups: &raw.admin_groups,
            },
        );
        if raw.client_id.is_empty() {
            self.wrong(
                &entry.key("client_id"),
                "\"\"",
                "is needed: the provider gives it when you register this server",
            );
        }
        let issuer = self.issuer(raw, preset, entry);
        self.tenants(raw, &issuer, entry);
        let hosted_domain = self.hosted_domain(raw, preset, entry);
        let with_groups = !common.required_groups.is_empty() || !common.admin_groups.is_empty();
        OidcConfig {
            button: if raw.button.is_empty() { format!("Sign in with {}", common.label) } else { raw.button.clone() },
            preset,
            issuer,
            allowed_tenants: raw.allowed_tenants.iter().map(|tenant| tenant.trim().to_lowercase()).collect(),
            hosted_domain,
            client_id: raw.client_id.clone(),
            client_secret: self.secret(entry, "client_secret", &raw.client_secret, &raw.client_secret_file),
            scopes: self.scopes(raw, preset, with_groups, entry),
            login_claim: or(&raw.login_claim, "preferred_username"),
            groups_claim: or(&raw.groups_claim, "groups"),
            second_factor: self.provider_second_factor(raw, entry),
            unconfirmed_grace: self.duration(&entry.key("unconfirmed_grace"), &raw.unconfirmed_grace),
            max_signin_age: self.duration(&entry.key("max_signin_age"), &raw.max_signin_age),
            ended_answers: self.ended_answers(raw, preset, entry),
            graph: self.graph(raw, preset, with_groups, entry),
            common,
        }
    }

    fn issuer(&mut self, raw: &RawOidc, preset: OidcPreset, entry: &Entry<'_>) -> String {
        let issuer = match (preset, raw.issuer.as_str(), raw.tenant.as_str()) {
            (OidcPreset::Entra, "", "") => {
                let reason = "is needed: the directory (tenant) ID from the Entra admin center";
                self.wrong(&entry.key("tenant"), "\"\"", reason);
                return String::new();
            }
            (OidcPreset::Entra, "", tenant) if MANY_TENANTS.contains(&tenant) => {
                format!("https://login.microsoftonline.com/{ANY_TENANT}/v2.0")
            }
            (OidcPreset::Entra, "", tenant) if is_tenant(tenant) => {
                format!("https://login.microsoftonline.com/{}/v2.0", tenant.to_lowercase())
            }
            (_, _, tenant) if !tenant.is_empty() => {
                let reason = "is no tenant ID like 00000000-0000-0000-0000-000000000000, or stands beside an issuer";
                self.wrong(&entry.key("tenant"), &format!("{tenant:?}"), reason);
                return String::new();
            }
            (OidcPreset::Google, "", _) => "https://accounts.google.com".to_owned(),
            (_, given, _) => given.to_owned(),
        };
        if let Err(reason) = check_address(&issuer) {
            self.wrong(&entry.key("issuer"), &format!("{issuer:?}"), reason);
        }
        issuer
    }

    fn tenants(&mut self, raw: &RawOidc, issuer: &str, entry: &Entry<'_>) {
        let key = entry.key("allowed_tenants");
        let many = issuer.contains(ANY_TENANT);
        if many && raw.allowed_tenants.is_empty() {
            let reason = "is needed where people of many tenants can sign in: the IDs of those who may enter";
            self.wrong(&key, "[]", reason);
        }
        if !many && !raw.allowed_tenants.is_empty() {
            let reason = "says nothing: the issuer is that of one tenant";
            self.wrong(&key, &format!("{:?}", raw.allowed_tenants), reason);
        }
        for tenant in raw.allowed_tenants.iter().filter(|tenant| !is_tenant(tenant)) {
            self.wrong(&key, &format!("{tenant:?}"), "is no tenant ID like 00000000-0000-0000-0000-000000000000");
        }
    }

    fn hosted_domain(&mut self, raw: &RawOidc, preset: OidcPreset, entry: &Entry<'_>) -> Option<String> {
        let key = entry.key("hosted_domain");
        let domain = raw.hosted_domain.trim().to_lowercase();
        match (preset, domain.is_empty()) {
            (OidcPreset::Google, true) if raw.provision == "auto" => {
                let reason = "is needed with provision = \"auto\": else everybody with a Google account gets in here";
                self.wrong(&key, "\"\"", reason);
                None
            }
            (OidcPreset::Google, false) => Some(domain),
            (_, false) => {
                self.wrong(&key, &format!("{domain:?}"), "is for preset = \"google\" alone");
                None
            }
            _ => None,
        }
    }

    fn scopes(&mut self, raw: &RawOidc, preset: OidcPreset, with_groups: bool, entry: &Entry<'_>) -> Vec<String> {
        if raw.scopes.is_empty() {
            let mut scopes = vec!["openid", "profile", "email"];
            // Google gives refresh tokens by another parameter and refuses this scope.
            if preset != OidcPreset::Google {
                scopes.push("offline_access");
            }
            // Groups that are too many for a token are asked of Microsoft Graph.
            if preset == OidcPreset::Entra && with_groups {
                scopes.push("User.Read");
            }
            return scopes.into_iter().map(ToOwned::to_owned).collect();
        }
        let plain = |scope: &String| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic());
        if !raw.scopes.iter().all(plain) {
            self.wrong(&entry.key("scopes"), &format!("{:?}", raw.scopes), "has a scope that is no word");
        }
        if !raw.scopes.iter().any(|scope| scope == "openid") {
            self.wrong(&entry.key("scopes"), &format!("{:?}", raw.scopes), "must hold \"openid\"");
        }
        raw.scopes.clone()
    }

    fn provider_second_factor(&mut self, raw: &RawOidc, entry: &Entry<'_>) -> ProviderSecondFactor {
        let words = [("own", false), ("provider", true)];
        let counts = self.word(&entry.key("second_factor"), &raw.second_factor, &words).unwrap_or(false);
        if !counts {
            return ProviderSecondFactor::Own;
        }
        if raw.second_factor_amr.is_empty() && raw.second_factor_acr.is_empty() {
            let reason = "is empty, and second_factor_acr, too: then nothing says that there was a second factor";
            self.wrong(&entry.key("second_factor_amr"), "[]", reason);
        }
        ProviderSecondFactor::Provider { amr: raw.second_factor_amr.clone(), acr: raw.second_factor_acr.clone() }
    }

    fn ended_answers(&mut self, raw: &RawOidc, preset: OidcPreset, entry: &Entry<'_>) -> Vec<String> {
        if raw.ended_answers.iter().any(|answer| answer.trim().len() < 4) {
            let reason = "has a text of fewer than 4 characters, which almost any answer may hold";
            self.wrong(&entry.key("ended_answers"), &format!("{:?}", raw.ended_answers), reason);
        }
        let known = ended_answers_of(preset).iter().map(|answer| (*answer).to_owned());
        known.chain(raw.ended_answers.iter().map(|answer| answer.trim().to_owned())).collect()
    }

    fn graph(&mut self, raw: &RawOidc, preset: OidcPreset, with_groups: bool, entry: &Entry<'_>) -> Option<String> {
        if preset != OidcPreset::Entra {
            if !raw.graph.is_empty() {
                self.wrong(&entry.key("graph"), &format!("{:?}", raw.graph), "is for preset = \"entra\" alone");
            }
            return None;
        }
        let graph = or(&raw.graph, "https://graph.microsoft.com");
        if let Err(reason) = check_address(&graph) {
            self.wrong(&entry.key("graph"), &format!("{graph:?}"), reason);
        }
        with_groups.then(|| graph.trim_end_matches('/').to_owned())
    }
}

/// Refusals to refresh that mean that the account has ended; all others may have other reasons.
fn ended_answers_of(preset: OidcPreset) -> &'static [&'static str] {
    match preset {
        // "Microsoft Entra authentication and authorization error codes" (Microsoft identity platform), and for 500571 its
        // own troubleshooting page: UserDisabled, a guest's account disabled, UserAccountNotFound,
        // UserAccountNotInDirectory, EntitlementGrantsNotFound (not assigned to the application any more). The page warns
        // that codes may change: one that is not known here only leaves the account unconfirmed. Not among them are those
        // that a living account meets: 50173 and 50133 (password changed, tokens revoked), 700082 and 70008 (not used for
        // long), 70043 (sign-in frequency), 50053 (locked by guesses), 50055 and 50144 (password expired), 50076 and 50079
        // (second factor needed), 53000 to 53011 (conditional access), 65001 (consent missing). Nor are 50020 and 16000,
        // which a wrong tenant in the configuration brings about for everybody.
        OidcPreset::Entra => &["AADSTS50057", "AADSTS500571", "AADSTS50034", "AADSTS51004", "AADSTS50105"],
        // Keycloak's TokenManager says this of a disabled account. Of a deleted one it says what it also says of sessions
        // that are over ("Session not active", "Offline user session not found", "Invalid refresh token"): "Unknown user"
        // stands in its log only.
        OidcPreset::Keycloak => &["User disabled"],
        // Google documents invalid_grant alone. This text is what people were seen to get for a deleted account.
        OidcPreset::Google => &["Account has been deleted"],
        OidcPreset::Generic => &[],
    }
}

fn or(text: &str, default: &str) -> String {
    if text.is_empty() { default.to_owned() } else { text.to_owned() }
}

fn is_tenant(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

/// Secrets and signatures go over it: TLS, but for this very machine.
fn check_address(text: &str) -> Result<(), &'static str> {
    let plain = text.replace(ANY_TENANT, "tenant");
    let uri: http::Uri = plain.parse().map_err(|_| "not a URL")?;
    let host = uri.host().ok_or("not an absolute URL like https://login.example.org")?;
    let is_own =
        host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|a: std::net::IpAddr| a.is_loopback());
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if is_own => {}
        _ => return Err("not an https URL"),
    }
    if uri.query().is_some() || text.contains(['#', '@']) {
        return Err("must not have a user name, query or fragment");
    }
    Ok(())
}
