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
}

impl SyncTokens {
    /// Looks at a folder and all beneath it. It must be done before anything is listed: who begins with a listing and
    /// goes on with the token is then told what changed between.
    pub(in crate::dav) fn look(dav: &Dav, found: &Found, now: Time) -> Result<Self> {
        let target = Target::new(found).ok_or_else(|| Error::Internal("a place beyond its root".to_owned()))?;
        let tree = target.look(&dav.0, true, now)?;
        Ok(Self { tree, top: found.root.key(), looked_at: found.place.key() })
    }

    /// The token of a folder by its key; `None` where it was not looked at, as where a link leads elsewhere.
    pub(in crate::dav) fn of(&self, dav: &Dav, key: &[u8]) -> Result<Option<String>> {
        let folder = beneath(&self.looked_at, key).and_then(|_| beneath(&self.top, key));
        let Some(folder) = folder else {
            return Ok(None);
        };
        let up_to = self.tree.newest(&dav.0, folder)?;
        let token = Token::make(&dav.0.store, &self.tree, &Collection::new(&self.top, folder), up_to)?;
        Ok(Some(token.to_string()))
    }
}
