//! Digests that are known of files, and how they are told.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::algorithm::Algorithm;
use crate::dav::Inner;
use crate::dav::error::Result;
use crate::store::digest;

/// What is known of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::dav) struct Kept(Vec<(Algorithm, Vec<u8>)>);

impl Kept {
    /// Looks up what is known of a file with that entity tag.
    pub(in crate::dav) fn of(inner: &Inner, key: &[u8], etag: &str) -> Result<Self> {
        if !inner.store.read(digest::any)? {
            return Ok(Self::default());
        }
        let rows = inner.store.read(|c| digest::of(c, key, etag))?;
        let known = |(name, value): (String, Vec<u8>)| {
            let algorithm = Algorithm::ALL.into_iter().find(|known| known.stored_name() == name)?;
            Some((algorithm, value))
        };
        Ok(Self(rows.into_iter().filter_map(known).collect()))
    }

    /// Writes down what was computed of a file that is in its place. What was known of an earlier one is forgotten.
    pub(in crate::dav) fn keep(inner: &Inner, key: &[u8], etag: &str, computed: &[(Algorithm, Vec<u8>)]) -> Result<()> {
        Ok(inner.store.write(|tx| {
            digest::delete_tree(tx, key)?;
            computed
                .iter()
                .try_for_each(|(algorithm, value)| digest::set(tx, key, algorithm.stored_name(), etag, value))
        })?)
    }

    /// The value of `Repr-Digest`; `None` where nothing is known. Algorithms that RFC 9530 §7.2 calls broken are left
    /// out.
    pub(in crate::dav) fn repr_digest(&self) -> Option<String> {
        let is_good = |algorithm: Algorithm| matches!(algorithm, Algorithm::Sha256 | Algorithm::Sha512);
        let good = self.0.iter().filter(|(algorithm, _)| is_good(*algorithm));
        let members: Vec<String> =
            good.map(|(algorithm, value)| format!("{}=:{}:", algorithm.http_name(), STANDARD.encode(value))).collect();
        (!members.is_empty()).then(|| members.join(", "))
    }

    /// The value of `OC-Checksum`, which holds one: that which most clients know.
    pub(in crate::dav) fn oc_checksum(&self) -> Option<String> {
        let order = [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Md5, Algorithm::Sha512];
        order.iter().find_map(|wanted| self.0.iter().find(|(known, _)| known == wanted)).map(shown)
    }

    /// All of them, as the property `oc:checksums` has them.
    pub(in crate::dav) fn oc_checksums(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.iter().map(shown).collect::<Vec<_>>().join(" "))
    }
}

fn shown((algorithm, value): &(Algorithm, Vec<u8>)) -> String {
    let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}:{hex}", algorithm.oc_name())
}
