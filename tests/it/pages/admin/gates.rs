//! Nobody but an administrator gets in, and nothing but a form of theirs changes anything.

use super::super::client::{PASSWORD, Page, add};
use super::scene;

/// Every page of administration.
const PAGES: [&str; 11] = [
    "/admin",
    "/admin/users",
    "/admin/users/new",
    "/admin/users/alice",
    "/admin/users/alice/general",
    "/admin/users/alice/delete",
    "/admin/users/alice/security",
    "/admin/configuration",
    "/admin/audit",
    "/admin/audit.csv",
    "/admin/audit.json",
];

/// Every form of administration, with values that would do something.
fn forms<'a>(selector: &'a str, session: &'a str) -> Vec<(&'static str, Vec<(&'static str, &'a str)>)> {
    let form = ("form", "AAAAAAAAAAAAAAAAAAAAAA");
    vec![
        ("/admin/users/new", vec![("name", "mallory"), ("role", "administrator"), form]),
        (
            "/admin/users/alice/general",
            vec![("display_name", "Changed"), ("role", "administrator"), ("state", "disabled")],
        ),
        ("/admin/users/alice/link", vec![form]),
        ("/admin/users/alice/delete", vec![("confirm", "alice"), ("files", "trash")]),
        ("/admin/users/alice/second-factor/reset", vec![]),
        ("/admin/users/alice/app-passwords/revoke", vec![("selector", selector)]),
        ("/admin/users/alice/app-passwords/revoke-all", vec![]),
        ("/admin/users/alice/sessions/end", vec![("id", session)]),
        ("/admin/users/alice/sessions/end-all", vec![]),
        ("/admin/configuration", vec![("second_factor_for", "everybody"), ("app_credentials_ttl", "1d")]),
        ("/admin/configuration", vec![("clear", "app_credentials_ttl")]),
    ]
}

#[test]
fn only_administrators_see_the_pages() {
    let (server, mut rosa) = scene();
    add(&server, "alice", &[]);
    let mut alice = Page::signed_in(&server, "alice");
    for path in PAGES {
        let mut nobody = Page::of(&server);
        let back: String = percent_encoding::utf8_percent_encode(path, percent_encoding::NON_ALPHANUMERIC).collect();
        assert_eq!(nobody.get(path).location(), format!("/login?next={back}"));
        assert_eq!(alice.get(path).status, 403, "{path}");
        let answer = rosa.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    assert!(!alice.get("/profile").text().contains("/admin"), "it is not even offered");
    for path in ["/admin/users/nobody", "/admin/users/nobody/security", "/admin/users/nobody/delete", "/admin/nothing"]
    {
        assert_eq!(rosa.get(path).status, 404, "{path}");
    }
    // Who is an administrator no more is none from the next request on.
    server.ok(&["user", "add", "other", "--admin"]);
    let api = server.ok(&["api-token", "issue", "test", "--scope", "users"]);
    let client = server.stranger().with("Authorization", &format!("Bearer {api}"));
    let json = [("Content-Type", "application/json")];
    assert_eq!(client.send("PATCH", "/api/v1/users/rosa", &json, b"{\"admin\": false}").status, 200);
    assert_eq!(rosa.get("/admin").status, 403);
}

#[test]
fn only_administrators_own_forms_change_anything() {
    let (server, mut rosa) = scene();
    add(&server, "alice", &["--display-name", "Alice"]);
    let key = server.ok(&["app-password", "issue", "alice", "Notes"]);
    let mut alice = Page::signed_in(&server, "alice");
    let mut other = Page::signed_in(&server, "rosa");
    other.look("/admin");
    let elsewhere = other.hidden("csrf").expect("a token");
    let page = rosa.look("/admin/users/alice/security");
    let session = super::between(&page, "name=\"id\" value=\"", "\"").to_owned();
    let own = rosa.hidden("csrf").expect("a token");
    let origin = rosa.origin().to_owned();
    for (action, fields) in forms(&key[3..8], &session) {
        let send = |page: &mut Page, csrf: Option<&str>, origin: &str| {
            let token = csrf.map(|csrf| ("csrf", csrf));
            page.post_with(action, &token.into_iter().chain(fields.iter().copied()).collect::<Vec<_>>(), origin)
        };
        let token = alice.hidden("csrf").unwrap_or_else(|| {
            alice.look("/profile");
            alice.hidden("csrf").expect("a token")
        });
        assert_eq!(send(&mut alice, Some(&token), &origin).status, 403, "{action} by somebody else");
        let mut nobody = Page::of(&server);
        nobody.look("/login");
        let token = nobody.hidden("csrf").expect("a token");
        assert_eq!(send(&mut nobody, Some(&token), &origin).location(), "/login", "{action} by nobody");
        for bad in [None, Some(""), Some("wrong"), Some(elsewhere.as_str())] {
            assert_eq!(send(&mut rosa, bad, &origin).status, 403, "{action} with the token {bad:?}");
        }
        for bad in ["https://evil.example", "null", ""] {
            assert_eq!(send(&mut rosa, Some(&own), bad).status, 403, "{action} from {bad:?}");
        }
    }
    let shown: serde_json::Value =
        serde_json::from_str(&server.ok(&["user", "show", "alice", "--json"])).expect("JSON");
    assert_eq!((shown["display_name"].as_str(), shown["admin"].as_bool()), (Some("Alice"), Some(false)));
    assert_eq!(shown["enabled"].as_bool(), Some(true));
    assert!(!server.run(&["user", "show", "mallory"]).status.success());
    assert_eq!(server.stranger().with_basic("alice", &key).get("/dav/").status, 200);
    assert_eq!(alice.get("/profile").status, 200, "the session goes on");
    let settings = rosa.look("/admin/configuration");
    assert!(!settings.contains("Set here"), "no setting was changed");
    assert_eq!(Page::of(&server).sign_in("alice", PASSWORD).location(), "/profile", "the password is the same");
}

#[test]
fn nobody_types_another_persons_password() {
    const CHOSEN: &str = "cobalt teapot meadow";
    let (server, mut rosa) = scene();
    add(&server, "alice", &[]);
    for path in PAGES {
        let page = rosa.look(path);
        let fields = ["type=\"password\"", "name=\"password\"", "name=\"again\"", "new-password"];
        assert!(fields.iter().all(|field| !page.contains(field)), "{path} has a field for a password: {page}");
    }
    let passwords = [("password", CHOSEN), ("again", CHOSEN), ("new_password", CHOSEN), ("must_change_password", "1")];
    let send = |rosa: &mut Page, page: &str, action: &str, fields: &[(&str, &str)]| {
        rosa.look(page);
        let form = rosa.hidden("form").unwrap_or_default();
        rosa.post(action, &[&[("form", form.as_str())], fields, &passwords].concat()).status
    };
    assert_eq!(send(&mut rosa, "/admin/users/new", "/admin/users/new", &[("name", "bob")]), 200);
    let (alice, general) = ("/admin/users/alice", "/admin/users/alice/general");
    assert_eq!(send(&mut rosa, alice, general, &[("display_name", "Alice")]), 303);
    assert_eq!(send(&mut rosa, alice, "/admin/users/alice/link", &[]), 200);
    assert_eq!(send(&mut rosa, alice, "/admin/users/alice/password", &[]), 404);
    for name in ["alice", "bob"] {
        assert_eq!(Page::of(&server).sign_in(name, CHOSEN).status, 422, "{name}");
    }
    assert_eq!(Page::of(&server).sign_in("alice", PASSWORD).location(), "/profile", "hers is as it was");
    server.assert_absent(CHOSEN);
}
