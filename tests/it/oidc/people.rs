//! What is made of claims.

use latchkey::directory::oidc::Error;
use latchkey::model::Ending;
use serde_json::{Value, json};

use super::Stage;
use super::replay::Reply;

/// Adds userinfo, which answers this.
fn with_userinfo(stage: &Stage, reply: Reply) {
    let mut metadata = stage.replay.metadata(&stage.issuer);
    metadata["userinfo_endpoint"] = stage.replay.url("/userinfo").into();
    stage.replay.set_json("/.well-known/openid-configuration", &metadata);
    stage.replay.set("/userinfo", reply);
}

#[tokio::test]
async fn names_are_taken_as_they_are_and_shown_without_tricks() {
    let stage = Stage::new("generic", "login_claim = \"short\"\n");
    let claims = json!({ "short": "../../etc", "preferred_username": "alice", "upn": "alice@ad.example.org",
        "name": "  Alice\u{202e}\u{0} \u{200b}Example ", "locale": 7, "updated_at": "2020-01-01", "address": "here" });
    let person = stage.sign_in(&claims).await.expect("odd claims keep nobody out").person;
    let names =
        ["../../etc", "alice", "alice@ad.example.org", "alice@example.org", "  Alice\u{202e}\u{0} \u{200b}Example "];
    assert_eq!(person.login_names, names);
    assert_eq!(person.display_name, "Alice Example");
    assert_eq!(person.shown, "alice");
    assert_eq!(person.is_admin, None);
    assert_eq!(person.ending, None);

    let long = "x".repeat(256);
    let nothing = json!({ "name": long, "preferred_username": [1], "email": {}, "short": "  " });
    let person = stage.sign_in(&nothing).await.expect("a sign-in").person;
    assert_eq!(person.login_names, Vec::<String>::new());
    assert_eq!((person.display_name.as_str(), person.email, person.shown.as_str()), ("", None, "1234"));
}

#[tokio::test]
async fn an_address_that_nobody_verified_is_none() {
    let stage = Stage::new("generic", "");
    for (verified, is_taken) in [
        (Value::Null, true),
        (json!(true), true),
        (json!("true"), true),
        (json!(false), false),
        (json!("False"), false),
    ] {
        let person = stage.sign_in(&json!({ "email_verified": verified })).await.expect("a sign-in").person;
        assert_eq!(person.email.is_some(), is_taken, "{verified}");
    }
    for odd in ["no address", "a@b\nc", "a b@example.org"] {
        let person = stage.sign_in(&json!({ "email": odd })).await.expect("a sign-in").person;
        assert_eq!(person.email, None, "{odd}");
    }
}

#[tokio::test]
async fn groups_let_in_and_make_administrators_wherever_they_stand() {
    let groups = "required_groups = [\"staff\", \"boss\"]\nadmin_groups = [\"/boss\"]\n";
    for (claim, said, ending, is_admin) in [
        ("groups", json!({ "groups": ["other", "staff"] }), None, false),
        ("groups", json!({ "groups": ["/staff", "/boss"] }), None, true),
        ("groups", json!({ "groups": "boss" }), None, true),
        ("groups", json!({ "groups": [] }), Some(Ending::NotAllowed), false),
        ("groups", json!({}), Some(Ending::NotAllowed), false),
        ("groups", json!({ "groups": ["/a/staff", "Staff", "staff ", 7] }), Some(Ending::NotAllowed), false),
        ("realm_access.roles", json!({ "realm_access": { "roles": ["staff"] } }), None, false),
        ("realm_access.roles", json!({ "realm_access": ["staff"] }), Some(Ending::NotAllowed), false),
        ("https://example.org/claims.groups", json!({ "https://example.org/claims.groups": ["boss"] }), None, true),
        ("a.b.c.d", json!({ "a.b": { "c": { "d": ["staff"] } } }), None, false),
    ] {
        let stage = Stage::new("generic", &format!("{groups}groups_claim = \"{claim}\"\n"));
        let person = stage.sign_in(&said).await.expect("a sign-in").person;
        assert_eq!((person.ending, person.is_admin), (ending, Some(is_admin)), "{claim}: {said}");
    }
}

#[tokio::test]
async fn a_second_factor_counts_where_the_token_says_so_and_the_setting_does() {
    let factor =
        "second_factor = \"provider\"\nsecond_factor_amr = [\"mfa\", \"hwk\"]\nsecond_factor_acr = [\"gold\"]\n";
    let stage = Stage::new("generic", factor);
    let url = stage.begin(super::Intent::SignIn).await.url;
    assert_eq!(super::parameter(&url, "acr_values").as_deref(), Some("gold"));
    for (said, counts) in [
        (json!({}), false),
        (json!({ "amr": ["pwd"] }), false),
        (json!({ "amr": ["pwd", "mfa"] }), true),
        (json!({ "amr": "hwk" }), true),
        (json!({ "acr": "gold" }), true),
        (json!({ "acr": "silver", "amr": [] }), false),
    ] {
        assert_eq!(stage.sign_in(&said).await.expect("a sign-in").second_factor, counts, "{said}");
    }
    let own = Stage::new("generic", "");
    assert!(!own.sign_in(&json!({ "amr": ["mfa"] })).await.expect("a sign-in").second_factor);
    // What is not signed does not count.
    with_userinfo(&stage, Reply::json(200, &json!({ "sub": "1234", "amr": ["mfa"], "acr": "gold" })));
    stage.oidc().reach().await.expect("new metadata");
    assert!(!stage.sign_in(&json!({ "name": null })).await.expect("a sign-in").second_factor);
}

#[tokio::test]
async fn userinfo_is_asked_when_something_lacks_and_must_be_of_the_same_person() {
    let stage = Stage::new("generic", "");
    with_userinfo(
        &stage,
        Reply::json(200, &json!({ "sub": "1234", "name": "Alice of userinfo", "email": "x@example.org" })),
    );
    let person = stage.sign_in(&json!({})).await.expect("a sign-in").person;
    assert_eq!(person.display_name, "Alice Example");
    assert!(stage.replay.seen("/userinfo").is_empty(), "nothing lacked");

    let person = stage.sign_in(&json!({ "name": null })).await.expect("a sign-in").person;
    assert_eq!(person.display_name, "Alice of userinfo");
    assert_eq!(person.email.as_deref(), Some("alice@example.org"), "the token goes first");
    let asked = stage.replay.seen("/userinfo").pop().expect("it was asked");
    assert_eq!(asked.headers["authorization"], "Bearer an access token");

    for other in [json!({ "sub": "4321", "name": "Mallory" }), json!({ "name": "Mallory" })] {
        stage.replay.set_json("/userinfo", &other);
        let outcome = stage.sign_in(&json!({ "name": null })).await;
        assert!(matches!(outcome, Err(Error::Untrusted { .. })), "{outcome:?}");
    }
    stage.replay.set("/userinfo", Reply::json(403, &json!({})));
    let person = stage.sign_in(&json!({ "name": null })).await.expect("it says nothing").person;
    assert_eq!(person.display_name, "");
    stage.replay.set("/userinfo", Reply::json(500, &json!({})));
    let outcome = stage.sign_in(&json!({ "name": null })).await;
    assert!(matches!(outcome, Err(Error::Unreachable(_))), "{outcome:?}");
}
