//! Second factors for the pages: codes of an authenticator application, passkeys, and recovery codes for the day on
//! which neither is at hand.

mod passkey;
mod recovery;
mod totp;

pub(super) use passkey::Ceremonies;
pub use passkey::{PasskeyError, RelyingParty};
pub use totp::OfferedTotp;
pub(super) use totp::Offers;

use super::gate::Visitor;
use super::{Actor, Auth, Error, Policy, Result, SignInRefusal};
use crate::model::{SecondFactors, Session, User};
use crate::store;

impl Auth {
    /// What is bound to an account.
    ///
    /// # Errors
    /// [`super::Error::NoSuchUser`]
    pub fn second_factors(&self, user: &str) -> Result<SecondFactors> {
        let user = self.user(user)?;
        self.second_factors_of(&user)
    }

    pub(super) fn second_factors_of(&self, user: &User) -> Result<SecondFactors> {
        Ok(self.0.store.read(|c| store::second_factor::of_user(c, user.id))?)
    }

    /// Checks a recovery code, or a code of the authenticator application, and says which it was.
    ///
    /// Wrong ones are counted per account, and for a browser that the person has used by itself, so that who has only
    /// the password does not lock the owner out (S10).
    pub(super) fn check_code(
        &self,
        user: &User,
        code: &str,
        device: Option<&str>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<&'static str, SignInRefusal> {
        let now = self.0.clock.now();
        let against = (user.id, self.known_device(user, device)?);
        // Counted before it is looked at, so that many at the same time are not more than the limit.
        for attempts in [&self.0.second_factor_attempts, &self.0.second_factor_days] {
            attempts.begin(&against, now).map_err(SignInRefusal::Throttled)?;
        }
        // Recovery codes first: they open the pages also where the key of the other secrets is lost.
        let by = if self.accept_recovery_code(user, code, visitor)? {
            Some("password and recovery code")
        } else if self.accept_totp(user, code)? {
            Some("password and code")
        } else {
            None
        };
        let Some(by) = by else {
            self.note_failed_sign_in(Some(user), "wrong code", visitor)?;
            return Err(SignInRefusal::Wrong);
        };
        self.0.second_factor_attempts.forget(&against);
        self.0.second_factor_days.forget(&against);
        Ok(by)
    }

    /// Before the first second factor is bound: all other sessions were begun without one and end.
    pub(super) fn before_first_factor(&self, tx: &rusqlite::Transaction<'_>, session: &Session) -> Result<()> {
        if !store::second_factor::of_user(tx, session.user.id)?.any() {
            store::session::delete_others(tx, session.user.id, Some(session.id))?;
            self.0.pending.end_all_of(session.user.id);
        }
        Ok(())
    }

    /// A second factor that is required is not taken off by its person: whoever knows the password could then bind
    /// theirs at the next sign-in. Looked at after the removal, in its transaction.
    pub(super) fn refuse_to_lose_the_last(tx: &rusqlite::Transaction<'_>, user: &User, policy: &Policy) -> Result<()> {
        if policy.second_factor.includes(user) && !store::second_factor::of_user(tx, user.id)?.any() {
            return Err(Error::Refused("a second factor is required here: set up another one before you remove this"));
        }
        Ok(())
    }

    /// Unbinds everything, so that a person who has lost it all can sign in by password; their sessions end. Nobody
    /// does it to themselves: the profile asks for a fresh proof first. Blocks.
    ///
    /// # Errors
    /// [`super::Error::NoSuchUser`], [`super::Error::Refused`]
    pub fn reset_second_factor(&self, user: &str, actor: &Actor) -> Result<()> {
        let user = self.user(user)?;
        if actor.is(&user) {
            return Err(Error::Refused("you change your own second factor on your profile"));
        }
        self.0.store.write(|tx| {
            store::second_factor::delete_totp(tx, user.id)?;
            store::second_factor::delete_passkeys(tx, user.id)?;
            store::second_factor::delete_recovery_codes(tx, user.id)?;
            store::session::delete_others(tx, user.id, None)?;
            self.audit(tx, actor, "second-factor.reset", Some(user.name.as_str()), None)
        })
    }
}
