//! Small file systems that a test mounts, where it may.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted tmpfs, unmounted when dropped.
pub struct Tmpfs {
    point: PathBuf,
}

impl Tmpfs {
    /// Mounts one of that size at a folder, which is made where it is missing; or says why not, by the test's name.
    pub fn mount(test: &str, point: &Path, size: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            say_not_run(test, "only root may mount");
            return None;
        }
        fs::create_dir_all(point).expect("a mount point");
        let options = format!("size={size},mode=0700");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &options, "latchkey-test"]).arg(point);
        let output = command.output().expect("mount runs");
        if !output.status.success() {
            say_not_run(test, &String::from_utf8_lossy(&output.stderr));
            return None;
        }
        Some(Self { point: point.to_path_buf() })
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // Lazily, since a server that a failed test leaves behind may still have a file open in it.
        let _ = Command::new("umount").args(["--lazy"]).arg(&self.point).output();
    }
}

/// Tells that a test did not run on this machine. Not by a macro, whose output is kept back when a test passes.
pub fn say_not_run(test: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "{test}: NOT RUN: {}", why.trim());
}
