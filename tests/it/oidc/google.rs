//! Google, replayed from its public documentation: the domain, and how refresh tokens are had.

use latchkey::directory::oidc::{Error, Intent, Refreshed};
use latchkey::model::Ending;
use serde_json::json;

use super::refresh::assert_ended;
use super::{Stage, parameter};

const DOMAIN: &str = "hosted_domain = \"Example.ORG\"\n";

#[tokio::test]
async fn only_the_domains_people_enter() {
    let stage = Stage::new("google", DOMAIN);
    for (said, ending) in [
        (json!({ "hd": "example.org" }), None),
        (json!({ "hd": "EXAMPLE.org" }), None),
        (json!({ "hd": "example.org.evil.example" }), Some(Ending::NotAllowed)),
        (json!({ "hd": ["example.org"] }), Some(Ending::NotAllowed)),
        (json!({ "email": "alice@example.org" }), Some(Ending::NotAllowed)),
    ] {
        let person = stage.sign_in(&said).await.expect("a sign-in").person;
        assert_eq!(person.ending, ending, "{said}");
    }
    // Less may be said at a refresh.
    for (said, ending) in [
        (json!({}), None),
        (json!({ "hd": "example.org" }), None),
        (json!({ "hd": "elsewhere.example" }), Some(Ending::NotAllowed)),
    ] {
        match stage.refresh_with(&said).await {
            Refreshed::Answered { person: Some(person), .. } => assert_eq!(person.ending, ending, "{said}"),
            other => panic!("{said}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_refresh_token_is_asked_for_by_googles_own_parameters() {
    let stage = Stage::new("google", DOMAIN);
    let url = stage.begin(Intent::SignIn).await.url;
    assert_eq!(parameter(&url, "access_type").as_deref(), Some("offline"));
    assert_eq!(parameter(&url, "hd").as_deref(), Some("example.org"));
    assert_eq!(parameter(&url, "scope").as_deref(), Some("openid profile email"));
    assert_eq!(parameter(&url, "prompt"), None);
    let url = stage.begin(Intent::Consent).await.url;
    assert_eq!(parameter(&url, "prompt").as_deref(), Some("consent"));
    let url = stage.begin(Intent::Confirm).await.url;
    assert_eq!(parameter(&url, "prompt").as_deref(), Some("select_account"));
    assert_eq!(parameter(&url, "max_age"), None);
    assert!(parameter(&url, "claims").expect("claims").contains("auth_time"));

    let mut arrival = stage.sign_in(&json!({ "hd": "example.org" })).await.expect("a sign-in");
    assert!(!stage.oidc().must_ask_consent(&arrival, false));
    arrival.refresh_token = None;
    assert!(stage.oidc().must_ask_consent(&arrival, false));
    assert!(!stage.oidc().must_ask_consent(&arrival, true));
    // Google gives auth_time to some applications only; without it nothing is proven.
    let outcome = stage.sign_in_for(Intent::Confirm, &json!({ "hd": "example.org" })).await;
    assert!(matches!(outcome, Err(Error::NotAnew { .. })), "{outcome:?}");
}

#[tokio::test]
async fn of_googles_refusals_only_a_deleted_account_ends_one() {
    let said = |text: &str| json!({ "error": "invalid_grant", "error_description": text });
    assert_ended("google", DOMAIN, &said("Account has been deleted"), Some(Ending::Gone)).await;
    assert_ended("google", DOMAIN, &said("Token has been expired or revoked."), None).await;
    assert_ended("google", DOMAIN, &said("Bad Request"), None).await;
    let again = json!({ "error": "invalid_grant", "error_description": "reauth related error (invalid_rapt)",
        "error_subtype": "invalid_rapt" });
    assert_ended("google", DOMAIN, &again, None).await;
}
