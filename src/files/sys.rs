//! The system calls whose ways differ between kernels, and the constants all of them share.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::meta::{Kind, Meta};

/// Permissions of folders of ours.
pub(super) const FOLDER_MODE: Mode = Mode::RWXU;
/// Permissions of files of ours.
pub(super) const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// Opening a folder to work in; never through a link as its last part.
pub(super) const FOLDER: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW);

/// Opening a file to read: never through a link, never waiting for the other end of a pipe.
pub(super) const READ: OFlags =
    OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// Whether the kernel resolves beneath a folder by itself (`openat2`, Linux 5.6, and no seccomp filter before it).
pub(super) fn probe_openat2(folder: BorrowedFd<'_>) -> bool {
    open_beneath(folder, b".").is_ok()
}

/// Opens a folder beneath `root` in one call, by a way without any link.
#[cfg(target_os = "linux")]
pub(super) fn open_beneath(root: BorrowedFd<'_>, path: &[u8]) -> Result<OwnedFd, Errno> {
    use rustix::fs::{ResolveFlags, openat2};
    let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
    let path = if path.is_empty() { b".".as_slice() } else { path };
    // With O_NOFOLLOW, a link as the last part would be ENOTDIR and not ELOOP; NO_SYMLINKS refuses it already.
    let flags = FOLDER.difference(OFlags::NOFOLLOW);
    loop {
        // EAGAIN: something was renamed on the way meanwhile (openat2(2)).
        match openat2(root, path, flags, Mode::empty(), beneath) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            other => return other,
        }
    }
}

/// Other kernels walk name by name.
#[cfg(not(target_os = "linux"))]
pub(super) fn open_beneath(_root: BorrowedFd<'_>, _path: &[u8]) -> Result<OwnedFd, Errno> {
    Err(Errno::NOSYS)
}

/// Refuses what cannot fit before a disk is filled with it.
pub(super) fn require_space(folder_or_file: BorrowedFd<'_>, bytes: u64) -> Result<(), Errno> {
    let free = free_space(folder_or_file)?;
    if bytes > free { Err(Errno::NOSPC) } else { Ok(()) }
}

/// Bytes that this process may still write to the file system.
pub(super) fn free_space(folder_or_file: BorrowedFd<'_>) -> Result<u64, Errno> {
    let found = rustix::fs::fstatvfs(folder_or_file)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Lets a file have the bytes of another without copying them; whether the file system could do it (btrfs, XFS).
#[cfg(target_os = "linux")]
pub(super) fn share_bytes(to: BorrowedFd<'_>, from: BorrowedFd<'_>) -> bool {
    rustix::fs::ioctl_ficlone(to, from).is_ok()
}

/// Other kernels copy.
#[cfg(not(target_os = "linux"))]
pub(super) fn share_bytes(_to: BorrowedFd<'_>, _from: BorrowedFd<'_>) -> bool {
    false
}

/// What stands at a name in a folder; a link is not followed.
#[cfg(target_os = "linux")]
pub(super) fn stat(folder: BorrowedFd<'_>, name: &[u8]) -> Result<Meta, Errno> {
    use rustix::fs::{StatxFlags, statx};
    let (name, flags) = match name {
        [] => (b"".as_slice(), AtFlags::EMPTY_PATH),
        name => (name, AtFlags::SYMLINK_NOFOLLOW),
    };
    let found = statx(folder, name, flags, StatxFlags::BASIC_STATS | StatxFlags::BTIME)?;
    let has_created = found.stx_mask & StatxFlags::BTIME.bits() != 0;
    Ok(Meta {
        kind: kind_of(u32::from(found.stx_mode)),
        size: found.stx_size,
        modified_s: found.stx_mtime.tv_sec,
        modified_ns: found.stx_mtime.tv_nsec,
        created_s: has_created.then_some(found.stx_btime.tv_sec),
        device: rustix::fs::makedev(found.stx_dev_major, found.stx_dev_minor),
        inode: found.stx_ino,
        mode: u32::from(found.stx_mode) & 0o7777,
        owner: (found.stx_uid, found.stx_gid),
    })
}

/// What stands at a name in a folder; a link is not followed.
#[cfg(not(target_os = "linux"))]
#[allow(
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    clippy::unnecessary_cast,
    reason = "types differ between systems"
)]
pub(super) fn stat(folder: BorrowedFd<'_>, name: &[u8]) -> Result<Meta, Errno> {
    let found = match name {
        [] => rustix::fs::fstat(folder)?,
        name => rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?,
    };
    Ok(Meta {
        kind: kind_of(found.st_mode as u32),
        size: found.st_size as u64,
        modified_s: found.st_mtime as i64,
        modified_ns: found.st_mtime_nsec as u32,
        created_s: None,
        device: found.st_dev as u64,
        inode: found.st_ino as u64,
        mode: found.st_mode as u32 & 0o7777,
        owner: (found.st_uid, found.st_gid),
    })
}

fn kind_of(mode: u32) -> Kind {
    match rustix::fs::FileType::from_raw_mode(mode) {
        rustix::fs::FileType::RegularFile => Kind::File,
        rustix::fs::FileType::Directory => Kind::Folder,
        rustix::fs::FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    }
}

/// Which mount a folder is in: a rename works within one only, also where two show the same device.
#[cfg(target_os = "linux")]
pub(super) fn mount_of(folder: BorrowedFd<'_>) -> Result<u64, Errno> {
    use rustix::fs::{StatxFlags, statx};
    let found = statx(folder, b"".as_slice(), AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS | StatxFlags::MNT_ID)?;
    if found.stx_mask & StatxFlags::MNT_ID.bits() != 0 {
        Ok(found.stx_mnt_id)
    } else {
        Ok(rustix::fs::makedev(found.stx_dev_major, found.stx_dev_minor))
    }
}

/// Which mount a folder is in: a rename works within one only.
#[cfg(not(target_os = "linux"))]
pub(super) fn mount_of(folder: BorrowedFd<'_>) -> Result<u64, Errno> {
    stat(folder, b"").map(|meta| meta.device)
}

/// Lets the process hold as many connections and files as the system allows it.
pub fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if limit.current != limit.maximum && setrlimit(Resource::Nofile, raised).is_err() {
        tracing::debug!("the limit of open files could not be raised");
    }
}
