//! rclone: up, down, checked, synchronised, with all the names that people give to files.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use super::{assert_same, client, find, not_installed, pattern, python_client, run, target, tree, write};
use crate::harness::{Person, TestServer};

/// Which rclone is meant.
#[derive(Clone, Copy)]
pub enum Version {
    /// The one of the system's packages: 1.60 in Debian 12.
    System,
    /// The newest one that `tests/run` installs.
    Current,
}

/// rclone with one remote `dav:`, and a folder `local` with what is to be copied.
pub struct Rclone {
    pub folder: TempDir,
    version: Version,
    /// The authority that signed the server's certificate.
    trusted: Option<String>,
}

impl Rclone {
    pub fn new(person: &Person, vendor: &str) -> Self {
        Self::at(person, &person.url(), vendor, Version::System)
    }

    pub fn at(person: &Person, url: &str, vendor: &str, version: Version) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let rclone = Self { folder, version, trusted: None };
        let password = run(rclone.command().args(["obscure", &person.key])).ok();
        let remote = format!(
            "[dav]\ntype = webdav\nurl = {url}\nvendor = {vendor}\nuser = {}\npass = {}\n",
            person.name,
            password.trim()
        );
        write(&rclone.folder.path().join("rclone.conf"), remote.as_bytes());
        fs::create_dir(rclone.local()).expect("a folder");
        rclone
    }

    pub fn trusting(mut self, authority: String) -> Self {
        self.trusted = Some(authority);
        self
    }

    /// A command of it, with its settings.
    pub fn command(&self) -> Command {
        let mut command = match self.version {
            Version::System => client("rclone"),
            Version::Current => python_client("rclone"),
        };
        self.tell(&mut command);
        command
    }

    /// Where its program is.
    pub fn program(&self) -> PathBuf {
        match self.version {
            Version::System => find("rclone").unwrap_or_else(|| not_installed("rclone")),
            Version::Current => target().join("python/bin/rclone"),
        }
    }

    /// Tells a program its settings that runs it.
    pub fn tell(&self, command: &mut Command) {
        command.env("RCLONE_CONFIG", self.folder.path().join("rclone.conf")).current_dir(self.folder.path());
        // What it remembers from one run to the next.
        command.env("RCLONE_CACHE_DIR", self.folder.path().join("cache"));
        if let Some(authority) = &self.trusted {
            command.env("RCLONE_CA_CERT", authority);
        }
    }

    pub fn local(&self) -> PathBuf {
        self.folder.path().join("local")
    }

    pub fn back(&self) -> PathBuf {
        self.folder.path().join("back")
    }

    /// Runs a command between two of `local`, `back` and `dav:…`, which must end well.
    pub fn ok(&self, arguments: &[&str]) -> String {
        run(self.command().args(arguments)).ok()
    }

    /// rclone finds both sides the same, by its own means and by downloading all.
    pub fn check(&self, remote: &str) {
        for arguments in [vec!["check"], vec!["check", "--download"]] {
            let said = self.ok(&[&arguments[..], &["local", remote]].concat());
            assert!(said.contains("0 differences found"), "{said}");
        }
    }
}

pub fn make_files(folder: &Path, count: usize) {
    for number in 0..count {
        let name = format!("{}/{}/file-{number}.txt", number % 10, number % 7);
        write(&folder.join(name), &pattern(number * 3 % 2000, number));
    }
    write(&folder.join("large.bin"), &pattern(5_000_000, 3));
}

/// rclone waits 10 ms between any two requests, which is what this test's time goes to.
#[test]
fn a_thousand_files_go_up_and_come_back() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let rclone = Rclone::new(&alice, "other");
    make_files(&rclone.local(), 1000);
    rclone.ok(&["copy", "local", "dav:box"]);
    assert_same(&rclone.local(), &alice.file("box"));
    thread::scope(|scope| {
        scope.spawn(|| rclone.check("dav:box"));
        scope.spawn(|| rclone.ok(&["copy", "dav:box", "back"]));
    });
    assert_same(&rclone.local(), &rclone.back());
}

#[test]
fn a_folder_is_synchronised_with_deletions() {
    let server = TestServer::start();
    let alice = server.person("alice");
    synchronise(&alice, &Rclone::new(&alice, "other"), 120);
}

/// Synchronises so many files, changes and deletes some, and does it again; then the other way round.
pub fn synchronise(alice: &Person, rclone: &Rclone, files: usize) {
    make_files(&rclone.local(), files);
    rclone.ok(&["sync", "local", "dav:box"]);
    assert_same(&rclone.local(), &alice.file("box"));
    // A third goes, a tenth grows, and a folder comes.
    for (number, (name, bytes)) in tree(&rclone.local()).iter().enumerate() {
        let path = rclone.local().join(name);
        match number {
            number if number % 3 == 0 => fs::remove_file(path).expect("removed"),
            number if number % 10 == 0 => fs::write(path, [bytes, &b"more"[..]].concat()).expect("written"),
            _ => {}
        }
    }
    write(&rclone.local().join("new/deep/er/file"), b"new");
    rclone.ok(&["sync", "local", "dav:box"]);
    rclone.check("dav:box");
    assert_same(&rclone.local(), &alice.file("box"));

    rclone.ok(&["moveto", "dav:box/new", "dav:box/moved"]);
    rclone.ok(&["purge", "dav:box/1"]);
    assert_eq!(alice.bytes("box/moved/deep/er/file"), b"new");
    assert!(!alice.file("box/new/deep/er/file").exists() && !alice.file("box/1").exists());
    rclone.ok(&["sync", "dav:box", "local"]);
    assert_same(&rclone.local(), &alice.file("box"));
    rclone.ok(&["purge", "dav:box"]);
    assert_eq!(alice.names(), Vec::<String>::new());
}

#[test]
fn names_of_all_kinds_arrive_as_they_are() {
    let server = TestServer::start();
    let alice = server.person("alice");
    carry_names(&alice, &Rclone::new(&alice, "other"));
}

/// Takes names of all kinds to the drive and back, moves and copies them there.
pub fn carry_names(alice: &Person, rclone: &Rclone) {
    const NAMES: [&str; 20] = [
        "with space",
        " leading",
        "two  spaces",
        "100%",
        "%41",
        "%2F",
        "a#b",
        "a?b=c",
        "a+b",
        "a&b;c",
        "<angle>",
        "quote\"'",
        "back\\slash",
        "[brackets]{}",
        "Grüße",
        "u\u{308} decomposed",
        "日本語",
        "😀",
        "pipe|~$^`!@(),=",
        "...dots...",
    ];
    for (number, name) in NAMES.iter().enumerate() {
        write(&rclone.local().join(name).join(name), &pattern(100 + number, number));
    }
    rclone.ok(&["copy", "local", "dav:"]);
    rclone.check("dav:");
    rclone.ok(&["copy", "dav:", "back"]);
    assert_same(&rclone.local(), &rclone.back());
    // On the disk they have the very same names: whatever else works on the files sees what the person wrote.
    let mut names: Vec<String> = NAMES.iter().flat_map(|name| [(*name).to_owned(), format!("{name}/{name}")]).collect();
    names.sort();
    assert_eq!(alice.names(), names);
    for name in NAMES {
        rclone.ok(&["moveto", &format!("dav:{name}/{name}"), &format!("dav:moved/{name} 2")]);
        rclone.ok(&["copyto", &format!("dav:moved/{name} 2"), &format!("dav:copied {name}")]);
        assert_eq!(alice.bytes(&format!("moved/{name} 2")), alice.bytes(&format!("copied {name}")));
        assert!(!alice.file(name).join(name).exists(), "{name}");
    }
}

/// A name with a colon at the top: rclone writes `./` before it, since it would look like a URL's scheme, and sends
/// `/dav/./a:b`. By RFC 3986 §5.2.4 that is `/dav/a:b`.
#[test]
fn a_colon_in_a_name_at_the_top() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let rclone = Rclone::new(&alice, "other");
    write(&rclone.local().join("10:30 notes.txt"), b"a file");
    write(&rclone.local().join("a:b/c:d"), b"in a folder");
    rclone.ok(&["copy", "local", "dav:", "--retries", "1"]);
    rclone.check("dav:");
    rclone.ok(&["copy", "dav:", "back"]);
    assert_same(&rclone.local(), &rclone.back());
    assert_eq!(alice.names(), ["10:30 notes.txt", "a:b", "a:b/c:d"]);
}

/// R13: these vendors have rclone send `X-OC-Mtime`, and compare times afterwards.
#[test]
fn times_are_kept_where_the_client_sends_them() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for vendor in ["owncloud", "nextcloud"] {
        let rclone = Rclone::new(&alice, vendor);
        for number in 0..20_u32 {
            let path = rclone.local().join(format!("{number}.txt"));
            write(&path, &pattern(number as usize, 1));
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000 + u64::from(number) * 86_399);
            fs::File::options().write(true).open(path).expect("the file").set_modified(time).expect("its time is set");
        }
        let remote = format!("dav:{vendor}");
        rclone.ok(&["copy", "local", &remote]);
        rclone.check(&remote);
        for number in 0..20 {
            let modified = alice.file(&format!("{vendor}/{number}.txt")).metadata().expect("a file").mtime();
            assert_eq!(modified, 1_000_000_000 + number * 86_399, "{vendor} {number}");
        }
        // Nothing has changed, so nothing is sent again: that is what the times are for.
        let uploads = |server: &TestServer| server.log().matches("method=PUT").count();
        let before = uploads(&server);
        rclone.ok(&["copy", "local", &remote]);
        assert_eq!(uploads(&server), before, "{vendor}");
        rclone.ok(&["copy", &remote, "back"]);
        assert_same(&rclone.local(), &rclone.back());
        let back = rclone.back().join("7.txt").metadata().expect("a file").mtime();
        assert_eq!(back, 1_000_000_000 + 7 * 86_399, "{vendor}");
    }
}

#[test]
fn a_wrong_password_is_told_as_such() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let wrong = Person { key: "wrong".to_owned(), ..alice };
    let rclone = Rclone::new(&wrong, "other");
    let said = run(rclone.command().args(["lsf", "dav:", "--retries", "1", "--low-level-retries", "1"]));
    assert!(!said.status.success());
    assert!(said.text.contains("401 Unauthorized"), "{}", said.text);
}

/// The lines that the first start prints, pasted as they are.
#[test]
fn the_printed_lines_work_when_pasted() {
    let server = TestServer::start();
    let log = server.log();
    let lines: Vec<&str> = log.lines().map(str::trim).filter(|line| line.starts_with("rclone ")).collect();
    assert_eq!(lines.len(), 2, "{log}");
    fs::write(server.storage().join("files/admin/hello.txt"), b"hello").expect("a file");
    let config = server.folder.path().join("rclone.conf");
    write(&config, b"");
    let paste = |line: &str| run(client("sh").args(["-c", line]).env("RCLONE_CONFIG", &config)).ok();
    paste(lines[0]);
    assert!(paste(lines[1]).contains("5 hello.txt"));
}
