//! A connection's deadlines, kept where bytes come and go: a head must arrive in time, an idle connection is closed
//! after a while, and an answer that the client does not take ends (S21). The progress of a request's body is watched
//! where it is read.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, Sleep};
use tokio_rustls::server::TlsStream;

/// The deadlines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    pub(super) header: Duration,
    pub(super) idle: Duration,
    pub(super) stall: Duration,
}

/// What the connection is about, told by the service.
#[derive(Debug)]
pub(super) struct Activity {
    began: Instant,
    requests: AtomicUsize,
    /// Answers being sent.
    answers: AtomicUsize,
    /// When a piece of an answer was last asked for, in milliseconds since `began`.
    progress_ms: AtomicU64,
    /// A request has begun or ended since the reader looked last.
    changed: AtomicBool,
    /// The connection is to end at once.
    is_cut: AtomicBool,
    cut: Notify,
}

/// A connection that can be ended at once, without what is still on its way.
pub(super) trait Abort {
    /// Lets what is still in the system's buffers be thrown away when the connection is closed.
    fn abort(&self);
}

impl Abort for TcpStream {
    fn abort(&self) {
        if let Err(error) = self.set_zero_linger() {
            tracing::debug!(%error, "a connection could not be reset");
        }
    }
}

impl Abort for TlsStream<TcpStream> {
    fn abort(&self) {
        self.get_ref().0.abort();
    }
}

/// A request under way; ends when dropped, with its answer sent.
#[derive(Debug)]
pub(super) struct Busy {
    activity: Arc<Activity>,
    answers: bool,
}

/// A whole answer may wait in buffers below; only a client that has taken nothing for so many times the stall timeout
/// is given up here. HTTP/2's flow control can hold an answer back without the connection itself standing still.
const PATIENCE: u32 = 5;

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            requests: AtomicUsize::new(0),
            answers: AtomicUsize::new(0),
            progress_ms: AtomicU64::new(0),
            changed: AtomicBool::new(false),
            is_cut: AtomicBool::new(false),
            cut: Notify::new(),
        }
    }

    /// Ends the connection at once.
    pub(super) fn cut(&self) {
        self.is_cut.store(true, Ordering::Relaxed);
        self.cut.notify_one();
    }

    /// Comes back when the connection is to end at once.
    pub(super) async fn cut_off(&self) {
        self.cut.notified().await;
    }

    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.changed.store(true, Ordering::Relaxed);
        Busy { activity: Arc::clone(self), answers: false }
    }

    fn note_progress(&self) {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.progress_ms.store(now, Ordering::Relaxed);
    }

    /// Ends when answers are being sent and no piece of any has been taken for far too long.
    pub(super) async fn stalled(&self, stall: Duration) {
        let patience = stall * PATIENCE;
        loop {
            tokio::time::sleep(stall).await;
            let progress = Duration::from_millis(self.progress_ms.load(Ordering::Relaxed));
            let since = self.began.elapsed().saturating_sub(progress);
            if self.answers.load(Ordering::Relaxed) > 0 && since > patience {
                return;
            }
        }
    }
}

impl Busy {
    /// The answer has begun; from now on the client has to take it.
    pub(super) fn answer(&mut self) {
        self.answers = true;
        self.activity.answers.fetch_add(1, Ordering::Relaxed);
        self.activity.note_progress();
    }

    /// The connection's own.
    pub(super) fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.activity)
    }

    /// A piece of the answer is asked for.
    pub(super) fn note_progress(&self) {
        self.activity.note_progress();
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.answers {
            self.activity.answers.fetch_sub(1, Ordering::Relaxed);
        }
        self.activity.requests.fetch_sub(1, Ordering::Relaxed);
        self.activity.changed.store(true, Ordering::Relaxed);
    }
}

/// A connection with deadlines.
pub(super) struct TimedIo<T: Abort> {
    inner: T,
    activity: Arc<Activity>,
    deadlines: Deadlines,
    reading: Pin<Box<Sleep>>,
    /// Since when nothing is asked, and since when a head has been arriving.
    idle_since: Instant,
    head_since: Option<Instant>,
    /// In HTTP/2, frames come also where nothing is asked: once a request has come, only idleness counts.
    is_h2: bool,
    has_begun: bool,
    writing: Pin<Box<Sleep>>,
    is_writing: bool,
}

impl<T: Abort> TimedIo<T> {
    pub(super) fn new(inner: T, activity: Arc<Activity>, deadlines: Deadlines) -> Self {
        let now = Instant::now();
        Self {
            inner,
            activity,
            deadlines,
            reading: Box::pin(tokio::time::sleep_until(now + deadlines.header)),
            idle_since: now,
            head_since: None,
            is_h2: false,
            has_begun: false,
            writing: Box::pin(tokio::time::sleep_until(now + deadlines.stall)),
            is_writing: false,
        }
    }

    /// Whether the reader has waited too long; arranges to be woken when it will have.
    fn read_overdue(&mut self, cx: &mut Context<'_>) -> bool {
        if self.activity.changed.swap(false, Ordering::Relaxed) {
            self.idle_since = Instant::now();
            self.head_since = None;
            self.has_begun = true;
        }
        if self.activity.requests.load(Ordering::Relaxed) > 0 {
            // An answer may end without another look at the reader: look again by ourselves.
            while self.reading.as_mut().poll(cx).is_ready() {
                self.reading.as_mut().reset(Instant::now() + self.deadlines.header);
            }
            return false;
        }
        let deadline = match self.head_since.filter(|_| !(self.is_h2 && self.has_begun)) {
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

impl<T: Abort> Drop for TimedIo<T> {
    fn drop(&mut self) {
        if self.activity.is_cut.load(Ordering::Relaxed) {
            self.inner.abort();
        }
    }
}

fn overdue(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl<T: AsyncRead + Abort + Unpin> AsyncRead for TimedIo<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if polled.is_ready() {
            if self.head_since.is_none()
                && let Some(new) = buf.filled().get(before..).filter(|new| !new.is_empty())
            {
                self.is_h2 |= new.starts_with(b"PRI * HTTP/2.0\r\n");
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

impl<T: AsyncWrite + Abort + Unpin> AsyncWrite for TimedIo<T> {
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
