//! LibreOffice opens and saves on the drive by its own WebDAV, without a display, and from a mounted drive.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::davfs2::Mounted;
use super::tls::{self, authority, with_tls};
use super::{Said, assert_no_locks, client, client_at, not_installed, run, script, write};
use crate::crash::mounts::say_not_run;
use crate::harness::{Person, TestServer};

/// LibreOffice with a fresh profile.
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

    /// Converts a file; gives where the new one is.
    fn convert(&self, file: &Path, to: &str, folder: &Path) -> PathBuf {
        let profile = format!("-env:UserInstallation=file://{}", self.path("profile").display());
        let mut office = client("soffice");
        office.args(["--headless", &profile, "--convert-to", to, "--outdir"]).arg(folder).arg(file);
        run(office.env("HOME", self.folder.path())).ok();
        let ending = to.split(':').next().expect("an ending");
        folder.join(file.with_extension(ending).file_name().expect("a name"))
    }

    /// A text as LibreOffice writes it.
    fn letter(&self) -> Vec<u8> {
        write(&self.path("letter.html"), b"<p>Hello from the drive.</p>");
        fs::read(self.convert(&self.path("letter.html"), "odt", self.folder.path())).expect("the letter")
    }

    /// The text in a file.
    fn text(&self, file: &Path) -> String {
        let text = fs::read_to_string(self.convert(file, "txt:Text", self.folder.path())).expect("the text");
        text.trim_start_matches('\u{feff}').trim().to_owned()
    }

    /// The script, which opens a text by its address.
    fn script(&self, task: &str, url: &str, alice: &Person) -> Command {
        if !Path::new("/usr/lib/python3/dist-packages/uno.py").exists() {
            not_installed("python3-uno");
        }
        let _ = client("soffice");
        // The system's own Python: only for that one is the bridge to LibreOffice made.
        let mut python = client_at(Path::new("/usr/bin/python3"));
        python.arg(script("libreoffice.py")).arg(task).arg(self.path("profile"));
        python.args([url, &alice.name, &alice.key]).env("HOME", self.folder.path());
        python
    }
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
fn assert_saved(alice: &Person, office: &Office) {
    assert_eq!(alice.names(), ["Letter ü #1 copy.odt", "Letter ü #1.odt"]);
    for name in alice.names() {
        assert_eq!(office.text(&alice.file(&name)), CHANGED, "{name}");
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
    assert_saved(&alice, &office);
    assert_no_locks(&alice, "/dav/");
    let said = run(&mut office.script("look", &url, &alice)).ok();
    assert!(said.contains(&format!("writable {CHANGED}")), "{said}");
    assert_no_locks(&alice, "/dav/");
}

/// It trusts the system's authorities and no others, so this test has a view of the system of its own, with ours in it.
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
    let mut within = client("unshare");
    let mount = r#"mount --bind "$0" /etc/ssl/certs/ca-certificates.crt && exec "$@""#;
    within.args(["--mount", "sh", "-c", mount, &authority(&server)]).arg(script.get_program());
    within.args(script.get_args()).env("HOME", office.folder.path());
    edit(within, || {});
    assert_saved(&alice, &office);
}

#[test]
fn a_text_on_a_mounted_drive_is_read_and_one_is_written() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let office = Office::new();
    alice.client().put("/dav/letter.odt", &office.letter());
    let Some(drive) = Mounted::mount(&alice) else { return };
    assert_eq!(office.text(&drive.path("letter.odt")), "Hello from the drive.");
    office.convert(&drive.path("letter.odt"), "docx", &drive.path(""));
    drive.unmount();
    assert_eq!(alice.names(), ["letter.docx", "letter.odt"]);
    assert_eq!(office.text(&alice.file("letter.docx")), "Hello from the drive.");
    assert_no_locks(&alice, "/dav/");
}
