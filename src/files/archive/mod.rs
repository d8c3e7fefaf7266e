//! The storage as one file: a gzipped tar with the database, the keys and the homes in it, and a manifest at its end.
//!
//! Times are kept to the nanosecond (PAX `mtime`), since entity tags are made from them: a client must not download
//! everything again after a restore. The manifest is what `sha256sum` prints for every file, so a restore knows that
//! it has all of them as they were, and other tools can check an archive, too.
//!
//! Both ways go by handles on folders, never by long paths: people make trees deeper than a path may be long.

mod manifest;
mod part;
mod read;
mod write;

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

pub use read::restore;
pub use write::archive;

use super::storage::Storage;
use crate::secret;

/// The last entry.
const MANIFEST: &str = "manifest";

/// Longest name of an entry, in bytes: below what systems take for a path, so that other tools can unpack it, too.
const LONGEST: usize = 4000;

/// Where a snapshot of the database may be put while it is archived.
///
/// # Errors
/// The disk's.
pub fn snapshot_path(storage: &Storage) -> io::Result<PathBuf> {
    let path = storage.path().join(format!("snapshot-{}.sqlite3", chance()));
    File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(|error| named(path.display(), error))?;
    Ok(path)
}

/// Removes the snapshot again.
///
/// # Errors
/// The disk's.
pub fn remove_snapshot(path: &Path) -> io::Result<()> {
    std::fs::remove_file(path).map_err(|error| named(path.display(), error))
}

/// An error that says what it is about. One that does not is about the backup's own file.
#[derive(Debug, thiserror::Error)]
#[error("{about}: {reason}")]
struct Named {
    about: String,
    reason: io::Error,
}

/// Says what an error is about, unless that has been said already.
fn named(about: impl std::fmt::Display, error: impl Into<io::Error>) -> io::Error {
    let reason = error.into();
    if matches!(reason.get_ref(), Some(inner) if inner.is::<Named>()) {
        return reason;
    }
    io::Error::new(reason.kind(), Named { about: about.to_string(), reason })
}

fn refusal(reason: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason.into())
}

/// The name of an entry for people: in quotation marks, with everything escaped that could steer a terminal.
#[expect(clippy::unnecessary_debug_formatting, reason = "that is what escapes")]
fn shown(name: &[u8]) -> String {
    format!("{:?}", OsStr::from_bytes(name))
}

/// A part of a name that nothing has yet.
fn chance() -> String {
    secret::random::<8>().map(|byte| format!("{byte:02x}")).concat()
}

/// A time as PAX writes it: seconds since 1970 as a decimal fraction.
fn time_to_text(seconds: i64, nanos: u32) -> String {
    let whole = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    let sign = if whole < 0 { "-" } else { "" };
    let size = whole.unsigned_abs();
    format!("{sign}{}.{:09}", size / 1_000_000_000, size % 1_000_000_000)
}

/// Reads what [`time_to_text`] and other programs write.
fn time_from_text(text: &str) -> Option<(i64, u32)> {
    let (negative, size) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (seconds, fraction) = size.split_once('.').unwrap_or((size, ""));
    let nanos: u32 = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    let size = i128::from(seconds.parse::<u64>().ok()?) * 1_000_000_000 + i128::from(nanos);
    let whole = if negative { -size } else { size };
    let seconds = i64::try_from(whole.div_euclid(1_000_000_000)).ok()?;
    Some((seconds, u32::try_from(whole.rem_euclid(1_000_000_000)).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_also_those_before_1970() {
        for (time, text) in [
            ((0, 0), "0.000000000"),
            ((1_600_000_000, 7), "1600000000.000000007"),
            ((-1, 500_000_000), "-0.500000000"),
            ((-2, 999_999_999), "-1.000000001"),
        ] {
            assert_eq!(time_to_text(time.0, time.1), text);
            assert_eq!(time_from_text(text), Some(time));
        }
        assert_eq!(time_from_text("5"), Some((5, 0)));
        assert_eq!(time_from_text("5.25"), Some((5, 250_000_000)), "other programs leave zeros out");
        assert_eq!(time_from_text("5.1234567891"), Some((5, 123_456_789)));
        for junk in ["", "x", "--1", "1.x", "1.-5", "99999999999999999999"] {
            assert_eq!(time_from_text(junk), None, "{junk}");
        }
    }
}
