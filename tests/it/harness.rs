//! Starts the real binary on a free port and a scratch storage, and hands out people with application passwords.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::http::Client;

/// argon2id at its cheapest, so that tests do not wait for it; the real cost is tested where it matters.
pub const CHEAP: &str = "[security]\nargon2_memory_kib = 1024\nargon2_iterations = 1\n";

/// A running server.
pub struct TestServer {
    child: Child,
    pub addr: SocketAddr,
    pub folder: TempDir,
    /// What the server wrote to stderr goes here.
    log: PathBuf,
}

/// A person with an application password.
#[derive(Clone)]
pub struct Person {
    pub name: String,
    pub key: String,
    pub home: PathBuf,
    pub addr: SocketAddr,
}

impl TestServer {
    /// Starts a server with cheap hashing and everything else as shipped.
    pub fn start() -> Self {
        Self::with_config(CHEAP)
    }

    /// Starts a server with that configuration file.
    pub fn with_config(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        fs::write(folder.path().join("webdav.toml"), config).expect("the configuration is written");
        Self::on(folder)
    }

    /// Starts a server in a folder that has its configuration, and maybe its storage, already.
    pub fn on(folder: TempDir) -> Self {
        let log = folder.path().join("stderr.log");
        let (child, addr) = launch(folder.path(), &log);
        Self { child, addr, folder, log }
    }

    /// Kills the server as a power cut would, and starts it again.
    pub fn crash_and_restart(&mut self) {
        self.kill();
        self.start_again();
    }

    /// SIGKILL, and waits until the process is gone.
    pub fn kill(&mut self) {
        self.child.kill().expect("the server can be killed");
        self.child.wait().expect("the server has ended");
    }

    /// Starts a stopped server again, on another port.
    pub fn start_again(&mut self) {
        (self.child, self.addr) = launch(self.folder.path(), &self.log);
    }

    /// Asks the server to end (SIGTERM) and gives its exit status.
    pub fn terminate(&mut self) -> std::process::ExitStatus {
        self.signal("TERM");
        self.child.wait().expect("the server has ended")
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// How many descriptors the server holds open.
    pub fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid())).expect("the process").count()
    }

    /// The number of the server's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The storage folder.
    pub fn storage(&self) -> PathBuf {
        self.folder.path().join("storage")
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Asserts that a text stands neither in the log nor in any file of the storage, the database's included.
    pub fn assert_absent(&self, text: &str) {
        assert!(!text.is_empty() && !self.log().contains(text), "{text} is in the log");
        assert_eq!(file_with(&self.storage(), text.as_bytes()), None, "{text} is in a file");
    }

    /// Waits for a text in the log.
    pub fn wait_for_log(&self, text: &str) {
        eventually(&format!("{text:?} in the log"), || self.log().contains(text));
    }

    /// Runs a command beside the server, on the same storage.
    pub fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .expect("the command runs")
    }

    /// Runs a command that must succeed and reads this from its stdin.
    pub fn ok_with_input(&self, arguments: &[&str], input: &str) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_latchkey"))
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command runs");
        let written = child.stdin.take().expect("stdin is piped").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(written.is_ok() && output.status.success(), "{arguments:?}: {stderr}");
    }

    /// Runs a command that must succeed, and gives its stdout.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        String::from_utf8(output.stdout).expect("UTF-8").trim_end().to_owned()
    }

    /// Adds a person and issues an application password with these further arguments.
    pub fn person_with(&self, name: &str, arguments: &[&str]) -> Person {
        if !self.run(&["user", "show", name]).status.success() {
            self.ok(&["user", "add", name]);
        }
        let key = self.ok(&[&["app-password", "issue", name, "test"], arguments].concat());
        Person { name: name.to_owned(), key, home: self.storage().join("files").join(name), addr: self.addr }
    }

    /// Adds a person with an application password for everything.
    pub fn person(&self, name: &str) -> Person {
        self.person_with(name, &[])
    }

    /// A client without credentials.
    pub fn stranger(&self) -> Client {
        Client::new(self.addr)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let _ = std::io::stderr().write_all(format!("--- the server's log:\n{}", self.log()).as_bytes());
        }
    }
}

fn launch(folder: &Path, log: &Path) -> (Child, SocketAddr) {
    let stderr = fs::File::options().create(true).append(true).open(log).expect("a log file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_latchkey"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .spawn()
        .expect("the server starts");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("stdout is piped");
    BufReader::new(stdout).read_line(&mut line).expect("the server's line");
    let addr = line.trim().rsplit_once("//").and_then(|(_, addr)| addr.parse().ok());
    if let Some(addr) = addr {
        return (child, addr);
    }
    let _ = child.kill();
    let _ = child.wait();
    panic!("no address in {line:?}; the log: {}", fs::read_to_string(log).unwrap_or_default());
}

impl Person {
    /// A client with this person's application password.
    pub fn client(&self) -> Client {
        Client::new(self.addr).with_basic(&self.name, &self.key)
    }

    /// The drive's address.
    pub fn url(&self) -> String {
        format!("http://{}/dav/", self.addr)
    }

    /// A file in the home, as it lies on the disk.
    pub fn file(&self, path: &str) -> PathBuf {
        self.home.join(path)
    }

    /// Its bytes.
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        fs::read(self.file(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// All names in the home, but for the empty hidden folder; what is in that is listed.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        gather(&self.home, &self.home, &mut names);
        names.retain(|name| name != ".latchkey-tmp");
        names.sort();
        names
    }
}

fn gather(top: &Path, folder: &Path, names: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        names.push(path.strip_prefix(top).expect("beneath").to_string_lossy().into_owned());
        if path.is_dir() && !path.is_symlink() {
            gather(top, &path, names);
        }
    }
}

/// A file beneath a folder that has these bytes in it, wherever.
pub fn file_with(folder: &Path, bytes: &[u8]) -> Option<PathBuf> {
    let mut files = vec![folder.to_owned()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        } else if fs::read(&path).expect("a file").windows(bytes.len()).any(|window| window == bytes) {
            return Some(path);
        }
    }
    None
}

/// Waits until something holds, looking again and again; fails after ten seconds.
pub fn eventually(what: &str, holds: impl FnMut() -> bool) {
    eventually_within(what, Duration::from_secs(10), holds);
}

/// The same for what takes longer.
pub fn eventually_within(what: &str, patience: Duration, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !holds() {
        assert!(Instant::now() < deadline, "still waiting for {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
