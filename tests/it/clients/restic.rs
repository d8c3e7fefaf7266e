//! restic, through rclone: a backup is made, made again, checked, restored and thinned out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::rclone::{Rclone, Version};
use super::tls::{self, authority, with_tls};
use super::{assert_same, client, pattern, run, tree, write};
use crate::harness::{Person, TestServer};

/// restic with a repository `dav:backup` that it reaches by an rclone.
struct Restic {
    rclone: Rclone,
    folder: TempDir,
}

impl Restic {
    fn new(rclone: Rclone) -> Self {
        Self { rclone, folder: tempfile::tempdir().expect("a scratch folder") }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command, which must end well.
    fn ok(&self, arguments: &[&str]) -> String {
        let mut restic: Command = client("restic");
        self.rclone.tell(&mut restic);
        restic.env("RESTIC_PASSWORD", "of the backup").env("HOME", self.folder.path()).current_dir(self.folder.path());
        restic.args(["-o", &format!("rclone.program={}", self.rclone.program().display()), "-r", "rclone:dav:backup"]);
        run(restic.args(["--cache-dir", "cache"]).args(arguments)).ok()
    }

    /// What the newest backup holds is what `data` holds.
    fn assert_restored(&self, to: &str) {
        self.ok(&["restore", "latest", "--target", to]);
        assert_same(&self.path("data"), &self.path(to).join("data"));
    }
}

fn make_data(folder: &Path) {
    for (number, name) in ["a.txt", "with space", "Grüße/日本語 😀", "deep/er/100% #?"].iter().enumerate() {
        write(&folder.join(name), &pattern(5000 * number, number));
    }
    write(&folder.join("large.bin"), &noise(6_000_000));
}

/// Bytes that neither repeat nor compress.
fn noise(size: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    (0..size).map(step).collect()
}

/// Every file of a repository, but for its configuration, is named by the SHA-256 of what is in it.
fn assert_only_whole_files(alice: &Person) {
    let files = tree(&alice.file("backup"));
    assert!(files.len() > 5, "{:?}", alice.names());
    for (path, _) in files {
        let name = path.file_name().expect("a name").to_str().expect("UTF-8");
        let whole = name == "config" || name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(whole && !path.starts_with("locks"), "{} is left over", path.display());
    }
    assert!(tree(&alice.file(".latchkey-tmp")).is_empty());
}

#[test]
fn a_backup_is_made_and_made_again_checked_restored_and_thinned_out() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let restic = Restic::new(Rclone::new(&alice, "owncloud"));
    make_data(&restic.path("data"));
    restic.ok(&["init"]);
    restic.ok(&["backup", "data"]);
    fs::remove_file(restic.path("data/a.txt")).expect("removed");
    write(&restic.path("data/new.txt"), b"new");
    restic.ok(&["backup", "data"]);
    restic.assert_restored("before");
    restic.ok(&["forget", "--keep-last", "1", "--prune"]);
    restic.ok(&["check", "--read-data"]);
    restic.assert_restored("after");
    assert_only_whole_files(&alice);
    assert_eq!(tree(&alice.file("backup/snapshots")).len(), 1);
}

#[test]
fn a_backup_by_the_current_rclone_over_tls() {
    let server = with_tls();
    let alice = server.person("alice");
    let rclone = Rclone::at(&alice, &tls::url(&server), "owncloud", Version::Current).trusting(authority(&server));
    let restic = Restic::new(rclone);
    make_data(&restic.path("data"));
    restic.ok(&["init"]);
    restic.ok(&["backup", "data"]);
    restic.ok(&["check"]);
    restic.assert_restored("after");
    assert_only_whole_files(&alice);
}
