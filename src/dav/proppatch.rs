//! PROPPATCH (RFC 4918 §9.2): in the order of the document, all of it or nothing.

use axum::body::Body;
use http::Response;

use super::changes::Changes;
use super::conditions::Conditions;
use super::error::{Error, Result};
use super::headers::Prefer;
use super::locks::{self, CONTENT};
use super::propfind::multistatus;
use super::request::DavRequest;
use super::xml::{Element, escape};
use crate::store::sync;

pub(super) fn proppatch(request: &DavRequest<'_>) -> Result<Response<Body>> {
    let conditions = Conditions::read(request.headers())?;
    let top = Element::parse(request.body)?;
    let changes = Changes::of_proppatch(&top)?;
    let inner = request.inner();
    let _commit = inner.begin_commit()?;
    let mut place = request.place(true)?.place;
    let meta = *place.meta().ok_or(Error::NotFound)?;
    conditions.check(request, &place)?;
    locks::require(request, &conditions.tokens(), &place, CONTENT)?;
    let key = place.key();
    if changes.are_fine() {
        inner.store.write(|tx| {
            changes.apply(tx, &key)?;
            // Who synchronises is told of it (RFC 6578).
            sync::doubt_resource(tx, &key, false)?;
            // Last, so that nothing has been changed where the disk refuses.
            match changes.modified() {
                Some(seconds) => Ok(place.set_modified(request.now, seconds)?),
                None => Ok::<_, Error>(()),
            }
        })?;
        // RFC 8144 §2.2: what went well needs no words.
        let prefer = Prefer::read(request.headers());
        if prefer.minimal {
            let mut response = Response::new(Body::empty());
            Prefer { no_root: false, ..prefer }.tell(response.headers_mut());
            return Ok(response);
        }
    }
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>{}</D:href>\
         {}</D:response></D:multistatus>\n",
        escape(&request.href(&request.address.path, meta.is_folder())),
        changes.propstats()
    );
    Ok(multistatus(Body::from(xml)))
}
