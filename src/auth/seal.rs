//! What must be read again and not only compared, as a shared secret, is kept encrypted with a key of the server's
//! own, so that the database alone gives nothing away.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

use super::{Auth, Error, Result};
use crate::secret;

/// Name of the key in `storage/keys/`.
const KEY: &str = "seal";
/// Bytes of a nonce, which stands before what was encrypted.
const NONCE: usize = 12;

impl Auth {
    /// Encrypts; `purpose` has to be the same when it is read.
    pub(super) fn seal(&self, purpose: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let nonce = secret::random::<NONCE>();
        let mut sealed = plain.to_vec();
        self.seal_key()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(purpose), &mut sealed)
            .map_err(|_| Error::Hash("it could not be encrypted".to_owned()))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts what [`Auth::seal`] made for the same purpose.
    pub(super) fn unseal(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let unreadable = || Error::Hash("what is kept cannot be decrypted: is storage/keys/ complete?".to_owned());
        let (nonce, rest) = sealed.split_first_chunk::<NONCE>().ok_or_else(unreadable)?;
        let mut rest = rest.to_vec();
        let plain = self
            .seal_key()?
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(purpose), &mut rest)
            .map_err(|_| unreadable())?;
        Ok(plain.to_vec())
    }

    fn seal_key(&self) -> Result<LessSafeKey> {
        let bytes =
            self.0.storage.key(KEY, secret::random()).map_err(|error| Error::Files(crate::files::Error::Io(error)))?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes)
            .map_err(|_| Error::Hash("the key cannot be used".to_owned()))?;
        Ok(LessSafeKey::new(key))
    }
}
