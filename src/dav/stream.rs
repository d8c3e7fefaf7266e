//! Bodies, in and out, piece by piece: no connection holds more than a few pieces in memory, and none a thread.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body_util::BodyExt;

use super::error::{Error, Result};
use super::let_in::LetInNoMore;
use super::xml;

/// Reads a body that must be small, all of it within that time: one that comes byte by byte would last for days.
pub(super) async fn read_small(body: Body, within: Duration) -> Result<Bytes> {
    tokio::time::timeout(within, gather(body, within)).await.unwrap_or(Err(Error::Stalled))
}

async fn gather(mut body: Body, stall: Duration) -> Result<Bytes> {
    let mut all = BytesMut::new();
    while let Some(piece) = next_piece(&mut body, stall).await? {
        if all.len() + piece.len() > xml::LARGEST {
            return Err(Error::TooLarge);
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}

/// The next piece of a body; `None` at its proper end.
pub(super) async fn next_piece(body: &mut Body, stall: Duration) -> Result<Option<Bytes>> {
    loop {
        let frame = match tokio::time::timeout(stall, body.frame()).await {
            Err(_) => return Err(Error::Stalled),
            Ok(None) => return Ok(None),
            Ok(Some(Err(error))) if LetInNoMore::is_cause(&error) => return Err(Error::LetInNoMore),
            Ok(Some(frame)) => frame.map_err(|error| Error::Incomplete(error.to_string()))?,
        };
        if let Ok(data) = frame.into_data()
            && !data.is_empty()
        {
            return Ok(Some(data));
        }
    }
}

/// Makes pieces of a body, blocking.
pub(super) trait Pieces: Send + 'static {
    /// The next piece; `None` at the end. An error ends the connection, so that nothing cut short looks complete.
    fn next(&mut self) -> Option<std::io::Result<Bytes>>;
}

/// A body of a first piece that is there and others to come, each made in a hop of its own.
pub(super) fn streamed(first: Bytes, pieces: impl Pieces) -> Body {
    let rest = stream::unfold(Some((Some(first), pieces)), async |state| {
        let (first, mut pieces) = state?;
        if let Some(first) = first {
            return Some((Ok(first), Some((None, pieces))));
        }
        let made = tokio::task::spawn_blocking(move || (pieces.next(), pieces)).await;
        match made {
            Ok((Some(Ok(piece)), pieces)) => Some((Ok(piece), Some((None, pieces)))),
            Ok((Some(Err(error)), _)) => Some((Err(error), None)),
            Ok((None, _)) => None,
            Err(error) => Some((Err(std::io::Error::other(error)), None)),
        }
    });
    Body::from_stream(rest)
}

/// A body whose pieces may all be had at once: where the first is the only one, the length is known.
pub(super) fn gathered(mut pieces: impl Pieces) -> std::io::Result<Body> {
    let Some(first) = pieces.next().transpose()? else {
        return Ok(Body::empty());
    };
    match pieces.next().transpose()? {
        None => Ok(Body::from(first)),
        Some(second) => Ok(streamed(first, Ahead { second: Some(second), pieces })),
    }
}

/// Pieces of which one was made ahead.
struct Ahead<P> {
    second: Option<Bytes>,
    pieces: P,
}

impl<P: Pieces> Pieces for Ahead<P> {
    fn next(&mut self) -> Option<std::io::Result<Bytes>> {
        self.second.take().map(Ok).or_else(|| self.pieces.next())
    }
}
