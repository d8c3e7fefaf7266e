//! `latchkey doctor` and company directories: none of these tests has one that works.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::harness::{CHEAP, TestServer};

/// The lines of `latchkey doctor`, which has to find something.
fn complaints(server: &TestServer) -> Vec<String> {
    let output = server.run(&["doctor"]);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    stdout.lines().map(ToOwned::to_owned).collect()
}

/// A configuration with both kinds of directories at that port.
fn with_directories(port: u16, timeout: &str) -> String {
    format!(
        "{CHEAP}\n[server]\npublic_urls = [\"https://dav.example.org\"]\n\
         [[oidc]]\nlabel = \"Acme\"\nissuer = \"http://127.0.0.1:{port}\"\nclient_id = \"latchkey\"\ntimeout = \"{timeout}\"\n\
         [[ldap]]\nlabel = \"Staff\"\nurls = [\"ldap://127.0.0.1:{port}\"]\nallow_plain = true\nuser_base = \"dc=acme\"\n\
         timeout = \"{timeout}\"\n"
    )
}

fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

fn find<'a>(lines: &'a [String], start: &str) -> &'a str {
    lines.iter().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("{start:?} is not in {lines:#?}"))
}

#[test]
fn directories_that_do_not_answer_are_told_with_advice() {
    let server = TestServer::with_config(&with_directories(closed_port(), "5s"));
    let lines = complaints(&server);
    for label in ["Acme", "Staff"] {
        let told = find(&lines, &format!("BAD {label}: "));
        assert!(told.matches(": ").count() > 1, "what is seen, and what to do about it: {told}");
    }
    find(&lines, "ok  Acme: redirect address https://dav.example.org/login/oidc/acme/callback");
    find(&lines, "ok  an administrator whose account is kept on this server");
    let output = server.run(&["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let findings: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let bad: Vec<_> = findings.as_array().expect("a list").iter().filter(|finding| finding["ok"] == false).collect();
    assert!(bad.iter().any(|finding| finding["what"].as_str().is_some_and(|what| what.starts_with("Staff: "))));
    assert!(bad.iter().all(|finding| finding["advice"].as_str().is_some_and(|advice| !advice.is_empty())));
}

/// They take the connection, and say nothing.
#[test]
fn directories_that_hang_do_not_hold_the_doctor_up() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let server = TestServer::with_config(&with_directories(port, "1s"));
    let begun = Instant::now();
    let lines = complaints(&server);
    // Six questions to each of the two.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}: {lines:#?}", begun.elapsed());
    find(&lines, "BAD Acme: ");
    find(&lines, "BAD Staff: ");
    drop(listener);
}

#[test]
fn a_directory_that_the_configuration_has_no_more_is_told() {
    let mut server = TestServer::start();
    server.person("alice");
    server.person("bob");
    server.kill();
    let database = rusqlite::Connection::open(server.storage().join("latchkey.sqlite3")).expect("opened");
    database
        .execute(
            "INSERT INTO identity (user_id, kind, directory, issuer, subject, linked_at, checked_at)
             SELECT id, 'ldap', 'old', 'ldap:old', name, 0, 0 FROM user WHERE name IN ('alice', 'bob')",
            [],
        )
        .expect("joined");
    let lines = complaints(&server);
    let told = find(&lines, "BAD old: 2 accounts come from it");
    assert!(told.contains("no [[ldap]] with name = \"old\"") && told.contains("put it back"), "{told}");
}

/// What the server has noted is told without asking it: it may have ended.
#[test]
fn what_the_server_has_noted_of_a_directory_is_told() {
    let mut server = TestServer::with_config(&with_directories(closed_port(), "1s"));
    for name in ["alice", "bob", "carol"] {
        server.person(name);
    }
    server.kill();
    let database = rusqlite::Connection::open(server.storage().join("latchkey.sqlite3")).expect("opened");
    database
        .execute_batch(
            "INSERT INTO identity (user_id, kind, directory, issuer, subject, linked_at, checked_at, unconfirmed_since)
                 SELECT id, 'ldap', 'staff', 'ldap:staff', name, 0, 0, iif(name = 'bob', 5, NULL)
                 FROM user WHERE name IN ('alice', 'bob', 'carol');
             UPDATE user SET suspended_at = 5, suspended_because = 'gone' WHERE name = 'carol';
             INSERT OR REPLACE INTO directory (kind, name, passed_at, failing_since, failure, alarm_at, alarm)
                 VALUES ('ldap', 'staff', 1577836800000, 1577836800000, 'it is' || char(27) || ' gone', 1577836800000, 'look at it');",
        )
        .expect("noted");
    let lines = complaints(&server);
    let silent = find(&lines, "BAD Staff: the server gets no answer since 2020-01-01 00:00:00 UTC: it is");
    assert!(!silent.contains('\u{1b}'), "nothing steers the terminal: {silent:?}");
    assert!(find(&lines, "BAD Staff: in disorder since 2020-01-01 00:00:00 UTC").ends_with(": look at it"));
    let counts = find(&lines, "ok  Staff: 3 accounts");
    assert_eq!(counts, "ok  Staff: 3 accounts, 1 unconfirmed, 1 suspended, all looked at: 2020-01-01 00:00:00 UTC");
}

#[test]
fn an_administrator_of_this_server_is_missed() {
    let text = with_directories(closed_port(), "1s").replace("public_urls = [\"https://dav.example.org\"]", "");
    let mut server = TestServer::with_config(&text);
    let missed = "BAD no administrator whose account is kept on this server";
    let lines = complaints(&server);
    let way = find(&lines, "ok  Acme: redirect address http://localhost:4918/login/oidc/acme/callback");
    assert!(way.contains("on this machine alone"), "{way}");
    assert!(!lines.iter().any(|line| line.starts_with(missed)), "{lines:#?}");
    server.kill();
    let database = rusqlite::Connection::open(server.storage().join("latchkey.sqlite3")).expect("opened");
    database
        .execute(
            "INSERT INTO identity (user_id, kind, directory, issuer, subject, linked_at, checked_at)
             SELECT id, 'ldap', 'staff', 'ldap:staff', name, 0, 0 FROM user WHERE name = 'admin'",
            [],
        )
        .expect("joined");
    assert!(find(&complaints(&server), missed).contains("latchkey user add"));
}
