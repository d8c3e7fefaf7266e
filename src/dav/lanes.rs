//! How much one person may ask for at a time, so that nobody's great errands take what everybody needs (S21).
//!
//! Who has too much under way waits without a thread, and not for ever.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::request::Parts;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::{Error, Result};
use super::headers::Depth;

/// Requests of one person that are being worked on. Uploads do not count: they are mostly waited for, without a thread.
const REQUESTS: usize = 64;
/// Of these, such as walk a tree or copy.
const GREAT: usize = 4;
/// Of these, parts of files, for which a whole file is copied.
const PARTS: usize = 2;
/// How long one waits for a turn.
const PATIENCE: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 30_000 });

/// The lanes of everybody who has something under way.
#[derive(Debug, Default)]
pub(super) struct Lanes(Mutex<HashMap<i64, Arc<Lane>>>);

#[derive(Debug)]
struct Lane {
    requests: Arc<Semaphore>,
    great: Arc<Semaphore>,
    parts: Arc<Semaphore>,
}

/// The right to be worked on; given back when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _permits: Vec<OwnedSemaphorePermit>,
}

impl Lanes {
    /// Waits for a turn.
    ///
    /// # Errors
    /// [`Error::Busy`] where none comes.
    pub(super) async fn turn(&self, user_id: i64, parts: &Parts) -> Result<Turn> {
        let lane = self.lane(user_id);
        let mut permits = Vec::with_capacity(2);
        if is_part(parts) {
            permits.push(permit(&lane.parts).await?);
        } else if parts.method != http::Method::PUT {
            // The narrower first: who waits for it holds nothing that others of the same person need.
            if is_great(parts) {
                permits.push(permit(&lane.great).await?);
            }
            permits.push(permit(&lane.requests).await?);
        }
        Ok(Turn { _permits: permits })
    }

    fn lane(&self, user_id: i64) -> Arc<Lane> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get(&user_id) {
            return Arc::clone(lane);
        }
        // Nobody holds these but the map: they are as good as new ones.
        lanes.retain(|_, lane| {
            Arc::strong_count(lane) > 1
                || lane.requests.available_permits() < REQUESTS
                || lane.great.available_permits() < GREAT
                || lane.parts.available_permits() < PARTS
        });
        let lane = Arc::new(Lane {
            requests: Arc::new(Semaphore::new(REQUESTS)),
            great: Arc::new(Semaphore::new(GREAT)),
            parts: Arc::new(Semaphore::new(PARTS)),
        });
        lanes.insert(user_id, Arc::clone(&lane));
        lane
    }
}

async fn permit(semaphore: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit> {
    if let Ok(permit) = Arc::clone(semaphore).try_acquire_owned() {
        return Ok(permit);
    }
    match tokio::time::timeout(PATIENCE, Arc::clone(semaphore).acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        _ => Err(Error::Busy),
    }
}

fn is_part(parts: &Parts) -> bool {
    parts.method == http::Method::PATCH || parts.headers.contains_key(http::header::CONTENT_RANGE)
}

/// What may walk a tree. `PROPFIND` without a depth means all of it.
fn is_great(parts: &Parts) -> bool {
    match parts.method.as_str() {
        "COPY" | "REPORT" => true,
        "PROPFIND" => matches!(Depth::read(&parts.headers), Ok(None | Some(Depth::Infinity))),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str) -> Parts {
        http::Request::builder().method(method).body(()).expect("a request").into_parts().0
    }

    #[tokio::test]
    async fn great_errands_wait_for_each_other_and_hold_up_nobody_else() {
        let lanes = Lanes::default();
        let (report, get) = (request("REPORT"), request("GET"));
        let mut held = Vec::new();
        for _ in 0..GREAT {
            held.push(lanes.turn(1, &report).await.expect("a turn"));
        }
        assert!(matches!(lanes.turn(1, &report).await, Err(Error::Busy)), "after a while");
        lanes.turn(1, &get).await.expect("small ones go on");
        lanes.turn(2, &report).await.expect("and so does somebody else");
        held.pop();
        held.push(lanes.turn(1, &report).await.expect("one has ended"));
        assert_eq!(lanes.0.lock().expect("the lanes").len(), 2);
        drop(held);
        lanes.turn(3, &get).await.expect("a turn");
        assert_eq!(lanes.0.lock().expect("the lanes").len(), 1, "nothing is kept of who has nothing under way");
    }

    #[tokio::test]
    async fn nobody_has_more_than_so_much_under_way() {
        let lanes = Lanes::default();
        let get = request("GET");
        let mut held = Vec::new();
        for _ in 0..REQUESTS {
            held.push(lanes.turn(1, &get).await.expect("a turn"));
        }
        assert!(lanes.turn(1, &get).await.is_err());
        assert!(is_great(&request("PROPFIND")) && is_part(&request("PATCH")) && !is_great(&get));
    }
}
