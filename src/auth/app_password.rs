//! Lists and revokes application passwords. A revocation holds from the next request on, in every process.

use super::{Actor, Auth, Error, Result};
use crate::model::AppPassword;
use crate::secret::{AppPasswordText, SELECTOR_LENGTH};
use crate::store;

/// What was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked(pub usize);

impl Auth {
    /// All application passwords of an account, revoked ones too.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`]
    pub fn app_passwords(&self, user: &str) -> Result<Vec<AppPassword>> {
        let user = self.user(user)?;
        Ok(self.0.store.read(|c| store::app_password::of_user(c, user.id))?)
    }

    /// Revokes one by its selector, or by a pasted password, of which the selector is read. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchAppPassword`] where none is live.
    pub fn revoke_app_password(&self, selector: &str, actor: &Actor) -> Result<Revoked> {
        let selector = selector_in(selector)?;
        let now = self.0.clock.now();
        self.0.store.write(|tx| {
            let owner = store::app_password::credential(tx, &selector)?.map(|found| found.owner.name.to_string());
            if !store::app_password::revoke(tx, &selector, now, &actor.name)? {
                return Err(Error::NoSuchAppPassword(selector.clone()));
            }
            self.audit(tx, actor, "app-password.revoke", owner.as_deref(), Some(&selector))?;
            Ok(Revoked(1))
        })
    }

    /// Revokes one of this account's; another's is not found. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`], [`Error::NoSuchAppPassword`]
    pub fn revoke_app_password_of(&self, user: &str, selector: &str, actor: &Actor) -> Result<Revoked> {
        let user = self.user(user)?;
        let now = self.0.clock.now();
        self.0.store.write(|tx| {
            let all = store::app_password::of_user(tx, user.id)?;
            let is_own = all.iter().any(|row| row.selector == selector);
            if !is_own || !store::app_password::revoke(tx, selector, now, &actor.name)? {
                return Err(Error::NoSuchAppPassword(selector.to_owned()));
            }
            self.audit(tx, actor, "app-password.revoke", Some(user.name.as_str()), Some(selector))?;
            Ok(Revoked(1))
        })
    }

    /// Revokes all of an account. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`]
    pub fn revoke_app_passwords_of(&self, user: &str, actor: &Actor) -> Result<Revoked> {
        let user = self.user(user)?;
        let now = self.0.clock.now();
        self.0.store.write(|tx| {
            let count = store::app_password::revoke_all(tx, user.id, now, &actor.name)?;
            self.audit(tx, actor, "app-password.revoke-all", Some(user.name.as_str()), None)?;
            Ok(Revoked(count))
        })
    }
}

/// The selector in what a person pastes: `7m2xq`, `lk-7m2xq`, or the whole password, which is not repeated anywhere.
fn selector_in(text: &str) -> Result<String> {
    if let Some(whole) = AppPasswordText::parse(text) {
        return Ok(whole.selector);
    }
    let text = text.trim().to_ascii_lowercase();
    let selector = text.strip_prefix("lk-").unwrap_or(&text);
    if selector.len() == SELECTOR_LENGTH {
        Ok(selector.to_owned())
    } else {
        Err(Error::invalid("selector", "is the first group after lk-, five characters as listed"))
    }
}
