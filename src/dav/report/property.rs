//! The property `sync-token` (RFC 6578 §4): the token that a report would give.

use super::token::{Collection, Token};
use super::tree::{Target, Tree, beneath};
use crate::dav::Dav;
use crate::dav::error::{Error, Result};
use crate::dav::view::Found;
use crate::model::Time;

/// Tells the tokens of a folder and those beneath it.
pub(in crate::dav) struct SyncTokens {
    tree: Tree,
    top: Vec<u8>,
    /// Key of the folder that was looked at with all beneath.
    looked_at: Vec<u8>,
    /// Its token.
    own: String,
}

impl SyncTokens {
    /// Looks at a folder and all beneath it. It must be done before anything is listed: who begins with a listing and
    /// goes on with the token is then told what changed between.
    pub(in crate::dav) fn look(dav: &Dav, found: &Found, now: Time) -> Result<Self> {
        let target = Target::new(found).ok_or_else(|| Error::Internal("a place beyond its root".to_owned()))?;
        let tree = target.look(&dav.0, true, now)?;
        let (top, looked_at) = (found.root.key(), found.place.key());
        let own = token(dav, &tree, &top, &target.folder)?;
        Ok(Self { tree, top, looked_at, own })
    }

    /// The token of the folder that was asked for, or of a member of it by its name and key. `None` for what is deeper,
    /// and where a link leads elsewhere: each token costs a pass over all that is known beneath.
    pub(in crate::dav) fn of(&self, dav: &Dav, name: &[u8], key: &[u8]) -> Result<Option<String>> {
        match beneath(&self.looked_at, key) {
            Some([]) => Ok(Some(self.own.clone())),
            Some(member) if member == name => {
                let folder = beneath(&self.top, key);
                folder.map(|folder| token(dav, &self.tree, &self.top, folder)).transpose()
            }
            _ => Ok(None),
        }
    }
}

fn token(dav: &Dav, tree: &Tree, top: &[u8], folder: &[u8]) -> Result<String> {
    let up_to = tree.newest(&dav.0, folder)?;
    Ok(Token::make(&dav.0.store, tree, &Collection::new(top, folder), up_to)?.to_string())
}
