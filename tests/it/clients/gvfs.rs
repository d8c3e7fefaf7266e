//! GNOME's file manager, by its command line: the address that the first start prints is typed into it.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use super::tls::with_tls;
use super::{Said, assert_no_locks, client, lines_with};
use crate::harness::{Person, TestServer};

/// One session bus for each run; mounts end with it. What is asked for comes on standard input.
fn session(script: &str, server: &TestServer, drive: &str, answers: &str) -> Said {
    let mut command = client("dbus-run-session");
    command.args(["--", "sh", "-c", script]).env("DRIVE", drive.trim_end_matches('/'));
    command.env("HOME", server.folder.path()).env("XDG_RUNTIME_DIR", server.folder.path());
    command.env("GVFS_DISABLE_FUSE", "1").current_dir(server.folder.path());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let _ = child.stdin.take().expect("stdin").write_all(answers.as_bytes());
    Said::from_output(&child.wait_with_output().expect("it ends"))
}

const SCRIPT: &str = r#"
gio mount "$DRIVE" || exit 1
gio mkdir "$DRIVE/folder" || exit 2
gio copy local.txt "$DRIVE/folder/up.txt" || exit 3
gio move "$DRIVE/folder/up.txt" "$DRIVE/folder/moved.txt" || exit 4
gio cat "$DRIVE/folder/moved.txt" || exit 5
gio list "$DRIVE/folder" || exit 6
gio remove "$DRIVE/folder/moved.txt" || exit 7
gio mount -u "$DRIVE"
"#;

#[test]
fn the_printed_address_opens_in_a_file_manager() {
    let server = TestServer::start();
    let log = server.log();
    let address = log.split_whitespace().find(|word| word.starts_with("dav://")).expect("an address").to_owned();
    let key = log.split_whitespace().find(|word| word.starts_with("lk-")).expect("an application password").to_owned();
    fs::write(server.folder.path().join("local.txt"), b"from the desktop").expect("a file");
    let text = session(SCRIPT, &server, &address, &format!("{key}\n")).ok();
    assert!(text.contains("from the desktop") && text.contains("moved.txt"), "{text}");
    let left: Vec<_> = fs::read_dir(server.storage().join("files/admin/folder")).expect("a folder").collect();
    assert!(left.is_empty());
}

/// All that its window can do with files. Addresses are written as addresses, new names as names.
const EVERYTHING: &str = r#"
gio mount "$DRIVE" || exit 1
gio mkdir "$DRIVE/Gr%C3%BC%C3%9Fe" || exit 2
gio copy local.bin "$DRIVE/Gr%C3%BC%C3%9Fe/" || exit 3
gio rename "$DRIVE/Gr%C3%BC%C3%9Fe/local.bin" '100% #1? 😀.bin' || exit 4
gio copy "$DRIVE/Gr%C3%BC%C3%9Fe/100%25%20%231%3F%20%F0%9F%98%80.bin" "$DRIVE/copy.bin" || exit 5
gio move "$DRIVE/copy.bin" "$DRIVE/Gr%C3%BC%C3%9Fe/a+b%26c.bin" || exit 6
echo saved | gio save "$DRIVE/saved.txt" || exit 7
echo 'saved again' | gio save "$DRIVE/saved.txt" || exit 8
echo never | gio save --etag=another "$DRIVE/saved.txt" && exit 9
gio copy "$DRIVE/saved.txt" "$DRIVE/Gr%C3%BC%C3%9Fe/a+b%26c.bin" || exit 10
gio copy "$DRIVE/Gr%C3%BC%C3%9Fe/100%25%20%231%3F%20%F0%9F%98%80.bin" back.bin || exit 11
gio info "$DRIVE/saved.txt" || exit 12
gio info --filesystem "$DRIVE/" || exit 13
gio tree "$DRIVE" || exit 14
gio rename "$DRIVE/Gr%C3%BC%C3%9Fe" 'Letters' || exit 15
gio mkdir "$DRIVE/gone" "$DRIVE/gone/deep" || exit 16
gio remove "$DRIVE/gone/deep" "$DRIVE/gone" || exit 17
gio trash "$DRIVE/saved.txt" && exit 18
gio mount -u "$DRIVE"
"#;

fn do_everything(server: &TestServer, alice: &Person, drive: &str, answers: &str) -> String {
    let bytes = super::pattern(3_000_000, 5);
    super::write(&server.folder.path().join("local.bin"), &bytes);
    let said = session(EVERYTHING, server, drive, &format!("{answers}{}\n", alice.key)).ok();
    assert!(fs::read(server.folder.path().join("back.bin")).expect("it came back") == bytes, "the copy differs");
    assert_eq!(lines_with(&said, "type: regular").len(), 1, "{said}");
    assert_eq!(lines_with(&said, "size:  12").len(), 1, "{said}");
    assert_eq!(lines_with(&said, "externally modified").len(), 1, "the wrong entity tag: {said}");
    assert_eq!(lines_with(&said, "100% #1? 😀.bin").len(), 1, "the tree: {said}");
    let names = ["Letters", "Letters/100% #1? 😀.bin", "Letters/a+b&c.bin", "saved.txt"];
    assert_eq!(alice.names(), names);
    assert!(alice.bytes("Letters/100% #1? 😀.bin") == bytes, "the upload differs");
    assert_eq!(alice.bytes("Letters/a+b&c.bin"), b"saved again\n");
    assert_eq!(alice.bytes("saved.txt"), b"saved again\n");
    said
}

#[test]
fn files_are_copied_moved_renamed_saved_and_removed() {
    let server = TestServer::start();
    let alice = server.person("alice");
    do_everything(&server, &alice, &format!("dav://alice@{}/dav/", server.addr), "");
    assert_no_locks(&alice, "/dav/");
}

/// The status line of its window: how large the drive is, and what is free.
#[test]
fn the_quota_is_the_size_of_the_drive() {
    let server = TestServer::start();
    server.ok(&["user", "add", "alice", "--quota", "1000000B"]);
    let alice = server.person("alice");
    assert_eq!(alice.client().put("/dav/a.bin", &super::pattern(250_000, 1)).status, 201);
    let script = r#"gio mount "$DRIVE" && gio info --filesystem "$DRIVE/" && gio mount -u "$DRIVE""#;
    let drive = format!("dav://alice@{}/dav/", server.addr);
    let said = session(script, &server, &drive, &format!("{}\n", alice.key)).ok();
    for line in ["filesystem::size: 1000000", "filesystem::used: 250000", "filesystem::free: 750000"] {
        assert_eq!(lines_with(&said, line).len(), 1, "{line} in {said}");
    }
}

/// It does not know the authority and asks; the first answer is to the question whether to go on.
#[test]
fn files_are_copied_moved_renamed_saved_and_removed_over_tls() {
    let server = with_tls();
    let alice = server.person("alice");
    let drive = format!("davs://alice@{}/dav/", server.addr);
    let said = do_everything(&server, &alice, &drive, "1\n");
    assert!(said.contains("The signing certificate authority is not known."), "{said}");
}
