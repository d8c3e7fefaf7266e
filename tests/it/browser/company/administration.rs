//! An administrator joins an account to a company account, and takes the two apart again.

use std::time::Duration;

use latchkey::auth::{AccountChange, Actor};
use serde_json::json;

use super::{Browser, Company};

#[test]
fn an_account_is_joined_and_taken_apart() {
    let company = Company::start("admin_groups = [\"chiefs\"]\n");
    company.hires("z.example", &json!({ "sub": "a-rather-long-subject-00000000-0000-0000-0000-000000000001" }));
    let zoe = company.server.person("zoe", Duration::from_hours(24));
    assert_eq!(zoe.client().put("/dav/kept.txt", b"kept").status, 201);
    company.server.account("rosa");
    let admin = AccountChange { is_admin: Some(true), ..AccountChange::default() };
    company.server.auth().change_user("rosa", &admin, &Actor::cli()).expect("changed");
    let rosa = Browser::start();
    rosa.let_in(&company.server.url(), "rosa");
    rosa.open(&company.url("/admin/users/zoe"));
    rosa.fill("#who", " ");
    rosa.submit("#company");
    rosa.wait_for_text("#who-error", "must have 1 to 255 characters");
    rosa.look("company-join-wrong");
    rosa.fill("#who", "a-rather-long-subject-00000000-0000-0000-0000-000000000001");
    rosa.submit("#company");
    rosa.wait_for_text("[role=status]", "The account is joined to the company account.");
    rosa.open(&company.url("/admin/users/zoe"));
    rosa.look("company-joined");

    let browser = Browser::start();
    browser.open(&company.url("/login?next=%2Ffiles%2F"));
    company.enter(&browser, "z.example");
    browser.wait_for_text("main", "kept.txt");
    assert!(zoe.client().get("/dav/kept.txt").status == 200, "application passwords go on");

    rosa.open(&company.url("/admin/users/zoe"));
    assert!(rosa.text("#company").contains("z.example"), "what the provider calls the person is known now");
    rosa.click("#company a[href$='/unlink']");
    rosa.wait_for_text("main", "All sessions end, and the account has no password.");
    rosa.look("company-unlink");
    rosa.submit("form[action$='/unlink']");
    rosa.wait_for_text("[role=status]", "The account is kept on this server now.");
    rosa.wait_for_text("main", "Make an invitation link");
    browser.open(&company.url("/connect"));
    browser.wait_for_text("h1", "Sign in");
    // By the company account, the person is somebody new now.
    browser.click("a[href^='/login/oidc/company']");
    browser.wait_for_text(".page-notice", "Your user name here is z.example.");
}
