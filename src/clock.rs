//! The only door to the time of day.
//!
//! A room that needs the time takes a [`Clock`]; a test hands in one it moves itself.

#![expect(clippy::disallowed_methods, reason = "this is the door the ban points to")]

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::Time;

/// Tells the time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Time + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Arc::new(Utc::now))
    }

    /// A clock that the caller moves.
    #[must_use]
    pub fn from_fn(now: impl Fn() -> Time + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The present instant as the store keeps it, so that what is answered now and what is listed later agree.
    #[must_use]
    pub fn now_in_millis(&self) -> Time {
        from_millis(to_millis(self.now()))
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Time {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// Milliseconds since 1970, as the store keeps instants.
#[must_use]
pub fn to_millis(time: Time) -> i64 {
    time.timestamp_millis()
}

/// The instant of that many milliseconds since 1970; far values are clamped to what can be written as a date.
#[must_use]
pub fn from_millis(millis: i64) -> Time {
    let clamped = millis.clamp(-62_135_596_800_000, 253_402_300_799_000);
    DateTime::from_timestamp_millis(clamped).unwrap_or_default()
}

/// A duration that chrono can add, from whole seconds; far values are clamped to a thousand years.
#[must_use]
pub fn seconds(count: u64) -> TimeDelta {
    TimeDelta::seconds(i64::try_from(count.min(31_557_600_000)).unwrap_or(0))
}
