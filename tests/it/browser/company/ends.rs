//! Signing out, here and there, and accounts that the provider confirms no more.

use std::time::Duration;

use serde_json::json;

use super::{Browser, Company, Style};
use crate::harness::eventually;

const OFTEN: &str = "recheck = \"1m\"\n";
const LATER: Duration = Duration::from_secs(61);

#[test]
fn signing_out_leads_to_the_provider_s_sign_out_and_back() {
    let company = Company::start("");
    let browser = company.visited_by("zoe");
    browser.sign_out();
    browser.wait_for_text("[role=status]", "You are signed out of Latchkey. Company knows you still.");
    browser.look("company-signed-out");
    browser.click("a[href='/logout/company']");
    browser.wait_for_text("h1", "Sign out");
    browser.click("button[name=logout]");
    browser.wait_for_text("h1", "Sign in");
    browser.wait_for_text("[role=status]", "You are signed out.");
    assert!(browser.url().starts_with(&company.url("/login?done=signed-out")), "{}", browser.url());
    // The provider asks again now.
    company.enter(&browser, "zoe");
    browser.wait_for_text("h1", "Profile");
}

#[test]
fn what_is_ended_at_the_provider_ends_here_and_programs_go_on() {
    let company = Company::start("");
    let browser = company.visited_by("zoe");
    let key = browser.create_app_password("Notes");
    let elsewhere = Browser::start();
    elsewhere.open(&company.url("/login"));
    company.enter(&elsewhere, "zoe");
    elsewhere.wait_for_text("h1", "Profile");
    company.catch_up();
    browser.open(&format!("{}/session/end", company.provider.issuer()));
    browser.click("button[name=logout]");
    browser.wait_for_text("h1", "Signed out");
    eventually("the session to end", || company.server.auth().sessions("zoe").expect("read").len() == 1);
    browser.open(&company.url("/profile"));
    browser.wait_for_text("h1", "Sign in");
    elsewhere.open(&company.url("/connect"));
    elsewhere.wait_for_text("h1", "Connect");
    assert_eq!(company.server.stranger().with_basic("zoe", &key).get("/dav/").status, 200);
}

#[test]
fn somebody_unconfirmed_is_told_on_every_page_until_they_sign_in_again() {
    let company = Company::like(Style::Keycloak, "keycloak", OFTEN);
    let browser = company.visited_by("zoe");
    let key = browser.create_app_password("Notes");
    // The provider refuses, and does not say that it is for the account's sake.
    let refusal = json!({ "error": "invalid_grant", "error_description": "Session not active" });
    company.hires("zoe", &json!({ "disabled": true, "refusal": refusal }));
    company.catch_up();
    company.server.advance(LATER);
    eventually("the account to be unconfirmed", || {
        browser.open(&company.url("/profile"));
        browser.exists(".page-notice .warn")
    });
    let told = browser.text(".page-notice .warn");
    assert!(told.starts_with("Company has not confirmed your account since"), "{told}");
    assert!(told.contains("or your application passwords stop working."), "{told}");
    browser.look("company-unconfirmed-profile");
    for (path, name) in [("/files/", "company-unconfirmed-files"), ("/connect", "company-unconfirmed-connect")] {
        browser.open(&company.url(path));
        browser.wait_for_text(".page-notice .warn", "Sign in again with Company");
        browser.look(name);
    }
    assert_eq!(company.server.stranger().with_basic("zoe", &key).get("/dav/").status, 200);
    company.hires("zoe", &json!({ "disabled": false, "refusal": null }));
    browser.click(".page-notice .warn a");
    // The provider knows the person still.
    browser.wait_for_text("h1", "Connect");
    assert!(!browser.exists(".page-notice .warn"));
}

#[test]
fn somebody_suspended_is_out_and_comes_back_by_signing_in() {
    let company = Company::like(Style::Entra, "entra", OFTEN);
    let browser = company.visited_by("zoe");
    let key = browser.create_app_password("Notes");
    let drive = || company.server.stranger().with_basic("zoe", &key).get("/dav/").status;
    company.hires("zoe", &json!({ "disabled": true }));
    company.catch_up();
    company.server.advance(LATER);
    eventually("the drive to close", || drive() == 401);
    browser.open(&company.url("/profile"));
    browser.wait_for_text("h1", "Sign in");

    company.server.account("rosa");
    let admin = latchkey::auth::AccountChange { is_admin: Some(true), ..Default::default() };
    company.server.auth().change_user("rosa", &admin, &latchkey::auth::Actor::cli()).expect("changed");
    let rosa = Browser::start();
    rosa.let_in(&company.server.url(), "rosa");
    rosa.open(&company.url("/admin/users"));
    let badge = "tr:has(a[href='/admin/users/zoe']) .badge.bad";
    assert_eq!(rosa.text(badge), "Suspended");
    let why = rosa.attribute(badge, "title").expect("why");
    assert!(why.starts_with("The company account is disabled, since"), "{why}");
    rosa.look("company-people");
    rosa.open(&company.url("/admin/users/zoe"));
    rosa.wait_for_text("#company", "The company account is disabled.");
    rosa.look("company-suspended");
    rosa.open(&company.url("/admin"));
    rosa.wait_for_text("#directories tbody", "Company");
    rosa.look("company-overview");

    company.hires("zoe", &json!({ "disabled": false }));
    // The provider knows the person still.
    browser.click("a[href^='/login/oidc/company']");
    browser.wait_for_text("h1", "Profile");
    assert_eq!(drive(), 200, "the same application password");
    assert_eq!(rosa.complaints(), Vec::<String>::new());
}
