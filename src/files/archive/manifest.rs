//! The list of all files with their SHA-256, as `sha256sum` writes and checks it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, Write};
use std::os::fd::BorrowedFd;

use rustix::fs::{AtFlags, OFlags, openat, unlinkat};

use super::chance;
use crate::files::sys;

/// A manifest in the making. It is kept on the disk, since people may have very many files with very long names.
pub(super) struct Manifest(BufWriter<File>);

impl Manifest {
    /// Starts one in a file without a name.
    pub(super) fn new_in(folder: BorrowedFd<'_>) -> io::Result<Self> {
        let name = format!(".manifest-{}", chance());
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = openat(folder, &name, flags, sys::FILE_MODE)?;
        unlinkat(folder, &name, AtFlags::empty())?;
        Ok(Self(BufWriter::new(File::from(file))))
    }

    /// Adds a file.
    pub(super) fn add(&mut self, name: &[u8], digest: [u8; 32]) -> io::Result<()> {
        self.0.write_all(&line(name, digest))
    }

    /// Ends it, and gives it back to be read from its start, with its length.
    pub(super) fn finish(self) -> io::Result<(File, u64)> {
        let mut file = self.0.into_inner().map_err(io::IntoInnerError::into_error)?;
        let length = file.stream_position()?;
        file.rewind()?;
        Ok((file, length))
    }

    /// Ends it, and gives the first line in which another differs from it; the other's end counts as a line.
    pub(super) fn difference(self, mut other: impl Read) -> io::Result<Option<Vec<u8>>> {
        let mut mine = BufReader::new(self.finish()?.0);
        let (mut line, mut theirs) = (Vec::new(), Vec::new());
        loop {
            line.clear();
            mine.read_until(b'\n', &mut line)?;
            theirs.clear();
            // No more than a line of ours, however long theirs are.
            let most = line.len().max(1);
            other.by_ref().take(most as u64).read_to_end(&mut theirs)?;
            if line != theirs {
                return Ok(Some(line));
            }
            if line.is_empty() {
                return Ok(None);
            }
        }
    }
}

/// A line as GNU `sha256sum` has it: a backslash in front where characters of the name are escaped.
fn line(name: &[u8], digest: [u8; 32]) -> Vec<u8> {
    let mut line = Vec::with_capacity(name.len() + 68);
    if name.iter().any(|byte| matches!(byte, b'\\' | b'\n' | b'\r')) {
        line.push(b'\\');
    }
    line.extend_from_slice(digest.map(|byte| format!("{byte:02x}")).concat().as_bytes());
    line.extend_from_slice(b"  ");
    for &byte in name {
        match byte {
            b'\\' => line.extend_from_slice(b"\\\\"),
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            other => line.push(other),
        }
    }
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn every_difference_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = File::open(folder.path()).expect("opened");
        let manifest = |names: &[&str]| {
            let mut manifest = Manifest::new_in(folder.as_fd()).expect("made");
            for name in names {
                manifest.add(name.as_bytes(), [7; 32]).expect("added");
            }
            manifest
        };
        let text = |names: &[&str]| {
            let mut text = Vec::new();
            manifest(names).finish().expect("finished").0.read_to_end(&mut text).expect("read");
            text
        };
        let differs = |mine: &[&str], theirs: &[u8]| manifest(mine).difference(theirs).expect("compared").is_some();
        assert!(!differs(&[], b"") && !differs(&["a", "b\nc\\d"], &text(&["a", "b\nc\\d"])));
        assert!(differs(&["a"], b"") && differs(&[], &text(&["a"])));
        assert!(differs(&["a"], &text(&["b"])) && differs(&["a", "b"], &text(&["a"])));
        assert!(differs(&["a"], &text(&["a", "b"])) && differs(&["a"], &[b'x'; 4096]));
        let escaped = line(b"a\nb\\\r", [0xab; 32]);
        assert_eq!(escaped, format!("\\{}  a\\nb\\\\\\r\n", "ab".repeat(32)).into_bytes());
    }
}
