//! Every way in which a sign-in by a provider can go, and what the page says.

use std::time::Duration;

use super::*;

/// Nobody was let in; this was told, by this status.
fn refused((mut page, answer): (Page, Answer), status: u16, told: &str) {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    assert!(text.contains(told), "{told}\nis not told in\n{text}");
    assert!(!page.cookies().contains("__Host-latchkey-session="), "nobody is signed in");
    assert_eq!(page.get("/profile").status, 303);
    assert!(text.contains("/login"), "there is a way on");
}

#[test]
fn right_and_wrong_at_a_real_provider() {
    let more = "required_groups = [\"staff\"]\nadmin_groups = [\"chiefs\"]\n";
    let company = Company::start(Style::Plain, "generic", more);
    company.provider.account("alice", &json!({ "groups": ["staff"], "name": "Alice A." }));
    company.provider.account("boss", &json!({ "groups": ["staff", "chiefs"] }));
    company.provider.account("guest", &json!({ "groups": ["guests"] }));
    company.provider.account("nobody", &json!({}));
    let (mut page, answer) = company.sign_in("alice");
    assert!(answer.location().ends_with("/profile"));
    let profile = page.look("/profile");
    assert!(profile.contains("Alice A.") && profile.contains("Company"), "{profile}");
    assert_eq!(page.get("/admin").status, 403);
    let (mut boss, _) = company.sign_in("boss");
    assert_eq!(boss.get("/admin").status, 200, "the group says that she administers");
    for outsider in ["guest", "nobody"] {
        let told = "Your account at Company is not among those who may use this server.";
        refused(company.sign_in(outsider), 403, told);
    }
    let listed = company.server.ok(&["user", "list", "--json"]);
    assert!(!listed.contains("guest") && !listed.contains("\"nobody"), "no account was made: {listed}");
    let shown = show(&company.server, "alice");
    assert_eq!(shown["source"], "oidc:company");
    assert_eq!(shown["admin"], false);
    company.server.ok(&["user", "disable", "alice"]);
    refused(company.sign_in("alice"), 403, "Your account on this server is disabled.");
}

#[test]
fn a_provider_that_is_slow_or_down_is_told_as_such() {
    let told = Told::start("");
    let (mut page, state, _) = told.leave();
    told.replay.set("/token", Reply::json(200, &json!({})).late(Duration::from_secs(3)));
    let answer = Told::come_back(&mut page, &state);
    let down = "Company does not answer right now. Please try again later. Application passwords go on working.";
    refused((page, answer), 503, down);
    let (mut page, state, _) = told.leave();
    told.replay.set("/token", Reply::json(500, &json!({})));
    let answer = Told::come_back(&mut page, &state);
    refused((page, answer), 503, down);
    let (mut page, state, _) = told.leave();
    told.replay.set_down(true);
    let answer = Told::come_back(&mut page, &state);
    refused((page, answer), 503, down);
    // From the start: nothing is known of it yet.
    let fresh = Told::start("");
    fresh.replay.set_down(true);
    let mut page = Page::of(&fresh.server);
    page.get("/login");
    let answer = page.get("/login/oidc/company");
    refused((page, answer), 503, down);
}

#[test]
fn an_answer_that_is_not_to_be_trusted_lets_nobody_in() {
    let told = Told::start("");
    let untrusted = "What Company answered cannot be trusted, so nobody was signed in.";
    for changed in [
        json!({ "aud": "another client" }),
        json!({ "aud": ["latchkey", "another"], "azp": "another" }),
        json!({ "nonce": "of another sign-in" }),
        json!({ "nonce": null }),
        json!({ "iss": "https://login.evil.example" }),
        json!({ "sub": "" }),
        json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }),
    ] {
        refused(told.sign_in(&changed), 502, untrusted);
    }
    let clocks = "The clocks of this server and of Company differ, so nobody was signed in.";
    let now = chrono::Utc::now().timestamp();
    for changed in [json!({ "iat": now + 600, "exp": now + 900 }), json!({ "iat": now - 900, "exp": now - 600 })] {
        refused(told.sign_in(&changed), 502, clocks);
    }
    // A clock that is a little off is none of that.
    let (_, answer) = told.sign_in(&json!({ "iat": now + 30, "exp": now + 330 }));
    assert!(answer.location().ends_with("/profile"));
    assert_eq!(show(&told.server, "alice")["name"], "alice");
}

#[test]
fn a_token_must_be_signed_by_the_providers_own_key() {
    let told = Told::start("");
    let untrusted = "What Company answered cannot be trusted, so nobody was signed in.";
    let forged = |token: &dyn Fn(&Value) -> String| {
        let (mut page, state, nonce) = told.leave();
        told.give(&token(&told.claims(&nonce, &json!({}))), "refresh-token-0");
        let answer = Told::come_back(&mut page, &state);
        (page, answer)
    };
    let header = |alg: &str| json!({ "alg": alg, "kid": "first" });
    refused(forged(&|claims| crate::oidc::sign::unsigned(&header("none"), claims)), 502, untrusted);
    let secret = b"a secret of the client";
    refused(forged(&|claims| crate::oidc::sign::hs256("first", secret, claims)), 502, untrusted);
    let public = told.signer.public();
    refused(forged(&|claims| crate::oidc::sign::hs256("first", public, claims)), 502, untrusted);
    let other = Signer::new("first");
    refused(forged(&|claims| other.sign(claims)), 502, untrusted);
    // Changed keys, which the provider says are its own, are taken.
    let fresh = Told::start("");
    let second = Signer::new("second");
    let (_, answer) = fresh.sign_in(&json!({}));
    assert!(answer.location().ends_with("/profile"));
    fresh.replay.describe(&fresh.replay.url(""), &[second.jwk()]);
    let (mut page, state, nonce) = fresh.leave();
    fresh.give(&second.sign(&fresh.claims(&nonce, &json!({}))), "refresh-token-0");
    assert!(Told::come_back(&mut page, &state).location().ends_with("/profile"));
}

#[test]
fn a_way_back_is_good_once_in_the_browser_that_went() {
    let told = Told::start("");
    let too_late = "This sign-in was begun in another browser, or has taken too long. Please begin again.";
    let (mut page, state, nonce) = told.leave();
    told.give(&told.signer.sign(&told.claims(&nonce, &json!({}))), "refresh-token-0");
    let mut other = Page::of(&told.server);
    other.get("/login");
    let answer = Told::come_back(&mut other, &state);
    refused((other, answer), 422, too_late);
    let answer = Told::come_back(&mut page, &state);
    refused((page, answer), 422, too_late);
    let (mut page, state, nonce) = told.leave();
    told.give(&told.signer.sign(&told.claims(&nonce, &json!({}))), "refresh-token-0");
    assert!(Told::come_back(&mut page, &state).location().ends_with("/profile"));
    let again = Told::come_back(&mut Page::of(&told.server), &state);
    assert_eq!(again.status, 422, "{}", again.text());
    // A code that was used before is refused by the provider.
    let (mut page, state, _) = told.leave();
    told.replay.set("/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    let answer = Told::come_back(&mut page, &state);
    refused((page, answer), 502, "Company refused this sign-in.");
    for answer in ["", "?state=x", "?code=y", "?state=x&code=y", "?error=access_denied"] {
        let mut page = Page::of(&told.server);
        page.get("/login");
        let answer = page.get(&format!("/login/oidc/company/callback{answer}"));
        refused((page, answer), 422, too_late);
    }
}

#[test]
fn what_the_provider_says_instead_of_a_code_is_told_as_plain_words() {
    let told = Told::start("");
    let back = |answer: &str| {
        let (mut page, state, _) = told.leave();
        let answer = page.get(&format!("/login/oidc/company/callback?state={state}&{answer}"));
        (page, answer)
    };
    refused(back("error=access_denied"), 403, "Company did not let you in: access was denied.");
    let script = "error=invalid_request&error_description=%3Cscript%3Ealert(1)%3C%2Fscript%3E%0d%0aSet-Cookie%3Aa%3Db";
    let (page, answer) = back(script);
    assert!(!answer.text().contains("<script>alert"), "{}", answer.text());
    assert!(answer.header("set-cookie").is_none_or(|cookie| !cookie.starts_with("a=")));
    refused((page, answer), 403, "Company did not let you in:");
    refused(back("error=temporarily_unavailable"), 503, "Company does not answer right now.");
}
