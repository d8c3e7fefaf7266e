//! Forms of our own pages only: without the token, with a wrong one, with another session's, or from another site, a
//! form changes nothing.

use latchkey::auth::{Actor, NewAccount};
use latchkey::secret::PlainSecret;

use super::client::{PASSWORD, Page, add};
use crate::browser::Clocked;
use crate::harness::TestServer;

/// Every form of a person's own pages, with fields that would do.
fn forms(selector: &str, session: &str) -> Vec<(String, Vec<(&'static str, String)>)> {
    let text = |text: &str| text.to_owned();
    let form = || ("form", "AAAAAAAAAAAAAAAAAAAAAA".to_owned());
    vec![
        ("/profile/app-passwords".into(), vec![("label", text("stolen")), form()]),
        (format!("/profile/app-passwords/{selector}/revoke"), vec![]),
        (format!("/profile/app-passwords/{selector}/replace"), vec![("overlap", text("0")), form()]),
        (
            "/profile/password".into(),
            vec![
                ("old", text(PASSWORD)),
                ("password", text("cobalt teapot meadow")),
                ("again", text("cobalt teapot meadow")),
            ],
        ),
        ("/profile/second-factor/totp".into(), vec![("code", text("000000"))]),
        ("/profile/second-factor/totp/remove".into(), vec![]),
        ("/profile/second-factor/recovery-codes".into(), vec![form()]),
        (format!("/profile/sessions/{session}/end"), vec![]),
        ("/profile/sessions/end-others".into(), vec![]),
        ("/profile/passkeys/1/remove".into(), vec![]),
        ("/reauthenticate".into(), vec![("password", text(PASSWORD))]),
        ("/logout".into(), vec![]),
    ]
}

#[test]
fn a_form_without_this_sessions_token_changes_nothing() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    add(&server, "mallory", &[]);
    let key = server.ok(&["app-password", "issue", "alice", "drive"]);
    let selector = key[3..8].to_owned();
    let mut other_browser = Page::signed_in(&server, "alice");
    let mut alice = Page::signed_in(&server, "alice");
    let mut mallory = Page::signed_in(&server, "mallory");
    let profile = alice.look("/profile");
    let session =
        profile.split("/profile/sessions/").nth(1).expect("another session").split('/').next().expect("an id");
    mallory.look("/profile");
    let (stolen, own) = (mallory.hidden("csrf").expect("a token"), alice.hidden("csrf").expect("a token"));
    let origin = alice.origin().to_owned();
    for (action, fields) in forms(&selector, session) {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let with = |token: &str| {
            [&[("csrf", token)], fields.as_slice()]
                .concat()
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect::<Vec<_>>()
        };
        let mut refused = |fields: &[(String, String)], origin: &str, what: &str| {
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let answer = alice.post_with(&action, &fields, origin);
            assert_eq!(answer.status, 403, "{action} {what}: {}", answer.text());
        };
        let none: Vec<(String, String)> = with("")[1..].to_vec();
        refused(&none, &origin, "without a token");
        refused(&with(""), &origin, "with an empty token");
        refused(&with("wrong"), &origin, "with a wrong token");
        refused(&with(&stolen), &origin, "with another session's token");
        refused(&with(&own), "https://evil.example", "from another site");
        refused(&with(&own), "null", "from nowhere");
    }
    // Nothing was changed.
    assert_eq!(other_browser.get("/profile").status, 200);
    assert_eq!(alice.get("/profile").status, 200);
    let rows: serde_json::Value =
        serde_json::from_str(&server.ok(&["--json", "app-password", "list", "alice"])).expect("JSON");
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
    assert_eq!(rows[0]["revoked_at"], serde_json::Value::Null);
    Page::signed_in(&server, "alice");
}

#[test]
fn a_sign_in_form_of_another_browser_signs_nobody_in() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let mut attacker = Page::of(&server);
    attacker.look("/login");
    let token = attacker.hidden("csrf").expect("a token");
    let mut victim = Page::of(&server);
    victim.look("/login");
    let origin = victim.origin().to_owned();
    let fields = [("csrf", token.as_str()), ("name", "alice"), ("password", PASSWORD)];
    assert_eq!(victim.post_with("/login", &fields, &origin).status, 403);
    assert!(!victim.cookies().contains("session"));
}

#[test]
fn what_a_visitor_sends_needs_the_visitors_token() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let mut page = Page::of(&server);
    page.look("/login");
    let origin = page.origin().to_owned();
    for action in ["/login", "/login/code", "/login/new-password", "/welcome", "/reauthenticate", "/logout"] {
        for token in [None, Some(""), Some("wrong")] {
            let mut fields: Vec<(&str, &str)> = vec![("name", "alice"), ("password", PASSWORD), ("again", PASSWORD)];
            fields.extend(token.map(|token| ("csrf", token)));
            let answer = page.post_with(action, &fields, &origin);
            // Without a session, the pages of those who have one lead to the sign-in and read no form.
            let led = answer.status == 303 && answer.header("location") == Some("/login");
            assert!(answer.status == 403 || led, "{action} with {token:?}: {}", answer.status);
        }
    }
    let talks = ["/login/passkey", "/login/code/passkey", "/reauthenticate/passkey", "/profile/passkeys"];
    let mut alice = Page::signed_in(&server, "alice");
    for talk in talks {
        for step in ["start", "finish"] {
            for token in [None, Some("wrong")] {
                let mut headers = vec![("Content-Type", "application/json"), ("Origin", origin.as_str())];
                headers.extend(token.map(|token| ("X-CSRF-Token", token)));
                let answer = alice.send("POST", &format!("{talk}/{step}"), &headers, "{\"credential\":{}}");
                assert_eq!(answer.status, 403, "{talk}/{step} with {token:?}");
            }
        }
    }
    assert!(!page.cookies().contains("session"));
}

#[test]
fn a_password_that_has_to_be_changed_is_changed_by_its_own_form_alone() {
    const PATH: &str = "/login/new-password";
    const CHOSEN: &str = "cobalt teapot meadow";
    let server = Clocked::start();
    let password = Some(PlainSecret::new(PASSWORD.to_owned()));
    let alice = NewAccount { password, must_change_password: true, ..NewAccount::named("alice") };
    server.auth().add_user(&alice, &Actor::cli()).expect("added");
    server.account("mallory");
    let begin = |name: &str| {
        let mut page = Page::at(server.addr);
        page.sign_in(name, PASSWORD);
        page.look(if name == "alice" { PATH } else { "/profile" });
        let token = page.hidden("csrf").expect("a token");
        (page, token)
    };
    let (mut page, own) = begin("alice");
    let (mut elsewhere, others) = begin("alice");
    let (_, strangers) = begin("mallory");
    let origin = page.origin().to_owned();
    let tries = [
        (None, origin.as_str()),
        (Some(""), &origin),
        (Some("wrong"), &origin),
        (Some(&others), &origin),
        (Some(&strangers), &origin),
        (Some(&own), "https://evil.example"),
        (Some(&own), "null"),
        (Some(&own), ""),
    ];
    for (token, origin) in tries {
        let token = token.map(|token| ("csrf", token));
        let fields: Vec<_> = token.into_iter().chain([("password", CHOSEN), ("again", CHOSEN)]).collect();
        assert_eq!(page.post_with(PATH, &fields, origin).status, 403, "{token:?} from {origin:?}");
    }
    assert!(server.auth().user("alice").expect("there").must_change_password);
    assert_eq!(elsewhere.get(PATH).status, 200, "no session was ended");
    assert_eq!(Page::at(server.addr).sign_in("alice", CHOSEN).status, 422);
    assert_eq!(Page::at(server.addr).sign_in("alice", PASSWORD).location(), "/login/next");
    let fields = [("password", CHOSEN), ("again", CHOSEN)];
    assert_eq!(page.submit(PATH, PATH, &fields).location(), "/login/next", "by its own form it is");
    assert_eq!(Page::at(server.addr).sign_in("alice", CHOSEN).location(), "/profile");
}

/// Sends a passkey talk's step as the pages' script does, and gives the status.
fn talk(page: &mut Page, path: &str, token: &str, origin: &str) -> u16 {
    let headers = [("Content-Type", "application/json"), ("Origin", origin), ("X-CSRF-Token", token)];
    page.send("POST", path, &headers, "{\"name\":\"x\",\"credential\":{}}").status
}

#[test]
fn a_passkey_talk_takes_its_own_sessions_token_alone() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    add(&server, "mallory", &[]);
    let token_on = |page: &mut Page, path: &str| {
        page.look(path);
        page.hidden("csrf").expect("a token")
    };
    let mut alice = Page::signed_in(&server, "alice");
    let own = token_on(&mut alice, "/profile");
    let mut visitor = Page::of(&server);
    let visitors = token_on(&mut visitor, "/login");
    let others = [
        token_on(&mut Page::signed_in(&server, "alice"), "/profile"),
        token_on(&mut Page::signed_in(&server, "mallory"), "/profile"),
        token_on(&mut Page::of(&server), "/login"),
    ];
    let origin = alice.origin().to_owned();
    for step in ["start", "finish"] {
        for path in ["/login/passkey", "/login/code/passkey", "/reauthenticate/passkey", "/profile/passkeys"] {
            let path = format!("{path}/{step}");
            for token in others.iter().chain([&visitors]) {
                assert_eq!(talk(&mut alice, &path, token, &origin), 403, "{path} in a session");
            }
            assert_eq!(talk(&mut alice, &path, &own, "https://evil.example"), 403, "{path} from elsewhere");
        }
        for path in ["/login/passkey", "/login/code/passkey"] {
            let path = format!("{path}/{step}");
            for token in others.iter().chain([&own]) {
                assert_eq!(talk(&mut visitor, &path, token, &origin), 403, "{path} by a visitor");
            }
            assert_eq!(talk(&mut visitor, &path, &visitors, "https://evil.example"), 403, "{path} from elsewhere");
        }
    }
    assert_eq!(talk(&mut alice, "/profile/passkeys/start", &own, &origin), 200, "with its own, a talk begins");
    assert_eq!(talk(&mut visitor, "/login/passkey/start", &visitors, &origin), 200);
}

#[test]
fn passkey_talks_bear_nonsense() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let mut page = Page::signed_in(&server, "alice");
    page.look("/profile");
    let csrf = page.hidden("csrf").expect("a token");
    let origin = page.origin().to_owned();
    for talk in ["/login/passkey", "/login/code/passkey", "/reauthenticate/passkey", "/profile/passkeys"] {
        for body in ["", "null", "[]", "{}", "{\"credential\":7}", "{\"credential\":{\"id\":\"\"}}", "\u{0}", "{"] {
            for step in ["start", "finish"] {
                let headers = [
                    ("Content-Type", "application/json"),
                    ("Origin", origin.as_str()),
                    ("X-CSRF-Token", csrf.as_str()),
                ];
                let answer = page.send("POST", &format!("{talk}/{step}"), &headers, body);
                assert!(answer.status < 500, "{talk}/{step} with {body:?}: {}", answer.status);
            }
        }
    }
    assert!(!server.log().contains("panicked"));
    assert_eq!(page.get("/profile").status, 200);
}
