//! What the disk says of a file or folder, and the entity tag made from it.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::model::Time;

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link that was not followed.
    Link,
    /// A pipe, socket or device; never served.
    Other,
}

/// What the disk says of a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// What it is.
    pub kind: Kind,
    /// Size in bytes.
    pub size: u64,
    /// Modification time, whole seconds since 1970.
    pub modified_s: i64,
    /// Its nanoseconds.
    pub modified_ns: u32,
    /// Time of creation in seconds, where the file system keeps one.
    pub created_s: Option<i64>,
    /// Device and inode: what it is, whatever its name.
    pub device: u64,
    /// See `device`.
    pub inode: u64,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub owner: (u32, u32),
}

impl Meta {
    /// The strong entity tag, with its quotation marks (RFC 9110 §8.8.3).
    ///
    /// Size and modification time in nanoseconds: it survives a move and a restored backup, and changes with each
    /// new content, since the sub-second part of what is written here is unique (see [`stamp`]).
    #[must_use]
    pub fn etag(&self) -> String {
        let nanos = i128::from(self.modified_s) * 1_000_000_000 + i128::from(self.modified_ns);
        match self.kind {
            Kind::Folder => format!("\"d-{nanos:x}\""),
            _ => format!("\"{:x}-{nanos:x}\"", self.size),
        }
    }

    /// Whether it is a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.kind == Kind::Folder
    }

    /// Whether both are the same file or folder, by whatever name.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }
}

/// The nanoseconds last given out.
static LAST_NANOS: AtomicU32 = AtomicU32::new(0);

/// A modification time for new content: seconds from the client or the clock, nanoseconds of ours.
///
/// Two writes never get the same nanoseconds one after the other, nor those of the content they replace, so the
/// entity tag changes also where size and the client's time stay the same (R13).
pub(super) fn stamp(now: Time, client_seconds: Option<i64>, replaced: Option<&Meta>) -> (i64, u32) {
    let next = |nanos: u32| (nanos + 1) % 1_000_000_000;
    let mut nanos = now.timestamp_subsec_nanos() % 1_000_000_000;
    loop {
        let last = LAST_NANOS.load(Ordering::Relaxed);
        while nanos == last || nanos == 0 || replaced.is_some_and(|old| old.modified_ns == nanos) {
            nanos = next(nanos);
        }
        if LAST_NANOS.compare_exchange(last, nanos, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            return (client_seconds.unwrap_or_else(|| now.timestamp()), nanos);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_second_and_size_still_give_another_tag() {
        let now = crate::clock::Clock::system().now();
        let meta = |(modified_s, modified_ns)| Meta {
            kind: Kind::File,
            size: 5,
            modified_s,
            modified_ns,
            created_s: None,
            device: 1,
            inode: 1,
            mode: 0,
            owner: (0, 0),
        };
        let mut old = meta(stamp(now, Some(1_000_000), None));
        for _ in 0..1000 {
            let new = meta(stamp(now, Some(1_000_000), Some(&old)));
            assert_ne!(new.etag(), old.etag());
            assert_eq!(new.modified_s, 1_000_000);
            old = new;
        }
    }
}
