//! Who the client acts for, and what it may do: the properties of RFC 5397 and RFC 3744, and the one resource they name.
//!
//! A drive has one person; others are not to be found here.

use axum::body::Body;
use http::{HeaderMap, Response};

use super::Dav;
use super::error::{Error, Result};
use super::headers::{Addresses, Depth};
use super::propfind::multistatus;
use super::xml::{DAV, Element, escape};
use crate::auth::Principal;
use crate::files::encode;
use crate::model::{Scope, User};

/// Where people are described.
const PREFIX: &str = "/principals";

/// The address that describes a person.
pub(super) fn href(addresses: &Addresses, user: &User) -> String {
    let name: String = encode(user.name.as_str().as_bytes()).collect();
    format!("{}{PREFIX}/{name}/", addresses.shown_prefix())
}

/// What an application password may do with a file or folder (RFC 3744 §3): the privileges that its scope grants.
pub(super) fn privileges(scope: Scope, is_folder: bool) -> String {
    const READ: &[&str] = &["read", "read-current-user-privilege-set"];
    let more: &[&str] = match (scope, is_folder) {
        (Scope::ReadOnly, _) => &[],
        (Scope::UploadOnly, true) => return elements(&["bind", "read-current-user-privilege-set"]),
        (Scope::UploadOnly, false) => return elements(&["read-current-user-privilege-set"]),
        (Scope::ReadWrite, true) => &["write", "write-properties", "write-content", "bind", "unbind", "unlock"],
        (Scope::ReadWrite, false) => &["write", "write-properties", "write-content", "unlock"],
    };
    elements(&[READ, more].concat())
}

fn elements(names: &[&str]) -> String {
    names.iter().map(|name| format!("<D:privilege><D:{name}/></D:privilege>")).collect()
}

/// Answers PROPFIND on a person's description.
pub(super) fn propfind(
    dav: &Dav,
    principal: &Principal,
    path: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response<Body>> {
    Depth::read(headers)?;
    let user = principal.user();
    let own = href(&dav.0.addresses, user);
    let asked = path.trim_end_matches('/');
    let is_own = asked.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix('/')) == Some(user.name.as_str());
    if !is_own {
        return Err(Error::NotFound);
    }
    let own_href = format!("<D:href>{}</D:href>", escape(&own));
    let shown = if user.display_name.is_empty() { user.name.as_str() } else { &user.display_name };
    let mail = user.email.as_ref().map(|mail| format!("<D:href>mailto:{}</D:href>", escape(mail)));
    let known = [
        ("resourcetype", "<D:principal/>".to_owned()),
        ("displayname", escape(shown)),
        ("principal-URL", own_href.clone()),
        ("current-user-principal", own_href),
        ("alternate-URI-set", mail.unwrap_or_default()),
        ("group-membership", String::new()),
    ];
    let (mut found, mut missing) = (String::new(), String::new());
    for (namespace, name) in asked_for(body)?.unwrap_or_else(|| known.iter().map(|one| dav_name(one.0)).collect()) {
        match known.iter().find(|(known, _)| namespace == DAV && *known == name) {
            Some((name, value)) => found.push_str(&format!("<D:{name}>{value}</D:{name}>")),
            None => super::propfind::empty(&mut missing, &namespace, &name),
        }
    }
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\"><D:response><D:href>{}</D:href>\
         <D:propstat><D:prop>{found}</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat>",
        escape(&own)
    );
    if !missing.is_empty() {
        let status = "<D:status>HTTP/1.1 404 Not Found</D:status>";
        xml.push_str(&format!("<D:propstat><D:prop>{missing}</D:prop>{status}</D:propstat>"));
    }
    xml.push_str("</D:response></D:multistatus>\n");
    Ok(multistatus(Body::from(xml)))
}

fn dav_name(name: &str) -> (String, String) {
    (DAV.to_owned(), name.to_owned())
}

/// The names in a `prop`; `None` for all.
fn asked_for(body: &[u8]) -> Result<Option<Vec<(String, String)>>> {
    if body.trim_ascii().is_empty() {
        return Ok(None);
    }
    let top = Element::parse(body)?;
    if !top.is_dav("propfind") {
        return Err(Error::BadRequest("the body of PROPFIND is a propfind element".to_owned()));
    }
    let names =
        |prop: &Element<'_>| prop.children.iter().map(|child| (child.namespace.clone(), child.name.clone())).collect();
    Ok(top.dav_child("prop").map(names))
}
