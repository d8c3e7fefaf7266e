//! A request's body over HTTP/2 that outlives its answer for a while.
//!
//! Dropping a body that has not come whole resets its stream, without an error (RFC 9113 §8.1). libcurl 7.88 takes that
//! for a failure and loses the answer that it has received already, which is how git, curl and others would never learn
//! that a password is asked for.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

/// For so long is read and thrown away after an answer, and for so long is the next piece waited for. libcurl may want to
/// send all of it before it begins anew, and hangs where it cannot; how much comes in that time costs no memory.
const PATIENCE: Duration = Duration::from_secs(30);
const QUIET: Duration = Duration::from_secs(5);

/// The body, until it is dropped.
pub(super) struct Lingering(Option<Incoming>);

impl Lingering {
    pub(super) fn new(body: Incoming) -> Self {
        Self(Some(body))
    }
}

impl Body for Lingering {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.0 {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let Some(mut body) = self.0.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if body.is_end_stream() {
            return;
        }
        runtime.spawn(tokio::time::timeout(PATIENCE, async move {
            while let Ok(Some(Ok(_))) = tokio::time::timeout(QUIET, body.frame()).await {}
        }));
    }
}
