//! PROPFIND (RFC 4918 §9.1): written entry by entry as the folder is read, whatever its size.

use std::collections::BTreeSet;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::error::{Code, Error, Result};
use super::headers::{Depth, PREFIX};
use super::live::{self, Live};
use super::request::{DavRequest, href};
use super::stream::{Pieces, gathered};
use super::view::{Found, Spot};
use super::xml::{Element, escape};
use super::{Dav, locks};
use crate::auth::Principal;
use crate::files::{Entry, Kind, Listing, Meta, Path, Root};
use crate::model::Time;
use crate::store::lock::{self, Lock};
use crate::store::property::{self, Property};

/// Bytes of a piece.
const PIECE: usize = 64 * 1024;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\">";
const TAIL: &str = "</D:multistatus>\n";

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
    let writer = Writer::new(request, wanted);
    let pieces = match spot {
        Spot::Real(found) => {
            request.conditions()?.check(request, &found.place)?;
            Answer::of_place(writer, request, &found, depth)?
        }
        Spot::Way(names) => Answer::of_way(writer, request, &names, depth),
    };
    let body = gathered(pieces).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(multistatus(body))
}

/// PROPFIND on `/`, which holds the drive and nothing else: Windows and macOS ask there first.
pub(super) fn entrance(dav: &Dav, principal: &Principal, headers: &HeaderMap, body: &[u8]) -> Result<Response<Body>> {
    let depth = Depth::read(headers)?.unwrap_or(Depth::Infinity);
    if depth == Depth::Infinity && !dav.0.config.depth_infinity {
        return Err(Error::Condition(Code::PropfindFiniteDepth));
    }
    let wanted = Wanted::read(body)?;
    let user_id = principal.user().id;
    let now = dav.0.clock.now();
    let writer = Writer { dav: dav.clone(), wanted, user_id, root: None, now, any_locks: false, any_dead: false };
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

/// What a client asks for.
#[derive(Debug)]
enum Wanted {
    /// Everything, and what `include` names besides.
    All(Vec<Name>),
    /// The names alone.
    Names,
    /// These properties.
    Named(Vec<Name>),
}

/// A property that is asked for: namespace, local name, and the live property where it is one.
type Name = (String, String, Option<Live>);

impl Wanted {
    /// No body means everything (RFC 4918 §9.1).
    fn read(body: &[u8]) -> Result<Self> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::All(Vec::new()));
        }
        let top = Element::parse(body)?;
        if !top.is_dav("propfind") {
            return Err(Error::BadRequest("the body of PROPFIND is a propfind element".to_owned()));
        }
        if top.dav_child("allprop").is_some() {
            // `include` names what allprop leaves out; nothing is left out here, but what is absent is said to be.
            return Ok(Self::All(top.dav_child("include").map(names).unwrap_or_default()));
        }
        if top.dav_child("propname").is_some() {
            return Ok(Self::Names);
        }
        let prop = top
            .dav_child("prop")
            .ok_or_else(|| Error::BadRequest("propfind holds allprop, propname or prop".to_owned()))?;
        Ok(Self::Named(names(prop)))
    }

    fn wants_locks(&self) -> bool {
        match self {
            Self::All(_) => true,
            Self::Names => false,
            Self::Named(named) => named.iter().any(|(_, _, live)| *live == Some(Live::LockDiscovery)),
        }
    }

    fn wants_dead(&self) -> bool {
        match self {
            Self::All(_) | Self::Names => true,
            Self::Named(named) => named.iter().any(|(_, _, live)| live.is_none_or(|live| live == Live::DisplayName)),
        }
    }
}

/// The names in a `prop` or `include` element, each once.
fn names(element: &Element<'_>) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    for child in &element.children {
        let live = if child.namespace == super::xml::DAV { Live::by_name(&child.name) } else { None };
        let one = (child.namespace.clone(), child.name.clone(), live);
        if !names.contains(&one) {
            names.push(one);
        }
    }
    names
}

/// Writes one response element after the other.
struct Writer {
    dav: Dav,
    wanted: Wanted,
    user_id: i64,
    /// What the password may reach; absent where nothing of it is listed.
    root: Option<Root>,
    now: Time,
    /// Whether there are any locks or dead properties to look for in the listed tree.
    any_locks: bool,
    any_dead: bool,
}

impl Writer {
    fn new(request: &DavRequest<'_>, wanted: Wanted) -> Self {
        Self {
            dav: request.dav.clone(),
            wanted,
            user_id: request.principal.user().id,
            root: None,
            now: request.now,
            any_locks: false,
            any_dead: false,
        }
    }

    /// Asks once what every entry would be asked for.
    fn look_ahead(&mut self, home: &[u8]) -> Result<()> {
        let store = &self.dav.0.store;
        self.any_locks = self.wanted.wants_locks() && store.read(|c| lock::any(c, self.now))?;
        // A link among the members may lead anywhere in the home.
        self.any_dead = self.wanted.wants_dead() && store.read(|c| property::any_in_tree(c, home))?;
        Ok(())
    }

    /// One resource: its address, what stands there, its key in the store.
    fn response(&self, xml: &mut String, href: &str, name: &[u8], meta: &Meta, key: &[u8]) -> Result<()> {
        let store = &self.dav.0.store;
        let dead = if self.any_dead { store.read(|c| property::of(c, key))? } else { Vec::new() };
        let locks = if self.any_locks { locks::covering(&self.dav.0, key, self.now)? } else { Vec::new() };
        xml.push_str("<D:response><D:href>");
        xml.push_str(&escape(href));
        xml.push_str("</D:href>");
        let mut found = String::new();
        let mut missing = String::new();
        match &self.wanted {
            Wanted::All(included) => {
                for live in live::ALL {
                    self.live(&mut found, live, name, meta, &dead, &locks);
                }
                dead.iter().filter(|one| !is_live(one)).for_each(|one| found.push_str(&one.element));
                for (namespace, wanted, live) in included {
                    let is_dead = dead.iter().any(|one| one.namespace == *namespace && one.name == *wanted);
                    if !is_dead && !live.is_some_and(|live| has(live, name, meta)) {
                        empty(&mut missing, namespace, wanted);
                    }
                }
            }
            Wanted::Names => {
                for live in live::ALL.into_iter().filter(|live| has(*live, name, meta)) {
                    found.push_str(&format!("<D:{}/>", live.name()));
                }
                for one in dead.iter().filter(|one| !is_live(one)) {
                    empty(&mut found, &one.namespace, &one.name);
                }
            }
            Wanted::Named(named) => {
                for (namespace, name_wanted, live) in named {
                    let there = match live {
                        Some(live) => self.live(&mut found, *live, name, meta, &dead, &locks),
                        None => dead
                            .iter()
                            .find(|one| one.namespace == *namespace && one.name == *name_wanted)
                            .map(|one| found.push_str(&one.element))
                            .is_some(),
                    };
                    if !there {
                        empty(&mut missing, namespace, name_wanted);
                    }
                }
            }
        }
        if !found.is_empty() || missing.is_empty() {
            propstat(xml, &found, "200 OK");
        }
        if !missing.is_empty() {
            propstat(xml, &missing, "404 Not Found");
        }
        xml.push_str("</D:response>");
        Ok(())
    }

    /// Writes a live property; `false` where the resource has none.
    fn live(&self, xml: &mut String, live: Live, name: &[u8], meta: &Meta, dead: &[Property], locks: &[Lock]) -> bool {
        if live == Live::DisplayName
            && let Some(own) = dead.iter().find(|one| is_live(one))
        {
            xml.push_str(&own.element);
            return true;
        }
        let value = match live {
            Live::LockDiscovery => Some(self.lock_discovery(locks)),
            other => other.value(meta, name),
        };
        let Some(value) = value else {
            return false;
        };
        let element = live.name();
        if value.is_empty() {
            xml.push_str(&format!("<D:{element}/>"));
        } else {
            xml.push_str(&format!("<D:{element}>{value}</D:{element}>"));
        }
        true
    }

    /// The token is shown to the lock's owner alone (S7).
    fn lock_discovery(&self, locks: &[Lock]) -> String {
        let mut xml = String::new();
        for lock in locks {
            let scope = if lock.shared { "shared" } else { "exclusive" };
            let depth = if lock.deep { "infinity" } else { "0" };
            let left = (lock.expires_at - self.now).num_seconds().max(0);
            xml.push_str(&format!(
                "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:{scope}/></D:lockscope>\
                 <D:depth>{depth}</D:depth>{}<D:timeout>Second-{left}</D:timeout>",
                lock.owner
            ));
            let within = self.root.as_ref().is_none_or(|root| locks::is_within(root, lock));
            if lock.user_id == self.user_id && within {
                let token = escape(&lock.token);
                xml.push_str(&format!("<D:locktoken><D:href>{token}</D:href></D:locktoken>"));
            }
            let root = escape(&lock.href);
            xml.push_str(&format!("<D:lockroot><D:href>{root}</D:href></D:lockroot></D:activelock>"));
        }
        xml
    }
}

/// A dead property that stands for a live one: a display name of the client's own.
fn is_live(property: &Property) -> bool {
    property.namespace == super::xml::DAV && property.name == Live::DisplayName.name()
}

fn has(live: Live, name: &[u8], meta: &Meta) -> bool {
    live == Live::LockDiscovery || live.value(meta, name).is_some()
}

fn propstat(xml: &mut String, properties: &str, status: &str) {
    xml.push_str("<D:propstat><D:prop>");
    xml.push_str(properties);
    xml.push_str("</D:prop><D:status>HTTP/1.1 ");
    xml.push_str(status);
    xml.push_str("</D:status></D:propstat>");
}

/// An empty element of any namespace.
pub(super) fn empty(xml: &mut String, namespace: &str, name: &str) {
    if namespace == super::xml::DAV {
        xml.push_str(&format!("<D:{name}/>"));
    } else {
        xml.push_str(&format!("<{name} xmlns=\"{}\"/>", escape(namespace)));
    }
}

/// The answer, as it is made.
struct Answer {
    writer: Writer,
    head: Option<String>,
    /// Folders being read, innermost last.
    open: Vec<Folder>,
    deep: bool,
    ended: bool,
}

/// A folder being read, and the path by which the client sees it.
struct Folder {
    listing: Listing,
    shown: Path,
}

impl Answer {
    fn of_place(mut writer: Writer, request: &DavRequest<'_>, found: &Found, depth: Depth) -> Result<Self> {
        let place = &found.place;
        let meta = place.meta().ok_or(Error::NotFound)?;
        let key = place.key();
        writer.root = Some(found.root.clone());
        writer.look_ahead(place.home_key())?;
        let shown = request.address.path.clone();
        let mut xml = HEAD.to_owned();
        writer.response(&mut xml, &request.href(&shown, meta.is_folder()), shown.name(), meta, &key)?;
        let mut open = Vec::new();
        if meta.is_folder() && depth != Depth::Zero {
            open.push(Folder { listing: place.list(&found.root)?, shown });
        }
        Ok(Self { writer, head: Some(xml), open, deep: depth == Depth::Infinity, ended: false })
    }

    /// The way to confining folders: nothing is read from the disk.
    fn of_way(writer: Writer, request: &DavRequest<'_>, names: &BTreeSet<Vec<u8>>, depth: Depth) -> Self {
        let meta = way_meta();
        let mut xml = HEAD.to_owned();
        let path = &request.address.path;
        let mut add = |path: &Path| {
            // Without a store to ask, nothing can fail.
            let _ = writer.response(&mut xml, &request.href(path, true), path.name(), &meta, b"");
        };
        add(path);
        if depth != Depth::Zero {
            for name in names {
                add(&path.join(name));
            }
        }
        Self { writer, head: Some(xml), open: Vec::new(), deep: false, ended: false }
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
        let Entry { name, meta, linked, key } = entry;
        let shown = folder.shown.join(&name);
        let href = href(&self.writer.dav.0.addresses, &shown, meta.is_folder());
        self.writer.response(xml, &href, &name, &meta, &key)?;
        if self.deep && meta.is_folder() && !linked {
            let path = folder.listing.path().join(&name);
            if let Ok(listing) = folder.listing.open_member(&path) {
                self.open.push(Folder { listing, shown });
            }
        }
        Ok(true)
    }
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
