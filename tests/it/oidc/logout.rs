//! Logout tokens, good and bad, and where a browser is signed out.

use chrono::TimeDelta;
use latchkey::directory::oidc::Error;
use serde_json::{Map, Value, json};

use super::sign::{Signer, hs256};
use super::{REDIRECT, Stage, now, parameter};

/// Claims of a good logout token, with these changed; null takes one away.
fn claims(stage: &Stage, changed: &Value) -> Value {
    let at = now().timestamp();
    let good = json!({ "iss": stage.issuer, "aud": "latchkey", "iat": at, "exp": at + 120, "jti": "a logout", "sub": "1234",
        "sid": "session-1", "events": { "http://schemas.openid.net/event/backchannel-logout": {} } });
    let mut claims: Map<String, Value> = good.as_object().expect("an object").clone();
    claims.extend(changed.as_object().expect("an object").clone());
    claims.retain(|_, value| !value.is_null());
    Value::Object(claims)
}

#[tokio::test]
async fn a_good_logout_token_says_whose_session_has_ended() {
    let stage = Stage::new("generic", "");
    let read = async |changed: Value| {
        let token = stage.signer.sign(&claims(&stage, &changed));
        stage.oidc().read_logout(&token, now()).await.unwrap_or_else(|error| panic!("{changed}: {error}"))
    };
    let logout = read(json!({})).await;
    let identity = logout.identity.expect("a person");
    assert_eq!((identity.issuer, identity.subject.as_str()), (stage.issuer.clone(), "1234"));
    assert_eq!((logout.sid.as_deref(), logout.jti.as_str()), (Some("session-1"), "a logout"));
    assert_eq!(read(json!({ "sub": null })).await.identity, None);
    assert_eq!(read(json!({ "sid": null })).await.sid, None);
    read(json!({ "exp": null })).await;
    read(json!({ "aud": ["latchkey"] })).await;
    for typ in ["logout+jwt", "application/logout+jwt", "JWT"] {
        let header = json!({ "alg": "ES256", "kid": "first", "typ": typ });
        let token = stage.signer.sign_as(&header, &claims(&stage, &json!({})));
        stage.oidc().read_logout(&token, now()).await.unwrap_or_else(|error| panic!("{typ}: {error}"));
    }
}

#[tokio::test]
async fn a_bad_logout_token_ends_nothing() {
    let stage = Stage::new("generic", "");
    let at = |seconds: i64| (now() + TimeDelta::seconds(seconds)).timestamp();
    let event = |value: Value| json!({ "events": { "http://schemas.openid.net/event/backchannel-logout": value } });
    for changed in [
        json!({ "iss": "https://elsewhere.example.org" }),
        json!({ "aud": "another" }),
        json!({ "aud": null }),
        json!({ "aud": ["latchkey", "another"] }),
        json!({ "events": null }),
        json!({ "events": {} }),
        json!({ "events": ["http://schemas.openid.net/event/backchannel-logout"] }),
        event(json!(true)),
        json!({ "nonce": "as in an ID token" }),
        json!({ "jti": null }),
        json!({ "jti": "" }),
        json!({ "jti": "x".repeat(256) }),
        json!({ "sub": null, "sid": null }),
        json!({ "sub": "" }),
        json!({ "sid": 7 }),
        json!({ "iat": null }),
    ] {
        let token = stage.signer.sign(&claims(&stage, &changed));
        let outcome = stage.oidc().read_logout(&token, now()).await;
        assert!(matches!(outcome, Err(Error::Untrusted { .. })), "{changed}: {outcome:?}");
    }
    for changed in [json!({ "iat": at(-400), "exp": null }), json!({ "exp": at(-100) }), json!({ "iat": at(300) })] {
        let token = stage.signer.sign(&claims(&stage, &changed));
        let outcome = stage.oidc().read_logout(&token, now()).await;
        assert!(matches!(outcome, Err(Error::Clock { .. })), "{changed}: {outcome:?}");
    }
    let good = claims(&stage, &json!({}));
    let as_another = |header: Value| stage.signer.sign_as(&header, &good);
    for (what, token) in [
        ("another key", Signer::new("first").sign(&good)),
        ("HS256", hs256("first", b"a secret of the client", &good)),
        ("an access token", as_another(json!({ "alg": "ES256", "kid": "first", "typ": "at+jwt" }))),
        ("garbage", "a.b.c".to_owned()),
        ("nothing", String::new()),
        ("too large", stage.signer.sign(&claims(&stage, &json!({ "x": "x".repeat(20_000) })))),
        // Nor does an ID token.
        ("an ID token", stage.signer.sign(&stage.claims(None, &json!({})))),
    ] {
        let outcome = stage.oidc().read_logout(&token, now()).await;
        assert!(matches!(outcome, Err(Error::Untrusted { .. })), "{what}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_browser_is_led_out_where_the_provider_has_a_place_for_it() {
    let stage = Stage::new("generic", "");
    assert_eq!(stage.oidc().logout_url(REDIRECT).await, None);
    let mut metadata = stage.replay.metadata(&stage.issuer);
    metadata["end_session_endpoint"] = stage.replay.url("/out?realm=x").into();
    stage.replay.set_json("/.well-known/openid-configuration", &metadata);
    stage.oidc().reach().await.expect("new metadata");
    let url = stage.oidc().logout_url(REDIRECT).await.expect("a place");
    assert!(url.starts_with(&stage.replay.url("/out?realm=x&")), "{url}");
    assert_eq!(parameter(&url, "client_id").as_deref(), Some("latchkey"));
    assert_eq!(parameter(&url, "post_logout_redirect_uri").as_deref(), Some(REDIRECT));
    let silent = Stage::new("generic", "");
    silent.replay.set_down(true);
    assert_eq!(silent.oidc().logout_url(REDIRECT).await, None);
}
