//! dav-server's handlers over our storage: MKCOL, LOCK and UNLOCK.
//!
//! Everything that decides whether a method goes on has been checked before; a handler gets a request with the
//! checked values alone. It sees the files through [`files::LatchkeyFiles`] and the locks through
//! [`locks::LatchkeyLocks`]; both note the cause of a failure, since dav-server's own errors carry none.

mod files;
mod locks;

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use bytes::Bytes;
use dav_server::davpath::DavPath;
use dav_server::{DavHandler, DavMethod, DavMethodSet};
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};

use super::conditions::Conditions;
use super::error::{Error, Result};
use super::headers::PREFIX;
use super::names::Names;
use super::request::DavRequest;
use super::view::{Found, View};
use super::{Dav, put};
use crate::auth::Principal;
use crate::files::Path;

/// What the handler shall do beyond the method and the address.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// The lock to be made or refreshed.
    pub(super) lock: Option<LockOrder>,
    /// The token of the lock to be refreshed.
    pub(super) refresh: Option<String>,
    /// The token of the lock to be ended.
    pub(super) unlock: Option<String>,
    /// Whether a lock is deep.
    pub(super) depth: Option<bool>,
    pub(super) body: String,
}

/// What a lock is granted with.
#[derive(Debug, Clone)]
pub(super) struct LockOrder {
    /// The `owner` element as the client wrote it.
    pub(super) owner: Arc<str>,
    /// The lock root's address.
    pub(super) href: Arc<str>,
    /// Seconds granted.
    pub(super) timeout_s: u32,
}

/// The cause of a failure inside a handler.
#[derive(Debug, Clone, Default)]
struct Cause(Arc<Mutex<Option<Error>>>);

impl Cause {
    /// Keeps the first cause.
    fn note(&self, error: Error) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Runs the handler, here and now: it asks nothing that would have to wait.
pub(super) fn run(request: &DavRequest<'_>, orders: Orders) -> Result<Response<Body>> {
    let cause = Cause::default();
    let names = request.names;
    let files = files::LatchkeyFiles { dav: request.dav.clone(), names, cause: cause.clone() };
    let tokens = Conditions::read(request.headers())?.tokens().into_iter().map(ToOwned::to_owned).collect();
    let locks = locks::LatchkeyLocks {
        dav: request.dav.clone(),
        names,
        principal: request.principal.clone(),
        tokens,
        order: orders.lock.clone(),
        cause: cause.clone(),
    };
    let mut methods = DavMethodSet::none();
    for method in [DavMethod::MkCol, DavMethod::Lock, DavMethod::Unlock] {
        methods.add(method);
    }
    let handler = DavHandler::builder()
        .filesystem(Box::new(files))
        .locksystem(Box::new(locks))
        .strip_prefix(PREFIX)
        .methods(methods)
        .build_handler();
    let checked = checked_request(request, orders)?;
    let principal = request.principal.clone();
    let name = principal.user().name.to_string();
    let answered = tokio::runtime::Handle::current().block_on(async {
        let response = handler.handle_guarded(checked, name, principal).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| Error::Internal(error.to_string()))?;
        Ok::<_, Error>(Response::from_parts(parts, body.to_bytes()))
    })?;
    match cause.take() {
        Some(error) => Err(error),
        None if answered.status().is_success() => Ok(answered.map(Body::from)),
        None => Err(failure(answered.status())),
    }
}

/// The request with nothing in it but what was checked.
fn checked_request(request: &DavRequest<'_>, orders: Orders) -> Result<Request<Full<Bytes>>> {
    let path = format!("{PREFIX}{}", request.address.path.to_url());
    let mut builder = Request::builder().method(request.parts.method.clone()).uri(path);
    if let Some(deep) = orders.depth {
        builder = builder.header("depth", if deep { "infinity" } else { "0" });
    }
    if let Some(token) = orders.refresh {
        builder = builder.header("if", format!("(<{token}>)"));
    }
    if let Some(token) = orders.unlock {
        builder = builder.header("lock-token", format!("<{token}>"));
    }
    builder
        .header(header::CONTENT_LENGTH, orders.body.len())
        .body(Full::from(orders.body))
        .map_err(|error| Error::Internal(error.to_string()))
}

/// A refusal of the handler's own, which has no cause of ours.
fn failure(status: StatusCode) -> Error {
    match status {
        StatusCode::BAD_REQUEST => Error::BadRequest("the request cannot be understood".to_owned()),
        StatusCode::NOT_FOUND => Error::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Error::NotAllowed(super::options::ALLOW),
        StatusCode::CONFLICT => Error::Conflict("the state of things forbids this"),
        StatusCode::PRECONDITION_FAILED => Error::PreconditionFailed,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Error::UnsupportedBody,
        other => Error::Internal(format!("the handler answered {other}")),
    }
}

/// The place that dav-server means.
fn find(dav: &Dav, names: Names, principal: &Principal, path: &DavPath) -> Result<Found> {
    let home = dav.0.storage.homes().open(&principal.user().home)?;
    let view = View::new(home, principal.folders(), names)?;
    let mut plain = Path::root();
    for name in path.as_bytes().split(|&byte| byte == b'/').filter(|name| !name.is_empty()) {
        plain.push(name).map_err(|error| Error::BadRequest(error.to_string()))?;
    }
    view.find_place(&plain, true).map_err(put::no_parent)
}
