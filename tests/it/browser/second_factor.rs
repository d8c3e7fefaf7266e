//! The second factor, with the codes that a real authenticator application would show.

use std::time::Duration;

use super::people::PASSWORD;
use super::{Browser, Clocked};

const STEP: Duration = Duration::from_secs(30);

/// Signs in with a second factor that must be refused.
#[track_caller]
fn refused(browser: &Browser, url: &str, code: &str) {
    browser.sign_in(url, "zoe", PASSWORD);
    browser.give_code(code);
    browser.wait_for_text("[role=alert]", "This code is not right, or was used before.");
}

/// Signs in with a second factor that must be taken, and out again.
#[track_caller]
fn taken(browser: &Browser, url: &str, code: &str) {
    browser.sign_in(url, "zoe", PASSWORD);
    browser.give_code(code);
    browser.wait_for_text("h1", "Profile");
    browser.sign_out();
}

#[test]
fn a_wrong_code_binds_nothing() {
    let server = Clocked::start();
    let browser = server.visited_by("zoe");
    browser.open(&format!("{}/profile/second-factor/totp", server.url()));
    let secret = browser.text("#totp-secret").replace(' ', "");
    let an_hour_old = super::totp(&secret, server.unix_time() - 3600);
    browser.fill("#code", &an_hour_old);
    browser.submit("form[action='/profile/second-factor/totp']");
    browser.wait_for_text("[role=alert]", "is not the code that your application shows now");
    assert_eq!(browser.text("#totp-secret").replace(' ', ""), secret, "what was scanned stays good");
    assert!(!server.auth().second_factors("zoe").expect("read").any());
    browser.sign_out();
    browser.let_in(&server.url(), "zoe");
    browser.wait_for_text("#second-factor", "No second factor is set up");
}

#[test]
fn a_code_opens_once() {
    let server = Clocked::start();
    let (browser, url) = (server.visited_by("zoe"), server.url());
    let bound = browser.bind_totp(&url, server.unix_time());
    browser.open(&format!("{url}/profile/second-factor/totp"));
    browser.wait_for_text("h1", "Profile");
    assert!(!browser.source().contains(&bound.secret), "what is bound is not shown again");
    browser.sign_out();
    refused(&browser, &url, &bound.code(server.unix_time()));
    server.advance(STEP);
    let code = bound.code(server.unix_time());
    taken(&browser, &url, &code);
    refused(&browser, &url, &code);
    browser.open(&format!("{url}/profile"));
    browser.wait_for_text("h1", "Sign in");
    server.advance(STEP);
    taken(&browser, &url, &bound.code(server.unix_time()));
}

#[test]
fn a_recovery_code_opens_once() {
    let server = Clocked::start();
    let (browser, url) = (server.visited_by("zoe"), server.url());
    let bound = browser.bind_totp(&url, server.unix_time());
    browser.sign_out();
    taken(&browser, &url, &bound.codes[0]);
    refused(&browser, &url, &bound.codes[0]);
    taken(&browser, &url, &bound.codes[1].to_uppercase().replace('-', " "));
    let left = server.auth().second_factors("zoe").expect("read").recovery_codes;
    assert_eq!(left, bound.codes.len() - 2);
}

#[test]
fn recovery_codes_are_saved_as_they_are_shown_and_new_ones_end_them() {
    let server = Clocked::start();
    let (browser, url) = (server.visited_by("zoe"), server.url());
    let bound = browser.bind_totp(&url, server.unix_time());
    assert!(bound.codes.len() >= 8, "{}", bound.codes.len());
    browser.click("[data-download]");
    let saved = String::from_utf8(browser.downloaded("latchkey-recovery-codes.txt")).expect("UTF-8");
    assert_eq!(saved.lines().collect::<Vec<_>>(), bound.codes);
    browser.click(".actions a.primary");
    browser.submit("form[action='/profile/second-factor/recovery-codes']");
    browser.agree();
    browser.wait_for_text("h1", "Recovery codes");
    let new = browser.recovery_codes();
    assert!(new.len() == bound.codes.len() && !new.contains(&bound.codes[0]), "{} codes", new.len());
    browser.reload();
    browser.wait_for_text(".lead", "shown already");
    assert!(!browser.source().contains(&new[0]));
    browser.sign_out();
    refused(&browser, &url, &bound.codes[0]);
    taken(&browser, &url, &new[0]);
}

#[test]
fn a_required_second_factor_is_set_up_before_anything_else() {
    let config = format!("{}second_factor_for = \"everybody\"\n", crate::harness::CHEAP);
    let server = Clocked::with_config(&config);
    let url = server.url();
    server.account("zoe");
    let browser = Browser::start();
    browser.sign_in(&url, "zoe", PASSWORD);
    browser.wait_for_text("h1", "Set up a second factor");
    for path in ["/profile", "/connect", "/profile/app-passwords/new"] {
        browser.open(&format!("{url}{path}"));
        browser.wait_for_text("h1", "Set up a second factor");
    }
    let before = browser.session_token();
    browser.click("a[href='/profile/second-factor/totp']");
    let secret = browser.text("#totp-secret").replace(' ', "");
    browser.fill("#code", &super::totp(&secret, server.unix_time()));
    browser.submit("form[action='/profile/second-factor/totp']");
    browser.wait_for_text("h1", "Recovery codes");
    browser.click(".actions a.primary");
    browser.wait_for_text("h1", "Profile");
    assert_ne!(browser.session_token(), before, "a step up gives another token");
}
