//! PUT (RFC 9110 §9.3.4) and PATCH (SabreDAV's partial update): gathered beside the target, then put in its place at once.
//!
//! A client that goes away, a disk that is full, a server that is killed: the old bytes, the old entity tag and no
//! trace are left (R1). A part of a file is no exception: the new file is made whole beside the old one.

mod announced;
mod deed;
mod incoming;

pub(super) use deed::no_parent;

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::Response;
use http::request::Parts;

use super::Dav;
use super::error::{Error, Result};
use super::request::permit;
use super::stream::next_piece;
use crate::auth::Principal;
use announced::Announced;
use deed::Put;

/// A body up to this size is gathered first, then stored in one hop.
const AT_ONCE: u64 = 64 * 1024;
/// Bytes gathered between two writes, and how long they wait for more.
const PIECE: usize = 512 * 1024;
const QUIET: Duration = Duration::from_secs(1);

pub(super) async fn put(dav: Dav, principal: Principal, parts: Parts, mut body: Body) -> Result<Response<Body>> {
    permit(principal.scope(), parts.method.as_str())?;
    let announced = Announced::read(&parts)?;
    let is_small = announced.is_at_most(AT_ONCE);
    let put = Put::new(dav, principal, parts, announced);
    let stall = put.stall_timeout();
    if is_small {
        let mut pieces = Vec::new();
        while let Some(piece) = next_piece(&mut body, stall).await? {
            pieces.push(piece);
        }
        return off_thread(move || {
            let mut incoming = put.begin()?;
            incoming.write(put.now(), &pieces)?;
            put.finish(incoming)
        })
        .await;
    }
    let (put, mut incoming) = off_thread(move || put.begin().map(|incoming| (put, incoming))).await?;
    let mut gathered = Vec::new();
    let mut size = 0;
    loop {
        let came = come(&mut body, stall, !gathered.is_empty()).await?;
        let ended = matches!(came, Came::End);
        if let Came::Piece(piece) = came {
            size += piece.len();
            gathered.push(piece);
            if size < PIECE {
                continue;
            }
        }
        let pieces: Vec<Bytes> = std::mem::take(&mut gathered);
        size = 0;
        let now = put.now();
        let write = move || {
            incoming.write(now, &pieces)?;
            Ok(incoming)
        };
        if ended {
            return off_thread(move || put.finish(write()?)).await;
        }
        incoming = off_thread(write).await?;
    }
}

/// What became of waiting for a body.
enum Came {
    Piece(Bytes),
    /// Nothing for a while: what is gathered must not wait in memory for a slow client.
    Quiet,
    End,
}

/// Waits for the next piece of a body, and for a while only where some are gathered already.
async fn come(body: &mut Body, stall: Duration, gathered: bool) -> Result<Came> {
    let next = next_piece(body, stall);
    let piece = if gathered {
        match tokio::time::timeout(QUIET, next).await {
            Ok(piece) => piece?,
            Err(_) => return Ok(Came::Quiet),
        }
    } else {
        next.await?
    };
    Ok(piece.map_or(Came::End, Came::Piece))
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(error.to_string()))?
}
