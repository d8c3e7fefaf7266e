//! `Destination` and the tagged URIs of `If` (RFC 4918 §8.3): which of our resources a URI names.
//!
//! Both go through the same decoder as the request's own URI, so that rules see exactly the path that the file
//! system sees (S2).

use http::HeaderMap;
use http::uri::Authority;

use super::{Malformed, single};
use crate::config::PublicUrl;
use crate::files::{Path, PathError};

/// Where people's files are served.
pub const PREFIX: &str = "/dav";

/// A resource of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The path beneath `/dav`.
    pub path: Path,
    /// Whether the URI ends in a slash.
    pub slash: bool,
}

/// Why a URI names no resource of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Another server, or a part of this one that holds no files.
    #[error("the address is not on this server's drive")]
    Foreign,
    /// It is no path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// It is no URI at all.
    #[error("the address is not a URI")]
    NotAUri,
}

/// Knows under which addresses this server is reached.
#[derive(Debug, Clone)]
pub struct Addresses {
    public_urls: Vec<PublicUrl>,
}

impl Addresses {
    /// From the configured public URLs.
    #[must_use]
    pub fn new(public_urls: Vec<PublicUrl>) -> Self {
        Self { public_urls }
    }

    /// What stands before `/dav` in the addresses that clients see: the canonical public URL's path prefix.
    #[must_use]
    pub fn shown_prefix(&self) -> &str {
        self.public_urls.first().map_or("", |url| url.prefix.as_str())
    }

    /// The request's own path.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn of_request(path: &str) -> Result<Address, AddressError> {
        let rest = path.strip_prefix(PREFIX).ok_or(AddressError::Foreign)?;
        if rest.is_empty() {
            return Ok(Address { path: Path::root(), slash: true });
        }
        if !rest.starts_with('/') {
            return Err(AddressError::Foreign);
        }
        Ok(Address { path: Path::from_url(rest)?, slash: rest.ends_with('/') })
    }

    /// `Destination`, which COPY and MOVE cannot do without.
    ///
    /// # Errors
    /// `Err` where it is malformed, `Ok(Err)` where it names nothing of ours.
    pub fn destination(&self, headers: &HeaderMap) -> Result<Result<Address, AddressError>, Malformed> {
        let missing = Malformed { name: "Destination", expected: "the URI to copy or move to" };
        let text = single(headers, "destination")?.filter(|text| !text.is_empty()).ok_or(missing)?;
        Ok(self.resolve(text, headers))
    }

    /// A URI, or an absolute path, that names one of our resources.
    ///
    /// The scheme does not matter, nor the port: a proxy in front may speak TLS, on a port of its own (R3). The host
    /// must be a public URL's, or the one the request came to.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn resolve(&self, text: &str, headers: &HeaderMap) -> Result<Address, AddressError> {
        let path = if text.starts_with('/') && !text.starts_with("//") {
            text
        } else {
            let (scheme, rest) = text.split_once("://").ok_or(AddressError::NotAUri)?;
            if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
                return Err(AddressError::Foreign);
            }
            let cut = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (authority, path) = rest.split_at(cut);
            let authority: Authority = authority.parse().map_err(|_| AddressError::NotAUri)?;
            if !self.is_ours(authority.host(), headers) {
                return Err(AddressError::Foreign);
            }
            if path.is_empty() { "/" } else { path }
        };
        // A query is no part of the resource's name here, and a fragment has no place in a request.
        if path.contains(['?', '#']) {
            return Err(AddressError::NotAUri);
        }
        self.beneath_prefix(path)
    }

    fn is_ours(&self, host: &str, headers: &HeaderMap) -> bool {
        let is_host = |authority: &str| {
            authority.parse::<Authority>().is_ok_and(|authority| authority.host().eq_ignore_ascii_case(host))
        };
        self.public_urls.iter().any(|url| is_host(&url.authority))
            || headers.get(http::header::HOST).and_then(|value| value.to_str().ok()).is_some_and(is_host)
    }

    /// A proxy may have cut a public URL's prefix off the request; the client still writes it into `Destination`.
    fn beneath_prefix(&self, path: &str) -> Result<Address, AddressError> {
        for url in self.public_urls.iter().filter(|url| !url.prefix.is_empty()) {
            match path.strip_prefix(url.prefix.as_str()).map(Self::of_request) {
                None | Some(Err(AddressError::Foreign)) => {}
                Some(other) => return other,
            }
        }
        Self::of_request(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn addresses() -> Addresses {
        let url = |scheme: &str, authority: &str, prefix: &str| PublicUrl {
            scheme: scheme.to_owned(),
            authority: authority.to_owned(),
            prefix: prefix.to_owned(),
        };
        Addresses::new(vec![url("https", "dav.example.org", "/cloud"), url("http", "box.lan:8080", "")])
    }

    fn resolve(text: &str) -> Result<String, AddressError> {
        let mut headers = HeaderMap::new();
        headers.insert("host", "127.0.0.1:4918".parse().expect("a value"));
        addresses().resolve(text, &headers).map(|address| address.path.to_url())
    }

    #[test]
    fn schemes_ports_and_prefixes_of_proxies_are_understood() {
        for text in [
            "/dav/a%20b",
            "http://127.0.0.1:4918/dav/a%20b",
            "https://127.0.0.1/dav/a%20b",
            "https://dav.example.org/dav/a%20b",
            "https://DAV.example.org:8443/cloud/dav/a%20b",
            "http://box.lan/dav/a%20b",
            "/cloud/dav/a%20b",
        ] {
            assert_eq!(resolve(text).as_deref(), Ok("/a%20b"), "{text}");
        }
    }

    #[test]
    fn everything_else_is_foreign_or_refused() {
        for text in [
            "https://evil.example/dav/a",
            "/davx/a",
            "/",
            "/da",
            "/cloud",
            "/cloudx/dav/a",
            "ftp://127.0.0.1/dav/a",
            "http://127.0.0.1",
            "/etc/passwd",
        ] {
            assert_eq!(resolve(text), Err(AddressError::Foreign), "{text}");
        }
        for text in ["", "a", "dav/a", "//dav/a", "http://", "http:///dav/a", "/dav/a#b", "/dav/a?b", "http://a b/dav"]
        {
            assert_eq!(resolve(text), Err(AddressError::NotAUri), "{text}");
        }
        assert_eq!(resolve("/dav/../etc"), Err(AddressError::Path(PathError::DotSegment)));
        assert_eq!(resolve("http://127.0.0.1/dav/%2e%2e/etc"), Err(AddressError::Path(PathError::DotSegment)));
        assert_eq!(resolve("/dav/a%2fb"), Err(AddressError::Path(PathError::BadName)));
    }

    proptest! {
        #[test]
        fn anything_is_resolved_without_panic(text in "(http|https|/|:|dav|127.0.0.1|%2e|[.#?@a]){0,12}") {
            let _ = resolve(&text);
        }
    }
}
