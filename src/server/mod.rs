//! The front end: binds, speaks TLS, keeps limits, knows the client, and sends each request to its room.

mod accept;
mod access_log;
mod address;
mod cors;
mod limits;
mod lingering;
mod outgoing;
mod router;
mod shutdown;
mod state;
mod timed_io;
mod tls;

pub use shutdown::{Shutdown, signals};
pub use state::{App, OpenError};
pub use tls::{Tls, TlsError};

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::config::Config;

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {address}: {reason}")]
    Bind {
        /// The configured address.
        address: SocketAddr,
        /// The system's word.
        reason: std::io::Error,
    },
}

/// A server that is bound and does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
    app: App,
    config: Arc<Config>,
}

impl Server {
    /// Binds the configured address, to speak TLS where certificate and key are given.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn bind(config: Arc<Config>, app: App, tls: Option<Tls>) -> Result<Self, Error> {
        let address = config.server.listen;
        let bound = |reason| Error::Bind { address, reason };
        let listener = TcpListener::bind(address).await.map_err(bound)?;
        let address = listener.local_addr().map_err(bound)?;
        Ok(Self { listener, address, tls, app, config })
    }

    /// The address that was bound; tells the port where 0 was configured.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://…` or `https://…`, as it is announced.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// Answers until the first signal, then lets what runs come to its end, until the second signal or the grace is
    /// over.
    pub async fn run(self, shutdown: Shutdown) {
        accept::run(self, shutdown).await;
    }
}
