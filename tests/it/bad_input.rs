//! Each door with the empty, the huge, the malformed and the hostile: 4xx with one sentence, nothing changed (S14).

use crate::harness::TestServer;
use crate::http::{Client, Connection};

const NASTY: [&str; 26] = [
    "",
    " ",
    ",",
    ";",
    "0",
    "-1",
    "1",
    "99999999999999999999999999",
    "infinity",
    "T",
    "<>",
    "()",
    "\"",
    "*",
    "bytes=",
    "bytes=-",
    "a b",
    "\u{fc}\u{20ac}",
    "%00",
    "../../etc/passwd",
    "http://",
    "http://[::1",
    "Second-",
    "(<a:b>",
    "<urn:uuid:1>",
    "\t\u{7f}",
];

#[test]
fn malformed_headers_never_break_or_change_anything() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"old");
    alice.client().send("MKCOL", "/dav/d", &[], b"");
    let long = "x".repeat(20_000);
    let headers = [
        "Depth",
        "Destination",
        "Overwrite",
        "If",
        "Timeout",
        "Range",
        "Content-Range",
        "Lock-Token",
        "If-Match",
        "If-None-Match",
        "If-Modified-Since",
        "If-Unmodified-Since",
        "If-Range",
        "X-OC-Mtime",
        "X-Expected-Entity-Length",
        "Content-Type",
        "Expect",
    ];
    for header in headers {
        for value in NASTY.iter().copied().chain([long.as_str()]) {
            for method in ["GET", "PROPFIND", "PROPPATCH", "LOCK", "UNLOCK", "COPY", "MOVE", "MKCOL"] {
                let answer = alice.client().send(method, "/dav/d", &[(header, value)], b"");
                assert!(answer.status < 500 || answer.status == 502, "{method} {header}: {value}: {}", answer.status);
            }
        }
    }
    for value in NASTY {
        let answer = alice.client().send("PUT", "/dav/g", &[("Content-Range", value)], b"x");
        assert_eq!(answer.status, 400, "{value}");
    }
    assert_eq!((alice.names(), alice.bytes("f")), (vec!["d".to_owned(), "f".to_owned()], b"old".to_vec()));
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn a_malformed_header_is_told_in_one_sentence() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"old");
    for (method, header, value, status) in [
        ("PROPFIND", "Depth", "2", 400),
        ("COPY", "Destination", "nonsense", 400),
        ("COPY", "Destination", "", 400),
        ("MOVE", "Overwrite", "yes", 400),
        ("LOCK", "Timeout", "soon", 400),
        ("GET", "Range", "bytes=5-2", 400),
        ("UNLOCK", "Lock-Token", "none", 400),
        ("PUT", "X-OC-Mtime", "soon", 400),
        ("PUT", "If", "nonsense", 412),
        ("DELETE", "If-Match", "nonsense", 412),
    ] {
        let headers: Vec<(&str, &str)> = if header == "Destination" { vec![] } else { vec![("Destination", "/dav/g")] };
        let answer = alice.client().send(method, "/dav/f", &[headers, vec![(header, value)]].concat(), b"");
        assert_eq!(answer.status, status, "{method} {header}: {value}");
        assert_eq!(answer.text().trim_end().lines().count(), 1, "{}", answer.text());
    }
    assert_eq!(alice.bytes("f"), b"old");
}

/// S15: no document type, and bounds on bytes, depth and elements.
#[test]
fn hostile_xml_is_refused() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"x");
    let bomb = "<!DOCTYPE p [<!ENTITY a \"aaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><propfind xmlns='DAV:'><prop>&b;</prop></propfind>";
    let external =
        "<!DOCTYPE p [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><propfind xmlns='DAV:'><prop>&e;</prop></propfind>";
    let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
    let wide = format!("<propfind xmlns='DAV:'><prop>{}</prop></propfind>", "<a/>".repeat(5000));
    for method in ["PROPFIND", "PROPPATCH", "LOCK"] {
        for (body, status) in [
            (bomb, 400),
            (external, 400),
            ("<!DOCTYPE a><a/>", 400),
            (&deep, 400),
            (&wide, 400),
            ("<a", 400),
            ("\u{0}", 400),
            ("<a>\u{b}</a>", 400),
            ("<D:propfind/>", 400),
            ("<propfind xmlns='urn:other'/>", 400),
            ("<?xml version='1.0' encoding='utf-7'?>", 400),
        ] {
            let answer = alice.client().send(method, "/dav/f", &[("Depth", "0")], body.as_bytes());
            assert_eq!(answer.status, status, "{method} {body}");
            assert!(!answer.text().contains("root:"));
        }
        let huge = vec![b' '; 1024 * 1024];
        assert_eq!(alice.client().send(method, "/dav/f", &[("Depth", "0")], &huge).status, 413, "{method}");
    }
}

#[test]
fn methods_that_take_no_body_say_so() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"x");
    for method in ["MKCOL", "DELETE", "GET", "UNLOCK"] {
        let answer = alice.client().send(method, "/dav/f", &[("Lock-Token", "<a:b>")], b"body");
        assert_eq!(answer.status, 415, "{method}");
    }
    for method in ["COPY", "MOVE", "OPTIONS"] {
        let answer = alice.client().send(method, "/dav/f", &[("Destination", "/dav/g")], b"body");
        assert_eq!(answer.status, 415, "{method}");
    }
    assert_eq!(alice.names(), ["f"]);
    assert_eq!(alice.client().send("BREW", "/dav/f", &[], b"").status, 501);
    assert_eq!(alice.client().send("POST", "/dav/f", &[], b"").status, 405);
}

/// What is no HTTP at all ends the connection, and disturbs nobody.
#[test]
fn broken_http_is_answered_or_cut() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let huge = format!("GET /dav/{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(200_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(1000));
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(1_000_000));
    for bytes in [
        b"\x00\x01\x02\r\n\r\n".as_slice(),
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"PUT /dav/x HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"PUT /dav/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"PUT /dav/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        huge.as_bytes(),
        many.as_bytes(),
        long.as_bytes(),
    ] {
        let mut connection = Connection::open(server.addr);
        connection.try_write(bytes);
        let _ = connection.stream.shutdown(std::net::Shutdown::Write);
        if let Some(answer) = connection.try_answer("GET") {
            assert!((400..506).contains(&answer.status), "{}", answer.status);
        }
    }
    assert_eq!(Client::new(server.addr).get("/healthz").status, 200);
    assert_eq!(alice.names(), [""; 0]);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

/// S16: nothing in a line of the log can pass for another.
#[test]
fn the_log_cannot_be_forged() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().get("/dav/%0aFORGED%20line%1b%5b31m");
    server.wait_for_log("/dav/%0aFORGED");
    let log = server.log();
    assert!(!log.contains('\u{1b}'), "no control characters");
    assert!(log.lines().all(|line| !line.starts_with("FORGED")));
    let line = log.lines().find(|line| line.contains("FORGED")).expect("a line");
    for part in
        ["client=127.0.0.1", "user=\"alice\"", "method=GET", "status=404", "duration_ms=", "bytes=", &alice.key[3..8]]
    {
        assert!(line.contains(part), "{part} in {line}");
    }
}
