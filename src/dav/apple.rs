//! `.DS_Store` and `._*`, which macOS lays beside other files (R11): kept like any file, or, by a setting, neither taken
//! nor listed. What is there from before can still be read and deleted by its name.

use super::Inner;
use super::error::{Error, Result};
use crate::files::Place;

impl Inner {
    /// Whether a member of this name is left out of listings.
    pub(super) fn hides(&self, name: &[u8]) -> bool {
        self.config.apple_files.hides(name)
    }

    /// Refuses to make or replace such a file.
    pub(super) fn refuse_apple_file(&self, place: &Place) -> Result<()> {
        if self.hides(place.path().name()) {
            return Err(Error::Forbidden(
                "files that macOS lays beside others (.DS_Store and ._*) are not taken here: a setting of this server",
            ));
        }
        Ok(())
    }
}
