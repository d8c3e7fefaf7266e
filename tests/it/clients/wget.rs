//! wget: a folder's page is followed down into everything beneath it, and a broken download is taken up again.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::tls::{self, authority, with_tls};
use super::{assert_same, client, pattern, run, write};
use crate::harness::{Person, TestServer};

/// wget in a folder of its own, with somebody's credentials.
fn wget(person: &Person, folder: &TempDir) -> Command {
    let mut wget = client("wget");
    wget.args(["--no-config", "--no-hsts", "--no-verbose", "--tries=1", "--no-proxy", "--execute", "robots=off"])
        .current_dir(folder.path());
    wget.args(["--user", &person.name, "--password", &person.key]).env("HOME", folder.path());
    wget
}

const NAMES: [&str; 8] = [
    "plain.txt",
    "with space",
    "100% #1?.txt",
    "a+b&c;d",
    "[1] {2}",
    "Grüße/日本語 😀.txt",
    "Grüße/more/deep",
    "<tag> \"q\"",
];

/// Fetches everything beneath a folder by the links on its page.
fn take_everything(alice: &Person, base: &str, options: &[&str]) {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    for (number, name) in NAMES.iter().enumerate() {
        write(&alice.file("box").join(name), &pattern(1000 * number, number));
    }
    write(&alice.file("not in the box"), b"elsewhere");
    let said = run(wget(alice, &scratch)
        .args(options)
        .args(["--recursive", "--no-parent", "--no-host-directories"])
        .args(["--restrict-file-names=nocontrol", &format!("{base}box/")]));
    assert!(!said.text.contains("ERROR"), "{}", said.text);
    said.ok();
    // The pages themselves are kept beside what they link to.
    for folder in ["", "Grüße", "Grüße/more"] {
        fs::remove_file(scratch.path().join("dav/box").join(folder).join("index.html")).expect("the page");
    }
    assert_same(&alice.file("box"), &scratch.path().join("dav/box"));
    assert!(!scratch.path().join("dav/not in the box").exists());
}

#[test]
fn a_folder_is_fetched_with_all_that_is_in_it() {
    let server = TestServer::start();
    let alice = server.person("alice");
    take_everything(&alice, &alice.url(), &[]);
}

#[test]
fn a_folder_is_fetched_over_tls() {
    let server = with_tls();
    let alice = server.person("alice");
    take_everything(&alice, &tls::url(&server), &["--ca-certificate", &authority(&server)]);
}

#[test]
fn a_broken_download_is_taken_up_again() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let bytes = pattern(500_000, 3);
    alice.client().put("/dav/a.bin", &bytes);
    let part = scratch.path().join("a.bin");
    write(&part, &bytes[..200_001]);
    let url = format!("{}a.bin", alice.url());
    let resume = || run(wget(&alice, &scratch).args(["--continue", &url]));
    resume().ok();
    assert!(fs::read(&part).expect("the file") == bytes, "the joined file differs");
    let sent = |status: &str| server.log().lines().filter(|line| line.contains(status)).count();
    assert_eq!(sent("method=GET path=/dav/a.bin status=206"), 1, "{}", server.log());
    // What is there already is not fetched again.
    resume().ok();
    assert_eq!(sent("method=GET path=/dav/a.bin status=416"), 1, "{}", server.log());
    assert!(fs::read(&part).expect("the file") == bytes, "the whole file was touched");
}

/// With `--timestamping`, what has not changed is not sent again, and files get the server's times.
#[test]
fn what_has_not_changed_is_not_fetched_again() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let scratch = tempfile::tempdir().expect("a scratch folder");
    // Times are told in whole seconds: the next change must not be in the same one.
    alice.client().send("PUT", "/dav/a.txt", &[("X-OC-Mtime", "1000000000")], b"first");
    let url = format!("{}a.txt", alice.url());
    let mirror = || run(wget(&alice, &scratch).args(["--timestamping", &url])).ok();
    let local = scratch.path().join("a.txt");
    let time = |path: &Path| {
        let time = path.metadata().expect("a file").modified().expect("a time");
        time.duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs()
    };
    mirror();
    assert_eq!(fs::read(&local).expect("the file"), b"first");
    assert_eq!(time(&local), time(&alice.file("a.txt")));
    let whole = || server.log().matches("method=GET path=/dav/a.txt status=200").count();
    let before = whole();
    mirror();
    assert_eq!(whole(), before, "it was sent again: {}", server.log());
    alice.client().put("/dav/a.txt", b"second, and longer");
    mirror();
    assert_eq!(fs::read(&local).expect("the file"), b"second, and longer");
}
