//! macOS: Finder through the file system `webdavfs`.
//!
//! Source: Apple, apple-oss-distributions/webdavfs, `mount.tproj/webdav_network.c`, `webdav_parse.c`, `webdavd.h`: every
//! header and body below, what is read of an answer, and that a redirect of a write is not followed. Finder's own
//! questions (`._` names, `.DS_Store`, probes at the root): sabre.io/dav/clients/finder, and the hints that come with the
//! crate dav-server. Chunked bodies with their length beside: mar10/wsgidav issues 15 and 17, sabre-io/dav
//! `CorePlugin.php`. Decomposed names: tailscale pull request 20512.

use super::{DAV, Device, Told, pattern, propfind, seconds};
use crate::harness::{CHEAP, Person, TestServer, eventually};

pub(super) const AGENT: &str = "WebDAVFS/3.0.0 (03008000) Darwin/23.6.0 (arm64)";
const APPLE: &str = "http://www.apple.com/webdav_fs/props/";
const XML: &str = "Content-Type: text/xml";
const LOCKINFO: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:lockinfo xmlns:D=\"DAV:\">\n<D:lockscope><D:exclusive/>\
                        </D:lockscope>\n<D:locktype><D:write/></D:locktype>\n<D:owner>\n\
                        <D:href>http://www.apple.com/webdav_fs/</D:href>\n</D:owner>\n</D:lockinfo>\n";
/// `grün` in two spellings: composed, as keyboards and Linux write it, and decomposed, as macOS does.
const NFC: &str = "gr\u{fc}n.txt";
const NFD: &str = "gru\u{308}n.txt";
const NFC_PATH: &str = "/dav/gr%C3%BCn.txt";
const NFD_PATH: &str = "/dav/gru%CC%88n.txt";

/// What every request of it carries.
pub(super) const ALWAYS: [&str; 1] = ["Accept: */*"];

fn finder(person: &Person) -> Device {
    Device::of(person, AGENT).always(&ALWAYS)
}

fn stat(finder: &Device, path: &str) -> Told {
    let body = propfind(&["getlastmodified", "getcontentlength", "creationdate", "resourcetype"]);
    finder.asks(&format!("PROPFIND {path}"), &[XML, "Depth: 0"], body)
}

pub(super) fn list(finder: &Device, path: &str) -> Told {
    let body = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:propfind xmlns:D=\"DAV:\">\n\
                <D:prop xmlns:A=\"http://www.apple.com/webdav_fs/props/\">\n<D:getlastmodified/>\n<D:getcontentlength/>\n\
                <D:creationdate/>\n<D:resourcetype/>\n<A:appledoubleheader/>\n</D:prop>\n</D:propfind>\n";
    finder.asks(&format!("PROPFIND {path}"), &[XML, "Depth: 1"], body)
}

fn lock(finder: &Device, path: &str) -> String {
    let headers = ["Depth: 0", "Timeout: Second-600", "Content-Type: text/xml; charset=\"utf-8\""];
    finder.asks(&format!("LOCK {path}"), &headers, LOCKINFO).gets_one_of(&[200, 201]).token()
}

/// A file is made, opened for writing, written and closed. The length of what comes in chunks is told beside.
pub(super) fn write(finder: &Device, path: &str, bytes: &[u8]) {
    stat(finder, path).gets(404);
    let told = finder.streams(&format!("PUT {path}"), &[], &[]).gets(201);
    seconds(&told.header("Date"));
    stat(finder, path).gets(207);
    let token = lock(finder, path);
    let condition = format!("If: (<{token}>)");
    let length = format!("X-Expected-Entity-Length: {}", bytes.len());
    let headers: &[&str] = if bytes.is_empty() { &[&condition] } else { &[&condition, &length] };
    let chunks: Vec<&[u8]> = bytes.chunks(100_000).collect();
    let told = finder.streams(&format!("PUT {path}"), headers, &chunks).gets(204);
    told.header("ETag");
    finder.asks(&format!("UNLOCK {path}"), &[&format!("Lock-Token: <{token}>")], "").gets(204);
    assert_eq!(stat(finder, path).resource().text(DAV, "getcontentlength"), bytes.len().to_string());
}

#[test]
fn a_mount_is_writable_where_there_are_locks() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/a.txt", b"a");
    let stranger = Device::without_password(&server, AGENT);
    stranger.asks("OPTIONS /dav/", &["Accept: */*"], "").gets(401).with("WWW-Authenticate", "Basic");
    let finder = finder(&alice);
    let told = finder.asks("OPTIONS /dav/", &[], "").gets(200);
    assert!(told.header("DAV").split(',').any(|class| class.trim() == "2"), "without class 2 it mounts read-only");
    assert!(stat(&finder, "/dav/").resource().is_folder());
    let members = list(&finder, "/dav/").gets(207).resources();
    assert_eq!(members.iter().map(|member| member.href.as_str()).collect::<Vec<_>>(), ["/dav/", "/dav/a.txt"]);
    for member in &members {
        assert_eq!(member.status(APPLE, "appledoubleheader"), Some(404), "asked for in vain, beside what is there");
        seconds(&member.text(DAV, "getlastmodified"));
    }
    for name in [".metadata_never_index", ".ql_disablethumbnails", ".Spotlight-V100", ".hidden", ".localized", "._."] {
        stat(&finder, &format!("/dav/{name}")).gets(404);
    }
}

#[test]
fn a_file_is_copied_in_with_what_finder_lays_beside_it() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let finder = finder(&alice);
    let bytes = pattern(700_000);
    write(&finder, "/dav/Film.mov", &bytes);
    write(&finder, "/dav/._Film.mov", b"\x00\x05\x16\x07 resource fork");
    write(&finder, "/dav/.DS_Store", b"\x00\x00\x00\x01Bud1");
    write(&finder, "/dav/empty", b"");
    write(&finder, "/dav/two%20bytes", b"ok");
    assert!(alice.bytes("Film.mov") == bytes);
    assert_eq!(alice.bytes("._Film.mov"), b"\x00\x05\x16\x07 resource fork");
    assert_eq!((alice.bytes("empty"), alice.bytes("two bytes")), (Vec::new(), b"ok".to_vec()));
    assert_eq!(alice.names(), [".DS_Store", "._Film.mov", "Film.mov", "empty", "two bytes"]);

    // Opened again, what it has is asked for by its date; a part of it by its range.
    let told = finder.asks("GET /dav/Film.mov", &[], "").gets(200).has_body(&bytes);
    let since = format!("If-Modified-Since: {}", told.header("Last-Modified"));
    finder.asks("GET /dav/Film.mov", &[&since], "").gets(304);
    finder.asks("GET /dav/Film.mov", &["Range: bytes=4096-8191"], "").gets(206).has_body(&bytes[4096..8192]);
}

/// Where the cable is pulled, the file is as it was: the length that was told beside is what has to arrive.
#[test]
fn a_body_shorter_than_its_told_length_changes_nothing() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/a.txt", b"all of it");
    let finder = finder(&alice);
    let token = lock(&finder, "/dav/a.txt");
    let condition = format!("If: (<{token}>)");
    let told = finder.streams("PUT /dav/a.txt", &[&condition, "X-Expected-Entity-Length: 10"], &[b"half"]);
    assert!((400..500).contains(&told.answer.status), "{}", told.answer.status);
    let mut cut = finder.begins("PUT /dav/a.txt", &[&condition, "X-Expected-Entity-Length: 10"]);
    cut.chunk(b"half");
    cut.reset();
    finder.asks("GET /dav/a.txt", &[], "").gets(200).has_body(b"all of it");
    assert_eq!(alice.bytes("a.txt"), b"all of it");
    // The server learns of the cut line by itself, and puts away what it has gathered.
    eventually("nothing is left of the half", || alice.names() == ["a.txt"]);
}

/// While a file is open its lock is renewed, without a body and with the type of one.
#[test]
fn a_lock_is_renewed_while_the_file_is_open() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/a.txt", b"a");
    let finder = finder(&alice);
    let token = lock(&finder, "/dav/a.txt");
    for _ in 0..5 {
        let condition = format!("If: (<{token}>)");
        let headers = ["Depth: 0", "Timeout: Second-600", XML, condition.as_str()];
        let told = finder.asks("LOCK /dav/a.txt", &headers, "").gets(200).says("Second-600");
        let top = told.xml();
        let renewed = super::inside(&top, &["lockdiscovery", "activelock", "locktoken", "href"]).expect("a token");
        assert_eq!(renewed.get_text().expect("text").trim(), token, "it is read from the body again");
    }
    finder.asks("DELETE /dav/a.txt", &[&format!("If: (<{token}>)")], "").gets(204);
    assert_eq!(alice.names(), Vec::<String>::new());
}

#[test]
fn a_folder_is_made_renamed_and_thrown_away_when_it_is_empty() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let finder = finder(&alice);
    finder.asks("MKCOL /dav/untitled%20folder/", &[], "").gets(201).with("Date", "GMT");
    finder.asks("MOVE /dav/untitled%20folder/", &[&finder.destination("/dav/Music/")], "").gets(201);
    write(&finder, "/dav/Music/a.mp3", b"a");
    write(&finder, "/dav/Music/b.mp3", b"b");
    // No Overwrite: what is there is replaced.
    finder.asks("MOVE /dav/Music/a.mp3", &[&finder.destination("/dav/Music/b.mp3")], "").gets(204);
    assert_eq!(alice.bytes("Music/b.mp3"), b"a");
    let is_empty = |path: &str| {
        let told = finder.asks(&format!("PROPFIND {path}"), &[XML, "Depth: 1"], propfind(&["resourcetype"]));
        told.resources().len() == 1
    };
    assert!(!is_empty("/dav/Music/"));
    finder.asks("DELETE /dav/Music/b.mp3", &[], "").gets(204);
    assert!(is_empty("/dav/Music/"));
    finder.asks("DELETE /dav/Music/", &[], "").gets(204);
    assert_eq!(alice.names(), Vec::<String>::new());
}

/// R21: the bar in Finder's window. It adds the two up, and shows nothing where they do not fit into 64 bits.
#[test]
fn the_free_space_is_told() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let finder = finder(&alice);
    let body = propfind(&["quota-available-bytes", "quota-used-bytes", "quota", "quotaused"]);
    let root = finder.asks("PROPFIND /dav/", &[XML, "Depth: 0"], body).gets(207).resource();
    let [available, used] = ["quota-available-bytes", "quota-used-bytes"]
        .map(|name| root.text(DAV, name).parse::<u64>().expect("digits alone"));
    assert!(available > 0 && available.checked_add(used).is_some(), "{available} and {used}");
    assert_eq!(root.status(DAV, "quota"), Some(404), "what no specification has");
    stat(&finder, "/dav/").gets(207).lacks("quota");
}

/// R17: either spelling finds the file, whoever wrote it.
#[test]
fn a_name_is_found_in_either_spelling() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let finder = finder(&alice);
    let linux = Device::of(&alice, "rclone/v1.75.2");
    std::fs::write(alice.file(NFC), "composed").expect("a file");
    assert!(!stat(&finder, NFD_PATH).gets(207).resource().is_folder());
    finder.asks(&format!("GET {NFD_PATH}"), &[], "").gets(200).has_body(b"composed");
    std::fs::rename(alice.file(NFC), alice.file(NFD)).expect("it is renamed");
    for (device, path) in [(&finder, NFD_PATH), (&linux, NFC_PATH), (&linux, NFD_PATH)] {
        device.asks(&format!("GET {path}"), &[], "").gets(200).has_body(b"composed");
    }
    let token = lock(&finder, NFC_PATH);
    linux.asks(&format!("PUT {NFD_PATH}"), &[], "x").gets(423);
    finder.asks(&format!("UNLOCK {NFD_PATH}"), &[&format!("Lock-Token: <{token}>")], "").gets(204);
    linux.asks(&format!("DELETE {NFC_PATH}"), &[], "").gets(204);
    assert_eq!(alice.names(), Vec::<String>::new());
}

/// R17: what macOS makes is stored as everybody else writes it, and never twice.
#[test]
fn no_two_names_differ_by_their_spelling_alone() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let finder = finder(&alice);
    write(&finder, NFD_PATH, b"from a Mac");
    assert_eq!(alice.names(), [NFC]);
    let linux = Device::of(&alice, "rclone/v1.75.2");
    linux.asks(&format!("PUT {NFC_PATH}"), &[], "from Linux").gets(204);
    finder.asks(&format!("PUT {NFD_PATH}"), &[], "and back").gets(204);
    assert_eq!((alice.names(), alice.bytes(NFC)), (vec![NFC.to_owned()], b"and back".to_vec()));
    finder.asks("MKCOL /dav/e%CC%81t%C3%A9/", &[], "").gets(201);
    linux.asks("MKCOL /dav/%C3%A9t%C3%A9", &[], "").gets(405);
    finder.asks(&format!("MOVE {NFD_PATH}"), &[&finder.destination("/dav/e%CC%81te%CC%81/A%CC%88.txt")], "").gets(201);
    assert_eq!(alice.names(), ["\u{e9}t\u{e9}", "\u{e9}t\u{e9}/\u{c4}.txt"]);
    assert_eq!(alice.bytes("\u{e9}t\u{e9}/\u{c4}.txt"), b"and back");
}

/// R11: where the administrator does not want them, they are refused by name and not listed; files go their way.
#[test]
fn the_files_beside_others_are_refused_where_the_setting_says_so() {
    let server = TestServer::with_config(&format!("{CHEAP}[dav]\napple_files = \"refuse\"\n"));
    let alice = server.person("alice");
    std::fs::write(alice.file("._old.txt"), "left by an earlier server").expect("a file");
    let finder = finder(&alice);
    write(&finder, "/dav/a.txt", b"a");
    for name in ["._a.txt", ".DS_Store"] {
        stat(&finder, &format!("/dav/{name}")).gets(404);
        // webdavfs makes EPERM of it, and Finder goes on without the file.
        finder.streams(&format!("PUT /dav/{name}"), &[], &[]).gets(403);
        finder.asks("MOVE /dav/a.txt", &[&finder.destination(&format!("/dav/{name}"))], "").gets(403);
    }
    assert_eq!(list(&finder, "/dav/").members(), ["/dav/a.txt"]);
    assert_eq!(
        (alice.names(), alice.bytes("a.txt")),
        (vec!["._old.txt".to_owned(), "a.txt".to_owned()], b"a".to_vec())
    );
}
