//! `KeePassXC`, which has no WebDAV of its own: its database lies on a mounted drive, or is fetched and put back.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use super::davfs2::Mounted;
use super::{Said, assert_no_locks, client, run};
use crate::harness::{Person, TestServer};

/// Runs one of its commands with these lines on standard input, the first of which opens the database.
fn keepassxc(arguments: &[&str], database: &Path, more: &[&str], input: &str) -> String {
    let home = tempfile::tempdir().expect("a scratch folder");
    let mut command = client("keepassxc-cli");
    command.args(arguments).arg("--quiet").arg(database).args(more);
    command.env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path()).env("QT_QPA_PLATFORM", "offscreen");
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("keepassxc-cli starts");
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("it reads");
    Said::from_output(&child.wait_with_output().expect("it ends")).ok()
}

/// A database with one entry, saved where it lies.
fn create(database: &Path) {
    // Few rounds of its key function, so that the test does not wait for it.
    keepassxc(
        &["db-create", "--set-password", "--decryption-time", "100"],
        database,
        &[],
        "of the file\nof the file\n",
    );
    keepassxc(&["add", "--username", "bob", "--password-prompt"], database, &["bank"], "of the file\nsecret\n");
}

/// What the database on the server's disk says of an entry.
fn look_up(alice: &Person, file: &str, entry: &str) -> String {
    let shown = ["show", "--show-protected", "--attributes", "UserName", "--attributes", "Password"];
    keepassxc(&shown, &alice.file(file), &[entry], "of the file\n")
}

#[test]
fn a_database_is_made_changed_and_saved_on_a_mounted_drive() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let Some(drive) = Mounted::mount(&alice) else { return };
    let database = drive.path("Schlüssel #1.kdbx");
    create(&database);
    keepassxc(&["mkdir"], &database, &["money"], "of the file\n");
    keepassxc(&["mv"], &database, &["bank", "money"], "of the file\n");
    keepassxc(&["edit", "--username", "carol"], &database, &["money/bank"], "of the file\n");
    assert!(keepassxc(&["ls"], &database, &["money"], "of the file\n").contains("bank"));
    drive.unmount();
    // Each save is a new file beside the old one and a rename: nothing of that is left.
    assert_eq!(alice.names(), ["Schlüssel #1.kdbx"]);
    assert_no_locks(&alice, "/dav/");
    let said = look_up(&alice, "Schlüssel #1.kdbx", "money/bank");
    assert!(said.contains("carol\nsecret"), "{said}");
}

/// By curl, as people with a script do; whoever has the older database does not replace the newer one.
#[test]
fn a_database_is_fetched_changed_and_put_back() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let [local, tag] = ["my.kdbx", "tag"].map(|name| scratch.path().join(name));
    create(&local);
    let url = format!("{}my.kdbx", alice.url());
    let curl = |arguments: &[&str]| {
        let mut curl = client("curl");
        curl.args(["--disable", "--silent", "--show-error", "--noproxy", "*", "--output", "/dev/null"]);
        curl.args(["--write-out", "%{http_code}", "--user", &format!("{}:{}", alice.name, alice.key)]);
        run(curl.args(arguments).arg(&url)).ok()
    };
    let (path, tag_path) = (local.to_str().expect("UTF-8"), tag.to_str().expect("UTF-8"));
    assert_eq!(curl(&["--upload-file", path, "--header", "If-None-Match: *"]), "201");
    assert_eq!(curl(&["--output", path, "--etag-save", tag_path]), "200");
    keepassxc(&["edit", "--username", "carol"], &local, &["bank"], "of the file\n");
    let unchanged = format!("If-Match: {}", fs::read_to_string(&tag).expect("the entity tag").trim());
    assert_eq!(curl(&["--upload-file", path, "--header", &unchanged]), "204");
    assert_eq!(
        curl(&["--upload-file", path, "--header", &unchanged]),
        "412",
        "the entity tag is that of the older one"
    );
    assert_eq!(alice.names(), ["my.kdbx"]);
    assert_eq!(alice.bytes("my.kdbx"), fs::read(&local).expect("the file"));
    let said = look_up(&alice, "my.kdbx", "bank");
    assert!(said.contains("carol\nsecret"), "{said}");
}
