//! A connection's deadlines, kept where bytes come and go: a head must arrive in time, an idle connection is closed
//! after a while, and an answer that the client does not take ends (S21). The progress of a request's body is watched
//! where it is read.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// The deadlines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    pub(super) header: Duration,
    pub(super) idle: Duration,
    pub(super) stall: Duration,
}

/// What the connection is about, told by the service.
#[derive(Debug, Default)]
pub(super) struct Activity {
    requests: AtomicUsize,
    /// A request has begun or ended since the reader looked last.
    changed: AtomicBool,
}

/// A request under way; ends when dropped, with its answer sent.
#[derive(Debug)]
pub(super) struct Busy(Arc<Activity>);

impl Activity {
    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.changed.store(true, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
        self.0.changed.store(true, Ordering::Relaxed);
    }
}

/// A connection with deadlines.
pub(super) struct TimedIo<T> {
    inner: T,
    activity: Arc<Activity>,
    deadlines: Deadlines,
    reading: Pin<Box<Sleep>>,
    /// Since when nothing is asked, and since when a head has been arriving.
    idle_since: Instant,
    head_since: Option<Instant>,
    writing: Pin<Box<Sleep>>,
    is_writing: bool,
}

impl<T> TimedIo<T> {
    pub(super) fn new(inner: T, activity: Arc<Activity>, deadlines: Deadlines) -> Self {
        let now = Instant::now();
        Self {
            inner,
            activity,
            deadlines,
            reading: Box::pin(tokio::time::sleep_until(now + deadlines.header)),
            idle_since: now,
            head_since: None,
            writing: Box::pin(tokio::time::sleep_until(now + deadlines.stall)),
            is_writing: false,
        }
    }

    /// Whether the reader has waited too long; arranges to be woken when it will have.
    fn read_overdue(&mut self, cx: &mut Context<'_>) -> bool {
        if self.activity.changed.swap(false, Ordering::Relaxed) {
            self.idle_since = Instant::now();
            self.head_since = None;
        }
        if self.activity.requests.load(Ordering::Relaxed) > 0 {
            // An answer may end without another look at the reader: look again by ourselves.
            while self.reading.as_mut().poll(cx).is_ready() {
                self.reading.as_mut().reset(Instant::now() + self.deadlines.header);
            }
            return false;
        }
        let deadline = match self.head_since {
            Some(since) => since + self.deadlines.header,
            None => self.idle_since + self.deadlines.idle,
        };
        if self.reading.deadline() != deadline {
            self.reading.as_mut().reset(deadline);
        }
        self.reading.as_mut().poll(cx).is_ready()
    }

    /// The same for the writer.
    fn write_result<V>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<V>>) -> Poll<io::Result<V>> {
        if polled.is_ready() {
            self.is_writing = false;
            return polled;
        }
        if !self.is_writing {
            self.is_writing = true;
            self.writing.as_mut().reset(Instant::now() + self.deadlines.stall);
        }
        match self.writing.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(overdue("the client takes nothing"))),
            Poll::Pending => Poll::Pending,
        }
    }
}

fn overdue(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl<T: AsyncRead + Unpin> AsyncRead for TimedIo<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if polled.is_ready() {
            if buf.filled().len() > before && self.head_since.is_none() {
                self.head_since = Some(Instant::now());
            }
            return polled;
        }
        if self.read_overdue(cx) {
            return Poll::Ready(Err(overdue("the client sends nothing")));
        }
        Poll::Pending
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for TimedIo<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.write_result(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.write_result(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_flush(cx);
        self.write_result(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_shutdown(cx);
        self.write_result(cx, polled)
    }
}
