//! DELETE (RFC 4918 §9.6): a folder goes as a whole, in one step.

use axum::body::Body;
use http::{Response, StatusCode};

use super::conditions::Conditions;
use super::error::{Error, Result};
use super::headers::Depth;
use super::locks::{self, WHOLE};
use super::quota;
use super::request::DavRequest;
use crate::files;
use crate::store::pending_change::{Change, Kind};

pub(super) fn delete(request: &DavRequest<'_>) -> Result<Response<Body>> {
    request.without_body()?;
    let depth = request.depth()?;
    let conditions = Conditions::read(request.headers())?;
    let inner = request.inner();
    let mut commit = inner.begin_commit()?;
    // A link itself is deleted, not what it leads to.
    let mut place = request.place(false)?.place;
    let meta = *place.any_meta().ok_or(Error::NotFound)?;
    if meta.is_folder() && matches!(depth, Some(Depth::Zero | Depth::One)) {
        return Err(Error::BadRequest("DELETE takes a folder with all beneath it: Depth is infinity".to_owned()));
    }
    if place.is_root() {
        return Err(Error::Forbidden("the topmost folder cannot be deleted"));
    }
    conditions.check(request, &place)?;
    locks::require(request, &conditions.tokens(), &place, WHOLE)?;
    let key = place.key();
    let change =
        Change { kind: Kind::Remove, source: key.clone(), target: key, device: meta.device, inode: meta.inode };
    let removed = inner.with_followers(&mut commit, &change, || {
        let removed = place.remove()?;
        quota::note(inner, &place, (0, 0), Some(&meta));
        if inner.durable {
            place.sync()?;
        }
        Ok(removed)
    });
    drop(commit);
    match removed {
        // Bytes are given back after the commit, so that nobody waits for a large tree but who deleted it.
        Ok(removed) => drop(removed),
        Err(Error::Files(files::Error::NotFound)) => return Err(Error::NotFound),
        Err(other) => return Err(other),
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
