//! Where a request points, as the sandbox sees it.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// Name of the one folder per file system that holds what is not finished yet. Never listed, never reached.
pub const TEMPORARY_FOLDER: &str = ".latchkey-tmp";

/// Longest path that is looked at, in bytes; Linux' own limit.
const LONGEST: usize = 4096;

/// Longest name, in bytes; that of every common file system.
const LONGEST_NAME: usize = 255;

/// A path beneath a root: no empty, `.` or `..` segment, no NUL, no slash within a name. The root itself is empty.
///
/// Names are bytes, as on the disk; they need not be UTF-8.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Path(Vec<u8>);

/// Why a text is no path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not start with a slash.
    #[error("the path does not start with a slash")]
    NotAbsolute,
    /// A `%` without two hexadecimal digits behind it.
    #[error("the path is not percent-encoded correctly")]
    BadEncoding,
    /// A segment is `.` or `..`, encoded or not.
    #[error("the path has a dot segment")]
    DotSegment,
    /// A segment holds a slash or NUL.
    #[error("a name in the path has a slash or NUL in it")]
    BadName,
    /// Longer than any file system takes.
    #[error("the path is too long")]
    TooLong,
    /// A name that is kept for the server.
    #[error("a name in the path is reserved")]
    Reserved,
}

impl Path {
    /// The root itself.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// Decodes the path of a URL, once, and refuses rather than repairs (S2, S4).
    ///
    /// Runs of slashes count as one, as the file system has it; a slash at the end is no part of the path.
    ///
    /// # Errors
    /// Whatever could mean another file than it says.
    pub fn from_url(text: &str) -> Result<Self, PathError> {
        let rest = text.strip_prefix('/').ok_or(PathError::NotAbsolute)?;
        let mut path = Self::root();
        // A plain `.` names the folder it stands in (RFC 3986 §5.2.4); rclone writes one before a name with a colon.
        for segment in rest.split('/').filter(|segment| !matches!(*segment, "" | ".")) {
            path.push(&decode(segment)?)?;
        }
        Ok(path)
    }

    /// Takes a path as a person writes it, as `/Documents/Notes`, without percent-encoding.
    ///
    /// # Errors
    /// As [`Path::from_url`].
    pub fn from_plain(text: &str) -> Result<Self, PathError> {
        let rest = text.strip_prefix('/').ok_or(PathError::NotAbsolute)?;
        let mut path = Self::root();
        for segment in rest.split('/').filter(|segment| !segment.is_empty()) {
            path.push(segment.as_bytes())?;
        }
        Ok(path)
    }

    /// Adds a name.
    ///
    /// # Errors
    /// Where the name is none.
    pub fn push(&mut self, name: &[u8]) -> Result<(), PathError> {
        if matches!(name, b"." | b"..") {
            return Err(PathError::DotSegment);
        }
        if name.is_empty() || name.iter().any(|&byte| matches!(byte, 0 | b'/')) {
            return Err(PathError::BadName);
        }
        if name.len() > LONGEST_NAME || self.0.len() + name.len() + 1 > LONGEST {
            return Err(PathError::TooLong);
        }
        if name.eq_ignore_ascii_case(TEMPORARY_FOLDER.as_bytes()) {
            return Err(PathError::Reserved);
        }
        if !self.0.is_empty() {
            self.0.push(b'/');
        }
        self.0.extend_from_slice(name);
        Ok(())
    }

    /// The path with a name that the disk gave added to it.
    #[must_use]
    pub fn join(&self, name: &[u8]) -> Self {
        let mut joined = self.0.clone();
        if !joined.is_empty() {
            joined.push(b'/');
        }
        joined.extend_from_slice(name);
        Self(joined)
    }

    /// The path with another beneath it.
    #[must_use]
    pub fn join_path(&self, beneath: &Self) -> Self {
        if beneath.is_root() { self.clone() } else { self.join(&beneath.0) }
    }

    /// Whether this is the root itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes with slashes between the names.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The names from the root on.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|&byte| byte == b'/').filter(|name| !name.is_empty())
    }

    /// The last name and the path before it; `None` for the root.
    #[must_use]
    pub fn split_last(&self) -> Option<(Self, &[u8])> {
        if self.is_root() {
            return None;
        }
        let cut = self.0.iter().rposition(|&byte| byte == b'/');
        match cut {
            None => Some((Self::root(), &self.0)),
            Some(cut) => Some((Self(self.0.get(..cut)?.to_vec()), self.0.get(cut + 1..)?)),
        }
    }

    /// The last name; empty for the root.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.names().last().unwrap_or_default()
    }

    /// The rest of `self` beneath `ancestor`, by whole names: `/ab` is not beneath `/a` (S6).
    #[must_use]
    pub fn beneath(&self, ancestor: &Self) -> Option<Self> {
        if ancestor.is_root() {
            return Some(self.clone());
        }
        match self.0.strip_prefix(ancestor.0.as_slice())? {
            [] => Some(Self::root()),
            [b'/', rest @ ..] => Some(Self(rest.to_vec())),
            _ => None,
        }
    }

    /// Percent-encoded with a slash in front: what a URL shows.
    #[must_use]
    pub fn to_url(&self) -> String {
        let mut url = String::with_capacity(self.0.len() + 1);
        for name in self.names() {
            url.push('/');
            url.extend(encode(name));
        }
        if url.is_empty() {
            url.push('/');
        }
        url
    }

    /// As a person reads it; what is not UTF-8 is replaced.
    #[must_use]
    pub fn to_plain(&self) -> String {
        format!("/{}", String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_url())
    }
}

/// Everything but RFC 3986's unreserved characters is encoded, so that no client has anything to guess.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Percent-encodes one name.
pub fn encode(name: &[u8]) -> impl Iterator<Item = &str> {
    percent_encode(name, ENCODED)
}

fn decode(segment: &str) -> Result<Vec<u8>, PathError> {
    let mut bytes = segment.bytes();
    let mut decoded = Vec::with_capacity(segment.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
        let (high, low) = (digit().ok_or(PathError::BadEncoding)?, digit().ok_or(PathError::BadEncoding)?);
        decoded.push(u8::try_from(high * 16 + low).map_err(|_| PathError::BadEncoding)?);
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_paths_are_refused_not_repaired() {
        for (text, error) in [
            ("", PathError::NotAbsolute),
            ("a", PathError::NotAbsolute),
            ("/..", PathError::DotSegment),
            ("/a/../b", PathError::DotSegment),
            ("/%2e/a", PathError::DotSegment),
            ("/%2e%2e/etc", PathError::DotSegment),
            ("/%2E./etc", PathError::DotSegment),
            ("/.%2e", PathError::DotSegment),
            ("/a%2fb", PathError::BadName),
            ("/..%2f..%2fetc", PathError::BadName),
            ("/a%00b", PathError::BadName),
            ("/a\0b", PathError::BadName),
            ("/%", PathError::BadEncoding),
            ("/%4", PathError::BadEncoding),
            ("/%zz", PathError::BadEncoding),
            ("/%+1", PathError::BadEncoding),
            ("/x/.latchkey-tmp/y", PathError::Reserved),
            ("/%2elatchkey-TMP", PathError::Reserved),
        ] {
            assert_eq!(Path::from_url(text), Err(error), "{text}");
        }
        assert_eq!(Path::from_url(&format!("/{}", "x".repeat(256))), Err(PathError::TooLong));
        assert_eq!(Path::from_url(&"/x".repeat(3000)), Err(PathError::TooLong));
    }

    #[test]
    fn what_is_encoded_twice_stays_literal() {
        let path = Path::from_url("/%252e%252e/%5c..%5cx").expect("two plain names");
        assert_eq!(path.as_bytes(), b"%2e%2e/\\..\\x");
    }

    #[test]
    fn slashes_in_a_row_count_as_one() {
        assert_eq!(Path::from_url("//a///b//").expect("valid").as_bytes(), b"a/b");
        assert!(Path::from_url("//").expect("valid").is_root());
        assert_eq!(Path::from_url("/./a/./b").expect("valid").as_bytes(), b"a/b");
    }

    #[test]
    fn beneath_goes_by_whole_names() {
        let path = |text| Path::from_url(text).expect("valid");
        assert_eq!(path("/a/b").beneath(&path("/a")), Some(path("/b")));
        assert_eq!(path("/a").beneath(&path("/a")), Some(Path::root()));
        assert_eq!(path("/ab").beneath(&path("/a")), None);
        assert_eq!(path("/a").beneath(&path("/a/b")), None);
        assert_eq!(path("/a").beneath(&Path::root()), Some(path("/a")));
        assert_eq!(path("/a/b").split_last(), Some((path("/a"), b"b".as_slice())));
        assert_eq!(Path::root().split_last(), None);
    }

    proptest! {
        #[test]
        fn no_url_leaves_the_root(text in r"(/|\.|%2e|%2f|%5c|%00|[a-c]|%25|%|\\){0,24}") {
            if let Ok(path) = Path::from_url(&format!("/{text}")) {
                for name in path.names() {
                    prop_assert!(!matches!(name, b"" | b"." | b".."));
                    prop_assert!(!name.contains(&0) && !name.contains(&b'/'));
                }
                prop_assert_eq!(Path::from_url(&path.to_url()), Ok(path));
            }
        }

        #[test]
        fn names_survive_the_way_into_a_url_and_back(names in proptest::collection::vec("[^/\0]{1,20}", 0..5)) {
            let mut path = Path::root();
            if names.iter().all(|name| path.push(name.as_bytes()).is_ok()) {
                prop_assert_eq!(Path::from_url(&path.to_url()), Ok(path));
            }
        }
    }
}
