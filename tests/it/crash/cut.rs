//! An overwrite that ends half-way: by the client, or with the server (R1).

use std::net::Shutdown;

use super::again;
use crate::harness::{Person, TestServer, eventually};
use crate::http::Connection;

/// More than the server gathers before it writes, so that half of it is on the disk already.
const WHOLE: usize = 4 * 1024 * 1024;
const OLD: &[u8] = b"what the person had before";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Body {
    WithLength,
    Chunked,
}

/// Sends half a body, and waits until the server has begun to write it down.
fn half(person: &Person, path: &str, body: Body, half: usize) -> Connection {
    let client = person.client();
    let mut connection = client.connect();
    let bytes = vec![b'n'; half];
    match body {
        Body::WithLength => {
            connection.write(&client.head("PUT", path, &[], Some(half * 2)));
            connection.write(&bytes);
        }
        Body::Chunked => {
            connection.write(&client.head("PUT", path, &[], None));
            for piece in bytes.chunks(64 * 1024) {
                connection.chunk(piece);
            }
        }
    }
    connection
}

/// Whether bytes of an upload lie in the hidden folder.
fn is_under_way(person: &Person) -> bool {
    let unfinished = person.names().into_iter().filter(|name| name.starts_with(".latchkey-tmp/"));
    unfinished.map(|name| person.file(&name)).any(|path| path.metadata().is_ok_and(|file| file.len() > 0))
}

fn etag(person: &Person, path: &str) -> String {
    person.client().send("HEAD", path, &[], b"").etag()
}

/// The client goes away in that manner; the old is what is left.
fn cut(body: Body, go: impl FnOnce(Connection)) {
    let server = TestServer::start();
    let alice = server.person("alice");
    assert_eq!(alice.client().put("/dav/keep.txt", OLD).status, 201);
    let before = etag(&alice, "/dav/keep.txt");
    let connection = half(&alice, "/dav/keep.txt", body, WHOLE / 2);
    eventually("half the body on the disk", || is_under_way(&alice));
    assert_eq!(alice.bytes("keep.txt"), OLD, "nobody sees the half");
    assert_eq!(etag(&alice, "/dav/keep.txt"), before);
    go(connection);
    eventually("the traces to be gone", || alice.names() == ["keep.txt"]);
    assert_eq!(alice.bytes("keep.txt"), OLD);
    assert_eq!(etag(&alice, "/dav/keep.txt"), before);
    assert_eq!(alice.client().get("/dav/keep.txt").body, OLD);
    let puts = server.log().lines().filter(|line| line.contains("method=PUT")).map(str::to_owned).collect::<Vec<_>>();
    assert!(puts[0].contains("status=201"), "{puts:?}");
    assert!(puts[1..].iter().all(|line| !line.contains("status=2")), "it counts as no success: {puts:?}");
    assert_eq!(alice.client().put("/dav/keep.txt", b"new").status, 204, "the same can be done again");
}

/// FIN: the client says that nothing more comes, and still hears what the server thinks of it.
fn by_fin(mut connection: Connection) {
    connection.stream.shutdown(Shutdown::Write).expect("FIN is sent");
    if let Some(answer) = connection.try_answer("PUT") {
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
}

#[test]
fn fin_in_a_body_of_known_length() {
    cut(Body::WithLength, by_fin);
}

#[test]
fn fin_in_a_chunked_body() {
    cut(Body::Chunked, by_fin);
}

#[test]
fn rst_in_a_body_of_known_length() {
    cut(Body::WithLength, Connection::reset);
}

#[test]
fn rst_in_a_chunked_body() {
    cut(Body::Chunked, Connection::reset);
}

/// Small bodies take another way through the server, and a new file has no old one to fall back to.
#[test]
fn small_and_new_files_leave_no_trace_either() {
    let server = TestServer::start();
    let alice = server.person("alice");
    assert_eq!(alice.client().put("/dav/keep.txt", OLD).status, 201);
    let before = etag(&alice, "/dav/keep.txt");
    for path in ["/dav/keep.txt", "/dav/new.txt"] {
        for body in [Body::WithLength, Body::Chunked] {
            for size in [0, 10, WHOLE / 2] {
                by_fin(half(&alice, path, body, size.max(1)));
                half(&alice, path, body, size.max(1)).reset();
            }
        }
    }
    eventually("the traces to be gone", || alice.names() == ["keep.txt"]);
    assert_eq!((alice.bytes("keep.txt"), etag(&alice, "/dav/keep.txt")), (OLD.to_vec(), before));
}

#[test]
fn the_server_is_killed_at_half_an_overwrite() {
    for body in [Body::WithLength, Body::Chunked] {
        let mut server = TestServer::start();
        let alice = server.person("alice");
        assert_eq!(alice.client().put("/dav/keep.txt", OLD).status, 201);
        let before = etag(&alice, "/dav/keep.txt");
        let mut connection = half(&alice, "/dav/keep.txt", body, WHOLE / 2);
        eventually("half the body on the disk", || is_under_way(&alice));
        server.kill();
        assert!(connection.try_answer("PUT").is_none(), "nothing was acknowledged");
        assert!(is_under_way(&alice), "there is something to sweep");
        assert_eq!(alice.bytes("keep.txt"), OLD);
        server.start_again();
        let alice = again(&alice, &server);
        assert_eq!(alice.client().get("/dav/keep.txt").body, OLD);
        assert_eq!(etag(&alice, "/dav/keep.txt"), before);
        eventually("the litter to be swept", || alice.names() == ["keep.txt"]);
        assert_eq!(alice.client().put("/dav/keep.txt", b"new").status, 204);
    }
}

/// The sweep is for what an earlier server left: an upload to the new one is none of its business.
#[test]
fn an_upload_that_begins_right_after_the_restart_is_not_swept() {
    let mut server = TestServer::start();
    let alice = server.person("alice");
    let _connection = half(&alice, "/dav/old.bin", Body::Chunked, WHOLE / 2);
    eventually("half the body on the disk", || is_under_way(&alice));
    server.crash_and_restart();
    let alice = again(&alice, &server);
    let mut connection = half(&alice, "/dav/new.bin", Body::Chunked, WHOLE / 2);
    eventually("the litter to be swept", || {
        alice.names().iter().filter(|name| name.starts_with(".latchkey-tmp/")).count() == 1
    });
    connection.chunk(b"end");
    connection.chunk(b"");
    assert_eq!(connection.answer("PUT").status, 201);
    assert_eq!(alice.names(), ["new.bin"]);
    assert_eq!(alice.bytes("new.bin").len(), WHOLE / 2 + 3);
}
