//! Nothing leads out of a person's folder: no bytes come out, none are written (S2–S6).

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::{Person, TestServer};

/// A folder beside the storage, with a file that must stay secret and as it is.
fn outside(server: &TestServer) -> PathBuf {
    let folder = server.folder.path().join("outside");
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::write(folder.join("secret"), b"SECRET").expect("a file");
    folder
}

/// Every method on a path, as source and, where there is one, as destination; none may leak or write.
fn attack(alice: &Person, path: &str) {
    let lockinfo = "<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>";
    let update = "<propertyupdate xmlns='DAV:'><set><prop><a xmlns='urn:x'/></prop></set></propertyupdate>";
    for (method, body) in [
        ("GET", ""),
        ("HEAD", ""),
        ("PROPFIND", ""),
        ("PROPPATCH", update),
        ("PUT", "WRITTEN"),
        ("MKCOL", ""),
        ("LOCK", lockinfo),
        ("UNLOCK", ""),
        ("COPY", ""),
        ("OPTIONS", ""),
    ] {
        let headers = [
            ("Depth", if method == "PROPFIND" { "1" } else { "0" }),
            ("Destination", "/dav/stolen"),
            ("Lock-Token", "<urn:x:y>"),
        ];
        let answer = alice.client().send(method, path, &headers, body.as_bytes());
        assert!(matches!(answer.status, 400..=499 | 502) || method == "OPTIONS", "{method} {path}: {}", answer.status);
        assert!(!answer.text().contains("SECRET") && !answer.text().contains("secret"), "{method} {path}");
    }
    for method in ["COPY", "MOVE"] {
        alice.client().put("/dav/bait", b"WRITTEN");
        let answer = alice.client().send(method, "/dav/bait", &[("Destination", path)], b"");
        assert!(matches!(answer.status, 400..=499 | 502), "{method} to {path}: {}", answer.status);
    }
    let condition = format!("<{path}> (Not <urn:x:y>) (Not <urn:x:z>)");
    let answer = alice.client().send("GET", "/dav/bait", &[("If", &condition)], b"");
    assert!(!answer.text().contains("SECRET"));
    assert!(!alice.names().contains(&"stolen".to_owned()), "{path}");
}

#[test]
fn dot_segments_and_encodings_lead_nowhere() {
    let server = TestServer::start();
    let alice = server.person("alice");
    outside(&server);
    alice.client().send("MKCOL", "/dav/d", &[], b"");
    let ways = [
        "..",
        "%2e%2e",
        "%2E%2e",
        ".%2e",
        "..%2f..%2f..%2foutside",
        "%2e%2e%2f%2e%2e",
        "d/../..",
        "d/%2e%2e/%2e%2e",
        "%2foutside",
        "..%00",
        "%00",
        "d%00/x",
    ];
    for way in ways {
        for end in ["", "/", "/outside/secret", "/../../../outside/secret"] {
            attack(&alice, &format!("/dav/{way}{end}"));
        }
    }
    // What is encoded twice, and the backslash, are plain names here.
    for path in ["/dav/%252e%252e/x", "/dav/..%5c..%5coutside%5csecret", "/dav/%5c..%5c..%5coutside"] {
        assert_eq!(alice.client().get(path).status, 404, "{path}");
    }
    assert_eq!(std::fs::read(server.folder.path().join("outside/secret")).expect("there"), b"SECRET");
}

#[test]
fn links_that_leave_yield_neither_bytes_nor_writes() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let bob = server.person("bob");
    bob.client().put("/dav/secret", b"SECRET");
    let outside = outside(&server);
    std::fs::create_dir(alice.file("d")).expect("a folder");
    symlink(&outside, alice.file("absolute")).expect("a link");
    symlink("../../../outside", alice.file("relative")).expect("a link");
    symlink(outside.join("secret"), alice.file("file")).expect("a link");
    symlink("../../../outside/new", alice.file("dangling")).expect("a link");
    symlink("../bob", alice.file("neighbour")).expect("a link");
    symlink("absolute", alice.file("twice")).expect("a link");
    symlink("/proc/self/root", alice.file("magic")).expect("a link");
    symlink("..", alice.file("d/up")).expect("a link within");
    symlink("../..", alice.file("d/above")).expect("a link");
    for path in [
        "absolute",
        "absolute/",
        "absolute/secret",
        "absolute/new",
        "relative/secret",
        "file",
        "dangling",
        "neighbour/secret",
        "neighbour",
        "twice/secret",
        "magic/etc/passwd",
        "d/above/bob/secret",
        "d/up/absolute/secret",
        "d/up/d/up/file",
    ] {
        let path = format!("/dav/{path}");
        for (method, body) in [
            ("GET", ""),
            ("PUT", "WRITTEN"),
            ("PROPFIND", ""),
            ("COPY", ""),
            (
                "LOCK",
                "<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>",
            ),
            ("MKCOL", ""),
            ("PROPPATCH", "<propertyupdate xmlns='DAV:'><set><prop><a xmlns='urn:x'/></prop></set></propertyupdate>"),
        ] {
            let headers = [("Depth", if method == "PROPFIND" { "1" } else { "0" }), ("Destination", "/dav/stolen")];
            let answer = alice.client().send(method, &path, &headers, body.as_bytes());
            assert!(matches!(answer.status, 400..=499), "{method} {path}: {}", answer.status);
            assert!(!answer.text().contains("SECRET"), "{method} {path}");
        }
        if path.ends_with("secret") || path.ends_with("new") || path.ends_with("passwd") {
            assert!(alice.client().send("DELETE", &path, &[], b"").status >= 400);
            alice.client().put("/dav/bait", b"WRITTEN");
            let moved = alice.client().send("MOVE", "/dav/bait", &[("Destination", &path)], b"");
            assert!(moved.status >= 400, "{path}");
        }
    }
    assert_eq!(std::fs::read(outside.join("secret")).expect("there"), b"SECRET");
    assert_eq!(std::fs::read_dir(&outside).expect("a folder").count(), 1, "nothing was written there");
    assert_eq!(bob.names(), ["secret"]);
    assert_eq!(bob.bytes("secret"), b"SECRET");
    // What stays within is followed.
    assert_eq!(alice.client().put("/dav/d/up/d/in", b"within").status, 201);
    assert_eq!(alice.bytes("d/in"), b"within");
    symlink("in", alice.file("d/link")).expect("a link");
    assert_eq!(alice.client().put("/dav/d/link", b"through").status, 204);
    assert_eq!(alice.bytes("d/in"), b"through");
    assert!(alice.file("d/link").is_symlink(), "the link stays a link");
}

/// A copied tree takes links along as links; they lead out no more than before.
#[test]
fn copied_links_lead_nowhere_new() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let outside = outside(&server);
    std::fs::create_dir(alice.file("t")).expect("a folder");
    symlink(&outside, alice.file("t/out")).expect("a link");
    let copied = alice.client().send("COPY", "/dav/t", &[("Destination", "/dav/u")], b"");
    assert_eq!(copied.status, 201);
    assert!(alice.file("u/out").is_symlink());
    assert!(alice.client().get("/dav/u/out/secret").status >= 400);
}

/// A folder on the way is swapped for a link, again and again, while requests go through it.
#[test]
fn a_swap_mid_request_opens_no_way_out() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let outside = outside(&server);
    std::fs::create_dir(alice.file("real")).expect("a folder");
    std::fs::write(alice.file("real/secret"), b"mine").expect("a file");
    std::fs::create_dir(alice.file("flip")).expect("a folder");
    std::fs::write(alice.file("flip/secret"), b"mine").expect("a file");
    let end = Arc::new(AtomicBool::new(false));
    let swapper = {
        let (home, outside, end) = (alice.home.clone(), outside.clone(), Arc::clone(&end));
        std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                let _ = std::fs::rename(home.join("flip"), home.join("away"));
                let _ = symlink(&outside, home.join("flip"));
                let _ = std::fs::remove_file(home.join("flip"));
                let _ = std::fs::rename(home.join("away"), home.join("flip"));
            }
        })
    };
    for round in 0..300 {
        let read = alice.client().get("/dav/flip/secret");
        assert!(!read.text().contains("SECRET"), "{}", read.status);
        alice.client().put(&format!("/dav/flip/written{round}"), b"x");
        alice.client().send("COPY", "/dav/flip", &[("Destination", "/dav/copy")], b"");
        alice.client().send("MKCOL", &format!("/dav/flip/made{round}"), &[], b"");
        alice.client().send("MOVE", "/dav/real/secret", &[("Destination", "/dav/flip/moved")], b"");
    }
    end.store(true, Ordering::Relaxed);
    swapper.join().expect("the swapper ends");
    assert_eq!(std::fs::read_dir(&outside).expect("a folder").count(), 1, "nothing was written outside");
    assert_eq!(std::fs::read(outside.join("secret")).expect("there"), b"SECRET");
    let leaked = alice
        .names()
        .into_iter()
        .any(|name| alice.file(&name).is_file() && !alice.file(&name).is_symlink() && alice.bytes(&name) == b"SECRET");
    assert!(!leaked, "nothing was copied in");
}

#[test]
fn pipes_sockets_and_devices_are_not_served() {
    let server = TestServer::start();
    let alice = server.person("alice");
    assert!(std::process::Command::new("mkfifo").arg(alice.file("pipe")).status().expect("mkfifo runs").success());
    let _socket = std::os::unix::net::UnixListener::bind(alice.file("socket")).expect("a socket");
    for name in ["pipe", "socket"] {
        let path = format!("/dav/{name}");
        assert_eq!(alice.client().get(&path).status, 404);
        assert_eq!(alice.client().put(&path, b"x").status, 403);
        let copied = alice.client().send("COPY", &path, &[("Destination", "/dav/x")], b"");
        assert_eq!(copied.status, 404);
    }
}

/// A home that is gone is an outage, not an empty folder: a sync client must not delete its side.
#[test]
fn a_missing_home_is_an_outage() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"x");
    std::fs::rename(&alice.home, alice.home.with_extension("away")).expect("moved away");
    for method in ["PROPFIND", "GET", "PUT"] {
        let answer = alice.client().send(method, "/dav/", &[("Depth", "1")], b"");
        assert_eq!(answer.status, 503, "{method}");
    }
    std::fs::rename(alice.home.with_extension("away"), &alice.home).expect("moved back");
    assert_eq!(alice.client().get("/dav/f").body, b"x");
}
