//! `LibreOffice` opens and saves on the drive by its own WebDAV, without a display, and from a mounted drive.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::davfs2::Mounted;
use super::tls::{self, trusted_by_system, with_tls};
use super::{Said, assert_no_locks, client, client_at, not_installed, run, script, write};
use crate::crash::mounts::say_not_run;
use crate::harness::{Person, TestServer};

/// `LibreOffice` with a fresh profile.
struct Office {
    folder: TempDir,
}

impl Office {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a scratch folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Opens a file and writes it in another format into this folder.
    fn convert(&self, file: &Path, to: &str, folder: &Path) {
        let profile = format!("-env:UserInstallation=file://{}", self.path("profile").display());
        let mut office = client("soffice");
        office.args(["--headless", &profile, "--convert-to", to, "--outdir"]).arg(folder).arg(file);
        run(office.env("HOME", self.folder.path())).ok();
    }

    /// A small text.
    fn letter(&self) -> Vec<u8> {
        let file = self.path("letter.odt");
        run(python().arg(script("odt.py")).arg("make").arg(&file).arg("Hello from the drive.")).ok();
        fs::read(file).expect("the letter")
    }

    /// The script, which opens a text by its address.
    fn script(&self, task: &str, url: &str, alice: &Person) -> Command {
        if !Path::new("/usr/lib/python3/dist-packages/uno.py").exists() {
            not_installed("python3-uno");
        }
        let _ = client("soffice");
        let mut python = python();
        python.arg(script("by_libreoffice.py")).arg(task).arg(self.path("profile"));
        python.args([url, &alice.name, &alice.key]).env("HOME", self.folder.path());
        python
    }
}

/// The system's own Python: only for that one is the bridge to `LibreOffice` made.
fn python() -> Command {
    client_at(Path::new("/usr/bin/python3"))
}

/// The text in a file.
fn text(file: &Path) -> String {
    run(python().arg(script("odt.py")).arg("read").arg(file)).ok().trim().to_owned()
}

const LETTER: &str = "Letter%20%C3%BC%20%231.odt";
const CHANGED: &str = "Changed by LibreOffice. Hello from the drive.";

/// Opens, holds it open until `meanwhile` is done, changes and saves, in place and under another name.
fn edit(mut script: Command, meanwhile: impl FnOnce()) {
    let script = script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = script.spawn().expect("it starts");
    let mut said = String::new();
    let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
    stdout.read_line(&mut said).expect("a line");
    if said == "open\n" {
        meanwhile();
    }
    let _ = child.stdin.take().expect("a pipe").write_all(b"\n");
    let rest = Said::from_output(&child.wait_with_output().expect("it ends")).ok();
    assert_eq!(said, "open\n", "{rest}");
}

/// Both files have the changed text, and there is nothing else.
fn assert_saved(alice: &Person) {
    assert_eq!(alice.names(), ["Letter ü #1 copy.odt", "Letter ü #1.odt"]);
    for name in alice.names() {
        assert_eq!(text(&alice.file(&name)), CHANGED, "{name}");
    }
}

#[test]
fn a_text_is_opened_locked_and_saved_by_its_address() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let office = Office::new();
    let letter = office.letter();
    let path = format!("/dav/{LETTER}");
    assert_eq!(alice.client().put(&path, &letter).status, 201);
    let url = format!("{}{LETTER}", alice.url());
    edit(office.script("edit", &url, &alice), || {
        assert_eq!(alice.client().put(&path, b"by another program").status, 423);
        // A second LibreOffice finds it locked, and opens it to be read.
        let second = Office::new();
        let said = run(&mut second.script("look", &url, &alice)).ok();
        assert!(said.contains("read-only Hello from the drive."), "{said}");
        assert!(alice.bytes("Letter ü #1.odt") == letter, "it is as it was");
    });
    assert_saved(&alice);
    assert_no_locks(&alice, "/dav/");
    let said = run(&mut office.script("look", &url, &alice)).ok();
    assert!(said.contains(&format!("writable {CHANGED}")), "{said}");
    assert_no_locks(&alice, "/dav/");
}

/// It trusts the system's authorities and no others.
#[test]
fn a_text_is_opened_and_saved_over_tls() {
    if !rustix::process::geteuid().is_root() {
        return say_not_run("LibreOffice over TLS", "only root may mount");
    }
    let server = with_tls();
    let alice = server.person("alice");
    let office = Office::new();
    write(&alice.file("Letter ü #1.odt"), &office.letter());
    let script = office.script("edit", &format!("{}{LETTER}", tls::url(&server)), &alice);
    edit(trusted_by_system(&server, &script), || {});
    assert_saved(&alice);
}

#[test]
fn a_text_on_a_mounted_drive_is_read_and_one_is_written() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let office = Office::new();
    alice.client().put("/dav/letter.odt", &office.letter());
    let Some(drive) = Mounted::mount(&alice) else { return };
    office.convert(&drive.path("letter.odt"), "docx", &drive.path(""));
    drive.unmount();
    assert_eq!(alice.names(), ["letter.docx", "letter.odt"]);
    assert_eq!(text(&alice.file("letter.docx")), "Hello from the drive.");
    assert_no_locks(&alice, "/dav/");
}
