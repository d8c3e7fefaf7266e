//! Uploads go on only while what opened the door still does (S9).

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use crate::auth::Principal;

/// Between two looks: with what else takes its time, a transfer ends within 5 seconds.
pub const LOOK: Duration = Duration::from_secs(2);

/// Why a body ends before its end.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("this application password is not valid any more")]
pub struct LetInNoMore;

impl LetInNoMore {
    /// Whether a body's error comes from this.
    pub(super) fn is_cause(error: &axum::Error) -> bool {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = cause {
            if error.is::<Self>() {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

/// A request's body that ends with [`LetInNoMore`] where its sender is let in no more, also where nothing comes.
pub(super) struct WhileLetIn {
    body: Body,
    principal: Principal,
    next_look: Pin<Box<Sleep>>,
}

impl WhileLetIn {
    pub(super) fn new(body: Body, principal: Principal) -> Self {
        Self { body, principal, next_look: Box::pin(tokio::time::sleep(LOOK)) }
    }
}

impl HttpBody for WhileLetIn {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        while self.next_look.as_mut().poll(cx).is_ready() {
            if !self.principal.is_still_let_in() {
                return Poll::Ready(Some(Err(axum::Error::new(LetInNoMore))));
            }
            self.next_look.as_mut().reset(Instant::now() + LOOK);
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
