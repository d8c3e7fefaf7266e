//! `If`, `If-Match` and their kin, strictly, on every method.

use crate::harness::{Person, TestServer};

fn put(alice: &Person, path: &str, headers: &[(&str, &str)]) -> u16 {
    alice.client().send("PUT", path, headers, b"new").status
}

#[test]
fn if_match_guards_against_lost_updates() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let old = alice.client().put("/dav/f", b"1").etag();
    let new = alice.client().put("/dav/f", b"2").etag();
    assert_eq!(put(&alice, "/dav/f", &[("If-Match", &old)]), 412);
    assert_eq!(put(&alice, "/dav/f", &[("If-Match", &format!("W/{new}"))]), 412, "the strong comparison");
    for bad in ["", "x", "\"", new.trim_matches('"')] {
        assert_eq!(put(&alice, "/dav/f", &[("If-Match", bad)]), 412, "malformed is never absent: {bad}");
    }
    assert_eq!(put(&alice, "/dav/absent", &[("If-Match", "*")]), 412);
    assert_eq!(put(&alice, "/dav/f", &[("If-None-Match", "*")]), 412);
    assert_eq!(put(&alice, "/dav/f", &[("If-None-Match", &new)]), 412);
    assert_eq!(put(&alice, "/dav/f", &[("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT")]), 412);
    assert_eq!(alice.bytes("f"), b"2");
    assert_eq!(put(&alice, "/dav/f", &[("If-None-Match", "JoplinIgnore-74610")]), 204, "R23");
    let new = alice.client().get("/dav/f").etag();
    assert_eq!(put(&alice, "/dav/f", &[("If-Match", &format!("\"x\", {new}"))]), 204);
    assert_eq!(put(&alice, "/dav/g", &[("If-None-Match", "*")]), 201);
}

#[test]
fn every_method_keeps_them() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"1");
    let lockinfo = "<lockinfo xmlns='DAV:'><lockscope><shared/></lockscope><locktype><write/></locktype></lockinfo>";
    let update = "<propertyupdate xmlns='DAV:'><set><prop><a xmlns='urn:x'/></prop></set></propertyupdate>";
    for (method, body) in [
        ("GET", ""),
        ("HEAD", ""),
        ("PUT", "x"),
        ("DELETE", ""),
        ("COPY", ""),
        ("MOVE", ""),
        ("PROPFIND", ""),
        ("PROPPATCH", update),
        ("LOCK", lockinfo),
    ] {
        for (name, value) in [
            ("If-Match", "\"other\""),
            ("If", "([\"other\"])"),
            ("If", "(<urn:uuid:none>)"),
            ("If", "nonsense"),
            ("If", "()"),
            ("If", "</dav/f> ([\"other\"])"),
            ("If", "<http://elsewhere/dav/f> (<DAV:no-lock>)"),
        ] {
            if (method, value) == ("HEAD", "(<urn:uuid:none>)") {
                // A lock token says nothing to who only looks; one library sends it with everything.
                assert_eq!(alice.client().send(method, "/dav/f", &[(name, value)], b"").status, 200);
                continue;
            }
            let headers = [(name, value), ("Destination", "/dav/g"), ("Depth", "0")];
            let headers = if matches!(method, "MOVE" | "DELETE") { &headers[..2] } else { &headers[..] };
            let answer = alice.client().send(method, "/dav/f", headers, body.as_bytes());
            assert_eq!(answer.status, 412, "{method} {name}: {value}");
        }
    }
    assert_eq!(alice.client().send("MKCOL", "/dav/d", &[("If-Match", "*")], b"").status, 412);
    assert_eq!((alice.names(), alice.bytes("f")), (vec!["f".to_owned()], b"1".to_vec()));
}

#[test]
fn lists_are_alternatives_and_conditions_add_up() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let f = alice.client().put("/dav/f", b"1").etag();
    let g = alice.client().put("/dav/g", b"2").etag();
    let holds =
        |value: &str| alice.client().send("PROPFIND", "/dav/f", &[("If", value), ("Depth", "0")], b"").status == 207;
    assert!(holds(&format!("([{f}])")));
    assert!(holds(&format!("([\"x\"]) ([{f}])")));
    assert!(!holds(&format!("([{f}] [\"x\"])")));
    assert!(holds(&format!("([{f}] Not [\"x\"])")));
    assert!(holds(&format!("(<urn:none>) (Not <DAV:no-lock> [{f}])")));
    assert!(holds(&format!("</dav/g> ([{g}])")));
    assert!(holds(&format!("<http://{}/dav/g> ([{g}])", server.addr)));
    assert!(!holds(&format!("</dav/g> ([{f}])")));
    assert!(!holds(&format!("</dav/../g> ([{g}])")), "the same decoder as for the request");
    assert!(!holds(&format!("</dav/%2e%2e/dav/g> ([{g}])")));
    assert!(!holds(&format!("([W/{f}])")));
}

/// Many writers with If-Match on the same tag: exactly one wins each round.
#[test]
fn of_many_writers_one_wins() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for round in 0..10 {
        let etag = alice.client().put("/dav/f", format!("round {round}").as_bytes()).etag();
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (alice, etag) = (alice.clone(), etag.clone());
                std::thread::spawn(move || {
                    alice.client().send("PUT", "/dav/f", &[("If-Match", &etag)], &[b'0' + writer]).status
                })
            })
            .collect();
        let statuses: Vec<u16> = writers.into_iter().map(|writer| writer.join().expect("answered")).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 204 | 412)));
    }
    let created: Vec<_> = (0..8)
        .map(|_| {
            let alice = alice.clone();
            std::thread::spawn(move || put(&alice, "/dav/once", &[("If-None-Match", "*")]))
        })
        .collect();
    let statuses: Vec<u16> = created.into_iter().map(|writer| writer.join().expect("answered")).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
}
