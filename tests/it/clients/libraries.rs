//! Libraries that other programs are made with: webdav4 and webdavclient3 for Python, webdav for JavaScript.
//!
//! What each is told to do stands in a script beside this file, which ends well only if all of it went well.

use std::path::PathBuf;
use std::process::Command;

use super::tls::{self, authority, with_tls};
use super::{assert_no_locks, client, not_installed, python_client, run, script, target, tree};
use crate::harness::{CHEAP, Person, TestServer};

/// Bytes that the Python scripts upload.
fn large() -> Vec<u8> {
    (0..12_000).flat_map(|_| 0..251_u8).collect()
}

fn python(name: &str, package: &str, url: &str, person: &Person, more: &[&str]) {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let installed = target().join("python/lib");
    let installed = installed.read_dir().ok().and_then(|mut versions| versions.next()).and_then(Result::ok);
    if !installed.is_some_and(|version| version.path().join("site-packages").join(package).is_dir()) {
        not_installed(package);
    }
    let mut command = python_client("python");
    command.arg(script(name)).args([url, &person.name, &person.key]).args(more).current_dir(scratch.path());
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
    let files = [("copied", b"hello".to_vec()), ("large.bin", large())].map(|(name, bytes)| (PathBuf::from(name), bytes));
    assert!(tree(&alice.file("fs")) == files, "{:?}", alice.names());
}

#[test]
fn webdav4() {
    let server = TestServer::start();
    let alice = server.person("alice");
    python("webdav4.py", "webdav4", &alice.url(), &alice, &[]);
    assert_by_webdav4(&alice);
}

#[test]
fn webdav4_over_tls() {
    let server = with_tls();
    let alice = server.person("alice");
    python("webdav4.py", "webdav4", &tls::url(&server), &alice, &[&authority(&server)]);
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
    python("webdavclient3.py", "webdav3", &alice.url(), &alice, &["work"]);
    assert_by_webdavclient3(&alice);
    assert_no_locks(&alice, "/dav/box/");
}

#[test]
fn webdavclient3_over_tls() {
    let server = with_tls();
    let alice = server.person("alice");
    python("webdavclient3.py", "webdav3", &tls::url(&server), &alice, &["work", &authority(&server)]);
    assert_by_webdavclient3(&alice);
}

fn npm(url: &str, person: &Person, task: &str, also: impl FnOnce(&mut Command)) {
    let npm = target().join("npm");
    if !npm.join("node_modules/webdav").is_dir() {
        not_installed("webdav (npm)");
    }
    let mut command = client("node");
    command.arg(script("npm_webdav.mjs")).arg(npm).args([url, &person.name, &person.key, task]);
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
    let stream: Vec<u8> = (0..100).flat_map(|piece| [piece; 30_000]).collect();
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
    python("webdavclient3.py", "webdav3", &alice.url(), &alice, &["tree"]);
    assert_eq!(alice.names(), ["box", "box/deep", "box/deep/text", "box/other"]);
}
