//! PUT: whole or not at all.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use crate::harness::TestServer;

#[test]
fn put_creates_then_replaces() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let created = alice.client().put("/dav/a.txt", b"one");
    assert_eq!(created.status, 201);
    let replaced = alice.client().put("/dav/a.txt", b"two");
    assert_eq!(replaced.status, 204);
    assert_ne!(created.etag(), replaced.etag());
    assert_eq!(alice.bytes("a.txt"), b"two");
    assert_eq!(alice.names(), ["a.txt"]);
    let mode = alice.file("a.txt").metadata().expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn sizes_around_the_limits_are_stored_whole() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for size in [0_usize, 1, 2, 65_535, 65_536, 65_537, 524_288, 524_289, 3_000_000] {
        let body: Vec<u8> = (0..size).map(|at| u8::try_from(at % 251).expect("small")).collect();
        assert_eq!(alice.client().put(&format!("/dav/{size}"), &body).status, 201);
        assert_eq!(alice.bytes(&size.to_string()), body, "{size}");
        assert_eq!(alice.client().get(&format!("/dav/{size}")).body, body, "{size}");
    }
}

/// R11: macOS sends chunks and says the length apart.
#[test]
fn chunked_bodies_are_stored_and_their_expected_length_checked() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let send = |path: &str, headers: &[(&str, &str)], chunks: &[&[u8]]| {
        let client = alice.client();
        let mut connection = client.connect();
        connection.write(&client.head("PUT", path, headers, None));
        for chunk in chunks {
            connection.chunk(chunk);
        }
        connection.chunk(b"");
        connection.answer("PUT")
    };
    assert_eq!(send("/dav/a", &[], &[b"ab", b"c"]).status, 201);
    assert_eq!(alice.bytes("a"), b"abc");
    assert_eq!(send("/dav/empty", &[], &[]).status, 201);
    assert_eq!(alice.bytes("empty"), b"");
    assert_eq!(send("/dav/a", &[("X-Expected-Entity-Length", "4")], &[b"abcd"]).status, 204);
    for (expected, status) in
        [("3", 400), ("5", 400), ("x", 400), ("", 400), ("-1", 400), ("99999999999999999999", 400)]
    {
        let answer = send("/dav/a", &[("X-Expected-Entity-Length", expected)], &[b"wxyz"]);
        assert_eq!(answer.status, status, "{expected}");
    }
    assert_eq!(alice.bytes("a"), b"abcd");
    assert_eq!(alice.names(), ["a", "empty"]);
}

/// R13: the client's time is kept, and the entity tag still changes with the content.
#[test]
fn the_clients_time_is_kept_and_the_tag_changes_all_the_same() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let put = |body: &[u8]| alice.client().send("PUT", "/dav/a", &[("X-OC-Mtime", "1600000000")], body);
    let first = put(b"aaaa");
    assert_eq!((first.status, first.header("x-oc-mtime")), (201, Some("accepted")));
    assert_eq!(alice.file("a").metadata().expect("a file").mtime(), 1_600_000_000);
    let mut tags = vec![first.etag()];
    for body in [b"bbbb", b"cccc", b"dddd"] {
        let tag = put(body).etag();
        assert!(!tags.contains(&tag));
        tags.push(tag);
    }
    for far in ["253402300799", "16000000000", "-99999999999"] {
        let put = |body: &[u8]| alice.client().send("PUT", "/dav/far", &[("X-OC-Mtime", far)], body).etag();
        assert_ne!(put(b"aaa"), put(b"bbb"), "also where the file system knows no such time: {far}");
    }
    alice.client().send("DELETE", "/dav/far", &[], b"");
    let seen = alice.client().get("/dav/a");
    assert_eq!(seen.header("last-modified"), Some("Sun, 13 Sep 2020 12:26:40 GMT"));
    for bad in ["", "soon", "1e9", "0x10", "99999999999999"] {
        let answer = alice.client().send("PUT", "/dav/a", &[("X-OC-Mtime", bad)], b"never");
        assert_eq!(answer.status, 400, "{bad}");
    }
    assert_eq!(alice.bytes("a"), b"dddd");
    let folder = alice.client().send("MKCOL", "/dav/d", &[("X-OC-Mtime", "1600000000")], b"");
    assert_eq!((folder.status, folder.header("x-oc-mtime")), (201, Some("accepted")));
    assert_eq!(alice.file("d").metadata().expect("a folder").mtime(), 1_600_000_000);
}

#[test]
fn what_cannot_be_put_is_refused_and_changes_nothing() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().send("MKCOL", "/dav/d", &[], b"");
    alice.client().put("/dav/file", b"old");
    for (path, status) in [
        ("/dav/no/parent", 409),
        ("/dav/file/child", 409),
        ("/dav/d", 405),
        ("/dav/d/", 409),
        ("/dav/", 409),
        ("/dav", 409),
        ("/dav/.latchkey-tmp/x", 403),
        ("/dav/.latchkey-tmp", 403),
    ] {
        assert_eq!(alice.client().put(path, b"x").status, status, "{path}");
    }
    let long = format!("/dav/{}", "n".repeat(300));
    assert_eq!(alice.client().put(&long, b"x").status, 414);
    let partial = alice.client().send("PUT", "/dav/file", &[("Content-Range", "bytes 0-0")], b"X");
    assert_eq!(partial.status, 400, "what may be a part is never taken for the whole");
    assert_eq!(alice.bytes("file"), b"old");
    assert_eq!(alice.names(), ["d", "file"]);
}

#[test]
fn names_of_any_kind_come_back_as_they_were_sent() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let names = [
        "a b",
        "ä€𝄞",
        "100%",
        "#?&+;=@:,'\"",
        "a\\b",
        "<tag>",
        "-",
        "...",
        "new\nline",
        "tab\t",
        " lead",
        "\u{1}\u{1b}[0m",
    ];
    for name in names {
        let path = format!("/dav/{}", encode(name.as_bytes()));
        assert_eq!(alice.client().put(&path, name.as_bytes()).status, 201, "{name:?}");
        assert_eq!(alice.client().get(&path).body, name.as_bytes());
    }
    assert_eq!(alice.client().put("/dav/%ff%fe", b"not UTF-8").status, 201);
    let listing = alice.client().send("PROPFIND", "/dav/", &[("Depth", "1")], b"");
    assert_eq!(listing.status, 207);
    for name in names {
        let href = format!("<D:href>/dav/{}</D:href>", encode(name.as_bytes()));
        assert!(listing.text().contains(&href), "{name:?}");
    }
    assert!(listing.text().contains("<D:href>/dav/%FF%FE</D:href>"));
    assert!(!listing.text().contains(['\u{1}', '\u{1b}']), "what XML cannot hold is replaced");
}

pub fn encode(name: &[u8]) -> String {
    name.iter()
        .map(|&byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
