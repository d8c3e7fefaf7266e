//! davfs2: the drive mounted through /dev/fuse, as a folder like any other.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::FlockOperation;
use tempfile::TempDir;

use super::tls::{self, authority, with_tls};
use super::{assert_no_locks, client, find, lines_with, pattern, run, tree, write};
use crate::crash::mounts::Tmpfs;
use crate::harness::{Person, TestServer, eventually};

/// A drive that is mounted, until it is dropped.
pub struct Mounted {
    folder: TempDir,
    /// davfs2 keeps one cache for all, so there is one mount at a time, whichever process the tests run in.
    _turn: fs::File,
}

impl Mounted {
    /// Mounts the drive, or says by name why this machine cannot.
    pub fn mount(person: &Person) -> Option<Self> {
        Self::mount_at(person, &person.url(), "")
    }

    /// Mounts the drive at this address, with these further settings.
    fn mount_at(person: &Person, url: &str, more: &str) -> Option<Self> {
        assert!(find("mount.davfs").is_some(), "davfs2 is not installed; tests/run installs what is needed");
        // A probe that has nothing to do with davfs2: whoever may not mount this may not mount anything.
        let folder = tempfile::tempdir().expect("a scratch folder");
        drop(Tmpfs::mount("davfs2", &folder.path().join("probe"), "1m")?);
        if let Err(error) = fs::File::options().read(true).write(true).open("/dev/fuse") {
            return not_run(&format!("no /dev/fuse: {error}"));
        }
        let turn = fs::File::create(std::env::temp_dir().join("latchkey-davfs2.lock")).expect("a lock file");
        rustix::fs::flock(&turn, FlockOperation::LockExclusive).expect("the lock");
        let mounted = Self { folder, _turn: turn };
        let (point, secrets) = (mounted.point(), mounted.folder.path().join("secrets"));
        fs::create_dir(&point).expect("a mount point");
        let config = mounted.folder.path().join("davfs2.conf");
        // Without this buffer size, listings fail on newer kernels.
        let settings = format!("buf_size 64\ndelay_upload 0\nuse_locks 1\nsecrets {}\n{more}", secrets.display());
        write(&config, settings.as_bytes());
        write(&secrets, format!("{} {} {}\n", point.display(), person.name, person.key).as_bytes());
        for path in [&config, &secrets] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("it is private");
        }
        let options = format!("conf={},rw", config.display());
        let said = run(client("mount.davfs").args(["-o", &options, url]).arg(&point));
        if said.text.contains("fuse device") || said.text.contains("fuse kernel module") {
            return not_run(&said.text);
        }
        assert!(said.status.success(), "{}", said.text);
        // Were it not mounted, all that follows would work on the bare folder.
        let table = fs::read_to_string("/proc/mounts").expect("the mount table");
        assert!(table.contains(url), "{table}");
        Some(mounted)
    }

    fn point(&self) -> PathBuf {
        self.folder.path().join("drive")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.point().join(name)
    }

    /// Unmounts; davfs2 uploads before it ends what it has not uploaded yet.
    pub fn unmount(self) {
        let said = run(client("umount").arg(self.point()));
        assert!(said.status.success(), "{}", said.text);
        let table = fs::read_to_string("/proc/mounts").expect("the mount table");
        assert!(!table.contains(self.point().to_str().expect("UTF-8")), "{table}");
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Only what a failed test left mounted is still there.
        let _ = Command::new("umount").args(["--lazy", "--quiet"]).arg(self.point()).output();
        // davfs2 keeps a cache for each mount point, and this one never comes back.
        let mark = self.folder.path().file_name().expect("a name").to_string_lossy().into_owned();
        for entry in fs::read_dir("/var/cache/davfs2").into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().contains(&mark) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

fn not_run<T>(why: &str) -> Option<T> {
    crate::crash::mounts::say_not_run("davfs2", why);
    None
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    // davfs2 shows a folder of its own.
    let mut names: Vec<String> = names.filter(|name| name != "lost+found").collect();
    names.sort();
    names
}

#[test]
fn a_mounted_drive_is_a_folder_like_any_other() {
    let server = TestServer::start();
    let alice = server.person("alice");
    assert_eq!(alice.client().put("/dav/there%20before.txt", b"before").status, 201);
    let Some(drive) = Mounted::mount(&alice) else { return };
    assert_eq!(names(&drive.point()), ["there before.txt"]);
    assert_eq!(fs::read(drive.path("there before.txt")).expect("it reads"), b"before");

    let large = pattern(3_000_000, 2);
    fs::write(drive.path("a.bin"), &large).expect("it writes");
    assert!(fs::read(drive.path("a.bin")).expect("it reads back") == large, "the bytes differ");
    fs::rename(drive.path("a.bin"), drive.path("b.bin")).expect("it renames");
    fs::copy(drive.path("b.bin"), drive.path("copy of b.bin")).expect("it copies");
    fs::create_dir(drive.path("Ordner ä")).expect("it makes a folder");
    fs::write(drive.path("Ordner ä/100% #1?.txt"), b"odd").expect("it writes in it");
    fs::rename(drive.path("Ordner ä"), drive.path("Ordner ö")).expect("it renames a folder");
    fs::write(drive.path("gone.txt"), b"gone").expect("it writes");
    fs::remove_file(drive.path("gone.txt")).expect("it deletes");
    fs::create_dir(drive.path("gone")).expect("it makes a folder");
    fs::remove_dir(drive.path("gone")).expect("it deletes a folder");
    fs::write(drive.path("there before.txt"), b"after").expect("it overwrites");
    assert_eq!(names(&drive.point()), ["Ordner ö", "b.bin", "copy of b.bin", "there before.txt"]);
    drive.unmount();

    let on_disk = [
        (PathBuf::from("Ordner ö/100% #1?.txt"), b"odd".to_vec()),
        (PathBuf::from("b.bin"), large.clone()),
        (PathBuf::from("copy of b.bin"), large),
        (PathBuf::from("there before.txt"), b"after".to_vec()),
    ];
    assert!(tree(&alice.home) == on_disk, "{:?}", alice.names());
    let locked = ["Ordner%20%C3%B6/100%25%20%231%3F.txt", "b.bin", "copy%20of%20b.bin", "there%20before.txt"];
    for path in locked {
        let answer = alice.client().send("DELETE", &format!("/dav/{path}"), &[], b"");
        assert_eq!(answer.status, 204, "no lock is left on {path}");
    }
}

/// R10: with locks, davfs2 makes each new file by LOCK on a path where nothing is.
#[test]
fn a_file_is_locked_while_it_is_open_for_writing() {
    let server = TestServer::start();
    let alice = server.person("alice");
    assert_eq!(alice.client().put("/dav/old.txt", b"old").status, 201);
    let Some(drive) = Mounted::mount(&alice) else { return };
    for name in ["old.txt", "new.txt"] {
        let path = format!("/dav/{name}");
        let mut file = fs::File::options().create(true).append(true).open(drive.path(name)).expect("it opens");
        file.write_all(b" and more").expect("it writes");
        assert_eq!(alice.client().put(&path, b"by another program").status, 423, "{name}");
        assert_eq!(alice.client().send("DELETE", &path, &[], b"").status, 423, "{name}");
        drop(file);
        eventually("the upload", || alice.bytes(name).ends_with(b" and more"));
        eventually("the unlock", || {
            let answer = alice.client().send("PROPPATCH", &path, &[], PROPERTY.as_bytes());
            answer.status == 207
        });
    }
    drive.unmount();
    assert_eq!((alice.bytes("old.txt"), alice.bytes("new.txt")), (b"old and more".to_vec(), b" and more".to_vec()));
}

/// How editors save: a new file beside the old one, then the one name over the other; and a copy of the old one first.
#[test]
fn an_editor_saves_by_a_new_file_and_a_rename() {
    let server = TestServer::start();
    let alice = server.person("alice");
    assert_eq!(alice.client().put("/dav/Letter%20%C3%BC.txt", b"first").status, 201);
    let Some(drive) = Mounted::mount(&alice) else { return };
    for text in ["second", "third, and longer"] {
        let letter = drive.path("Letter ü.txt");
        fs::rename(&letter, drive.path("Letter ü.txt~")).expect("it keeps the old one");
        let mut file = fs::File::create_new(drive.path(".Letter ü.txt.swp")).expect("a new file");
        file.write_all(text.as_bytes()).expect("it writes");
        drop(file);
        fs::rename(drive.path(".Letter ü.txt.swp"), &letter).expect("it renames");
        assert_eq!(fs::read(&letter).expect("it reads"), text.as_bytes());
    }
    drive.unmount();
    assert_eq!(alice.names(), ["Letter ü.txt", "Letter ü.txt~"]);
    assert_eq!(alice.bytes("Letter ü.txt"), b"third, and longer");
    assert_eq!(alice.bytes("Letter ü.txt~"), b"second");
    assert_no_locks(&alice, "/dav/");
    let locked = lines_with(&server.log(), "method=LOCK path=/dav/.Letter").len();
    assert_eq!(locked, 2, "{}", server.log());
}

/// `df` shows the quota and what is left of it, as the size of the drive.
#[test]
fn the_quota_is_the_size_of_the_drive() {
    let server = TestServer::start();
    server.ok(&["user", "add", "alice", "--quota", "100000000B"]);
    let alice = server.person("alice");
    assert_eq!(alice.client().put("/dav/a.bin", &pattern(3_000_000, 1)).status, 201);
    let Some(drive) = Mounted::mount(&alice) else { return };
    let said = run(client("df").args(["--block-size=1", "--output=size,used,avail"]).arg(drive.point())).ok();
    let numbers: Vec<u64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    // davfs2 counts in blocks.
    let about = |number: u64, expected: u64| number.abs_diff(expected) < 10_000;
    assert!(numbers.len() == 3 && about(numbers[0], 100_000_000) && about(numbers[1], 3_000_000), "{said}");
    assert!(about(numbers[2], 97_000_000), "{said}");
    drive.unmount();
}

#[test]
fn a_drive_is_mounted_over_tls() {
    let server = with_tls();
    let alice = server.person("alice");
    let trusted = format!("trust_ca_cert {}\n", authority(&server));
    let Some(drive) = Mounted::mount_at(&alice, &tls::url(&server), &trusted) else { return };
    let bytes = pattern(1_000_000, 8);
    fs::write(drive.path("a 😀.bin"), &bytes).expect("it writes");
    assert!(fs::read(drive.path("a 😀.bin")).expect("it reads back") == bytes, "the bytes differ");
    fs::rename(drive.path("a 😀.bin"), drive.path("b #.bin")).expect("it renames");
    drive.unmount();
    assert_eq!(alice.names(), ["b #.bin"]);
    assert!(alice.bytes("b #.bin") == bytes, "the bytes differ on the disk");
}

const PROPERTY: &str =
    r#"<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><x xmlns="urn:x">1</x></D:prop></D:set></D:propertyupdate>"#;
