//! What runs beside the requests: last uses are written down, memory given back, locks and leftovers cleared.

use std::time::Duration;

use crate::server::App;
use crate::store::{Error, lock};

/// Between two rounds.
const ROUND: Duration = Duration::from_secs(1);
/// Rounds between two clearances of ended locks.
const CLEARANCE: u64 = 600;

/// Starts the tasks; they end with the process.
pub fn start(app: App) {
    let sweeper = app.clone();
    tokio::task::spawn_blocking(move || sweep(&sweeper));
    tokio::spawn(async move {
        let mut runs_before = 0;
        for round in 1_u64.. {
            tokio::time::sleep(ROUND).await;
            let runs = app.auth.hasher().runs();
            let is_quiet = runs == runs_before;
            runs_before = runs;
            let app = app.clone();
            let done = tokio::task::spawn_blocking(move || {
                finish(&app);
                if is_quiet {
                    app.auth.hasher().release_memory();
                }
                if round % CLEARANCE == 0 {
                    clear_locks(&app);
                }
            });
            if let Err(error) = done.await {
                tracing::error!(%error, "a task failed");
            }
        }
    });
}

/// Writes down what is still gathered; called once more at the end.
pub fn finish(app: &App) {
    if let Err(error) = app.auth.write_last_uses() {
        tracing::warn!(%error, "last uses could not be written down, they are tried again");
    }
}

fn clear_locks(app: &App) {
    let now = app.clock.now();
    let cleared: Result<usize, Error> = app.store.write(|tx| lock::delete_expired(tx, now));
    if let Err(error) = cleared {
        tracing::warn!(%error, "ended locks could not be cleared");
    }
}

/// Removes what an earlier process left unfinished in people's homes.
fn sweep(app: &App) {
    let users = match app.auth.users() {
        Ok(users) => users,
        Err(error) => return tracing::warn!(%error, "leftovers could not be looked for"),
    };
    for user in users {
        match app.storage.homes().sweep(&user.home) {
            Ok(0) => {}
            Ok(count) => tracing::info!(user = %user.name, count, "leftovers of an earlier run removed"),
            Err(error) => tracing::warn!(user = %user.name, %error, "leftovers could not be removed"),
        }
    }
}
