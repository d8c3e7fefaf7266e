//! What tests of the use cases start from: a scratch storage and a clock that they move.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;

use super::{Actor, Auth, NewAccount};
use crate::clock::{Clock, from_millis};
use crate::config::{Overrides, load};
use crate::files::Storage;
use crate::model::User;
use crate::store::Store;

pub(super) struct Scene {
    pub(super) folder: tempfile::TempDir,
    pub(super) auth: Auth,
    now: Arc<AtomicI64>,
}

impl Scene {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("webdav.toml");
        std::fs::write(&file, "[security]\nargon2_memory_kib = 1024\nargon2_iterations = 1\n").expect("written");
        Self::with_config(folder, &file)
    }

    fn with_config(folder: tempfile::TempDir, file: &Path) -> Self {
        let config = load(Some(file), &Overrides::default()).expect("a configuration");
        let storage = Arc::new(Storage::open(&config.storage.path, false).expect("a storage"));
        let store = Store::open(&storage.database()).expect("a database");
        let now = Arc::new(AtomicI64::new(1_795_000_000_000));
        let told = Arc::clone(&now);
        let clock = Clock::from_fn(move || from_millis(told.load(Ordering::Relaxed)));
        let auth = Auth::new(store, storage, clock, config.security.clone(), config.storage.clone());
        Self { folder, auth, now }
    }

    /// Time passes, or comes back.
    pub(super) fn pass(&self, time: TimeDelta) {
        self.now.fetch_add(time.num_milliseconds(), Ordering::Relaxed);
    }

    pub(super) fn add(&self, name: &str) -> User {
        self.auth.add_user(&NewAccount::named(name), &Actor::cli()).expect("added")
    }

    pub(super) fn add_admin(&self, name: &str) -> User {
        let new = NewAccount { is_admin: true, ..NewAccount::named(name) };
        self.auth.add_user(&new, &Actor::cli()).expect("added")
    }
}
