//! What people's files take: measured beside the requests, the last result kept.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;

use super::{Auth, Result};
use crate::model::{Usage, User};
use crate::store;

/// A measurement is taken again after this.
const FRESH: TimeDelta = TimeDelta::minutes(1);
/// The slow round leaves those alone that were measured within this.
const RECENT: TimeDelta = TimeDelta::minutes(30);
/// Measurements at a time: each reads folders as fast as the disk gives them.
const AT_ONCE: usize = 2;
/// How long a page waits where nothing is known yet; a test on a busy machine, until it is.
const PATIENCE: Duration = Duration::from_millis(if cfg!(test) { 10_000 } else { 30 });

/// Accounts whose homes are being measured.
#[derive(Debug, Default)]
pub(super) struct Measuring(Mutex<HashSet<i64>>);

/// The right to measure a home.
struct Turn {
    auth: Auth,
    user: User,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.auth.measuring().remove(&self.user.id);
    }
}

impl Turn {
    /// Walks the home and keeps the result. A home that cannot be read keeps the one it had.
    fn measure(self) -> Option<Usage> {
        let auth = &self.auth;
        let homes = auth.0.storage.homes();
        let now = auth.0.clock.now_in_millis();
        let measured =
            homes.open(&self.user.home).and_then(|root| homes.ledger().tally(root.home_key()).measure(&root, now));
        let measured = measured.map_err(super::Error::from).and_then(|measured| {
            let usage = Usage { bytes: measured.bytes, files: measured.files, measured_at: now };
            auth.0.store.write(|tx| store::usage::set(tx, self.user.id, &usage))?;
            Ok(usage)
        });
        measured
            .inspect_err(|error| tracing::debug!(user = %self.user.name, %error, "a home could not be measured"))
            .ok()
    }
}

impl Auth {
    fn measuring(&self) -> std::sync::MutexGuard<'_, HashSet<i64>> {
        self.0.measuring.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin_measuring(&self, user: &User) -> Option<Turn> {
        let mut measuring = self.measuring();
        let begins = measuring.len() < AT_ONCE && measuring.insert(user.id);
        begins.then(|| Turn { auth: self.clone(), user: user.clone() })
    }

    /// What a person's files take, as last measured; an old measurement is taken again beside the request.
    ///
    /// # Errors
    /// The database's.
    pub async fn usage(&self, user: &User) -> Result<Option<Usage>> {
        let now = self.0.clock.now();
        let homes = self.0.storage.homes();
        let counted = homes.open(&user.home).ok().and_then(|root| homes.ledger().tally(root.home_key()).known());
        if let Some(counted) = counted.filter(|counted| now < counted.measured_at + FRESH) {
            let (bytes, files, measured_at) = (counted.bytes, counted.files, counted.measured_at);
            return Ok(Some(Usage { bytes, files, measured_at }));
        }
        let known = self.0.store.read(|c| store::usage::of(c, user.id))?;
        if known.is_some_and(|usage| now < usage.measured_at + FRESH) {
            return Ok(known);
        }
        let Some(turn) = self.begin_measuring(user) else {
            return Ok(known);
        };
        let task = tokio::task::spawn_blocking(move || turn.measure());
        if known.is_some() {
            return Ok(known);
        }
        // Whoever has few files sees at once what they take.
        let first = tokio::time::timeout(PATIENCE, task).await;
        Ok(first.ok().and_then(std::result::Result::ok).flatten())
    }

    /// Measures everybody's files, one after the other. Blocks for as long as that takes.
    ///
    /// # Errors
    /// The database's.
    pub fn measure_everybody(&self) -> Result<()> {
        for user in self.users()? {
            let known = self.0.store.read(|c| store::usage::of(c, user.id))?;
            let now = self.0.clock.now();
            if known.is_none_or(|usage| usage.measured_at + RECENT < now)
                && let Some(turn) = self.begin_measuring(&user)
            {
                turn.measure();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::for_tests::Scene;

    #[tokio::test]
    async fn the_first_measurement_is_waited_for_and_later_ones_are_not() {
        let scene = Scene::new();
        let user = scene.add("alice");
        scene.write(&user, "f", &[0; 77]);
        let first = scene.auth.usage(&user).await.expect("read").expect("measured");
        assert_eq!((first.bytes, first.files), (77, 1));
        scene.write(&user, "f", &[0; 99]);
        assert_eq!(scene.auth.usage(&user).await.expect("read"), Some(first), "that is fresh enough");
        scene.pass(TimeDelta::minutes(2));
        assert_eq!(scene.auth.usage(&user).await.expect("read"), Some(first), "nobody waits for the next one");
        for _ in 0..500 {
            if scene.auth.usage(&user).await.expect("read").is_some_and(|usage| usage.bytes == 99) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("it was not measured again");
    }

    #[test]
    fn no_home_is_measured_twice_at_a_time() {
        let scene = Scene::new();
        let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| scene.add(name));
        let first = scene.auth.begin_measuring(&alice);
        assert!(first.is_some() && scene.auth.begin_measuring(&alice).is_none());
        let second = scene.auth.begin_measuring(&bob);
        assert!(second.is_some() && scene.auth.begin_measuring(&carol).is_none(), "two at most");
        drop((first, second));
        scene.auth.measure_everybody().expect("measured");
        let known = scene.auth.0.store.read(|c| store::usage::largest(c, 10)).expect("read");
        assert_eq!(known.len(), 3);
    }
}
