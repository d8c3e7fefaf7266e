//! How many requests were answered: counted in memory, written down together, told by quarters of an hour.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::TimeDelta;

use super::{Auth, Result};
use crate::clock::{from_millis, to_millis};
use crate::model::{Quarter, Time};
use crate::store;

/// Milliseconds of a quarter.
const QUARTER_MS: i64 = 15 * 60 * 1000;
/// Quarters of a day.
const OF_A_DAY: i32 = 96;
/// How long counts are kept.
const KEPT: TimeDelta = TimeDelta::days(8);

/// How a request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// As asked, or with a reason that the client can do something about.
    Told,
    /// Not let in.
    Refused,
    /// With a failure of the server's.
    Failed,
}

/// What is not written down yet.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    requests: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

impl Traffic {
    fn add(&self, requests: u64, refused: u64, failed: u64) {
        self.requests.fetch_add(requests, Ordering::Relaxed);
        self.refused.fetch_add(refused, Ordering::Relaxed);
        self.failed.fetch_add(failed, Ordering::Relaxed);
    }

    fn pending(&self, at: Time) -> Quarter {
        Quarter {
            at,
            requests: self.requests.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    fn take(&self, at: Time) -> Quarter {
        Quarter {
            at,
            requests: self.requests.swap(0, Ordering::Relaxed),
            refused: self.refused.swap(0, Ordering::Relaxed),
            failed: self.failed.swap(0, Ordering::Relaxed),
        }
    }
}

/// The start of the quarter that an instant is in.
fn quarter_of(at: Time) -> Time {
    let millis = to_millis(at);
    from_millis(millis - millis.rem_euclid(QUARTER_MS))
}

impl Auth {
    /// Counts an answer.
    pub fn note_answer(&self, answered: Answered) {
        self.0.traffic.add(1, u64::from(answered == Answered::Refused), u64::from(answered == Answered::Failed));
    }

    /// Writes the counts down. Blocks.
    ///
    /// # Errors
    /// Where the database failed; the counts are kept for the next time.
    pub fn write_traffic(&self) -> Result<()> {
        let taken = self.0.traffic.take(quarter_of(self.0.clock.now()));
        if taken.requests == 0 {
            return Ok(());
        }
        let written: store::Result<()> = self.0.store.write(|tx| store::traffic::add(tx, &taken));
        written.inspect_err(|_| self.0.traffic.add(taken.requests, taken.refused, taken.failed)).map_err(Into::into)
    }

    /// Forgets old counts. Blocks.
    pub(super) fn clear_traffic(&self) -> Result<()> {
        let end = self.0.clock.now() - KEPT;
        self.0.store.write(|tx| store::traffic::delete_before(tx, end)).map(drop).map_err(super::Error::Store)
    }

    /// The last day by quarters, oldest first, the one that is under way last.
    ///
    /// # Errors
    /// The database's.
    pub fn traffic(&self) -> Result<Vec<Quarter>> {
        let last = quarter_of(self.0.clock.now());
        let at = |step: i32| last - TimeDelta::milliseconds(QUARTER_MS) * (OF_A_DAY - 1 - step);
        let known = self.0.store.read(|c| store::traffic::since(c, at(0)))?;
        let mut day: Vec<Quarter> = (0..OF_A_DAY)
            .map(|step| {
                let empty = Quarter { at: at(step), requests: 0, refused: 0, failed: 0 };
                known.iter().find(|quarter| quarter.at == empty.at).copied().unwrap_or(empty)
            })
            .collect();
        let pending = self.0.traffic.pending(last);
        if let Some(now) = day.last_mut() {
            now.requests += pending.requests;
            now.refused += pending.refused;
            now.failed += pending.failed;
        }
        Ok(day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::for_tests::Scene;

    #[test]
    fn a_day_has_96_quarters_and_forgets_older_ones() {
        let scene = Scene::new();
        let auth = &scene.auth;
        for answered in [Answered::Told, Answered::Refused, Answered::Failed, Answered::Told] {
            auth.note_answer(answered);
        }
        let totals = |day: &[Quarter]| {
            let sum = |of: fn(&Quarter) -> u64| day.iter().map(of).sum::<u64>();
            (day.len(), sum(|q| q.requests), sum(|q| q.refused), sum(|q| q.failed))
        };
        assert_eq!(totals(&auth.traffic().expect("told")), (96, 4, 1, 1), "also before it is written down");
        auth.write_traffic().expect("written");
        auth.note_answer(Answered::Told);
        auth.write_traffic().expect("written");
        let day = auth.traffic().expect("told");
        assert_eq!(totals(&day), (96, 5, 1, 1));
        assert_eq!(day.last().map(|quarter| quarter.requests), Some(5));
        scene.pass(TimeDelta::minutes(15));
        assert_eq!(auth.traffic().expect("told").get(94).map(|quarter| quarter.requests), Some(5));
        scene.pass(TimeDelta::hours(24));
        assert_eq!(totals(&auth.traffic().expect("told")), (96, 0, 0, 0));
        scene.pass(TimeDelta::days(8));
        auth.clear_traffic().expect("cleared");
        scene.pass(-TimeDelta::days(9));
        assert_eq!(totals(&auth.traffic().expect("told")).1, 0);
    }
}
