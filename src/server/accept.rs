//! Takes connections and serves them, each in a task of its own.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::limits::{Counted, Limits};
use super::router::Router;
use super::shutdown::Shutdown;
use super::timed_io::{Abort, Activity, Deadlines, TimedIo};
use super::tls::Tls;
use super::{Server, address};
use crate::auth::ClientNetwork;

/// Runs the server to its end.
pub(super) async fn run(server: Server, mut shutdown: Shutdown) {
    let config = &server.config;
    let limits = Limits::new(config.server.max_connections, config.server.max_connections_per_client);
    let graceful = GracefulShutdown::new();
    let connections = Arc::new(Connections {
        router: Router::new(server.app.clone(), Arc::clone(config)),
        tls: server.tls.clone(),
        deadlines: Deadlines {
            header: config.server.header_timeout,
            idle: config.server.idle_timeout,
            stall: config.server.stall_timeout,
        },
    });
    loop {
        let accepted = tokio::select! {
            accepted = server.listener.accept() => accepted,
            () = shutdown.draining() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // As when no descriptor is left: others may end meanwhile.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let is_proxy = address::is_proxy(peer.ip(), &config.server.trusted_proxies);
        let network = (!is_proxy).then(|| ClientNetwork::of(peer.ip()));
        let Some(counted) = limits.enter(network) else {
            tracing::debug!(client = %peer.ip(), "one connection too many");
            continue;
        };
        let connections = Arc::clone(&connections);
        let watcher = graceful.watcher();
        tokio::spawn(async move { connections.serve(stream, peer, watcher, counted).await });
    }
    drop(server.listener);
    tracing::info!("draining");
    tokio::select! {
        () = graceful.shutdown() => {}
        () = shutdown.ending() => tracing::warn!("ended by a second signal"),
        () = tokio::time::sleep(config.server.shutdown_grace) => tracing::warn!("the grace is over"),
    }
}

/// What every connection needs.
struct Connections {
    router: Router,
    tls: Option<Tls>,
    deadlines: Deadlines,
}

impl Connections {
    /// Serves one connection; it counts until it is over.
    async fn serve(&self, stream: TcpStream, peer: SocketAddr, watcher: Watcher, _counted: Counted) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        match &self.tls {
            None => self.speak(stream, peer.ip(), watcher).await,
            Some(Tls(acceptor)) => match tokio::time::timeout(self.deadlines.header, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => self.speak(stream, peer.ip(), watcher).await,
                Ok(Err(error)) => tracing::debug!(client = %peer.ip(), %error, "no TLS"),
                Err(_) => tracing::debug!(client = %peer.ip(), "the TLS handshake took too long"),
            },
        }
    }

    /// HTTP/1.1 or HTTP/2, whichever the client speaks.
    async fn speak<T>(&self, stream: T, peer: IpAddr, watcher: Watcher)
    where
        T: AsyncRead + AsyncWrite + Abort + Unpin + Send + 'static,
    {
        let activity = Arc::new(Activity::new());
        let io = TimedIo::new(stream, Arc::clone(&activity), self.deadlines);
        let router = self.router.clone();
        let answers = Arc::clone(&activity);
        let service = service_fn(move |request| {
            let router = router.clone();
            let busy = activity.begin();
            async move { Ok::<_, std::convert::Infallible>(router.answer(peer, request, busy).await) }
        });
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(None).half_close(false);
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(128).max_header_list_size(32 * 1024);
        let connection = builder.serve_connection(TokioIo::new(io), service).into_owned();
        tokio::select! {
            ended = watcher.watch(connection) => {
                if let Err(error) = ended {
                    tracing::debug!(client = %peer, %error, "a connection ended");
                }
            }
            () = answers.cut_off() => tracing::debug!(client = %peer, "a transfer was cut off"),
            () = answers.stalled(self.deadlines.stall) => tracing::debug!(client = %peer, "an answer is not taken"),
        }
    }
}
