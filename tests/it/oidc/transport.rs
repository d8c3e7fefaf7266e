//! What comes over the network: nothing that is wrong there is taken for a word about somebody.

use std::time::{Duration, Instant};

use latchkey::directory::oidc::{Error, Intent};
use serde_json::{Value, json};

use super::replay::Reply;
use super::{REDIRECT, Stage, now};

const METADATA: &str = "/.well-known/openid-configuration";

async fn reason(stage: &Stage) -> String {
    stage.oidc().begin(REDIRECT, Intent::SignIn, now()).await.expect_err("it must not begin").reason
}

#[tokio::test]
async fn metadata_that_are_not_the_providers_own_are_refused() {
    let stage = Stage::new("generic", "");
    let other = Stage::new("generic", "");
    let target = other.replay.url(METADATA);
    stage.replay.set(METADATA, Reply::json(302, &json!({})).with("Location", &target));
    assert!(reason(&stage).await.contains("not followed"));
    assert!(other.replay.seen(METADATA).is_empty(), "nobody went there");

    stage.replay.set_json(METADATA, &stage.replay.metadata("https://elsewhere.example.org"));
    assert!(reason(&stage).await.contains("elsewhere"));

    let endpoints =
        ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"];
    let places = ["http://login.example.org/x", "file:///etc/passwd", "https://user:word@login.example.org/", "x", ""];
    for (endpoint, place) in endpoints.iter().flat_map(|endpoint| places.map(|place| (endpoint, place))) {
        let mut metadata = stage.replay.metadata(&stage.issuer);
        metadata[endpoint] = place.into();
        stage.replay.set_json(METADATA, &metadata);
        assert!(reason(&stage).await.contains("address"), "{endpoint} {place}");
    }
    for missing in ["issuer", "token_endpoint", "jwks_uri"] {
        let mut metadata = stage.replay.metadata(&stage.issuer);
        metadata.as_object_mut().expect("an object").remove(missing);
        stage.replay.set_json(METADATA, &metadata);
        reason(&stage).await;
    }
    let huge = Reply { body: vec![b' '; 2 * 1024 * 1024], ..Reply::json(200, &json!({})) };
    stage.replay.set(METADATA, huge);
    assert!(reason(&stage).await.contains("1 MiB"));
    stage.replay.set(METADATA, Reply { body: b"<html>".to_vec(), ..Reply::json(200, &json!({})) });
    assert!(reason(&stage).await.contains("not understood"));
    for status in [404, 429, 500] {
        stage.replay.set(METADATA, Reply::json(status, &json!({})));
        assert!(reason(&stage).await.contains(&status.to_string()));
    }
    // A slash at the end is forgiven, on either side.
    stage.replay.set_json(METADATA, &stage.replay.metadata(&format!("{}/", stage.issuer)));
    stage.begin(Intent::SignIn).await;
}

#[tokio::test]
async fn a_slow_provider_is_given_up_once_for_all_who_wait() {
    let stage = Stage::new("generic", "");
    let metadata = stage.replay.metadata(&stage.issuer);
    stage.replay.set(METADATA, Reply::json(200, &metadata).late(Duration::from_secs(5)));
    let started = Instant::now();
    let (first, second, third) = tokio::join!(reason(&stage), reason(&stage), reason(&stage));
    assert!(started.elapsed() < Duration::from_secs(3), "one waited for the other: {:?}", started.elapsed());
    for reason in [first, second, third] {
        assert!(reason.contains("in time"), "{reason}");
    }
    assert_eq!(stage.replay.seen(METADATA).len(), 1);
}

#[tokio::test]
async fn what_is_known_of_a_provider_does_while_it_is_silent() {
    let stage = Stage::new("generic", "");
    stage.begin(Intent::SignIn).await;
    stage.replay.set_down(true);
    stage.begin(Intent::SignIn).await;
    assert!(stage.oidc().reach().await.is_err());
    stage.begin(Intent::SignIn).await;
    stage.replay.set_down(false);
    stage.oidc().reach().await.expect("it answers again");
}

#[tokio::test]
async fn a_token_endpoint_that_fails_is_told_from_one_that_refuses() {
    let stage = Stage::new("generic", "");
    let begun = stage.begin(Intent::SignIn).await;
    let finish = || stage.oidc().finish(&begun.ticket, "a code", now());
    for (status, body) in [
        (500, json!({ "error": "invalid_grant" })),
        (503, json!({})),
        (429, json!({ "error": "invalid_grant" })),
        (302, json!({ "error": "invalid_grant" })),
        (400, json!("no object")),
        (400, json!({ "error": "temporarily_unavailable" })),
        (200, json!([])),
        (200, json!("x".repeat(2 * 1024 * 1024))),
    ] {
        stage.refuse(status, &body);
        let outcome = finish().await;
        assert!(matches!(outcome, Err(Error::Unreachable(_))), "{status}: {outcome:?}");
    }
    for error in ["invalid_grant", "invalid_client", "unauthorized_client"] {
        stage.refuse(400, &json!({ "error": error, "error_description": "because" }));
        match finish().await {
            Err(Error::Refused { reason, .. }) => assert_eq!(reason, format!("{error} (because)")),
            other => panic!("{error}: {other:?}"),
        }
    }
    stage.replay.set_json("/token", &json!({ "access_token": "x", "token_type": "Bearer" }));
    assert!(matches!(finish().await, Err(Error::Untrusted { .. })), "no ID token");
    stage.replay.set_down(true);
    assert!(matches!(finish().await, Err(Error::Unreachable(_))), "down");
}

#[tokio::test]
async fn secrets_are_shown_the_way_that_the_provider_takes_and_never_printed() {
    for (ways, secret, in_body) in [
        (json!(["client_secret_post"]), "client_secret = \"a secret of the client\"\n", true),
        (json!(["client_secret_post", "client_secret_basic"]), "client_secret = \"a secret of the client\"\n", false),
        (json!(["none"]), "", false),
    ] {
        let stage = Stage::with("generic", "", secret);
        let mut metadata = stage.replay.metadata(&stage.issuer);
        metadata["token_endpoint_auth_methods_supported"] = ways.clone();
        stage.replay.set_json(METADATA, &metadata);
        let arrival = stage.sign_in(&json!({})).await.expect("a sign-in");
        let asked = stage.replay.seen("/token").pop().expect("a request");
        assert_eq!(asked.body.contains("client_secret=a+secret+of+the+client"), in_body, "{ways}");
        assert_eq!(asked.headers.contains_key("authorization"), !secret.is_empty() && !in_body, "{ways}");
        assert_eq!(asked.body.contains("client_id=latchkey"), in_body || secret.is_empty(), "{ways}");
        let printed = format!("{:?} {arrival:?}", stage.oidc());
        for hidden in ["a secret of the client", "the next refresh token"] {
            assert!(!printed.contains(hidden), "{printed}");
        }
    }
}

#[tokio::test]
async fn an_answer_is_this_providers_or_it_is_refused() {
    let stage = Stage::new("generic", "");
    let oidc = stage.oidc();
    oidc.check_sender(None).await.expect("it does not say that it sends one");
    oidc.check_sender(Some(&stage.issuer)).await.expect("its own");
    let foreign = oidc.check_sender(Some("https://elsewhere.example.org")).await;
    assert!(matches!(foreign, Err(Error::Untrusted { .. })), "{foreign:?}");
    let mut metadata: Value = stage.replay.metadata(&stage.issuer);
    metadata["authorization_response_iss_parameter_supported"] = true.into();
    stage.replay.set_json(METADATA, &metadata);
    oidc.reach().await.expect("new metadata");
    assert!(matches!(oidc.check_sender(None).await, Err(Error::Untrusted { .. })), "it always sends one");
    oidc.check_sender(Some(&stage.issuer)).await.expect("its own");
}
