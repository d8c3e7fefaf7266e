//! Answers that take their time go on only while what opened the door still does (S9).

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use http::{Response, Version};
use http_body::{Frame, SizeHint};
use tokio::sync::oneshot;

use super::timed_io::Activity;
use crate::auth::Principal;
use crate::dav::{LOOK, LetInNoMore};

/// A body up to this size is on its way before anybody could look.
const SHORT: u64 = 64 * 1024;

/// Lets a long answer end within seconds of its reader being let in no more.
///
/// A task looks, since a reader who takes nothing has nobody ask for the next piece either. In HTTP/1 the whole
/// connection is reset, and what lies in the system's buffers is not delivered. In HTTP/2 others may share the
/// connection, so the one stream ends with its next piece.
pub(super) fn while_let_in(response: Response<Body>, version: Version, activity: Arc<Activity>) -> Response<Body> {
    let is_short = response.body().size_hint().upper().is_some_and(|most| most <= SHORT);
    let Some(principal) = response.extensions().get::<Principal>().cloned().filter(|_| !is_short) else {
        return response;
    };
    let (alive, mut over) = oneshot::channel::<()>();
    let state = Arc::new(Mutex::new(State::Sending));
    let seen = Arc::clone(&state);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = &mut over => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            if !principal.is_still_let_in() {
                // Under the lock, so that it is this answer that is cut, and not one to somebody else behind the same
                // proxy that follows it.
                let mut state = seen.lock().unwrap_or_else(PoisonError::into_inner);
                if *state == State::Sending {
                    *state = State::Cut;
                    if version < Version::HTTP_2 {
                        activity.cut();
                    }
                }
                return;
            }
        }
    });
    response.map(|body| Body::new(Outgoing { body, state, _alive: alive }))
}

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Sending,
    Over,
    Cut,
}

/// A body that ends early where it is cut.
struct Outgoing {
    body: Body,
    state: Arc<Mutex<State>>,
    /// Dropped with the body, which ends the task that looks.
    _alive: oneshot::Sender<()>,
}

impl Outgoing {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        let mut state = self.state();
        if *state == State::Sending {
            *state = State::Over;
        }
    }
}

impl HttpBody for Outgoing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if *self.state() == State::Cut {
            return Poll::Ready(Some(Err(axum::Error::new(LetInNoMore))));
        }
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None)) || (polled.is_ready() && self.body.is_end_stream()) {
            *self.state() = State::Over;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
