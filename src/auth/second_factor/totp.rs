//! Codes of an authenticator application: TOTP (RFC 6238), SHA-1, 6 digits, 30 seconds, which all of them know.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use totp_rs::{Builder, Totp};
use zeroize::Zeroizing;

use super::super::{Actor, Auth, Error, Result};
use super::recovery::forget_useless_recovery_codes;
use crate::clock::seconds;
use crate::model::{Session, Time, User};
use crate::secret::{self, PlainSecret};
use crate::store::{self, second_factor};

/// Bytes of a shared secret (RFC 4226 §4 recommends 160 bits).
const SECRET: usize = 20;
/// How long an offered secret waits for its first code.
const OFFER: Duration = Duration::from_mins(10);
/// Secrets on offer, in the whole process.
const MOST_OFFERS: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
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

/// Shared secrets that do not count yet, each for the session that it was offered to: who only knows a password must
/// not learn the secret that its owner will bind later. Lost at a restart; then another one is offered.
#[derive(Debug)]
pub struct Offers(Mutex<LruCache<i64, Offer>>);

/// Until when, and which secret.
type Offer = (Time, Zeroizing<[u8; SECRET]>);

impl Default for Offers {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MOST_OFFERS)))
    }
}

impl Offers {
    /// What is on offer for a session, if it is.
    fn get(&self, session: i64, now: Time) -> Option<Zeroizing<[u8; SECRET]>> {
        let mut offers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        offers.get(&session).filter(|(until, _)| now < *until).map(|(_, secret)| secret.clone())
    }

    fn make(&self, session: i64, now: Time) -> Zeroizing<[u8; SECRET]> {
        let secret = Zeroizing::new(secret::random::<SECRET>());
        let until = now + seconds(OFFER.as_secs());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(session, (until, secret.clone()));
        secret
    }

    fn end(&self, session: i64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop(&session);
    }
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
    /// Offers a new shared secret; it counts once [`Auth::confirm_totp`] has seen a code of it. Asked again by the same
    /// session within ten minutes, it offers the same one, so that a page may be loaded twice.
    ///
    /// # Errors
    /// [`Error::Invalid`] where one is bound already.
    pub fn offer_totp(&self, session: &Session) -> Result<OfferedTotp> {
        let now = self.0.clock.now();
        if self.0.store.read(|c| second_factor::totp(c, session.user.id))?.is_some() {
            return Err(Error::invalid("totp", "is bound already: remove it first"));
        }
        let offers = &self.0.totp_offers;
        let bytes = offers.get(session.id, now).unwrap_or_else(|| offers.make(session.id, now));
        let totp = totp(bytes.as_slice(), session.user.name.as_str())?;
        let url = totp.to_url().map_err(|error| Error::Hash(error.to_string()))?;
        Ok(OfferedTotp { secret: PlainSecret::new(totp.secret().to_base32()), url: PlainSecret::new(url) })
    }

    /// Binds the offered secret, shown a code of it. The first second factor ends all other sessions, since they were
    /// begun without one, and comes with recovery codes, which are given back to be shown once. Blocks.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the code is wrong, or nothing was offered.
    pub fn confirm_totp(&self, session: &Session, code: &str, actor: &Actor) -> Result<Option<Vec<PlainSecret>>> {
        let user = &session.user;
        let now = self.0.clock.now();
        let wrong = || Error::invalid("code", "is not the code that your application shows now");
        let offered = self.0.totp_offers.get(session.id, now);
        let bytes = offered.ok_or_else(|| Error::invalid("code", "was asked for too long ago: begin again"))?;
        let step = check(bytes.as_slice(), user, code, now)?.ok_or_else(wrong)?;
        let sealed = self.seal(&purpose(user), bytes.as_slice())?;
        let codes = self.0.store.write(|tx| {
            self.before_first_factor(tx, session)?;
            if !second_factor::bind_totp(tx, user.id, &sealed, step, now)? {
                return Err(Error::invalid("totp", "is bound already: remove it first"));
            }
            self.audit(tx, actor, "totp.bind", Some(user.name.as_str()), None)?;
            self.first_recovery_codes(tx, user, actor)
        })?;
        self.0.totp_offers.end(session.id);
        Ok(codes)
    }

    /// Unbinds the authenticator application. Blocks.
    ///
    /// # Errors
    /// [`Error::Refused`] where it is the last one and one is required.
    pub fn remove_totp(&self, user: &User, actor: &Actor) -> Result<()> {
        let policy = self.policy()?;
        self.0.store.write(|tx| {
            if second_factor::delete_totp(tx, user.id)? {
                self.audit(tx, actor, "totp.unbind", Some(user.name.as_str()), None)?;
                Self::refuse_to_lose_the_last(tx, user, &policy)?;
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
        let bytes = self.unseal(&purpose(user), &kept)?;
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
fn check(secret: &[u8], user: &User, code: &str, now: Time) -> Result<Option<u64>> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).take(16).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Ok(totp(secret, user.name.as_str())?.check(&digits, seconds))
}
