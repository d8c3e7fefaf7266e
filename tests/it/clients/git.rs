//! git: a bare repository on the drive is cloned and fetched over "dumb" HTTP, and pushed to by git's own WebDAV client.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::tls::{self, authority, with_tls};
use super::{assert_no_locks, client, not_installed, pattern, run, tree, write};
use crate::harness::{Person, TestServer};

/// git in a scratch folder, with no settings but these.
struct Git {
    folder: TempDir,
    /// The authority that signed the server's certificate.
    trusted: Option<String>,
}

impl Git {
    fn new(trusted: Option<String>) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let settings =
            "[user]\nname = Alice\nemail = alice@example.org\n[init]\ndefaultBranch = main\n[gc]\nauto = 0\n";
        write(&folder.path().join(".gitconfig"), settings.as_bytes());
        Self { folder, trusted }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, folder: &str) -> Command {
        let mut git = client("git");
        git.current_dir(self.path(folder)).env("HOME", self.folder.path()).env("GIT_CONFIG_NOSYSTEM", "1");
        git.env("GIT_TERMINAL_PROMPT", "0");
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "XDG_CONFIG_HOME"] {
            git.env_remove(name);
        }
        if let Some(authority) = &self.trusted {
            git.env("GIT_SSL_CAINFO", authority);
        }
        git
    }

    /// Runs a command in a folder of the scratch folder, which must end well.
    fn ok(&self, folder: &str, arguments: &[&str]) -> String {
        run(self.command(folder).args(arguments)).ok().trim().to_owned()
    }

    fn commit(&self, repository: &str, name: &str, bytes: &[u8]) {
        write(&self.path(repository).join(name), bytes);
        self.ok(repository, &["add", "--all"]);
        self.ok(repository, &["commit", "--quiet", "--message", name]);
    }

    fn head(&self, repository: &str) -> String {
        self.ok(repository, &["rev-parse", "HEAD"])
    }

    /// A bare repository, with what dumb HTTP needs, put on the drive file by file.
    fn publish(&self, bare: &str, alice: &Person) {
        self.ok(bare, &["update-server-info"]);
        let copied = run(client("cp").args(["-a", "--"]).arg(self.path(bare)).arg(alice.file(bare)));
        copied.ok();
    }
}

/// An address with name and password in it, which is how git hands them to all of its helpers.
fn with_credentials(url: &str, alice: &Person) -> String {
    url.replacen("://", &format!("://{}:{}@", alice.name, alice.key), 1)
}

/// The repository on the server's disk is whole, and its branch is at this commit.
fn assert_branch(git: &Git, home: &Path, branch: &str, commit: &str) {
    let bare = home.to_str().expect("UTF-8");
    git.ok(".", &["--git-dir", bare, "fsck", "--full", "--strict"]);
    assert_eq!(git.ok(".", &["--git-dir", bare, "rev-parse", &format!("refs/heads/{branch}")]), commit);
}

#[test]
fn a_repository_on_the_drive_is_cloned_and_fetched() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let git = Git::new(None);
    git.ok(".", &["init", "--quiet", "work"]);
    git.commit("work", "a.txt", b"first");
    git.commit("work", "large ü.bin", &pattern(1_000_000, 3));
    git.ok(".", &["clone", "--quiet", "--bare", "work", "my repo.git"]);
    // One commit lies in a pack, the next will be loose.
    git.ok("my repo.git", &["repack", "-a", "-d", "-q"]);
    git.publish("my repo.git", &alice);

    let url = with_credentials(&format!("{}my%20repo.git", alice.url()), &alice);
    git.ok(".", &["clone", "--quiet", &url, "copy"]);
    assert_eq!(git.head("copy"), git.head("work"));
    assert!(fs::read(git.path("copy/large ü.bin")).expect("a file") == pattern(1_000_000, 3), "the file differs");

    git.commit("work", "b.txt", b"second");
    git.ok("work", &["push", "--quiet", "../my repo.git", "main"]);
    fs::remove_dir_all(alice.file("my repo.git")).expect("removed");
    git.publish("my repo.git", &alice);
    git.ok("copy", &["pull", "--quiet", "--ff-only"]);
    assert_eq!(git.head("copy"), git.head("work"));
    assert_eq!(fs::read(git.path("copy/b.txt")).expect("a file"), b"second");
    git.ok("copy", &["fsck", "--full", "--strict"]);
}

/// Pushes to an empty repository, from there on, a branch beside it, and deletes that again.
fn push(git: &Git, alice: &Person, base: &str) {
    let helper = PathBuf::from(git.ok(".", &["--exec-path"])).join("git-http-push");
    if !helper.exists() {
        not_installed("git-http-push");
    }
    git.ok(".", &["init", "--quiet", "--bare", "repo.git"]);
    git.publish("repo.git", alice);
    let url = with_credentials(&format!("{base}repo.git"), alice);
    let on_disk = alice.file("repo.git");

    git.ok(".", &["init", "--quiet", "work"]);
    git.commit("work", "a.txt", b"first");
    git.commit("work", "large.bin", &pattern(1_000_000, 4));
    git.ok("work", &["push", "--quiet", &url, "main"]);
    assert_branch(git, &on_disk, "main", &git.head("work"));

    git.ok(".", &["clone", "--quiet", &url, "copy"]);
    git.commit("copy", "ü 100%.txt", b"second");
    git.ok("copy", &["push", "--quiet", "origin", "main", "main:refs/heads/topic"]);
    assert_branch(git, &on_disk, "main", &git.head("copy"));
    assert_branch(git, &on_disk, "topic", &git.head("copy"));
    // Who has not fetched that may not push over it.
    git.commit("work", "other.txt", b"meanwhile");
    assert!(!run(git.command("work").args(["push", "--quiet", &url, "main"])).status.success());
    git.ok("work", &["pull", "--quiet", "--rebase", &url, "main"]);
    git.ok("work", &["push", "--quiet", &url, "main"]);
    assert_branch(git, &on_disk, "main", &git.head("work"));
    git.ok("work", &["push", "--quiet", &url, ":topic"]);
    assert!(!on_disk.join("refs/heads/topic").exists());
    assert_nothing_unfinished(alice);
}

/// git uploads each object under a name with its lock's token behind it, and moves it to its own.
fn assert_nothing_unfinished(alice: &Person) {
    let objects: Vec<_> = tree(&alice.file("repo.git/objects")).into_iter().map(|(name, _)| name).collect();
    assert!(objects.len() >= 10, "{objects:?}");
    for name in objects {
        let text = name.to_str().expect("UTF-8");
        let object = text.len() == 41 && text.bytes().all(|byte| byte == b'/' || byte.is_ascii_hexdigit());
        assert!(object || text.starts_with("info/") || text.starts_with("pack/"), "{text} is left over");
    }
    assert!(tree(&alice.file(".latchkey-tmp")).is_empty());
}

#[test]
fn pushing_goes_by_webdav() {
    let server = TestServer::start();
    let alice = server.person("alice");
    push(&Git::new(None), &alice, &alice.url());
    for method in ["LOCK", "PUT", "MOVE", "UNLOCK"] {
        assert!(server.log().contains(&format!("method={method} path=/dav/repo.git/")), "{method}");
    }
    for folder in ["/dav/repo.git/", "/dav/repo.git/refs/heads/", "/dav/repo.git/info/"] {
        assert_no_locks(&alice, folder);
    }
}

#[test]
fn pushing_goes_over_tls() {
    let server = with_tls();
    let alice = server.person("alice");
    push(&Git::new(Some(authority(&server))), &alice, &tls::url(&server));
}
