//! MKCOL (RFC 4918 §9.3): checked here, made by dav-server over our storage.

use axum::body::Body;
use http::{HeaderValue, Response};

use super::conditions::Conditions;
use super::engine::{self, Orders};
use super::error::{Error, Result};
use super::headers::ClientTime;
use super::locks::{self, NEW};
use super::put::no_parent;
use super::request::DavRequest;

pub(super) fn mkcol(request: &DavRequest<'_>) -> Result<Response<Body>> {
    request.without_body()?;
    let modified = ClientTime::read(request.headers())?;
    let conditions = Conditions::read(request.headers())?;
    let inner = request.inner();
    let commit = inner.begin_commit()?;
    let mut place = request.place(false).map_err(no_parent)?.place;
    if place.any_meta().is_some() {
        return Err(Error::NotAllowed(
            "OPTIONS, GET, HEAD, PUT, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK",
        ));
    }
    inner.refuse_apple_file(&place)?;
    conditions.check(request, &place)?;
    locks::require(request, &conditions.tokens(), &place, NEW)?;
    inner.forget_stale_properties(&place.key())?;
    let mut response = engine::run(request, Orders::default())?;
    if let Some(time) = modified {
        place.refresh()?;
        place.set_modified(request.now, time.0)?;
        response.headers_mut().insert("x-oc-mtime", HeaderValue::from_static("accepted"));
    }
    drop(commit);
    Ok(response)
}
