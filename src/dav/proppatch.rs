//! PROPPATCH (RFC 4918 §9.2): in the order of the document, all of it or nothing.

use axum::body::Body;
use http::Response;

use super::conditions::Conditions;
use super::error::{Code, Error, Result};
use super::live::Live;
use super::locks::{self, CONTENT};
use super::propfind::{empty, multistatus};
use super::request::DavRequest;
use super::xml::{Element, escape};
use crate::store::property::{self, Property};
use crate::store::sync;

/// Dead properties of one resource.
const MOST: usize = 500;

pub(super) fn proppatch(request: &DavRequest<'_>) -> Result<Response<Body>> {
    let conditions = Conditions::read(request.headers())?;
    let top = Element::parse(request.body)?;
    let changes = read(&top)?;
    let inner = request.inner();
    let _commit = inner.begin_commit()?;
    let place = request.place(true)?.place;
    let meta = *place.meta().ok_or(Error::NotFound)?;
    conditions.check(request, &place)?;
    locks::require(request, &conditions.tokens(), &place, CONTENT)?;
    let key = place.key();
    let protected: Vec<bool> = changes.iter().map(PropertyChange::is_protected).collect();
    let refused = protected.contains(&true);
    if !refused {
        let left = inner.store.write(|tx| {
            for change in &changes {
                match &change.set {
                    Some(element) => property::set(tx, &key, &change.property(element.clone()))?,
                    None => property::remove(tx, &key, &change.namespace, &change.name)?,
                }
            }
            // Who synchronises is told of it (RFC 6578).
            sync::doubt_resource(tx, &key, false)?;
            let left = property::of(tx, &key)?.len();
            if left > MOST { Err(Error::Files(crate::files::Error::NoSpace)) } else { Ok(left) }
        })?;
        tracing::trace!(left, "properties set");
    }
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>{}</D:href>",
        escape(&request.href(&request.address.path, meta.is_folder()))
    );
    if refused {
        let code = Code::CannotModifyProtectedProperty.element();
        let error = format!("<D:error><D:{code}/></D:error>");
        answer(&mut xml, &changes, &protected, true, "403 Forbidden", &error);
        answer(&mut xml, &changes, &protected, false, "424 Failed Dependency", "");
    } else {
        answer(&mut xml, &changes, &protected, false, "200 OK", "");
    }
    xml.push_str("</D:response></D:multistatus>\n");
    Ok(multistatus(Body::from(xml)))
}

/// One property to be set or removed.
struct PropertyChange {
    namespace: String,
    name: String,
    /// The element, where it is set.
    set: Option<String>,
}

impl PropertyChange {
    fn is_protected(&self) -> bool {
        Live::by_name(&self.namespace, &self.name).is_some_and(Live::is_protected)
    }

    fn property(&self, element: String) -> Property {
        Property { namespace: self.namespace.clone(), name: self.name.clone(), element }
    }
}

fn read(top: &Element<'_>) -> Result<Vec<PropertyChange>> {
    let wrong = || Error::BadRequest("the body of PROPPATCH is a propertyupdate with set or remove".to_owned());
    if !top.is_dav("propertyupdate") {
        return Err(wrong());
    }
    let mut changes = Vec::new();
    for instruction in &top.children {
        let sets = instruction.is_dav("set");
        if !sets && !instruction.is_dav("remove") {
            continue;
        }
        let prop = instruction.dav_child("prop").ok_or_else(wrong)?;
        for property in &prop.children {
            changes.push(PropertyChange {
                namespace: property.namespace.clone(),
                name: property.name.clone(),
                set: sets.then(|| property.standalone()),
            });
        }
    }
    if changes.is_empty() { Err(wrong()) } else { Ok(changes) }
}

/// A propstat of the properties that are protected, or are not; none where there are none.
fn answer(xml: &mut String, changes: &[PropertyChange], protected: &[bool], which: bool, status: &str, error: &str) {
    let mut names = String::new();
    for (change, _) in changes.iter().zip(protected).filter(|(_, is)| **is == which) {
        let mut name = String::new();
        empty(&mut name, &change.namespace, &change.name);
        if !names.contains(&name) {
            names.push_str(&name);
        }
    }
    if !names.is_empty() {
        let propstat =
            format!("<D:propstat><D:prop>{names}</D:prop><D:status>HTTP/1.1 {status}</D:status>{error}</D:propstat>");
        xml.push_str(&propstat);
    }
}
