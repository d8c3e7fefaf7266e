//! Writes a backup. What cannot be read is left out and told; only what cannot be written ends it.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::fs::{CWD, Dir, Mode, OFlags, fsync, openat, readlinkat};
use rustix::io::Errno;
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use super::manifest::Manifest;
use super::{LONGEST, MANIFEST, named, shown, time_to_text};
use crate::files::meta::{Kind, Meta};
use crate::files::path::TEMPORARY_FOLDER;
use crate::files::storage::{DATABASE, Storage, write_new};
use crate::files::sys;
use crate::files::trash::TRASH;

/// Files up to this size are read before anything of them is written, so that nothing is lost where one is cut meanwhile.
const SMALL: u64 = 1024 * 1024;

/// Size of a block in a tar.
const BLOCK: usize = 512;

/// Longest name or target that fits into a header.
const SHORT: usize = 100;

/// Writes the storage to `target`, the database taken from `snapshot`; tells what is left out, and why.
///
/// # Errors
/// The disk's; `target` is written whole or not at all.
pub fn archive(
    storage: &Storage,
    snapshot: &Path,
    target: &Path,
    left_out: &mut dyn FnMut(&str, &str),
) -> io::Result<()> {
    let by_target = |error: io::Error| named(target.display(), error);
    let folder = open_folder(storage.path()).map_err(|error| named(storage.path().display(), error))?;
    let manifest = Manifest::new_in(folder.as_fd()).map_err(|error| named(storage.path().display(), error))?;
    let written = write_new(target, |file| {
        let zipped = GzEncoder::new(BufWriter::new(file), Compression::fast());
        let mut writer = Writer { tar: Builder::new(zipped), manifest, name: Vec::new(), left_out };
        let snapshot = snapshot.file_name().unwrap_or_default().as_bytes();
        let trash = TRASH.as_bytes();
        for (name, source) in [(DATABASE, snapshot), ("keys", b"keys"), ("files", b"files"), (TRASH, trash)] {
            // Made when something comes into it.
            if source == trash && matches!(sys::stat(folder.as_fd(), trash), Err(Errno::NOENT)) {
                continue;
            }
            writer.name = name.as_bytes().to_vec();
            writer.any(folder.as_fd(), source).map_err(|stop| match stop {
                Stop::LeftOut(reason) => named(storage.path().join(name).display(), reason),
                Stop::Failed(error) => error,
            })?;
        }
        writer.finish()?.finish()?.flush()
    });
    written.map_err(by_target)?;
    let above = target.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    open_folder(above).and_then(fsync).map_err(|errno| by_target(errno.into()))
}

/// Opens a folder that the administrator named; links may lead to it.
fn open_folder(path: &Path) -> Result<OwnedFd, Errno> {
    openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Why an entry is not in the archive.
enum Stop {
    /// It could not be read, and nothing of it was written.
    LeftOut(io::Error),
    /// The whole backup has failed.
    Failed(io::Error),
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Self::LeftOut(errno.into())
    }
}

struct Writer<'a, W: Write> {
    tar: Builder<W>,
    manifest: Manifest,
    /// The name of the entry in the archive that is worked on.
    name: Vec<u8>,
    left_out: &'a mut dyn FnMut(&str, &str),
}

impl<W: Write> Writer<'_, W> {
    /// Adds what stands at a name in a folder, whatever it is; pipes, sockets and devices are nothing.
    fn any(&mut self, parent: BorrowedFd<'_>, member: &[u8]) -> Result<(), Stop> {
        match sys::stat(parent, member)?.kind {
            Kind::File => self.file(parent, member),
            Kind::Folder => self.folder(parent, member),
            Kind::Link => {
                let target = readlinkat(parent, member, Vec::new())?;
                let meta = sys::stat(parent, member)?;
                self.head(EntryType::Symlink, &meta, 0, target.to_bytes()).map_err(Stop::Failed)
            }
            Kind::Other => Ok(()),
        }
    }

    fn folder(&mut self, parent: BorrowedFd<'_>, member: &[u8]) -> Result<(), Stop> {
        let folder = openat(parent, member, sys::FOLDER, Mode::empty())?;
        let meta = sys::stat(folder.as_fd(), b"")?;
        let members = members(&folder)?;
        self.head(EntryType::Directory, &meta, 0, b"").map_err(Stop::Failed)?;
        for member in members {
            self.member(folder.as_fd(), &member).map_err(Stop::Failed)?;
        }
        Ok(())
    }

    /// Adds a member of the folder that `self.name` names, or leaves it out.
    fn member(&mut self, folder: BorrowedFd<'_>, member: &[u8]) -> io::Result<()> {
        let length = self.name.len();
        self.name.push(b'/');
        self.name.extend_from_slice(member);
        let mut done = self.fitting(folder, member);
        if matches!(done, Err(Stop::LeftOut(_))) {
            // Something else may have been put there between two looks at it.
            done = self.fitting(folder, member);
        }
        match done {
            Ok(()) => {}
            Err(Stop::LeftOut(reason)) if reason.kind() == io::ErrorKind::NotFound => {}
            Err(Stop::LeftOut(reason)) => (self.left_out)(&shown(&self.name), &reason.to_string()),
            Err(Stop::Failed(error)) => return Err(error),
        }
        self.name.truncate(length);
        Ok(())
    }

    fn fitting(&mut self, folder: BorrowedFd<'_>, member: &[u8]) -> Result<(), Stop> {
        if self.name.len() > LONGEST {
            // What has vanished is not told, and so neither is it here.
            sys::stat(folder, member)?;
            return Err(Stop::LeftOut(io::Error::other(format!("its path is longer than {LONGEST} bytes"))));
        }
        self.any(folder, member)
    }

    fn file(&mut self, parent: BorrowedFd<'_>, member: &[u8]) -> Result<(), Stop> {
        let mut first = true;
        loop {
            let mut file = File::from(openat(parent, member, sys::READ, Mode::empty())?);
            let before = sys::stat(file.as_fd(), b"")?;
            if before.kind != Kind::File {
                return Err(Errno::AGAIN.into());
            }
            if before.size > SMALL {
                return self.large(&mut file, &before).map_err(Stop::Failed);
            }
            let mut content = Vec::with_capacity(usize::try_from(before.size).unwrap_or(0));
            (&file).take(before.size).read_to_end(&mut content).map_err(Stop::LeftOut)?;
            let after = sys::stat(file.as_fd(), b"")?;
            // Another program is writing to it: one more look, and then it is taken as it is.
            if first && (before != after || content.len() as u64 != before.size) {
                first = false;
                continue;
            }
            return self.small(&content, &after).map_err(Stop::Failed);
        }
    }

    fn small(&mut self, content: &[u8], meta: &Meta) -> io::Result<()> {
        self.head(EntryType::Regular, meta, content.len() as u64, b"")?;
        self.tar.get_mut().write_all(content)?;
        self.pad(content.len() as u64)?;
        self.manifest.add(&self.name, Sha256::digest(content).into())
    }

    /// A size once written to the archive is a promise: a file that gets shorter now ends the backup.
    fn large(&mut self, file: &mut File, meta: &Meta) -> io::Result<()> {
        self.head(EntryType::Regular, meta, meta.size, b"")?;
        let mut buffer = vec![0; 256 * 1024];
        let mut digest = Sha256::new();
        let mut left = meta.size;
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            let room = buffer.get_mut(..most).unwrap_or_default();
            let count = file.read(room).map_err(|error| named(shown(&self.name), error))?;
            if count == 0 {
                let cut = io::Error::other("another program made it shorter while it was read; start the backup again");
                return Err(named(shown(&self.name), cut));
            }
            let bytes = room.get(..count).unwrap_or_default();
            digest.update(bytes);
            self.tar.get_mut().write_all(bytes)?;
            left -= count as u64;
        }
        self.pad(meta.size)?;
        self.manifest.add(&self.name, digest.finalize().into())
    }

    /// Writes the headers of an entry. Not by the tar crate's own ways, which tidy up the targets of links and stumble
    /// over names that have `..` where they are too long for a header.
    fn head(&mut self, kind: EntryType, meta: &Meta, size: u64, target: &[u8]) -> io::Result<()> {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(meta.mode & 0o777);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(size);
        header.set_mtime(u64::try_from(meta.modified_s).unwrap_or(0));
        if self.name.len() >= SHORT {
            long(self.tar.get_mut(), EntryType::GNULongName, &self.name)?;
        }
        if target.len() >= SHORT {
            long(self.tar.get_mut(), EntryType::GNULongLink, target)?;
        }
        let fields = header.as_old_mut();
        for (field, text) in [(&mut fields.name, self.name.as_slice()), (&mut fields.linkname, target)] {
            field.iter_mut().zip(text.iter().take(SHORT - 1)).for_each(|(place, &byte)| *place = byte);
        }
        let time = time_to_text(meta.modified_s, meta.modified_ns);
        self.tar.append_pax_extensions([("mtime", time.as_bytes())])?;
        header.set_cksum();
        self.tar.get_mut().write_all(header.as_bytes())
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        pad(self.tar.get_mut(), size)
    }

    /// Writes the manifest and the tar's end.
    fn finish(mut self) -> io::Result<W> {
        let (file, length) = self.manifest.finish()?;
        let mut header = Header::new_gnu();
        header.set_path(MANIFEST)?;
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o600);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(length);
        header.set_cksum();
        self.tar.append(&header, file)?;
        self.tar.into_inner()
    }
}

/// A name or target that does not fit into a header, as GNU tar has it: as an entry of its own before it.
fn long(tar: &mut impl Write, kind: EntryType, text: &[u8]) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_path("././@LongLink")?;
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    // With a NUL at its end.
    let size = text.len() as u64 + 1;
    header.set_size(size);
    header.set_cksum();
    tar.write_all(header.as_bytes())?;
    tar.write_all(text)?;
    tar.write_all(&[0])?;
    pad(tar, size)
}

fn pad(tar: &mut impl Write, size: u64) -> io::Result<()> {
    let over = usize::try_from(size % BLOCK as u64).unwrap_or(0);
    let missing = (BLOCK - over) % BLOCK;
    tar.write_all([0; BLOCK].get(..missing).unwrap_or_default())
}

/// The names in a folder, but for what is not finished yet.
fn members(folder: &OwnedFd) -> Result<Vec<Vec<u8>>, Errno> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if !matches!(name.as_slice(), b"." | b"..") && name != TEMPORARY_FOLDER.as_bytes() {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that shrinks after its size was written: no archive that could be taken for whole comes of it.
    #[test]
    fn a_large_file_that_is_cut_while_it_is_read_ends_the_backup() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        std::fs::write(&path, [1; 1000]).expect("written");
        let handle = open_folder(folder.path()).expect("opened");
        let mut file = File::open(&path).expect("opened");
        let meta = Meta { size: 2 * SMALL, ..sys::stat(file.as_fd(), b"").expect("there") };
        let mut writer = Writer {
            tar: Builder::new(Vec::new()),
            manifest: Manifest::new_in(handle.as_fd()).expect("made"),
            name: b"files/alice/log".to_vec(),
            left_out: &mut |_, _| {},
        };
        let error = writer.large(&mut file, &meta).expect_err("too short");
        let told = named("all.tgz", error).to_string();
        assert!(told.starts_with("\"files/alice/log\": another program made it shorter"), "{told}");
    }
}
