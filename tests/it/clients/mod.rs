//! Real clients against the real binary. What they need is installed by `tests/run`.

mod cadaver;
mod curl;
mod davfs2;
mod git;
mod gvfs;
mod keepassxc;
mod libraries;
mod libreoffice;
mod litmus;
mod rclone;
mod rclone_both_ways;
mod rclone_current;
mod rclone_hashes;
mod restic;
pub mod tls;
mod wget;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{env, fs};

use crate::harness::Person;

/// What a client said and how it ended.
pub struct Said {
    /// stdout, then stderr.
    text: String,
    status: std::process::ExitStatus,
}

impl Said {
    fn from_output(output: &Output) -> Self {
        let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat();
        Self { text, status: output.status }
    }

    /// The client must have been content.
    pub fn ok(self) -> String {
        assert!(self.status.success(), "{}: {}", self.status, self.text);
        self.text
    }
}

/// A client's program, which must be installed: a test that passes without it would prove nothing.
///
/// It is ended after two minutes, since a client that hangs says less than one that fails.
pub fn client(program: &str) -> Command {
    client_at(&find(program).unwrap_or_else(|| not_installed(program)))
}

/// The same for a program that `tests/run` has put into `target/python`.
pub fn python_client(program: &str) -> Command {
    let path = target().join("python/bin").join(program);
    if !path.is_file() {
        not_installed(program);
    }
    client_at(&path)
}

fn not_installed(program: &str) -> ! {
    panic!("{program} is not installed; tests/run installs what is needed");
}

fn client_at(path: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", "120"]).arg(path).stdin(Stdio::null());
    // A person's own settings and a proxy of the machine have no part in this.
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(name);
    }
    command
}

/// Where `tests/run` puts what no package of the system has.
fn target() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/target"))
}

/// A script beside these tests.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clients").join(name)
}

/// Where a program is. The folders for administrators are not in everybody's PATH.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Runs a client to its end.
pub fn run(command: &mut Command) -> Said {
    Said::from_output(&command.output().expect("the client runs"))
}

/// Bytes that differ from place to place, so that a shifted or repeated piece is seen.
fn pattern(size: usize, seed: usize) -> Vec<u8> {
    (0..size).map(|at| u8::try_from((at / 256 * 7 + at + seed) % 251).expect("below 251")).collect()
}

/// Writes a file and the folders above it.
fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("the folder is made");
    fs::write(path, bytes).expect("the file is written");
}

/// All files beneath a folder with their bytes, but for what the server keeps for itself.
fn tree(top: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![top.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(top).expect("beneath").to_path_buf();
                files.push((name, fs::read(&path).expect("a file")));
            }
        }
    }
    files.sort();
    files
}

/// Both folders hold the same files with the same bytes.
fn assert_same(left: &Path, right: &Path) {
    let (left, right) = (tree(left), tree(right));
    let names = |tree: &[(PathBuf, Vec<u8>)]| tree.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&left), names(&right));
    for ((name, left), (_, right)) in left.iter().zip(&right) {
        assert!(left == right, "{} differs", name.display());
    }
}

/// No file has a lock that a client has left behind, neither in the folder at this address nor on itself.
fn assert_no_locks(person: &Person, folder: &str) {
    let body = r#"<D:propfind xmlns:D="DAV:"><D:prop><D:lockdiscovery/></D:prop></D:propfind>"#;
    let answer = person.client().send("PROPFIND", folder, &[("Depth", "1")], body.as_bytes());
    assert_eq!(answer.status, 207);
    let text = answer.text();
    assert!(text.contains("lockdiscovery") && !text.contains("activelock"), "{text}");
}

/// The lines of a text in which something stands.
fn lines_with<'a>(text: &'a str, part: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.contains(part)).collect()
}
