//! What a member is found as: two looks that find the same text have found nothing changed.

use sha2::{Digest, Sha256};

use super::token::hex;
use crate::dav::error::Result;
use crate::files::Entry;
use crate::store::Store;
use crate::store::property;
use crate::store::sync::Position;

/// What a member is found as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) text: String,
    pub(super) is_folder: bool,
    /// Whether what is in it belongs to the tree: a folder that is no link.
    pub(super) is_walked: bool,
}

impl State {
    /// The entity tag. A file that was moved away and put back, or came back from a backup, is what it was.
    ///
    /// What is reached by a link has its place and its properties in the text as well: the link may lead elsewhere
    /// now, and a property is set by another address.
    pub(super) fn of(store: &Store, entry: &Entry) -> Result<Self> {
        let mut text = entry.meta.etag();
        if entry.linked {
            let mut hash = Sha256::new().chain_update(&entry.key);
            for own in store.read(|c| property::of(c, &entry.key))? {
                for part in [&own.namespace, &own.name, &own.element] {
                    hash = hash.chain_update([0]).chain_update(part);
                }
            }
            let digest = hash.finalize();
            text.push(' ');
            text.push_str(&hex(digest.get(..8).unwrap_or_default()));
        }
        let is_folder = entry.meta.is_folder();
        Ok(Self { text, is_folder, is_walked: is_folder && !entry.linked })
    }
}

/// A path's folder and name.
pub(super) fn split(path: &[u8]) -> Position {
    match path.iter().rposition(|&byte| byte == b'/') {
        None => Position { folder: Vec::new(), name: path.to_vec() },
        Some(cut) => Position {
            folder: path.get(..cut).unwrap_or_default().to_vec(),
            name: path.get(cut + 1..).unwrap_or_default().to_vec(),
        },
    }
}

/// A folder's path and a name in it.
pub(super) fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}
