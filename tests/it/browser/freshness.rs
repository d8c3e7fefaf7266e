//! How long a sign-in is good for: ten minutes for what matters most, two hours without a visit, a day at all.

use std::time::Duration;

use super::{Browser, Clocked};

const MINUTE: Duration = Duration::from_mins(1);

/// How many application passwords zoe has.
fn issued(server: &Clocked) -> usize {
    server.auth().app_passwords("zoe").expect("read").len()
}

#[track_caller]
fn generate(browser: &Browser, label: &str) {
    browser.fill("#label", label);
    browser.submit("form[action='/profile/app-passwords']");
}

#[test]
fn after_ten_minutes_an_application_password_takes_a_fresh_proof() {
    let server = Clocked::start();
    let browser = server.visited_by("zoe");
    let before = browser.session_token().expect("a session");
    server.advance(MINUTE * 11);
    browser.reload();
    browser.click("#create-app-password");
    browser.wait_for_text("h1", "Confirm that it is you");
    assert!(browser.url().contains("/reauthenticate?next="), "{}", browser.url());
    browser.fill("#password", "another otter ladder");
    browser.submit("form[action='/reauthenticate']");
    browser.wait_for_text("[role=alert]", "That is not right.");
    browser.confirm_password();
    browser.wait_for("#label");
    assert_ne!(browser.session_token().expect("a session"), before, "a step up gives another token");
    generate(&browser, "My WebDAV");
    let key = browser.text("#issued-password");
    let client = server.stranger().with_basic("zoe", &key);
    assert_eq!(client.put("/dav/note.txt", b"works").status, 201);
}

#[test]
fn a_form_that_was_left_open_too_long_issues_nothing() {
    let server = Clocked::start();
    let browser = server.visited_by("zoe");
    browser.open(&format!("{}/profile/app-passwords/new", server.url()));
    server.advance(MINUTE * 11);
    generate(&browser, "My WebDAV");
    browser.confirm_password();
    browser.wait_for("#label");
    assert_eq!(issued(&server), 0);
    browser.open(&format!("{}/profile", server.url()));
    browser.click("#create-app-password");
    server.advance(MINUTE * 11);
    browser.fill("dialog[open] #label", "In the dialog");
    browser.submit("dialog[open] form");
    browser.wait_for_text("h1", "Confirm that it is you");
    assert_eq!(issued(&server), 0);
}

#[test]
fn a_session_ends_two_hours_after_the_last_visit() {
    let server = Clocked::start();
    let (browser, url) = (server.visited_by("zoe"), server.url());
    let profile = format!("{url}/profile");
    for _ in 0..2 {
        server.advance(MINUTE * 119);
        browser.open(&profile);
        browser.wait_for_text("h1", "Profile");
    }
    server.advance(MINUTE * 120);
    browser.open(&format!("{url}/connect"));
    browser.wait_for_text("h1", "Sign in");
    browser.fill("#name", "zoe");
    browser.fill("#password", super::people::PASSWORD);
    browser.submit("form[action='/login']");
    browser.wait_for_text("h1", "Connect");
}

#[test]
fn a_session_ends_after_a_day_whatever_is_done_in_it() {
    let server = Clocked::start();
    let (browser, url) = (server.visited_by("zoe"), server.url());
    for _ in 0..23 {
        server.advance(MINUTE * 60);
        browser.open(&format!("{url}/profile"));
        browser.wait_for_text("h1", "Profile");
    }
    browser.open(&format!("{url}/reauthenticate"));
    browser.confirm_password();
    browser.wait_for_text("h1", "Profile");
    server.advance(MINUTE * 60);
    browser.open(&format!("{url}/profile"));
    browser.wait_for_text("h1", "Sign in");
}
