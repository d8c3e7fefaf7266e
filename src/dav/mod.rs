//! WebDAV: RFC 4918 classes 1, 2 and 3 over a person's files.
//!
//! Address, permissions, headers and preconditions are checked once, in front, for every method. GET, PUT, DELETE,
//! COPY, MOVE, PROPFIND, PROPPATCH and REPORT are ours, one file each; MKCOL, LOCK and UNLOCK are dav-server's handlers over
//! the storage in `engine` (see `docs/decisions/0002-dav-server-or-own.md`).
//!
//! A method is plain blocking code in one hop off the async threads; only bodies stream.

mod apple;
mod changes;
mod client;
mod commit;
mod conditions;
mod copy_move;
mod delete;
mod digest;
mod engine;
mod error;
mod get;
pub mod headers;
mod index;
mod lanes;
mod let_in;
mod live;
mod lock;
mod locks;
mod mkcol;
mod modified;
mod names;
pub mod options;
mod principal;
mod propfind;
mod proppatch;
mod put;
mod quota;
mod recover;
mod report;
mod request;
mod safe;
mod stream;
mod view;
pub mod xml;

pub use client::Client;
pub use error::{Code, Error, Result};
pub use safe::protect;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::{Request, Response};

use crate::auth::Principal;
use crate::clock::Clock;
use crate::config::{Config, DavConfig, Durability};
use crate::files::Storage;
use crate::store::Store;
use headers::Addresses;
use let_in::WhileLetIn;
pub use let_in::{LOOK, LetInNoMore};

/// The room's state.
#[derive(Debug, Clone)]
pub struct Dav(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    storage: Arc<Storage>,
    clock: Clock,
    config: DavConfig,
    durable: bool,
    stall_timeout: Duration,
    addresses: Addresses,
    commit: commit::CommitLock,
    lanes: lanes::Lanes,
    looks: report::Looks,
}

impl Dav {
    /// Sets the room up.
    #[must_use]
    pub fn new(store: Store, storage: Arc<Storage>, clock: Clock, config: &Config) -> Self {
        Self(Arc::new(Inner {
            store,
            storage,
            clock,
            config: config.dav,
            durable: config.storage.durability == Durability::Fsync,
            stall_timeout: config.server.stall_timeout,
            addresses: Addresses::new(config.server.public_urls.clone()),
            commit: commit::CommitLock::default(),
            lanes: lanes::Lanes::default(),
            looks: report::Looks::default(),
        }))
    }

    /// Answers a request of somebody who has come through the gate.
    ///
    /// # Errors
    /// See [`Error`]; the caller turns it into an answer.
    pub async fn handle(&self, principal: Principal, request: Request<Body>) -> Result<Response<Body>> {
        let (parts, body) = request.into_parts();
        if matches!(parts.method, http::Method::PUT | http::Method::PATCH) {
            let _turn = self.0.lanes.turn(principal.user().id, &parts).await?;
            let body = Body::new(WhileLetIn::new(body, principal.clone()));
            return put::put(self.clone(), principal, parts, body).await;
        }
        let bytes = self.read_small(&principal, body).await?;
        let _turn = self.0.lanes.turn(principal.user().id, &parts).await?;
        let dav = self.clone();
        let answered = tokio::task::spawn_blocking(move || {
            let request = request::DavRequest::new(&dav, &principal, &parts, &bytes)?;
            let mut response = dispatch(&request)?;
            // Who sends the body looks now and then whether it may go on.
            response.extensions_mut().insert(principal.clone());
            Ok(response)
        });
        answered.await.map_err(|error| Error::Internal(error.to_string()))?
    }

    /// Answers PROPFIND on the description of a person (RFC 3744 §4).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn describe(&self, principal: Principal, request: Request<Body>) -> Result<Response<Body>> {
        let (parts, body) = request.into_parts();
        let bytes = self.read_small(&principal, body).await?;
        principal::propfind(self, &principal, parts.uri.path(), &parts.headers, &bytes)
    }

    /// Reads a small body, whose sender may be let in no more by the time it is whole.
    async fn read_small(&self, principal: &Principal, body: Body) -> Result<Bytes> {
        if body.is_end_stream() {
            return Ok(Bytes::new());
        }
        let body = Body::new(WhileLetIn::new(body, principal.clone()));
        let bytes = stream::read_small(body, self.0.stall_timeout).await?;
        if principal.is_still_let_in() { Ok(bytes) } else { Err(Error::LetInNoMore) }
    }

    /// Answers PROPFIND on `/`.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn entrance(&self, principal: Principal, request: Request<Body>) -> Result<Response<Body>> {
        let (parts, body) = request.into_parts();
        let bytes = self.read_small(&principal, body).await?;
        propfind::entrance(self, &principal, &parts.headers, &bytes)
    }
}

fn dispatch(request: &request::DavRequest<'_>) -> Result<Response<Body>> {
    match request.method() {
        "GET" | "HEAD" => get::get(request),
        "OPTIONS" => options::options(request),
        "PROPFIND" => propfind::propfind(request),
        "PROPPATCH" => proppatch::proppatch(request),
        "REPORT" => report::report(request),
        "MKCOL" => mkcol::mkcol(request),
        "DELETE" => delete::delete(request),
        "COPY" => copy_move::copy(request),
        "MOVE" => copy_move::move_(request),
        "LOCK" => lock::lock(request),
        "UNLOCK" => lock::unlock(request),
        "POST" => Err(Error::NotAllowed(options::ALLOW)),
        _ => Err(Error::UnknownMethod),
    }
}
