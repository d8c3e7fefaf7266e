//! What homes take, known without a walk on each request: measured now and then, and kept up with every deed of ours in
//! between (RFC 4331, R21, R22).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use super::root::Root;
use super::{Error, Result, usage};
use crate::model::Time;

/// A measurement older than this is not told any more: other programs may have written meanwhile.
const OLDEST: TimeDelta = TimeDelta::seconds(50);
/// A home that somebody asks for is measured again after this, beside the requests.
const DUE: TimeDelta = TimeDelta::seconds(25);
/// Nobody has asked for a home this long: it is left alone.
const IDLE: TimeDelta = TimeDelta::minutes(2);
/// Nothing is refused by a measurement older than this.
const SURE: TimeDelta = TimeDelta::seconds(5);

/// The tallies of all homes.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<HashMap<Vec<u8>, Arc<Tally>>>);

/// What one home takes.
#[derive(Debug, Default)]
pub struct Tally {
    state: Mutex<State>,
    /// Held while the home is walked.
    walk: Mutex<()>,
}

/// What a home takes, and when it was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// Bytes of all files.
    pub bytes: u64,
    /// Number of files.
    pub files: u64,
    /// When it was last walked; what was done here since then is counted in.
    pub measured_at: Time,
}

#[derive(Debug, Default)]
struct State {
    known: Option<Use>,
    /// Bytes that came while the home was being walked: the walk may have seen them or not.
    during: Option<i64>,
    /// Whether something was done whose size is not known.
    unclear: bool,
    /// Bytes promised to uploads and copies under way.
    reserved: u64,
    asked_at: Option<Time>,
    /// To measure by itself, as long as somebody asks.
    root: Option<Root>,
}

impl Ledger {
    /// The tally of a home.
    #[must_use]
    pub fn tally(&self, home_key: &[u8]) -> Arc<Tally> {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match tallies.get(home_key) {
            Some(tally) => Arc::clone(tally),
            None => Arc::clone(tallies.entry(home_key.to_vec()).or_default()),
        }
    }

    /// Measures the homes that somebody has asked for lately, one after the other. Blocks.
    pub fn measure_due(&self, now: Time) {
        let tallies: Vec<_> = self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        for tally in tallies {
            if let Some(root) = tally.due(now)
                && let Err(error) = tally.measure(&root, now)
            {
                tracing::debug!(%error, "a home could not be measured");
            }
        }
    }
}

impl Tally {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known, however old.
    #[must_use]
    pub fn known(&self) -> Option<Use> {
        self.state().known
    }

    /// What the home takes; walked only where nothing, or nothing recent, is known. Blocks.
    ///
    /// # Errors
    /// The disk's, where the home itself cannot be read.
    pub fn used(&self, root: &Root, now: Time) -> Result<Use> {
        let known = {
            let mut state = self.state();
            state.asked_at = Some(now);
            state.root = Some(root.whole_home());
            state.known.filter(|known| now - known.measured_at < OLDEST)
        };
        match known {
            Some(known) => Ok(known),
            None => self.measure(root, now),
        }
    }

    /// Walks the home. Who comes while it is walked waits for that walk and takes its result. Blocks.
    ///
    /// # Errors
    /// The disk's, where the home itself cannot be read.
    pub fn measure(&self, root: &Root, now: Time) -> Result<Use> {
        let _walk = self.walk.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut state = self.state();
            if let Some(known) = state.known.filter(|known| known.measured_at >= now && !state.unclear) {
                return Ok(known);
            }
            state.during = Some(0);
            state.unclear = false;
        }
        let walked = usage(&root.whole_home());
        let mut state = self.state();
        let during = state.during.take().unwrap_or(0);
        let (bytes, files) = walked?;
        // Counted twice, perhaps; but nobody gets more than allowed, and nothing is refused before another walk.
        let bytes = bytes.saturating_add_signed(during.max(0));
        state.unclear |= during != 0;
        let known = Use { bytes, files, measured_at: now };
        state.known = Some(known);
        Ok(known)
    }

    /// Counts what a deed brought or took.
    pub fn note(&self, bytes: i64, files: i64) {
        let mut state = self.state();
        if let Some(during) = &mut state.during {
            *during += bytes;
        }
        if let Some(known) = &mut state.known {
            known.bytes = known.bytes.saturating_add_signed(bytes);
            known.files = known.files.saturating_add_signed(files);
        }
    }

    /// Something was done whose size nobody has counted, such as a tree that was removed.
    pub fn note_unknown(&self) {
        self.state().unclear = true;
    }

    /// Promises room for bytes to come.
    ///
    /// # Errors
    /// [`Error::OverQuota`].
    pub fn reserve(self: &Arc<Self>, root: &Root, quota: Option<u64>, now: Time, bytes: u64) -> Result<Reservation> {
        let root = root.whole_home();
        let mut reservation = Reservation { tally: Arc::clone(self), root, quota, held: 0 };
        reservation.cover(now, bytes)?;
        Ok(reservation)
    }

    /// The home's handle, where it is to be measured now.
    fn due(&self, now: Time) -> Option<Root> {
        let mut state = self.state();
        if state.asked_at.is_none_or(|asked| now - asked > IDLE) {
            // No handle is held on a disk that somebody may want to unmount.
            state.root = None;
        }
        let is_old = state.known.is_none_or(|known| now - known.measured_at > DUE);
        let is_walked = state.during.is_some();
        if is_old && !is_walked { state.root.clone() } else { None }
    }

    fn try_hold(&self, quota: u64, bytes: u64) -> bool {
        let mut state = self.state();
        let used = state.known.map_or(0, |known| known.bytes);
        let fits = used.saturating_add(state.reserved).saturating_add(bytes) <= quota;
        if fits {
            state.reserved += bytes;
        }
        fits
    }

    fn is_sure(&self, now: Time) -> bool {
        let state = self.state();
        !state.unclear && state.known.is_some_and(|known| now - known.measured_at < SURE)
    }
}

/// Room promised to an upload or a copy; given back when dropped, once what came is counted by [`Tally::note`].
#[derive(Debug)]
pub struct Reservation {
    tally: Arc<Tally>,
    root: Root,
    quota: Option<u64>,
    held: u64,
}

impl Reservation {
    /// Makes sure of that many bytes in all. Before it is refused, the home is measured again. Blocks.
    ///
    /// # Errors
    /// [`Error::OverQuota`]; the disk's, where nothing is known and the home cannot be read.
    pub fn cover(&mut self, now: Time, bytes: u64) -> Result<()> {
        let Some(quota) = self.quota else {
            return Ok(());
        };
        let more = bytes.saturating_sub(self.held);
        // What takes nothing more is not refused: who is over the quota may still make files smaller.
        if more == 0 {
            return Ok(());
        }
        self.tally.used(&self.root, now)?;
        let mut holds = self.tally.try_hold(quota, more);
        if !holds && !self.tally.is_sure(now) {
            self.tally.measure(&self.root, now)?;
            holds = self.tally.try_hold(quota, more);
        }
        if !holds {
            return Err(Error::OverQuota);
        }
        self.held += more;
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut state = self.tally.state();
        state.reserved = state.reserved.saturating_sub(self.held);
    }
}
