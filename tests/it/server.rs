//! The front end: limits, slow and half clients, proxies, the end.

use std::time::{Duration, Instant};

use crate::harness::{CHEAP, TestServer, eventually};
use crate::http::{Client, Connection};

/// S21: two hundred half-sent requests disturb nobody, and are cut in time.
#[test]
fn half_sent_requests_disturb_nobody() {
    let server =
        TestServer::with_config(&format!("[server]\nheader_timeout = \"1s\"\nstall_timeout = \"1s\"\n{CHEAP}"));
    let alice = server.person("alice");
    let heads = [
        "GET /dav/ HTTP/1.1\r\nHost: x\r\nX-Half: ",
        "PUT /dav/half HTTP/1.1\r\nHost: x\r\n",
        "G",
        "PRI * HTTP/2.0\r\n",
    ];
    let mut half: Vec<Connection> = (0..200)
        .map(|number| {
            let mut connection = Connection::open(server.addr);
            connection.write(heads[number % heads.len()].as_bytes());
            connection
        })
        .collect();
    let client = alice.client();
    let mut bodies: Vec<Connection> = (0..20)
        .map(|number| {
            let mut connection = client.connect();
            connection.write(&client.head("PUT", &format!("/dav/half{number}"), &[], Some(1_000_000)));
            connection.write(&[0; 1000]);
            connection
        })
        .collect();
    for number in 0..20 {
        assert_eq!(client.put(&format!("/dav/whole{number}"), b"x").status, 201);
    }
    assert!(half.iter_mut().all(Connection::is_closed), "a head must arrive in time");
    for connection in &mut bodies {
        if let Some(answer) = connection.try_answer("PUT") {
            assert_eq!(answer.status, 408);
        }
    }
    assert!(alice.names().iter().all(|name| name.starts_with("whole")), "{:?}", alice.names());
}

#[test]
fn idle_connections_are_kept_and_then_closed() {
    let server =
        TestServer::with_config(&format!("[server]\nidle_timeout = \"2s\"\nheader_timeout = \"500ms\"\n{CHEAP}"));
    let mut connection = Connection::open(server.addr);
    let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    connection.write(request);
    assert_eq!(connection.answer("GET").status, 200);
    let idle = Instant::now();
    std::thread::park_timeout(Duration::from_secs(1));
    connection.write(request);
    assert_eq!(connection.answer("GET").status, 200, "kept longer than a head may take");
    assert!(connection.is_closed());
    assert!(idle.elapsed() >= Duration::from_secs(2));
}

/// An answer that nobody takes does not hold the connection for ever.
#[test]
fn a_client_that_takes_nothing_is_cut() {
    let server = TestServer::with_config(&format!("[server]\nstall_timeout = \"1s\"\n{CHEAP}"));
    let alice = server.person("alice");
    std::fs::File::create(alice.file("big")).expect("a file").set_len(200 << 20).expect("a size");
    let client = alice.client();
    let mut connection = client.connect();
    connection.write(&client.head("GET", "/dav/big", &[], Some(0)));
    server.wait_for_log("whole=false");
}

#[test]
fn connections_are_limited_by_network() {
    let server = TestServer::with_config(&format!("[server]\nmax_connections_per_client = 5\n{CHEAP}"));
    let request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut held: Vec<Connection> = (0..5).map(|_| Connection::open(server.addr)).collect();
    for connection in &mut held {
        connection.write(request);
        assert_eq!(connection.answer("GET").status, 200);
    }
    assert!(Connection::open(server.addr).is_closed(), "one too many");
    drop(held);
    eventually("a place to be free again", || {
        let mut connection = Connection::open(server.addr);
        connection.try_write(request);
        connection.try_answer("GET").is_some()
    });
}

/// R18: log, throttle and network limits use the address that a trusted proxy names, and nobody else's word.
#[test]
fn the_clients_address_is_the_proxys_word_if_it_is_trusted() {
    let trusting = format!("[server]\ntrusted_proxies = [\"127.0.0.1\"]\n{CHEAP}throttle_failures = 2\n");
    let server = TestServer::with_config(&trusting);
    let far = server.person_with("alice", &["--from", "203.0.113.0/24"]);
    let from = |client: Client, hops: &str| client.with("X-Forwarded-For", hops).get("/dav/").status;
    assert_eq!(from(far.client(), "203.0.113.7"), 200);
    assert_eq!(from(far.client(), "1.2.3.4, 203.0.113.7, 127.0.0.1"), 200);
    assert_eq!(from(far.client(), "203.0.113.7, 1.2.3.4"), 401, "what stands left was written by strangers");
    assert_eq!(far.client().get("/dav/").status, 401);
    server.wait_for_log("client=203.0.113.7");
    let guess = |hop: &str, number: usize| from(server.stranger().with_basic("alice", &format!("g{number}")), hop);
    let statuses: Vec<u16> = (0..4).map(|number| guess("198.51.100.1", number)).collect();
    assert_eq!(statuses, [401, 401, 429, 429]);
    assert_eq!(guess("198.51.100.2", 9), 401, "R18: the proxy itself is not shut out");
    let listed = server.ok(&["app-password", "list", "alice", "--json"]);
    eventually("the last use", || server.ok(&["app-password", "list", "alice", "--json"]).contains("203.0.113.7"));
    assert!(listed.contains("203.0.113.0/24"));

    let wary = TestServer::start();
    let far = wary.person_with("alice", &["--from", "203.0.113.0/24"]);
    assert_eq!(from(far.client(), "203.0.113.7"), 401, "an untrusted peer's word counts for nothing");
}

/// The first half of 200,000 bytes for `/dav/f`.
fn half_an_upload(client: &Client) -> Connection {
    let mut upload = client.connect();
    upload.write(&client.head("PUT", "/dav/f", &[], Some(200_000)));
    upload.write(&vec![b'x'; 100_000]);
    upload
}

#[test]
fn the_first_signal_drains_and_what_runs_comes_to_its_end() {
    let mut server = TestServer::start();
    let alice = server.person("alice");
    let client = alice.client();
    let mut upload = half_an_upload(&client);
    let mut idle = client.connect();
    idle.write(&client.head("GET", "/healthz", &[], Some(0)));
    assert_eq!(idle.answer("GET").status, 200);
    server.signal("TERM");
    server.wait_for_log("draining");
    assert!(idle.is_closed(), "idle connections are closed");
    upload.write(&vec![b'x'; 100_000]);
    assert_eq!(upload.answer("PUT").status, 201);
    assert!(server.terminate().success());
    assert_eq!(alice.bytes("f").len(), 200_000);
    server.wait_for_log("ended");
}

#[test]
fn the_second_signal_ends() {
    let mut server = TestServer::start();
    let alice = server.person("alice");
    let mut upload = half_an_upload(&alice.client());
    server.signal("INT");
    server.wait_for_log("draining");
    assert!(server.terminate().success());
    assert!(upload.try_answer("PUT").is_none_or(|answer| answer.status >= 400));
    assert!(!alice.file("f").exists());
}

#[test]
fn last_uses_are_written_at_the_end() {
    let mut server = TestServer::start();
    let alice = server.person("alice");
    alice.client().get("/dav/");
    assert!(server.terminate().success());
    assert!(!server.ok(&["app-password", "list", "alice", "--json"]).contains("\"last_used_at\": null"));
}

#[test]
fn the_log_says_whether_an_answer_was_whole() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", &vec![b'x'; 3_000_000]);
    assert_eq!(alice.client().get("/dav/f").body.len(), 3_000_000);
    server.wait_for_log("path=/dav/f status=200 bytes=3000000 whole=true");
    alice.client().send("HEAD", "/dav/f", &[], b"");
    server.wait_for_log("method=HEAD path=/dav/f status=200 bytes=0 whole=true");
}

/// What HTTP/2 says on the wire, as far as these tests need it (RFC 9113, RFC 7541).
mod h2 {
    use crate::http::Connection;

    fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
        [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
    }

    /// Preface and settings, with that room for each answer.
    pub fn begin(connection: &mut Connection, window: u32) {
        let settings = [&[0, 4], window.to_be_bytes().as_slice()].concat();
        connection.write(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(4, 0, 0, &settings)].concat());
    }

    /// GET of a path: method and scheme by the static table, path and authority as literals.
    pub fn get(connection: &mut Connection, stream: u32, path: &str) {
        let literal =
            |index: u8, text: &str| [&[index, u8::try_from(text.len()).expect("short")], text.as_bytes()].concat();
        let block = [vec![0x82, 0x86], literal(0x04, path), literal(0x01, "localhost")].concat();
        connection.write(&frame(1, 0x5, stream, &block));
    }

    /// A ping, which is no request.
    pub fn ping(connection: &mut Connection) {
        connection.try_write(&frame(6, 0, 0, &[0; 8]));
    }
}

/// An answer that HTTP/2's flow control holds back does not hold the connection for ever.
#[test]
fn an_answer_that_is_never_taken_ends_in_http_2_too() {
    let server = TestServer::with_config(&format!("[server]\nstall_timeout = \"200ms\"\n{CHEAP}"));
    let mut connection = Connection::open(server.addr);
    h2::begin(&mut connection, 0);
    h2::get(&mut connection, 1, "/healthz");
    let mut all = Vec::new();
    let ended = std::io::Read::read_to_end(&mut connection.stream, &mut all);
    assert!(ended.is_ok() || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
    assert!(!all.is_empty(), "the head of the answer came");
}

/// Pings are no requests: an idle connection ends, but not before its time.
#[test]
fn an_idle_connection_ends_in_http_2_too() {
    let config = format!("[server]\nheader_timeout = \"300ms\"\nidle_timeout = \"2s\"\n{CHEAP}");
    let server = TestServer::with_config(&config);
    let mut connection = Connection::open(server.addr);
    h2::begin(&mut connection, 65_535);
    h2::get(&mut connection, 1, "/healthz");
    let began = Instant::now();
    std::thread::park_timeout(Duration::from_millis(200));
    h2::ping(&mut connection);
    let mut all = Vec::new();
    let _ = std::io::Read::read_to_end(&mut connection.stream, &mut all);
    assert!(all.windows(3).any(|window| window == b"ok\n"), "the answer came");
    assert!(began.elapsed() >= Duration::from_secs(2), "a ping is not a head that is late: {:?}", began.elapsed());
}
