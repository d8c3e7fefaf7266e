//! A person's folders, offered where something is moved.

use std::collections::VecDeque;

use crate::config::AppleFiles;
use crate::files::{self, Listing, Path};
use crate::model::Home;
use crate::web::error::Error;
use crate::web::{Web, off_thread};

/// How many folders are offered, and how many entries are looked at for them.
const MOST_FOLDERS: usize = 300;
const MOST_ENTRIES: usize = 20_000;

/// The person's folders, those near the top first, as a person writes them. A name that is not UTF-8 cannot be
/// written, so such a folder is not offered.
pub(super) async fn all(web: &Web, home: &Home) -> Result<Vec<String>, Error> {
    let (web, home) = (web.clone(), home.clone());
    off_thread(move || {
        let root = web.0.storage.homes().open(&home)?;
        let top = Listing::open(&root.find(&Path::root(), true)?, &root)?;
        Ok::<_, files::Error>(walk(&top, web.0.apple_files))
    })
    .await
}

fn walk(top: &Listing, apple_files: AppleFiles) -> Vec<String> {
    let mut found = vec!["/".to_owned()];
    let mut entries = 0;
    let mut waiting = VecDeque::from([top.path().clone()]);
    while let Some(path) = waiting.pop_front() {
        let Ok(mut listing) = top.open_member(&path) else {
            continue;
        };
        while let Some(entry) = listing.next_entry() {
            entries += 1;
            if entries > MOST_ENTRIES || found.len() >= MOST_FOLDERS {
                found.sort_by_key(|path| path.to_lowercase());
                return found;
            }
            if apple_files.hides(&entry.name) {
                continue;
            }
            let path = path.join(&entry.name);
            if entry.meta.is_folder() && !entry.linked && std::str::from_utf8(path.as_bytes()).is_ok() {
                found.push(path.to_plain());
                waiting.push_back(path);
            }
        }
    }
    found.sort_by_key(|path| path.to_lowercase());
    found
}

/// Whether a path is that of a folder.
pub(super) async fn is_folder(web: &Web, home: &Home, path: &Path) -> Result<bool, Error> {
    let (web, home, path) = (web.clone(), home.clone(), path.clone());
    off_thread(move || match web.0.storage.homes().open(&home)?.find(&path, true) {
        Ok(place) => Ok(place.meta().is_some_and(files::Meta::is_folder)),
        Err(files::Error::NoParent | files::Error::NotFound) => Ok(false),
        Err(other) => Err(other),
    })
    .await
}
