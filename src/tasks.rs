//! What runs beside the requests: last uses and counts are written down, memory given back, unused passwords revoked,
//! homes measured, company accounts looked after, and what is over cleared.

use std::time::Duration;

use crate::auth::DirectoryRef;
use crate::server::App;
use crate::store::{Error, lock, sync};

/// Between two rounds.
const ROUND: Duration = Duration::from_secs(1);
/// Rounds between two notes of how many requests were answered.
const COUNTS: u64 = 30;
/// Rounds between two clearances of what is over.
const CLEARANCE: u64 = 600;
/// Rounds between two measurements of everybody's homes, and those before the first.
const MEASURE: u64 = 3600;
/// See [`MEASURE`].
const FIRST_MEASURE: u64 = 5;

/// Rounds between two looks for homes that are in use and were not measured lately.
const TALLY: u64 = 5;

/// Starts the tasks; they end with the process.
pub fn start(app: App) {
    let sweeper = app.clone();
    tokio::task::spawn_blocking(move || sweep(&sweeper));
    for directory in app.auth.directory_refs() {
        tokio::spawn(look_after(app.clone(), directory));
    }
    let measurer = app.clone();
    tokio::spawn(async move {
        let mut runs_before = 0;
        for round in 1_u64.. {
            tokio::time::sleep(ROUND).await;
            let runs = app.auth.hasher().runs();
            let is_quiet = runs == runs_before;
            runs_before = runs;
            if round % MEASURE == FIRST_MEASURE {
                let app = measurer.clone();
                // Not waited for: it may take long.
                tokio::task::spawn_blocking(move || measure(&app));
            }
            if round % TALLY == 0 {
                let app = measurer.clone();
                // Who comes while a home is walked waits for that walk: two never walk the same.
                tokio::task::spawn_blocking(move || app.storage.homes().ledger().measure_due(app.clock.now()));
            }
            let app = app.clone();
            let done = tokio::task::spawn_blocking(move || {
                finish(&app);
                if is_quiet {
                    app.auth.hasher().release_memory();
                }
                if round % COUNTS == 0 {
                    write_counts(&app);
                }
                // Also at the start: from then on it counts that nobody uses a password.
                if round % CLEARANCE == 1 {
                    clear(&app);
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

/// Writes down how many requests were answered; called once more at the end.
pub fn write_counts(app: &App) {
    if let Err(error) = app.auth.write_traffic() {
        tracing::warn!(%error, "the counts of requests could not be written down, they are tried again");
    }
}

/// Looks after the accounts of one company directory; one that does not answer holds nothing else up.
async fn look_after(app: App, directory: DirectoryRef) {
    loop {
        tokio::time::sleep(ROUND).await;
        let (auth, looked_at) = (app.auth.clone(), directory.clone());
        // A task of its own: whatever becomes of one look, there is another.
        let failure = match tokio::spawn(async move { auth.look_after(&looked_at).await }).await {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        tracing::warn!(failure, directory = directory.name, "a directory's accounts could not be looked after");
    }
}

fn measure(app: &App) {
    if let Err(error) = app.auth.measure_everybody() {
        tracing::warn!(%error, "homes could not be measured");
    }
}

fn clear(app: &App) {
    match app.auth.revoke_unused() {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "application passwords that nobody used were revoked"),
        Err(error) => tracing::warn!(%error, "unused application passwords could not be looked for"),
    }
    if let Err(error) = app.auth.clear_up() {
        tracing::warn!(%error, "what is over could not be cleared");
    }
    let now = app.clock.now();
    let cleared: Result<usize, Error> = app.store.write(|tx| lock::delete_expired(tx, now));
    if let Err(error) = cleared {
        tracing::warn!(%error, "ended locks could not be cleared");
    }
    loop {
        match app.store.write(|tx| sync::clear(tx, now)) {
            Ok(true) => {}
            Ok(false) => break,
            Err::<_, Error>(error) => {
                break tracing::warn!(%error, "what clients may no longer ask for could not be cleared");
            }
        }
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
