//! PROPPATCH (RFC 4918 §9.2): in the order of the document, all of it or nothing.

use axum::body::Body;
use http::Response;

use super::conditions::Conditions;
use super::error::{Code, Error, Result};
use super::live::Live;
use super::locks::{self, CONTENT};
use super::modified;
use super::propfind::{empty, multistatus};
use super::request::DavRequest;
use super::xml::{Element, escape};
use crate::store::property::{self, Property};

/// Dead properties of one resource.
const MOST: usize = 500;

pub(super) fn proppatch(request: &DavRequest<'_>) -> Result<Response<Body>> {
    let conditions = Conditions::read(request.headers())?;
    let top = Element::parse(request.body)?;
    let changes = read(&top)?;
    let inner = request.inner();
    let _commit = inner.begin_commit()?;
    let mut place = request.place(true)?.place;
    let meta = *place.meta().ok_or(Error::NotFound)?;
    conditions.check(request, &place)?;
    locks::require(request, &conditions.tokens(), &place, CONTENT)?;
    let key = place.key();
    let verdicts: Vec<Verdict> = changes.iter().map(PropertyChange::verdict).collect();
    let refused = verdicts.iter().any(|verdict| *verdict != Verdict::Fine);
    if !refused {
        let modified = changes.iter().rev().find_map(|change| change.modified.flatten());
        let left = inner.store.write(|tx| {
            for change in &changes {
                match &change.set {
                    // What is live is told from the file; an old word of a client's must not contradict it.
                    Some(element) if change.modified.is_none() => {
                        property::set(tx, &key, &change.property(element.clone()))?;
                    }
                    _ => property::remove(tx, &key, &change.namespace, &change.name)?,
                }
            }
            let left = property::of(tx, &key)?.len();
            if left > MOST {
                return Err(Error::Files(crate::files::Error::NoSpace));
            }
            // Last, so that nothing has been changed where the disk refuses.
            if let Some(seconds) = modified {
                place.set_modified(request.now, seconds)?;
            }
            Ok(left)
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
        answer(&mut xml, &changes, &verdicts, Verdict::Protected, "403 Forbidden", &error);
        answer(&mut xml, &changes, &verdicts, Verdict::NoTime, "409 Conflict", NO_TIME);
        answer(&mut xml, &changes, &verdicts, Verdict::Fine, "424 Failed Dependency", "");
    } else {
        answer(&mut xml, &changes, &verdicts, Verdict::Fine, "200 OK", "");
    }
    xml.push_str("</D:response></D:multistatus>\n");
    Ok(multistatus(Body::from(xml)))
}

const NO_TIME: &str = "<D:responsedescription>this is neither an HTTP date nor seconds since 1970\
                       </D:responsedescription>";

/// What becomes of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fine,
    /// The property is the server's own.
    Protected,
    /// The value is no time.
    NoTime,
}

/// One property to be set or removed.
struct PropertyChange {
    namespace: String,
    name: String,
    /// The element, where it is set.
    set: Option<String>,
    /// Where it sets the time of modification: seconds since 1970, if it can be read.
    modified: Option<Option<i64>>,
}

impl PropertyChange {
    fn verdict(&self) -> Verdict {
        let is_protected = || Live::by_name(&self.namespace, &self.name).is_some_and(Live::is_protected);
        match self.modified {
            Some(None) => Verdict::NoTime,
            None if is_protected() => Verdict::Protected,
            _ => Verdict::Fine,
        }
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
            let is_time = sets && modified::sets_modified(&property.namespace, &property.name);
            changes.push(PropertyChange {
                namespace: property.namespace.clone(),
                name: property.name.clone(),
                set: sets.then(|| property.standalone()),
                modified: is_time.then(|| modified::read(property)),
            });
        }
    }
    if changes.is_empty() { Err(wrong()) } else { Ok(changes) }
}

/// A propstat of the properties of one verdict; none where there are none.
fn answer(
    xml: &mut String,
    changes: &[PropertyChange],
    verdicts: &[Verdict],
    which: Verdict,
    status: &str,
    error: &str,
) {
    let mut names = String::new();
    for (change, _) in changes.iter().zip(verdicts).filter(|(_, verdict)| **verdict == which) {
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
