//! `X-OC-Mtime`: the client's word on the time of modification, from ownCloud's and Nextcloud's clients (R13).

use http::HeaderMap;

use super::{Malformed, single};

/// Seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientTime(pub i64);

/// Latest time that is taken: the end of the year 9999, the last an HTTP date can say.
const LATEST: i64 = 253_402_300_799;

impl ClientTime {
    /// Reads the header; `None` where it is absent. Fractions of a second are cut off.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, Malformed> {
        let Some(text) = single(headers, "x-oc-mtime")? else {
            return Ok(None);
        };
        Self::parse(text).map(Some)
    }

    /// Reads a number of seconds.
    pub(in crate::dav) fn parse(text: &str) -> Result<Self, Malformed> {
        let malformed = Malformed { name: "X-OC-Mtime", expected: "seconds since 1970" };
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole.strip_prefix('-').unwrap_or(whole)) || !digits(fraction) {
            return Err(malformed);
        }
        let seconds: i64 = whole.parse().map_err(|_| malformed)?;
        if (-LATEST..=LATEST).contains(&seconds) { Ok(Self(seconds)) } else { Err(malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_nothing_else() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-oc-mtime", text.parse().expect("a value"));
            ClientTime::read(&headers)
        };
        assert_eq!(read("1700000000"), Ok(Some(ClientTime(1_700_000_000))));
        assert_eq!(read("1700000000.75"), Ok(Some(ClientTime(1_700_000_000))));
        assert_eq!(read("-1"), Ok(Some(ClientTime(-1))));
        for bad in ["", "soon", "0x10", "1e9", "99999999999999", "9223372036854775808", "1.", "--1", "+1"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
