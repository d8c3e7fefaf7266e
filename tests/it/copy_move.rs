//! COPY and MOVE: what is at the destination is replaced, and a failure leaves both ends whole.

use crate::harness::{CHEAP, Person, TestServer};

fn send(alice: &Person, method: &str, from: &str, to: &str, headers: &[(&str, &str)]) -> u16 {
    let all = [&[("Destination", to)], headers].concat();
    alice.client().send(method, from, &all, b"").status
}

#[test]
fn files_and_trees_are_copied_and_moved() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().send("MKCOL", "/dav/d", &[], b"");
    alice.client().send("MKCOL", "/dav/d/e", &[], b"");
    alice.client().put("/dav/d/e/f", b"deep");
    let etag = alice.client().put("/dav/a", b"one").etag();
    assert_eq!(send(&alice, "COPY", "/dav/a", "/dav/b", &[]), 201);
    assert_eq!(send(&alice, "COPY", "/dav/a", "/dav/b", &[]), 204);
    assert_eq!(send(&alice, "COPY", "/dav/d", "/dav/copy", &[]), 201);
    assert_eq!(send(&alice, "COPY", "/dav/d", "/dav/flat", &[("Depth", "0")]), 201);
    assert_eq!(send(&alice, "MOVE", "/dav/a", "/dav/moved", &[("Depth", "0")]), 201, "Depth means nothing for a file");
    assert_eq!(alice.client().get("/dav/moved").etag(), etag, "the tag survives a move");
    assert_eq!(send(&alice, "MOVE", "/dav/d", "/dav/tree", &[]), 201);
    let names = ["b", "copy", "copy/e", "copy/e/f", "flat", "moved", "tree", "tree/e", "tree/e/f"];
    assert_eq!(alice.names(), names);
    assert_eq!(alice.bytes("copy/e/f"), b"deep");
}

#[test]
fn anything_replaces_anything() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for method in ["COPY", "MOVE"] {
        for (from_folder, to_folder) in [(false, false), (false, true), (true, false), (true, true)] {
            let make = |path: &str, folder: bool, text: &[u8]| {
                if folder {
                    alice.client().send("MKCOL", path, &[], b"");
                    alice.client().put(&format!("{path}/{}", String::from_utf8_lossy(text)), text);
                } else {
                    alice.client().put(path, text);
                }
            };
            make("/dav/from", from_folder, b"new");
            make("/dav/to", to_folder, b"old");
            assert_eq!(send(&alice, method, "/dav/from", "/dav/to", &[("Overwrite", "F")]), 412);
            assert_eq!(send(&alice, method, "/dav/from", "/dav/to", &[]), 204, "{method} {from_folder} {to_folder}");
            let mut expected = if from_folder { vec!["to", "to/new"] } else { vec!["to"] };
            if method == "COPY" {
                expected.splice(0..0, if from_folder { vec!["from", "from/new"] } else { vec!["from"] });
            }
            assert_eq!(alice.names(), expected, "{method} {from_folder} {to_folder}");
            for path in ["/dav/from", "/dav/to"] {
                alice.client().send("DELETE", path, &[], b"");
            }
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().send("MKCOL", "/dav/d", &[], b"");
    alice.client().send("MKCOL", "/dav/d/e", &[], b"");
    alice.client().put("/dav/d/f", b"x");
    for (from, to, status) in [
        ("/dav/d", "/dav/d", 403),
        ("/dav/d/f", "/dav/d/f", 403),
        ("/dav/d/f", "/dav/d//f", 403),
        ("/dav/d", "/dav/d/e/inside", 403),
        ("/dav/d/e", "/dav/d", 403),
        ("/dav/d/f", "/dav/", 403),
        ("/dav/d/f", "/dav/no/parent", 409),
        ("/dav/d/f", "/dav/d/f/below", 409),
        ("/dav/absent", "/dav/x", 404),
        ("/dav/d/f", "/dav/.latchkey-tmp/x", 403),
    ] {
        for method in ["COPY", "MOVE"] {
            assert_eq!(send(&alice, method, from, to, &[]), status, "{method} {from} {to}");
        }
    }
    assert_eq!(send(&alice, "MOVE", "/dav/", "/dav/x", &[]), 403);
    assert_eq!(send(&alice, "MOVE", "/dav/d", "/dav/x", &[("Depth", "0")]), 400);
    assert_eq!(send(&alice, "MOVE", "/dav/d", "/dav/x", &[("Depth", "1")]), 400);
    assert_eq!(send(&alice, "COPY", "/dav/d", "/dav/x", &[("Overwrite", "maybe")]), 400);
    assert_eq!(alice.client().send("MOVE", "/dav/d", &[], b"").status, 400, "no destination");
    assert_eq!(alice.names(), ["d", "d/e", "d/f"]);
}

/// R3: a proxy in front that speaks TLS, on a port of its own, with a prefix.
#[test]
fn destinations_behind_a_proxy_are_understood() {
    let config =
        format!("[server]\npublic_urls = [\"https://dav.example.org:8443/cloud\", \"http://box.lan\"]\n{CHEAP}");
    let server = TestServer::with_config(&config);
    let alice = server.person("alice");
    alice.client().put("/dav/a", b"x");
    let own = format!("https://{}/dav/1", server.addr);
    for (number, to) in [
        own.as_str(),
        "https://dav.example.org/dav/2",
        "https://dav.example.org:8443/cloud/dav/3",
        "http://DAV.EXAMPLE.ORG/cloud/dav/4",
        "http://box.lan:81/dav/5",
        "/dav/6",
        "/cloud/dav/7",
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(send(&alice, "COPY", "/dav/a", to, &[]), 201, "{to}");
        assert_eq!(alice.bytes(&(number + 1).to_string()), b"x");
    }
    for to in ["https://evil.example/dav/x", "https://dav.example.org/other/x", "/da", "ftp://box.lan/dav/x"] {
        assert_eq!(send(&alice, "COPY", "/dav/a", to, &[]), 502, "{to}");
    }
    let listing = alice.client().send("PROPFIND", "/dav/a", &[("Depth", "0")], b"").text();
    assert!(listing.contains("<D:href>/cloud/dav/a</D:href>"), "addresses are those that clients see: {listing}");
}

#[test]
fn hard_links_and_case_are_no_trap() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/a", b"x");
    assert_eq!(send(&alice, "MOVE", "/dav/a", "/dav/A", &[]), 201);
    assert_eq!(alice.names(), ["A"]);
    std::fs::hard_link(alice.file("A"), alice.file("b")).expect("a hard link");
    assert_eq!(send(&alice, "MOVE", "/dav/A", "/dav/b", &[]), 204);
    assert_eq!((alice.names(), alice.bytes("b")), (vec!["b".to_owned()], b"x".to_vec()));
}

/// Nobody ever finds nothing, or half, at the destination.
#[test]
fn a_destination_is_never_missing_while_it_is_replaced() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/target", &vec![b'0'; 100_000]);
    let writer = {
        let alice = alice.clone();
        std::thread::spawn(move || {
            for byte in 1..40_u8 {
                alice.client().put("/dav/source", &vec![byte; 100_000]);
                let method = if byte % 2 == 0 { "COPY" } else { "MOVE" };
                assert_eq!(send(&alice, method, "/dav/source", "/dav/target", &[]), 204);
            }
        })
    };
    while !writer.is_finished() {
        let answer = alice.client().get("/dav/target");
        assert_eq!((answer.status, answer.body.len()), (200, 100_000));
        assert!(answer.body.iter().all(|byte| *byte == answer.body[0]));
    }
    writer.join().expect("all moves are done");
}

/// The old stands where a folder was moved to, and so does what was being uploaded into it: nothing slips past a lock.
#[test]
fn an_upload_goes_where_its_address_leads_when_it_ends() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().send("MKCOL", "/dav/d", &[], b"");
    let client = alice.client();
    let mut upload = client.connect();
    upload.write(&client.head("PUT", "/dav/d/f", &[], Some(200_000)));
    upload.write(&vec![b'x'; 100_000]);
    crate::harness::eventually("the upload to begin", || {
        alice.names().iter().any(|name| name.starts_with(".latchkey-tmp/"))
    });
    assert_eq!(send(&alice, "MOVE", "/dav/d", "/dav/e", &[]), 201);
    upload.write(&vec![b'x'; 100_000]);
    assert_eq!(upload.answer("PUT").status, 409, "its folder is not there any more");
    assert_eq!(alice.names(), ["e"]);
}

/// A tree far deeper than any path can name is neither a crash now nor one at the next start.
#[test]
fn trees_nested_without_end_break_nothing() {
    let mut server = TestServer::start();
    let mut alice = server.person("alice");
    // Each round puts what there is beneath a chain of its own.
    let chain = |name: &str| {
        let mut path = format!("/dav/{name}");
        alice.client().send("MKCOL", &path, &[], b"");
        for _ in 0..99 {
            path.push_str("/d");
            assert_eq!(alice.client().send("MKCOL", &path, &[], b"").status, 201);
        }
        path
    };
    let mut top = "t0".to_owned();
    chain(&top);
    for round in 1..40 {
        let next = format!("t{round}");
        let end = chain(&next);
        assert_eq!(send(&alice, "MOVE", &format!("/dav/{top}"), &format!("{end}/d"), &[]), 201);
        top = next;
    }
    assert_eq!(send(&alice, "COPY", &format!("/dav/{top}"), "/dav/copy", &[]), 403, "too deep to copy");
    assert_eq!(alice.client().send("DELETE", &format!("/dav/{top}"), &[], b"").status, 204);
    assert_eq!(alice.names(), [""; 0]);
    server.crash_and_restart();
    alice.addr = server.addr;
    assert_eq!(alice.client().put("/dav/f", b"x").status, 201);
}
