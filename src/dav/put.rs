//! PUT (RFC 9110 §9.3.4): gathered beside the target, then put in its place at once.
//!
//! A client that goes away, a disk that is full, a server that is killed: the old bytes, the old entity tag and no
//! trace are left (R1).

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};

use super::Dav;
use super::conditions::Conditions;
use super::error::{Error, Result};
use super::headers::{ClientTime, Malformed, single};
use super::locks::{self, CONTENT, NEW};
use super::request::DavRequest;
use super::stream::next_piece;
use crate::auth::Principal;
use crate::files::{self, Meta, Place, Upload};
use crate::model::Scope;

/// A body up to this size is gathered first, then stored in one hop.
const AT_ONCE: u64 = 64 * 1024;
/// Bytes gathered between two writes, and how long they wait for more.
const PIECE: usize = 512 * 1024;
const QUIET: Duration = Duration::from_secs(1);

pub(super) async fn put(dav: Dav, principal: Principal, parts: Parts, mut body: Body) -> Result<Response<Body>> {
    let put = Put { dav, principal, parts };
    let stall = put.dav.0.stall_timeout;
    let announced = Announced::read(&put.parts)?;
    if announced.small() {
        let mut pieces = Vec::new();
        while let Some(piece) = next_piece(&mut body, stall).await? {
            pieces.push(piece);
        }
        return off_thread(move || {
            let (place, mut upload) = put.begin()?;
            pieces.iter().try_for_each(|piece| upload.write(piece))?;
            put.finish(&place, upload, announced)
        })
        .await;
    }
    let (put, place, mut upload) = off_thread(move || {
        let (place, upload) = put.begin()?;
        Ok((put, place, upload))
    })
    .await?;
    let mut gathered = Vec::new();
    let mut size = 0;
    loop {
        let came = come(&mut body, stall, !gathered.is_empty()).await?;
        let ended = matches!(came, Came::End);
        if let Came::Piece(piece) = came {
            size += piece.len();
            gathered.push(piece);
            if size < PIECE {
                continue;
            }
        }
        let pieces: Vec<Bytes> = std::mem::take(&mut gathered);
        size = 0;
        let write = move || {
            pieces.iter().try_for_each(|piece| upload.write(piece))?;
            Ok(upload)
        };
        if ended {
            return off_thread(move || put.finish(&place, write()?, announced)).await;
        }
        upload = off_thread(write).await?;
    }
}

/// What became of waiting for a body.
enum Came {
    Piece(Bytes),
    /// Nothing for a while: what is gathered must not wait in memory for a slow client.
    Quiet,
    End,
}

/// Waits for the next piece of a body, and for a while only where some are gathered already.
async fn come(body: &mut Body, stall: Duration, gathered: bool) -> Result<Came> {
    let next = next_piece(body, stall);
    let piece = if gathered {
        match tokio::time::timeout(QUIET, next).await {
            Ok(piece) => piece?,
            Err(_) => return Ok(Came::Quiet),
        }
    } else {
        next.await?
    };
    Ok(piece.map_or(Came::End, Came::Piece))
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(error.to_string()))?
}

/// What the headers say of the body.
#[derive(Debug, Clone, Copy)]
struct Announced {
    content_length: Option<u64>,
    /// macOS sends a chunked body with this (R11).
    expected_length: Option<u64>,
    modified: Option<ClientTime>,
    expects_continue: bool,
}

impl Announced {
    fn read(parts: &Parts) -> Result<Self> {
        if parts.headers.contains_key(header::CONTENT_RANGE) {
            // RFC 9110 §14.4: a partial PUT must never be taken for a whole one.
            return Err(Error::BadRequest("a part of a file cannot be uploaded here: send it whole".to_owned()));
        }
        let number = |name: &'static str| -> Result<Option<u64>> {
            let malformed = Malformed { name, expected: "a number of bytes" };
            let Some(text) = single(&parts.headers, name)? else {
                return Ok(None);
            };
            let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            Ok(Some(text.parse().ok().filter(|_| plain).ok_or(malformed)?))
        };
        Ok(Self {
            content_length: number("content-length")?,
            expected_length: number("x-expected-entity-length")?,
            modified: ClientTime::read(&parts.headers)?,
            expects_continue: parts.headers.contains_key(header::EXPECT),
        })
    }

    fn small(&self) -> bool {
        self.content_length.is_some_and(|length| length <= AT_ONCE) && !self.expects_continue
    }

    /// Compares with what came.
    fn check(&self, written: u64) -> Result<()> {
        match self.content_length.or(self.expected_length) {
            Some(length) if length != written => {
                Err(Error::Incomplete(format!("{length} bytes were announced, {written} came")))
            }
            _ => match self.expected_length {
                Some(length) if length != written => {
                    Err(Error::Incomplete(format!("{length} bytes were expected, {written} came")))
                }
                _ => Ok(()),
            },
        }
    }
}

struct Put {
    dav: Dav,
    principal: Principal,
    parts: Parts,
}

impl Put {
    fn request(&self) -> Result<DavRequest<'_>> {
        DavRequest::new(&self.dav, &self.principal, &self.parts, b"")
    }

    /// Refuses what can be refused before the body is there.
    fn begin(&self) -> Result<(Place, Upload)> {
        let request = self.request()?;
        if request.address.slash {
            return Err(Error::Conflict("a file's address does not end in a slash"));
        }
        let found = request.place(true).map_err(no_parent)?;
        self.check(&request, &found.place)?;
        let upload = Upload::begin(&found.place)?;
        Ok((found.place, upload))
    }

    /// Permission, preconditions and locks; looked at before the body comes, and again at the commit.
    fn check(&self, request: &DavRequest<'_>, place: &Place) -> Result<()> {
        if place.is_root() || place.any_meta().is_some_and(Meta::is_folder) {
            return Err(Error::NotAllowed("OPTIONS, GET, HEAD, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK"));
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

    fn finish(&self, begun: &Place, mut upload: Upload, announced: Announced) -> Result<Response<Body>> {
        let inner = &self.dav.0;
        announced.check(upload.written())?;
        let modified = announced.modified.map(|time| time.0);
        upload.seal(begun, inner.clock.now(), modified, inner.durable)?;
        let commit = inner.begin_commit()?;
        // Its folder may have been moved or locked while the bytes came: the address counts as it leads now.
        let request = self.request()?;
        let mut place = request.place(true).map_err(no_parent)?.place;
        self.check(&request, &place)?;
        let is_new = place.meta().is_none();
        if is_new {
            inner.forget_stale_properties(&place.key())?;
        }
        let only_new = self.principal.scope() == Scope::UploadOnly;
        upload.commit(&mut place, only_new)?;
        drop(commit);
        if inner.durable {
            place.sync()?;
        }
        let meta = place.meta().ok_or(Error::Files(files::Error::Changed))?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = if is_new { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
        if let Ok(etag) = HeaderValue::from_str(&meta.etag()) {
            response.headers_mut().insert(header::ETAG, etag);
        }
        if announced.modified.is_some() {
            response.headers_mut().insert("x-oc-mtime", HeaderValue::from_static("accepted"));
        }
        Ok(response)
    }
}

/// For a method that makes something, a missing folder above is a conflict (RFC 4918 §9.7.1).
pub(super) fn no_parent(error: Error) -> Error {
    match error {
        Error::Files(files::Error::NoParent) => Error::Conflict("the folder above does not exist"),
        other => other,
    }
}
