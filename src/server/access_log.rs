//! One line per request, written when the last byte of the answer is gone: who, what, status, bytes, time. Never a
//! secret, and nothing that could pass for another line (S16).

use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http::{Response, Uri, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

use super::timed_io::Busy;
use crate::auth::Principal;

/// What is known of a request so far.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) enabled: bool,
    pub(super) request_id: u64,
    pub(super) client: IpAddr,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) principal: Option<Principal>,
    /// Who is signed in to the pages.
    pub(super) person: Option<String>,
    pub(super) began: Instant,
}

impl Line {
    /// Hands the answer on; the line is written when it has been sent or given up.
    pub(super) fn follow(self, response: Response<Body>, mut busy: Busy) -> Response<Body> {
        busy.answer();
        let status = response.status().as_u16();
        // hyper stops asking at the announced length; an answer to HEAD has no body at all.
        let expected = match self.method.as_str() {
            "HEAD" => Some(0),
            _ => response
                .body()
                .size_hint()
                .exact()
                .or_else(|| response.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()),
        };
        response.map(|body| Body::new(Followed { body, bytes: 0, expected, ended: false, status, line: self, busy }))
    }

    fn write(&self, status: u16, bytes: u64, whole: bool) {
        if !self.enabled {
            return;
        }
        let user = self.principal.as_ref().map(|principal| principal.user().name.as_str());
        let user = user.or(self.person.as_deref()).unwrap_or("-");
        let selector = self.principal.as_ref().map_or("-", |principal| principal.selector());
        let duration = self.began.elapsed();
        tracing::info!(
            target: "latchkey::access",
            request = self.request_id,
            client = %self.client,
            user,
            selector,
            method = %self.method,
            path = %self.path,
            status,
            bytes,
            whole,
            duration_ms = millis(duration),
            "request"
        );
    }
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// A path for the log: as sent, without query, cut, and with nothing that could break a line.
pub(super) fn shown_path(uri: &Uri) -> String {
    shown(uri.path())
}

/// Text of a client's for the log.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(1000).flat_map(char::escape_debug).collect()
}

/// A body that counts what is sent of it.
#[derive(Debug)]
struct Followed {
    body: Body,
    bytes: u64,
    expected: Option<u64>,
    ended: bool,
    status: u16,
    line: Line,
    busy: Busy,
}

impl HttpBody for Followed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.busy.note_progress();
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64),
            Poll::Ready(None) => self.ended = true,
            _ => {}
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

impl Drop for Followed {
    fn drop(&mut self) {
        let whole = self.ended || self.expected.is_some_and(|expected| self.bytes >= expected);
        self.line.write(self.status, self.bytes, whole);
    }
}
