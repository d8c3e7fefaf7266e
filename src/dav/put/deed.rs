//! What an upload does, blocking: looks, makes room, and puts the file in its place.

use std::time::Duration;

use axum::body::Body;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};

use super::announced::Announced;
use super::incoming::Incoming;
use crate::auth::Principal;
use crate::dav::conditions::Conditions;
use crate::dav::digest::{Algorithm, Kept};
use crate::dav::error::{Error, Result};
use crate::dav::headers::Part;
use crate::dav::locks::{self, CONTENT, NEW};
use crate::dav::request::DavRequest;
use crate::dav::view::Found;
use crate::dav::{Dav, quota};
use crate::files::{self, Meta, Place, Upload};
use crate::model::{Scope, Time};

pub(super) struct Put {
    dav: Dav,
    principal: Principal,
    parts: Parts,
    announced: Announced,
}

impl Put {
    pub(super) fn new(dav: Dav, principal: Principal, parts: Parts, announced: Announced) -> Self {
        Self { dav, principal, parts, announced }
    }

    pub(super) fn stall_timeout(&self) -> Duration {
        self.dav.0.stall_timeout
    }

    pub(super) fn now(&self) -> Time {
        self.dav.0.clock.now()
    }

    fn request(&self) -> Result<DavRequest<'_>> {
        DavRequest::new(&self.dav, &self.principal, &self.parts, b"")
    }

    /// Refuses what can be refused before the body is there.
    pub(super) fn begin(&self) -> Result<Incoming> {
        let request = self.request()?;
        if request.address.slash {
            return Err(Error::Conflict("a file's address does not end in a slash"));
        }
        let Found { root, place } = request.place(true).map_err(no_parent)?;
        self.check(&request, &place)?;
        let old = place.meta().map(|meta| meta.size);
        let first = self.first_byte(old)?;
        let size = self.size_afterwards(first, old.unwrap_or(0));
        if size.is_some_and(|size| size > i64::MAX.cast_unsigned()) {
            return Err(Error::Files(files::Error::NoSpace));
        }
        let room = quota::reserve(&request, &root, size.unwrap_or(0).saturating_sub(old.unwrap_or(0)))?;
        // Before the disk is full, and before the client has sent it all in vain.
        let comes = self.announced.length.unwrap_or(0).max(size.unwrap_or(0).saturating_sub(old.unwrap_or(0)));
        if comes > 0 && comes > place.free_space()? {
            return Err(Error::Files(files::Error::NoSpace));
        }
        let mut upload = Upload::begin(&place)?;
        if self.announced.part.is_some() {
            upload.lay_over(&place, self.dav.0.config.partial_upload_max)?;
            upload.seek(first)?;
        }
        Ok(Incoming::new(place, upload, room, &self.announced, first))
    }

    /// Where in the file the body goes, given the size of what is there.
    fn first_byte(&self, old: Option<u64>) -> Result<u64> {
        let Some(part) = self.announced.part else {
            return Ok(0);
        };
        let is_patch = self.parts.method == http::Method::PATCH;
        let old = match old {
            None if is_patch => return Err(Error::NotFound),
            old => old.unwrap_or(0),
        };
        match part {
            Part::Append => Ok(old),
            Part::BeforeEnd(bytes) => old.checked_sub(bytes).ok_or(Error::RangeNotSatisfiable { size: old }),
            // SabreDAV's partial update fills the gap with zeros; a part of RFC 9110 leaves none.
            Part::From { first, .. } if first > old && !is_patch => Err(Error::RangeNotSatisfiable { size: old }),
            Part::From { first, .. } => Ok(first),
        }
    }

    /// The file's size, where it is known beforehand.
    fn size_afterwards(&self, first: u64, old: u64) -> Option<u64> {
        let length = self.announced.length?;
        Some(if self.announced.part.is_some() { first.saturating_add(length).max(old) } else { length })
    }

    /// Permission, preconditions and locks; looked at before the body comes, and again at the commit.
    fn check(&self, request: &DavRequest<'_>, place: &Place) -> Result<()> {
        if place.is_root() || place.any_meta().is_some_and(Meta::is_folder) {
            return Err(Error::NotAllowed(crate::dav::options::ALLOW_ON_FOLDERS));
        }
        self.dav.0.refuse_apple_file(place)?;
        if place.any_meta().is_some() && !Upload::fits(place) {
            return Err(Error::Forbidden("what is at this address is no regular file"));
        }
        if place.meta().is_some() && self.principal.scope() == Scope::UploadOnly {
            return Err(Error::Forbidden("this application password may only upload new files"));
        }
        let conditions = Conditions::read(request.headers())?;
        conditions.check(request, place)?;
        let need = if place.meta().is_some() { CONTENT } else { NEW };
        locks::require(request, &conditions.tokens(), place, need)
    }

    pub(super) fn finish(&self, mut incoming: Incoming) -> Result<Response<Body>> {
        let inner = &self.dav.0;
        let computed = incoming.check(&self.announced)?;
        let modified = self.announced.modified.map(|time| time.0);
        incoming.upload.seal(&incoming.place, inner.clock.now(), modified, inner.durable)?;
        let commit = inner.begin_commit()?;
        if !self.principal.is_still_let_in() {
            return Err(Error::LetInNoMore);
        }
        // Its folder may have been moved or locked while the bytes came: the address counts as it leads now.
        let request = self.request()?;
        let mut place = request.place(true).map_err(no_parent)?.place;
        self.check(&request, &place)?;
        let old = place.meta().copied();
        incoming.check_replaced(&self.announced, old.as_ref())?;
        if old.is_none() {
            inner.forget_stale_properties(&place.key())?;
        }
        let only_new = self.principal.scope() == Scope::UploadOnly;
        let size = incoming.size();
        incoming.upload.commit(&mut place, only_new)?;
        quota::note(inner, &place, (size, 1), old.as_ref());
        // It is counted now.
        drop(incoming.room);
        drop(commit);
        if inner.durable {
            place.sync()?;
        }
        self.answer(&place, old.is_none(), &computed)
    }

    fn answer(&self, place: &Place, is_new: bool, computed: &[(Algorithm, Vec<u8>)]) -> Result<Response<Body>> {
        let meta = place.meta().ok_or(Error::Files(files::Error::Changed))?;
        let etag = meta.etag();
        if !computed.is_empty()
            && let Err(error) = Kept::keep(&self.dav.0, &place.key(), &etag, computed)
        {
            // The file is in its place, and whole; it only lacks the note.
            tracing::warn!(%error, "the digests of an upload could not be kept");
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = if is_new { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
        if let Ok(etag) = HeaderValue::from_str(&etag) {
            response.headers_mut().insert(header::ETAG, etag);
        }
        if self.announced.modified.is_some() {
            response.headers_mut().insert("x-oc-mtime", HeaderValue::from_static("accepted"));
        }
        Ok(response)
    }
}

/// For a method that makes something, a missing folder above is a conflict (RFC 4918 §9.7.1).
pub(in crate::dav) fn no_parent(error: Error) -> Error {
    match error {
        Error::Files(files::Error::NoParent) => Error::Conflict("the folder above does not exist"),
        other => other,
    }
}
