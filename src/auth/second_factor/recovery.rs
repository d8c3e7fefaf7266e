//! Recovery codes: each opens the pages once in the place of a second factor (NIST's look-up secrets).

use rusqlite::Transaction;

use super::super::api_token::digest;
use super::super::gate::Visitor;
use super::super::issue::use_form;
use super::super::{Actor, Auth, Error, OneTimeForm, Result};
use crate::model::User;
use crate::secret::{self, PlainSecret};
use crate::store::second_factor;

/// Codes given out at a time.
const CODES: usize = 10;

impl Auth {
    /// Gives new recovery codes, to be shown once; earlier ones end. Blocks.
    ///
    /// # Errors
    /// [`Error::Invalid`] where no second factor is bound: the codes would stand for nothing (S10).
    pub fn new_recovery_codes(&self, user: &User, form: &OneTimeForm, actor: &Actor) -> Result<Vec<PlainSecret>> {
        let now = self.0.clock.now();
        self.0.store.write(|tx| {
            use_form(tx, Some(form), now)?;
            if !second_factor::of_user(tx, user.id)?.any() {
                return Err(Error::invalid("codes", "come with a second factor: bind one first"));
            }
            self.replace_recovery_codes(tx, user, actor)
        })
    }

    fn replace_recovery_codes(&self, tx: &Transaction<'_>, user: &User, actor: &Actor) -> Result<Vec<PlainSecret>> {
        let codes: Vec<PlainSecret> = (0..CODES).map(|_| secret::generate_recovery_code()).collect();
        let digests: Vec<[u8; 32]> = codes.iter().map(|code| digest(code.expose())).collect();
        second_factor::replace_recovery_codes(tx, user.id, &digests)?;
        self.audit(tx, actor, "recovery-codes.new", Some(user.name.as_str()), None)?;
        Ok(codes)
    }

    /// Codes for the first second factor; later ones come with none, since the person has some.
    pub(super) fn first_recovery_codes(
        &self,
        tx: &Transaction<'_>,
        user: &User,
        actor: &Actor,
    ) -> Result<Option<Vec<PlainSecret>>> {
        if second_factor::of_user(tx, user.id)?.recovery_codes > 0 {
            return Ok(None);
        }
        self.replace_recovery_codes(tx, user, actor).map(Some)
    }

    /// Whether it is a recovery code of the person's that was not used yet; it is used then.
    pub(super) fn accept_recovery_code(&self, user: &User, code: &str, visitor: Visitor<'_>) -> Result<bool> {
        let Some(code) = secret::read_recovery_code(code) else {
            return Ok(false);
        };
        let now = self.0.clock.now();
        let actor = Actor::person(user, visitor);
        self.0.store.write(|tx| {
            // Before a second factor is bound, no code opens anything (CVE-2022-36071).
            let counts = second_factor::of_user(tx, user.id)?.any()
                && second_factor::use_recovery_code(tx, user.id, &digest(code.expose()), now)?;
            if counts {
                self.audit(tx, &actor, "recovery-code.use", Some(user.name.as_str()), None)?;
            }
            Ok(counts)
        })
    }
}

/// Without a second factor, recovery codes stand for nothing.
pub(super) fn forget_useless_recovery_codes(tx: &Transaction<'_>, user: &User) -> Result<()> {
    if !second_factor::of_user(tx, user.id)?.any() {
        second_factor::delete_recovery_codes(tx, user.id)?;
    }
    Ok(())
}
