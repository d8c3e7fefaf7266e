//! What is set on the page goes before the file, and gives way to it again.

use super::super::client::{Page, add};
use super::scene;

const PATH: &str = "/admin/configuration";

/// Days from the issue to the end of a new application password.
fn days(server: &crate::harness::TestServer) -> i64 {
    server.ok(&["app-password", "issue", "alice", "x"]);
    let listed: serde_json::Value =
        serde_json::from_str(&server.ok(&["app-password", "list", "alice", "--json"])).expect("JSON");
    let last = listed.as_array().and_then(|rows| rows.last()).expect("a row").clone();
    let time =
        |name: &str| last[name].as_str().expect("a time").parse::<chrono::DateTime<chrono::Utc>>().expect("RFC 3339");
    (time("expires_at") - time("created_at")).num_days()
}

#[test]
fn a_setting_goes_before_the_file_until_it_is_cleared() {
    let (server, mut rosa) = scene();
    server.ok(&["user", "add", "alice"]);
    assert_eq!(days(&server), 180);
    let page = rosa.look(PATH);
    assert!(page.contains("The file says: <strong>180d</strong>") && !page.contains("Set here"), "{page}");
    // To save what is shown sets nothing.
    let all = [
        ("app_credentials_ttl", "180d"),
        ("app_credentials_max_ttl", "366d"),
        ("app_credentials_allow_never", "false"),
        ("app_credentials_max_per_user", "200"),
        ("app_credentials_unused_after", "never"),
        ("second_factor_for", "nobody"),
    ];
    assert_eq!(rosa.post(PATH, &all).location(), "/admin/configuration?done=settings");
    assert!(!rosa.look(PATH).contains("Set here"));
    let mut changed = all;
    changed[0].1 = "30d";
    changed[3].1 = "3";
    assert_eq!(rosa.post(PATH, &changed).status, 303);
    assert_eq!(days(&server), 30);
    let page = rosa.look(PATH);
    assert_eq!(page.matches("Set here by rosa").count(), 2, "{page}");
    server.ok(&["app-password", "issue", "alice", "third"]);
    assert!(!server.run(&["app-password", "issue", "alice", "fourth"]).status.success(), "three at most");
    for key in ["app_credentials_ttl", "app_credentials_max_per_user"] {
        // The other fields come along with the button, and change nothing.
        let cleared = rosa.submit(PATH, PATH, &[("app_credentials_max_ttl", "1d"), ("clear", key)]);
        assert_eq!(cleared.status, 303);
    }
    assert!(!rosa.look(PATH).contains("Set here"));
    assert_eq!(days(&server), 180);
    let audit = rosa.look("/admin/audit?kind=settings");
    assert!(audit.contains("app_credentials_ttl") && audit.contains("30d") && audit.contains("setting.clear"));
}

#[test]
fn mistakes_are_told_beside_the_field() {
    let (_server, mut rosa) = scene();
    for (key, value, sentence) in [
        ("app_credentials_ttl", "soon", "This is not a duration like 90d or 12h."),
        ("app_credentials_ttl", "400d", "This is longer than the longest that may be asked for."),
        ("app_credentials_max_per_user", "none", "This is not a number from 1 to 100000."),
        ("second_factor_for", "cats", "This is not one of"),
    ] {
        let answer = rosa.submit(PATH, PATH, &[("app_credentials_unused_after", "90d"), (key, value)]);
        let page = answer.text();
        assert_eq!(answer.status, 422, "{key}");
        assert!(page.contains(&format!("id=\"{key}-error\">{sentence}")), "{page}");
        assert!(page.contains("aria-invalid=\"true\""));
    }
    assert!(!rosa.look(PATH).contains("Set here"), "all or nothing");
}

#[test]
fn a_second_factor_can_be_required_of_all() {
    let (server, mut rosa) = scene();
    add(&server, "alice", &[]);
    assert_eq!(rosa.submit(PATH, PATH, &[("second_factor_for", "everybody")]).status, 303);
    assert_eq!(Page::of(&server).sign_in("alice", super::super::client::PASSWORD).location(), "/login/next");
    assert!(rosa.look("/admin/users/alice/security").contains("One is required"));
    assert_eq!(rosa.submit(PATH, PATH, &[("clear", "second_factor_for")]).status, 303);
    assert_eq!(Page::of(&server).sign_in("alice", super::super::client::PASSWORD).location(), "/profile");
}

/// Asks for an application password on the page; gives the status and what the page says.
fn ask(page: &mut Page, expires: &str) -> (u16, String) {
    page.look("/profile/app-passwords/new");
    let form = page.hidden("form").expect("an id");
    let answer = page.post("/profile/app-passwords", &[("form", &form), ("label", "x"), ("expires", expires)]);
    (answer.status, answer.text())
}

#[test]
fn the_longest_lifetime_and_never_hold_from_the_next_request_on() {
    let (server, mut rosa) = scene();
    add(&server, "alice", &[]);
    let mut alice = Page::signed_in(&server, "alice");
    let days = |days: u64| (days * 86_400).to_string();
    let offers = |page: &mut Page, value: &str| {
        page.look("/profile/app-passwords/new").contains(&format!("<option value=\"{value}\""))
    };
    assert_eq!(ask(&mut alice, &days(31)).0, 200);
    assert!(offers(&mut alice, &days(90)) && !offers(&mut alice, "never"));
    let shorter = [("app_credentials_ttl", "7d"), ("app_credentials_max_ttl", "30d")];
    assert_eq!(rosa.submit(PATH, PATH, &shorter).status, 303);
    let (status, page) = ask(&mut alice, &days(31));
    assert_eq!(status, 422, "longer than the longest");
    assert!(page.contains("later than in 30 days (app_credentials_max_ttl"), "{page}");
    assert_eq!(ask(&mut alice, &days(30)).0, 200);
    assert!(offers(&mut alice, &days(30)) && !offers(&mut alice, &days(90)), "what is too long is not offered");
    assert_eq!(ask(&mut alice, "never").0, 422);
    assert_eq!(rosa.submit(PATH, PATH, &[("app_credentials_allow_never", "true")]).status, 303);
    assert!(offers(&mut alice, "never"));
    assert_eq!(ask(&mut alice, "never").0, 200);
    let rows: serde_json::Value =
        serde_json::from_str(&server.ok(&["app-password", "list", "alice", "--json"])).expect("JSON");
    assert_eq!(rows.as_array().map(Vec::len), Some(3), "what was refused was not issued");
    assert!(rows[1]["expires_at"].is_string() && rows[2]["expires_at"].is_null(), "{rows}");
    assert_eq!(rosa.submit(PATH, PATH, &[("clear", "app_credentials_allow_never")]).status, 303);
    assert_eq!(ask(&mut alice, "never").0, 422);
    assert!(!offers(&mut alice, "never"));
}
