//! Transfers in flight end within five seconds of what let them in (S9): revocation, expiry, the account's disabling.

use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::harness::{Person, TestServer};

/// Within this, as S9 has it.
const SOON: Duration = Duration::from_secs(5);
const SIZE: usize = 300_000_000;

/// Begins to read a large file and gives the connection with some of it read.
fn begin_download(person: &Person) -> TcpStream {
    let client = person.client();
    let mut connection = client.connect();
    connection.write(&client.head("GET", "/dav/large", &[], Some(0)));
    let mut some = [0; 10_000];
    connection.stream.read_exact(&mut some).expect("the beginning");
    connection.stream
}

/// Reads slowly until the end; how much came, and how long it took.
fn read_on(mut stream: TcpStream) -> (usize, Duration) {
    let (began, mut came) = (Instant::now(), 0);
    let mut piece = vec![0; 20_000];
    loop {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return (came, began.elapsed()),
            Ok(read) => came += read,
        }
        assert!(began.elapsed() < Duration::from_mins(1), "it goes on and on");
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

/// Begins to send a large file.
fn begin_upload(person: &Person) -> crate::http::Connection {
    let client = person.client();
    let mut connection = client.connect();
    connection.write(&client.head("PUT", "/dav/upload", &[], Some(SIZE)));
    connection.write(&vec![1; 200_000]);
    connection
}

fn large(person: &Person) {
    // Somebody may be reading it.
    if person.file("large").exists() {
        return;
    }
    let file = std::fs::File::create(person.file("large")).expect("a file");
    file.set_len(SIZE as u64).expect("a hole");
}

/// Everything that is under way ends, and nothing is left of the upload.
fn ends(server: &TestServer, alice: &Person, cut: impl FnOnce()) {
    large(alice);
    let (reading, stuck) = (begin_download(alice), begin_download(alice));
    let mut upload = begin_upload(alice);
    crate::harness::eventually("the upload has begun", || {
        alice.names().iter().any(|name| name.starts_with(".latchkey-tmp/"))
    });
    cut();
    let began = Instant::now();
    let reader = std::thread::spawn(move || read_on(reading));
    assert_eq!(upload.answer("PUT").status, 401, "also where nothing is sent");
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    let (came, took) = reader.join().expect("it was read");
    assert!(came < SIZE / 2 && took < SOON * 2, "{came} bytes in {took:?}");
    // Who takes nothing is cut off as well: the rest is not kept for them.
    let (came, _) = read_on(stuck);
    assert!(came < SIZE / 2, "{came}");
    assert_eq!(alice.names(), ["large"]);
    crate::harness::eventually("all three are over", || server.log().matches("path=/dav/").count() >= 3);
}

#[test]
fn revocation_ends_them() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let other = server.person("alice");
    let going_on = {
        large(&other);
        begin_download(&other)
    };
    ends(&server, &alice, || drop(server.ok(&["app-password", "revoke", &alice.key])));
    // Another password of the same person is no matter.
    let mut rest = going_on;
    let mut piece = vec![0; 1 << 20];
    let mut came = 10_000;
    loop {
        match rest.read(&mut piece).expect("more of it") {
            0 => panic!("ended after {came}"),
            read => came += read,
        }
        if came > SIZE {
            break;
        }
    }
}

#[test]
fn expiry_ends_them() {
    let server = TestServer::start();
    let alice = server.person_with("alice", &["--expires", "3s"]);
    let began = Instant::now();
    ends(&server, &alice, || {
        std::thread::sleep(Duration::from_secs(3).saturating_sub(began.elapsed()));
    });
}

#[test]
fn disabling_the_account_ends_them() {
    let server = TestServer::start();
    let alice = server.person("alice");
    ends(&server, &alice, || drop(server.ok(&["user", "disable", "alice"])));
}

/// A small upload that began while it was let in is not put in place afterwards.
#[test]
fn what_was_sent_in_time_but_not_finished_is_not_stored() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let client = alice.client();
    let mut connection = client.connect();
    connection.write(&client.head("PUT", "/dav/small", &[], Some(10)));
    connection.write(b"12345");
    crate::harness::eventually("the request has come in", || connection_is_open(&alice));
    server.ok(&["app-password", "revoke", &alice.key]);
    connection.try_write(b"67890");
    assert_eq!(connection.answer("PUT").status, 401);
    assert_eq!(alice.names(), Vec::<String>::new());
}

/// Also of a method with a small body, or none, whose end was not sent yet.
#[test]
fn what_waits_for_the_end_of_its_body_is_not_done_afterwards() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/kept", b"kept");
    let waiting: Vec<_> = [("DELETE", ""), ("PROPPATCH", "<D:propertyupdate"), ("PROPFIND", "<D:propfind")]
        .iter()
        .map(|(method, begun)| {
            let client = alice.client();
            let mut connection = client.connect();
            connection.write(&client.head(method, "/dav/kept", &[], None));
            if !begun.is_empty() {
                connection.chunk(begun.as_bytes());
            }
            (method, connection)
        })
        .collect();
    crate::harness::eventually("the requests have come in", || connection_is_open(&alice));
    server.ok(&["app-password", "revoke", &alice.key]);
    let began = Instant::now();
    for (method, mut connection) in waiting {
        assert_eq!(connection.answer(method).status, 401, "{method}");
    }
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    assert_eq!(alice.bytes("kept"), b"kept");
}

/// The server answers others, so it has read what was sent before.
fn connection_is_open(person: &Person) -> bool {
    person.client().get("/dav/").status == 200
}

/// A reader over HTTP/2 gets an error in the stream, not an end.
#[test]
fn a_stream_of_http2_ends_too() {
    let server = TestServer::start();
    let alice = server.person("alice");
    large(&alice);
    let mut curl = crate::clients::client("curl")
        .args(["--silent", "--show-error", "--http2-prior-knowledge", "--limit-rate", "20M", "--output", "/dev/null"])
        .args(["--user", &format!("{}:{}", alice.name, alice.key)])
        .arg(format!("{}large", alice.url()))
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("curl runs");
    crate::harness::eventually("the password was used", || {
        server.ok(&["app-password", "list", "alice", "--json"]).contains("curl")
    });
    server.ok(&["app-password", "revoke", &alice.key]);
    let began = Instant::now();
    let status = curl.wait().expect("it ends");
    assert!(!status.success() && began.elapsed() < SOON * 2, "{status} after {:?}", began.elapsed());
}
