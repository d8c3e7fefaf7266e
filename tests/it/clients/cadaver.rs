//! cadaver, driven by a script on its standard input.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use tempfile::TempDir;

use super::{Said, client, lines_with, pattern, write};
use crate::harness::{Person, TestServer, eventually};

/// A home for cadaver with the credentials, and the files that it uploads.
fn home(alice: &Person) -> TempDir {
    let home = tempfile::tempdir().expect("a scratch folder");
    let netrc = home.path().join(".netrc");
    write(&netrc, format!("machine 127.0.0.1\nlogin {}\npassword {}\n", alice.name, alice.key).as_bytes());
    fs::set_permissions(&netrc, fs::Permissions::from_mode(0o600)).expect("the file is private");
    home
}

fn start(alice: &Person, home: &TempDir) -> std::process::Child {
    client("cadaver")
        .arg(alice.url())
        .env("HOME", home.path())
        .current_dir(home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cadaver starts")
}

/// Its exit status says nothing of its commands: what it printed does.
fn script(alice: &Person, home: &TempDir, lines: &[&str]) -> String {
    let mut child = start(alice, home);
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(format!("{}\nquit\n", lines.join("\n")).as_bytes()).expect("commands are sent");
    drop(input);
    Said::from_output(&child.wait_with_output().expect("cadaver ends")).ok()
}

#[test]
fn every_command_succeeds() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let home = home(&alice);
    let bytes = pattern(100_000, 1);
    write(&home.path().join("local.bin"), &bytes);
    let said = script(
        &alice,
        &home,
        &[
            "ls",
            "put local.bin h.bin",
            "mkcol d",
            "move h.bin d/h2.bin",
            "copy d/h2.bin d/h3.bin",
            "copy d e",
            "ls d",
            "get d/h2.bin back.bin",
            "propset d/h2.bin color blue",
            "propget d/h2.bin color",
            "propnames d/h2.bin",
            "delete d/h3.bin",
            "rmcol e",
        ],
    );
    assert!(!said.contains("failed"), "{said}");
    assert!(said.contains("collection is empty"), "the first listing: {said}");
    assert_eq!(said.matches("succeeded.").count(), 11, "all that follow but propget: {said}");
    assert!(said.contains("Value of color is: blue"), "{said}");
    assert_eq!(lines_with(&said, " 100000 ").len(), 2, "both files are listed: {said}");
    assert_eq!(alice.names(), ["d", "d/h2.bin"]);
    assert_eq!(alice.bytes("d/h2.bin"), bytes);
    assert_eq!(fs::read(home.path().join("back.bin")).expect("it was downloaded"), bytes);
}

/// The test above looks for a word: here it is seen that cadaver says it.
#[test]
fn what_fails_is_said_so() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let said = script(&alice, &home(&alice), &["delete nothing.txt", "get nothing.txt"]);
    assert_eq!(lines_with(&said, "failed").len(), 2, "{said}");
}

#[test]
fn its_lock_keeps_others_out_until_it_unlocks() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let home = home(&alice);
    write(&home.path().join("new.txt"), b"by cadaver");
    alice.client().put("/dav/a.txt", b"old");
    let mut child = start(&alice, &home);
    let mut input = child.stdin.take().expect("a pipe");
    let mut command = |line: &str| {
        input.write_all(format!("{line}\n").as_bytes()).and_then(|()| input.flush()).expect("a command is sent");
    };
    // An empty folder has no effect but that it tells how far cadaver is.
    let reached = |folder: &str| eventually(folder, || alice.file(folder).is_dir());
    command("lock a.txt\nmkcol locked");
    reached("locked");
    assert_eq!(alice.client().put("/dav/a.txt", b"somebody else's").status, 423);
    command("put new.txt a.txt\ndiscover a.txt\nunlock a.txt\nmkcol unlocked");
    reached("unlocked");
    assert_eq!(alice.bytes("a.txt"), b"by cadaver");
    assert_eq!(alice.client().put("/dav/a.txt", b"free again").status, 204);
    command("quit");
    drop(input);
    let said = Said::from_output(&child.wait_with_output().expect("cadaver ends")).ok();
    assert!(!said.contains("failed"), "{said}");
    assert!(said.contains("Scope: exclusive  Type: write"), "{said}");
}
