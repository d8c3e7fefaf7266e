//! DELETE: as a whole, and nothing besides.

use std::os::unix::fs::symlink;

use crate::harness::TestServer;

#[test]
fn files_and_folders_go_as_a_whole() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let client = alice.client();
    for path in ["/dav/d", "/dav/d/e"] {
        assert_eq!(client.send("MKCOL", path, &[], b"").status, 201);
    }
    for path in ["/dav/a", "/dav/d/b", "/dav/d/e/c", "/dav/dd"] {
        client.put(path, b"x");
    }
    assert_eq!(client.send("DELETE", "/dav/a", &[("Depth", "0")], b"").status, 204, "Depth means nothing for a file");
    assert_eq!(client.send("DELETE", "/dav/a", &[], b"").status, 404);
    assert_eq!(client.send("DELETE", "/dav/d", &[("Depth", "0")], b"").status, 400);
    assert_eq!(client.send("DELETE", "/dav/d/", &[("Depth", "infinity")], b"").status, 204);
    assert_eq!(alice.names(), ["dd"]);
    assert_eq!(client.send("DELETE", "/dav/", &[], b"").status, 403);
    assert_eq!(client.send("DELETE", "/dav/no/where", &[], b"").status, 404);
}

#[test]
fn a_link_is_deleted_and_not_what_it_leads_to() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let outside = server.folder.path().join("outside");
    std::fs::create_dir(&outside).expect("a folder");
    std::fs::write(outside.join("kept"), b"kept").expect("a file");
    std::fs::create_dir(alice.file("real")).expect("a folder");
    std::fs::write(alice.file("real/kept"), b"kept").expect("a file");
    symlink(&outside, alice.file("out")).expect("a link");
    symlink("real", alice.file("in")).expect("a link");
    std::fs::create_dir(alice.file("tree")).expect("a folder");
    symlink(&outside, alice.file("tree/out")).expect("a link");
    for path in ["/dav/out", "/dav/in", "/dav/tree"] {
        assert_eq!(alice.client().send("DELETE", path, &[], b"").status, 204, "{path}");
    }
    assert_eq!(std::fs::read(outside.join("kept")).expect("still there"), b"kept");
    assert_eq!(alice.names(), ["real", "real/kept"]);
}

#[test]
fn a_deep_and_wide_tree_goes() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let mut deep = alice.file("t");
    for _ in 0..200 {
        deep.push("d");
    }
    std::fs::create_dir_all(&deep).expect("a deep tree");
    for number in 0..2000 {
        std::fs::write(alice.file("t").join(number.to_string()), b"").expect("a file");
    }
    assert_eq!(alice.client().send("DELETE", "/dav/t", &[], b"").status, 204);
    assert_eq!(alice.names(), [""; 0]);
}
