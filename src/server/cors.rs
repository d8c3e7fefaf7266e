//! Scripts of other origins on the drive (Fetch standard, "CORS protocol"): web applications such as `KeeWeb` or
//! Floccus, for origins that are configured and for nobody else. Only around the drive, never around pages or API.
//!
//! A browser asks first, without credentials (the preflight), so that question is answered in front of the gate. It
//! tells nothing but what may be asked; every real request goes through the gate like any other.

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};

use crate::dav;

/// Headers of answers that scripts may read, besides those that they always may.
const EXPOSED: &str = "Accept-Ranges, Allow, Content-Disposition, Content-Length, Content-Location, Content-Range, DAV, \
                       Date, ETag, Last-Modified, Location, Lock-Token, MS-Author-Via, OC-Checksum, OC-ETag, \
                       Preference-Applied, Repr-Digest, Retry-After, WWW-Authenticate, X-OC-Mtime";

/// Headers that WebDAV clients send; told where a preflight does not name its own.
const SENT: &str = "Accept, Authorization, Cache-Control, Content-Range, Content-Type, Depth, Destination, Expect, If, \
                    If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Lock-Token, OC-Checksum, \
                    Overwrite, Pragma, Prefer, Range, Repr-Digest, Timeout, X-OC-Mtime, X-Requested-With, X-Update-Range";

/// Seconds for which a browser remembers the answer to a preflight; some cap it at less.
const REMEMBERED_S: &str = "86400";

/// Longest list of headers that is echoed, in bytes.
const LONGEST: usize = 2048;

/// The origins whose scripts may use the drive.
#[derive(Debug)]
pub(super) struct Cors {
    origins: Vec<String>,
}

/// What a request's origin may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// It is configured itself: the browser may add credentials that it keeps.
    Exact(HeaderValue),
    /// It is `null`, which every file and sandboxed frame is, or anybody's: the script itself has to know a password.
    Anybody(HeaderValue),
    /// It is not configured, or the request is of no other origin.
    Unknown,
}

impl Cors {
    /// For the configured origins, in lower case.
    pub(super) fn new(origins: &[String]) -> Self {
        Self { origins: origins.to_vec() }
    }

    /// What the request's origin may.
    pub(super) fn origin(&self, headers: &HeaderMap) -> Origin {
        let Some(value) = headers.get(header::ORIGIN).filter(|_| !self.origins.is_empty()) else {
            return Origin::Unknown;
        };
        let is_configured =
            |origin: &str| self.origins.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(origin.as_bytes()));
        match value.to_str() {
            Ok("null") if is_configured("null") => Origin::Anybody(value.clone()),
            Ok(origin) if !matches!(origin, "*" | "null") && is_configured(origin) => Origin::Exact(value.clone()),
            Ok(_) if is_configured("*") => Origin::Anybody(HeaderValue::from_static("*")),
            _ => Origin::Unknown,
        }
    }

    /// The answer to a preflight of an origin that is known; `None` for every other request.
    pub(super) fn preflight(&self, origin: &Origin, request: &Request<Body>) -> Option<Response<Body>> {
        let asks = request.method() == Method::OPTIONS
            && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !asks || *origin == Origin::Unknown {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        self.allow(origin, headers);
        headers.append(header::VARY, HeaderValue::from_static("Access-Control-Request-Headers"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(dav::options::ALLOW));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers(request.headers()));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(REMEMBERED_S));
        Some(response)
    }

    /// Tells a browser that the origin's script may read this answer, refusals and failures included.
    pub(super) fn expose(&self, origin: &Origin, headers: &mut HeaderMap) {
        self.allow(origin, headers);
        if *origin != Origin::Unknown {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
    }

    fn allow(&self, origin: &Origin, headers: &mut HeaderMap) {
        if !self.origins.is_empty() {
            // Also to who is not known: a cache must not give one origin's answer to another.
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        let (Origin::Exact(value) | Origin::Anybody(value)) = origin else {
            return;
        };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, value.clone());
        if matches!(origin, Origin::Exact(_)) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
}

/// What is asked for, where it is a list of header names; all that clients send, where it is not. `*` would not do:
/// it does not mean `Authorization`.
fn allowed_headers(headers: &HeaderMap) -> HeaderValue {
    let asked = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).filter(|value| value.len() <= LONGEST);
    let is_list = |value: &&HeaderValue| {
        value.to_str().is_ok_and(|text| text.split(',').all(|name| name.trim().parse::<HeaderName>().is_ok()))
    };
    asked.filter(is_list).cloned().unwrap_or_else(|| HeaderValue::from_static(SENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn an_origin_is_known_as_a_whole() {
        let origin = |origins: &[&str], text| {
            let origins: Vec<String> = origins.iter().map(|&origin| origin.to_owned()).collect();
            Cors::new(&origins).origin(&headers(header::ORIGIN, text))
        };
        let exact = |text| Origin::Exact(HeaderValue::from_static(text));
        let anybody = |text| Origin::Anybody(HeaderValue::from_static(text));
        assert_eq!(origin(&["https://a.example"], "https://a.example"), exact("https://a.example"));
        assert_eq!(origin(&["https://a.example"], "HTTPS://A.example"), exact("HTTPS://A.example"));
        for other in
            ["https://a.example.org", "https://a.exampl", "http://a.example", "https://a.example:1", "null", ""]
        {
            assert_eq!(origin(&["https://a.example"], other), Origin::Unknown, "{other}");
        }
        assert_eq!(origin(&["null"], "null"), anybody("null"));
        assert_eq!(origin(&["null"], "https://a.example"), Origin::Unknown);
        assert_eq!(origin(&["*"], "null"), anybody("*"));
        assert_eq!(origin(&["*", "https://a.example"], "https://a.example"), exact("https://a.example"));
        assert_eq!(origin(&["*"], "*"), anybody("*"), "a client's own star is nobody in particular");
        assert_eq!(origin(&[], "https://a.example"), Origin::Unknown);
    }

    #[test]
    fn only_header_names_are_echoed() {
        let allowed = |text| allowed_headers(&headers(header::ACCESS_CONTROL_REQUEST_HEADERS, text));
        assert_eq!(allowed("authorization, depth"), "authorization, depth");
        for bad in ["", "a b", "depth,,if", "x: y", "<b>"] {
            assert_eq!(allowed(bad), SENT, "{bad}");
        }
    }
}
