//! Libraries that other programs are made with: webdav4 and webdavclient3 for Python, webdav for JavaScript.
//!
//! What each is told to do stands in a script beside this file, which ends well only if all of it went well.

use std::path::PathBuf;
use std::process::Command;

use super::tls::{self, authority, with_tls};
use super::{assert_no_locks, client, lines_with, not_installed, python_client, run, script, target, tree};
use crate::harness::{CHEAP, Person, TestServer};

/// Bytes that the Python scripts upload.
fn large() -> Vec<u8> {
    (0..12_000).flat_map(|_| 0..251_u8).collect()
}

/// Runs a script; where an authority is named, all that it does by the library requests trusts that one.
fn python(name: &str, package: &str, url: &str, person: &Person, task: &str, authority: Option<&str>) {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let installed = target().join("python/lib");
    let installed = installed.read_dir().ok().and_then(|mut versions| versions.next()).and_then(Result::ok);
    if !installed.is_some_and(|version| version.path().join("site-packages").join(package).is_dir()) {
        not_installed(package);
    }
    let mut command = python_client("python");
    command.arg(script(name)).args([url, &person.name, &person.key, task]).current_dir(scratch.path());
    if let Some(authority) = authority {
        command.env("REQUESTS_CA_BUNDLE", authority).env("SSL_CERT_FILE", authority);
    }
    run(&mut command).ok();
}

/// The names in the folder `box` that all of them can write, and what is in each file of them.
fn assert_box(alice: &Person, names: &[&str], bytes: &[u8]) {
    for name in names {
        assert!(alice.bytes(&format!("box/{name}")) == bytes, "{name} differs");
    }
}

fn assert_by_webdav4(alice: &Person) {
    let mut names: Vec<_> = alice.names();
    names.retain(|name| name.starts_with("box/") || name.starts_with('.'));
    let expected = ["<tag> 'q'", "Grüße", "a+b&c;d=e", "plain", "with space", "日本語 😀"];
    assert_eq!(names, expected.map(|name| format!("box/{name}")));
    assert_eq!(alice.bytes("box/plain"), b"replaced");
    assert_box(alice, &["<tag> 'q'", "Grüße", "a+b&c;d=e", "with space", "日本語 😀"], &large());
    let files =
        [("copied", b"hello".to_vec()), ("large.bin", large())].map(|(name, bytes)| (PathBuf::from(name), bytes));
    assert!(tree(&alice.file("fs")) == files, "{:?}", alice.names());
}

#[test]
fn webdav4() {
    let server = TestServer::start();
    let alice = server.person("alice");
    python("by_webdav4.py", "webdav4", &alice.url(), &alice, "work", None);
    assert_by_webdav4(&alice);
}

#[test]
fn webdav4_over_tls() {
    let server = with_tls();
    let alice = server.person("alice");
    python("by_webdav4.py", "webdav4", &tls::url(&server), &alice, "work", Some(&authority(&server)));
    assert_by_webdav4(&alice);
}

const BY_WEBDAVCLIENT3: [&str; 13] = [
    "box",
    "box/%41",
    "box/100% #1?",
    "box/<tag> 'q'",
    "box/Grüße",
    "box/a+b&c;d=e",
    "box/folder",
    "box/folder/c.txt",
    "box/folder/deep",
    "box/folder/deep/a b.txt",
    "box/folder/new.txt",
    "box/plain",
    "box/with space",
];

fn assert_by_webdavclient3(alice: &Person) {
    let names = alice.names();
    assert_eq!(names.last().map(String::as_str), Some("box/日本語 😀"));
    assert_eq!(names[..names.len() - 1], BY_WEBDAVCLIENT3);
    assert_box(alice, &["%41", "100% #1?", "<tag> 'q'", "Grüße", "a+b&c;d=e", "plain", "日本語 😀"], &large());
    assert_eq!(alice.bytes("box/folder/deep/a b.txt"), b"a");
    assert_eq!(alice.bytes("box/folder/new.txt"), b"new");
}

#[test]
fn webdavclient3() {
    let server = TestServer::start();
    let alice = server.person("alice");
    python("by_webdavclient3.py", "webdav3", &alice.url(), &alice, "work", None);
    assert_by_webdavclient3(&alice);
    assert_no_locks(&alice, "/dav/box/");
}

#[test]
fn webdavclient3_over_tls() {
    let server = with_tls();
    let alice = server.person("alice");
    python("by_webdavclient3.py", "webdav3", &tls::url(&server), &alice, "work", Some(&authority(&server)));
    assert_by_webdavclient3(&alice);
}

/// It asks about a folder without saying how deep, and reads only what the answer says of the folder itself.
#[test]
fn webdav4_asks_about_a_folder_without_a_depth() {
    let server = TestServer::start();
    let alice = server.person("alice");
    python("by_webdav4.py", "webdav4", &alice.url(), &alice, "ask", None);
    assert_eq!(alice.names(), ["box", "box/text"]);
    assert_eq!(alice.bytes("box/text"), b"text");
}

/// A person whose files may take 1,000,000 bytes.
fn limited(server: &TestServer) -> Person {
    server.ok(&["user", "add", "alice", "--quota", "1000000B"]);
    server.person("alice")
}

/// It asks what is free by the quota's properties, and has an error of its own for 507.
#[test]
fn webdavclient3_is_told_what_is_left_of_a_quota() {
    let server = TestServer::start();
    let alice = limited(&server);
    python("by_webdavclient3.py", "webdav3", &alice.url(), &alice, "free", None);
    assert_eq!(alice.names(), ["box", "box/file"]);
}

/// It copies folders with `Depth: 1`, unless it is told otherwise, and means all that is in them.
#[test]
fn webdavclient3_copies_a_folder() {
    let server = TestServer::start();
    let alice = server.person("alice");
    python("by_webdavclient3.py", "webdav3", &alice.url(), &alice, "copy", None);
    assert_eq!(alice.names(), ["box", "box/deep", "box/deep/text", "copy", "copy/deep", "copy/deep/text"]);
    assert_eq!(alice.bytes("copy/deep/text"), b"text");
}

/// It sends the lock's token with all that it asks, also of the folder above, which does not have that lock.
#[test]
fn webdavclient3_locks_a_file_and_unlocks_it() {
    let server = TestServer::start();
    let alice = server.person("alice");
    python("by_webdavclient3.py", "webdav3", &alice.url(), &alice, "lock", None);
    assert_eq!(alice.names(), ["box", "box/locked"]);
    assert_eq!(alice.bytes("box/locked"), b"by its owner");
    assert_no_locks(&alice, "/dav/box/");
}

fn npm(url: &str, person: &Person, task: &str, also: impl FnOnce(&mut Command)) {
    let npm = target().join("npm");
    if !npm.join("node_modules/webdav").is_dir() {
        not_installed("webdav (npm)");
    }
    let mut command = client("node");
    command.arg(script("by_npm_webdav.mjs")).arg(npm).args([url, &person.name, &person.key, task]);
    also(&mut command);
    run(&mut command).ok();
}

fn assert_by_npm_webdav(alice: &Person) {
    let expected = [
        "box",
        "box/100% #1?",
        "box/<tag> 'q'",
        "box/Grüße",
        "box/a+b&c;d=e",
        "box/deeper",
        "box/deeper/er",
        "box/moved 😀",
        "box/plain",
        "box/stream",
        "box/with space",
        "box/日本語 😀",
    ];
    assert_eq!(alice.names(), expected);
    for name in ["100% #1?", "<tag> 'q'", "Grüße", "a+b&c;d=e", "plain", "with space", "日本語 😀"] {
        assert_eq!(alice.bytes(&format!("box/{name}")), format!("this is {name}").into_bytes());
    }
    assert_eq!(alice.bytes("box/moved 😀"), b"this is 100% #1?");
    let stream: Vec<u8> = (0..100).flat_map(|piece| vec![piece; 30_000]).collect();
    assert!(alice.bytes("box/stream") == stream, "the stream differs");
}

#[test]
fn npm_webdav() {
    let server = TestServer::start();
    let alice = server.person("alice");
    npm(&alice.url(), &alice, "work", |_| {});
    assert_by_npm_webdav(&alice);
    npm(&alice.url(), &alice, "auto", |_| {});
    assert_eq!(alice.bytes("auto"), b"found out");
}

#[test]
fn npm_webdav_over_tls() {
    let server = with_tls();
    let alice = server.person("alice");
    let authority = authority(&server);
    npm(&tls::url(&server), &alice, "work", |command| {
        command.env("NODE_EXTRA_CA_CERTS", authority);
    });
    assert_by_npm_webdav(&alice);
}

/// It gives the lock's token back without the angle brackets that RFC 4918 §10.5 puts around it.
#[test]
fn npm_webdav_locks_and_unlocks() {
    let server = TestServer::start();
    let alice = server.person("alice");
    npm(&alice.url(), &alice, "lock", |_| {});
    assert_eq!(alice.bytes("locked"), b"after");
    assert_no_locks(&alice, "/dav/");
}

/// It replaces a part of a file where OPTIONS names `sabredav-partialupdate`.
#[test]
fn npm_webdav_replaces_parts_of_a_file() {
    let server = TestServer::start();
    let alice = server.person("alice");
    npm(&alice.url(), &alice, "parts", |_| {});
    assert_eq!(alice.names(), ["parts"]);
    assert_eq!(alice.bytes("parts"), b"01abc56789more");
    assert_eq!(lines_with(&server.log(), "method=PATCH").len(), 3, "{}", server.log());
}

/// It asks for the quota without naming it, which is to ask for all but that; named, it is read.
#[test]
fn npm_webdav_is_told_what_is_left_of_a_quota() {
    let server = TestServer::start();
    let alice = limited(&server);
    npm(&alice.url(), &alice, "quota", |_| {});
    assert_eq!(alice.names(), ["box", "box/file"]);
}

/// Both libraries can ask for a whole tree at once, which is a setting here.
#[test]
fn whole_trees_in_one_request() {
    let server = TestServer::with_config(&format!("{CHEAP}[dav]\ndepth_infinity = true\n"));
    let alice = server.person("alice");
    alice.client().send("MKCOL", "/dav/box", &[], b"");
    alice.client().send("MKCOL", "/dav/box/deep", &[], b"");
    alice.client().put("/dav/box/other", b"1");
    alice.client().put("/dav/box/deep/text", b"2");
    npm(&alice.url(), &alice, "tree", |_| {});
    python("by_webdavclient3.py", "webdav3", &alice.url(), &alice, "tree", None);
    assert_eq!(alice.names(), ["box", "box/deep", "box/deep/text", "box/other"]);
}
