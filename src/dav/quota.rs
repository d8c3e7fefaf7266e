//! How much a person's files may take (RFC 4331): room is promised before bytes come, and every deed is counted.

use std::sync::Arc;

use super::Inner;
use super::error::Result;
use super::request::DavRequest;
use crate::files::{Kind, Meta, Place, Reservation, Root, Tally};
use crate::model::{Time, User};

/// What a home takes, and how much more it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    /// Bytes of all files.
    pub(super) used: u64,
    /// Bytes that may still come: by the person's quota and by the disk, whichever is less.
    pub(super) available: u64,
}

impl Quota {
    /// Looks it up; walks the home only where nothing recent is known.
    pub(super) fn of(inner: &Inner, person: &User, root: &Root, now: Time) -> Result<Self> {
        let used = tally(inner, root.home_key()).used(root, now)?.bytes;
        let free = root.free_space()?;
        let available = person.quota.map_or(free, |quota| quota.saturating_sub(used).min(free));
        Ok(Self { used, available })
    }
}

/// The tally of a home.
pub(super) fn tally(inner: &Inner, home_key: &[u8]) -> Arc<Tally> {
    inner.storage.homes().ledger().tally(home_key)
}

/// Promises room for bytes to come to the request's home.
///
/// # Errors
/// [`crate::files::Error::OverQuota`].
pub(super) fn reserve(request: &DavRequest<'_>, root: &Root, bytes: u64) -> Result<Reservation> {
    let tally = tally(request.inner(), root.home_key());
    Ok(tally.reserve(root, request.principal.user().quota, request.now, bytes)?)
}

/// Counts what a deed brought, and what it took away: what stood at the place before, where that is known in bytes.
pub(super) fn note(inner: &Inner, place: &Place, came: (u64, u64), gone: Option<&Meta>) {
    let tally = tally(inner, place.home_key());
    let (bytes, files) = match gone {
        Some(meta) if meta.kind == Kind::Folder => {
            tally.note_unknown();
            (0, 0)
        }
        Some(meta) if meta.kind == Kind::File => (meta.size, 1),
        _ => (0, 0),
    };
    let signed = |came: u64, gone: u64| came.cast_signed().saturating_sub(gone.cast_signed());
    tally.note(signed(came.0, bytes), signed(came.1, files));
}
