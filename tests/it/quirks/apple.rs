//! `.DS_Store` and `._*`, which macOS lays beside other files (R11).

use crate::harness::{CHEAP, TestServer};

const REFUSE: &str = "[dav]\napple_files = \"refuse\"\n";

#[test]
fn they_are_files_like_others_unless_told_otherwise() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for name in [".DS_Store", "._photo.jpg"] {
        let path = format!("/dav/{name}");
        assert_eq!(alice.client().put(&path, b"x").status, 201);
        assert_eq!(alice.client().get(&path).body, b"x");
        let listing = alice.client().send("PROPFIND", "/dav/", &[("Depth", "1")], b"").text();
        assert!(listing.contains(&format!("<D:href>{path}</D:href>")), "{listing}");
    }
}

#[test]
fn refused_they_are_neither_taken_nor_listed() {
    let server = TestServer::with_config(&format!("{CHEAP}{REFUSE}"));
    let alice = server.person("alice");
    alice.client().put("/dav/photo.jpg", b"x");
    let info = b"<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>";
    for name in [".DS_Store", "._photo.jpg", "._", ".%5Fencoded"] {
        let path = format!("/dav/{name}");
        let to: [(&str, &str); 1] = [("Destination", &path)];
        for (method, from, headers, body) in [
            ("PUT", path.as_str(), [].as_slice(), b"x".as_slice()),
            ("PUT", &path, &[("Expect", "100-continue")], b"x"),
            ("MKCOL", &path, &[], b""),
            ("LOCK", &path, &[], info),
            ("COPY", "/dav/photo.jpg", &to, b""),
            ("MOVE", "/dav/photo.jpg", &to, b""),
        ] {
            let answer = alice.client().send(method, from, headers, body);
            assert_eq!(answer.status, 403, "{method} {name}");
            assert!(answer.text().contains("macOS lays beside others"), "{}", answer.text());
        }
    }
    assert_eq!(alice.names(), ["photo.jpg"]);
    for name in [".DS_Storey", "a._b", "_.x", ".ds_store", ".x"] {
        assert_eq!(alice.client().put(&format!("/dav/{name}"), b"x").status, 201, "{name}");
    }
}

#[test]
fn what_is_there_from_before_can_be_cleared_away() {
    let server = TestServer::with_config(&format!("{CHEAP}{REFUSE}"));
    let alice = server.person("alice");
    for name in [".DS_Store", "._a", "a"] {
        std::fs::write(alice.file(name), b"old").expect("written");
    }
    for page in
        [alice.client().send("PROPFIND", "/dav/", &[("Depth", "1")], b"").text(), alice.client().get("/dav/").text()]
    {
        assert!(page.contains("/dav/a") && !page.contains("DS_Store") && !page.contains("._a"), "{page}");
    }
    for path in ["/dav/.DS_Store", "/dav/._a"] {
        assert_eq!(alice.client().get(path).body, b"old");
        assert_eq!(alice.client().send("PROPFIND", path, &[("Depth", "0")], b"").status, 207);
        assert_eq!(alice.client().put(path, b"new").status, 403);
    }
    assert_eq!(alice.client().send("MOVE", "/dav/._a", &[("Destination", "/dav/b")], b"").status, 201);
    assert_eq!(alice.client().send("DELETE", "/dav/.DS_Store", &[], b"").status, 204);
    assert_eq!(alice.names(), ["a", "b"]);
}
