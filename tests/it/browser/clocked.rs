//! A server in the test's own process whose clock the test moves: the shipped binary has no switch for that.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use latchkey::auth::{Actor, Auth, Expiry, NewAccount, NewAppPassword};
use latchkey::clock::{Clock, from_millis, to_millis};
use latchkey::config::{Overrides, load};
use latchkey::model::{Scope, Time};
use latchkey::server::{App, Server, Shutdown};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::localhost;
use crate::harness::{CHEAP, Person};
use crate::http::Client;

/// A running server that shares the test's process. Its clock starts at the present and stands still until moved.
pub struct Clocked {
    pub addr: SocketAddr,
    /// The server's own rooms, to prepare or to look at what a page shows.
    pub app: App,
    folder: TempDir,
    now: Arc<AtomicI64>,
    runtime: Option<Runtime>,
}

impl Clocked {
    /// Starts a server with cheap hashing and everything else as shipped. It has no account yet.
    pub fn start() -> Self {
        Self::with_config(CHEAP)
    }

    /// Starts a server with that configuration file.
    pub fn with_config(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let file = folder.path().join("webdav.toml");
        std::fs::write(&file, config).expect("the configuration is written");
        let overrides = Overrides { listen: Some("127.0.0.1:0".to_owned()), storage: None };
        let config = Arc::new(load(Some(&file), &overrides).expect("the configuration is in order"));
        let now = Arc::new(AtomicI64::new(to_millis(Clock::system().now())));
        let told = Arc::clone(&now);
        let clock = Clock::from_fn(move || from_millis(told.load(Ordering::SeqCst)));
        let app = App::open(&config, clock, true).expect("opened");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let server = runtime.block_on(Server::bind(Arc::clone(&config), app.clone(), None)).expect("bound");
        let addr = server.address();
        let tended = app.clone();
        runtime.spawn(async move {
            latchkey::tasks::start(tended);
            // Held as long as the server runs: dropped, it would end it.
            let (_trigger, shutdown) = Shutdown::new();
            server.run(shutdown).await;
        });
        Self { addr, app, folder, now, runtime: Some(runtime) }
    }

    /// The address for a browser, without a slash at the end.
    pub fn url(&self) -> String {
        localhost(self.addr)
    }

    /// Accounts, passwords and what else a test prepares.
    pub fn auth(&self) -> &Auth {
        &self.app.auth
    }

    /// What the server's clock shows.
    pub fn now(&self) -> Time {
        self.app.clock.now()
    }

    /// The same in seconds since 1970, as [`super::totp`] takes it.
    pub fn unix_time(&self) -> u64 {
        u64::try_from(self.now().timestamp()).expect("after 1970")
    }

    /// Moves the clock on.
    pub fn advance(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).expect("not so far");
        self.now.fetch_add(millis, Ordering::SeqCst);
    }

    /// Adds a person with an application password that ends after that time.
    pub fn person(&self, name: &str, lifetime: Duration) -> Person {
        let user = self.auth().add_user(&NewAccount::named(name), &Actor::cli()).expect("added");
        let new = NewAppPassword {
            label: "test".to_owned(),
            expiry: Expiry::After(lifetime),
            scope: Scope::ReadWrite,
            folders: Vec::new(),
            networks: Vec::new(),
        };
        let issued = self.auth().issue_app_password(user.name.as_str(), &new, &Actor::cli()).expect("issued");
        let home = self.folder.path().join("storage/files").join(name);
        Person { name: name.to_owned(), key: issued.password.expose().to_owned(), home, addr: self.addr }
    }

    /// The storage folder.
    pub fn storage(&self) -> PathBuf {
        self.folder.path().join("storage")
    }

    /// A client without credentials.
    pub fn stranger(&self) -> Client {
        Client::new(self.addr)
    }
}

impl Drop for Clocked {
    fn drop(&mut self) {
        // A connection that the browser keeps open does not hold the test up.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(1));
        }
    }
}
