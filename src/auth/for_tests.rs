//! What tests of the use cases start from: a scratch storage and a clock that they move.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;

use super::{Actor, Auth, NewAccount};
use crate::clock::{Clock, from_millis};
use crate::config::{Argon2Config, Overrides, load};
use crate::directory::Directories;
use crate::files::{Path, Storage, Upload};
use crate::model::User;
use crate::store::Store;

pub(super) struct Scene {
    pub(super) folder: tempfile::TempDir,
    pub(super) auth: Auth,
    now: Arc<AtomicI64>,
}

impl Scene {
    pub(super) fn new() -> Self {
        Self::with("")
    }

    /// With a configuration of its own.
    pub(super) fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let overrides = Overrides { listen: None, storage: Some(folder.path().join("storage")) };
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        let mut config = load(Some(file.path()), &overrides).expect("in order");
        config.security.argon2 = Argon2Config { memory_kib: 1024, iterations: 1, parallelism: 1, at_once: 2 };
        let storage = Arc::new(Storage::open(&config.storage.path, false).expect("a storage"));
        let store = Store::open(&storage.database()).expect("a database");
        let now = Arc::new(AtomicI64::new(1_795_000_000_000));
        let told = Arc::clone(&now);
        let clock = Clock::from_fn(move || from_millis(told.load(Ordering::Relaxed)));
        let directories = Directories::new(&config).expect("set up");
        let auth = Auth::new(store, storage, clock, config.security.clone(), config.storage.clone(), directories);
        Self { folder, auth, now }
    }

    /// Time passes, or comes back.
    pub(super) fn pass(&self, time: TimeDelta) {
        self.now.fetch_add(time.num_milliseconds(), Ordering::Relaxed);
    }

    pub(super) fn add(&self, name: &str) -> User {
        self.auth.add_user(&NewAccount::named(name), &Actor::cli()).expect("added")
    }

    /// Puts a file into somebody's home.
    pub(super) fn write(&self, user: &User, name: &str, bytes: &[u8]) {
        let root = self.auth.0.storage.homes().open(&user.home).expect("a home");
        let mut place = root.find(&Path::root().join(name.as_bytes()), true).expect("a place");
        let mut upload = Upload::begin(&place).expect("begun");
        upload.write(bytes).expect("written");
        upload.seal(&place, self.auth.0.clock.now(), None, false).expect("sealed");
        upload.commit(&mut place, false).expect("stored");
    }

    pub(super) fn add_admin(&self, name: &str) -> User {
        let new = NewAccount { is_admin: true, ..NewAccount::named(name) };
        self.auth.add_user(&new, &Actor::cli()).expect("added")
    }
}
