//! `[[oidc]]`

use super::{each_is_told, good, oidc, told};
use crate::config::{OidcConfig, OidcPreset, ProviderSecondFactor};

const TENANT: &str = "11111111-2222-3333-4444-555555555555";

fn one(keys: &str) -> OidcConfig {
    good(&oidc(keys)).oidc.remove(0)
}

/// An entry that leaves issuer and tenant to `keys`.
fn bare(keys: &str) -> String {
    format!("[[oidc]]\nlabel = \"Acme\"\nclient_id = \"latchkey\"\n{keys}\n")
}

#[test]
fn the_generic_preset_says_nothing_of_its_own() {
    let config = one("");
    assert_eq!(config.preset, OidcPreset::Generic);
    assert_eq!(config.button, "Sign in with Acme");
    assert_eq!(config.issuer, "https://id.acme.example");
    assert_eq!(config.scopes, ["openid", "profile", "email", "offline_access"]);
    assert_eq!((config.login_claim.as_str(), config.groups_claim.as_str()), ("preferred_username", "groups"));
    assert_eq!(config.second_factor, ProviderSecondFactor::Own);
    assert_eq!((config.ended_answers.len(), config.graph), (0, None));
    assert_eq!(config.common.recheck.as_secs(), 3600);
    assert_eq!(config.unconfirmed_grace.as_secs(), 72 * 3600);
    assert_eq!(config.max_signin_age.as_secs(), 30 * 24 * 3600);
    assert_eq!(config.common.timeout.as_secs(), 10);
    assert!(config.client_secret.is_none() && config.common.ca.is_none());
}

#[test]
fn the_preset_for_entra_knows_address_and_answers() {
    let entra = |keys: &str| good(&bare(&format!("preset = \"entra\"\n{keys}"))).oidc.remove(0);
    let config = entra(&format!("tenant = \"{}\"", TENANT.to_uppercase()));
    assert_eq!(config.issuer, format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
    assert!(config.ended_answers.iter().any(|answer| answer == "AADSTS50057"));
    assert_eq!((config.graph.as_deref(), config.scopes.len()), (None, 4), "nobody asks for groups");
    let config = entra(&format!("tenant = \"{TENANT}\"\nadmin_groups = [\"x\"]\nended_answers = [\"AADSTS700082\"]"));
    assert_eq!(config.scopes, ["openid", "profile", "email", "offline_access", "User.Read"]);
    assert_eq!(config.graph.as_deref(), Some("https://graph.microsoft.com"));
    assert!(config.ended_answers.iter().any(|answer| answer == "AADSTS700082"));
    let many = entra(&format!("tenant = \"organizations\"\nallowed_tenants = [\"{}\"]", TENANT.to_uppercase()));
    assert_eq!(many.issuer, "https://login.microsoftonline.com/{tenantid}/v2.0");
    assert_eq!(many.allowed_tenants, [TENANT]);
    let government = entra(
        "issuer = \"https://login.microsoftonline.us/x/v2.0\"\ngraph = \"https://graph.microsoft.us/\"\nadmin_groups = [\"x\"]",
    );
    assert_eq!(government.graph.as_deref(), Some("https://graph.microsoft.us"));
}

#[test]
fn what_entra_needs_is_told() {
    let no_tenant = "is no tenant ID like 00000000-0000-0000-0000-000000000000";
    each_is_told(
        |keys| bare(&format!("preset = \"entra\"\n{keys}")),
        &[
            ("", "oidc[1].tenant = \"\": is needed: the directory (tenant) ID from the Entra admin center"),
            ("tenant = \"acme.onmicrosoft.com\"", &format!("oidc[1].tenant = \"acme.onmicrosoft.com\": {no_tenant}")),
            (
                "tenant = \"organizations\"",
                "oidc[1].allowed_tenants = []: is needed where people of many tenants can sign in: the IDs of those who may enter",
            ),
            (
                "tenant = \"common\"\nallowed_tenants = [\"acme\"]",
                &format!("oidc[1].allowed_tenants = \"acme\": {no_tenant}"),
            ),
            (
                &format!("tenant = \"{TENANT}\"\nallowed_tenants = [\"{TENANT}\"]"),
                &format!("oidc[1].allowed_tenants = [\"{TENANT}\"]: says nothing: the issuer is that of one tenant"),
            ),
            (
                &format!("tenant = \"{TENANT}\"\nissuer = \"https://x.example\""),
                &format!("oidc[1].tenant = \"{TENANT}\": stands beside an issuer: one of the two is enough"),
            ),
            (
                "issuer = \"https://login.microsoftonline.com/common/v2.0\"",
                "oidc[1].issuer = \"https://login.microsoftonline.com/common/v2.0\": is no issuer: write preset = \"entra\" \
                 and the last word but one as tenant",
            ),
        ],
    );
    each_is_told(
        oidc,
        &[
            (
                &format!("tenant = \"{TENANT}\""),
                &format!("oidc[1].tenant = \"{TENANT}\": is for preset = \"entra\" alone"),
            ),
            ("graph = \"https://g.example\"", "oidc[1].graph = \"https://g.example\": is for preset = \"entra\" alone"),
        ],
    );
}

#[test]
fn the_preset_for_google_asks_whose_people_may_enter() {
    let google = |keys: &str| bare(&format!("preset = \"google\"\n{keys}"));
    let config = good(&google("hosted_domain = \"Acme.Example\"")).oidc.remove(0);
    assert_eq!(config.issuer, "https://accounts.google.com");
    assert_eq!(config.hosted_domain.as_deref(), Some("acme.example"));
    assert_eq!(config.scopes, ["openid", "profile", "email"]);
    for provision in ["invited", "off"] {
        assert_eq!(good(&google(&format!("provision = \"{provision}\""))).oidc[0].hosted_domain, None);
    }
    each_is_told(
        google,
        &[
            (
                "",
                "oidc[1].hosted_domain = \"\": is needed with provision = \"auto\": else everybody with a Google account gets in here",
            ),
            (
                "hosted_domain = \"@acme.example\"",
                "oidc[1].hosted_domain = \"@acme.example\": is no domain like example.org",
            ),
            ("hosted_domain = \"*\"", "oidc[1].hosted_domain = \"*\": is no domain like example.org"),
            (
                "hosted_domain = \"acme.example\"\nscopes = [\"openid\", \"offline_access\"]",
                "oidc[1].scopes = \"offline_access\": is refused by Google, which gives refresh tokens without it",
            ),
        ],
    );
    let reason = "oidc[1].hosted_domain = \"acme.example\": is for preset = \"google\" alone";
    each_is_told(oidc, &[("hosted_domain = \"acme.example\"", reason)]);
}

#[test]
fn the_preset_for_keycloak_knows_its_answers() {
    let config = one("preset = \"keycloak\"");
    assert_eq!(config.preset, OidcPreset::Keycloak);
    assert!(config.ended_answers.iter().any(|answer| answer == "User disabled"));
    assert_eq!(config.scopes.last().map(String::as_str), Some("offline_access"));
}

#[test]
fn an_issuer_is_an_https_address() {
    let wrong = |issuer: &str| told(&oidc(&format!("issuer = \"{issuer}\""))).join("\n");
    for (issuer, reason) in [
        ("", "is needed: the provider's address, as its own metadata name it"),
        ("http://id.acme.example", "not an https URL"),
        ("http://127.0.0.1.example", "not an https URL"),
        ("ldap://id.acme.example", "not an https URL"),
        ("id.acme.example", "not an https URL"),
        ("/realms/staff", "not an absolute URL like https://login.example.org"),
        ("https://user:pw@id.acme.example", "must not have a user name, query or fragment"),
        ("https://id.acme.example/?tenant=1", "must not have a user name, query or fragment"),
        ("https://id.acme.example/#x", "must not have a user name, query or fragment"),
        (" https://id.acme.example", "not a URL"),
        (
            "https://id.acme.example/.well-known/openid-configuration",
            "is the address of the metadata: leave out /.well-known/ and what follows",
        ),
    ] {
        assert_eq!(wrong(issuer), format!("oidc[1].issuer = {issuer:?}: {reason}"));
    }
    for issuer in [
        "https://id.acme.example/realms/staff",
        "https://id.acme.example/application/o/latchkey/",
        "https://id.acme.example:8443",
        "http://127.0.0.1:8080/realms/staff",
        "http://[::1]:8080",
        "http://localhost:8080",
    ] {
        assert_eq!(one(&format!("issuer = \"{issuer}\"")).issuer, issuer);
    }
}

#[test]
fn scopes_are_words_and_hold_openid() {
    assert_eq!(one("scopes = [\"openid\", \"groups\"]").scopes, ["openid", "groups"]);
    let reason = "is no scope: one word, without spaces and quotation marks";
    each_is_told(
        oidc,
        &[
            ("scopes = [\"profile\"]", "oidc[1].scopes = [\"profile\"]: must hold \"openid\""),
            ("scopes = [\"openid\", \"a b\"]", &format!("oidc[1].scopes = \"a b\": {reason}")),
            ("scopes = [\"openid\", \"a\\\"b\"]", &format!("oidc[1].scopes = \"a\\\"b\": {reason}")),
            ("scopes = [\"openid\", \"openid\"]", "oidc[1].scopes = \"openid\": stands there twice"),
        ],
    );
}

#[test]
fn a_second_factor_of_the_provider_needs_a_word_that_says_so() {
    let provider = |amr: &[&str], acr: &[&str]| {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        ProviderSecondFactor::Provider { amr: owned(amr), acr: owned(acr) }
    };
    assert_eq!(one("second_factor = \"provider\"").second_factor, provider(&["mfa"], &[]));
    let gold = one("second_factor = \"provider\"\nsecond_factor_amr = []\nsecond_factor_acr = [\"gold\"]");
    assert_eq!(gold.second_factor, provider(&[], &["gold"]));
    each_is_told(
        oidc,
        &[
            ("second_factor = \"theirs\"", "oidc[1].second_factor = \"theirs\": not one of \"own\", \"provider\""),
            (
                "second_factor = \"provider\"\nsecond_factor_amr = []",
                "oidc[1].second_factor_amr = []: is empty, and second_factor_acr, too: then nothing says that there was a second factor",
            ),
            (
                "second_factor = \"provider\"\nsecond_factor_acr = [\"a b\"]",
                "oidc[1].second_factor_acr = \"a b\": has a space",
            ),
            ("second_factor = \"provider\"\nsecond_factor_amr = [\"\"]", "oidc[1].second_factor_amr = \"\": is empty"),
        ],
    );
}

#[test]
fn answers_that_mean_the_end_are_not_such_as_any_refusal_has() {
    assert_eq!(one("ended_answers = [\" account is closed \"]").ended_answers, ["account is closed"]);
    each_is_told(
        oidc,
        &[
            (
                "ended_answers = [\"end\"]",
                "oidc[1].ended_answers = \"end\": has fewer than 4 characters, so almost any answer may hold it",
            ),
            (
                "ended_answers = [\"invalid_grant\"]",
                "oidc[1].ended_answers = \"invalid_grant\": stands in every refusal, also after a change of the password",
            ),
        ],
    );
}

#[test]
fn a_grace_is_not_shorter_than_the_time_between_two_looks() {
    let grace = "oidc[1].unconfirmed_grace = \"1h\": is shorter than recheck";
    each_is_told(oidc, &[("recheck = \"2h\"\nunconfirmed_grace = \"1h\"", grace)]);
    assert_eq!(one("recheck = \"1h\"\nunconfirmed_grace = \"1h\"").unconfirmed_grace.as_secs(), 3600);
}
