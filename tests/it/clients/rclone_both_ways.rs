//! rclone with changes on both sides: bisync, and the drive mounted as a folder. Each by the system's and the newest.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::{Duration, UNIX_EPOCH};

use super::rclone::{Rclone, Version};
use super::{assert_same, find, not_installed, pattern, run, write};
use crate::crash::mounts::{Tmpfs, say_not_run};
use crate::harness::{TestServer, eventually};

/// Changes, new files and deletions on both sides at once; afterwards both have all of it.
fn both_sides_change(version: Version) {
    let server = TestServer::start();
    let alice = server.person("alice");
    let rclone = Rclone::at(&alice, &alice.url(), "owncloud", version);
    let local = rclone.local();
    for name in ["stays", "changes here", "changes there", "goes here", "goes there", "Grüße/100% #?"] {
        write(&local.join(name), name.as_bytes());
        // Changes are seen by their times, in whole seconds: none must fall into the second of what it changes.
        let file = fs::File::options().write(true).open(local.join(name)).expect("the file");
        file.set_modified(UNIX_EPOCH + Duration::from_secs(1_000_000_000)).expect("its time is set");
    }
    rclone.ok(&["mkdir", "dav:box"]);
    rclone.ok(&["bisync", "local", "dav:box", "--resync"]);
    assert_same(&local, &alice.file("box"));

    write(&local.join("changes here"), b"changed here, and longer");
    write(&local.join("new here/a"), b"new here");
    fs::remove_file(local.join("goes here")).expect("removed");
    let there = alice.client();
    assert_eq!(there.put("/dav/box/changes%20there", b"changed there, and longer").status, 204);
    assert_eq!(there.put("/dav/box/new%20there", b"new there").status, 201);
    assert_eq!(there.send("DELETE", "/dav/box/goes%20there", &[], b"").status, 204);
    rclone.ok(&["bisync", "local", "dav:box"]);
    assert_same(&local, &alice.file("box"));
    assert_eq!(fs::read(local.join("changes there")).expect("a file"), b"changed there, and longer");
    assert_eq!(alice.bytes("box/changes here"), b"changed here, and longer");
    let names = alice.names();
    let expected = [
        "box",
        "box/Grüße",
        "box/Grüße/100% #?",
        "box/changes here",
        "box/changes there",
        "box/new here",
        "box/new here/a",
        "box/new there",
        "box/stays",
    ];
    assert_eq!(names, expected);
    // Nothing has changed, so nothing is sent.
    let changes = || server.log().lines().filter(|line| line.contains("method=PUT")).count();
    let before = changes();
    rclone.ok(&["bisync", "local", "dav:box"]);
    assert_eq!(changes(), before);
}

#[test]
fn bisync_by_the_system_s() {
    both_sides_change(Version::System);
}

#[test]
fn bisync_by_the_current() {
    both_sides_change(Version::Current);
}

/// A drive mounted by rclone, until it is dropped.
struct Mounted {
    child: Child,
    point: PathBuf,
}

impl Mounted {
    /// Mounts the drive, or says by the test's name why this machine cannot.
    fn mount(test: &str, rclone: &Rclone) -> Option<Self> {
        if find("fusermount3").is_none() {
            not_installed("fusermount3");
        }
        // Whoever may not mount this may not mount anything.
        drop(Tmpfs::mount(test, &rclone.folder.path().join("probe"), "1m")?);
        if let Err(error) = fs::File::options().read(true).write(true).open("/dev/fuse") {
            say_not_run(test, &format!("no /dev/fuse: {error}"));
            return None;
        }
        let point = rclone.folder.path().join("drive");
        fs::create_dir(&point).expect("a mount point");
        // What is written is kept here for so long before it goes up; the mount's end does not wait for it.
        let options = ["--vfs-cache-mode", "writes", "--vfs-write-back", "100ms", "--dir-cache-time", "1s"];
        let mut command = rclone.command();
        let child = command.args(["mount", "dav:"]).arg(&point).args(options).spawn().expect("rclone starts");
        let mounted = Self { child, point };
        eventually("the mount", || is_mounted(&mounted.point));
        Some(mounted)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.point.join(name)
    }

    fn unmount(mut self) {
        run(Command::new("umount").arg(&self.point)).ok();
        let status = self.child.wait().expect("rclone ends");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Only what a failed test left mounted is still there; rclone ends with its mount.
        if is_mounted(&self.point) {
            let _ = Command::new("umount").args(["--lazy", "--quiet"]).arg(&self.point).output();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_mounted(point: &Path) -> bool {
    let table = fs::read_to_string("/proc/mounts").expect("the mount table");
    table.contains(point.to_str().expect("UTF-8"))
}

fn work_in_a_mounted_drive(test: &str, version: Version) {
    let server = TestServer::start();
    let alice = server.person("alice");
    let large = pattern(3_000_000, 2);
    alice.client().put("/dav/large.bin", &large);
    alice.client().put("/dav/gone", b"gone");
    alice.client().send("MKCOL", "/dav/Gr%C3%BC%C3%9Fe", &[], b"");
    alice.client().put("/dav/Gr%C3%BC%C3%9Fe/100%25%20%23%3F.txt", b"odd");
    let rclone = Rclone::at(&alice, &alice.url(), "owncloud", version);
    let Some(drive) = Mounted::mount(test, &rclone) else { return };
    // Reading: a whole file, a piece out of its middle, and names.
    assert!(fs::read(drive.path("large.bin")).expect("it reads") == large, "the bytes differ");
    let mut piece = vec![0; 1000];
    let file = fs::File::open(drive.path("large.bin")).expect("it opens");
    std::os::unix::fs::FileExt::read_exact_at(&file, &mut piece, 2_000_000).expect("it reads");
    assert!(piece == large[2_000_000..2_001_000], "the piece differs");
    assert_eq!(fs::read(drive.path("Grüße/100% #?.txt")).expect("it reads"), b"odd");
    // Writing: anew, over what is there, at the end, and under another name.
    write(&drive.path("new/deep/a.txt"), b"new");
    fs::write(drive.path("Grüße/100% #?.txt"), b"after").expect("it overwrites");
    fs::rename(drive.path("large.bin"), drive.path("moved 😀.bin")).expect("it renames");
    eventually("the uploads", || alice.file("new/deep/a.txt").exists() && alice.bytes("Grüße/100% #?.txt") == b"after");
    fs::rename(drive.path("new"), drive.path("newer")).expect("it renames a folder");
    fs::remove_file(drive.path("gone")).expect("it deletes");
    drop(file);
    drive.unmount();
    assert_eq!(
        alice.names(),
        ["Grüße", "Grüße/100% #?.txt", "moved 😀.bin", "newer", "newer/deep", "newer/deep/a.txt"]
    );
    assert_eq!(alice.bytes("newer/deep/a.txt"), b"new");
    assert!(alice.bytes("moved 😀.bin") == large, "the moved file differs");
    assert_eq!(alice.bytes("Grüße/100% #?.txt"), b"after");
}

#[test]
fn mount_by_the_system_s() {
    work_in_a_mounted_drive("rclone mount", Version::System);
}

#[test]
fn mount_by_the_current() {
    work_in_a_mounted_drive("rclone mount", Version::Current);
}
