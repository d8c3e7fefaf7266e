//! Names that a page of the administration might not expect: very long ones, and those that would be a script.

use std::time::Duration;

use latchkey::auth::{Actor, Expiry, NewAccount, NewAppPassword};
use latchkey::model::Scope;
use latchkey::secret::PlainSecret;

use super::people::PASSWORD;
use super::{Browser, Clocked};

const SCRIPT: &str = "<script>alert(1)</script>";

/// An administrator who has signed in, and people with such names.
fn office(server: &Clocked) -> Browser {
    let password = Some(PlainSecret::new(PASSWORD.to_owned()));
    let boss = NewAccount { is_admin: true, password, ..NewAccount::named("boss") };
    let zoe = NewAccount {
        display_name: format!("Zoë {SCRIPT}"),
        email: Some("zoe.with-a-long-name@department.example.org".to_owned()),
        ..NewAccount::named("zoe")
    };
    let long = NewAccount { display_name: "W".repeat(100), ..NewAccount::named(&"w".repeat(64)) };
    for new in [boss, zoe, long] {
        server.auth().add_user(&new, &Actor::cli()).expect("added");
    }
    let long = "W".repeat(64);
    for (label, agent) in [("Explorer", "Microsoft-WebDAV-MiniRedir/10.0"), (SCRIPT, SCRIPT), (&long, "rclone/v1.60")] {
        let new = NewAppPassword {
            label: label.to_owned(),
            expiry: Expiry::After(Duration::from_hours(240)),
            scope: Scope::ReadWrite,
            folders: Vec::new(),
            networks: Vec::new(),
        };
        let issued = server.auth().issue_app_password("zoe", &new, &Actor::cli()).expect("issued");
        let program = server.stranger().with_basic("zoe", issued.password.expose()).with("User-Agent", agent);
        assert_eq!(program.send("PROPFIND", "/dav/", &[("Depth", "0")], b"").status, 207);
    }
    let browser = Browser::start();
    browser.let_in(&server.url(), "boss");
    browser
}

/// It is text, and at a desk all of a table is seen at once.
#[track_caller]
fn assert_harmless(browser: &Browser, name: &str) {
    browser.look(name);
    assert_eq!(browser.count("main script"), 0, "{name}");
    let scrolls =
        "return [...document.querySelectorAll('.table-scroll')].some((box) => box.scrollWidth > box.clientWidth)";
    assert_eq!(browser.run_js(scrolls, Vec::new()), false, "{name}: a table is wider than its place");
}

#[test]
fn odd_names_are_text_and_push_nothing_out_of_sight() {
    let server = Clocked::start();
    let (browser, admin) = (office(&server), format!("{}/admin", server.url()));
    browser.open(&format!("{admin}/users"));
    assert!(browser.text("tbody").contains(SCRIPT));
    assert_harmless(&browser, "odd-users");
    browser.open(&format!("{admin}/users/{}", "w".repeat(64)));
    assert_harmless(&browser, "odd-general");
    browser.open(&format!("{admin}/users/zoe/security"));
    assert!(browser.text("#connections tbody").contains(SCRIPT));
    assert_harmless(&browser, "odd-security");
    browser.open(&format!("{admin}/audit"));
    assert_harmless(&browser, "odd-audit");
    browser.open(&format!("{admin}/users?q={SCRIPT}"));
    assert_harmless(&browser, "odd-search");
}
