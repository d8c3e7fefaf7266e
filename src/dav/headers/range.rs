//! `Range` and `If-Range` (RFC 9110 §13.1.5, §14.2).

use http::HeaderMap;

use super::conditional::parse_date;
use super::{Malformed, single};

/// Ranges that are answered one by one; a request for more gets the whole file.
const MOST: usize = 32;

/// A part of a file: first byte and number of bytes, which is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Offset of the first byte.
    pub start: u64,
    /// Bytes.
    pub length: u64,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ranges {
    /// The whole file.
    Whole,
    /// These parts of it; at least one.
    Parts(Vec<Range>),
    /// Parts that the file does not have.
    Unsatisfiable,
}

impl Ranges {
    /// Reads the headers against a file of that size, entity tag and time of modification.
    ///
    /// A unit other than bytes is ignored, as §14.2 demands.
    ///
    /// # Errors
    /// For byte ranges that cannot be read.
    pub fn read(headers: &HeaderMap, size: u64, etag: &str, modified_s: i64) -> Result<Self, Malformed> {
        let Some(text) = single(headers, "range")? else {
            return Ok(Self::Whole);
        };
        let Some(set) = text.split_once('=').filter(|(unit, _)| unit.eq_ignore_ascii_case("bytes")).map(|(_, set)| set)
        else {
            return Ok(Self::Whole);
        };
        if !if_range_holds(headers, etag, modified_s)? {
            return Ok(Self::Whole);
        }
        let mut parts = Vec::new();
        let mut asked = 0_usize;
        for spec in set.split(',').map(str::trim).filter(|spec| !spec.is_empty()) {
            asked += 1;
            parts.extend(parse(spec, size).ok_or(MALFORMED)?);
        }
        if asked == 0 {
            return Err(MALFORMED);
        }
        // Many or overlapping ranges are more work than the file itself (RFC 9110 §17.15).
        let total = parts.iter().fold(0_u64, |sum, part| sum.saturating_add(part.length));
        if asked > MOST || (parts.len() > 1 && total > size) {
            return Ok(Self::Whole);
        }
        Ok(if parts.is_empty() { Self::Unsatisfiable } else { Self::Parts(parts) })
    }
}

const MALFORMED: Malformed = Malformed { name: "Range", expected: "byte ranges like bytes=0-99,200-,-5" };

/// `None` for what cannot be read, `Some(None)` for what the file does not have.
fn parse(spec: &str, size: u64) -> Option<Option<Range>> {
    let (first, last) = spec.split_once('-')?;
    let number = |digits: &str| -> Option<u64> {
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().unwrap_or(u64::MAX))
    };
    if first.is_empty() {
        let length = number(last)?.min(size);
        return Some((length > 0).then(|| Range { start: size - length, length }));
    }
    let start = number(first)?;
    let end = if last.is_empty() { u64::MAX } else { number(last)? };
    if end < start {
        return None;
    }
    Some((start < size).then(|| Range { start, length: end.min(size - 1) - start + 1 }))
}

fn if_range_holds(headers: &HeaderMap, etag: &str, modified_s: i64) -> Result<bool, Malformed> {
    let Some(text) = single(headers, "if-range")? else {
        return Ok(true);
    };
    if text.starts_with('"') || text.starts_with("W/") {
        return Ok(text == etag);
    }
    Ok(parse_date(text) == Some(modified_s))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, size: u64) -> Result<Ranges, Malformed> {
        let mut headers = HeaderMap::new();
        headers.insert("range", text.parse().expect("a value"));
        Ranges::read(&headers, size, "\"e\"", 784_111_777)
    }

    fn parts(parts: &[(u64, u64)]) -> Ranges {
        Ranges::Parts(parts.iter().map(|&(start, length)| Range { start, length }).collect())
    }

    #[test]
    fn ranges_are_cut_to_the_file() {
        assert_eq!(read("bytes=0-0", 10), Ok(parts(&[(0, 1)])));
        assert_eq!(read("bytes=5-", 10), Ok(parts(&[(5, 5)])));
        assert_eq!(read("bytes=-3", 10), Ok(parts(&[(7, 3)])));
        assert_eq!(read("bytes=-30", 10), Ok(parts(&[(0, 10)])));
        assert_eq!(read("bytes=8-99999999999999999999", 10), Ok(parts(&[(8, 2)])));
        assert_eq!(read("Bytes=0-1, 4-5,,-1", 10), Ok(parts(&[(0, 2), (4, 2), (9, 1)])));
        assert_eq!(read("bytes=0-1,10-", 10), Ok(parts(&[(0, 2)])));
    }

    #[test]
    fn what_the_file_does_not_have_is_said_so() {
        for text in ["bytes=10-", "bytes=-0", "bytes=99999999999999999999-"] {
            assert_eq!(read(text, 10), Ok(Ranges::Unsatisfiable), "{text}");
        }
        assert_eq!(read("bytes=0-", 0), Ok(Ranges::Unsatisfiable));
        assert_eq!(read("bytes=-1", 0), Ok(Ranges::Unsatisfiable));
    }

    #[test]
    fn other_units_are_ignored_and_nonsense_is_told() {
        assert_eq!(read("lines=1-2", 10), Ok(Ranges::Whole));
        for text in ["bytes=", "bytes=a-b", "bytes=5-2", "bytes=1", "bytes=--1", "bytes=+1-2", "bytes=1-2-3"] {
            assert!(read(text, 10).is_err(), "{text}");
        }
    }

    #[test]
    fn too_many_or_overlapping_ranges_get_the_whole() {
        assert_eq!(read(&format!("bytes={}", "0-0,".repeat(40)), 100), Ok(Ranges::Whole));
        assert_eq!(read("bytes=0-,0-", 100), Ok(Ranges::Whole));
    }

    #[test]
    fn if_range_must_be_the_very_tag_or_date() {
        let with = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("range", "bytes=0-0".parse().expect("a value"));
            headers.insert("if-range", text.parse().expect("a value"));
            Ranges::read(&headers, 10, "\"e\"", 784_111_777)
        };
        assert_eq!(with("\"e\""), Ok(parts(&[(0, 1)])));
        assert_eq!(with("Sun, 06 Nov 1994 08:49:37 GMT"), Ok(parts(&[(0, 1)])));
        for other in ["\"f\"", "W/\"e\"", "Sun, 06 Nov 1994 08:49:38 GMT", "nonsense"] {
            assert_eq!(with(other), Ok(Ranges::Whole), "{other}");
        }
    }

    proptest! {
        #[test]
        fn every_part_lies_in_the_file(text in "bytes=[0-9, -]{0,40}", size in 0_u64..200) {
            if let Ok(Ranges::Parts(parts)) = read(&text, size) {
                for part in parts {
                    prop_assert!(part.length > 0 && part.start.checked_add(part.length).is_some_and(|end| end <= size));
                }
            }
        }
    }
}
