//! A folder in a browser: a plain page with links, streamed like a listing.

use std::collections::BTreeSet;
use std::fmt::Write;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Response, header};

use super::Dav;
use super::error::{Error, Result};
use super::live::http_date;
use super::request::DavRequest;
use super::safe::protect;
use super::stream::{Pieces, gathered};
use super::view::Found;
use super::xml::escape;
use crate::files::{self, Listing, Meta};

/// Bytes of a piece.
const PIECE: usize = 64 * 1024;

/// The page of a folder.
pub(super) fn folder(request: &DavRequest<'_>, found: &Found) -> Result<Response<Body>> {
    let listing = Listing::open(&found.place, &found.root)?;
    let meta = found.place.meta().copied().ok_or(Error::NotFound)?;
    let mut response = page();
    if let Ok(etag) = HeaderValue::from_str(&meta.etag()) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    if request.method() == "GET" {
        let base = request.href(&request.address.path, true);
        let pieces = Page { dav: request.dav.clone(), head: Some(head(request)), base, listing: Some(listing) };
        *response.body_mut() = gathered(pieces).map_err(|error| Error::Internal(error.to_string()))?;
    }
    Ok(response)
}

/// The page of a folder on the way to confining ones.
pub(super) fn way(request: &DavRequest<'_>, names: BTreeSet<Vec<u8>>) -> Response<Body> {
    let mut html = head(request);
    let base = request.href(&request.address.path, true);
    for name in names {
        row(&mut html, &base, &name, None);
    }
    html.push_str(TAIL);
    let mut response = page();
    if request.method() == "GET" {
        *response.body_mut() = Body::from(html);
    }
    response
}

fn page() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    protect(headers);
    response
}

fn head(request: &DavRequest<'_>) -> String {
    let path = escape(&request.address.path.to_plain());
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{path}</title></head>\n\
         <body><h1>{path}</h1>\n<ul>\n"
    );
    if !request.address.path.is_root() {
        let parent = request.address.path.split_last().map(|(parent, _)| parent).unwrap_or_default();
        let _ = writeln!(html, "<li><a href=\"{}\">../</a></li>", escape(&request.href(&parent, true)));
    }
    html
}

const TAIL: &str = "</ul></body></html>\n";

/// One member, by its absolute address, so that the page works with and without a slash at the end of its own;
/// `None` for a folder on the way.
fn row(html: &mut String, base: &str, name: &[u8], meta: Option<&Meta>) {
    let is_folder = meta.is_none_or(Meta::is_folder);
    let slash = if is_folder { "/" } else { "" };
    let link: String = files::encode(name).collect();
    let base = escape(base);
    let shown = escape(&String::from_utf8_lossy(name));
    let _ = write!(html, "<li><a href=\"{base}{link}{slash}\">{shown}{slash}</a>");
    if let Some(meta) = meta.filter(|meta| !meta.is_folder()) {
        let _ = write!(html, " {} bytes, {}", meta.size, http_date(meta.modified_s));
    }
    html.push_str("</li>\n");
}

struct Page {
    dav: Dav,
    head: Option<String>,
    base: String,
    listing: Option<Listing>,
}

impl Pieces for Page {
    fn next(&mut self) -> Option<std::io::Result<Bytes>> {
        let listing = self.listing.as_mut()?;
        let mut html = self.head.take().unwrap_or_default();
        while html.len() < PIECE {
            let Some(entry) = listing.next_entry() else {
                html.push_str(TAIL);
                self.listing = None;
                break;
            };
            if !self.dav.0.hides(&entry.name) {
                row(&mut html, &self.base, &entry.name, Some(&entry.meta));
            }
        }
        Some(Ok(html.into()))
    }
}
