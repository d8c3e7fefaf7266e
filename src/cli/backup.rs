//! `latchkey backup` and `latchkey restore`

use std::path::Path;

use super::user::shown_home;
use super::{Common, Failure, output};
use crate::files::{archive, remove_snapshot, restore as unpack, snapshot_path};
use crate::model::Home;
use crate::server::App;

/// Writes database, homes in the storage and keys to one file, also while the server runs.
pub(super) fn backup(common: &Common, file: &Path) -> Result<(), Failure> {
    let app = common.open()?;
    let snapshot = snapshot_path(&app.storage).map_err(Failure::new)?;
    let copied = app.store.copy_to(&snapshot).map_err(Failure::new);
    let written = copied.and_then(|()| archive(&app.storage, &snapshot, file).map_err(Failure::new));
    remove_snapshot(&snapshot).map_err(Failure::new)?;
    written?;
    for user in app.auth.users()? {
        if let Home::Outside(_) = user.home {
            output::tell(&format!("not in it: the files of {} in {}", user.name, shown_home(&user.home)));
        }
    }
    output::tell(&format!("written to {}", file.display()));
    Ok(())
}

/// Unpacks a backup into the configured storage folder, which must not hold anything yet.
pub(super) fn restore(common: &Common, file: &Path) -> Result<(), Failure> {
    let config = common.load(None)?;
    unpack(file, &config.storage.path).map_err(Failure::new)?;
    // Opening it checks that the database is one, and brings its schema up to date.
    App::open(&config, crate::clock::Clock::system(), false)?;
    output::tell(&format!("restored to {}", config.storage.path.display()));
    Ok(())
}
