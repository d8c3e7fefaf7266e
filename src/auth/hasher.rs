//! argon2id: the only place that computes it, with its memory re-used and its runs bounded and counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use argon2::password_hash::phc::{Ident, Output, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;

use super::{Error, Result};
use crate::config::Argon2Config;
use crate::secret::{self, PlainSecret};

/// Computes and checks argon2id hashes. All of it blocks; callers on async threads use a blocking task.
#[derive(Debug)]
pub struct Hasher {
    config: Argon2Config,
    memory: Mutex<Memory>,
    freed: Condvar,
    runs: AtomicU64,
}

/// Memory not in use, and how many more may be taken.
#[derive(Debug)]
struct Memory {
    spare: Vec<Vec<Block>>,
    permits: usize,
}

impl Hasher {
    pub(super) fn new(config: Argon2Config) -> Self {
        let memory = Mutex::new(Memory { spare: Vec::new(), permits: config.at_once });
        Self { config, memory, freed: Condvar::new(), runs: AtomicU64::new(0) }
    }

    /// Computations since the start of the process.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Gives memory that is not in use back to the system; called once things have been quiet for a while.
    pub fn release_memory(&self) {
        let spare = std::mem::take(&mut self.lock().spare);
        drop(spare);
    }

    /// A new PHC string of a secret.
    pub(super) fn hash(&self, secret: &PlainSecret) -> Result<String> {
        let failed = |error: &dyn std::fmt::Display| Error::Hash(error.to_string());
        let Argon2Config { memory_kib, iterations, parallelism, .. } = self.config;
        let params = Params::new(memory_kib, iterations, parallelism, Some(32)).map_err(|e| failed(&e))?;
        let salt = Salt::new(&secret::random::<16>()).map_err(|e| failed(&e))?;
        let mut output = [0; 32];
        self.run(&params, Version::V0x13, secret, &salt, &mut output)?;
        let hash = PasswordHash {
            algorithm: Ident::new("argon2id").map_err(|e| failed(&e))?,
            version: Some(Version::V0x13.into()),
            params: (&params).try_into().map_err(|e| failed(&e))?,
            salt: Some(salt),
            hash: Some(Output::new(&output).map_err(|e| failed(&e))?),
        };
        Ok(hash.to_string())
    }

    /// Whether a secret fits a PHC string; parameters are the string's own.
    pub(super) fn verify(&self, secret: &PlainSecret, phc: &str) -> Result<bool> {
        let failed = |error: &dyn std::fmt::Display| Error::Hash(error.to_string());
        let hash = PasswordHash::new(phc).map_err(|e| failed(&e))?;
        let params = Params::try_from(&hash).map_err(|e| failed(&e))?;
        let version = hash.version.map_or(Ok(Version::V0x13), Version::try_from).map_err(|e| failed(&e))?;
        let (Some(salt), Some(expected)) = (hash.salt, hash.hash) else {
            return Err(failed(&"salt or hash is missing"));
        };
        let mut output = vec![0; expected.len()];
        self.run(&params, version, secret, &salt, &mut output)?;
        Ok(output.ct_eq(expected.as_bytes()).into())
    }

    fn run(&self, params: &Params, version: Version, secret: &PlainSecret, salt: &Salt, out: &mut [u8]) -> Result<()> {
        let mut blocks = self.take();
        self.runs.fetch_add(1, Ordering::Relaxed);
        blocks.resize(params.block_count().max(blocks.len()), Block::new());
        let argon2 = Argon2::new(Algorithm::Argon2id, version, params.clone());
        let needed = blocks.get_mut(..params.block_count()).unwrap_or_default();
        let done = argon2.hash_password_into_with_memory(secret.expose().as_bytes(), salt.as_ref(), out, needed);
        self.give_back(blocks);
        done.map_err(|error| Error::Hash(error.to_string()))
    }

    /// Waits for one of the permitted computations, and takes its memory.
    fn take(&self) -> Vec<Block> {
        let mut memory = self.lock();
        loop {
            if memory.permits > 0 {
                memory.permits -= 1;
                return memory.spare.pop().unwrap_or_default();
            }
            memory = self.freed.wait(memory).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn give_back(&self, blocks: Vec<Block>) {
        let mut memory = self.lock();
        memory.permits += 1;
        memory.spare.push(blocks);
        self.freed.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_salted_and_checked() {
        let config = Argon2Config { memory_kib: 1024, iterations: 1, parallelism: 1, at_once: 1 };
        let hasher = Hasher::new(config);
        let secret = PlainSecret::new("9fq3thd8ekv5rwpc4nj".to_owned());
        let (one, two) = (hasher.hash(&secret).expect("hashed"), hasher.hash(&secret).expect("hashed"));
        assert_ne!(one, two);
        assert!(one.starts_with("$argon2id$v=19$m=1024,t=1,p=1$"), "{one}");
        assert!(hasher.verify(&secret, &one).expect("checked"));
        let wrong = PlainSecret::new("9fq3thd8ekv5rwpc4nk".to_owned());
        assert!(!hasher.verify(&wrong, &one).expect("checked"));
        assert!(hasher.verify(&secret, "no phc string").is_err());
        hasher.release_memory();
        assert_eq!(hasher.runs(), 4);
    }

    /// From the reference implementation: `echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 24`.
    #[test]
    fn the_reference_implementation_agrees() {
        let config = Argon2Config { memory_kib: 1024, iterations: 1, parallelism: 1, at_once: 1 };
        let phc = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
        let fits = Hasher::new(config).verify(&PlainSecret::new("password".to_owned()), phc).expect("checked");
        assert!(fits);
    }
}
