//! Digests of files: those that an upload announces are checked as the bytes come, kept, and answered.
//!
//! RFC 9530 (`Content-Digest`, `Repr-Digest`), `OC-Checksum` of ownCloud's and Nextcloud's clients, and `Content-MD5`,
//! which old clients still send (RFC 1864).

mod algorithm;
mod announced;
mod kept;

pub(super) use algorithm::{Algorithm, Hashes};
pub(super) use announced::Announced;
pub(super) use kept::Kept;
