//! Slows who guesses, and nobody else (R20).
//!
//! Failures are counted per client network, the same wrong credential once. Over the limit, what fails the cheap
//! checks is refused; what passes them (live selector, its owner's name) still gets its computation, few at a time
//! and few failures a minute. A remembered credential never comes here. Nothing sleeps, and nothing is kept but in
//! this process's bounded memory (S11).

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;

use super::network::ClientNetwork;
use crate::clock::seconds;
use crate::config::ThrottleConfig;
use crate::model::Time;

/// Networks remembered; the least recently failing goes first.
const MOST_NETWORKS: usize = 50_000;
/// Computations at a time for a network that is over its limit.
const AT_ONCE: usize = 2;
/// Computations waiting or under way for a network that is not.
const WAITING_EACH: usize = 64;
/// Failed computations a minute for one selector from a network that is over its limit.
const FAILURES_PER_SELECTOR: usize = 5;
/// Credentials waiting for a computation, in the whole process.
const MOST_WAITING: usize = 256;

/// Counts failures.
#[derive(Debug)]
pub struct Throttle {
    config: ThrottleConfig,
    hasher: RandomState,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    networks: LruCache<ClientNetwork, Network>,
    waiting: usize,
}

#[derive(Debug, Default)]
struct Network {
    /// When, and the fingerprint of the wrong credential.
    failures: VecDeque<(Time, u64)>,
    /// When, and the fingerprint of the selector, for failed computations.
    computed: VecDeque<(Time, u64)>,
    computing: usize,
}

/// Leave to compute; given back when dropped.
#[derive(Debug)]
pub(super) struct Permit {
    state: Arc<Mutex<State>>,
    network: ClientNetwork,
}

impl Throttle {
    pub(super) fn new(config: ThrottleConfig) -> Self {
        let state = Arc::new(Mutex::new(State { networks: LruCache::unbounded(), waiting: 0 }));
        Self { config, hasher: RandomState::new(), state }
    }

    /// Counts a wrong credential. `Some` says that the network is over its limit, and for how long still.
    pub(super) fn failed(
        &self,
        network: ClientNetwork,
        credential: &impl std::hash::Hash,
        now: Time,
    ) -> Option<Duration> {
        let fingerprint = self.hasher.hash_one(credential);
        let mut state = lock(&self.state);
        let entry = state.networks.get_or_insert_mut(network, Network::default);
        forget_before(&mut entry.failures, now, self.config.window);
        let known = entry.failures.iter().any(|&(_, seen)| seen == fingerprint);
        let over = entry.failures.len() >= self.config.failures;
        if !known && !over {
            entry.failures.push_back((now, fingerprint));
        }
        let wait = (over && !known).then(|| self.wait(entry, now));
        while state.networks.len() > MOST_NETWORKS {
            state.networks.pop_lru();
        }
        wait
    }

    /// How long a network over its limit still has to wait; `None` where it is not.
    pub(super) fn over(&self, network: ClientNetwork, now: Time) -> Option<Duration> {
        let mut state = lock(&self.state);
        let entry = state.networks.get_mut(&network)?;
        forget_before(&mut entry.failures, now, self.config.window);
        (entry.failures.len() >= self.config.failures).then(|| self.wait(entry, now))
    }

    /// Leave to compute for a live selector whose owner's name was right.
    ///
    /// # Errors
    /// The time after which to try again.
    pub(super) fn permit(&self, network: ClientNetwork, selector: &str, now: Time) -> Result<Permit, Duration> {
        let over = self.over(network, now).is_some();
        let fingerprint = self.hasher.hash_one(selector);
        let mut state = lock(&self.state);
        if state.waiting >= MOST_WAITING {
            return Err(Duration::from_secs(2));
        }
        let entry = state.networks.get_or_insert_mut(network, Network::default);
        forget_before(&mut entry.computed, now, Duration::from_mins(1));
        let failures = entry.computed.iter().filter(|&&(_, seen)| seen == fingerprint).count();
        if over && failures >= FAILURES_PER_SELECTOR {
            return Err(Duration::from_mins(1));
        }
        if entry.computing >= if over { AT_ONCE } else { WAITING_EACH } {
            return Err(Duration::from_secs(1));
        }
        entry.computing += 1;
        state.waiting += 1;
        Ok(Permit { state: Arc::clone(&self.state), network })
    }

    /// Counts a computation that found the secret wrong.
    pub(super) fn computed_wrong(&self, network: ClientNetwork, selector: &str, now: Time) {
        let fingerprint = self.hasher.hash_one(selector);
        let mut state = lock(&self.state);
        let entry = state.networks.get_or_insert_mut(network, Network::default);
        if entry.computed.len() >= self.config.failures.max(64) {
            entry.computed.pop_front();
        }
        entry.computed.push_back((now, fingerprint));
    }

    /// Until the oldest failure leaves the window.
    fn wait(&self, entry: &Network, now: Time) -> Duration {
        let oldest = entry.failures.front().map_or(now, |&(at, _)| at);
        let end = oldest + seconds(self.config.window.as_secs());
        (end - now).to_std().unwrap_or_default().max(Duration::from_secs(1))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.waiting = state.waiting.saturating_sub(1);
        if let Some(entry) = state.networks.peek_mut(&self.network) {
            entry.computing = entry.computing.saturating_sub(1);
        }
    }
}

fn forget_before(events: &mut VecDeque<(Time, u64)>, now: Time, window: Duration) {
    let start = now - seconds(window.as_secs());
    while events.front().is_some_and(|&(at, _)| at <= start) {
        events.pop_front();
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_millis;

    fn throttle() -> Throttle {
        Throttle::new(ThrottleConfig { failures: 3, window: Duration::from_mins(5) })
    }

    fn net(last: u8) -> ClientNetwork {
        ClientNetwork::of([192, 0, 2, last].into())
    }

    fn at(second: i64) -> Time {
        from_millis(second * 1000)
    }

    #[test]
    fn different_wrong_credentials_count_the_same_one_once() {
        let throttle = throttle();
        for second in 0..100 {
            assert_eq!(throttle.failed(net(1), &"stale", at(second)), None);
        }
        assert_eq!(throttle.failed(net(1), &"b", at(100)), None);
        assert_eq!(throttle.failed(net(1), &"c", at(101)), None);
        let wait = throttle.failed(net(1), &"d", at(102)).expect("over the limit");
        assert_eq!(wait.as_secs(), 198, "until the first failure is five minutes old");
        assert_eq!(throttle.failed(net(1), &"stale", at(102)), None, "the stale client gets its 401, not 429");
        assert_eq!(throttle.failed(net(2), &"d", at(102)), None, "a neighbour is not slowed");
        assert_eq!(throttle.failed(net(1), &"d", at(301)), None, "the window has moved on");
    }

    #[test]
    fn over_the_limit_few_compute_at_a_time_and_few_fail() {
        let throttle = throttle();
        let under: Vec<Permit> = (0..50).map(|_| throttle.permit(net(1), "sel", at(0)).expect("free")).collect();
        drop(under);
        for wrong in ["a", "b", "c"] {
            throttle.failed(net(1), &wrong, at(0));
        }
        let first = throttle.permit(net(1), "sel", at(1)).expect("one");
        let second = throttle.permit(net(1), "sel", at(1)).expect("two");
        assert!(throttle.permit(net(1), "sel", at(1)).is_err(), "not a third at a time");
        assert!(throttle.permit(net(2), "sel", at(1)).is_ok(), "another network is free");
        drop((first, second));
        for _ in 0..FAILURES_PER_SELECTOR {
            throttle.computed_wrong(net(1), "sel", at(2));
        }
        assert!(throttle.permit(net(1), "sel", at(3)).is_err());
        assert!(throttle.permit(net(1), "other", at(3)).is_ok(), "a neighbour's password is not shut out");
        assert!(throttle.permit(net(1), "sel", at(63)).is_ok());
    }

    #[test]
    fn one_network_does_not_fill_the_queue() {
        let throttle = throttle();
        let held: Vec<_> = (0..WAITING_EACH).map(|_| throttle.permit(net(1), "sel", at(0)).expect("free")).collect();
        assert!(throttle.permit(net(1), "sel", at(0)).is_err());
        assert!(throttle.permit(net(2), "sel", at(0)).is_ok(), "another network has its own share");
        drop(held);
        assert!(throttle.permit(net(1), "sel", at(0)).is_ok());
    }

    #[test]
    fn the_queue_is_bounded() {
        let throttle = throttle();
        let all: Vec<_> = (0..=255).map(|last| throttle.permit(net(last), "sel", at(0))).collect();
        assert!(all.iter().all(Result::is_ok));
        assert!(throttle.permit(net(0), "sel", at(0)).is_err());
        drop(all);
        assert!(throttle.permit(net(0), "sel", at(0)).is_ok());
    }
}
