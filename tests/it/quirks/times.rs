//! Times that clients set by PROPPATCH (R12, R37): the file's own time is set, and nothing contradicts it later.

use std::os::unix::fs::MetadataExt;

use crate::harness::{Person, TestServer};
use crate::http::Answer;

const DATE: &str = "Thu, 09 Oct 2025 17:54:43 GMT";
const SECONDS: i64 = 1_760_032_483;

/// What Explorer sends, to the byte (copyparty #910).
fn windows(modified: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\" ?><D:propertyupdate xmlns:D=\"DAV:\" \
         xmlns:Z=\"urn:schemas-microsoft-com:\"><D:set><D:prop>\
         <Z:Win32CreationTime>Thu, 09 Oct 2025 17:54:43 GMT</Z:Win32CreationTime>\
         <Z:Win32LastAccessTime>Thu, 09 Oct 2025 17:55:31 GMT</Z:Win32LastAccessTime>\
         <Z:Win32LastModifiedTime>{modified}</Z:Win32LastModifiedTime>\
         <Z:Win32FileAttributes>00000020</Z:Win32FileAttributes></D:prop></D:set></D:propertyupdate>"
    )
}

fn set(property: &str) -> String {
    format!("<d:propertyupdate xmlns:d='DAV:'><d:set><d:prop>{property}</d:prop></d:set></d:propertyupdate>")
}

fn patch(alice: &Person, path: &str, body: &str) -> Answer {
    let answer = alice.client().send("PROPPATCH", path, &[], body.as_bytes());
    assert_eq!(answer.status, 207, "{}", answer.text());
    answer
}

fn asked(alice: &Person, path: &str, properties: &str) -> String {
    let body = format!(
        "<D:propfind xmlns:D='DAV:' xmlns:Z='urn:schemas-microsoft-com:'><D:prop>{properties}</D:prop></D:propfind>"
    );
    alice.client().send("PROPFIND", path, &[("Depth", "0")], body.as_bytes()).text()
}

fn modified(alice: &Person, path: &str) -> i64 {
    std::fs::metadata(alice.file(path)).expect("it is there").mtime()
}

const FOUR: [&str; 4] = ["Win32CreationTime", "Win32LastAccessTime", "Win32LastModifiedTime", "Win32FileAttributes"];

#[test]
fn windows_sets_the_time_of_a_file_and_of_a_folder() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let before = alice.client().put("/dav/f", b"x").etag();
    alice.client().send("MKCOL", "/dav/d", &[], b"");
    for path in ["f", "d"] {
        let text = patch(&alice, &format!("/dav/{path}"), &windows(DATE)).text();
        let (done, _) = text.split_once("</D:prop><D:status>HTTP/1.1 200 OK</D:status>").expect("done");
        for name in FOUR {
            assert!(done.contains(&format!("<{name} xmlns=\"urn:schemas-microsoft-com:\"/>")), "{name} in {text}");
        }
        assert_eq!(text.matches("<D:propstat>").count(), 1, "{text}");
        assert_eq!(modified(&alice, path), SECONDS);
        let told = asked(&alice, &format!("/dav/{path}"), "<D:getlastmodified/><Z:Win32LastModifiedTime/>");
        assert!(told.contains(&format!("<D:getlastmodified>{DATE}</D:getlastmodified>")), "{told}");
        assert!(told.contains(&format!(
            "<Win32LastModifiedTime xmlns=\"urn:schemas-microsoft-com:\">{DATE}</Win32LastModifiedTime>"
        )));
    }
    let answer = alice.client().send("HEAD", "/dav/f", &[], b"");
    assert_eq!(answer.header("last-modified"), Some(DATE));
    assert_ne!(answer.etag(), before, "caches notice");
    let kept = asked(&alice, "/dav/f", "<Z:Win32CreationTime/><Z:Win32FileAttributes/>");
    assert!(kept.contains(">00000020</Z:Win32FileAttributes>") && !kept.contains("404"), "{kept}");
}

#[test]
fn a_later_upload_is_not_contradicted() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"x");
    patch(&alice, "/dav/f", &windows(DATE));
    alice.client().put("/dav/f", b"new");
    let now = modified(&alice, "f");
    assert!(now > SECONDS);
    let told = asked(&alice, "/dav/f", "<D:getlastmodified/><Z:Win32LastModifiedTime/>");
    assert!(!told.contains(DATE) && told.matches("GMT<").count() == 2, "{told}");
    let all = alice.client().send("PROPFIND", "/dav/f", &[("Depth", "0")], b"").text();
    assert!(!all.contains("Win32LastModifiedTime"), "told on request only, and never as it once was: {all}");
    // A row that was kept before this property was live.
    let database = rusqlite::Connection::open(server.storage().join("latchkey.sqlite3")).expect("opened");
    let changed = database
        .execute(
            "UPDATE property SET name = 'Win32LastModifiedTime', element = replace(element, 'Win32CreationTime', \
             'Win32LastModifiedTime') WHERE name = 'Win32CreationTime'",
            [],
        )
        .expect("changed");
    assert_eq!(changed, 1);
    let all = alice.client().send("PROPFIND", "/dav/f", &[("Depth", "0")], b"").text();
    assert!(!all.contains("Win32LastModifiedTime") && all.contains("Win32FileAttributes"), "{all}");
    patch(&alice, "/dav/f", &windows(DATE));
    let left: i64 = database
        .query_one("SELECT count(*) FROM property WHERE name = 'Win32LastModifiedTime'", [], |row| row.get(0))
        .expect("counted");
    assert_eq!(left, 0);
}

#[test]
fn a_value_that_is_no_time_changes_nothing() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"x");
    let before = (modified(&alice, "f"), alice.client().get("/dav/f").etag());
    for bad in ["yesterday", "", "Fri, 09 Oct 2025 17:54:43 GMT", "<a/>"] {
        let text = patch(&alice, "/dav/f", &windows(bad)).text();
        let (first, rest) = text.split_once("</D:propstat>").expect("two");
        assert!(first.contains("<Win32LastModifiedTime xmlns=\"urn:schemas-microsoft-com:\"/>"), "{bad}: {text}");
        assert!(first.contains("HTTP/1.1 409 Conflict") && !first.contains("Win32CreationTime"), "{bad}: {text}");
        assert!(rest.contains("<Win32CreationTime") && rest.contains("HTTP/1.1 424 Failed Dependency"), "{text}");
        assert_eq!((modified(&alice, "f"), alice.client().get("/dav/f").etag()), before, "{bad}");
        assert!(asked(&alice, "/dav/f", "<Z:Win32FileAttributes/>").contains("404"), "{bad}");
    }
}

/// rclone and ownCloud set `lastmodified`, macOS (`touch`) and lftp `getlastmodified`, as a date or in seconds.
#[test]
fn other_clients_set_it_by_other_names() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"x");
    for (number, property) in [
        "<d:lastmodified>1500000000</d:lastmodified>",
        "<d:lastmodified>Fri, 14 Jul 2017 02:40:01 GMT</d:lastmodified>",
        "<d:getlastmodified>Fri, 14 Jul 2017 02:40:02 GMT</d:getlastmodified>",
        "<d:getlastmodified xmlns:b='urn:uuid:c2f41010-65b3-11d1-a29f-00aa00c14882/' b:dt='dateTime.rfc1123'>Fri, 14 Jul 2017 02:40:03 GMT</d:getlastmodified>",
        "<Win32LastModifiedTime xmlns='urn:schemas-microsoft-com:'>1500000009</Win32LastModifiedTime>\
         <d:lastmodified>1500000004</d:lastmodified>",
    ]
    .iter()
    .enumerate()
    {
        let text = patch(&alice, "/dav/f", &set(property)).text();
        assert!(text.contains("200 OK") && text.matches("<D:propstat>").count() == 1, "{text}");
        assert_eq!(modified(&alice, "f"), 1_500_000_000 + i64::try_from(number).expect("small"), "{property}");
    }
    let remove = "<propertyupdate xmlns='DAV:'><remove><prop><getlastmodified/></prop></remove></propertyupdate>";
    assert!(patch(&alice, "/dav/f", remove).text().contains("403 Forbidden"), "there is always a time");
}

#[test]
fn a_lock_and_a_scope_hold_for_times_too() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let reader = server.person_with("alice", &["--read-only"]);
    alice.client().put("/dav/f", b"x");
    let before = modified(&alice, "f");
    let body = windows(DATE);
    assert_eq!(reader.client().send("PROPPATCH", "/dav/f", &[], body.as_bytes()).status, 403);
    let lockinfo = "<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>";
    let token = alice.client().send("LOCK", "/dav/f", &[], lockinfo.as_bytes());
    let token = token.header("lock-token").expect("a token").to_owned();
    assert_eq!(alice.client().send("PROPPATCH", "/dav/f", &[], body.as_bytes()).status, 423);
    assert_eq!(modified(&alice, "f"), before);
    let with_token = [("If", format!("({token})"))];
    let with_token: Vec<(&str, &str)> = with_token.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(alice.client().send("PROPPATCH", "/dav/f", &with_token, body.as_bytes()).status, 207);
    assert_eq!(modified(&alice, "f"), SECONDS);
}
