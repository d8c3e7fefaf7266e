//! KeePass 2 (Windows, Mono): a password database opened from an address.
//!
//! Source: dlech/KeePass2.x, `KeePassLib/Serialization/IOConnection.cs` (GET to see whether a file is there, PUT, DELETE,
//! MOVE with an absolute `Destination` and nothing else), `FileTransactionEx.cs` (write to `.tmp`, delete, rename). What
//! .NET's `HttpWebRequest` adds: no credentials before it is asked, and `Expect: 100-continue`.

use std::io::Read;

use super::{Device, pattern};
use crate::harness::{Person, TestServer, eventually};

const DATABASE: &str = "/dav/Keys/Family.kdbx";

/// Asks as .NET does: without the password, which it sends when it has been asked for it.
fn ask(server: &TestServer, person: &Person, what: &str, headers: &[&str], body: &[u8]) -> super::Told {
    let stranger = Device::without_password(server, "");
    stranger.asks(what, headers, body).gets(401).with("WWW-Authenticate", "Basic");
    Device::of(person, "").asks(what, headers, body)
}

fn database() -> (TestServer, Person, Vec<u8>) {
    let server = TestServer::start();
    let alice = server.person("alice");
    let bytes = pattern(40_000);
    alice.client().send("MKCOL", "/dav/Keys", &[], b"");
    alice.client().put(DATABASE, &bytes);
    (server, alice, bytes)
}

#[test]
fn a_database_is_saved_by_a_temporary_file() {
    let (server, alice, old) = database();
    ask(&server, &alice, &format!("GET {DATABASE}"), &[], b"").gets(200).has_body(&old);
    let new = pattern(41_000);
    let temporary = format!("{DATABASE}.tmp");
    ask(&server, &alice, &format!("PUT {temporary}"), &["Expect: 100-continue"], &new).gets(201);
    // Whether the database is there it learns from the first byte of a GET that it breaks off.
    let client = alice.client();
    let mut connection = client.connect();
    connection.write(&client.head("GET", DATABASE, &[], Some(0)));
    connection.stream.read_exact(&mut [0]).expect("a byte of the answer");
    connection.reset();
    ask(&server, &alice, &format!("DELETE {DATABASE}"), &[], b"").gets(204);
    assert_eq!(alice.names(), ["Keys", "Keys/Family.kdbx.tmp"], "between the two there is the new one");
    let destination = format!("Destination: http://{}{DATABASE}", server.addr);
    ask(&server, &alice, &format!("MOVE {temporary}"), &[&destination], b"").gets(201);
    ask(&server, &alice, &format!("GET {DATABASE}"), &[], b"").gets(200).has_body(&new);
    assert_eq!(alice.names(), ["Keys", "Keys/Family.kdbx"]);
    assert!(alice.bytes("Keys/Family.kdbx") == new);
}

/// With "use file transactions" off it writes over the file; a body that breaks off leaves the old one (R1).
#[test]
fn a_database_is_saved_in_place() {
    let (server, alice, old) = database();
    let mut cut = Device::of(&alice, "").begins(&format!("PUT {DATABASE}"), &["Expect: 100-continue"]);
    cut.chunk(&pattern(20_000));
    cut.reset();
    ask(&server, &alice, &format!("GET {DATABASE}"), &[], b"").gets(200).has_body(&old);
    let new = pattern(42_000);
    ask(&server, &alice, &format!("PUT {DATABASE}"), &["Expect: 100-continue"], &new).gets(204);
    assert!(alice.bytes("Keys/Family.kdbx") == new);
    eventually("nothing is left of the half", || alice.names() == ["Keys", "Keys/Family.kdbx"]);
}

/// A password that is wanted is asked for before the database is sent.
#[test]
fn nothing_is_sent_before_the_password_is_wanted() {
    let (server, alice, old) = database();
    let stranger = server.stranger();
    let mut connection = stranger.connect();
    connection.write(&stranger.head("PUT", DATABASE, &[("Expect", "100-continue")], Some(1_000_000)));
    assert_eq!(connection.answer("PUT").status, 401, "and no 100 before it");
    assert!(alice.bytes("Keys/Family.kdbx") == old);
}
