//! How many connections there may be, in all and from one network.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::auth::ClientNetwork;

/// Counts connections.
#[derive(Debug, Clone)]
pub(super) struct Limits(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    most: usize,
    most_each: usize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    each: HashMap<ClientNetwork, usize>,
}

/// A connection that counts until it is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    limits: Limits,
    network: Option<ClientNetwork>,
}

impl Limits {
    pub(super) fn new(most: usize, most_each: usize) -> Self {
        Self(Arc::new(Inner { most, most_each, counts: Mutex::default() }))
    }

    /// Counts a connection; `None` where it is one too many. A trusted proxy's connections are many clients': they
    /// count in all only (`network` is absent).
    pub(super) fn enter(&self, network: Option<ClientNetwork>) -> Option<Counted> {
        let mut counts = self.lock();
        if counts.all >= self.0.most {
            return None;
        }
        if let Some(network) = network {
            let count = counts.each.entry(network).or_default();
            if *count >= self.0.most_each {
                return None;
            }
            *count += 1;
        }
        counts.all += 1;
        drop(counts);
        Some(Counted { limits: self.clone(), network })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.limits.lock();
        counts.all = counts.all.saturating_sub(1);
        if let Some(network) = self.network
            && let Some(count) = counts.each.get_mut(&network)
        {
            *count -= 1;
            if *count == 0 {
                counts.each.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_and_given_back() {
        let limits = Limits::new(3, 2);
        let net = |last: u8| Some(ClientNetwork::of([192, 0, 2, last].into()));
        let one = limits.enter(net(1)).expect("free");
        let _two = limits.enter(net(1)).expect("free");
        assert!(limits.enter(net(1)).is_none(), "one network has its share");
        let _three = limits.enter(net(2)).expect("another has its own");
        assert!(limits.enter(net(3)).is_none(), "all are taken");
        drop(one);
        assert!(limits.enter(None).is_some());
    }
}
