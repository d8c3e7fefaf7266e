//! Forms of our own pages only: a form's values come out of [`Csrf`] alone, and only if the form carries the token that
//! its page was made with. The token follows from a secret in the browser's cookie, so no other site knows it.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Web;
use super::caller::Visit;
use super::error::Error;
use crate::secret::PlainSecret;

/// Header in which the pages' script sends the token.
pub(super) const HEADER: &str = "x-csrf-token";

/// The token for forms of the browser that holds this secret.
pub(super) fn token(bound_to: &PlainSecret) -> String {
    let digest = Sha256::new().chain_update("latchkey csrf\0").chain_update(bound_to.expose()).finalize();
    URL_SAFE_NO_PAD.encode(digest)
}

/// Whether a token is this browser's.
pub(super) fn check(visit: &Visit, given: &str) -> Result<(), Error> {
    if visit.csrf().as_bytes().ct_eq(given.as_bytes()).into() { Ok(()) } else { Err(Error::Csrf) }
}

/// The values of a form that one of our own pages sent.
#[derive(Debug)]
pub(super) struct Csrf<T>(pub(super) T);

/// A form that says all by being sent.
#[derive(Debug, Deserialize)]
pub(super) struct NoFields {}

#[derive(Deserialize)]
struct Field {
    csrf: Option<String>,
}

impl<T: DeserializeOwned> FromRequest<Web> for Csrf<T> {
    type Rejection = Error;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Error> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, web).await?;
        let bytes = Bytes::from_request(Request::from_parts(parts, body), web).await;
        let bytes = bytes.map_err(|_| Error::BadForm("the form is too large".to_owned()))?;
        // Before anything else is read of it.
        let Field { csrf } = serde_html_form::from_bytes(&bytes).map_err(|_| Error::Csrf)?;
        check(&visit, csrf.as_deref().unwrap_or_default())?;
        Ok(Self(serde_html_form::from_bytes(&bytes).map_err(|error| Error::BadForm(error.to_string()))?))
    }
}

/// JSON that the script of one of our own pages sent.
#[derive(Debug)]
pub(super) struct CsrfJson<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Web> for CsrfJson<T> {
    type Rejection = Error;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Error> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, web).await?;
        let given = parts.headers.get(HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
        check(&visit, given)?;
        let bytes = Bytes::from_request(Request::from_parts(parts, body), web).await;
        let bytes = bytes.map_err(|_| Error::BadForm("the request is too large".to_owned()))?;
        let text = if bytes.is_empty() { Bytes::from_static(b"null") } else { bytes };
        Ok(Self(serde_json::from_slice(&text).map_err(|error| Error::BadForm(error.to_string()))?))
    }
}
