//! A part of a file that a client replaces: `Content-Range` on PUT (RFC 9110 §14.5), `X-Update-Range` on PATCH
//! (SabreDAV's partial update, <https://sabre.io/dav/http-patch/>).

use http::HeaderMap;

use super::{Malformed, single};

/// Where in the file the bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// From the first byte on; up to and with the last, where that is said.
    From {
        /// Position of the first byte.
        first: u64,
        /// Position of the last one.
        last: Option<u64>,
    },
    /// So many bytes before the end.
    BeforeEnd(u64),
    /// Behind the end.
    Append,
}

/// The largest position: files end before 2^63 bytes.
const FARTHEST: u64 = i64::MAX.cast_unsigned() - 1;

impl Part {
    /// Reads `Content-Range: bytes 0-499/1234`; `None` where it is absent.
    pub fn of_put(headers: &HeaderMap) -> Result<Option<Self>, Malformed> {
        let malformed = Malformed { name: "Content-Range", expected: "a range like bytes 0-499/1234" };
        let Some(text) = single(headers, "content-range")? else {
            return Ok(None);
        };
        let (range, total) = text.strip_prefix("bytes ").and_then(|rest| rest.split_once('/')).ok_or(malformed)?;
        let (first, last) = range.split_once('-').ok_or(malformed)?;
        let (first, last) = (position(first).ok_or(malformed)?, position(last).ok_or(malformed)?);
        let is_within = total == "*" || position(total).is_some_and(|total| last < total);
        if last < first || !is_within {
            return Err(malformed);
        }
        Ok(Some(Self::From { first, last: Some(last) }))
    }

    /// Bytes of the part, where they are said.
    #[must_use]
    pub fn length(self) -> Option<u64> {
        match self {
            Self::From { first, last: Some(last) } => (last + 1).checked_sub(first),
            _ => None,
        }
    }

    /// Reads `X-Update-Range`, which PATCH needs.
    pub fn of_patch(headers: &HeaderMap) -> Result<Self, Malformed> {
        let malformed = Malformed { name: "X-Update-Range", expected: "bytes=3-6, bytes=4-, bytes=-2 or append" };
        let text = single(headers, "x-update-range")?.ok_or(malformed)?;
        if text == "append" {
            return Ok(Self::Append);
        }
        let (first, last) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')).ok_or(malformed)?;
        if first.is_empty() {
            return Ok(Self::BeforeEnd(position(last).ok_or(malformed)?));
        }
        let first = position(first).ok_or(malformed)?;
        let last = if last.is_empty() { None } else { Some(position(last).ok_or(malformed)?) };
        Ok(Self::From { first, last })
    }
}

fn position(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|position| plain && *position <= FARTHEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a value"));
        headers
    }

    #[test]
    fn both_kinds_are_read() {
        let put = |value: &str| Part::of_put(&headers("content-range", value));
        assert_eq!(put("bytes 0-499/1234"), Ok(Some(Part::From { first: 0, last: Some(499) })));
        assert_eq!(put("bytes 5-5/*"), Ok(Some(Part::From { first: 5, last: Some(5) })));
        assert_eq!(Part::of_put(&HeaderMap::new()), Ok(None));
        let patch = |value: &str| Part::of_patch(&headers("x-update-range", value));
        assert_eq!(patch("append"), Ok(Part::Append));
        assert_eq!(patch("bytes=3-6"), Ok(Part::From { first: 3, last: Some(6) }));
        assert_eq!(patch("bytes=4-"), Ok(Part::From { first: 4, last: None }));
        assert_eq!(patch("bytes=-2"), Ok(Part::BeforeEnd(2)));
    }

    #[test]
    fn what_is_no_range_is_told() {
        let bad = [
            "",
            "bytes",
            "bytes 1-0/5",
            "bytes 0-5/5",
            "bytes 0-5",
            "bytes */5",
            "bytes -5/10",
            "bytes 0-/10",
            "items 0-1/2",
            "bytes 0-18446744073709551616/*",
            "bytes 0-9223372036854775807/*",
            "bytes +1-2/3",
        ];
        for bad in bad {
            assert!(Part::of_put(&headers("content-range", bad)).is_err(), "{bad}");
        }
        for bad in
            ["", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=--1", "Append", "bytes=99999999999999999999-"]
        {
            assert!(Part::of_patch(&headers("x-update-range", bad)).is_err(), "{bad}");
        }
        assert!(Part::of_patch(&HeaderMap::new()).is_err());
    }
}
