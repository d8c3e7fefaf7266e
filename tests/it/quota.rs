//! How much a person's files may take: told, kept, and known without walking for each request (RFC 4331, R21, R22).

use std::fs;
use std::time::Duration;

use crate::harness::{CHEAP, Person, TestServer, eventually_within};
use crate::http::Answer;

const QUOTA: usize = 1_000_000;

fn limited(server: &TestServer) -> Person {
    server.ok(&["user", "add", "alice", "--quota", &format!("{QUOTA}B")]);
    server.person("alice")
}

const ASK: &str =
    "<D:propfind xmlns:D=\"DAV:\"><D:prop><D:quota-available-bytes/><D:quota-used-bytes/></D:prop></D:propfind>";

fn number(text: &str, name: &str) -> Option<u64> {
    let (_, rest) = text.split_once(&format!("<D:{name}>"))?;
    rest.split_once('<')?.0.parse().ok()
}

/// Available and used, as the topmost folder tells them.
fn told(person: &Person) -> (u64, u64) {
    let answer = person.client().send("PROPFIND", "/dav/", &[("Depth", "0")], ASK.as_bytes());
    assert_eq!(answer.status, 207);
    let text = answer.text();
    let number = |name| number(&text, name).unwrap_or_else(|| panic!("{name} in {text}"));
    (number("quota-available-bytes"), number("quota-used-bytes"))
}

fn refused(answer: &Answer) {
    assert_eq!(answer.status, 507, "{}", answer.text());
    assert!(answer.text().contains("<D:quota-not-exceeded/>"), "{}", answer.text());
}

#[test]
fn it_is_told_on_request_only_and_on_folders_only() {
    let server = TestServer::start();
    let alice = limited(&server);
    alice.client().put("/dav/a", &[1; 1000]);
    assert_eq!(alice.client().send("MKCOL", "/dav/d", &[], b"").status, 201);
    assert_eq!(told(&alice), (999_000, 1000));
    let all = alice.client().send("PROPFIND", "/dav/", &[("Depth", "1")], b"");
    assert!(!all.text().contains("quota-"), "{}", all.text());
    let answer = alice.client().send("PROPFIND", "/dav/", &[("Depth", "1")], ASK.as_bytes()).text();
    let responses: Vec<&str> = answer.split("<D:response>").skip(1).collect();
    assert_eq!(responses.len(), 3, "{answer}");
    for response in responses {
        let is_folder = !response.contains("/dav/a<");
        assert_eq!(number(response, "quota-used-bytes"), is_folder.then_some(1000), "{response}");
        assert_eq!(response.contains("404 Not Found"), !is_folder, "{response}");
    }
    let with = "<D:propfind xmlns:D=\"DAV:\"><D:allprop/><D:include><D:quota-used-bytes/></D:include></D:propfind>";
    let answer = alice.client().send("PROPFIND", "/dav/d", &[("Depth", "0")], with.as_bytes()).text();
    assert_eq!(number(&answer, "quota-used-bytes"), Some(1000), "{answer}");
    let set = "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><D:quota-available-bytes>9</D:quota-available-bytes>\
               </D:prop></D:set></D:propertyupdate>";
    let answer = alice.client().send("PROPPATCH", "/dav/", &[], set.as_bytes()).text();
    assert!(answer.contains("403 Forbidden") && answer.contains("cannot-modify-protected-property"), "{answer}");
}

/// Without a quota, the disk's room is what is available; also beyond 32 bits.
#[test]
fn without_a_quota_the_disk_counts() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let free = rustix::fs::statvfs(&alice.home).expect("a file system");
    let (available, used) = told(&alice);
    let there = free.f_bavail * free.f_frsize;
    assert!(available.abs_diff(there) < 4_000_000_000, "{available} of {there}");
    assert_eq!(used, 0);
    server.ok(&["user", "add", "bob", "--quota", "40TB"]);
    let bob = server.person("bob");
    assert!(told(&bob).0.abs_diff(there) < 4_000_000_000, "the disk has less than the quota");
    // 5 GiB that take no room: more than 32 bits hold.
    let sparse = fs::File::create(bob.file("large")).expect("a file");
    sparse.set_len(5 << 30).expect("a hole");
    eventually_within("the large file", Duration::from_mins(1), || told(&bob).1 == 5 << 30);
}

#[test]
fn an_upload_beyond_it_is_refused_and_leaves_nothing() {
    let server = TestServer::start();
    let alice = limited(&server);
    let client = alice.client();
    assert_eq!(client.put("/dav/full", &vec![1; QUOTA]).status, 201);
    assert_eq!(told(&alice), (0, QUOTA as u64));
    refused(&client.put("/dav/more", b"x"));
    refused(&client.put("/dav/full", &vec![2; QUOTA + 1]));
    assert_eq!(client.put("/dav/empty", b"").status, 201, "nothing takes no room");
    assert_eq!(client.put("/dav/full", &vec![3; QUOTA]).status, 204, "as large as what it replaces");
    assert_eq!(client.put("/dav/full", &vec![4; QUOTA / 2]).status, 204);
    assert_eq!(client.put("/dav/more", &vec![5; QUOTA / 2]).status, 201);
    refused(&client.put("/dav/yet", b"x"));
    assert_eq!(alice.names(), ["empty", "full", "more"]);
    assert_eq!(client.send("DELETE", "/dav/more", &[], b"").status, 204);
    assert_eq!(told(&alice), (QUOTA as u64 / 2, QUOTA as u64 / 2));
}

/// Chunked, nobody knows beforehand how much will come: it ends where the room ends.
#[test]
fn a_chunked_upload_beyond_it_is_refused_as_it_comes() {
    let server = TestServer::start();
    let alice = limited(&server);
    let send = |path: &str, size: usize| {
        let client = alice.client();
        let mut connection = client.connect();
        connection.write(&client.head("PUT", path, &[], None));
        for _ in 0..size / 50_000 {
            connection.chunk(&vec![7; 50_000]);
        }
        connection.chunk(b"");
        connection.answer("PUT")
    };
    refused(&send("/dav/a", QUOTA + 50_000));
    assert_eq!(alice.names(), Vec::<String>::new());
    assert_eq!(send("/dav/a", QUOTA).status, 201);
    refused(&send("/dav/a", QUOTA + 50_000));
    assert_eq!(alice.bytes("a").len(), QUOTA);
}

/// Eight at a time, each of which would fit alone.
#[test]
fn simultaneous_uploads_together_stay_within_it() {
    let server = TestServer::start();
    let alice = limited(&server);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let put = |number: u8| {
            let client = alice.client();
            scope.spawn(move || client.put(&format!("/dav/{number}"), &vec![number; 300_000]).status)
        };
        let running: Vec<_> = (0..8).map(put).collect();
        running.into_iter().map(|one| one.join().expect("a status")).collect()
    });
    let count = |status| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((count(201), count(507)), (3, 5), "{statuses:?}");
    assert_eq!(told(&alice), (100_000, 900_000));
}

#[test]
fn copies_count_and_moves_do_not() {
    let server = TestServer::start();
    let alice = limited(&server);
    let client = alice.client();
    let to = |method: &str, from: &str, to: &str| client.send(method, from, &[("Destination", to)], b"");
    client.send("MKCOL", "/dav/tree", &[], b"");
    client.put("/dav/tree/a", &vec![1; 250_000]);
    client.put("/dav/tree/b", &vec![2; 250_000]);
    assert_eq!(to("COPY", "/dav/tree", "/dav/again").status, 201);
    assert_eq!(told(&alice), (0, QUOTA as u64));
    refused(&to("COPY", "/dav/tree", "/dav/third"));
    refused(&to("COPY", "/dav/tree/a", "/dav/single"));
    assert_eq!(alice.names(), ["again", "again/a", "again/b", "tree", "tree/a", "tree/b"]);
    assert_eq!(to("MOVE", "/dav/tree", "/dav/moved").status, 201, "a full home can be put in order");
    assert_eq!(to("COPY", "/dav/moved/a", "/dav/moved/b").status, 204, "as large as what it replaces");
    assert_eq!(told(&alice), (0, QUOTA as u64));
    // Of a tree nobody has counted what goes: it is found out before anything is refused.
    assert_eq!(client.send("DELETE", "/dav/again", &[], b"").status, 204);
    assert_eq!(client.put("/dav/new", &vec![3; 500_000]).status, 201);
    assert_eq!(to("MOVE", "/dav/new", "/dav/moved").status, 204, "a file in the place of a tree");
    assert_eq!(client.put("/dav/new", &vec![3; 500_000]).status, 201);
    refused(&client.put("/dav/last", b"x"));
}

/// A part of a file takes only what it adds.
#[test]
fn parts_of_files_count_by_what_they_add() {
    let server = TestServer::start();
    let alice = limited(&server);
    let client = alice.client();
    client.put("/dav/f", &vec![1; QUOTA - 10]);
    let patch = |range: &str, body: &[u8]| {
        let kind = ("Content-Type", "application/x-sabredav-partialupdate");
        client.send("PATCH", "/dav/f", &[kind, ("X-Update-Range", range)], body)
    };
    assert_eq!(patch("bytes=0-19", &[2; 20]).status, 204);
    refused(&patch("append", &[3; 11]));
    assert_eq!(patch("append", &[3; 10]).status, 204);
    assert_eq!(told(&alice), (0, QUOTA as u64));
}

/// Other programs work in the homes, too. It takes up to a minute until that is seen; a refusal looks before.
#[test]
fn what_comes_and_goes_from_outside_counts() {
    let server = TestServer::start();
    let alice = limited(&server);
    let client = alice.client();
    assert_eq!(told(&alice).1, 0);
    fs::create_dir(alice.file("outside")).expect("a folder");
    fs::write(alice.file("outside/f"), vec![1; QUOTA]).expect("written");
    eventually_within("what came from outside", Duration::from_mins(1), || told(&alice).1 == QUOTA as u64);
    refused(&client.put("/dav/more", b"x"));
    fs::remove_file(alice.file("outside/f")).expect("removed");
    // A refusal is sure for five seconds, so that it cannot be used to have the disk walked again and again.
    eventually_within("the room that is there again", Duration::from_secs(10), || {
        client.put("/dav/more", b"x").status == 201
    });
}

/// The home is not walked for each request: a file that nobody told of stays unseen for a moment, ours are seen at once.
#[test]
fn it_is_known_without_a_walk_for_each_request() {
    let server = TestServer::start();
    let alice = limited(&server);
    alice.client().put("/dav/a", &[1; 100]);
    assert_eq!(told(&alice).1, 100);
    fs::write(alice.file("b"), [2; 1000]).expect("written");
    alice.client().put("/dav/c", &[3; 10]);
    assert_eq!(told(&alice).1, 110);
}

/// An application password for a folder is told of the whole home: that is where the quota holds.
#[test]
fn a_password_for_a_folder_is_told_and_held_to_it() {
    let server = TestServer::start();
    server.ok(&["user", "add", "alice", "--quota", "1000B"]);
    let alice = server.person("alice");
    alice.client().send("MKCOL", "/dav/in", &[], b"");
    alice.client().put("/dav/out", &[1; 600]);
    let confined = server.person_with("alice", &["--folder", "/in"]);
    assert_eq!(told(&confined), (400, 600));
    refused(&confined.client().put("/dav/in/f", &[1; 401]));
    assert_eq!(confined.client().put("/dav/in/f", &[1; 400]).status, 201);
    assert_eq!(told(&confined), (0, 1000));
}

/// The client waits for a word before it sends its body, and gets a no.
#[test]
fn who_asks_before_sending_is_refused_before_sending() {
    let server = TestServer::with_config(CHEAP);
    let alice = limited(&server);
    let client = alice.client();
    client.put("/dav/locked", b"old");
    let lock = "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>\
                </D:lockinfo>";
    assert_eq!(client.send("LOCK", "/dav/locked", &[], lock.as_bytes()).status, 200);
    let read_only = server.person_with("alice", &["--read-only"]).client();
    let stranger = server.stranger();
    let expect = ("Expect", "100-continue");
    for (client, path, headers, length, status) in [
        (&stranger, "/dav/a", vec![expect], 10, 401),
        (&read_only, "/dav/a", vec![expect], 10, 403),
        (&client, "/dav/none/a", vec![expect], 10, 409),
        (&client, "/dav/a", vec![expect, ("If-Match", "\"x\"")], 10, 412),
        (&client, "/dav/locked", vec![expect], 10, 423),
        (&client, "/dav/a", vec![expect], QUOTA + 1, 507),
    ] {
        let mut connection = client.connect();
        connection.write(&client.head("PUT", path, &headers, Some(length)));
        assert_eq!(connection.answer("PUT").status, status, "{path} {headers:?}");
    }
    let mut connection = client.connect();
    connection.write(&client.head("PUT", "/dav/a", &[expect], Some(3)));
    assert_eq!(connection.interim(), 100);
    connection.write(b"abc");
    assert_eq!(connection.answer("PUT").status, 201);
    assert_eq!(alice.bytes("a"), b"abc");
}
