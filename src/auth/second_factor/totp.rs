//! Codes of an authenticator application: TOTP (RFC 6238), SHA-1, 6 digits, 30 seconds, which all of them know.

use totp_rs::{Builder, Totp};

use super::super::{Actor, Auth, Error, Result};
use super::recovery::forget_useless_recovery_codes;
use crate::model::User;
use crate::secret::{self, PlainSecret};
use crate::store::{self, second_factor};

/// Bytes of a shared secret (RFC 4226 §4 recommends 160 bits).
const SECRET: usize = 20;
/// Time steps by which the person's clock may be off.
const SKEW: u16 = 1;
/// Seconds of a time step.
const STEP_S: u64 = 30;

/// A shared secret that does not count yet, for the person's application.
#[derive(Debug)]
pub struct OfferedTotp {
    /// In base32, to be typed in.
    pub secret: PlainSecret,
    /// The `otpauth:` URL, for a QR code.
    pub url: PlainSecret,
}

fn totp(secret: &[u8], account: &str) -> Result<Totp> {
    Builder::new()
        .with_secret(secret.to_vec().into_boxed_slice())
        .with_skew(SKEW)
        .with_step_duration(STEP_S)
        .with_account_name(account)
        .with_issuer(Some("Latchkey"))
        .build()
        .map_err(|error| Error::Hash(error.to_string()))
}

fn purpose(user: &User) -> String {
    format!("totp {}", user.id)
}

impl Auth {
    /// Offers a new shared secret; it counts once [`Auth::confirm_totp`] has seen a code of it. Asked again, it offers
    /// the same one, so that a page may be loaded twice. Blocks.
    ///
    /// # Errors
    /// [`Error::Invalid`] where one is bound already.
    pub fn offer_totp(&self, user: &User) -> Result<OfferedTotp> {
        let now = self.0.clock.now();
        let bytes = match self.0.store.read(|c| second_factor::totp(c, user.id))? {
            Some(kept) if kept.confirmed_at.is_some() => {
                return Err(Error::invalid("totp", "is bound already: remove it first"));
            }
            Some(kept) => self.unseal(&purpose(user), &kept.secret)?,
            None => {
                let bytes = secret::random::<SECRET>();
                let sealed = self.seal(&purpose(user), &bytes)?;
                self.0.store.write(|tx| second_factor::offer_totp(tx, user.id, &sealed, now)).map_err(Error::Store)?;
                bytes.to_vec()
            }
        };
        let totp = totp(&bytes, user.name.as_str())?;
        let url = totp.to_url().map_err(|error| Error::Hash(error.to_string()))?;
        Ok(OfferedTotp { secret: PlainSecret::new(totp.secret().to_base32()), url: PlainSecret::new(url) })
    }

    /// Binds the offered secret, shown a code of it. The first second factor comes with recovery codes, which are
    /// given back to be shown once. Blocks.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the code is wrong, or nothing was offered.
    pub fn confirm_totp(&self, user: &User, code: &str, actor: &Actor) -> Result<Option<Vec<PlainSecret>>> {
        let now = self.0.clock.now();
        let wrong = || Error::invalid("code", "is not the code that your application shows now");
        let kept = self.0.store.read(|c| second_factor::totp(c, user.id))?;
        let kept = kept.filter(|kept| kept.confirmed_at.is_none());
        let kept = kept.ok_or_else(|| Error::invalid("code", "was asked for too long ago: begin again"))?;
        let bytes = self.unseal(&purpose(user), &kept.secret)?;
        let step = check(&bytes, user, code, now)?.ok_or_else(wrong)?;
        self.0.store.write(|tx| {
            if !second_factor::use_step(tx, user.id, step, now)? {
                return Err(wrong());
            }
            second_factor::confirm_totp(tx, user.id, now)?;
            self.audit(tx, actor, "totp.bind", Some(user.name.as_str()), None)?;
            self.first_recovery_codes(tx, user, actor)
        })
    }

    /// Unbinds the authenticator application. Blocks.
    ///
    /// # Errors
    /// The database's.
    pub fn remove_totp(&self, user: &User, actor: &Actor) -> Result<()> {
        self.0.store.write(|tx| {
            if second_factor::delete_totp(tx, user.id)? {
                self.audit(tx, actor, "totp.unbind", Some(user.name.as_str()), None)?;
                forget_useless_recovery_codes(tx, user)?;
            }
            Ok(())
        })
    }

    /// Whether it is a code of the bound secret whose time step has not been used yet.
    pub(super) fn accept_totp(&self, user: &User, code: &str) -> Result<bool> {
        let now = self.0.clock.now();
        let Some(kept) = self.0.store.read(|c| second_factor::totp(c, user.id))? else {
            return Ok(false);
        };
        if kept.confirmed_at.is_none() {
            return Ok(false);
        }
        let bytes = self.unseal(&purpose(user), &kept.secret)?;
        match check(&bytes, user, code, now)? {
            None => Ok(false),
            Some(step) => {
                Ok(self.0.store.write(|tx| second_factor::use_step(tx, user.id, step, now)).map_err(store_failed)?)
            }
        }
    }
}

fn store_failed(error: store::Error) -> Error {
    Error::Store(error)
}

/// The time step of a code, where it is one of the secret's.
fn check(secret: &[u8], user: &User, code: &str, now: crate::model::Time) -> Result<Option<u64>> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).take(16).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Ok(totp(secret, user.name.as_str())?.check(&digits, seconds))
}
