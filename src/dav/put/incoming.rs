//! Bytes on their way into a file that nobody sees yet.

use bytes::Bytes;

use super::announced::Announced;
use crate::dav::digest::{Algorithm, Hashes};
use crate::dav::error::{Error, Result};
use crate::files::{Meta, Place, Reservation, Upload};
use crate::model::Time;

/// An upload under way.
pub(super) struct Incoming {
    /// What was found at the beginning.
    pub(super) place: Place,
    pub(super) upload: Upload,
    pub(super) room: Reservation,
    hashes: Hashes,
    /// Bytes of this request so far.
    came: u64,
    /// Where in the file they go.
    first: u64,
    /// The file's size so far: for a part, at least that of the file which it is a part of.
    size: u64,
    /// Bytes that the file which is replaced gives back.
    given_back: u64,
}

impl Incoming {
    pub(super) fn new(place: Place, upload: Upload, room: Reservation, announced: &Announced, first: u64) -> Self {
        let old = place.meta().map_or(0, |meta| meta.size);
        let size = if announced.part.is_some() { old } else { 0 };
        let hashes = announced.digests.hashes(announced.part.is_none());
        Self { place, upload, room, hashes, came: 0, first, size, given_back: old }
    }

    /// Takes the next bytes, as far as there is room for them.
    pub(super) fn write(&mut self, now: Time, pieces: &[Bytes]) -> Result<()> {
        let more: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
        self.came += more;
        self.size = self.size.max(self.first.saturating_add(self.came));
        self.room.cover(now, self.size.saturating_sub(self.given_back))?;
        for piece in pieces {
            self.upload.write(piece)?;
            self.hashes.update(piece);
        }
        Ok(())
    }

    /// Compares what came with what was announced; gives the digests of the whole file that are known then.
    pub(super) fn check(&mut self, announced: &Announced) -> Result<Vec<(Algorithm, Vec<u8>)>> {
        announced.check(self.came)?;
        let is_whole = announced.part.is_none();
        let computed = announced.digests.check(std::mem::take(&mut self.hashes), is_whole)?;
        if is_whole {
            return Ok(computed);
        }
        let mut hashes = announced.digests.hashes_of_whole();
        if !hashes.is_empty() {
            self.upload.read_back(|bytes| hashes.update(bytes))?;
        }
        announced.digests.check_whole(hashes)
    }

    /// Looks once more at what is replaced: a part belongs to the very file that it was laid into, and the room has to
    /// do for what stands there now.
    pub(super) fn check_replaced(&mut self, announced: &Announced, old: Option<&Meta>) -> Result<()> {
        if announced.part.is_some() && old.map(Meta::etag) != self.place.meta().map(Meta::etag) {
            return Err(Error::Files(crate::files::Error::Changed));
        }
        let given_back = old.map_or(0, |meta| meta.size);
        Ok(self.room.cover_as_known(self.size.saturating_sub(given_back))?)
    }

    /// Bytes of the file.
    pub(super) fn size(&self) -> u64 {
        self.size
    }
}
