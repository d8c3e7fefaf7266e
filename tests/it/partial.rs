//! A part of a file is replaced, whole or not at all: `Content-Range` on PUT, SabreDAV's PATCH.

use crate::harness::{CHEAP, Person, TestServer};
use crate::http::Answer;

const KIND: (&str, &str) = ("Content-Type", "application/x-sabredav-partialupdate");

fn patch(person: &Person, path: &str, range: &str, body: &[u8]) -> Answer {
    person.client().send("PATCH", path, &[KIND, ("X-Update-Range", range)], body)
}

fn put_range(person: &Person, path: &str, range: &str, body: &[u8]) -> Answer {
    person.client().send("PUT", path, &[("Content-Range", range)], body)
}

/// The table of <https://sabre.io/dav/http-patch/>, row by row.
#[test]
fn every_kind_of_range_does_what_sabredav_says() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for (range, result) in [
        ("bytes=0-3", b"----567890".as_slice()),
        ("bytes=1-4", b"1----67890"),
        ("bytes=0-", b"----567890"),
        ("bytes=-4", b"123456----"),
        ("bytes=-2", b"12345678----"),
        ("bytes=2-", b"12----7890"),
        ("bytes=12-", b"1234567890\0\0----"),
        ("append", b"1234567890----"),
    ] {
        let whole = alice.client().put("/dav/f", b"1234567890");
        let answer = patch(&alice, "/dav/f", range, b"----");
        assert_eq!(answer.status, 204, "{range}");
        assert_eq!(alice.bytes("f"), result, "{range}");
        assert_ne!(answer.etag(), whole.etag());
        assert_eq!(alice.client().get("/dav/f").etag(), answer.etag());
    }
    assert_eq!(alice.names(), ["f"]);
    let options = alice.client().send("OPTIONS", "/dav/f", &[], b"");
    assert!(options.header("dav").is_some_and(|classes| classes.contains("sabredav-partialupdate")));
    assert!(options.header("allow").is_some_and(|allow| allow.contains("PATCH")));
}

#[test]
fn a_put_with_a_range_replaces_that_part_alone() {
    let server = TestServer::start();
    let alice = server.person("alice");
    // In pieces, as clients resume an upload.
    assert_eq!(put_range(&alice, "/dav/f", "bytes 0-3/10", b"0123").status, 201);
    assert_eq!(put_range(&alice, "/dav/f", "bytes 4-9/10", b"456789").status, 204);
    assert_eq!(put_range(&alice, "/dav/f", "bytes 2-3/*", b"xy").status, 204);
    assert_eq!(alice.bytes("f"), b"01xy456789");
    assert_eq!(put_range(&alice, "/dav/f", "bytes 8-11/12", b"long").status, 204);
    assert_eq!(alice.bytes("f"), b"01xy4567long");
    // What nobody has sent is not made up.
    let answer = put_range(&alice, "/dav/f", "bytes 13-14/15", b"ab");
    assert_eq!((answer.status, answer.header("content-range")), (416, Some("bytes */12")));
    assert_eq!(put_range(&alice, "/dav/new", "bytes 1-2/3", b"ab").status, 416);
    assert_eq!(alice.names(), ["f"]);
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"1234567890");
    alice.client().send("MKCOL", "/dav/d", &[], b"");
    let before = alice.client().get("/dav/f").etag();
    for (range, status) in [
        ("", 400),
        ("bytes", 400),
        ("bytes=", 400),
        ("bytes=-", 400),
        ("bytes=0-1,3-4", 400),
        ("bytes=5-2", 416),
        ("bytes=0-9", 416),
        ("bytes=-11", 416),
        ("bytes=9223372036854775806-", 507),
        ("bytes=18446744073709551615-", 400),
        ("items=0-3", 400),
    ] {
        assert_eq!(patch(&alice, "/dav/f", range, b"----").status, status, "{range}");
    }
    for (range, status) in
        [("", 400), ("bytes 0-3", 400), ("bytes 0-2/10", 416), ("bytes 3-0/10", 400), ("bytes */10", 400)]
    {
        assert_eq!(put_range(&alice, "/dav/f", range, b"----").status, status, "{range}");
    }
    let client = alice.client();
    let range = ("X-Update-Range", "bytes=0-3");
    let answer = client.send("PATCH", "/dav/f", &[range], b"----");
    assert_eq!((answer.status, answer.header("accept-patch")), (415, Some(KIND.1)));
    assert_eq!(client.send("PATCH", "/dav/f", &[KIND], b"----").status, 400);
    assert_eq!(client.send("PATCH", "/dav/f", &[KIND, range, ("If-Match", "\"x\"")], b"----").status, 412);
    assert_eq!(patch(&alice, "/dav/none", "append", b"x").status, 404);
    assert_eq!(patch(&alice, "/dav/d", "append", b"x").status, 405);
    let mut connection = client.connect();
    connection.write(&client.head("PATCH", "/dav/f", &[KIND, range], None));
    connection.chunk(b"----");
    connection.chunk(b"");
    assert_eq!(connection.answer("PATCH").status, 411);
    assert_eq!(client.get("/dav/f").etag(), before);
    assert_eq!(alice.bytes("f"), b"1234567890");
    assert_eq!(alice.names(), ["d", "f"]);
}

#[test]
fn only_who_may_write_may_patch() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"1234");
    for scope in ["--read-only", "--upload-only"] {
        let other = server.person_with("alice", &[scope]);
        assert_eq!(patch(&other, "/dav/f", "append", b"x").status, 403, "{scope}");
        assert_eq!(put_range(&other, "/dav/f", "bytes 0-0/4", b"x").status, 403, "{scope}");
    }
    assert_eq!(alice.bytes("f"), b"1234");
}

/// A client that goes away in the middle leaves the file as it was.
#[test]
fn a_part_that_is_cut_short_changes_nothing() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let whole = vec![1; 3_000_000];
    let before = alice.client().put("/dav/f", &whole).etag();
    let client = alice.client();
    let mut connection = client.connect();
    let range = ("X-Update-Range", "bytes=0-1999999");
    connection.write(&client.head("PATCH", "/dav/f", &[KIND, range], Some(2_000_000)));
    connection.try_write(&vec![2; 1_000_000]);
    crate::harness::eventually("the upload has begun", || alice.names().len() > 1);
    assert_eq!(alice.client().get("/dav/f").body, whole, "readers see the old file meanwhile");
    connection.reset();
    crate::harness::eventually("nothing is left of it", || alice.names() == ["f"]);
    assert_eq!(alice.client().get("/dav/f").etag(), before);
    assert_eq!(alice.bytes("f"), whole);
}

/// Two parts at a time: the one that comes later finds another file than it was made for, and says so.
#[test]
fn a_change_in_between_is_not_lost() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", &vec![1; 200_000]);
    let client = alice.client();
    let mut connection = client.connect();
    let range = ("X-Update-Range", "bytes=0-99999");
    connection.write(&client.head("PATCH", "/dav/f", &[KIND, range], Some(100_000)));
    connection.write(&vec![2; 50_000]);
    crate::harness::eventually("the upload has begun", || alice.names().len() > 1);
    assert_eq!(patch(&alice, "/dav/f", "bytes=0-0", b"3").status, 204);
    connection.write(&vec![2; 50_000]);
    assert_eq!(connection.answer("PATCH").status, 409);
    let bytes = alice.bytes("f");
    assert!(bytes[0] == b'3' && bytes[1..].iter().all(|byte| *byte == 1));
}

/// Where the file system cannot share bytes, a file larger than the limit is refused; where it can, nothing is copied.
#[test]
fn a_file_too_large_to_be_copied_is_refused() {
    let server = TestServer::with_config(&format!("{CHEAP}[dav]\npartial_upload_max = \"1MB\"\n"));
    let alice = server.person("alice");
    alice.client().put("/dav/small", &vec![1; 1_000_000]);
    alice.client().put("/dav/large", &vec![1; 1_000_001]);
    assert_eq!(patch(&alice, "/dav/small", "append", b"x").status, 204);
    let shares = {
        let file = std::fs::File::open(alice.file("small")).expect("a file");
        let other = std::fs::File::create(server.folder.path().join("clone")).expect("a file");
        rustix::fs::ioctl_ficlone(&other, &file).is_ok()
    };
    let answer = patch(&alice, "/dav/large", "append", b"x");
    assert_eq!(answer.status, if shares { 204 } else { 413 }, "{}", answer.text());
    if !shares {
        assert!(answer.text().contains("send it whole"), "{}", answer.text());
        assert_eq!(alice.bytes("large").len(), 1_000_001);
    }
    assert_eq!(alice.names(), ["large", "small"]);
}
