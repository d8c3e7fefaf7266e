//! Names that Windows cannot take (R30): mapped for its redirector, and as they are for everybody else.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::harness::{Person, TestServer};
use crate::http::Client;

const AGENT: &str = "Microsoft-WebDAV-MiniRedir/10.0.19045";

/// Names on the disk, and how Windows' redirector sees them.
const NAMES: [(&[u8], &str); 12] = [
    (b"plain name.txt", "plain%20name.txt"),
    (b"12:30?", "12%EF%80%BA30%EF%80%BF"),
    (b"<a>|\"*", "%EF%80%BCa%EF%80%BE%EF%81%BC%EF%80%A2%EF%80%AA"),
    (b"back\\slash", "back%EF%81%9Cslash"),
    (b"bell\x07", "bell%EF%80%87"),
    (b"dot.", "dot%EF%80%AE"),
    (b"space ", "space%EF%80%A0"),
    (b"M\xfcller", "M%EF%83%BCller"),
    (b"CON", "%EF%81%83ON"),
    (b"nul.txt", "%EF%81%AEul.txt"),
    ("\u{e9}:".as_bytes(), "%C3%A9%EF%80%BA"),
    ("e\u{301}".as_bytes(), "e%CC%81"),
];

fn path(alice: &Person, name: &[u8]) -> PathBuf {
    alice.home.join(std::ffi::OsStr::from_bytes(name))
}

fn windows(alice: &Person) -> Client {
    alice.client().with("User-Agent", AGENT)
}

fn hrefs(client: &Client, path: &str) -> Vec<String> {
    let answer = client.send("PROPFIND", path, &[("Depth", "1")], b"");
    assert_eq!(answer.status, 207);
    let text = String::from_utf8(answer.body).expect("UTF-8");
    text.split("<D:href>").skip(1).filter_map(|rest| Some(rest.split_once("</D:href>")?.0.to_owned())).collect()
}

#[test]
fn each_name_is_shown_mapped_and_found_again() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for (name, _) in NAMES {
        std::fs::write(path(&alice, name), name).expect("written");
    }
    let client = windows(&alice);
    let listed = hrefs(&client, "/dav/");
    assert_eq!(listed.len(), NAMES.len() + 1);
    for (name, shown) in NAMES {
        let href = format!("/dav/{shown}");
        assert!(listed.contains(&href), "{href} in {listed:?}");
        assert_eq!(client.get(&href).body, name, "{shown}");
        assert_eq!(client.send("PROPFIND", &href, &[("Depth", "0")], b"").status, 207, "{shown}");
        assert_eq!(client.put(&href, b"new").status, 204, "{shown}");
        assert_eq!(std::fs::read(path(&alice, name)).expect("the same file"), b"new", "{shown}");
        assert_eq!(client.send("MOVE", &href, &[("Destination", "/dav/moved")], b"").status / 100, 2, "{shown}");
        assert_eq!(client.send("MOVE", "/dav/moved", &[("Destination", &href)], b"").status, 201, "{shown}");
        assert!(path(&alice, name).exists(), "{shown}: stored as others see it");
        assert_eq!(client.send("DELETE", &href, &[], b"").status, 204, "{shown}");
    }
    assert_eq!(alice.names(), Vec::<String>::new());
}

#[test]
fn others_see_names_as_they_are() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for (name, _) in NAMES {
        std::fs::write(path(&alice, name), name).expect("written");
    }
    let listed = hrefs(&alice.client(), "/dav/");
    assert_eq!(listed.len(), NAMES.len() + 1);
    assert!(listed.contains(&"/dav/M%FCller".to_owned()) && listed.contains(&"/dav/12%3A30%3F".to_owned()));
    for href in listed.iter().skip(1) {
        assert_eq!(alice.client().get(href).status, 200, "{href}");
    }
    for (name, shown) in NAMES {
        let is_mapped = shown.contains("%EF%8");
        assert_eq!(alice.client().get(&format!("/dav/{shown}")).status, if is_mapped { 404 } else { 200 }, "{name:?}");
    }
    assert_eq!(alice.client().put("/dav/a%EF%80%BA", b"x").status, 201);
    assert!(path(&alice, "a\u{f03a}".as_bytes()).exists(), "for others that character is one like others");
    let text = alice.client().send("PROPFIND", "/dav/M%FCller", &[("Depth", "0")], b"").text();
    assert!(text.contains("<D:displayname>M\u{fffd}ller</D:displayname>"), "{text}");
}

#[test]
fn folders_locks_and_conditions_go_by_the_real_name() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let client = windows(&alice);
    std::fs::create_dir(alice.file("a:b")).expect("made");
    std::fs::write(alice.file("a:b/c?"), b"x").expect("written");
    let shown = "/dav/a%EF%80%BAb/c%EF%80%BF";
    assert_eq!(hrefs(&client, "/dav/a%EF%80%BAb"), ["/dav/a%EF%80%BAb/", shown]);
    let info = b"<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>";
    let answer = client.send("LOCK", shown, &[], info);
    let token = answer.header("lock-token").expect("a token").to_owned();
    assert_eq!(alice.client().put("/dav/a%3Ab/c%3F", b"y").status, 423, "the same file by its other name");
    let condition = format!("<{shown}> ({token})");
    assert_eq!(client.send("PUT", shown, &[("If", &condition)], b"mine").status, 204);
    assert_eq!(alice.bytes("a:b/c?"), b"mine");
    assert_eq!(client.send("UNLOCK", shown, &[("Lock-Token", &token)], b"").status, 204);
    // New ones, in a folder made by Windows.
    assert_eq!(client.send("MKCOL", "/dav/new%EF%80%AE", &[], b"").status, 201);
    assert_eq!(client.put("/dav/new%EF%80%AE/n%EF%80%BF", b"x").status, 201);
    assert_eq!(client.send("LOCK", "/dav/new%EF%80%AE/l%EF%80%BF", &[], info).status, 201);
    assert_eq!(alice.names(), ["a:b", "a:b/c?", "new.", "new./l?", "new./n?"]);
}

/// What a mapped name stands for may be no name at all: then it is one as it is written.
#[test]
fn nothing_leads_out_by_a_mapped_name() {
    let server = TestServer::start();
    let alice = server.person("alice");
    std::fs::write(server.storage().join("files/secret"), b"secret").expect("written");
    let client = windows(&alice);
    for path in [
        "/dav/%EF%80%AE%EF%80%AE/secret",
        "/dav/%EF%80%AE%EF%80%AE%EF%80%AFsecret",
        "/dav/..%EF%80%AFsecret",
        "/dav/%EF%80%AElatchkey-tmp/x",
    ] {
        let answer = client.get(path);
        assert!(answer.status == 404 && !answer.text().contains("secret"), "{path} {}", answer.status);
        let status = client.send("MKCOL", path, &[], b"").status;
        assert!(matches!(status, 201 | 409), "{path} {status}");
    }
    assert_eq!(std::fs::read_dir(server.storage().join("files")).expect("a folder").count(), 3);
    let confined = server.person_with("alice", &["--folder", "/a:b"]);
    let client = windows(&confined);
    assert_eq!(client.put("/dav/a%EF%80%BAb/x", b"x").status, 201);
    assert_eq!(hrefs(&client, "/dav/"), ["/dav/", "/dav/a%EF%80%BAb/"]);
    assert_eq!(client.put("/dav/c%EF%80%BAd", b"x").status, 404);
}

/// A name as it is written goes before what it stands for.
#[test]
fn a_literal_name_goes_first() {
    let server = TestServer::start();
    let alice = server.person("alice");
    std::fs::write(alice.file("a\u{f03a}"), b"literal").expect("written");
    std::fs::write(alice.file("b:\u{f03a}"), b"both").expect("written");
    let client = windows(&alice);
    assert_eq!(client.get("/dav/a%EF%80%BA").body, b"literal");
    let listed = hrefs(&client, "/dav/");
    assert!(listed.contains(&"/dav/a%EF%80%BA".to_owned()));
    assert_eq!(listed.len(), 3);
    for href in listed.iter().skip(1) {
        assert_eq!(client.get(href).status, 200, "{href}");
    }
}

/// Explorer shows nothing of a folder whose listing is longer than 1,000,000 bytes (R29).
#[test]
fn a_listing_for_windows_is_short() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for number in 0..2000 {
        std::fs::write(alice.file(&format!("an ordinary name {number:04}.docx")), b"").expect("written");
    }
    let client = windows(&alice);
    let length = |client: &Client| client.send("PROPFIND", "/dav", &[("Depth", "1")], b"").body.len();
    let (short, long) = (length(&client), length(&alice.client()));
    assert!(short < 1_000_000 && short * 3 < long * 2, "{short} of {long}");
    let text = client.send("PROPFIND", "/dav", &[("Depth", "1")], b"").text();
    assert_eq!(text.matches("<D:supportedlock>").count(), 1, "of the folder itself");
    for name in ["resourcetype", "getlastmodified", "creationdate", "getcontentlength"] {
        assert!(text.matches(&format!("<D:{name}")).count() >= 2000, "{name}");
    }
}

/// A password is confined to the folder that was named, never to another whose mapped name is the same.
#[test]
fn a_confining_folder_is_never_another_of_the_same_mapped_name() {
    let server = TestServer::start();
    let confined = server.person_with("alice", &["--folder", "/a\u{f03a}b"]);
    std::fs::remove_dir(confined.file("a\u{f03a}b")).expect("it was made with the password");
    std::fs::create_dir(confined.file("a:b")).expect("another");
    std::fs::write(confined.file("a:b/secret"), b"secret").expect("a file");
    let client = windows(&confined);
    for path in ["/dav/a%EF%80%BAb/secret", "/dav/a:b/secret", "/dav/a%3Ab/"] {
        assert_eq!(client.get(path).status, 404, "{path}");
    }
}
