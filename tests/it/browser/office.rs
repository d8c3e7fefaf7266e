//! The pages of the administrators, looked at like all others.

use std::time::Duration;

use latchkey::auth::{Actor, Expiry, NewAccount, NewAppPassword};
use latchkey::model::Scope;
use latchkey::secret::PlainSecret;

use super::people::PASSWORD;
use super::{Browser, Clocked};

const SCRIPT: &str = "<script>alert(1)</script>";

/// An administrator who has signed in, and people with names that a page might not expect.
fn office(server: &Clocked) -> Browser {
    let password = Some(PlainSecret::new(PASSWORD.to_owned()));
    let boss = NewAccount { is_admin: true, password, ..NewAccount::named("boss") };
    server.auth().add_user(&boss, &Actor::cli()).expect("added");
    let named = |name: &str, shown: &str, email: Option<&str>| {
        let new = NewAccount {
            display_name: shown.to_owned(),
            email: email.map(ToOwned::to_owned),
            ..NewAccount::named(name)
        };
        server.auth().add_user(&new, &Actor::cli()).expect("added");
    };
    named("zoe", &format!("Zoë {SCRIPT}"), Some("zoe.with-a-long-name@department.example.org"));
    named(&"w".repeat(64), &"W".repeat(100), None);
    for number in 0..60 {
        named(&format!("person-{number:02}"), "", None);
    }
    for (label, agent) in
        [("Explorer", "Microsoft-WebDAV-MiniRedir/10.0.19045"), (SCRIPT, SCRIPT), ("W", "rclone/v1.60")]
    {
        let new = NewAppPassword {
            label: if label == "W" { "W".repeat(64) } else { label.to_owned() },
            expiry: Expiry::After(Duration::from_hours(240)),
            scope: Scope::ReadWrite,
            folders: Vec::new(),
            networks: Vec::new(),
        };
        let issued = server.auth().issue_app_password("zoe", &new, &Actor::cli()).expect("issued");
        let program = server.stranger().with_basic("zoe", issued.password.expose()).with("User-Agent", agent);
        assert_eq!(program.put(&format!("/dav/{}.txt", agent.len()), b"some").status, 201);
    }
    let browser = Browser::start();
    browser.let_in(&server.url(), "boss");
    browser
}

/// At a desk, all of a table is seen at once.
#[track_caller]
fn assert_no_table_scrolls(browser: &Browser) {
    let scrolls =
        "return [...document.querySelectorAll('.table-scroll')].some((box) => box.scrollWidth > box.clientWidth)";
    assert_eq!(browser.run_js(scrolls, Vec::new()), false, "a table is wider than its place");
}

#[test]
fn people_and_their_connections() {
    let server = Clocked::start();
    let (browser, admin) = (office(&server), format!("{}/admin", server.url()));
    browser.open(&admin);
    browser.look("admin-overview");
    browser.open(&format!("{admin}/users"));
    browser.look("admin-users");
    browser.open(&format!("{admin}/users?q=w"));
    browser.look("admin-users-long");
    assert_no_table_scrolls(&browser);
    browser.open(&format!("{admin}/users?q=nobody-of-that-name"));
    browser.look("admin-users-none");
    browser.open(&format!("{admin}/users/zoe"));
    browser.look("admin-general");
    browser.click(".tabs a[href$='/security']");
    browser.wait_for_text("#connections tbody", SCRIPT);
    assert_eq!(browser.count("main script"), 0);
    browser.look("admin-security");
    assert_no_table_scrolls(&browser);
    browser.submit("#connections form[action$='/revoke-all']");
    browser.wait_for("dialog[open]");
    browser.look("admin-revoke-all");
    browser.agree();
    browser.wait_for_text("#connections", "No program is connected.");
    browser.look("admin-security-empty");
    browser.open(&format!("{admin}/users/zoe/delete"));
    browser.look("admin-delete");
    browser.open(&format!("{admin}/users/{}", "w".repeat(64)));
    browser.look("admin-general-long");
}

#[test]
fn adding_settings_and_what_was_done() {
    let server = Clocked::start();
    let (browser, admin) = (office(&server), format!("{}/admin", server.url()));
    browser.open(&format!("{admin}/users/new"));
    browser.look("admin-add");
    browser.fill("#name", "No Name!");
    browser.submit("form.card");
    browser.wait_for("#name[aria-invalid=true]");
    browser.look("admin-add-wrong");
    browser.fill("#name", "newcomer");
    browser.submit("form.card");
    browser.wait_for("#link");
    let link = browser.text("#link");
    browser.look("admin-link");
    browser.reload();
    assert!(!browser.source().contains(link.rsplit('=').next().expect("a token")), "it is shown once");
    browser.look("admin-link-again");
    browser.open(&format!("{admin}/configuration"));
    browser.look("admin-configuration");
    browser.open(&format!("{admin}/audit"));
    browser.look("admin-audit");
    assert_no_table_scrolls(&browser);
    let newcomer = Browser::start();
    newcomer.open(&link);
    newcomer.fill("#password", PASSWORD);
    newcomer.fill("#again", PASSWORD);
    newcomer.submit("form[action='/welcome']");
    newcomer.let_in(&server.url(), "newcomer");
}
