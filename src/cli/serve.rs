//! `latchkey serve`

use std::sync::Arc;

use clap::Args;
use tracing_subscriber::EnvFilter;

use super::{Common, Failure, output};
use crate::auth::FirstStart;
use crate::clock::Clock;
use crate::config::{Config, LogConfig, LogFormat};
use crate::server::{App, Server, Tls, signals};
use crate::tasks;

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// Address and port to listen on, instead of the configured one
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
}

pub(super) fn serve(common: &Common, arguments: &ServeArguments) -> Result<(), Failure> {
    let config = Arc::new(common.load(arguments.listen.as_deref())?);
    start_log(&config.log);
    let tls = super::config::tls(&config, common)?;
    let app = App::open(&config, Clock::system(), true)?;
    crate::files::raise_descriptor_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::new)?;
    let result = runtime.block_on(run(Arc::clone(&config), app.clone(), tls));
    // What hangs in a blocking task does not hold the end up.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    tasks::finish(&app);
    tasks::write_counts(&app);
    result
}

async fn run(config: Arc<Config>, app: App, tls: Option<Tls>) -> Result<(), Failure> {
    let recovered = app.dav.recover().map_err(Failure::new)?;
    if recovered > 0 {
        tracing::info!(recovered, "changes that a crash had cut off were settled");
    }
    let shutdown = signals().map_err(Failure::new)?;
    let server = Server::bind(Arc::clone(&config), app.clone(), tls).await.map_err(Failure::new)?;
    let url = server.url();
    if let Some(first) = app.auth.first_start()? {
        let shown = config.server.public_urls.first().map_or_else(|| url.clone(), crate::config::PublicUrl::to_text);
        tell_first_start(&first, &shown);
        app.auth.hasher().release_memory();
    }
    output::print(&format!("listening on {url}"));
    tracing::info!(sandbox = ?app.storage.homes().sandbox(), storage = %config.storage.path.display(), "started");
    tasks::start(app);
    server.run(shutdown).await;
    tracing::info!("ended");
    Ok(())
}

fn start_log(config: &LogConfig) {
    let filter = EnvFilter::try_new(&config.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.format {
        LogFormat::Text => builder.with_ansi(false).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
}

/// Printed once; nothing of it is kept.
fn tell_first_start(first: &FirstStart, url: &str) {
    let FirstStart { user, password, app_password } = first;
    let (password, key) = (password.expose(), app_password.expose());
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (scheme, drive) = if url.starts_with("https") { ("https", "davs") } else { ("http", "dav") };
    // Passkeys are bound to a name, and an address is none.
    let pages = url.replace("://127.0.0.1:", "://localhost:");
    output::tell(&format!(
        "\nFirst start: an administrator was made. These lines are shown once, keep what you need of them.\n\
         \n  user                  {user}\
         \n  password              {password}   (the account's own; opens no drive, must be changed at the first sign-in)\
         \n  application password  {key}   (for programs; ends after 7 days)\
         \n\nIn a browser, sign in with user and password: {pages}/\
         \n\nTo try the drive:\n\
         \n  echo hello | curl -u {user}:{key} -T - {url}/dav/hello.txt\
         \n  curl -u {user}:{key} {url}/dav/hello.txt\
         \n\
         \n  rclone config create latchkey webdav url={url}/dav/ vendor=owncloud user={user} pass={key} --obscure\
         \n  rclone ls latchkey:\
         \n\
         \n  file manager (GNOME, KDE): {drive}://{user}@{authority}/dav/\
         \n  file manager (macOS: Connect to Server; Windows: Map network drive): {scheme}://{authority}/dav/\n"
    ));
}
