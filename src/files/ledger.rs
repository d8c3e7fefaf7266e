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
        let Some(reserved) = state.reserved.checked_add(bytes) else {
            return false;
        };
        let fits = used.checked_add(reserved).is_some_and(|together| together <= quota);
        if fits {
            state.reserved = reserved;
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

    /// The same without a walk, for moments at which others wait: what is known has to do.
    ///
    /// # Errors
    /// [`Error::OverQuota`]
    pub fn cover_as_known(&mut self, bytes: u64) -> Result<()> {
        let more = bytes.saturating_sub(self.held);
        match self.quota {
            Some(quota) if more > 0 && !self.tally.try_hold(quota, more) => Err(Error::OverQuota),
            Some(_) => {
                self.held += more;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut state = self.tally.state();
        state.reserved = state.reserved.saturating_sub(self.held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{NewHome, Storage};
    use crate::model::UserName;

    /// A home with one file of 100 bytes, and a time that is moved by hand.
    struct Scene {
        folder: tempfile::TempDir,
        root: Root,
        tally: Arc<Tally>,
        now: Time,
    }

    impl Scene {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a folder");
            let homes = Storage::open(&folder.path().join("storage"), false).expect("a storage").into_homes();
            let home = homes.make(&UserName::parse("alice").expect("a name"), &NewHome::New).expect("made");
            let root = homes.open(&home).expect("opened");
            let tally = homes.ledger().tally(root.home_key());
            let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
            let scene = Self { folder, root, tally, now };
            scene.write("one", 100);
            scene
        }

        /// As another program does it: nobody is told.
        fn write(&self, name: &str, bytes: usize) {
            std::fs::write(self.folder.path().join("storage/files/alice").join(name), vec![0; bytes]).expect("written");
        }

        fn used(&self) -> u64 {
            self.tally.used(&self.root, self.now).expect("measured").bytes
        }

        fn reserve(&self, quota: u64, bytes: u64) -> Result<Reservation> {
            self.tally.reserve(&self.root, Some(quota), self.now, bytes)
        }

        fn pass(&mut self, seconds: i64) {
            self.now += TimeDelta::seconds(seconds);
        }
    }

    #[test]
    fn deeds_are_counted_and_others_are_seen_within_a_minute() {
        let mut scene = Scene::new();
        assert_eq!(scene.used(), 100);
        scene.tally.note(50, 1);
        scene.tally.note(-20, 0);
        assert_eq!((scene.used(), scene.tally.known().map(|known| known.files)), (130, Some(2)));
        scene.write("two", 1000);
        scene.pass(49);
        assert_eq!(scene.used(), 130);
        scene.pass(2);
        assert_eq!(scene.used(), 1100, "what is on the disk, not what was noted");
    }

    #[test]
    fn room_is_held_while_it_is_needed() {
        let scene = Scene::new();
        let mut first = scene.reserve(1000, 600).expect("there is room");
        assert!(matches!(scene.reserve(1000, 301), Err(Error::OverQuota)));
        let second = scene.reserve(1000, 300).expect("the rest");
        assert!(matches!(first.cover(scene.now, 601), Err(Error::OverQuota)));
        drop(second);
        first.cover(scene.now, 900).expect("what was given back");
        first.cover(scene.now, 1).expect("less is held already");
        assert!(scene.reserve(1000, 1).is_err() && scene.reserve(1000, 0).is_ok());
        assert!(first.cover_as_known(900).is_ok() && first.cover_as_known(901).is_err());
        drop(first);
        assert!(scene.reserve(1000, 900).is_ok());
        assert!(scene.tally.reserve(&scene.root, None, scene.now, u64::MAX).is_ok(), "without a quota nothing is held");
        assert!(scene.reserve(u64::MAX, u64::MAX).is_err(), "numbers do not run over");
    }

    #[test]
    fn nothing_is_refused_by_an_old_measurement() {
        let mut scene = Scene::new();
        assert!(scene.reserve(100, 1).is_err());
        std::fs::remove_file(scene.folder.path().join("storage/files/alice/one")).expect("removed");
        assert!(scene.reserve(100, 1).is_err(), "it was measured a moment ago");
        scene.pass(6);
        assert!(scene.reserve(100, 100).is_ok());
        // A tree was removed here, and nobody has counted it.
        scene.write("two", 100);
        scene.tally.note(100, 1);
        assert!(scene.reserve(100, 1).is_err());
        std::fs::remove_file(scene.folder.path().join("storage/files/alice/two")).expect("removed");
        scene.tally.note_unknown();
        scene.pass(1);
        assert!(scene.reserve(100, 100).is_ok());
    }

    #[test]
    fn a_home_is_measured_by_itself_only_while_somebody_asks() {
        let mut scene = Scene::new();
        assert!(scene.tally.due(scene.now).is_none(), "nobody has asked");
        scene.used();
        assert!(scene.tally.due(scene.now).is_none(), "that was now");
        scene.pass(26);
        assert!(scene.tally.due(scene.now).is_some());
        scene.tally.state().during = Some(0);
        assert!(scene.tally.due(scene.now).is_none(), "it is being walked");
        scene.tally.state().during = None;
        scene.pass(120);
        assert!(scene.tally.due(scene.now).is_none() && scene.tally.state().root.is_none());
    }

    /// What comes while the home is walked may have been seen or not: it is counted rather than forgotten.
    #[test]
    fn what_comes_during_a_walk_is_not_lost() {
        let scene = Scene::new();
        scene.used();
        scene.tally.state().during = Some(0);
        scene.tally.note(70, 1);
        assert_eq!(scene.tally.state().during, Some(70));
        assert_eq!(scene.tally.known().map(|known| known.bytes), Some(170));
    }
}
