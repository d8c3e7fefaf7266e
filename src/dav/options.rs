//! OPTIONS (RFC 9110 §9.3.7, RFC 4918 §10.1).

use axum::body::Body;
use http::Response;

use super::error::Result;
use super::request::DavRequest;

/// The methods of a drive.
pub const ALLOW: &str =
    "OPTIONS, GET, HEAD, PUT, PATCH, DELETE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, REPORT, LOCK, UNLOCK";

/// Those of a file that is there.
pub const ALLOW_ON_FILES: &str =
    "OPTIONS, GET, HEAD, PUT, PATCH, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK";

/// Those of a folder that is there.
pub const ALLOW_ON_FOLDERS: &str = "OPTIONS, GET, HEAD, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, REPORT, LOCK, UNLOCK";

/// Compliance classes: 1, locks (2), the revised specification (3), MKCOL with properties (RFC 5689), and SabreDAV's
/// partial update.
pub const CLASSES: &str = "1, 2, 3, extended-mkcol, sabredav-partialupdate";

pub(super) fn options(request: &DavRequest<'_>) -> Result<Response<Body>> {
    request.without_body()?;
    // What is not to be seen is not there.
    request.spot()?;
    Ok(answer())
}

/// What every folder and file says of itself.
#[must_use]
pub fn answer() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert("dav", http::HeaderValue::from_static(CLASSES));
    headers.insert("allow", http::HeaderValue::from_static(ALLOW));
    // Microsoft's clients look for it before they take a server for a drive.
    headers.insert("ms-author-via", http::HeaderValue::from_static("DAV"));
    headers.insert("accept-ranges", http::HeaderValue::from_static("bytes"));
    response
}
