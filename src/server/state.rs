//! What the rooms behind the router share.

use std::sync::Arc;

use crate::auth::Auth;
use crate::clock::Clock;
use crate::config::Config;
use crate::dav::Dav;
use crate::directory::{Directories, TlsError};
use crate::files::{Storage, StorageError};
use crate::store::{self, Store};

/// Why the application cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The storage folder.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Certificates for a company directory.
    #[error(transparent)]
    Directory(#[from] TlsError),
}

/// The application: one of each room.
#[derive(Debug, Clone)]
pub struct App {
    /// Who is asking.
    pub auth: Auth,
    /// WebDAV.
    pub dav: Dav,
    /// The database, for the health check.
    pub store: Store,
    /// The storage folder.
    pub storage: Arc<Storage>,
    /// The time.
    pub clock: Clock,
}

impl App {
    /// Opens storage and database, and wires the rooms.
    ///
    /// # Errors
    /// Those of storage and database; with `to_serve`, where another server runs on the storage.
    pub fn open(config: &Config, clock: Clock, to_serve: bool) -> Result<Self, OpenError> {
        let storage = Arc::new(Storage::open(&config.storage.path, to_serve)?);
        let store = Store::open(&storage.database())?;
        let auth = Auth::new(
            store.clone(),
            Arc::clone(&storage),
            clock.clone(),
            config.security.clone(),
            config.storage.clone(),
            Directories::new(config)?,
        );
        let dav = Dav::new(store.clone(), Arc::clone(&storage), clock.clone(), config);
        Ok(Self { auth, dav, store, storage, clock })
    }
}
