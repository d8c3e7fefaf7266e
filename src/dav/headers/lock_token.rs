//! `Lock-Token` of UNLOCK (RFC 4918 §10.5).

use http::HeaderMap;

use super::{Malformed, single};

/// A lock token without its angle brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockToken(pub String);

impl LockToken {
    /// Reads the header, which UNLOCK cannot do without.
    pub fn read(headers: &HeaderMap) -> Result<Self, Malformed> {
        let malformed = Malformed { name: "Lock-Token", expected: "a lock token in angle brackets" };
        let text = single(headers, "lock-token")?.ok_or(malformed)?;
        // The npm library `webdav` sends what stands in the answer to LOCK, without brackets.
        let token = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text);
        let plain = token.contains(':') && !token.contains(['<', '>']) && !token.contains(char::is_whitespace);
        if plain { Ok(Self(token.to_owned())) } else { Err(malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stands_in_angle_brackets_or_alone() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("lock-token", text.parse().expect("a value"));
            LockToken::read(&headers)
        };
        assert_eq!(read("<urn:uuid:1>"), Ok(LockToken("urn:uuid:1".to_owned())));
        assert_eq!(read("urn:uuid:1"), Ok(LockToken("urn:uuid:1".to_owned())));
        assert!(LockToken::read(&HeaderMap::new()).is_err());
        for bad in ["", "uuid", "<urn:uuid:1", "urn:uuid:1>", "<>", "<<urn:x>>", "<urn:a b>"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
