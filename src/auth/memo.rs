//! Remembers which secrets were found to fit which hash, so that argon2id runs once per credential and process.
//!
//! It answers only "this secret fits this hash". Whether the password is revoked, expired, somebody else's by now,
//! or its owner disabled, is read from the store on each request (S9).

use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use lru::LruCache;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::secret::{self, PlainSecret};

/// Entries kept; the least recently used goes first.
const MOST: usize = 100_000;

/// Mark of a secret that fits a hash: HMAC-SHA-256 under a key that only this process has.
pub(super) type Mark = [u8; 32];

pub(super) struct Memo {
    key: Hmac<Sha256>,
    marks: Mutex<LruCache<i64, Mark>>,
}

impl std::fmt::Debug for Memo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memo")
    }
}

impl Memo {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    pub(super) fn new() -> Self {
        let key = Hmac::new_from_slice(&secret::random::<32>()).expect("a key of any length is taken");
        Self { key, marks: Mutex::new(LruCache::unbounded()) }
    }

    /// The mark of a secret against the hash of a row.
    pub(super) fn mark(&self, row_id: i64, phc: &str, secret: &PlainSecret) -> Mark {
        let mut mac = self.key.clone();
        mac.update(&row_id.to_be_bytes());
        mac.update(&(phc.len() as u64).to_be_bytes());
        mac.update(phc.as_bytes());
        mac.update(secret.expose().as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// Whether this mark was remembered.
    pub(super) fn knows(&self, row_id: i64, mark: &Mark) -> bool {
        self.lock().get(&row_id).is_some_and(|known| known.ct_eq(mark).into())
    }

    /// Remembers a mark that argon2id has confirmed.
    pub(super) fn remember(&self, row_id: i64, mark: Mark) {
        let mut marks = self.lock();
        marks.put(row_id, mark);
        while marks.len() > MOST {
            marks.pop_lru();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<i64, Mark>> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_row_hash_and_secret_are_known() {
        let memo = Memo::new();
        let secret = |text: &str| PlainSecret::new(text.to_owned());
        memo.remember(7, memo.mark(7, "phc", &secret("s")));
        assert!(memo.knows(7, &memo.mark(7, "phc", &secret("s"))));
        assert!(!memo.knows(7, &memo.mark(7, "phc", &secret("t"))));
        assert!(!memo.knows(7, &memo.mark(7, "phd", &secret("s"))));
        assert!(!memo.knows(8, &memo.mark(8, "phc", &secret("s"))));
        assert!(!memo.knows(7, &Memo::new().mark(7, "phc", &secret("s"))), "another process has another key");
    }
}
