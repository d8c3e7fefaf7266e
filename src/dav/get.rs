//! GET and HEAD (RFC 9110 §9.3.1, §9.3.2): files whole or in ranges, folders as a plain page.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::conditions::Conditions;
use super::digest::Kept;
use super::error::{Error, Result};
use super::headers::{Range, Ranges};
use super::live::http_date;
use super::request::DavRequest;
use super::safe::{protect, shows_safely};
use super::stream::{Pieces, streamed};
use super::view::Spot;
use super::{index, live};
use crate::files::{Meta, Place};
use crate::secret;

/// A file up to this size is read in the hop that opens it.
const AT_ONCE: u64 = 64 * 1024;
/// Bytes read at a time of a larger one.
const PIECE: u64 = 256 * 1024;

pub(super) fn get(request: &DavRequest<'_>) -> Result<Response<Body>> {
    request.without_body()?;
    let found = match request.spot()? {
        Spot::Real(found) => found,
        Spot::Way(names) => return Ok(index::way(request, names)),
    };
    let meta = *found.place.meta().ok_or(Error::NotFound)?;
    Conditions::read(request.headers())?.check(request, &found.place)?;
    if meta.is_folder() {
        return index::folder(request, &found);
    }
    if request.address.slash {
        return Err(Error::NotFound);
    }
    file(request, &found.place)
}

fn file(request: &DavRequest<'_>, place: &Place) -> Result<Response<Body>> {
    // What is opened is what is answered: size and tag are of this very file, whatever replaces it meanwhile.
    let (file, meta) = place.open_file()?;
    let etag = meta.etag();
    let mut response = Response::new(Body::empty());
    let content_type = live::content_type(place.path().name());
    describe(response.headers_mut(), &meta, &etag, content_type, place.path().name());
    tell_digests(request, response.headers_mut(), &place.key(), &etag)?;
    // Range is defined for GET alone (RFC 9110 §14.2).
    let ranges = match request.method() {
        "GET" => Ranges::read(request.headers(), meta.size, &etag, meta.modified_s)?,
        _ => Ranges::Whole,
    };
    let parts = match ranges {
        Ranges::Unsatisfiable => return Err(Error::RangeNotSatisfiable { size: meta.size }),
        Ranges::Whole => Parts::one(Range { start: 0, length: meta.size }),
        Ranges::Parts(ranges) => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            match ranges.as_slice() {
                [range] => {
                    let value = content_range(*range, meta.size);
                    response.headers_mut().insert(header::CONTENT_RANGE, header_value(&value)?);
                    Parts::one(*range)
                }
                many => {
                    let boundary = secret::random::<12>().map(|byte| format!("{byte:02x}")).concat();
                    let value = format!("multipart/byteranges; boundary={boundary}");
                    response.headers_mut().insert(header::CONTENT_TYPE, header_value(&value)?);
                    Parts::many(many, meta.size, content_type, &boundary)
                }
            }
        }
    };
    response.headers_mut().insert(header::CONTENT_LENGTH, parts.length().into());
    if request.method() == "GET" {
        *response.body_mut() = body(file, parts)?;
    }
    Ok(response)
}

/// What every answer about a file says.
fn describe(headers: &mut HeaderMap, meta: &Meta, etag: &str, content_type: &'static str, name: &[u8]) {
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    for (name, text) in [(header::ETAG, etag.to_owned()), (header::LAST_MODIFIED, http_date(meta.modified_s))] {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
    protect(headers);
    if !shows_safely(content_type) {
        let name: String = crate::files::encode(name).collect();
        if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename*=UTF-8''{name}")) {
            headers.insert(header::CONTENT_DISPOSITION, value);
        }
    }
}

/// Digests that are known of the file (RFC 9530 §3; `OC-Checksum` for ownCloud's and Nextcloud's clients).
fn tell_digests(request: &DavRequest<'_>, headers: &mut HeaderMap, key: &[u8], etag: &str) -> Result<()> {
    let kept = Kept::of(request.inner(), key, etag)?;
    if let Some(digests) = kept.repr_digest() {
        headers.insert("repr-digest", header_value(&digests)?);
    }
    if let Some(checksum) = kept.oc_checksum() {
        headers.insert("oc-checksum", header_value(&checksum)?);
    }
    Ok(())
}

fn header_value(text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(|error| Error::Internal(error.to_string()))
}

fn content_range(range: Range, size: u64) -> String {
    format!("bytes {}-{}/{size}", range.start, range.start + range.length - 1)
}

/// What of a file is sent, with what stands between (RFC 9110 §14.6).
struct Parts(Vec<Part>);

enum Part {
    Text(Bytes),
    Bytes(Range),
}

impl Parts {
    fn one(range: Range) -> Self {
        Self(vec![Part::Bytes(range)])
    }

    fn many(ranges: &[Range], size: u64, content_type: &str, boundary: &str) -> Self {
        let mut parts = Vec::new();
        for (index, range) in ranges.iter().enumerate() {
            let lead = if index == 0 { "" } else { "\r\n" };
            let head = format!(
                "{lead}--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {}\r\n\r\n",
                content_range(*range, size)
            );
            parts.push(Part::Text(head.into()));
            parts.push(Part::Bytes(*range));
        }
        parts.push(Part::Text(format!("\r\n--{boundary}--\r\n").into()));
        Self(parts)
    }

    fn length(&self) -> u64 {
        let length = |part: &Part| match part {
            Part::Text(text) => text.len() as u64,
            Part::Bytes(range) => range.length,
        };
        self.0.iter().map(length).sum()
    }
}

/// Reads the parts of a file one after the other.
struct FilePieces {
    file: File,
    parts: std::vec::IntoIter<Part>,
    current: Option<Range>,
    piece: u64,
}

impl Pieces for FilePieces {
    fn next(&mut self) -> Option<io::Result<Bytes>> {
        if self.current.is_none() {
            match self.parts.next()? {
                Part::Text(text) => return Some(Ok(text)),
                Part::Bytes(range) if range.length == 0 => return self.next(),
                Part::Bytes(range) => {
                    if let Err(error) = self.file.seek(SeekFrom::Start(range.start)) {
                        return Some(Err(error));
                    }
                    self.current = Some(range);
                }
            }
        }
        let range = self.current.as_mut()?;
        let most = range.length.min(self.piece);
        let mut piece = Vec::with_capacity(usize::try_from(most).unwrap_or(0));
        if let Err(error) = (&self.file).take(most).read_to_end(&mut piece) {
            return Some(Err(error));
        }
        if piece.is_empty() {
            // Another program has cut the file: the connection ends, and nobody takes the rest for zeros.
            return Some(Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file was cut while it was sent")));
        }
        range.length -= piece.len() as u64;
        if range.length == 0 {
            self.current = None;
        }
        Some(Ok(piece.into()))
    }
}

fn body(file: File, parts: Parts) -> Result<Body> {
    let length = parts.length();
    let piece = if length <= AT_ONCE { AT_ONCE } else { PIECE };
    let mut pieces = FilePieces { file, parts: parts.0.into_iter(), current: None, piece };
    let failed = |error: io::Error| Error::Internal(error.to_string());
    let first = match pieces.next() {
        None => return Ok(Body::empty()),
        Some(first) => first.map_err(failed)?,
    };
    if first.len() as u64 == length { Ok(Body::from(first)) } else { Ok(streamed(first, pieces)) }
}
