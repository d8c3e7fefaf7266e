//! Digests that an upload brings are checked, kept, and answered (RFC 9530, `OC-Checksum`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::harness::{Person, TestServer};
use crate::http::Answer;

const SHA1_OF_ABC: &str = "SHA1:a9993e364706816aba3e25717850c26c9cd0d89d";

fn sha256(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)))
}

fn put(person: &Person, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    person.client().send("PUT", path, headers, body)
}

/// What a listing tells of a file's checksums.
fn checksums(person: &Person, path: &str) -> Option<String> {
    let body =
        "<D:propfind xmlns:D=\"DAV:\"><D:prop><o:checksums xmlns:o=\"http://owncloud.org/ns\"/></D:prop></D:propfind>";
    let text = person.client().send("PROPFIND", path, &[("Depth", "0")], body.as_bytes()).text();
    let (_, rest) = text.split_once("checksum>")?;
    Some(rest.split_once('<')?.0.to_owned())
}

#[test]
fn an_upload_with_another_digest_is_refused_and_leaves_nothing() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let (right, wrong) = (sha256(b"abc"), sha256(b"abd"));
    let large: Vec<u8> = vec![5; 700_000];
    let wrong_large = sha256(&large[1..]);
    for (headers, body) in [
        (vec![("Content-Digest", wrong.as_str())], b"abc".as_slice()),
        (vec![("Repr-Digest", &wrong)], b"abc"),
        (vec![("Content-Digest", &right), ("Repr-Digest", &wrong)], b"abc"),
        (vec![("OC-Checksum", SHA1_OF_ABC)], b"abd"),
        (vec![("OC-Checksum", "MD5:900150983cd24fb0d6963f7d28e17f72")], b"abd"),
        (vec![("Content-MD5", "kAFQmDzST7DWlj99KOF/cg==")], b"abd"),
        (vec![("Repr-Digest", &wrong_large)], &large),
    ] {
        let answer = put(&alice, "/dav/f", &headers, body);
        assert_eq!(answer.status, 400, "{headers:?}: {}", answer.text());
        assert!(answer.text().contains("digest"), "{}", answer.text());
    }
    for (name, malformed) in
        [("Content-Digest", "sha-256=abc"), ("Repr-Digest", "sha-256=:abc:"), ("OC-Checksum", "SHA1:xyz")]
    {
        assert_eq!(put(&alice, "/dav/f", &[(name, malformed)], b"abc").status, 400, "{malformed}");
    }
    assert_eq!(alice.names(), Vec::<String>::new());
}

#[test]
fn what_was_checked_is_kept_and_answered() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let digest = sha256(b"abc");
    assert_eq!(put(&alice, "/dav/f", &[("Repr-Digest", &digest), ("OC-Checksum", SHA1_OF_ABC)], b"abc").status, 201);
    for method in ["GET", "HEAD"] {
        let answer = alice.client().send(method, "/dav/f", &[], b"");
        assert_eq!(answer.header("repr-digest"), Some(digest.as_str()), "{method}");
        assert_eq!(answer.header("oc-checksum"), Some(SHA1_OF_ABC), "{method}");
    }
    // Of the whole file, whatever part is sent.
    let part = alice.client().send("GET", "/dav/f", &[("Range", "bytes=0-0")], b"");
    assert_eq!((part.status, part.header("repr-digest")), (206, Some(digest.as_str())));
    let listed = checksums(&alice, "/dav/f").expect("checksums");
    assert!(listed.contains("MD5:900150983cd24fb0d6963f7d28e17f72"), "what rclone looks for, as well: {listed}");
    assert!(listed.contains(SHA1_OF_ABC) && listed.contains("SHA256:ba7816bf"), "{listed}");
    let all = alice.client().send("PROPFIND", "/dav/f", &[("Depth", "0")], b"").text();
    assert!(!all.contains("checksum"), "{all}");
    // Algorithms that are not known here say nothing.
    assert_eq!(
        put(&alice, "/dav/g", &[("OC-Checksum", "SHA3-256:00"), ("Repr-Digest", "sha3=:AA==:")], b"g").status,
        201
    );
    assert_eq!((alice.client().get("/dav/g").header("repr-digest"), checksums(&alice, "/dav/g")), (None, None));
}

#[test]
fn it_follows_its_file_and_never_another() {
    let mut server = TestServer::start();
    let alice = server.person("alice");
    let digest = sha256(b"abc");
    let client = alice.client();
    client.send("MKCOL", "/dav/d", &[], b"");
    put(&alice, "/dav/d/f", &[("Content-Digest", &digest)], b"abc");
    let to = |method: &str, from: &str, to: &str| client.send(method, from, &[("Destination", to)], b"").status;
    assert_eq!(to("MOVE", "/dav/d", "/dav/e"), 201);
    assert_eq!(to("COPY", "/dav/e", "/dav/copy"), 201);
    for path in ["/dav/e/f", "/dav/copy/f"] {
        assert_eq!(client.get(path).header("repr-digest"), Some(digest.as_str()), "{path}");
    }
    // Other bytes, by whatever way, have no digest until somebody brings one.
    put(&alice, "/dav/e/f", &[], b"xyz");
    assert_eq!(client.get("/dav/e/f").header("repr-digest"), None);
    std::fs::write(alice.file("copy/f"), b"from outside").expect("written");
    assert_eq!(client.get("/dav/copy/f").header("repr-digest"), None);
    put(&alice, "/dav/kept", &[("Content-Digest", &digest)], b"abc");
    client.send("DELETE", "/dav/kept", &[], b"");
    put(&alice, "/dav/kept", &[], b"abc");
    assert_eq!(client.get("/dav/kept").header("repr-digest"), None);
    put(&alice, "/dav/kept", &[("Content-Digest", &digest)], b"abc");
    server.crash_and_restart();
    let alice = Person { addr: server.addr, ..alice };
    assert_eq!(alice.client().get("/dav/kept").header("repr-digest"), Some(digest.as_str()));
}

/// A part's own digest is that of its bytes, `Repr-Digest` that of the file as it is afterwards.
#[test]
fn parts_of_files_are_checked_too() {
    let server = TestServer::start();
    let alice = server.person("alice");
    put(&alice, "/dav/f", &[], b"1234567890");
    let (part, whole) = (sha256(b"--"), sha256(b"12--567890"));
    let range = ("Content-Range", "bytes 2-3/10");
    assert_eq!(put(&alice, "/dav/f", &[range, ("Content-Digest", &whole)], b"--").status, 400);
    assert_eq!(put(&alice, "/dav/f", &[range, ("Repr-Digest", &part)], b"--").status, 400);
    assert_eq!(alice.bytes("f"), b"1234567890");
    assert_eq!(put(&alice, "/dav/f", &[range, ("Content-Digest", &part), ("Repr-Digest", &whole)], b"--").status, 204);
    assert_eq!(alice.bytes("f"), b"12--567890");
    assert_eq!(alice.client().get("/dav/f").header("repr-digest"), Some(whole.as_str()));
}
