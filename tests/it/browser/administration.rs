//! The pages of administration in a real browser: whole, accessible, and within the window at every width.

use std::time::Duration;

use super::{Browser, Clocked, totp};
use crate::pages::client::PASSWORD;
use latchkey::auth::{Actor, Answered, Browser as BrowserCookies, Expiry, NewAccount, NewAppPassword, SignIn, Visitor};
use latchkey::model::Scope;
use latchkey::secret::PlainSecret;

/// A server as one might be after some weeks.
fn lived_in() -> Clocked {
    let server = Clocked::start();
    let auth = server.auth();
    let add = |name: &str, display: &str, is_admin: bool| {
        let new = NewAccount {
            display_name: display.to_owned(),
            email: Some(format!("{name}@a-rather-long-domain.example.org")),
            is_admin,
            quota: (!is_admin).then_some(10_000_000_000),
            password: Some(PlainSecret::new(PASSWORD.to_owned())),
            ..NewAccount::named(name)
        };
        auth.add_user(&new, &Actor::cli()).expect("added");
    };
    add("rosa", "Rosa Root", true);
    for (name, display) in [
        ("alice", "Alice Wilhelmina von und zu Hohenlohe-Langenburg"),
        ("bob", "Bob"),
        ("carol", ""),
        ("dieter.schmidt-mueller", "Dieter Schmidt-Müller"),
    ] {
        add(name, display, false);
        let home = server.storage().join("files").join(name);
        std::fs::write(home.join("report.pdf"), vec![b'x'; name.len() * 100_000]).expect("written");
    }
    let on_the_pages = Actor { name: "alice".to_owned(), address: Some("2001:db8:1234:5678::abcd:1".to_owned()) };
    for (label, days, agent, folders, actor) in [
        ("Work laptop", 300, "Microsoft-WebDAV-MiniRedir/10.0.19045", vec![], &on_the_pages),
        ("Nightly backup of the whole drive", 10, "rclone/v1.60.1", vec!["/Backup".to_owned()], &Actor::cli()),
        ("Old telephone", 40, "gvfs/1.54", vec![], &on_the_pages),
    ] {
        let new = NewAppPassword {
            label: label.to_owned(),
            expiry: Expiry::After(Duration::from_hours(24 * days)),
            scope: Scope::ReadWrite,
            folders,
            networks: Vec::new(),
        };
        let key = auth.issue_app_password("alice", &new, actor).expect("issued");
        let client = server.stranger().with_basic("alice", key.password.expose());
        assert_ne!(client.with("User-Agent", agent).get("/dav/").status, 401);
        if label.starts_with("Old") {
            auth.write_last_uses().expect("written");
            auth.revoke_app_password(&key.row.selector, actor).expect("revoked");
        }
    }
    let visitor = Visitor { address: [192, 0, 2, 7].into(), agent: Some("Mozilla/5.0") };
    let password = PlainSecret::new(PASSWORD.to_owned());
    let SignIn::Done(alice) = auth.sign_in("alice", &password, BrowserCookies::default(), visitor).expect("let in")
    else {
        panic!("no second factor is bound yet");
    };
    let offered = auth.offer_totp(&alice.new.session).expect("offered");
    let code = totp(offered.secret.expose(), server.unix_time());
    auth.confirm_totp(&alice.new.session, &code, &on_the_pages).expect("bound");
    // A day of requests.
    for quarter in 0..96_u64 {
        let count = (quarter * 37 + quarter * quarter) % 211;
        for number in 0..count {
            auth.note_answer(match (quarter, number) {
                (30..36, 0..9) => Answered::Refused,
                (70, 0..3) => Answered::Failed,
                _ => Answered::Told,
            });
        }
        auth.write_traffic().expect("written");
        server.advance(Duration::from_mins(15));
    }
    auth.measure_everybody().expect("measured");
    server
}

#[test]
fn the_pages_are_whole_accessible_and_fit() {
    let server = lived_in();
    let browser = Browser::start();
    browser.resize(1280, 900);
    browser.open(&format!("{}/login", server.url()));
    browser.fill("input[name=name]", "rosa");
    browser.fill("input[name=password]", PASSWORD);
    browser.submit("form");
    browser.wait_for("#user-menu");
    let pages = [
        ("overview", "/admin"),
        ("users", "/admin/users"),
        ("users-none", "/admin/users?q=nothing"),
        ("new", "/admin/users/new"),
        ("general", "/admin/users/alice"),
        ("own", "/admin/users/rosa?done=changed"),
        ("security", "/admin/users/alice/security"),
        ("security-own", "/admin/users/rosa/security"),
        ("delete", "/admin/users/alice/delete"),
        ("configuration", "/admin/configuration"),
        ("audit", "/admin/audit"),
        ("audit-wrong", "/admin/audit?from=soon&person=alice"),
    ];
    for (name, path) in pages {
        browser.resize(1280, 900);
        browser.open(&format!("{}{path}", server.url()));
        browser.run_js("for (const d of document.querySelectorAll('details.more')) d.open = true", vec![]);
        for (width, dark) in [(1280, false), (360, true), (360, false)] {
            browser.dark(dark);
            browser.resize(width, 900);
            browser.assert_fits(&format!("{name} at {width}"));
            browser.assert_accessible(&format!("{name} at {width}"));
            browser.screenshot(&format!("admin-{name}-{width}{}", if dark { "-dark" } else { "" }));
        }
    }
    let complaints = browser.complaints();
    assert!(complaints.iter().all(|told| told.contains("422")), "{complaints:?}");
}

#[test]
fn a_person_is_added_and_a_connection_cut_by_mouse() {
    let server = lived_in();
    let browser = Browser::start();
    browser.open(&format!("{}/login?next=/admin/users/new", server.url()));
    browser.fill("input[name=name]", "rosa");
    browser.fill("input[name=password]", PASSWORD);
    browser.submit("form");
    browser.wait_for("#display_name");
    browser.fill("#name", "erin");
    browser.fill("#email", "erin@example.org");
    browser.submit("form.card");
    browser.wait_for("#link");
    let link = browser.text("#link");
    browser.assert_accessible("the link");
    browser.screenshot("admin-link-1280");
    browser.resize(360, 900);
    browser.assert_fits("the link");
    browser.screenshot("admin-link-360");
    browser.resize(1280, 900);
    browser.reload();
    assert!(!browser.source().contains(&link), "a reload shows it no more");
    browser.back();
    assert!(!browser.source().contains(&link), "going back does not, either");
    browser.open(&format!("{}/admin/users/alice/security", server.url()));
    assert_eq!(browser.count("#connections form[action$=revoke]"), 2);
    browser.click("#connections form[action$=revoke] button");
    browser.wait_for("dialog[open]");
    browser.screenshot("admin-confirm-1280");
    browser.click("dialog[open] .button.danger");
    browser.wait_for_text("main", "The connection is deleted.");
    assert_eq!(browser.count("#connections form[action$=revoke]"), 1);
    // Ten minutes after the sign-in, what hands power over asks who sits there.
    assert!(browser.text("main").contains("Authenticator application"));
    server.advance(Duration::from_mins(11));
    browser.click("form[action$='second-factor/reset'] button");
    browser.click("dialog[open] .button.danger");
    browser.wait_for("#password");
    browser.fill("#password", PASSWORD);
    browser.submit("form[action$=reauthenticate]");
    browser.wait_for("form[action$='second-factor/reset']");
    assert!(server.auth().second_factors("alice").expect("read").any(), "nothing was reset so far");
    browser.click("form[action$='second-factor/reset'] button");
    browser.click("dialog[open] .button.danger");
    browser.wait_for_text("main", "No method configured.");
    assert!(!server.auth().second_factors("alice").expect("read").any());
}
