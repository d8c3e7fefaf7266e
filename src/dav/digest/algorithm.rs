//! The algorithms, each with the names it goes by.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

/// A digest algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::dav) enum Algorithm {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

impl Algorithm {
    pub(super) const ALL: [Self; 4] = [Self::Md5, Self::Sha1, Self::Sha256, Self::Sha512];

    /// The key in `Content-Digest` and `Repr-Digest` (RFC 9530 §7.2).
    pub(super) fn http_name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha",
            Self::Sha256 => "sha-256",
            Self::Sha512 => "sha-512",
        }
    }

    /// The name in `OC-Checksum`.
    pub(super) fn oc_name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    /// The name in the store.
    pub(super) fn stored_name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha-1",
            other => other.http_name(),
        }
    }

    /// Bytes of a digest.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    fn start(self) -> Hash {
        match self {
            Self::Md5 => Hash::Md5(Md5::new()),
            Self::Sha1 => Hash::Sha1(Sha1::new()),
            Self::Sha256 => Hash::Sha256(Sha256::new()),
            Self::Sha512 => Hash::Sha512(Sha512::new()),
        }
    }
}

/// A computation under way.
enum Hash {
    Md5(Md5),
    Sha1(Sha1),
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hash {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(hash) => hash.update(bytes),
            Self::Sha1(hash) => hash.update(bytes),
            Self::Sha256(hash) => hash.update(bytes),
            Self::Sha512(hash) => hash.update(bytes),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Md5(hash) => hash.finalize().to_vec(),
            Self::Sha1(hash) => hash.finalize().to_vec(),
            Self::Sha256(hash) => hash.finalize().to_vec(),
            Self::Sha512(hash) => hash.finalize().to_vec(),
        }
    }
}

/// Digests being computed over the same bytes.
#[derive(Default)]
pub(in crate::dav) struct Hashes(Vec<(Algorithm, Hash)>);

impl Hashes {
    pub(super) fn of(algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        let mut hashes: Vec<(Algorithm, Hash)> = Vec::new();
        for algorithm in algorithms {
            if !hashes.iter().any(|(known, _)| *known == algorithm) {
                hashes.push((algorithm, algorithm.start()));
            }
        }
        Self(hashes)
    }

    pub(in crate::dav) fn update(&mut self, bytes: &[u8]) {
        self.0.iter_mut().for_each(|(_, hash)| hash.update(bytes));
    }

    pub(in crate::dav) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn finish(self) -> Vec<(Algorithm, Vec<u8>)> {
        self.0.into_iter().map(|(algorithm, hash)| (algorithm, hash.finish())).collect()
    }
}
