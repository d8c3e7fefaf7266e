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
    hasher: RandomState,
    failures: Mutex<LruCache<u64, VecDeque<Time>>>,
}

impl Attempts {
    /// So many attempts that were not right are taken within the window.
    pub(super) fn new(most: usize, window: Duration) -> Self {
        Self { most, window, hasher: RandomState::new(), failures: Mutex::new(LruCache::unbounded()) }
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
        times.retain(|&at| at <= now && now < at + window);
        if let Some(first) = times.front().filter(|_| times.len() >= self.most) {
            return Err((*first + window - now).to_std().unwrap_or_default().max(Duration::from_secs(1)));
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
}
