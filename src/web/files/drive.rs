//! A person's drive, asked by the pages as a WebDAV client would ask.

use axum::body::Body;
use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, Method, Request, Response};

use crate::auth::Principal;
use crate::dav::{self, Dav};
use crate::files::Path;
use crate::web::Web;
use crate::web::caller::SignedIn;
use crate::web::error::Error;

const OVERWRITE: HeaderName = HeaderName::from_static("overwrite");
const DESTINATION: HeaderName = HeaderName::from_static("destination");

/// What of a browser's request for a file is handed on: conditions and ranges.
const HANDED_ON: [HeaderName; 6] = [
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
    header::IF_RANGE,
    header::RANGE,
];

/// A person's own drive.
pub(super) struct Drive {
    dav: Dav,
    principal: Principal,
    /// What a proxy is asked for before `/dav`; a `Destination` holds it.
    prefix: String,
}

impl Drive {
    /// The drive of whoever is signed in.
    pub(super) fn of(web: &Web, caller: &SignedIn) -> Result<Self, Error> {
        let principal = web.auth().principal_of(&caller.session)?;
        Ok(Self { dav: web.0.dav.clone(), principal, prefix: caller.visit.site().prefix.clone() })
    }

    /// A file's bytes, or what of them a browser's headers ask for.
    pub(super) async fn get(&self, method: &Method, path: &Path, asked: &HeaderMap) -> dav::Result<Response<Body>> {
        let mut headers = HeaderMap::new();
        for name in HANDED_ON {
            for value in asked.get_all(&name) {
                headers.append(name.clone(), value.clone());
            }
        }
        self.ask(method.as_str(), path, headers, Body::empty()).await
    }

    /// Stores a file; without `replace`, only where nothing of that name is.
    pub(super) async fn put(&self, path: &Path, replace: bool, body: Body) -> dav::Result<()> {
        let mut headers = HeaderMap::new();
        if !replace {
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("*"));
        }
        self.ask("PUT", path, headers, body).await.map(drop)
    }

    /// Makes a folder.
    pub(super) async fn make_folder(&self, path: &Path) -> dav::Result<()> {
        self.ask("MKCOL", path, HeaderMap::new(), Body::empty()).await.map(drop)
    }

    /// Moves or renames; never onto something that is there.
    pub(super) async fn move_to(&self, from: &Path, to: &Path) -> dav::Result<()> {
        let to = format!("{}{}{}", self.prefix, dav::headers::PREFIX, to.to_url());
        let mut headers = HeaderMap::new();
        headers.insert(OVERWRITE, HeaderValue::from_static("F"));
        headers.insert(DESTINATION, to.try_into().map_err(internal)?);
        self.ask("MOVE", from, headers, Body::empty()).await.map(drop)
    }

    /// Deletes a file, or a folder with all in it.
    pub(super) async fn delete(&self, path: &Path) -> dav::Result<()> {
        self.ask("DELETE", path, HeaderMap::new(), Body::empty()).await.map(drop)
    }

    async fn ask(&self, method: &str, path: &Path, headers: HeaderMap, body: Body) -> dav::Result<Response<Body>> {
        let uri = format!("{}{}", dav::headers::PREFIX, path.to_url());
        let mut request = Request::builder().method(method).uri(uri).body(body).map_err(internal)?;
        *request.headers_mut() = headers;
        self.dav.handle(self.principal.clone(), request).await
    }
}

fn internal(error: impl std::error::Error) -> dav::Error {
    dav::Error::Internal(error.to_string())
}
