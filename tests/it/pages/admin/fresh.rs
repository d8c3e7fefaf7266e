//! What hands power over takes a proof of who sits there that is younger than ten minutes.

use std::time::Duration;

use super::super::client::{PASSWORD, Page};
use super::{administrator, link_on};
use crate::browser::Clocked;

const FORM: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const ALMOST: Duration = Duration::from_secs(10 * 60 - 1);
const MINUTE: Duration = Duration::from_mins(1);

/// A form, where its page asks for the proof, and whether its deed is done.
struct Deed {
    what: &'static str,
    action: &'static str,
    fields: Vec<(&'static str, &'static str)>,
    back: &'static str,
    is_done: fn(&Clocked) -> bool,
}

fn is_admin(server: &Clocked, name: &str) -> bool {
    server.auth().user(name).is_ok_and(|user| user.is_admin)
}

fn has_link(server: &Clocked, name: &str) -> bool {
    let user = server.auth().user(name).expect("an account");
    server.auth().password_link_of(&user).expect("read").is_some()
}

fn lifetime_is(server: &Clocked, days: u64) -> bool {
    server.auth().policy().expect("a policy").ttl == Duration::from_hours(24 * days)
}

/// Each leaves the server as the next one expects it.
fn deeds() -> Vec<Deed> {
    let general = "/admin/users/alice/general";
    let configuration = "/admin/configuration";
    vec![
        Deed {
            what: "adding an account",
            action: "/admin/users/new",
            fields: vec![("name", "carol"), ("form", FORM)],
            back: "/admin/users/new",
            is_done: |server| server.auth().user("carol").is_ok(),
        },
        Deed {
            what: "making a link",
            action: "/admin/users/alice/link",
            fields: vec![("form", "AAAAAAAAAAAAAAAAAAAAAQ")],
            back: "/admin/users/alice",
            is_done: |server| has_link(server, "alice"),
        },
        Deed {
            what: "making somebody administrator",
            action: general,
            fields: vec![("role", "administrator"), ("state", "enabled")],
            back: "/admin/users/alice",
            is_done: |server| is_admin(server, "alice"),
        },
        Deed {
            what: "taking that from somebody",
            action: general,
            fields: vec![("role", "user"), ("state", "enabled")],
            back: "/admin/users/alice",
            is_done: |server| !is_admin(server, "alice"),
        },
        Deed {
            what: "changing a setting",
            action: configuration,
            fields: vec![("app_credentials_ttl", "30d")],
            back: configuration,
            is_done: |server| lifetime_is(server, 30),
        },
        Deed {
            what: "setting it back",
            action: configuration,
            fields: vec![("clear", "app_credentials_ttl")],
            back: configuration,
            is_done: |server| lifetime_is(server, 180),
        },
        Deed {
            what: "deleting an account",
            action: "/admin/users/alice/delete",
            fields: vec![("confirm", "alice"), ("files", "keep")],
            back: "/admin/users/alice/delete",
            is_done: |server| server.auth().user("alice").is_err(),
        },
    ]
}

/// An administrator `rosa` and `alice`, who is none.
fn scene() -> (Clocked, Page) {
    let server = Clocked::start();
    server.account("alice");
    administrator(&server);
    let rosa = Page::at(server.addr).let_in("rosa");
    (server, rosa)
}

fn led_to_proof(back: &str) -> String {
    let back: String = percent_encoding::utf8_percent_encode(back, percent_encoding::NON_ALPHANUMERIC).collect();
    format!("/reauthenticate?next={back}")
}

#[track_caller]
fn prove(page: &mut Page) {
    let answer = page.submit("/reauthenticate", "/reauthenticate", &[("password", PASSWORD)]);
    assert_eq!(answer.location(), "/profile");
}

#[test]
fn after_ten_minutes_what_hands_power_over_takes_a_fresh_proof() {
    let (server, mut rosa) = scene();
    for Deed { what, action, fields, back, is_done } in deeds() {
        server.advance(MINUTE * 10);
        let asked = rosa.submit("/admin", action, &fields);
        assert_eq!(asked.location(), led_to_proof(back), "{what}");
        assert!(!is_done(&server), "{what} without a fresh proof");
        let wrong = [("password", "another otter ladder")];
        assert_eq!(rosa.submit("/reauthenticate", "/reauthenticate", &wrong).status, 422, "{what}");
        assert_eq!(rosa.submit("/admin", action, &fields).location(), led_to_proof(back), "{what} by a wrong proof");
        assert!(!is_done(&server), "{what} by a wrong proof");
        prove(&mut rosa);
        server.advance(ALMOST);
        let done = rosa.submit("/admin", action, &fields);
        assert!(matches!(done.status, 200 | 303), "{what}: {}", done.text());
        assert!(is_done(&server), "{what} within ten minutes of a proof");
    }
}

#[test]
fn looking_and_cutting_somebody_off_take_none() {
    let (server, mut rosa) = scene();
    server.advance(MINUTE * 10);
    // Before something is filled in, and not only when it is sent.
    for asks in ["/admin/users/new", "/admin/users/alice/delete"] {
        assert_eq!(rosa.get(asks).location(), led_to_proof(asks));
    }
    for path in ["/admin", "/admin/users", "/admin/users/alice", "/admin/users/alice/security", "/admin/audit"] {
        rosa.look(path);
    }
    let fields = [("display_name", "Alice"), ("role", "user"), ("state", "disabled")];
    let saved = rosa.submit("/admin/users/alice", "/admin/users/alice/general", &fields);
    assert_eq!(saved.location(), "/admin/users/alice?done=disabled", "to cut somebody off is never put off");
}

#[test]
fn a_link_that_has_ended_sets_no_password_even_from_a_page_that_was_open() {
    let (server, mut rosa) = scene();
    rosa.look("/admin/users/alice");
    let form = rosa.hidden("form").expect("an id");
    let link = link_on(&rosa.post("/admin/users/alice/link", &[("form", &form)]).text());
    let token = link.split_once('=').expect("a token").1;
    server.advance(MINUTE * (72 * 60 - 1));
    let mut visitor = Page::at(server.addr);
    assert!(visitor.look(&link).contains("<strong>alice<"), "a minute before its end");
    server.advance(MINUTE);
    let chosen = "cobalt teapot meadow";
    let late = visitor.post("/welcome", &[("token", token), ("password", chosen), ("again", chosen)]);
    assert_eq!(late.status, 404);
    assert!(late.text().contains("This link is good no more"), "{}", late.text());
    assert_eq!(visitor.get(&link).status, 404);
    assert_eq!(Page::at(server.addr).sign_in("alice", chosen).status, 422);
    Page::at(server.addr).let_in("alice");
}
