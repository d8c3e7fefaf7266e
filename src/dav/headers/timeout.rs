//! `Timeout` of LOCK (RFC 4918 §10.7).

use std::time::Duration;

use http::HeaderMap;

use super::{Malformed, single};

/// How long a client wants a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timeout {
    /// For ever, which is never granted.
    Infinite,
    /// For so long.
    Seconds(u32),
}

impl Timeout {
    /// Reads the header; the first wish counts. `None` where it is absent.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, Malformed> {
        let Some(text) = single(headers, "timeout")? else {
            return Ok(None);
        };
        let mut wishes = text.split(',').map(|wish| parse(wish.trim()));
        let first = wishes.next().flatten();
        if first.is_none() || wishes.any(|wish| wish.is_none()) {
            return Err(Malformed { name: "Timeout", expected: "Infinite or Second- and a number" });
        }
        Ok(first)
    }

    /// What is granted: at least a second, at most `most`.
    #[must_use]
    pub fn granted(wish: Option<Self>, most: Duration) -> u32 {
        let most = u32::try_from(most.as_secs()).unwrap_or(u32::MAX).max(1);
        match wish {
            Some(Self::Seconds(seconds)) => seconds.clamp(1, most),
            Some(Self::Infinite) | None => most,
        }
    }
}

fn parse(wish: &str) -> Option<Timeout> {
    if wish.eq_ignore_ascii_case("infinite") {
        return Some(Timeout::Infinite);
    }
    let (unit, digits) = wish.split_once('-')?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (unit.eq_ignore_ascii_case("second") && plain).then(|| Timeout::Seconds(digits.parse().unwrap_or(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_and_capped() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("timeout", text.parse().expect("a value"));
            Timeout::read(&headers)
        };
        assert_eq!(read("Second-3600"), Ok(Some(Timeout::Seconds(3600))));
        assert_eq!(read("Infinite, Second-4100000000"), Ok(Some(Timeout::Infinite)));
        assert_eq!(read("Second-99999999999999"), Ok(Some(Timeout::Seconds(u32::MAX))));
        for bad in ["", "Second-", "Second--1", "3600", "Minute-3", "Second-1,x", "Second-+1"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        let hour = Duration::from_hours(1);
        assert_eq!(Timeout::granted(Some(Timeout::Seconds(7200)), hour), 3600);
        assert_eq!(Timeout::granted(Some(Timeout::Seconds(0)), hour), 1);
        assert_eq!(Timeout::granted(None, hour), 3600);
    }
}
