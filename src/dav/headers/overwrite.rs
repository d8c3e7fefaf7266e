//! `Overwrite` (RFC 4918 §10.6).

use http::HeaderMap;

use super::{Malformed, single};

/// Whether COPY and MOVE may replace what is at the destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overwrite(pub bool);

impl Overwrite {
    /// Reads the header; absent means yes.
    pub fn read(headers: &HeaderMap) -> Result<Self, Malformed> {
        match single(headers, "overwrite")? {
            None | Some("T" | "t") => Ok(Self(true)),
            Some("F" | "f") => Ok(Self(false)),
            Some(_) => Err(Malformed { name: "Overwrite", expected: "T or F" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_is_true_and_odd_is_an_error() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("overwrite", text.parse().expect("a value"));
            Overwrite::read(&headers)
        };
        assert_eq!(Overwrite::read(&HeaderMap::new()), Ok(Overwrite(true)));
        assert_eq!((read("T"), read("F")), (Ok(Overwrite(true)), Ok(Overwrite(false))));
        for bad in ["", "true", "no", "TF"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
