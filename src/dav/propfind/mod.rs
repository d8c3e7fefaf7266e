//! PROPFIND (RFC 4918 §9.1): written entry by entry as the folder is read, whatever its size.

mod wanted;
mod writer;

pub(super) use wanted::Wanted;
pub(super) use writer::{Writer, empty};

use std::collections::BTreeSet;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::Dav;
use super::conditions::Conditions;
use super::error::{Code, Error, Result};
use super::headers::{Depth, PREFIX, Prefer};
use super::names::Names;
use super::request::{DavRequest, href};
use super::stream::{Pieces, gathered};
use super::view::{Found, Spot};
use super::xml::escape;
use crate::auth::Principal;
use crate::files::{Entry, Kind, Listing, Meta, Path};

/// Bytes of a piece.
pub(super) const PIECE: usize = 64 * 1024;

pub(super) const HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\">";
pub(super) const TAIL: &str = "</D:multistatus>\n";

pub(super) fn propfind(request: &DavRequest<'_>) -> Result<Response<Body>> {
    let depth = request.depth()?.unwrap_or(Depth::Infinity);
    let wanted = Wanted::read(request.body)?;
    let spot = request.spot()?;
    let is_folder = match &spot {
        Spot::Way(_) => true,
        Spot::Real(found) => found.place.meta().ok_or(Error::NotFound)?.is_folder(),
    };
    if depth == Depth::Infinity && is_folder && !request.inner().config.depth_infinity {
        return Err(Error::Condition(Code::PropfindFiniteDepth));
    }
    let prefer = Prefer::read(request.headers());
    let mut writer = Writer::new(request.dav, request.principal, wanted, request.now);
    writer.minimal = prefer.minimal;
    let reach = Reach { depth, without_root: prefer.no_root && depth != Depth::Zero && is_folder };
    let pieces = match spot {
        Spot::Real(found) => {
            Conditions::read(request.headers())?.check(request, &found.place)?;
            Answer::of_place(writer, request, &found, reach)?
        }
        Spot::Way(names) => {
            writer.look_at_home(request.view.home())?;
            Answer::of_way(writer, request, &names, reach)
        }
    };
    let body = gathered(pieces).map_err(|error| Error::Internal(error.to_string()))?;
    let mut response = multistatus(body);
    Prefer { no_root: reach.without_root, ..prefer }.tell(response.headers_mut());
    Ok(response)
}

/// How far an answer reaches.
#[derive(Debug, Clone, Copy)]
struct Reach {
    depth: Depth,
    /// The members alone (RFC 8144 §2.3).
    without_root: bool,
}

/// PROPFIND on `/`, which holds the drive and nothing else: Windows and macOS ask there first.
pub(super) fn entrance(dav: &Dav, principal: &Principal, headers: &HeaderMap, body: &[u8]) -> Result<Response<Body>> {
    let depth = Depth::read(headers)?.unwrap_or(Depth::Infinity);
    if depth == Depth::Infinity && !dav.0.config.depth_infinity {
        return Err(Error::Condition(Code::PropfindFiniteDepth));
    }
    let wanted = Wanted::read(body)?;
    let writer = Writer::new(dav, principal, wanted, dav.0.clock.now());
    let mut xml = HEAD.to_owned();
    let prefix = dav.0.addresses.shown_prefix();
    writer.response(&mut xml, &format!("{prefix}/"), b"", &way_meta(), b"")?;
    if depth != Depth::Zero {
        writer.response(&mut xml, &format!("{prefix}{PREFIX}/"), b"dav", &way_meta(), b"")?;
    }
    xml.push_str(TAIL);
    Ok(multistatus(Body::from(xml)))
}

/// A 207 with that body.
pub(super) fn multistatus(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::MULTI_STATUS;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"));
    response
}

/// The answer, as it is made.
struct Answer {
    writer: Writer,
    /// How members are named to the client.
    names: Names,
    head: Option<String>,
    /// Folders being read, innermost last.
    open: Vec<Folder>,
    /// Members that are still told, where a whole tree is asked for.
    deep: Option<u32>,
    /// The address that was asked for.
    href: String,
    ended: bool,
}

/// A folder being read, and the path by which the client sees it.
struct Folder {
    listing: Listing,
    shown: Path,
}

impl Answer {
    fn of_place(mut writer: Writer, request: &DavRequest<'_>, found: &Found, reach: Reach) -> Result<Self> {
        let place = &found.place;
        let meta = place.meta().ok_or(Error::NotFound)?;
        let key = place.key();
        writer.root = Some(found.root.clone());
        writer.look_at_home(&found.root)?;
        writer.look_for_tokens(found)?;
        writer.look_ahead(place.home_key())?;
        let shown = request.address.path.clone();
        let mut xml = HEAD.to_owned();
        let href = request.href(&shown, meta.is_folder());
        if !reach.without_root {
            writer.response(&mut xml, &href, shown.name(), meta, &key)?;
        }
        writer.brief = request.client.needs_short_listings();
        let mut open = Vec::new();
        if meta.is_folder() && reach.depth != Depth::Zero {
            open.push(Folder { listing: Listing::open(place, &found.root)?, shown });
        }
        let most = request.inner().config.depth_infinity_max;
        let deep = (reach.depth == Depth::Infinity).then_some(most);
        let names = request.names;
        Ok(Self { writer, names, head: Some(xml), open, deep, href, ended: false })
    }

    /// The way to confining folders: nothing is read from the disk.
    fn of_way(writer: Writer, request: &DavRequest<'_>, names: &BTreeSet<Vec<u8>>, reach: Reach) -> Self {
        let meta = way_meta();
        let mut xml = HEAD.to_owned();
        let path = &request.address.path;
        let mut add = |path: &Path| {
            // Without a store to ask, nothing can fail.
            let _ = writer.response(&mut xml, &request.href(path, true), path.name(), &meta, b"");
        };
        if !reach.without_root {
            add(path);
        }
        if reach.depth != Depth::Zero {
            for name in names {
                add(&path.join(&request.names.shown(name)));
            }
        }
        let href = request.href(path, true);
        Self { writer, names: request.names, head: Some(xml), open: Vec::new(), deep: None, href, ended: false }
    }

    /// Writes the next member; `false` at the end.
    fn step(&mut self, xml: &mut String) -> Result<bool> {
        let Some(folder) = self.open.last_mut() else {
            return Ok(false);
        };
        let Some(entry) = folder.listing.next_entry() else {
            self.open.pop();
            return Ok(true);
        };
        if self.deep == Some(0) {
            too_much(xml, &self.href);
            return Ok(false);
        }
        self.deep = self.deep.map(|left| left - 1);
        let Entry { name, meta, linked, key } = entry;
        if self.writer.dav.0.hides(&name) {
            return Ok(true);
        }
        let shown_name = self.names.shown(&name);
        let shown = folder.shown.join(&shown_name);
        let href = href(&self.writer.dav.0.addresses, &shown, meta.is_folder());
        self.writer.response(xml, &href, &shown_name, &meta, &key)?;
        if self.deep.is_some() && meta.is_folder() && !linked {
            let path = folder.listing.path().join(&name);
            if let Ok(listing) = folder.listing.open_member(&path) {
                self.open.push(Folder { listing, shown });
            }
        }
        Ok(true)
    }
}

/// Says that the answer is not complete (RFC 5323 §2.3.1, RFC 6578 §3.6).
pub(super) fn too_much(xml: &mut String, href: &str) {
    xml.push_str(&format!(
        "<D:response><D:href>{}</D:href><D:status>HTTP/1.1 507 Insufficient Storage</D:status>\
         <D:error><D:{}/></D:error></D:response>",
        escape(href),
        Code::NumberOfMatchesWithinLimits.element()
    ));
}

/// A folder of which nothing is told but that it is one.
fn way_meta() -> Meta {
    Meta {
        kind: Kind::Folder,
        size: 0,
        modified_s: 0,
        modified_ns: 0,
        created_s: None,
        device: 0,
        inode: 0,
        mode: 0,
        owner: (0, 0),
    }
}

impl Pieces for Answer {
    fn next(&mut self) -> Option<std::io::Result<Bytes>> {
        if self.ended {
            return None;
        }
        let mut xml = self.head.take().unwrap_or_default();
        xml.reserve(PIECE + 4096);
        while xml.len() < PIECE {
            match self.step(&mut xml) {
                Ok(true) => {}
                Ok(false) => {
                    xml.push_str(TAIL);
                    self.ended = true;
                    break;
                }
                Err(error) => {
                    // The status has been sent: the connection ends, so that a part is not taken for the whole.
                    self.ended = true;
                    return Some(Err(std::io::Error::other(error)));
                }
            }
        }
        Some(Ok(xml.into()))
    }
}
