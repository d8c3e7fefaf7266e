//! Where other file systems are mounted: they are neither deleted nor moved by a client.

use std::os::fd::AsRawFd;
use std::path::{Path as StdPath, PathBuf};

use super::place::Place;
use super::{Error, Result};

/// Refuses where something is mounted at or beneath a place.
pub(super) fn refuse_within(place: &Place) -> Result<()> {
    if !place.meta().is_some_and(super::Meta::is_folder) {
        return Ok(());
    }
    let Some(folder) = absolute(&place.folder) else {
        return Ok(());
    };
    let here = match &place.name {
        Some(name) => folder.join(as_os(name)),
        None => folder,
    };
    if beneath(&here).is_empty() { Ok(()) } else { Err(Error::Mounted) }
}

/// Mount points at or beneath an absolute path; none where the system does not tell.
pub(super) fn beneath(path: &StdPath) -> Vec<PathBuf> {
    let Ok(table) = std::fs::read("/proc/self/mountinfo") else {
        return Vec::new();
    };
    // The fifth field is the mount point, blanks written as octal escapes (proc(5)).
    table
        .split(|&byte| byte == b'\n')
        .filter_map(|line| line.split(|&byte| byte == b' ').nth(4))
        .map(|field| PathBuf::from(as_os(&unescape(field)).to_os_string()))
        .filter(|mounted| mounted.starts_with(path))
        .collect()
}

/// The absolute path of an open folder, where the system tells.
pub(super) fn absolute(folder: &impl AsRawFd) -> Option<PathBuf> {
    let path = std::fs::read_link(format!("/proc/self/fd/{}", folder.as_raw_fd())).ok()?;
    path.is_absolute().then_some(path)
}

pub(super) fn as_os(bytes: &[u8]) -> &std::ffi::OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(bytes)
}

fn unescape(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let octal = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()).filter(|_| byte == b'\\');
        plain.push(code.unwrap_or(byte));
        rest = if code.is_some() { after.get(3..).unwrap_or_default() } else { after };
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_in_mount_points_are_read() {
        assert_eq!(unescape(b"/a\\040b\\134c"), b"/a b\\c");
        assert_eq!(unescape(b"/a\\"), b"/a\\");
    }
}
