//! Windows' redirector: how it is let in, and when its connections end (R14).

use crate::harness::{CHEAP, TestServer};

const AGENT: (&str, &str) = ("User-Agent", "Microsoft-WebDAV-MiniRedir/10.0.19045");

#[test]
fn options_is_challenged_for_windows_alone() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for path in ["/", "/dav", "/dav/", "/dav/a"] {
        for agent in [AGENT.1, "DavClnt"] {
            let answer = server.stranger().send("OPTIONS", path, &[("User-Agent", agent), ("Translate", "f")], b"");
            assert_eq!(answer.status, 401, "{agent} {path}");
            assert!(answer.header("www-authenticate").expect("a challenge").starts_with("Basic "));
        }
        let answer = alice.client().send("OPTIONS", path, &[AGENT], b"");
        assert!(answer.status == 200 || path == "/dav/a", "{path} {}", answer.status);
    }
    let answer = alice.client().send("OPTIONS", "/", &[AGENT], b"");
    assert_eq!(
        (answer.header("dav"), answer.header("ms-author-via")),
        (Some("1, 2, 3, extended-mkcol, sabredav-partialupdate"), Some("DAV"))
    );
    assert_eq!(server.stranger().send("OPTIONS", "/", &[], b"").status, 200, "others are told at once");
    let wrong = server.stranger().with_basic("alice", "lk-wrong");
    assert_eq!(wrong.send("OPTIONS", "/", &[AGENT], b"").status, 401);
}

#[test]
fn each_answer_to_windows_ends_its_connection() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for (client, method, path, status) in [
        (server.stranger(), "OPTIONS", "/", 401),
        (server.stranger(), "PROPFIND", "/dav/", 401),
        (alice.client(), "PROPFIND", "/", 207),
        (alice.client(), "PUT", "/dav/a", 201),
        (alice.client(), "GET", "/dav/a", 200),
        (alice.client(), "PROPFIND", "/dav/absent", 404),
        (alice.client(), "PROPFIND", "/elsewhere", 404),
    ] {
        let mut connection = client.connect();
        connection.write(&client.head(method, path, &[AGENT, ("Depth", "0"), ("Connection", "Keep-Alive")], Some(0)));
        let answer = connection.answer(method);
        assert_eq!((answer.status, answer.header("connection")), (status, Some("close")), "{method} {path}");
        assert!(connection.is_closed(), "{method} {path}");
    }
    let client = alice.client();
    let mut connection = client.connect();
    for _ in 0..2 {
        connection.write(&client.head("GET", "/dav/a", &[], Some(0)));
        assert_eq!(connection.answer("GET").header("connection"), None, "others keep theirs");
    }
}

/// A preflight never has that agent, but if it had, it would be answered: browsers send no credentials with it (R15).
#[test]
fn a_preflight_goes_before_the_challenge() {
    let server = TestServer::with_config(&format!("{CHEAP}[web]\ncors_origins = [\"null\"]\n"));
    let asked = [AGENT, ("Origin", "null"), ("Access-Control-Request-Method", "PUT")];
    assert_eq!(server.stranger().send("OPTIONS", "/", &asked, b"").status, 204);
}
