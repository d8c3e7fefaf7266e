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

#[test]
fn the_first_signal_drains_and_what_runs_comes_to_its_end() {
    let mut server = TestServer::start();
    let alice = server.person("alice");
    let client = alice.client();
    let mut upload = client.connect();
    upload.write(&client.head("PUT", "/dav/f", &[], Some(200_000)));
    upload.write(&vec![b'x'; 100_000]);
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
}

#[test]
fn the_second_signal_ends() {
    let mut server = TestServer::start();
    let alice = server.person("alice");
    let client = alice.client();
    let mut upload = client.connect();
    upload.write(&client.head("PUT", "/dav/f", &[], Some(200_000)));
    upload.write(&vec![b'x'; 100_000]);
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
