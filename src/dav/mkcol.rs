//! MKCOL (RFC 4918 §9.3), with properties where it brings some (RFC 5689): checked here, made by dav-server over our
//! storage.

use axum::body::Body;
use http::{HeaderValue, Response, StatusCode, header};

use super::changes::Changes;
use super::conditions::Conditions;
use super::engine::{self, Orders};
use super::error::{Error, Result};
use super::headers::{ClientTime, Prefer, single};
use super::locks::{self, NEW};
use super::options::{ALLOW_ON_FILES, ALLOW_ON_FOLDERS};
use super::put::no_parent;
use super::request::DavRequest;
use super::xml::Element;
use crate::store::property;

pub(super) fn mkcol(request: &DavRequest<'_>) -> Result<Response<Body>> {
    let changes = read(request)?;
    let modified = ClientTime::read(request.headers())?;
    let conditions = Conditions::read(request.headers())?;
    let inner = request.inner();
    let commit = inner.begin_commit()?;
    let mut place = request.place(false).map_err(no_parent)?.place;
    if let Some(meta) = place.any_meta() {
        return Err(Error::NotAllowed(if meta.is_folder() { ALLOW_ON_FOLDERS } else { ALLOW_ON_FILES }));
    }
    inner.refuse_apple_file(&place)?;
    conditions.check(request, &place)?;
    locks::require(request, &conditions.tokens(), &place, NEW)?;
    let key = place.key();
    inner.forget_stale_properties(&key)?;
    if let Some(changes) = &changes {
        if !changes.are_fine() {
            return Ok(answer(StatusCode::FORBIDDEN, changes));
        }
        // Before the folder: after a crash in between they belong to nothing, and whoever makes it next forgets them.
        inner.store.write(|tx| changes.apply(tx, &key))?;
    }
    let mut response = engine::run(request, Orders::default()).inspect_err(|_| {
        let forgotten = inner.store.write(|tx| property::delete_tree(tx, &key));
        if let Err(error) = forgotten {
            tracing::debug!(%error, "the properties of a folder that was not made stay until it is");
        }
    })?;
    if let Some(seconds) = modified.map(|time| time.0).or_else(|| changes.as_ref().and_then(Changes::modified)) {
        place.refresh()?;
        place.set_modified(request.now, seconds)?;
    }
    drop(commit);
    let prefer = Prefer::read(request.headers());
    match &changes {
        Some(_) if prefer.minimal => Prefer { no_root: false, ..prefer }.tell(response.headers_mut()),
        Some(changes) => response = answer(StatusCode::CREATED, changes),
        None => {}
    }
    if modified.is_some() {
        response.headers_mut().insert("x-oc-mtime", HeaderValue::from_static("accepted"));
    }
    Ok(response)
}

/// What an extended MKCOL asks for; `None` without a body. A body of another kind is 415 (RFC 4918 §9.3).
fn read(request: &DavRequest<'_>) -> Result<Option<Changes>> {
    if request.body.is_empty() {
        return Ok(None);
    }
    let media_type = single(request.headers(), "content-type")?.unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !matches!(essence.as_str(), "application/xml" | "text/xml") {
        return Err(Error::UnsupportedBody);
    }
    Changes::of_mkcol(&Element::parse(request.body)?).map(Some)
}

fn answer(status: StatusCode, changes: &Changes) -> Response<Body> {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:mkcol-response xmlns:D=\"DAV:\">{}</D:mkcol-response>\n",
        changes.propstats()
    );
    let mut response = Response::new(Body::from(xml));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
