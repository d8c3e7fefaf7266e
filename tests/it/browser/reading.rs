//! What is read: times in the reader's own zone, and nothing that a stranger wrote as anything but text.

use std::time::Duration;

use latchkey::auth::{Actor, LinkKind, NewAccount};

use super::people::PASSWORD;
use super::{Browser, Clocked};

#[test]
fn times_are_told_in_the_readers_zone_and_exactly_in_the_tooltip() {
    const TIME: &str = "#sessions tbody td[data-label='Signed in'] time";
    let server = Clocked::start();
    let (browser, profile) = (server.visited_by("zoe"), format!("{}/profile", server.url()));
    let instant = server.now();
    for (zone, offset) in [("Asia/Tokyo", 9), ("America/Phoenix", -7)] {
        browser.time_zone(zone);
        browser.open(&profile);
        let there = instant + chrono::TimeDelta::hours(offset);
        browser.wait_for_text(TIME, &there.format("%b %-d, %Y").to_string());
        browser.wait_for_text(TIME, &there.format("%-I:%M").to_string());
        let exact = instant.format("%Y-%m-%dT%H:%M:%SZ").to_string();
        assert_eq!(browser.attribute(TIME, "title"), Some(exact));
    }
    browser.javascript_off();
    browser.open(&profile);
    browser.wait_for_text(TIME, &instant.format("%-d %b %Y, %H:%M UTC").to_string());
}

#[test]
fn what_is_typed_at_the_sign_in_comes_back_as_text() {
    const NAME: &str = "\"><script>alert(1)</script><img src=x>";
    let server = Clocked::start();
    let browser = Browser::start();
    browser.sign_in(&server.url(), NAME, PASSWORD);
    browser.wait_for("[role=alert]");
    assert_eq!(browser.value("#name"), NAME);
    assert_eq!(browser.count("main script, main img"), 0);
    for next in ["//evil.example/", "https://evil.example/", "/\\evil.example"] {
        browser.open(&format!("{}/login?next={next}", server.url()));
        assert_eq!(browser.value("[name=next]"), "/profile", "{next} leads elsewhere");
    }
}

#[test]
fn a_link_lets_its_person_choose_a_password_once() {
    let server = Clocked::start();
    let (browser, url) = (Browser::start(), server.url());
    server.auth().add_user(&NewAccount::named("zoe"), &Actor::cli()).expect("added");
    let link = |kind| {
        let token = server.auth().password_link("zoe", kind, &Actor::cli()).expect("made");
        format!("{url}/welcome?token={}", token.expose())
    };
    let choose = |password: &str| {
        browser.fill("#password", password);
        browser.fill("#again", password);
        browser.submit("form[action='/welcome']");
    };
    let invitation = link(LinkKind::Invitation);
    browser.open(&invitation);
    choose("zoe1234567");
    browser.wait_for_text("[role=alert]", "too easy to guess");
    choose(PASSWORD);
    browser.let_in(&url, "zoe");
    browser.open(&invitation);
    browser.wait_for_text("h1", "This link is good no more");
    let reset = link(LinkKind::Reset);
    browser.open(&reset);
    choose("brittle harbour seventeen");
    browser.open(&format!("{url}/profile"));
    browser.wait_for_text("h1", "Sign in");
    let late = link(LinkKind::Reset);
    server.advance(Duration::from_hours(72));
    browser.open(&late);
    browser.wait_for_text("h1", "This link is good no more");
}
