//! What a refresh says of an account, and what it does not.

use std::time::Duration;

use chrono::TimeDelta;
use latchkey::directory::Person;
use latchkey::directory::oidc::Refreshed;
use latchkey::model::Ending;
use serde_json::json;

use super::replay::Reply;
use super::sign::hs256;
use super::{Stage, now};

const STAFF: &str = "required_groups = [\"staff\"]\n";

/// The person of an answer, with the token that takes over.
fn answered(outcome: Refreshed) -> Option<Person> {
    match outcome {
        Refreshed::Answered { person, refresh_token } => {
            assert_eq!(refresh_token.expect("a refresh token").expose(), "the next refresh token");
            person
        }
        other => panic!("{other:?}"),
    }
}

fn unreachable(outcome: Refreshed) -> String {
    match outcome {
        Refreshed::Unreachable(unreachable) => unreachable.reason,
        // A token that came with it is not lost.
        Refreshed::Doubtful(unreachable, token) => {
            assert_eq!(token.expect("a refresh token").expose(), "the next refresh token");
            unreachable.reason
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_good_answer_says_who_it_is_now() {
    let stage = Stage::new("generic", STAFF);
    let person = answered(stage.refresh_with(&json!({ "name": "New Name", "groups": ["staff"] })).await);
    let person = person.expect("a person");
    assert_eq!((person.display_name.as_str(), person.ending), ("New Name", None));
    let asked = stage.replay.seen("/token").pop().expect("a request");
    assert_eq!(asked.body, "grant_type=refresh_token&refresh_token=a+refresh+token");

    let person = answered(stage.refresh_with(&json!({ "groups": ["others"] })).await).expect("a person");
    assert_eq!(person.ending, Some(Ending::NotAllowed));
}

#[tokio::test]
async fn what_is_left_out_at_a_refresh_is_held_against_nobody() {
    let stage = Stage::new("generic", STAFF);
    assert_eq!(answered(stage.refresh_with(&json!({})).await), None, "no groups");
    let tokens = json!({ "access_token": "an access token", "refresh_token": "the next refresh token" });
    stage.replay.set_json("/token", &tokens);
    assert_eq!(answered(stage.refresh().await), None, "no ID token");
    // Keycloak leaves the claim out for whoever is in no group.
    let stage = Stage::new("keycloak", STAFF);
    let person = answered(stage.refresh_with(&json!({})).await).expect("a person");
    assert_eq!(person.ending, Some(Ending::NotAllowed));
}

#[tokio::test]
async fn userinfo_says_what_an_answer_without_an_id_token_does_not() {
    let stage = Stage::new("generic", STAFF);
    let mut metadata = stage.replay.metadata(&stage.issuer);
    metadata["userinfo_endpoint"] = stage.replay.url("/userinfo").into();
    stage.replay.set_json("/.well-known/openid-configuration", &metadata);
    let tokens = json!({ "access_token": "an access token", "refresh_token": "the next refresh token" });
    stage.replay.set_json("/token", &tokens);
    stage.replay.set_json("/userinfo", &json!({ "sub": "1234", "name": "Alice", "groups": ["others"] }));
    let person = answered(stage.refresh().await).expect("a person");
    assert_eq!((person.display_name.as_str(), person.ending), ("Alice", Some(Ending::NotAllowed)));
    for reply in [Reply::json(401, &json!({})), Reply::json(500, &json!({})), Reply::json(200, &json!("x"))] {
        stage.replay.set("/userinfo", reply);
        assert_eq!(answered(stage.refresh().await), None, "alive, and the token is not lost");
    }
    stage.replay.set_json("/userinfo", &json!({ "sub": "4321", "groups": ["staff"] }));
    assert!(unreachable(stage.refresh().await).contains("somebody else"));
}

#[tokio::test]
async fn the_next_token_is_not_lost_to_clocks_or_missing_keys() {
    let stage = Stage::new("generic", "");
    let future = (now() + TimeDelta::hours(1)).timestamp();
    assert_eq!(answered(stage.refresh_with(&json!({ "iat": future, "exp": future + 300 })).await), None);
    assert_eq!(answered(stage.refresh_with(&json!({ "exp": future - 7_200 })).await), None);
    let stage = Stage::new("generic", "");
    stage.replay.set("/keys", Reply::json(500, &json!({})));
    assert_eq!(answered(stage.refresh_with(&json!({})).await), None);
}

#[tokio::test]
async fn an_answer_that_does_not_stand_up_says_nothing() {
    let stage = Stage::new("generic", "");
    for changed in
        [json!({ "sub": "4321" }), json!({ "aud": "another" }), json!({ "iss": "https://elsewhere.example" })]
    {
        assert!(unreachable(stage.refresh_with(&changed).await).contains("not to be trusted"), "{changed}");
    }
    stage.give(&hs256("first", b"a secret of the client", &stage.claims(None, &json!({}))));
    assert!(unreachable(stage.refresh().await).contains("HS256"));
    for garbage in [json!([]), json!({}), json!("x"), json!({ "access_token": "" }), json!({ "access_token": 7 })] {
        stage.replay.set_json("/token", &garbage);
        unreachable(stage.refresh().await);
    }
}

#[tokio::test]
async fn silence_and_refusals_of_this_server_are_nothing_against_the_person() {
    let stage = Stage::new("keycloak", "");
    let body = json!({ "error": "invalid_grant", "error_description": "User disabled" });
    for status in [429, 500, 502, 503, 302] {
        stage.refuse(status, &body);
        unreachable(stage.refresh().await);
    }
    let ours = ["invalid_client", "unauthorized_client", "invalid_scope", "unsupported_grant_type", "invalid_request"];
    for (error, status) in ours.iter().flat_map(|error| [(error, 400), (error, 401)]) {
        stage.refuse(status, &json!({ "error": error, "error_description": "User disabled" }));
        assert!(unreachable(stage.refresh().await).contains("this server"), "{error}");
    }
    for body in [json!({}), json!({ "error": "something_new" }), json!("x"), json!({ "error": ["invalid_grant"] })] {
        stage.refuse(400, &body);
        unreachable(stage.refresh().await);
    }
    stage.replay.set("/token", Reply::json(400, &body).late(Duration::from_secs(5)));
    assert!(unreachable(stage.refresh().await).contains("in time"));
    stage.replay.set_down(true);
    unreachable(stage.refresh().await);
}

#[tokio::test]
async fn only_what_is_known_to_mean_an_end_ends_an_account() {
    // As Keycloak's TokenManager writes them.
    for (said, ending) in [
        ("User disabled", Some(Ending::Disabled)),
        ("user DISABLED", Some(Ending::Disabled)),
        ("Session not active", None),
        ("Offline user session not found", None),
        ("Invalid refresh token", None),
        ("Stale token", None),
        ("Refresh token expired", None),
    ] {
        assert_ended("keycloak", "", &json!({ "error": "invalid_grant", "error_description": said }), ending).await;
    }
    let own = "ended_answers = [\"gone fishing\", \"was deleted\"]\n";
    for (said, ending) in
        [("The user has Gone Fishing.", Some(Ending::Disabled)), ("It WAS DELETED", Some(Ending::Gone)), ("gone", None)]
    {
        assert_ended("generic", own, &json!({ "error": "invalid_grant", "error_description": said }), ending).await;
    }
    assert_ended("generic", own, &json!({ "error": "invalid_grant" }), None).await;
    assert_ended(
        "generic",
        own,
        &json!({ "error": "login_required", "suberror": "gone fishing" }),
        Some(Ending::Disabled),
    )
    .await;
    // Also where the refusal has a name of the provider's own.
    let blocked = json!({ "error": "unauthorized", "error_description": "The user has gone fishing." });
    assert_ended("generic", own, &blocked, Some(Ending::Disabled)).await;
}

/// Refuses by that, and sees what becomes of it.
pub(super) async fn assert_ended(preset: &str, more: &str, body: &serde_json::Value, ending: Option<Ending>) {
    let stage = Stage::new(preset, more);
    stage.refuse(400, body);
    match (stage.refresh().await, ending) {
        (Refreshed::Ended(found, _), Some(expected)) => assert_eq!(found, expected, "{body}"),
        (Refreshed::Unconfirmed(reason), None) => assert!(!reason.is_empty() && !reason.contains('\n'), "{reason:?}"),
        (other, _) => panic!("{body}: {other:?}"),
    }
}
