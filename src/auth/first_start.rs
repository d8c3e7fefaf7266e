//! The first start: an account `admin`, shown once with what is needed to come in.

use std::time::Duration;

use super::{Actor, Auth, Error, Expiry, NewAccount, NewAppPassword, Result};
use crate::model::Scope;
use crate::secret::{self, PlainSecret};
use crate::store;

/// What is printed once.
#[derive(Debug)]
pub struct FirstStart {
    /// Login name of the administrator.
    pub user: String,
    /// The account's password, to be changed at the first sign-in.
    pub password: PlainSecret,
    /// An application password that ends after seven days.
    pub app_password: PlainSecret,
}

impl Auth {
    /// Makes the account `admin` where no administrator exists yet. Blocks.
    ///
    /// # Errors
    /// The database's and the disk's.
    pub fn first_start(&self) -> Result<Option<FirstStart>> {
        if self.0.store.read(store::user::any_admin)? {
            return Ok(None);
        }
        let actor = Actor { name: "server".to_owned(), address: None };
        let password = secret::generate_account_password();
        let account = NewAccount {
            display_name: "Administrator".to_owned(),
            is_admin: true,
            password: Some(password.clone()),
            must_change_password: true,
            ..NewAccount::named("admin")
        };
        match self.add_user(&account, &actor) {
            Ok(_) => {}
            Err(Error::Taken(_)) => {
                tracing::warn!("no administrator exists, and the name admin is taken: make one with user add --admin");
                return Ok(None);
            }
            Err(other) => return Err(other),
        }
        let week = Duration::from_hours(7 * 24).min(self.0.config.app_credentials_max_ttl);
        let new = NewAppPassword {
            label: "First start".to_owned(),
            expiry: Expiry::After(week),
            scope: Scope::ReadWrite,
            folders: Vec::new(),
            networks: Vec::new(),
        };
        let issued = self.issue_app_password("admin", &new, &actor)?;
        Ok(Some(FirstStart { user: account.name, password, app_password: issued.password }))
    }
}
