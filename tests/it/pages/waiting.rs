//! Who is slowed is told how long for, in the answer's head, too, and is let in right after that.

use std::time::Duration;

use super::client::{PASSWORD, Page};
use super::second_factor::bind_codes;
use crate::browser::Clocked;
use crate::harness::CHEAP;
use crate::http::Answer;

/// What an answer of "too many attempts" says in its head.
fn wait(answer: &Answer) -> Option<&str> {
    assert_eq!(answer.status, 429, "{}", answer.text());
    answer.header("retry-after")
}

#[test]
fn who_waits_as_long_as_the_sign_in_says_is_let_in() {
    let server = Clocked::with_config(&format!("{CHEAP}throttle_failures = 5\nthrottle_window = \"5m\"\n"));
    server.account("alice");
    let mut page = Page::at(server.addr);
    for guess in 0..5 {
        assert_eq!(page.sign_in("alice", &format!("guess {guess}")).status, 422);
        server.advance(Duration::from_secs(10));
    }
    let told = page.sign_in("alice", PASSWORD);
    assert_eq!(wait(&told), Some("250"), "until the first guess is five minutes old");
    assert!(told.text().contains("Please wait 5 minutes"), "{}", told.text());
    server.advance(Duration::from_millis(249_500));
    assert_eq!(wait(&page.sign_in("alice", PASSWORD)), Some("1"), "half a second is not told as none");
    server.advance(Duration::from_millis(500));
    assert_eq!(page.sign_in("alice", PASSWORD).status, 303);
}

#[test]
fn wrong_codes_are_told_how_long_to_wait() {
    let server = Clocked::start();
    server.account("alice");
    let mut page = Page::at(server.addr).let_in("alice");
    let bound = bind_codes(&mut page, &server);
    let mut again = Page::at(server.addr);
    assert_eq!(again.sign_in("alice", PASSWORD).location(), "/login/code?next=%2Fprofile");
    for _ in 0..10 {
        assert_eq!(again.submit("/login/code", "/login/code", &[("code", "wrong")]).status, 422);
    }
    server.advance(Duration::from_mins(9));
    let told = again.post("/login/code", &[("code", "wrong")]);
    assert_eq!(wait(&told), Some("360"), "of a quarter of an hour, six minutes are left");
    assert!(told.text().contains("Please wait 6 minutes"), "{}", told.text());
    server.advance(Duration::from_mins(6));
    again.sign_in("alice", PASSWORD);
    let code = bound.code(server.unix_time());
    assert_eq!(again.submit("/login/code", "/login/code", &[("code", &code)]).location(), "/profile");
}

#[test]
fn who_is_signed_in_is_told_how_long_to_wait_too() {
    let server = Clocked::with_config(&format!("{CHEAP}throttle_failures = 1000\nthrottle_window = \"5m\"\n"));
    server.account("alice");
    let mut page = Page::at(server.addr).let_in("alice");
    let change = [("old", "wrong"), ("password", "cobalt teapot meadow"), ("again", "cobalt teapot meadow")];
    for _ in 0..10 {
        assert_eq!(page.submit("/profile", "/profile/password", &change).status, 422);
    }
    server.advance(Duration::from_secs(77));
    assert_eq!(wait(&page.submit("/profile", "/profile/password", &change)), Some("223"));
    let again = page.submit("/reauthenticate", "/reauthenticate", &[("password", PASSWORD)]);
    assert_eq!(wait(&again), Some("223"), "the password is the same one");
    server.advance(Duration::from_secs(223));
    let again = page.submit("/reauthenticate", "/reauthenticate", &[("password", PASSWORD)]);
    assert_eq!(again.location(), "/profile");
}

#[test]
fn passkeys_that_are_asked_for_or_refused_too_often_are_told_how_long_to_wait() {
    let server = Clocked::with_config(&format!("{CHEAP}throttle_failures = 3\nthrottle_window = \"5m\"\n"));
    let mut page = Page::at(server.addr);
    page.look("/login");
    for _ in 0..3 {
        assert_eq!(page.talk("/login/passkey/start", "{}").status, 200);
        assert_eq!(page.talk("/login/passkey/finish", "{\"credential\":{}}").status, 422);
    }
    server.advance(Duration::from_secs(30));
    assert_eq!(page.talk("/login/passkey/start", "{}").status, 200);
    let refused = page.talk("/login/passkey/finish", "{\"credential\":{}}");
    assert_eq!(wait(&refused), Some("270"));
    assert!(refused.json()["error"].as_str().is_some_and(|told| told.contains("Please wait 5 minutes")));
    for _ in 0..116 {
        assert_eq!(page.talk("/login/passkey/start", "{}").status, 200);
    }
    server.advance(Duration::from_secs(20));
    let slowed = page.talk("/login/passkey/start", "{}");
    assert_eq!(wait(&slowed), Some("10"), "of a minute since the first one");
    server.advance(Duration::from_secs(10));
    assert_eq!(page.talk("/login/passkey/start", "{}").status, 200);
}
