//! Web applications of other origins (CORS): the question without credentials, and what a script may read.

use crate::harness::{CHEAP, TestServer};
use crate::http::Answer;

const NOTES: &str = "https://notes.example.org";

fn server(origins: &str) -> TestServer {
    TestServer::with_config(&format!("{CHEAP}[web]\ncors_origins = {origins}\n"))
}

fn preflight(server: &TestServer, path: &str, origin: &str, headers: &str) -> Answer {
    let asked = [
        ("Origin", origin),
        ("Access-Control-Request-Method", "PROPFIND"),
        ("Access-Control-Request-Headers", headers),
    ];
    server.stranger().send("OPTIONS", path, &asked, b"")
}

fn told(answer: &Answer) -> Vec<&str> {
    let names = answer.headers.iter().map(|(name, _)| name.as_str());
    names.filter(|name| name.starts_with("access-control-")).collect()
}

#[test]
fn a_configured_origin_is_answered_before_it_has_credentials() {
    let server = server("[\"https://notes.example.org\", \"null\"]");
    for path in ["/dav", "/dav/", "/dav/absent/a%20b", "/dav/%2e%2e/x", "/"] {
        let answer = preflight(&server, path, NOTES, "authorization,depth,x-anything");
        assert_eq!(answer.status, 204, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(NOTES));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(answer.header("access-control-allow-headers"), Some("authorization,depth,x-anything"));
        assert_eq!(answer.header("access-control-max-age"), Some("86400"));
        let methods: Vec<&str> = answer.header("access-control-allow-methods").expect("methods").split(", ").collect();
        for method in ["GET", "PUT", "DELETE", "MKCOL", "COPY", "MOVE", "PROPFIND", "PROPPATCH", "LOCK", "UNLOCK"] {
            assert!(methods.contains(&method), "{method}");
        }
        let vary: Vec<&str> =
            answer.headers.iter().filter(|(name, _)| name == "vary").map(|(_, value)| value.as_str()).collect();
        assert!(vary.contains(&"Origin"), "{vary:?}");
        assert_eq!(answer.header("www-authenticate"), None);
    }
    // What is no list of header names is not echoed; `*` would leave Authorization out.
    let allowed = preflight(&server, "/dav/", NOTES, "a b").header("access-control-allow-headers").map(str::to_owned);
    assert!(allowed.expect("headers").contains("Authorization"));
}

#[test]
fn everybody_else_meets_the_gate() {
    for server in [server("[]"), server("[\"https://notes.example.org\"]")] {
        for origin in ["https://evil.example", "https://notes.example.org.evil.example", "null", "*", "\u{ff}"] {
            let answer = preflight(&server, "/dav/", origin, "authorization");
            assert_eq!((answer.status, told(&answer)), (401, vec![]), "{origin}");
            assert_eq!(told(&preflight(&server, "/", origin, "authorization")), Vec::<&str>::new(), "{origin}");
        }
        // OPTIONS is no preflight without both of its headers (R14).
        let half = [vec![("Origin", NOTES)], vec![("Access-Control-Request-Method", "PUT")]];
        for headers in half {
            assert_eq!(server.stranger().send("OPTIONS", "/dav/", &headers, b"").status, 401, "{headers:?}");
        }
    }
}

#[test]
fn answers_and_refusals_can_be_read_by_the_script() {
    let server = server("[\"https://notes.example.org\"]");
    let alice = server.person("alice");
    let client = alice.client().with("Origin", "https://notes.example.org");
    let answers = [
        (client.put("/dav/a", b"x"), 201),
        (client.get("/dav/a"), 200),
        (client.get("/dav/absent"), 404),
        (client.send("PROPFIND", "/", &[("Depth", "0")], b""), 207),
        (client.send("PUT", "/dav/a", &[("If-Match", "\"old\"")], b"y"), 412),
        (client.send("OPTIONS", "/dav/a", &[], b""), 200),
        (server.stranger().with("Origin", NOTES).get("/dav/a"), 401),
        (server.stranger().with("Origin", NOTES).send("PROPFIND", "/", &[], b""), 401),
    ];
    for (answer, status) in answers {
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), Some(NOTES), "{status}");
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"), "{status}");
        let exposed = answer.header("access-control-expose-headers").expect("a list");
        for name in ["ETag", "DAV", "Lock-Token", "Content-Range", "Last-Modified", "OC-Checksum", "WWW-Authenticate"] {
            assert!(exposed.split(", ").any(|known| known == name), "{name}");
        }
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
    let other = alice.client().with("Origin", "https://evil.example").get("/dav/a");
    assert_eq!((other.status, told(&other)), (200, vec![]), "a browser keeps the answer from that script");
    assert_eq!(other.header("vary"), Some("Origin"));
}

/// An application opened from a file has the origin `null`, as has every sandboxed frame: it may do what its own
/// password opens, and a browser's kept credentials are not for it (owncloud/core #31622 answered 500).
#[test]
fn null_and_everybody_bring_their_own_password() {
    let null = server("[\"null\"]");
    let answer = preflight(&null, "/dav/x", "null", "authorization");
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, Some("null")));
    let alice = null.person("alice");
    let answer = alice.client().with("Origin", "null").put("/dav/x", b"x");
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (201, Some("null")));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let all = server("[\"*\"]");
    for origin in ["null", "https://anything.example"] {
        let answer = preflight(&all, "/dav/x", origin, "authorization");
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, Some("*")), "{origin}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{origin}");
        assert_eq!(all.stranger().with("Origin", origin).get("/dav/x").status, 401, "{origin}");
    }
    let none = TestServer::start();
    assert_eq!(none.stranger().with("Origin", "null").get("/dav/").status, 401);
}

#[test]
fn pages_and_interfaces_say_nothing_of_it() {
    let server = server("[\"*\", \"https://notes.example.org\"]");
    for path in ["/", "/login", "/profile", "/healthz", "/api/v1/users", "/api/openapi.json", "/davx"] {
        for method in ["GET", "OPTIONS", "POST"] {
            if (path, method) == ("/", "OPTIONS") || (path, method) == ("/", "POST") {
                continue;
            }
            let asked = [("Origin", NOTES), ("Access-Control-Request-Method", "GET")];
            let answer = server.stranger().send(method, path, &asked, b"");
            assert_eq!(told(&answer), Vec::<&str>::new(), "{method} {path}");
        }
    }
}
