//! `Prefer` (RFC 7240) as far as WebDAV knows it (RFC 8144).

use http::{HeaderMap, HeaderValue};

/// What the client would like. What cannot be read, or is not known, is no wish (RFC 7240 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prefer {
    /// `return=minimal`: nothing about what is not there, nothing about what went well.
    pub minimal: bool,
    /// `depth-noroot`: the members without the collection itself.
    pub no_root: bool,
}

impl Prefer {
    /// Reads all lines of the header.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Self {
        let mut prefer = Self::default();
        let lines = headers.get_all("prefer").iter().filter_map(|line| line.to_str().ok());
        for preference in lines.flat_map(|line| line.split(',')) {
            // Parameters behind a semicolon change nothing for these two.
            let word = preference.split(';').next().unwrap_or_default();
            let word: String = word.chars().filter(|c| !c.is_ascii_whitespace() && *c != '"').collect();
            match word.to_ascii_lowercase().as_str() {
                "return=minimal" => prefer.minimal = true,
                "depth-noroot" => prefer.no_root = true,
                _ => {}
            }
        }
        prefer
    }

    /// Says which wishes were granted (RFC 7240 §3).
    pub fn tell(self, headers: &mut HeaderMap) {
        let value = match (self.minimal, self.no_root) {
            (true, true) => "return=minimal, depth-noroot",
            (true, false) => "return=minimal",
            (false, true) => "depth-noroot",
            (false, false) => return,
        };
        headers.insert("preference-applied", HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_and_others_passed_over() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", value.parse().expect("a value"));
            let prefer = Prefer::read(&headers);
            (prefer.minimal, prefer.no_root)
        };
        assert_eq!(read("return=minimal"), (true, false));
        assert_eq!(read("return=\"minimal\", depth-noroot"), (true, true));
        assert_eq!(read("Depth-NoRoot; x=1"), (false, true));
        for other in ["", "return=representation", "return", "minimal", "wait=10", ",;=,", "return=minimally"] {
            assert_eq!(read(other), (false, false), "{other}");
        }
    }
}
