//! Counts wrong attempts against one thing (an account, a browser, a second factor) and says when enough is enough.
//!
//! What is counted against is a fingerprint, so an unknown name is counted like a known one (S8). Bounded memory, and
//! nothing else is needed (S11).

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;

use crate::clock::seconds;
use crate::model::Time;

/// Things remembered; the least recently failing goes first.
const MOST: usize = 50_000;

/// Counts wrong attempts.
#[derive(Debug)]
pub(super) struct Attempts {
    most: usize,
    window: Duration,
    /// Whether all attempts count until none was made for the whole window, and not each for itself.
    is_chained: bool,
    hasher: RandomState,
    failures: Mutex<LruCache<u64, VecDeque<Time>>>,
}

impl Attempts {
    /// So many attempts that were not right are taken within the window.
    pub(super) fn new(most: usize, window: Duration) -> Self {
        Self {
            most,
            window,
            is_chained: false,
            hasher: RandomState::new(),
            failures: Mutex::new(LruCache::unbounded()),
        }
    }

    /// The same, where attempts are forgotten only once none was made for the whole window: as Active Directory and others
    /// count wrong passwords, which fall back to none that long after the last one (MS-ADA1 `lockOutObservationWindow`).
    pub(super) fn chained(most: usize, window: Duration) -> Self {
        Self { is_chained: true, ..Self::new(most, window) }
    }

    /// Counts an attempt before it is made, so that many at the same time are not more than the limit.
    ///
    /// # Errors
    /// How long to wait before another one.
    pub(super) fn begin(&self, against: &impl Hash, now: Time) -> Result<(), Duration> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let times = failures.get_or_insert_mut(self.hasher.hash_one(against), VecDeque::new);
        let window = seconds(self.window.as_secs());
        // A time to come is of a clock that was wrong then.
        let last = times.back().copied().filter(|last| self.is_chained && *last <= now && now < *last + window);
        times.retain(|&at| at <= now && (last.is_some() || now < at + window));
        if let Some(over) = last.or_else(|| times.front().copied()).filter(|_| times.len() >= self.most) {
            return Err((over + window - now).to_std().unwrap_or_default().max(Duration::from_secs(1)));
        }
        times.push_back(now);
        while failures.len() > MOST {
            failures.pop_lru();
        }
        Ok(())
    }

    /// Forgets the wrong attempts, as after a right one.
    pub(super) fn forget(&self, against: &impl Hash) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).pop(&self.hasher.hash_one(against));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_millis;

    #[test]
    fn enough_is_enough_until_the_window_has_moved_on() {
        let attempts = Attempts::new(3, Duration::from_mins(5));
        let at = |second: i64| from_millis(second * 1000);
        for second in 0..3 {
            assert_eq!(attempts.begin(&"alice", at(second)), Ok(()));
        }
        assert_eq!(attempts.begin(&"alice", at(10)), Err(Duration::from_secs(290)));
        assert_eq!(attempts.begin(&"bob", at(10)), Ok(()));
        assert_eq!(attempts.begin(&"alice", at(300)), Ok(()), "the first is five minutes old");
        assert!(attempts.begin(&"alice", at(300)).is_err());
        attempts.forget(&"alice");
        assert_eq!(attempts.begin(&"alice", at(301)), Ok(()));
        assert_eq!(attempts.begin(&"alice", at(0)), Ok(()), "what a wrong clock has counted counts no more");
    }

    #[test]
    fn spaced_attempts_are_chained_where_a_directory_counts_them_so() {
        let attempts = Attempts::chained(3, Duration::from_mins(30));
        let at = |minute: i64| from_millis(minute * 60_000);
        for minute in [0, 10, 20] {
            assert_eq!(attempts.begin(&"alice", at(minute)), Ok(()));
        }
        for minute in [30, 40, 49] {
            assert!(attempts.begin(&"alice", at(minute)).is_err(), "the last was less than the window ago");
        }
        assert_eq!(attempts.begin(&"alice", at(50)), Ok(()), "the directory has forgotten them, too");
        assert_eq!(attempts.begin(&"alice", at(79)), Ok(()));
        assert_eq!(attempts.begin(&"alice", at(100)), Ok(()));
        assert_eq!(attempts.begin(&"alice", at(105)), Err(Duration::from_mins(25)));
    }
}
