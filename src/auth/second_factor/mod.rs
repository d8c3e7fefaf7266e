//! Second factors for the pages: codes of an authenticator application, passkeys, and recovery codes for the day on
//! which neither is at hand.

mod passkey;
mod recovery;
mod totp;

pub(super) use passkey::Ceremonies;
pub use passkey::{PasskeyError, RelyingParty};
pub use totp::OfferedTotp;

use super::gate::Visitor;
use super::{Actor, Auth, Result, SignInRefusal};
use crate::model::{SecondFactors, User};
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

    /// Checks a code of the authenticator application, or a recovery code, and says which it was. Wrong ones are
    /// counted per account (S10).
    pub(super) fn check_code(
        &self,
        user: &User,
        code: &str,
        visitor: Visitor<'_>,
    ) -> std::result::Result<&'static str, SignInRefusal> {
        let now = self.0.clock.now();
        let against = ("second factor", user.id);
        if let Some(wait) = self.0.second_factor_attempts.over(&against, now) {
            return Err(SignInRefusal::Throttled(wait));
        }
        if self.accept_totp(user, code)? {
            self.0.second_factor_attempts.forget(&against);
            return Ok("password and code");
        }
        if self.accept_recovery_code(user, code, visitor)? {
            self.0.second_factor_attempts.forget(&against);
            return Ok("password and recovery code");
        }
        self.0.second_factor_attempts.failed(&against, now);
        self.note_failed_sign_in(Some(user), "wrong code", visitor)?;
        Err(SignInRefusal::Wrong)
    }

    /// Unbinds everything, so that a person who has lost it all can sign in by password; their sessions end. Nobody
    /// does it to themselves: the profile asks for a fresh proof first. Blocks.
    ///
    /// # Errors
    /// [`super::Error::NoSuchUser`], [`super::Error::Refused`]
    pub fn reset_second_factor(&self, user: &str, actor: &Actor) -> Result<()> {
        let user = self.user(user)?;
        if actor.is(&user) {
            return Err(super::Error::Refused("you change your own second factor on your profile"));
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
