//! cadaver, driven by a script on its standard input.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::tls::{self, trusted_by_system, with_tls};
use super::{Said, assert_no_locks, client, lines_with, pattern, write};
use crate::crash::mounts::say_not_run;
use crate::harness::{Person, TestServer, eventually};

/// A home for cadaver with the credentials, and the files that it uploads.
fn home(alice: &Person) -> TempDir {
    let home = tempfile::tempdir().expect("a scratch folder");
    let netrc = home.path().join(".netrc");
    write(&netrc, format!("machine 127.0.0.1\nlogin {}\npassword {}\n", alice.name, alice.key).as_bytes());
    fs::set_permissions(&netrc, fs::Permissions::from_mode(0o600)).expect("the file is private");
    home
}

fn cadaver(alice: &Person, home: &TempDir) -> Command {
    let mut cadaver = client("cadaver");
    cadaver.arg(alice.url()).env("HOME", home.path()).current_dir(home.path());
    cadaver
}

fn start(cadaver: &mut Command) -> Child {
    cadaver.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("cadaver starts")
}

/// Its exit status says nothing of its commands: what it printed does.
fn script(alice: &Person, home: &TempDir, lines: &[&str]) -> String {
    script_by(&mut cadaver(alice, home), lines)
}

fn script_by(cadaver: &mut Command, lines: &[&str]) -> String {
    let mut child = start(cadaver);
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
    let mut child = start(&mut cadaver(&alice, &home));
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

/// `edit` locks the file, fetches it, starts an editor, puts it back and unlocks it.
#[test]
fn a_file_is_edited_under_a_lock() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let home = home(&alice);
    alice.client().put("/dav/notes%20%C3%BC.txt", b"first\n");
    let editor = home.path().join("editor");
    let url = format!("http://{}:{}@{}/dav/notes%20%C3%BC.txt", alice.name, alice.key, server.addr);
    // While it edits, it looks whether anybody else could. cadaver sees a change by the whole seconds of its time.
    let body = format!(
        "#!/bin/sh\ncurl -q -s -o /dev/null -w '%{{http_code}}' -T /dev/null '{url}' >'{}'\n\
         echo second >>\"$1\"\ntouch -d '+2 seconds' \"$1\"\n",
        home.path().join("status").display()
    );
    write(&editor, body.as_bytes());
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o700)).expect("it can be run");
    let _ = client("curl");
    let line = format!("set editor {}", editor.display());
    let said = script(&alice, &home, &[&line, "edit \"notes ü.txt\"", "ls"]);
    assert!(!said.contains("failed"), "{said}");
    assert_eq!(fs::read(home.path().join("status")).expect("the editor ran"), b"423");
    assert_eq!(alice.names(), ["notes ü.txt"]);
    assert_eq!(alice.bytes("notes ü.txt"), b"first\nsecond\n");
    assert_no_locks(&alice, "/dav/");
}

#[test]
fn names_of_all_kinds_and_properties() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let home = home(&alice);
    let names = ["with space", "100%", "%41", "a#b", "a?b", "a+b&c", "Grüße", "😀"];
    let mut lines = Vec::new();
    for (number, name) in names.iter().enumerate() {
        write(&home.path().join("up").join(name), &pattern(100 + number, number));
        lines.push(format!("put \"up/{name}\" \"{name}\""));
    }
    lines.push("mkcol folder".to_owned());
    lines.extend(names.iter().map(|name| format!("move \"{name}\" \"folder/{name}\"")));
    lines.extend(names.iter().map(|name| format!("get \"folder/{name}\" \"{name}\"")));
    for line in ["propset folder color blue", "propget folder color", "propdel folder color", "propget folder color"] {
        lines.push(line.to_owned());
    }
    let said = script(&alice, &home, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(lines_with(&said, "Value of color is: blue").len(), 1, "{said}");
    assert!(!said.contains("failed"), "{said}");
    assert_eq!(lines_with(&said, "Could not fetch property").len(), 1, "it was deleted: {said}");
    let mut expected: Vec<_> = names.map(|name| format!("folder/{name}")).into();
    expected.push("folder".to_owned());
    expected.sort();
    assert_eq!(alice.names(), expected);
    for (number, name) in names.iter().enumerate() {
        let bytes = pattern(100 + number, number);
        assert_eq!(alice.bytes(&format!("folder/{name}")), bytes, "{name}");
        assert_eq!(fs::read(home.path().join(name)).expect("it came back"), bytes, "{name}");
    }
}

/// It trusts the system's authorities, and asks about any other, which it does at a terminal only.
#[test]
fn a_file_goes_up_over_tls() {
    if !rustix::process::geteuid().is_root() {
        return say_not_run("cadaver over TLS", "only root may mount");
    }
    let server = with_tls();
    let alice = server.person("alice");
    let home = home(&alice);
    let bytes = pattern(1_000_000, 2);
    write(&home.path().join("local.bin"), &bytes);
    let mut cadaver = client("cadaver");
    cadaver.arg(tls::url(&server)).env("HOME", home.path());
    let mut cadaver = trusted_by_system(&server, &cadaver);
    let said = script_by(cadaver.current_dir(home.path()), &["put local.bin a.bin", "move a.bin b.bin", "ls"]);
    assert_eq!(said.matches("succeeded.").count(), 3, "{said}");
    assert_eq!(alice.names(), ["b.bin"]);
    assert!(alice.bytes("b.bin") == bytes, "the upload differs");
}
