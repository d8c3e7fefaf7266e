//! What an application password may do, and where.

use std::os::unix::fs::symlink;

use crate::harness::{Person, TestServer};

fn status(person: &Person, method: &str, path: &str) -> u16 {
    let lockinfo = "<lockinfo xmlns='DAV:'><lockscope><shared/></lockscope><locktype><write/></locktype></lockinfo>";
    let update = "<propertyupdate xmlns='DAV:'><set><prop><a xmlns='urn:x'/></prop></set></propertyupdate>";
    let body = match method {
        "LOCK" => lockinfo,
        "PROPPATCH" => update,
        "PUT" => "x",
        _ => "",
    };
    let headers = [
        ("Depth", if method == "MOVE" { "infinity" } else { "0" }),
        ("Destination", "/dav/to"),
        ("Lock-Token", "<urn:x:y>"),
    ];
    let headers = if method == "DELETE" { &headers[1..] } else { &headers[..] };
    person.client().send(method, path, headers, body.as_bytes()).status
}

#[test]
fn read_only_reads_and_nothing_else() {
    let server = TestServer::start();
    let all = server.person("alice");
    let reader = server.person_with("alice", &["--read-only"]);
    all.client().put("/dav/f", b"x");
    for method in ["GET", "HEAD", "OPTIONS", "PROPFIND"] {
        assert!(matches!(status(&reader, method, "/dav/f"), 200 | 207), "{method}");
    }
    for method in ["PUT", "DELETE", "MKCOL", "COPY", "MOVE", "PROPPATCH", "LOCK", "UNLOCK", "POST", "PATCH"] {
        for path in ["/dav/f", "/dav/new"] {
            assert_eq!(status(&reader, method, path), 403, "{method} {path}");
        }
    }
    assert_eq!((all.names(), all.bytes("f")), (vec!["f".to_owned()], b"x".to_vec()));
}

#[test]
fn upload_only_adds_new_names_and_nothing_else() {
    let server = TestServer::start();
    let all = server.person("alice");
    let uploader = server.person_with("alice", &["--upload-only"]);
    all.client().put("/dav/f", b"x");
    assert_eq!(status(&uploader, "PROPFIND", "/dav/"), 207);
    assert_eq!(status(&uploader, "MKCOL", "/dav/d"), 201);
    assert_eq!(status(&uploader, "PUT", "/dav/d/new"), 201);
    assert_eq!(status(&uploader, "PUT", "/dav/d/new"), 403, "what is there stays");
    assert_eq!(status(&uploader, "PUT", "/dav/f"), 403);
    for method in ["GET", "HEAD", "DELETE", "COPY", "MOVE", "PROPPATCH", "LOCK", "UNLOCK"] {
        assert_eq!(status(&uploader, method, "/dav/f"), 403, "{method}");
    }
    assert_eq!(all.bytes("f"), b"x");
}

#[test]
fn folders_confine_and_the_ways_to_them_are_all_else() {
    let server = TestServer::start();
    let all = server.person("alice");
    for path in ["/dav/a", "/dav/a/b", "/dav/ab", "/dav/secret"] {
        all.client().send("MKCOL", path, &[], b"");
    }
    all.client().put("/dav/a/private", b"PRIVATE");
    all.client().put("/dav/ab/private", b"PRIVATE");
    all.client().put("/dav/a/b/f", b"mine");
    let confined = server.person_with("alice", &["--folder", "/a/b", "--folder", "/made/on/the/way"]);
    assert!(confined.file("made/on/the/way").is_dir(), "a missing folder is made");
    let list = |path: &str| confined.client().send("PROPFIND", path, &[("Depth", "1")], b"");
    let top = list("/dav/").text();
    assert_eq!(top.matches("<D:href>").count(), 3, "{top}");
    assert!(top.contains("<D:href>/dav/a/</D:href>") && top.contains("<D:href>/dav/made/</D:href>"));
    let way = list("/dav/a").text();
    assert_eq!(way.matches("<D:href>").count(), 2);
    assert!(way.contains("<D:href>/dav/a/b/</D:href>") && !way.contains("private"));
    assert!(confined.client().get("/dav/").text().contains("href=\"/dav/a/\""));
    assert_eq!(confined.client().get("/dav/a/b/f").body, b"mine");
    assert_eq!(confined.client().put("/dav/a/b/g", b"new").status, 201);
    assert!(list("/dav/a/b").text().contains("<D:href>/dav/a/b/g</D:href>"), "paths stay as they are");
    for path in ["/dav/a/private", "/dav/ab", "/dav/ab/private", "/dav/secret", "/dav/absent", "/dav/a/bb", "/dav/a/B"]
    {
        for method in
            ["GET", "HEAD", "PROPFIND", "OPTIONS", "PUT", "DELETE", "MKCOL", "COPY", "MOVE", "LOCK", "PROPPATCH"]
        {
            assert_eq!(status(&confined, method, path), 404, "{method} {path}");
        }
    }
    for path in ["/dav/", "/dav/a", "/dav/made"] {
        for method in ["PUT", "DELETE", "COPY", "MOVE", "LOCK", "PROPPATCH", "MKCOL"] {
            assert!(
                matches!(status(&confined, method, path), 404 | 409),
                "{method} {path}: {}",
                status(&confined, method, path)
            );
        }
    }
    let to = |method: &str, destination: &str| {
        confined.client().send(method, "/dav/a/b/f", &[("Destination", destination)], b"").status
    };
    for destination in ["/dav/stolen", "/dav/a/f", "/dav/ab/f", "/dav/a", "/dav/a/b", "/dav/a/b/../f", "/dav/"] {
        for method in ["COPY", "MOVE"] {
            assert!((400..500).contains(&to(method, destination)), "{method} {destination}");
        }
    }
    assert_eq!(to("COPY", "/dav/made/on/the/way/f"), 201, "from one folder to another");
    for method in ["DELETE", "MOVE"] {
        assert_eq!(status(&confined, method, "/dav/a/b"), 403, "{method}: the folder itself stays");
    }
    assert_eq!((all.bytes("a/private"), all.bytes("a/b/f")), (b"PRIVATE".to_vec(), b"mine".to_vec()));
}

/// A link out of the folder fails like a link out of the home.
#[test]
fn links_out_of_the_folder_lead_nowhere() {
    let server = TestServer::start();
    let all = server.person("alice");
    let confined = server.person_with("alice", &["--folder", "/d"]);
    all.client().put("/dav/private", b"PRIVATE");
    symlink("../private", confined.file("d/link")).expect("a link");
    symlink("..", confined.file("d/up")).expect("a link");
    assert_eq!(all.client().get("/dav/d/link").body, b"PRIVATE");
    for path in ["/dav/d/link", "/dav/d/up/private", "/dav/d/up"] {
        for method in ["GET", "PUT", "PROPFIND", "COPY", "LOCK"] {
            let answer = status(&confined, method, path);
            assert!((400..500).contains(&answer), "{method} {path}: {answer}");
        }
    }
    let listing = confined.client().send("PROPFIND", "/dav/d", &[("Depth", "1")], b"").text();
    assert!(!listing.contains("link") && !listing.contains("/up"), "{listing}");
    assert_eq!(all.bytes("private"), b"PRIVATE");
    assert_eq!(confined.client().send("DELETE", "/dav/d/link", &[], b"").status, 204, "the link itself may go");
    assert_eq!(all.bytes("private"), b"PRIVATE");
}

#[test]
fn what_cannot_be_issued_is_said_so() {
    let server = TestServer::start();
    server.ok(&["user", "add", "alice"]);
    let long = "x".repeat(65);
    let refused = |arguments: &[&str], reason: &str| {
        let output = server.run(&[&["app-password", "issue"], arguments].concat());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
        assert!(stderr.contains(reason), "{arguments:?}: {stderr}");
    };
    refused(&["nobody", "x"], "there is no user \"nobody\"");
    refused(&["alice", ""], "1 to 64 characters");
    refused(&["alice", &long], "1 to 64 characters");
    refused(&["alice", "a\nb"], "control characters");
    refused(&["alice", "x", "--expires", "never"], "never is not allowed");
    refused(&["alice", "x", "--expires", "9999d"], "app_credentials_max_ttl");
    refused(&["alice", "x", "--expires", "2020-01-01"], "not in the future");
    refused(&["alice", "x", "--expires", "soon"], "90d");
    refused(&["alice", "x", "--folder", "relative"], "does not start with a slash");
    refused(&["alice", "x", "--folder", "/a/../b"], "dot segment");
    refused(&["alice", "x", "--folder", "/"], "name a folder");
    refused(&["alice", "x", "--from", "nowhere"], "network");
    refused(&["alice", "x", "--read-only", "--upload-only"], "cannot be used with");
    assert_eq!(server.run(&["app-password", "issue", "alice", "x", "--expires", "soon"]).status.code(), Some(2));
    assert_eq!(server.ok(&["app-password", "list", "alice", "--json"]), "[]");
}
