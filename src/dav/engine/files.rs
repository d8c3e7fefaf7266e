//! dav-server's file system, as far as its handlers for MKCOL, LOCK and UNLOCK look at one.

use std::io::SeekFrom;
use std::time::{Duration, SystemTime};

use bytes::{Buf, Bytes};
use dav_server::davpath::DavPath;
use dav_server::fs::{
    DavDirEntry, DavFile, DavMetaData, FsError, FsFuture, FsResult, FsStream, GuardedFileSystem, OpenOptions,
    ReadDirMeta,
};
use futures_util::stream;

use super::{Cause, find};
use crate::auth::Principal;
use crate::dav::error::{Error, Result};
use crate::dav::names::Names;
use crate::dav::{Dav, put};
use crate::files::{self, Entry, Listing, Meta, Upload};

/// The person's files. Each call goes through the sandbox like every method of ours.
#[derive(Clone)]
pub(super) struct LatchkeyFiles {
    pub(super) dav: Dav,
    pub(super) names: Names,
    pub(super) cause: Cause,
}

impl LatchkeyFiles {
    /// An answer that is there at once; a failure's cause is kept for the real answer.
    fn ready<'a, T: Send + 'a>(&self, result: Result<T>) -> FsFuture<'a, T> {
        let result = result.map_err(|error| {
            let kind = kind_of(&error);
            // Looking whether something exists is no failure.
            if kind != FsError::NotFound {
                self.cause.note(error);
            }
            kind
        });
        Box::pin(std::future::ready(result))
    }

    fn look(&self, path: &DavPath, principal: &Principal) -> Result<Meta> {
        let found = find(&self.dav, self.names, principal, path)?;
        found.place.meta().copied().ok_or(Error::NotFound)
    }

    /// LOCK on nothing makes an empty file (RFC 4918 §9.10.4).
    fn make_empty(&self, path: &DavPath, principal: &Principal) -> Result<Meta> {
        let inner = &self.dav.0;
        let mut place = find(&self.dav, self.names, principal, path)?.place;
        let mut upload = Upload::begin(&place)?;
        upload.seal(&place, inner.clock.now(), None, inner.durable)?;
        upload.commit(&mut place, true)?;
        if inner.durable {
            place.sync()?;
        }
        place.meta().copied().ok_or(Error::NotFound)
    }

    fn make_folder(&self, path: &DavPath, principal: &Principal) -> Result<()> {
        let inner = &self.dav.0;
        let mut place = find(&self.dav, self.names, principal, path).map_err(put::no_parent)?.place;
        Ok(place.make_folder(inner.clock.now(), None, inner.durable)?)
    }

    fn list(&self, path: &DavPath, principal: &Principal) -> Result<Vec<FsResult<Box<dyn DavDirEntry>>>> {
        let found = find(&self.dav, self.names, principal, path)?;
        let mut listing = Listing::open(&found.place, &found.root)?;
        let entries = std::iter::from_fn(|| listing.next_entry());
        Ok(entries.map(|entry| Ok(Box::new(Member(entry)) as Box<dyn DavDirEntry>)).collect())
    }
}

impl GuardedFileSystem<Principal> for LatchkeyFiles {
    fn open<'a>(
        &'a self,
        path: &'a DavPath,
        options: OpenOptions,
        principal: &'a Principal,
    ) -> FsFuture<'a, Box<dyn DavFile>> {
        let opened = match self.look(path, principal) {
            Err(Error::NotFound) if options.create || options.create_new => self.make_empty(path, principal),
            other => other,
        };
        self.ready(opened.map(|meta| Box::new(OpenFile(Facts(meta))) as Box<dyn DavFile>))
    }

    fn read_dir<'a>(
        &'a self,
        path: &'a DavPath,
        _meta: ReadDirMeta,
        principal: &'a Principal,
    ) -> FsFuture<'a, FsStream<Box<dyn DavDirEntry>>> {
        let members = self.list(path, principal);
        self.ready(members.map(|members| Box::pin(stream::iter(members)) as FsStream<Box<dyn DavDirEntry>>))
    }

    fn metadata<'a>(&'a self, path: &'a DavPath, principal: &'a Principal) -> FsFuture<'a, Box<dyn DavMetaData>> {
        let meta = self.look(path, principal);
        self.ready(meta.map(|meta| Box::new(Facts(meta)) as Box<dyn DavMetaData>))
    }

    fn create_dir<'a>(&'a self, path: &'a DavPath, principal: &'a Principal) -> FsFuture<'a, ()> {
        self.ready(self.make_folder(path, principal))
    }
}

/// The nearest word that dav-server has.
fn kind_of(error: &Error) -> FsError {
    match error {
        Error::NotFound | Error::Conflict(_) | Error::Files(files::Error::NotFound | files::Error::NoParent) => {
            FsError::NotFound
        }
        Error::Files(files::Error::Exists | files::Error::IsFolder) => FsError::Exists,
        Error::Files(files::Error::NoSpace) => FsError::InsufficientStorage,
        Error::Forbidden(_) | Error::Files(_) => FsError::Forbidden,
        _ => FsError::GeneralFailure,
    }
}

/// What stands at a place.
#[derive(Debug, Clone)]
struct Facts(Meta);

impl DavMetaData for Facts {
    fn len(&self) -> u64 {
        self.0.size
    }

    fn modified(&self) -> FsResult<SystemTime> {
        let seconds = u64::try_from(self.0.modified_s).unwrap_or(0);
        Ok(SystemTime::UNIX_EPOCH + Duration::new(seconds, self.0.modified_ns))
    }

    fn is_dir(&self) -> bool {
        self.0.is_folder()
    }

    /// Ours, without the quotation marks that dav-server adds.
    fn etag(&self) -> Option<String> {
        Some(self.0.etag().trim_matches('"').to_owned())
    }
}

/// A member of a folder.
#[derive(Debug)]
struct Member(Entry);

impl DavDirEntry for Member {
    fn name(&self) -> Vec<u8> {
        self.0.name.clone()
    }

    fn metadata(&'_ self) -> FsFuture<'_, Box<dyn DavMetaData>> {
        Box::pin(std::future::ready(Ok(Box::new(Facts(self.0.meta)) as Box<dyn DavMetaData>)))
    }
}

/// A file that was looked at or made. Its bytes go through our own GET and PUT, never through here.
#[derive(Debug)]
struct OpenFile(Facts);

fn not_here<'a, T: Send + 'a>() -> FsFuture<'a, T> {
    Box::pin(std::future::ready(Err(FsError::NotImplemented)))
}

impl DavFile for OpenFile {
    fn metadata(&'_ mut self) -> FsFuture<'_, Box<dyn DavMetaData>> {
        Box::pin(std::future::ready(Ok(Box::new(self.0.clone()) as Box<dyn DavMetaData>)))
    }

    fn write_buf(&'_ mut self, _: Box<dyn Buf + Send>) -> FsFuture<'_, ()> {
        not_here()
    }

    fn write_bytes(&'_ mut self, _: Bytes) -> FsFuture<'_, ()> {
        not_here()
    }

    fn read_bytes(&'_ mut self, _: usize) -> FsFuture<'_, Bytes> {
        not_here()
    }

    fn seek(&'_ mut self, _: SeekFrom) -> FsFuture<'_, u64> {
        not_here()
    }

    fn flush(&'_ mut self) -> FsFuture<'_, ()> {
        not_here()
    }
}
