//! The preconditions of RFC 9110 §13: `If-Match`, `If-None-Match` and their dates.
//!
//! An `If-Match` that cannot be read never matches, so nothing is overwritten by mistake; an unknown word in
//! `If-None-Match` is simply no tag of ours (Joplin sends `JoplinIgnore-…`, R23). A date that cannot be read is
//! ignored, as §13.1.3 and §13.1.4 demand.

use std::time::UNIX_EPOCH;

use http::HeaderMap;

/// A list of entity tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntityTags {
    /// `*`: anything that exists.
    Any,
    /// These; weak ones are marked.
    Tags(Vec<(bool, String)>),
}

impl EntityTags {
    /// Whether one of them is this strong tag, by the strong comparison (RFC 9110 §8.8.3.2).
    #[must_use]
    pub fn matches_strongly(&self, etag: Option<&str>) -> bool {
        match self {
            Self::Any => etag.is_some(),
            Self::Tags(tags) => etag.is_some_and(|etag| tags.iter().any(|(weak, tag)| !weak && tag == etag)),
        }
    }

    /// The same by the weak comparison.
    #[must_use]
    pub fn matches_weakly(&self, etag: Option<&str>) -> bool {
        match self {
            Self::Any => etag.is_some(),
            Self::Tags(tags) => etag.is_some_and(|etag| tags.iter().any(|(_, tag)| tag == etag)),
        }
    }
}

/// All preconditions of a request but `If`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conditional {
    /// `If-Match`
    pub if_match: Option<EntityTags>,
    /// `If-None-Match`
    pub if_none_match: Option<EntityTags>,
    /// `If-Modified-Since`, seconds since 1970.
    pub if_modified_since: Option<i64>,
    /// `If-Unmodified-Since`, seconds since 1970.
    pub if_unmodified_since: Option<i64>,
}

impl Conditional {
    /// Reads the headers.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Self {
        Self {
            if_match: list(headers, "if-match"),
            if_none_match: list(headers, "if-none-match"),
            if_modified_since: date(headers, "if-modified-since"),
            if_unmodified_since: date(headers, "if-unmodified-since"),
        }
    }
}

fn list(headers: &HeaderMap, name: &str) -> Option<EntityTags> {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek()?;
    let mut tags = Vec::new();
    for value in values {
        let Ok(text) = std::str::from_utf8(value.as_bytes()) else {
            continue;
        };
        if text.trim() == "*" {
            return Some(EntityTags::Any);
        }
        tags.extend(parse_tags(text));
    }
    Some(EntityTags::Tags(tags))
}

/// The well-formed tags of a list; others match nothing, so they are left out.
fn parse_tags(text: &str) -> Vec<(bool, String)> {
    let mut tags = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (weak, opaque) = match rest.strip_prefix("W/") {
            Some(opaque) => (true, opaque),
            None => (false, rest),
        };
        let quoted = opaque.strip_prefix('"').and_then(|inner| inner.split_once('"'));
        match quoted {
            Some((tag, after)) => {
                let after = after.trim_start();
                if after.is_empty() || after.starts_with(',') {
                    tags.push((weak, format!("\"{tag}\"")));
                }
                rest = after.split_once(',').map_or("", |(_, next)| next).trim_start();
            }
            None => rest = rest.split_once(',').map_or("", |(_, next)| next).trim_start(),
        }
    }
    tags
}

fn date(headers: &HeaderMap, name: &str) -> Option<i64> {
    parse_date(headers.get(name)?.to_str().ok()?)
}

/// An HTTP date in seconds since 1970.
pub(super) fn parse_date(text: &str) -> Option<i64> {
    let at = httpdate::parse_http_date(text.trim()).ok()?;
    i64::try_from(at.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(name: &'static str, text: &str) -> Conditional {
        let mut headers = HeaderMap::new();
        headers.insert(name, http::HeaderValue::from_bytes(text.as_bytes()).expect("a value"));
        Conditional::read(&headers)
    }

    #[test]
    fn lists_of_tags_are_read() {
        let tags = read("if-match", r#""a", W/"b" ,"c,d""#).if_match.expect("present");
        assert!(tags.matches_strongly(Some("\"a\"")) && tags.matches_strongly(Some("\"c,d\"")));
        assert!(!tags.matches_strongly(Some("\"b\"")) && tags.matches_weakly(Some("\"b\"")));
        assert!(!tags.matches_weakly(None));
        let any = read("if-none-match", "*").if_none_match.expect("present");
        assert!(any.matches_weakly(Some("\"x\"")) && !any.matches_weakly(None));
    }

    #[test]
    fn unreadable_tags_match_nothing_and_are_not_absent() {
        for odd in ["JoplinIgnore-74610", "a", "\"a", "a\"", "W/a", "\"a\"x", ""] {
            let tags = read("if-match", odd).if_match.expect("present, not absent");
            assert!(!tags.matches_weakly(Some("\"a\"")), "{odd}");
        }
    }

    #[test]
    fn unreadable_dates_are_ignored() {
        assert_eq!(read("if-modified-since", "yesterday").if_modified_since, None);
        let date = read("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT").if_unmodified_since;
        assert_eq!(date, Some(784_111_777));
    }

    proptest! {
        #[test]
        fn any_list_is_read_without_panic(text in "[\"W/,a* \u{e4}-]{0,40}") {
            let _ = read("if-match", &text);
        }
    }
}
