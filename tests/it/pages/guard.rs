//! What holds for every page: the host, the origin, the headers, the weight.

use super::client::{Page, add};
use crate::harness::{CHEAP, TestServer};

#[test]
fn a_browser_is_told_to_keep_and_run_nothing() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let mut page = Page::of(&server);
    for path in ["/login", "/nothing-here", "/profile", "/welcome?token=x"] {
        let path = if path == "/nothing-here" { "/profile/nothing-here" } else { path };
        let answer = page.get(path);
        let header = |name: &str| answer.header(name).unwrap_or_default().to_owned();
        assert_eq!(header("cache-control"), "no-store", "{path}");
        let policy = header("content-security-policy");
        let script = format!("script-src {}/assets/;", page.origin());
        for part in ["default-src 'none'", script.as_str(), "frame-ancestors 'none'", "form-action 'self'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
    }
}

#[test]
fn pages_are_light_and_their_parts_are_kept_by_content() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let mut page = Page::signed_in(&server, "alice");
    let html = page.look("/profile");
    let mut weight = html.len();
    let mut parts = 0;
    for (at, _) in html.match_indices("/assets/") {
        let path = html[at..].split('"').next().expect("an address");
        let asset = page.get(path);
        assert_eq!(asset.status, 200, "{path}");
        assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"), "{path}");
        weight += asset.body.len();
        parts += 1;
    }
    assert!(parts >= 3, "style, script and icon");
    assert!(weight < 100 * 1024, "{weight} bytes");
    assert_eq!(page.get("/assets/style-0000000000000000.css").status, 404);
    assert_eq!(page.get("/assets/..%2fmod.rs").status, 404);
}

#[test]
fn without_a_public_address_pages_are_served_on_loopback_alone() {
    let server = TestServer::start();
    for host in ["localhost", "127.0.0.1:4918", "[::1]:80"] {
        assert_eq!(server.stranger().with_host(host).get("/login").status, 200, "{host}");
    }
    for host in ["dav.example.org", "localhost.evil.example", "192.0.2.7"] {
        let answer = server.stranger().with_host(host).get("/login");
        assert_eq!(answer.status, 421, "{host}");
        assert!(answer.text().contains("public_urls"), "it says what to set");
        assert!(!answer.text().contains(host), "and repeats nothing");
    }
    // The drive works under any address.
    let alice = server.person("alice");
    assert_eq!(alice.client().with_host("dav.example.org").put("/dav/a", b"a").status, 201);
}

#[test]
fn with_a_public_address_all_links_and_checks_follow_it() {
    let config = format!("[server]\npublic_urls = [\"https://dav.example.org/cloud\"]\n{CHEAP}");
    let server = TestServer::with_config(&config);
    let page = server.stranger().with_host("dav.example.org").get("/login");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("action=\"/cloud/login\""), "{}", page.text());
    assert!(page.text().contains("href=\"/cloud/assets/style-"));
    let to_login = server.stranger().with_host("dav.example.org").get("/profile");
    assert_eq!(to_login.location(), "/cloud/login?next=%2Fprofile");
    let elsewhere = server.stranger().with_host("localhost").get("/login");
    assert_eq!(elsewhere.status, 421);
    assert!(elsewhere.text().contains("https://dav.example.org/cloud/login"));
}

#[test]
fn who_is_not_signed_in_is_led_to_the_sign_in_and_back() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let mut page = Page::of(&server);
    let led = page.get("/profile/app-passwords/new?x=1");
    assert_eq!(led.location(), "/login?next=%2Fprofile%2Fapp%2Dpasswords%2Fnew%3Fx%3D1");
    page.get("/login?next=%2Fconnect");
    assert_eq!(page.hidden("next").as_deref(), Some("/connect"));
    let fields = [("name", "alice"), ("password", super::client::PASSWORD), ("next", "/connect")];
    assert_eq!(page.post("/login", &fields).location(), "/connect");
    // A way back leads to our own pages, whatever an address asks for.
    let mut other = Page::of(&server);
    for evil in ["https://evil.example/", "//evil.example", "/\\evil.example"] {
        let fields = [("name", "alice"), ("password", super::client::PASSWORD), ("next", evil)];
        other = Page::of(&server);
        assert_eq!(other.submit("/login", "/login", &fields).location(), "/profile", "{evil}");
    }
    assert_eq!(other.get("/").location(), "/profile");
}

#[test]
fn methods_and_bodies_that_no_page_sends_change_nothing() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let mut page = Page::signed_in(&server, "alice");
    let origin = page.origin().to_owned();
    assert_eq!(page.get("/logout").status, 405);
    page.look("/profile");
    let csrf = page.hidden("csrf").expect("a token");
    let long = "x".repeat(100_000);
    let forms = [
        format!("csrf={csrf}&label={long}"),
        format!("csrf={csrf}&label=%FF%FE"),
        format!("label=x&csrf={csrf}&csrf={csrf}"),
        "\u{0}\u{1}%%%".to_owned(),
        String::new(),
    ];
    for form in forms {
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", origin.as_str())];
        let answer = page.send("POST", "/profile/app-passwords", &headers, &form);
        assert!((400..500).contains(&answer.status), "{}: {}", answer.status, answer.text());
    }
    assert_eq!(server.ok(&["--json", "app-password", "list", "alice"]), "[]");
    assert!(!server.log().contains("panicked"));
}
