//! The processes: chromedriver, and the Chromium that it starts.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::wd::Capabilities;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, set_child_subreaper, waitpid};
use serde_json::json;
use tempfile::TempDir;

use super::PATIENCE;

const CHROMEDRIVER: &str = "/usr/bin/chromedriver";
const CHROMIUM: &str = "/usr/bin/chromium";
/// Chromium as quiet and as steady as it can be had.
const ARGUMENTS: [&str; 16] = [
    "--headless=new",
    "--no-sandbox",
    // By pipe, not by port: a browser whose driver is killed then ends, too.
    "--remote-debugging-pipe",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",
    "--lang=en-US",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-proxy-server",
    "--password-store=basic",
    "--window-size=1280,900",
];

/// A running chromedriver with the folder that its browser may write to.
pub(super) struct Driver {
    child: Child,
    pub(super) addr: SocketAddr,
    profile: TempDir,
}

impl Driver {
    /// Starts chromedriver on a port that it chooses.
    ///
    /// It stays in the test's own process group, so that what ends a test from outside ends it, too.
    pub(super) fn start() -> Self {
        for program in [CHROMEDRIVER, CHROMIUM] {
            assert!(Path::new(program).exists(), "{program} is not installed; tests/run installs what is needed");
        }
        // Chromium's helpers part from their parents: the test adopts them, so that it can wait for their end.
        set_child_subreaper(Pid::from_raw(1)).expect("the test can adopt");
        let profile = tempfile::Builder::new().prefix("latchkey-browser-").tempdir().expect("a folder");
        let log = fs::File::create(profile.path().join("driver.log")).expect("a log file");
        let mut child = Command::new(CHROMEDRIVER)
            .arg("--port=0")
            // Nothing is read from, or left in, the home of who runs the tests. All processes can be told by it.
            .env("HOME", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("chromedriver starts");
        let port = port(child.stdout.take().expect("stdout is piped"));
        let mut driver = Self { child, addr: SocketAddr::from(([127, 0, 0, 1], 0)), profile };
        let port = port.unwrap_or_else(|| panic!("chromedriver tells no port; {}", driver.log()));
        driver.addr.set_port(port);
        driver
    }

    /// What a session asks for.
    pub(super) fn capabilities(&self) -> Capabilities {
        let profile = format!("--user-data-dir={}", self.profile.path().join("profile").display());
        let arguments: Vec<&str> = ARGUMENTS.into_iter().chain([profile.as_str()]).collect();
        let preferences = json!({
            "download.default_directory": self.downloads(),
            // The page for new tabs may take five seconds to give up on what it cannot fetch.
            "session.restore_on_startup": 4,
            "session.startup_urls": ["about:blank"],
        });
        let options = json!({ "binary": CHROMIUM, "args": arguments, "prefs": preferences });
        let log = json!({ "browser": "WARNING" });
        Capabilities::from_iter([("goog:chromeOptions".to_owned(), options), ("goog:loggingPrefs".to_owned(), log)])
    }

    /// Where downloads go.
    pub(super) fn downloads(&self) -> PathBuf {
        self.profile.path().join("downloads")
    }

    /// What chromedriver has said.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.profile.path().join("driver.log")).unwrap_or_default()
    }

    /// All processes that were started for this browser.
    pub(super) fn processes(&self) -> Vec<Pid> {
        let mark = self.profile.path().as_os_str().as_bytes();
        let marked = |pid: &Pid| {
            ["environ", "cmdline"].iter().any(|name| {
                let text = fs::read(folder(*pid).join(name)).unwrap_or_default();
                text.windows(mark.len()).any(|window| window == mark)
            })
        };
        let entries = fs::read_dir("/proc").expect("/proc").filter_map(Result::ok);
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw));
        pids.filter(marked).collect()
    }
}

impl Drop for Driver {
    /// Ends all at once: the profile is thrown away, so nothing is lost by it.
    fn drop(&mut self) {
        let mut started = self.processes();
        let _ = self.child.kill();
        let _ = self.child.wait();
        let give_up = Instant::now() + PATIENCE;
        while !started.is_empty() && Instant::now() < give_up {
            for pid in &started {
                let _ = kill_process(*pid, Signal::KILL);
            }
            std::thread::park_timeout(Duration::from_millis(10));
            // Those that the test has adopted are gone for good only when it has asked how they ended.
            started.retain(|pid| !matches!(waitpid(Some(*pid), WaitOptions::NOHANG), Ok(Some(_))) && is_there(*pid));
            started.extend(self.processes());
        }
    }
}

/// Whether the system still lists a process.
pub(super) fn is_there(pid: Pid) -> bool {
    folder(pid).exists()
}

/// What the system tells about a process.
fn folder(pid: Pid) -> PathBuf {
    Path::new("/proc").join(pid.as_raw_nonzero().to_string())
}

/// Reads the port from what chromedriver says, and goes on reading, so that it can go on speaking.
fn port(stdout: ChildStdout) -> Option<u16> {
    let mut reader = BufReader::new(stdout);
    let mut line = String::new();
    while reader.read_line(&mut line).ok()? > 0 {
        let port = line.trim_end().strip_suffix('.').and_then(|line| line.rsplit_once("started successfully on port "));
        if let Some((_, port)) = port {
            let port = port.parse().ok();
            std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
            return port;
        }
        line.clear();
    }
    None
}
