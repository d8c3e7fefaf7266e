//! Proving anew who one is, for somebody whose password is the provider's.

use std::time::Duration;

use serde_json::json;

use super::{Company, prove};

const BACK: &str = "/reauthenticate?next=%2Fprofile%2Fapp-passwords%2Fnew";

#[test]
fn the_provider_asks_for_the_password_again() {
    let company = Company::start("");
    let browser = company.visited_by("zoe");
    let before = browser.session_token();
    browser.open(&company.url(BACK));
    browser.wait_for_text("h1", "Confirm that it is you");
    assert!(!browser.exists("[type=password]"), "no password of the company's is typed here");
    browser.look("company-confirm");
    company.catch_up();
    browser.click("a[href^='/reauthenticate/oidc']");
    // Though it knows the person still.
    prove(&browser, "zoe");
    browser.wait_for("#label");
    assert_eq!(browser.url(), company.url("/profile/app-passwords/new"));
    assert_ne!(browser.session_token(), before, "a step up changes the session's token");

    // What is grave asks for it after ten minutes.
    company.server.advance(Duration::from_mins(11));
    browser.open(&company.url("/profile/app-passwords/new"));
    browser.wait_for_text("h1", "Confirm that it is you");
    browser.wait_for_text(".button.primary", "Confirm with Company");
}

#[test]
fn somebody_else_confirms_nothing() {
    let company = Company::start("");
    // By its back channel, this provider would say that the first one's session is over.
    company.provider.come_back_to(&[&company.url("/login/oidc/company/callback")], None);
    let browser = company.visited_by("zoe");
    company.hires("bob", &json!({}));
    let before = browser.session_token();
    browser.open(&company.url(BACK));
    company.catch_up();
    browser.click("a[href^='/reauthenticate/oidc']");
    prove(&browser, "bob");
    browser.wait_for_text("[role=alert]", "Company has signed in somebody else.");
    browser.wait_for_text("h1", "Confirm that it is you");
    browser.look("company-confirm-somebody-else");
    assert_eq!(browser.session_token(), before);
    assert!(company.server.auth().user("bob").is_err(), "no account is made on the way");
    // There is a way to begin again, and the page that was asked for is not forgotten.
    company.catch_up();
    browser.click("a[href^='/reauthenticate/oidc']");
    prove(&browser, "zoe");
    browser.wait_for("#label");
}

#[test]
fn one_s_own_second_factor_follows() {
    let company = Company::start("");
    let browser = company.visited_by("zoe");
    company.catch_up();
    let bound = browser.bind_totp(&company.server.url(), company.server.unix_time());
    browser.open(&company.url(BACK));
    browser.wait_for_text("main", "Your own second factor follows after that.");
    company.server.advance(Duration::from_secs(30));
    browser.click("a[href^='/reauthenticate/oidc']");
    prove(&browser, "zoe");
    browser.wait_for_text(".lead", "Company has confirmed it.");
    assert!(!browser.exists("[type=password]"));
    browser.look("company-confirm-code");
    browser.fill("#code", "000000");
    browser.submit("form[action='/reauthenticate']");
    browser.wait_for_text("[role=alert]", "That is not right.");
    browser.fill("#code", &bound.code(company.server.unix_time()));
    browser.submit("form[action='/reauthenticate']");
    browser.wait_for("#label");
}
