//! A person's own pages, without JavaScript.

use super::client::{PASSWORD, Page, add, plain};
use crate::harness::{CHEAP, Person, TestServer, eventually};

/// Creates an application password and gives it with the page that shows it.
pub fn create(page: &mut Page, fields: &[(&str, &str)]) -> (String, String) {
    page.look("/profile/app-passwords/new");
    let form = page.hidden("form").expect("a form id");
    let answer = page.post("/profile/app-passwords", &[&[("form", form.as_str())], fields].concat());
    assert_eq!(answer.status, 200, "{}", answer.text());
    (shown(&answer.text()), answer.text())
}

/// The password on the page that shows it.
pub fn shown(html: &str) -> String {
    let (_, rest) = html.split_once("id=\"issued-password\">").expect("a password");
    rest.split_once('<').expect("its end").0.to_owned()
}

fn person(server: &TestServer, name: &str, key: &str) -> Person {
    let home = server.storage().join("files").join(name);
    Person { name: name.to_owned(), key: key.to_owned(), home, addr: server.addr }
}

#[test]
fn an_application_password_is_created_shown_once_and_works() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let mut page = Page::signed_in(&server, "alice");
    let (key, html) = create(&mut page, &[("label", "My WebDAV")]);
    assert_eq!(key.len(), 32);
    assert!(html.contains("Valid until") && html.contains("/dav/"), "{html}");
    let alice = person(&server, "alice", &key);
    assert_eq!(alice.client().with("User-Agent", "rclone/v1.60.1").put("/dav/a.txt", b"a").status, 201);
    let profile = page.look("/profile");
    assert!(profile.contains("My WebDAV") && !profile.contains(&key));
    eventually("the use is shown", || page.look("/profile").contains("rclone 1.60.1"));
    // Neither the whole of it nor its secret part is kept anywhere.
    server.assert_absent(&key);
    server.assert_absent(&key[9..14]);
    server.assert_absent(&key.replace('-', "")[7..26]);
}

#[test]
fn a_form_that_is_sent_again_issues_no_second_password() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let mut page = Page::signed_in(&server, "alice");
    page.look("/profile/app-passwords/new");
    let form = page.hidden("form").expect("a form id");
    let fields = [("form", form.as_str()), ("label", "once")];
    let csrf = page.hidden("csrf").expect("a token");
    let first = page.post("/profile/app-passwords", &fields);
    assert_eq!((first.status, first.header("cache-control")), (200, Some("no-store")));
    let origin = page.origin().to_owned();
    let again = page.post_with("/profile/app-passwords", &[&[("csrf", csrf.as_str())], &fields[..]].concat(), &origin);
    assert_eq!(again.status, 409);
    assert!(again.text().contains("created and shown already"), "{}", again.text());
    assert!(!again.text().contains(&shown(&first.text())));
    let rows: serde_json::Value =
        serde_json::from_str(&server.ok(&["--json", "app-password", "list", "alice"])).expect("JSON");
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
    // A form without an id is none of ours.
    assert_eq!(page.submit("/profile", "/profile/app-passwords", &[("label", "no id")]).status, 422);
}

#[test]
fn access_folders_networks_and_expiry_are_kept() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    std::fs::create_dir(server.storage().join("files/alice/Music")).expect("a folder");
    let mut page = Page::signed_in(&server, "alice");
    assert!(page.look("/profile/app-passwords/new").contains("value=\"/Music\""), "her own folders can be picked");
    let week = (7 * 86_400).to_string();
    let fields = [
        ("label", "limited"),
        ("access", "read-only"),
        ("folder", "/Music"),
        ("folders", "Notes/Deep\n/Other"),
        ("networks", "127.0.0.0/8, ::1"),
        ("expires", week.as_str()),
    ];
    let (key, _) = create(&mut page, &fields);
    let rows: serde_json::Value =
        serde_json::from_str(&server.ok(&["--json", "app-password", "list", "alice"])).expect("JSON");
    assert_eq!(rows[0]["scope"], "read-only");
    assert_eq!(rows[0]["folders"], serde_json::json!(["/Music", "/Notes/Deep", "/Other"]));
    assert_eq!(rows[0]["networks"], serde_json::json!(["127.0.0.0/8", "::1/128"]));
    let alice = person(&server, "alice", &key);
    assert_eq!(alice.client().get("/dav/Music/").status, 200);
    assert_eq!(alice.client().put("/dav/Music/a", b"a").status, 403);
}

#[test]
fn what_cannot_be_issued_is_said_beside_the_form_and_nothing_is_lost() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let mut page = Page::signed_in(&server, "alice");
    let long = "x".repeat(65);
    let cases: [&[(&str, &str)]; 10] = [
        &[("label", "")],
        &[("label", "  ")],
        &[("label", &long)],
        &[("label", "tab\there")],
        &[("label", "a"), ("expires", "never")],
        &[("label", "a"), ("expires", "99999999999")],
        &[("label", "a"), ("expires", "day"), ("day", "2020-01-01")],
        &[("label", "a"), ("networks", "not a network")],
        &[("label", "a"), ("folders", "/../etc")],
        &[("label", "a"), ("access", "everything")],
    ];
    for fields in cases {
        page.look("/profile/app-passwords/new");
        let form = page.hidden("form").expect("a form id");
        let answer = page.post("/profile/app-passwords", &[&[("form", form.as_str())], fields].concat());
        assert_eq!(answer.status, 422, "{fields:?}: {}", answer.text());
        assert!(answer.text().contains("role=\"alert\""), "{fields:?}");
        if let Some((_, networks)) = fields.iter().find(|(name, _)| *name == "networks") {
            assert!(answer.text().contains(networks), "what was filled in stays");
        }
    }
    assert_eq!(server.ok(&["--json", "app-password", "list", "alice"]), "[]");
}

#[test]
fn a_replaced_password_stays_good_as_long_as_was_chosen() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let mut page = Page::signed_in(&server, "alice");
    let (first, _) = create(&mut page, &[("label", "drive"), ("access", "read-only")]);
    let mut replace = |old: &str, hours: &str| {
        let path = format!("/profile/app-passwords/{}/replace", &old[3..8]);
        page.look(&path);
        let form = page.hidden("form").expect("a form id");
        let answer = page.post(&path, &[("form", &form), ("overlap", hours)]);
        assert_eq!(answer.status, 200, "{}", answer.text());
        shown(&answer.text())
    };
    let second = replace(&first, "24");
    let status = |key: &str| person(&server, "alice", key).client().get("/dav/").status;
    assert_eq!([status(&first), status(&second)], [200, 200]);
    let third = replace(&second, "0");
    assert_eq!([status(&second), status(&third)], [401, 200]);
    let rows: serde_json::Value =
        serde_json::from_str(&server.ok(&["--json", "app-password", "list", "alice"])).expect("JSON");
    assert_eq!(rows[2]["scope"], "read-only", "settings go along");
    assert_eq!(rows[2]["label"], "drive");
    let path = format!("/profile/app-passwords/{}/replace", &third[3..8]);
    page.look(&path);
    let form = page.hidden("form").expect("a form id");
    assert_eq!(page.post(&path, &[("form", &form), ("overlap", "73")]).status, 422);
    assert_eq!(status(&third), 200);
}

#[test]
fn a_revoked_password_is_refused_from_the_next_request_on() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let mut page = Page::signed_in(&server, "alice");
    let (key, _) = create(&mut page, &[("label", "lost phone")]);
    let alice = person(&server, "alice", &key);
    assert_eq!(alice.client().get("/dav/").status, 200);
    let revoke = format!("/profile/app-passwords/{}/revoke", &key[3..8]);
    assert_eq!(page.submit("/profile", &revoke, &[]).location(), "/profile?done=revoked#app-passwords");
    assert_eq!(alice.client().get("/dav/").status, 401);
    assert_eq!(page.submit("/profile", &revoke, &[]).status, 404, "it is gone");
}

#[test]
fn nobody_touches_what_is_somebody_elses() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    add(&server, "mallory", &[]);
    let alice = server.person("alice");
    let mut page = Page::signed_in(&server, "alice");
    page.look("/profile");
    let mut mallory = Page::signed_in(&server, "mallory");
    let selector = &alice.key[3..8];
    assert_eq!(mallory.submit("/profile", &format!("/profile/app-passwords/{selector}/revoke"), &[]).status, 404);
    assert_eq!(mallory.get(&format!("/profile/app-passwords/{selector}/replace")).status, 404);
    let replace = format!("/profile/app-passwords/{selector}/replace");
    let fields = [("form", "AAAAAAAAAAAAAAAAAAAAAA"), ("overlap", "0")];
    assert_eq!(mallory.submit("/profile", &replace, &fields).status, 404);
    for session in 1..4 {
        let end = format!("/profile/sessions/{session}/end");
        let status = mallory.submit("/profile", &end, &[]).status;
        assert!(matches!(status, 404 | 303), "{status}");
        if status == 303 {
            // Her own: she signs in again.
            mallory = Page::signed_in(&server, "mallory");
        }
    }
    assert_eq!(page.get("/profile").status, 200);
    assert_eq!(alice.client().get("/dav/").status, 200);
}

#[test]
fn scripts_are_shown_as_text_wherever_they_come_from() {
    let server = TestServer::start();
    let script = "<script>alert(1)</script>\"'><img src=x>";
    add(&server, "alice", &["--display-name", script]);
    let mut page = Page::signed_in(&server, "alice").with_agent(script);
    let (key, html) = create(&mut page, &[("label", script)]);
    assert!(!html.contains("<script>alert"), "{html}");
    let alice = person(&server, "alice", &key);
    assert_eq!(alice.client().with("User-Agent", script).get("/dav/").status, 200);
    let mut again = Page::of(&server).with_agent(script).let_in("alice");
    eventually("the use is shown", || !again.look("/profile").contains(">never<"));
    std::fs::create_dir(server.storage().join("files/alice/<img src=x>")).expect("a folder");
    for path in ["/profile", "/connect", "/profile/app-passwords/new"] {
        let html = again.look(path);
        assert!(!html.contains("<script>alert") && !html.contains("<img src=x"), "{path}");
    }
    assert!(plain(&again.look("/profile")).contains(script));
    let reflected = again.get("/login?next=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E");
    assert!(!reflected.text().contains("<script>alert"));
}

#[test]
fn a_password_is_changed_with_the_old_one_and_ends_other_sessions() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let drive = server.person("alice");
    let mut other = Page::signed_in(&server, "alice");
    let mut page = Page::signed_in(&server, "alice");
    let before = page.cookie("session");
    let change = |page: &mut Page, old: &str, new: &str, again: &str| {
        page.submit("/profile", "/profile/password", &[("old", old), ("password", new), ("again", again)])
    };
    let new = "cobalt teapot meadow";
    for (old, new, again, told) in [
        ("wrong", new, new, "The old password is not right."),
        (PASSWORD, new, "another", "are not the same"),
        (PASSWORD, "short", "short", "at least 10 characters"),
        (PASSWORD, "password1234", "password1234", "too easy to guess"),
        (PASSWORD, PASSWORD, PASSWORD, "is the one you have now"),
    ] {
        let refused = change(&mut page, old, new, again);
        assert_eq!(refused.status, 422, "{told}");
        assert!(plain(&refused.text()).contains(told), "{told}: {}", refused.text());
    }
    assert_eq!(other.get("/profile").status, 200, "so far nothing was changed");
    assert_eq!(change(&mut page, PASSWORD, new, new).location(), "/profile?done=password");
    assert_ne!(page.cookie("session"), before, "a step up gives another token");
    assert_eq!(page.get("/profile").status, 200);
    assert_eq!(other.get("/profile").status, 303, "the other session is ended");
    assert_eq!(Page::of(&server).sign_in("alice", PASSWORD).status, 422);
    assert_eq!(Page::of(&server).sign_in("alice", new).status, 303);
    assert_eq!(drive.client().get("/dav/").status, 200, "drives go on");
    server.assert_absent(new);
}

#[test]
fn the_first_administrator_chooses_a_password_before_anything_else() {
    let server = TestServer::start();
    let log = server.log();
    let line = log.lines().find(|line| line.trim_start().starts_with("password ")).expect("a line");
    let first = line.split_whitespace().nth(1).expect("the password").to_owned();
    let mut page = Page::of(&server);
    assert_eq!(page.sign_in("admin", &first).location(), "/login/next");
    for path in ["/profile", "/connect", "/profile/app-passwords/new"] {
        assert_eq!(page.get(path).location(), "/login/next", "{path}");
    }
    assert_eq!(page.get("/login/next").location(), "/login/new-password");
    let restricted = page.cookie("session");
    let same = [("password", first.as_str()), ("again", first.as_str())];
    assert_eq!(page.submit("/login/new-password", "/login/new-password", &same).status, 422);
    let new = [("password", PASSWORD), ("again", PASSWORD)];
    assert_eq!(page.submit("/login/new-password", "/login/new-password", &new).location(), "/login/next");
    assert_eq!(page.get("/login/next").location(), "/profile");
    assert_ne!(page.cookie("session"), restricted);
    assert_eq!(page.get("/profile").status, 200);
    // The token of the restricted session opens nothing any more.
    let mut thief = Page::of(&server);
    thief.plant("__Host-latchkey-session", &restricted);
    assert_eq!(thief.get("/profile").status, 303);
}

#[test]
fn a_required_second_factor_is_asked_for_at_the_next_sign_in() {
    let server = TestServer::with_config(&format!("{CHEAP}second_factor_for = \"everybody\"\n"));
    add(&server, "alice", &[]);
    let mut page = Page::of(&server);
    assert_eq!(page.sign_in("alice", PASSWORD).location(), "/login/next");
    assert_eq!(page.get("/login/next").location(), "/profile/second-factor");
    assert_eq!(page.get("/profile").location(), "/login/next");
    let html = page.look("/profile/second-factor/totp");
    let secret = html.split("id=\"totp-secret\">").nth(1).expect("a secret").split('<').next().expect("its end");
    let code = crate::browser::totp(&secret.replace(' ', ""), now());
    let bound = page.post("/profile/second-factor/totp", &[("code", &code)]);
    assert_eq!(bound.status, 200, "{}", bound.text());
    assert_eq!(bound.text().matches("<li><code>").count(), 10, "with recovery codes, shown once");
    assert_eq!(page.get("/login/next").location(), "/profile");
    assert_eq!(page.get("/profile").status, 200);
    server.assert_absent(&secret.replace(' ', ""));
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs()
}
