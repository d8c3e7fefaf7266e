//! `latchkey backup` and `latchkey restore`

use std::path::Path;

use super::user::shown_home;
use super::{Common, Failure, output};
use crate::clock::Clock;
use crate::files::{archive, raise_descriptor_limit, remove_snapshot, restore as unpack, snapshot_path};
use crate::model::Home;
use crate::server::App;

/// Writes database, homes in the storage and keys to one file, also while the server runs.
pub(super) fn backup(common: &Common, file: &Path) -> Result<(), Failure> {
    // One handle is held for each folder on the way down.
    raise_descriptor_limit();
    let app = common.open()?;
    let snapshot = snapshot_path(&app.storage).map_err(Failure::new)?;
    let copied = app.store.copy_to(&snapshot).map_err(Failure::new);
    let mut left_out: u64 = 0;
    let mut tell = |name: &str, reason: &str| {
        left_out += 1;
        output::tell(&format!("left out: {name}: {reason}"));
    };
    let written = copied.and_then(|()| archive(&app.storage, &snapshot, file, &mut tell).map_err(Failure::new));
    let removed = remove_snapshot(&snapshot).map_err(Failure::new);
    written?;
    removed?;
    for user in app.auth.users()? {
        if let Home::Outside(_) = user.home {
            output::tell(&format!("not in it: the files of {} in {}", user.name, shown_home(&user.home)));
        }
    }
    output::tell(&format!("written to {}", file.display()));
    match left_out {
        0 => Ok(()),
        1 => Err(Failure::new("1 entry was left out, see above")),
        more => Err(Failure::new(format!("{more} entries were left out, see above"))),
    }
}

/// Unpacks a backup into the configured storage folder, which must not hold anything yet.
pub(super) fn restore(common: &Common, file: &Path) -> Result<(), Failure> {
    raise_descriptor_limit();
    let config = common.load(None)?;
    // Opening it checks that the database is one, and brings its schema up to date.
    let check = |part: &Path| {
        let mut config = config.clone();
        config.storage.path = part.to_path_buf();
        App::open(&config, Clock::system(), false).map(drop).map_err(|error| format!("it cannot be used: {error}"))
    };
    let storage = unpack(file, &config.storage.path, check).map_err(Failure::new)?;
    output::tell(&format!("restored to {}", storage.display()));
    Ok(())
}
