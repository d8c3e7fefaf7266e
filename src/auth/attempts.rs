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
    /// So many wrong attempts are taken within the window.
    pub(super) fn new(most: usize, window: Duration) -> Self {
        Self { most, window, hasher: RandomState::new(), failures: Mutex::new(LruCache::unbounded()) }
    }

    /// How long to wait still; `None` where another attempt may be made.
    pub(super) fn over(&self, against: &impl Hash, now: Time) -> Option<Duration> {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let times = failures.get_mut(&self.hasher.hash_one(against))?;
        let window = seconds(self.window.as_secs());
        while times.front().is_some_and(|&at| at + window <= now) {
            times.pop_front();
        }
        let first = times.front().filter(|_| times.len() >= self.most)?;
        Some((*first + window - now).to_std().unwrap_or_default().max(Duration::from_secs(1)))
    }

    /// Counts a wrong attempt.
    pub(super) fn failed(&self, against: &impl Hash, now: Time) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let times = failures.get_or_insert_mut(self.hasher.hash_one(against), VecDeque::new);
        if times.len() >= self.most {
            times.pop_front();
        }
        times.push_back(now);
        while failures.len() > MOST {
            failures.pop_lru();
        }
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
            assert_eq!(attempts.over(&"alice", at(second)), None);
            attempts.failed(&"alice", at(second));
        }
        assert_eq!(attempts.over(&"alice", at(10)).map(|wait| wait.as_secs()), Some(290));
        assert_eq!(attempts.over(&"bob", at(10)), None);
        assert_eq!(attempts.over(&"alice", at(300)), None);
        attempts.failed(&"alice", at(300));
        attempts.forget(&"alice");
        for second in 301..303 {
            attempts.failed(&"alice", at(second));
        }
        assert_eq!(attempts.over(&"alice", at(303)), None);
    }
}
