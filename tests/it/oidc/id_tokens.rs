//! ID tokens that are not good, and what is said of each.

use chrono::TimeDelta;
use latchkey::directory::oidc::{Error, Intent};
use serde_json::{Value, json};

use super::sign::{Signer, at_hash, hs256, unsigned};
use super::{REDIRECT, Stage, now, parameter};

/// Signs in with that token for a ticket's nonce.
async fn finish(stage: &Stage, token: impl FnOnce(&Value) -> String) -> Result<(), Error> {
    let begun = stage.begin(Intent::SignIn).await;
    stage.give(&token(&stage.claims(Some(&begun.ticket), &json!({}))));
    stage.oidc().finish(&begun.ticket, "a code", now()).await.map(|_| ())
}

fn assert_untrusted(outcome: Result<(), Error>, what: &str, said: &str) {
    match outcome {
        Err(Error::Untrusted { reason, .. }) => assert!(reason.contains(said), "{what}: {reason}"),
        other => panic!("{what}: {other:?}"),
    }
}

#[tokio::test]
async fn a_good_one_is_taken_with_what_belongs_to_it() {
    let stage = Stage::new("generic", "");
    let begun = stage.begin(Intent::SignIn).await;
    assert_eq!(parameter(&begun.url, "code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(parameter(&begun.url, "response_type").as_deref(), Some("code"));
    assert_eq!(parameter(&begun.url, "redirect_uri").as_deref(), Some(REDIRECT));
    assert_eq!(parameter(&begun.url, "scope").as_deref(), Some("openid profile email offline_access"));
    assert_eq!(parameter(&begun.url, "state").as_deref(), Some(begun.state.expose()));
    assert_eq!(parameter(&begun.url, "nonce").as_deref(), Some(begun.ticket.nonce.expose()));
    assert_eq!(parameter(&begun.url, "prompt"), None);
    assert!(!begun.url.contains(begun.ticket.verifier.expose()), "the verifier stays here");

    let claims = json!({ "at_hash": at_hash("an access token"), "sid": "session-1", "auth_time": now().timestamp() });
    let arrival = stage.sign_in(&claims).await.expect("everything is in order");
    assert_eq!(arrival.person.identity.subject, "1234");
    assert_eq!(arrival.person.identity.issuer, stage.issuer);
    assert_eq!(arrival.refresh_token.expect("one").expose(), "the next refresh token");
    assert_eq!(arrival.sid.as_deref(), Some("session-1"));
    assert!(arrival.authenticated_at.is_some());
    assert!(!arrival.second_factor);

    let asked = stage.replay.seen("/token").pop().expect("a request");
    assert_eq!(asked.method, "POST");
    // "latchkey:a secret of the client", each of them written as in a form (RFC 6749 §2.3.1).
    assert_eq!(asked.headers["authorization"], "Basic bGF0Y2hrZXk6YStzZWNyZXQrb2YrdGhlK2NsaWVudA==");
    assert!(asked.body.contains("grant_type=authorization_code&code=a+code"), "{}", asked.body);
    assert!(!asked.body.contains("secret"), "{}", asked.body);
    assert!(asked.headers["user-agent"].starts_with("latchkey/"));
}

#[tokio::test]
async fn claims_that_are_not_for_us_are_refused() {
    let stage = Stage::new("generic", "");
    let bad = [
        (json!({ "aud": "another client" }), "aud"),
        (json!({ "aud": null }), "aud"),
        (json!({ "aud": ["latchkey", "another"] }), "azp"),
        (json!({ "aud": ["latchkey", "another"], "azp": "another" }), "azp"),
        (json!({ "azp": "another" }), "azp"),
        (json!({ "iss": "https://elsewhere.example.org" }), "issuer"),
        (json!({ "iss": null }), "iss"),
        (json!({ "nonce": "of another sign-in" }), "nonce"),
        (json!({ "nonce": null }), "nonce"),
        (json!({ "exp": null }), "exp"),
        (json!({ "iat": null }), "iat"),
        (json!({ "at_hash": at_hash("another access token") }), "at_hash"),
        (json!({ "at_hash": 7 }), "at_hash"),
        (json!({ "sub": null }), "sub"),
        (json!({ "sub": "" }), "sub"),
        (json!({ "sub": 1234 }), "sub"),
        (json!({ "sub": "x".repeat(256) }), "sub"),
        (json!({ "sub": "a\u{0}b" }), "sub"),
    ];
    for (changed, said) in bad {
        let outcome = stage.sign_in(&changed).await.map(|_| ());
        assert_untrusted(outcome, &changed.to_string(), said);
    }
    let good = [
        json!({ "aud": ["latchkey"] }),
        json!({ "aud": ["latchkey", "another"], "azp": "latchkey" }),
        json!({ "iss": format!("{}/", stage.issuer) }),
        json!({ "sub": "x".repeat(255) }),
    ];
    for changed in good {
        let arrival = stage.sign_in(&changed).await.unwrap_or_else(|error| panic!("{changed}: {error}"));
        assert!(stage.oidc().is_of(&arrival.person.identity), "{changed}");
    }
}

#[tokio::test]
async fn another_time_is_told_as_a_matter_of_clocks() {
    let stage = Stage::new("generic", "");
    let at = |seconds: i64| (now() + TimeDelta::seconds(seconds)).timestamp();
    for (changed, said) in [
        (json!({ "exp": at(-100) }), "ended"),
        (json!({ "iat": at(3_600), "exp": at(7_200) }), "will be made"),
        (json!({ "exp": -1 }), "ended"),
    ] {
        match stage.sign_in(&changed).await {
            Err(Error::Clock { reason, .. }) => assert!(reason.contains(said), "{changed}: {reason}"),
            other => panic!("{changed}: {other:?}"),
        }
    }
    for changed in [json!({ "exp": at(-30) }), json!({ "iat": at(30) }), json!({ "exp": 1e300 })] {
        stage.sign_in(&changed).await.unwrap_or_else(|error| panic!("{changed}: {error}"));
    }
}

#[tokio::test]
async fn only_the_providers_own_key_pairs_sign() {
    let stage = Stage::new("generic", "");
    let stranger = Signer::new("first");
    let jwk_text = stage.signer.jwk().to_string();
    assert_untrusted(finish(&stage, |claims| stranger.sign(claims)).await, "another key of that name", "signature");
    let none = |claims: &Value| format!("{}.", unsigned(&json!({ "alg": "none", "kid": "first" }), claims));
    assert_untrusted(finish(&stage, none).await, "none", "none");
    let none = |claims: &Value| format!("{}.", unsigned(&json!({ "alg": "nOnE" }), claims));
    assert_untrusted(finish(&stage, none).await, "nOnE", "nOnE");
    let secrets: [&[u8]; 3] = [b"a secret of the client", stage.signer.public(), jwk_text.as_bytes()];
    for secret in secrets {
        assert_untrusted(finish(&stage, |claims| hs256("first", secret, claims)).await, "HS256", "HS256");
    }
    for (header, said) in [
        (json!({ "alg": "RS256", "kid": "first" }), "key"),
        (json!({ "alg": "ES384", "kid": "first" }), "key"),
        (json!({ "alg": "ES256", "kid": "first", "crit": ["b64"], "b64": false }), "crit"),
        (json!({ "alg": "ES256", "kid": "unknown" }), "key"),
        (json!({ "kid": "first" }), "hold"),
    ] {
        let outcome = finish(&stage, |claims| stage.signer.sign_as(&header, claims)).await;
        assert_untrusted(outcome, &header.to_string(), said);
    }
    for garbage in ["", "a.b", "a.b.c.d", "....", "eyJ9.eyJ9.", "\u{0}"] {
        assert!(finish(&stage, |_| garbage.to_owned()).await.is_err(), "{garbage:?}");
    }
    let huge = finish(&stage, |claims| format!("{}.{}", stage.signer.sign(claims), "A".repeat(70_000))).await;
    assert_untrusted(huge, "huge", "large");
    // Without a name, whichever of its keys fits.
    finish(&stage, |claims| stage.signer.sign_as(&json!({ "alg": "ES256" }), claims)).await.expect("no kid");
}

#[tokio::test]
async fn keys_that_are_not_for_this_do_not_sign() {
    let stage = Stage::new("generic", "");
    for (name, value) in
        [("use", json!("enc")), ("alg", json!("ECDH-ES")), ("kty", json!("RSA")), ("crv", json!("P-384"))]
    {
        let (signer, mut jwk) = (Signer::new("odd"), Signer::new("odd").jwk());
        for (part, of) in signer.jwk().as_object().expect("a key") {
            jwk[part] = of.clone();
        }
        jwk[name] = value;
        let other = Stage::new("generic", "");
        other.replay.describe(&other.issuer, &[jwk, stage.signer.jwk()]);
        let outcome = finish(&other, |claims| signer.sign(claims)).await;
        assert_untrusted(outcome, name, if name == "crv" { "signature" } else { "key" });
    }
}

#[tokio::test]
async fn strangers_tokens_do_not_make_us_ask_for_keys_without_end() {
    let stage = Stage::new("generic", "");
    stage.sign_in(&json!({})).await.expect("a first one");
    for count in 0..5 {
        let stranger = Signer::new(&format!("stranger {count}"));
        finish(&stage, |claims| stranger.sign(claims)).await.expect_err("no key of that name");
    }
    assert_eq!(stage.replay.seen("/keys").len(), 2, "at the beginning, and once more");
    assert_eq!(stage.replay.seen("/.well-known/openid-configuration").len(), 1);
}

#[tokio::test]
async fn a_new_key_is_found_under_a_new_name_and_under_the_old() {
    for name in ["second", "first"] {
        let stage = Stage::new("generic", "");
        stage.sign_in(&json!({})).await.expect("by the old key");
        let new = Signer::new(name);
        stage.replay.describe(&stage.issuer, &[new.jwk()]);
        finish(&stage, |claims| new.sign(claims)).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        finish(&stage, |claims| stage.signer.sign(claims)).await.expect_err("the old key is gone");
    }
}

#[tokio::test]
async fn a_proof_needs_to_be_newer_than_the_question() {
    let stage = Stage::new("generic", "");
    let begun = stage.begin(Intent::Confirm).await;
    assert_eq!(parameter(&begun.url, "prompt").as_deref(), Some("login"));
    assert_eq!(parameter(&begun.url, "max_age").as_deref(), Some("0"));
    assert_eq!(parameter(&begun.url, "claims"), None, "its metadata do not offer it");
    for (changed, is_good) in [
        (json!({}), false),
        (json!({ "auth_time": now().timestamp() - 600 }), false),
        (json!({ "auth_time": "now" }), false),
        (json!({ "auth_time": now().timestamp() - 30 }), true),
        (json!({ "auth_time": now().timestamp() }), true),
    ] {
        match stage.sign_in_for(Intent::Confirm, &changed).await {
            Ok(_) => assert!(is_good, "{changed}"),
            Err(Error::NotAnew { .. }) => assert!(!is_good, "{changed}"),
            Err(error) => panic!("{changed}: {error}"),
        }
        // Nobody asks for it otherwise.
        stage.sign_in(&changed).await.expect("a plain sign-in");
    }
}
