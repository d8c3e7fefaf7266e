//! People's files in a browser: they share the origin with the pages, and must not act there (S13).

use http::{HeaderMap, HeaderValue, header};

/// Says to a browser that nothing in the answer is to be run.
pub fn protect(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
}

/// Types that a browser shows without running anything in them; all others are downloads (S13).
pub(super) fn shows_safely(content_type: &str) -> bool {
    matches!(
        content_type,
        "text/plain"
            | "image/png"
            | "image/jpeg"
            | "image/gif"
            | "image/webp"
            | "image/avif"
            | "audio/mpeg"
            | "audio/ogg"
            | "audio/flac"
            | "video/mp4"
            | "video/webm"
    )
}
