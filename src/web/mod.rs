//! Pages for people: sign-in, profile, files, administration. Rendered here, embedded in the binary, and whole without
//! JavaScript.
//!
//! A page is asked for by a [`caller::SignedIn`] or an [`caller::Admin`], never by a flag; a form's values come out of
//! a [`csrf::Csrf`] alone; what is done is a use case of `auth` or a method of `dav`. No SQL, no disk here.

mod admin;
mod assets;
mod caller;
mod connect;
mod cookies;
mod csrf;
mod error;
mod files;
mod guard;
mod login;
mod page;
mod profile;
mod qr;
mod show;
mod site;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use http::Request;

use crate::auth::Auth;
use crate::clock::Clock;
use crate::config::{AppleFiles, Config};
use crate::dav::Dav;
use crate::files::Storage;
use error::Error;
use site::Sites;

/// Largest form, in bytes.
const LARGEST: usize = 64 * 1024;

/// The room's state.
#[derive(Clone)]
pub struct Web(Arc<Inner>);

struct Inner {
    auth: Auth,
    dav: Dav,
    storage: Arc<Storage>,
    clock: Clock,
    sites: Sites,
    home_roots: Vec<PathBuf>,
    /// Whether the file pages show what macOS lays beside files.
    apple_files: AppleFiles,
}

impl Web {
    /// Sets the room up.
    #[must_use]
    pub fn new(auth: Auth, dav: Dav, storage: Arc<Storage>, clock: Clock, config: &Config) -> Self {
        Self(Arc::new(Inner {
            auth,
            dav,
            storage,
            clock,
            sites: Sites::new(&config.server),
            home_roots: config.storage.home_roots.clone(),
            apple_files: config.dav.apple_files,
        }))
    }

    fn auth(&self) -> &Auth {
        &self.0.auth
    }
}

/// First names of the addresses that are pages.
pub const PAGES: [&str; 9] =
    ["login", "logout", "reauthenticate", "welcome", "profile", "connect", "files", "admin", "assets"];

/// The pages' routes; a request must carry its `auth::ClientAddress`.
pub fn router(web: Web) -> Router {
    let pages: Router<Web> = Router::new()
        .merge(login::routes())
        .merge(profile::routes())
        .merge(connect::routes())
        .merge(files::routes())
        .merge(admin::routes());
    pages
        .merge(assets::routes())
        .fallback(async |_: Request<Body>| Error::NotFound)
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(middleware::from_fn_with_state(web.clone(), guard::guard))
        // Behind all layers, none of which it has.
        .merge(login::back_channel::routes())
        .with_state(web)
}

/// Runs a use case off the async threads.
async fn off_thread<T: Send + 'static, E: Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Error>
where
    Error: From<E>,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(error) => Err(Error::Internal(error.to_string())),
    }
}
