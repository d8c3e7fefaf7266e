//! GNOME's file manager, by its command line: the address that the first start prints is typed into it.

use std::io::Write;
use std::process::Stdio;

use super::{Said, client};
use crate::harness::TestServer;

/// One session bus for each run; mounts end with it. The password comes on standard input.
const SCRIPT: &str = r#"
export GVFS_DISABLE_FUSE=1
gio mount "$DRIVE" || exit 1
gio mkdir "$DRIVE/folder" || exit 2
gio copy "$LOCAL" "$DRIVE/folder/up.txt" || exit 3
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
    let local = server.folder.path().join("local.txt");
    std::fs::write(&local, b"from the desktop").expect("a file");
    let mut command = client("dbus-run-session");
    command.args(["--", "sh", "-c", SCRIPT]).env("DRIVE", address.trim_end_matches('/')).env("LOCAL", &local);
    command.env("HOME", server.folder.path()).env("XDG_RUNTIME_DIR", server.folder.path());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let _ = child.stdin.take().expect("stdin").write_all(format!("{key}\n").as_bytes());
    let text = Said::from_output(&child.wait_with_output().expect("it ends")).ok();
    assert!(text.contains("from the desktop") && text.contains("moved.txt"), "{text}");
    let left: Vec<_> = std::fs::read_dir(server.storage().join("files/admin/folder")).expect("a folder").collect();
    assert!(left.is_empty());
}
