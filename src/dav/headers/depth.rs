//! `Depth` (RFC 4918 §10.2).

use http::HeaderMap;

use super::{Malformed, single};

/// How deep a method reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The resource alone.
    Zero,
    /// The resource and its members.
    One,
    /// The resource and all beneath it.
    Infinity,
}

impl Depth {
    /// Reads the header; `None` where it is absent.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, Malformed> {
        match single(headers, "depth")? {
            None => Ok(None),
            Some("0") => Ok(Some(Self::Zero)),
            Some("1") => Ok(Some(Self::One)),
            Some(text) if text.eq_ignore_ascii_case("infinity") => Ok(Some(Self::Infinity)),
            Some(_) => Err(Malformed { name: "Depth", expected: "0, 1 or infinity" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Depth>, Malformed> {
        let mut headers = HeaderMap::new();
        headers.insert("depth", text.parse().expect("a value"));
        Depth::read(&headers)
    }

    #[test]
    fn three_values_and_no_other() {
        assert_eq!(Depth::read(&HeaderMap::new()), Ok(None));
        assert_eq!(read("0"), Ok(Some(Depth::Zero)));
        assert_eq!(read(" 1 "), Ok(Some(Depth::One)));
        assert_eq!(read("Infinity"), Ok(Some(Depth::Infinity)));
        for bad in ["", "2", "-1", "00", "1,noroot", "infinit"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
