//! `[[oidc]]`: providers for OpenID Connect.

use super::Check;
use super::directories::{Common, Entry};
use crate::config::directories::{OidcConfig, OidcPreset, ProviderSecondFactor};
use crate::config::raw_directories::RawOidc;

/// What stands in an issuer for the tenant of whoever signs in.
const ANY_TENANT: &str = "{tenantid}";
/// Why something is no tenant.
const NO_TENANT: &str = "is no tenant ID like 00000000-0000-0000-0000-000000000000";
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
        self.line(&entry.key("client_id"), &raw.client_id);
        self.readable(&entry.key("button"), &raw.button);
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
            login_claim: self.claim(&entry.key("login_claim"), &raw.login_claim, "preferred_username"),
            groups_claim: self.claim(&entry.key("groups_claim"), &raw.groups_claim, "groups"),
            second_factor: self.provider_second_factor(raw, entry),
            unconfirmed_grace: self.grace(raw, common.recheck, entry),
            max_signin_age: self.time(&entry.key("max_signin_age"), &raw.max_signin_age),
            ended_answers: self.ended_answers(raw, preset, entry),
            graph: self.graph(raw, preset, with_groups, entry),
            common,
        }
    }

    fn claim(&mut self, key: &str, name: &str, default: &str) -> String {
        self.line(key, name);
        or(name.trim(), default)
    }

    /// Looks come every `recheck`, so a grace that is shorter would be over before anybody has looked twice.
    fn grace(&mut self, raw: &RawOidc, recheck: std::time::Duration, entry: &Entry<'_>) -> std::time::Duration {
        let grace = self.time(&entry.key("unconfirmed_grace"), &raw.unconfirmed_grace);
        if recheck > grace {
            let value = format!("{:?}", raw.unconfirmed_grace);
            self.wrong(&entry.key("unconfirmed_grace"), &value, "is shorter than recheck");
        }
        grace
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
            (_, given, tenant) if !tenant.is_empty() => {
                let reason = match (preset, given) {
                    (OidcPreset::Entra, "") => NO_TENANT,
                    (OidcPreset::Entra, _) => "stands beside an issuer: one of the two is enough",
                    _ => "is for preset = \"entra\" alone",
                };
                self.wrong(&entry.key("tenant"), &format!("{tenant:?}"), reason);
                return String::new();
            }
            (OidcPreset::Google, "", _) => "https://accounts.google.com".to_owned(),
            (_, "", _) => {
                let reason = "is needed: the provider's address, as its own metadata name it";
                self.wrong(&entry.key("issuer"), "\"\"", reason);
                return String::new();
            }
            (_, given, _) => given.to_owned(),
        };
        if let Err(reason) = check_address(&issuer).and_then(|()| check_issuer(&issuer)) {
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
        for tenant in self.words(&key, &raw.allowed_tenants, 1000).iter().filter(|tenant| !is_tenant(tenant)) {
            self.wrong(&key, &format!("{tenant:?}"), NO_TENANT);
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
            (OidcPreset::Google, false) => {
                let is_plain = domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
                if !is_plain || !domain.contains('.') {
                    self.wrong(&key, &format!("{domain:?}"), "is no domain like example.org");
                }
                Some(domain)
            }
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
        let key = entry.key("scopes");
        let scopes = self.words(&key, &raw.scopes, 50);
        // RFC 6749 §3.3
        let plain =
            |scope: &&String| scope.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
        for scope in scopes.iter().filter(|scope| !plain(scope)) {
            self.wrong(&key, &format!("{scope:?}"), "is no scope: one word, without spaces and quotation marks");
        }
        if !scopes.iter().any(|scope| scope == "openid") {
            self.wrong(&key, &format!("{:?}", raw.scopes), "must hold \"openid\"");
        }
        if preset == OidcPreset::Google && scopes.iter().any(|scope| scope == "offline_access") {
            let reason = "is refused by Google, which gives refresh tokens without it";
            self.wrong(&key, "\"offline_access\"", reason);
        }
        scopes
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
        let acr = self.words(&entry.key("second_factor_acr"), &raw.second_factor_acr, 50);
        // They are asked for in one text, with spaces between (OpenID Connect Core 1.0 §3.1.2.1: `acr_values`).
        for value in acr.iter().filter(|value| value.contains(' ')) {
            self.wrong(&entry.key("second_factor_acr"), &format!("{value:?}"), "has a space");
        }
        ProviderSecondFactor::Provider {
            amr: self.words(&entry.key("second_factor_amr"), &raw.second_factor_amr, 50),
            acr,
        }
    }

    fn ended_answers(&mut self, raw: &RawOidc, preset: OidcPreset, entry: &Entry<'_>) -> Vec<String> {
        let key = entry.key("ended_answers");
        let given = self.words(&key, &raw.ended_answers, 100);
        for answer in given.iter().filter(|answer| (1..4).contains(&answer.len())) {
            self.wrong(&key, &format!("{answer:?}"), "has fewer than 4 characters, so almost any answer may hold it");
        }
        // What stands in any such refusal would end accounts whose password has only been changed.
        for answer in given.iter().filter(|answer| "invalid_grant".eq_ignore_ascii_case(answer)) {
            let reason = "stands in every refusal, also after a change of the password";
            self.wrong(&key, &format!("{answer:?}"), reason);
        }
        let known = ended_answers_of(preset).iter().map(|answer| (*answer).to_owned());
        known.chain(given).collect()
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

/// What people write instead of an issuer.
fn check_issuer(issuer: &str) -> Result<(), &'static str> {
    if issuer.contains("/.well-known/") {
        return Err("is the address of the metadata: leave out /.well-known/ and what follows");
    }
    let microsoft = issuer.strip_prefix("https://login.microsoftonline.com/");
    let first = microsoft.and_then(|rest| rest.split('/').next());
    if first.is_some_and(|first| MANY_TENANTS.contains(&first)) {
        return Err("is no issuer: write preset = \"entra\" and the last word but one as tenant");
    }
    Ok(())
}

/// Secrets and signatures go over it: TLS, but for this very machine.
fn check_address(text: &str) -> Result<(), &'static str> {
    let plain = text.replace(ANY_TENANT, "tenant");
    let uri: http::Uri = plain.parse().map_err(|_| "not a URL")?;
    let absolute = "not an absolute URL like https://login.example.org";
    let host = uri.host().filter(|host| !host.is_empty()).ok_or(absolute)?;
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
