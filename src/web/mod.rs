//! Pages for people. For now one: where the drive is.

use axum::body::Body;
use http::{HeaderValue, Response, header};

const LANDING: &str = include_str!("landing.html");

/// What a browser sees at `/`.
#[must_use]
pub fn landing() -> Response<Body> {
    let mut response = Response::new(Body::from(LANDING));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}
