//! A request as the methods see it: address and permissions checked, headers typed.

use http::HeaderMap;
use http::request::Parts;

use super::client::Client;
use super::error::{Error, Result};
use super::headers::{Address, Addresses, Depth};
use super::names::Names;
use super::view::{Spot, View};
use super::{Dav, Inner};
use crate::auth::Principal;
use crate::files::Path;
use crate::model::{Scope, Time};

/// A request of somebody who has come through the gate.
pub(super) struct DavRequest<'r> {
    pub(super) dav: &'r Dav,
    pub(super) principal: &'r Principal,
    pub(super) parts: &'r Parts,
    pub(super) body: &'r [u8],
    /// Where the URI points.
    pub(super) address: Address,
    /// What of the home this application password sees.
    pub(super) view: View,
    /// How the client's names are read.
    pub(super) names: Names,
    pub(super) now: Time,
}

impl<'r> DavRequest<'r> {
    /// Checks the address, and that the application password may use the method at all.
    pub(super) fn new(dav: &'r Dav, principal: &'r Principal, parts: &'r Parts, body: &'r [u8]) -> Result<Self> {
        let address = Addresses::of_request(parts.uri.path())?;
        permit(principal.scope(), parts.method.as_str())?;
        let home = dav.0.storage.homes().open(&principal.user().home)?;
        let names = Names::of(Client::of(&parts.headers), dav.0.config.normalize_names);
        let view = View::new(home, principal.folders(), names)?;
        Ok(Self { dav, principal, parts, body, address, view, names, now: dav.0.clock.now() })
    }

    pub(super) fn method(&self) -> &str {
        self.parts.method.as_str()
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.dav.0
    }

    /// What the URI names, links followed.
    pub(super) fn spot(&self) -> Result<Spot> {
        self.view.find(&self.address.path, true)
    }

    /// The same for methods that change something: the ways to confining folders are not theirs.
    pub(super) fn place(&self, follow: bool) -> Result<super::view::Found> {
        self.view.find_place(&self.address.path, follow)
    }

    pub(super) fn depth(&self) -> Result<Option<Depth>> {
        Ok(Depth::read(self.headers())?)
    }

    /// The address that clients see for a path beneath `/dav`.
    pub(super) fn href(&self, path: &Path, folder: bool) -> String {
        href(&self.inner().addresses, path, folder)
    }

    /// Refuses a body where the method has none (RFC 4918 §8.4).
    pub(super) fn without_body(&self) -> Result<()> {
        if self.body.is_empty() { Ok(()) } else { Err(Error::UnsupportedBody) }
    }
}

/// The address that clients see; a folder's ends in a slash.
pub(super) fn href(addresses: &Addresses, path: &Path, folder: bool) -> String {
    let mut href = format!("{}{}{}", addresses.shown_prefix(), super::headers::PREFIX, path.to_url());
    if folder && !href.ends_with('/') {
        href.push('/');
    }
    href
}

/// What each scope may do: the one table.
pub(super) fn permit(scope: Scope, method: &str) -> Result<()> {
    let reads = matches!(method, "GET" | "HEAD" | "OPTIONS" | "PROPFIND" | "REPORT");
    let allowed = match scope {
        Scope::ReadWrite => true,
        Scope::ReadOnly => reads,
        Scope::UploadOnly => matches!(method, "OPTIONS" | "PROPFIND" | "MKCOL" | "PUT"),
    };
    match (allowed, scope) {
        (true, _) => Ok(()),
        (false, Scope::ReadOnly) => Err(Error::Forbidden("this application password may only read")),
        (false, _) => Err(Error::Forbidden("this application password may only upload new files")),
    }
}
