//! When the company account dies, its application passwords die; when anything else happens, nothing ends (R5, R6).

use super::*;

const OFTEN: &str = "recheck = \"1s\"\n";

#[test]
fn a_disabled_account_loses_its_drive_and_gets_it_back_by_signing_in() {
    let company = Company::start(Style::Entra, "entra", OFTEN);
    company.provider.account("alice", &json!({ "email": "alice@example.org" }));
    company.provider.account("bob", &json!({}));
    let (alice, bob) = (company.person("alice"), company.person("bob"));
    assert!(opens(&alice) && opens(&bob));
    company.provider.account("alice", &json!({ "disabled": true }));
    eventually("the drive is closed", || !opens(&alice));
    assert!(opens(&bob), "nobody else's is");
    let shown = show(&company.server, "alice");
    assert_eq!(shown["suspended_because"], "disabled");
    assert_eq!(shown["enabled"], true, "no administrator has done it");
    company.provider.account("alice", &json!({ "disabled": false }));
    let (mut page, answer) = company.sign_in("alice");
    assert!(answer.location().ends_with("/profile"));
    assert!(opens(&alice), "the same password works again");
    page.look("/profile");
    company.provider.forget("alice");
    eventually("the drive is closed", || !opens(&alice));
    assert_eq!(show(&company.server, "alice")["suspended_because"], "gone");
    assert_eq!(page.get("/profile").status, 303, "the session has ended, too");
}

#[test]
fn a_provider_that_is_down_or_refuses_us_ends_nothing() {
    let told = Told::start("recheck = \"1s\"\nunconfirmed_grace = \"1s\"\n");
    let (_, answer) = told.sign_in(&json!({}));
    assert!(answer.location().ends_with("/profile"));
    let alice = told.server.person("alice");
    let tries = || told.replay.seen("/token").len();
    let bad = [
        ("an error of its own", Reply::json(503, &json!({}))),
        ("too many requests", Reply::json(429, &json!({ "error": "invalid_grant" }))),
        ("our secret is wrong", Reply::json(401, &json!({ "error": "invalid_client" }))),
        ("nonsense", Reply::json(200, &json!(["what"]))),
        ("a redirect", Reply::json(302, &json!({})).with("Location", "/elsewhere")),
    ];
    for (what, reply) in bad {
        told.replay.set("/token", reply);
        let before = tries();
        eventually(what, || tries() >= before + 3);
        assert!(opens(&alice), "{what}");
    }
    told.replay.set_down(true);
    told.server.wait_for_log("a directory does not answer: nothing ends by that");
    assert!(opens(&alice));
    let shown = show(&told.server, "alice");
    assert_eq!((&shown["suspended_at"], &shown["suspended_because"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_password_changed_there_changes_nothing_until_the_grace_is_over() {
    let company = Company::start(Style::Keycloak, "keycloak", "recheck = \"1s\"\nunconfirmed_grace = \"1h\"\n");
    company.provider.account("alice", &json!({}));
    let alice = company.person("alice");
    let refusal = json!({ "error": "invalid_grant", "error_description": "Session not active" });
    // The provider refuses the token, and does not say that it is for the account's sake.
    company.provider.account("alice", &json!({ "disabled": true, "refusal": refusal }));
    company.server.wait_for_log("an account is not confirmed any more");
    assert!(opens(&alice), "the drive goes on");
    assert_eq!(show(&company.server, "alice")["suspended_at"], Value::Null);
}

#[test]
fn an_account_that_nobody_confirms_is_suspended_after_the_grace() {
    let told = Told::start("recheck = \"1s\"\nunconfirmed_grace = \"3s\"\n");
    let (mut page, _) = told.sign_in(&json!({}));
    let alice = told.server.person("alice");
    told.replay.set("/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    told.server.wait_for_log("an account is not confirmed any more");
    assert!(opens(&alice), "it goes on for a while");
    let profile = page.look("/profile");
    assert!(profile.contains("has not confirmed your account"), "{profile}");
    eventually("the drive is closed", || !opens(&alice));
    assert_eq!(show(&told.server, "alice")["suspended_because"], "unconfirmed");
    let (_, answer) = told.sign_in(&json!({}));
    assert!(answer.location().ends_with("/profile"));
    assert!(opens(&alice), "a sign-in brings it back");
}

#[test]
fn a_refresh_token_is_kept_encrypted_and_each_is_used_once() {
    let told = Told::start(OFTEN);
    let (_, answer) = told.sign_in(&json!({}));
    assert!(answer.location().ends_with("/profile"));
    let refreshes = || {
        let seen = told.replay.seen("/token");
        seen.into_iter()
            .map(|seen| seen.body)
            .filter(|body| body.contains("grant_type=refresh_token"))
            .collect::<Vec<_>>()
    };
    let next = |number: usize| {
        let tokens =
            json!({ "access_token": "a", "token_type": "Bearer", "refresh_token": format!("refresh-token-{number}") });
        told.replay.set_json("/token", &tokens);
    };
    for number in 1..=2 {
        next(number);
        let used = format!("refresh_token=refresh-token-{number}");
        eventually("the next one is used", || refreshes().iter().any(|body| body.contains(&used)));
    }
    let first = refreshes().iter().position(|body| body.contains("refresh_token=refresh-token-1"));
    let late = refreshes().into_iter().skip(first.expect("used")).any(|body| body.contains("refresh-token-0"));
    assert!(!late, "the one before is not used again");
    for number in 0..=2 {
        told.server.assert_absent(&format!("refresh-token-{number}"));
    }
    told.server.assert_absent("a secret of the client");
}

#[test]
fn without_a_refresh_token_the_last_sign_in_counts() {
    let told = Told::start("recheck = \"1s\"\nmax_signin_age = \"2s\"\nunconfirmed_grace = \"3s\"\n");
    let (mut page, state, nonce) = told.leave();
    told.give(&told.signer.sign(&told.claims(&nonce, &json!({}))), "");
    // It is asked for once more, with the person's consent, and comes to nothing again.
    let url = Told::come_back(&mut page, &state).location().to_owned();
    assert!(url.starts_with(&told.replay.url("/authorize")) && url.contains("prompt=consent"), "{url}");
    let (state, nonce) = Told::sent_along(&url);
    told.give(&told.signer.sign(&told.claims(&nonce, &json!({}))), "");
    assert_eq!(Told::come_back(&mut page, &state).location(), "/profile");
    let alice = told.server.person("alice");
    assert!(page.look("/profile").contains("Sign in again before"), "the person is told beforehand");
    told.server.wait_for_log("an account is not confirmed any more");
    assert!(opens(&alice));
    eventually("the drive is closed", || !opens(&alice));
    assert!(told.replay.seen("/token").len() == 2, "there was nothing to refresh by");
}

#[test]
fn a_refresh_token_that_is_lost_in_a_crash_ends_nothing_at_once() {
    let mut told = Told::start("recheck = \"1s\"\nunconfirmed_grace = \"1h\"\n");
    let (_, answer) = told.sign_in(&json!({}));
    assert_eq!(answer.location(), "/profile");
    let alice = told.server.person("alice");
    let next = json!({ "access_token": "a", "token_type": "Bearer", "refresh_token": "refresh-token-1" });
    told.replay.set("/token", Reply::json(200, &next).late(std::time::Duration::from_millis(900)));
    let used = || told.replay.seen("/token").iter().filter(|seen| seen.body.contains("refresh-token-0")).count();
    eventually("the provider has taken the token", || used() > 0);
    // It has given another, and this server never learns which.
    told.server.kill();
    told.replay.set("/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    told.server.start_again();
    told.server.wait_for_log("an account is not confirmed any more");
    let alice = Person { addr: told.server.addr, ..alice };
    assert!(opens(&alice), "the drive goes on");
    assert_eq!(show(&told.server, "alice")["suspended_at"], Value::Null);
}
