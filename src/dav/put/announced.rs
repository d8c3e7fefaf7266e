//! What an upload's headers say of its body.

use http::request::Parts;
use http::{Method, header};

use crate::dav::digest;
use crate::dav::error::{Error, Result};
use crate::dav::headers::{ClientTime, Malformed, Part, single};

/// The media type of PATCH (SabreDAV's partial update).
const PARTIAL_UPDATE: &str = "application/x-sabredav-partialupdate";

/// What the headers say of the body.
#[derive(Debug, Clone)]
pub(super) struct Announced {
    /// Bytes of the body, where they are said.
    pub(super) length: Option<u64>,
    /// macOS sends a chunked body with this (R11).
    expected_length: Option<u64>,
    /// The part of the file that the body is; absent for a whole file.
    pub(super) part: Option<Part>,
    pub(super) modified: Option<ClientTime>,
    pub(super) digests: digest::Announced,
    expects_continue: bool,
}

impl Announced {
    pub(super) fn read(parts: &Parts) -> Result<Self> {
        let number = |name: &'static str| -> Result<Option<u64>> {
            let malformed = Malformed { name, expected: "a number of bytes" };
            let Some(text) = single(&parts.headers, name)? else {
                return Ok(None);
            };
            let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            Ok(Some(text.parse().ok().filter(|_| plain).ok_or(malformed)?))
        };
        let content_length = number("content-length")?;
        let part = if parts.method == Method::PATCH {
            check_patch(parts, content_length)?;
            Some(Part::of_patch(&parts.headers)?)
        } else {
            Part::of_put(&parts.headers)?
        };
        let expected_length = number("x-expected-entity-length")?;
        let announced = Self {
            length: content_length.or(expected_length).or_else(|| part.and_then(Part::length)),
            expected_length,
            part,
            modified: ClientTime::read(&parts.headers)?,
            digests: digest::Announced::read(&parts.headers)?,
            expects_continue: parts.headers.contains_key(header::EXPECT),
        };
        match (part, part.and_then(Part::length), announced.length) {
            // As SabreDAV has it: bytes that do not fit the range are 416.
            (Some(_), Some(of_range), Some(length)) if of_range != length => {
                Err(Error::RangeMismatch(format!("the range has {of_range} bytes, the body {length}")))
            }
            (Some(Part::From { first, last: Some(last) }), ..) if last < first => {
                Err(Error::RangeMismatch("the range ends before it begins".to_owned()))
            }
            _ => Ok(announced),
        }
    }

    /// Whether the whole body may be waited for before anything is looked at.
    pub(super) fn is_at_most(&self, bytes: u64) -> bool {
        self.length.is_some_and(|length| length <= bytes) && self.expected_length.is_none() && !self.expects_continue
    }

    /// Compares with what came.
    pub(super) fn check(&self, written: u64) -> Result<()> {
        for announced in [self.length, self.expected_length].into_iter().flatten() {
            if announced != written {
                return Err(Error::Incomplete(format!("{announced} bytes were announced, {written} came")));
            }
        }
        Ok(())
    }
}

fn check_patch(parts: &Parts, content_length: Option<u64>) -> Result<()> {
    let media_type = single(&parts.headers, "content-type")?.unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(PARTIAL_UPDATE) {
        return Err(Error::UnsupportedPatch);
    }
    content_length.map(|_| ()).ok_or(Error::LengthRequired)
}
