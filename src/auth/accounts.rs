//! Accounts: added, changed, disabled, deleted.

use super::{Actor, Auth, Error, Result};
use crate::files::NewHome;
use crate::model::{User, UserName};
use crate::secret::PlainSecret;
use crate::store;
use crate::store::user::NewUser;

/// A new account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The login name.
    pub name: String,
    /// May be empty.
    pub display_name: String,
    /// A second name for sign-in.
    pub email: Option<String>,
    /// Whether the person administers this server.
    pub is_admin: bool,
    /// Where the files lie.
    pub home: NewHome,
    /// The account's own password; absent where none is known yet.
    pub password: Option<PlainSecret>,
    /// Whether the first sign-in must change it.
    pub must_change_password: bool,
    /// Bytes the person's files may take; absent for no limit.
    pub quota: Option<u64>,
}

impl NewAccount {
    /// An account of that name with a new home and nothing else.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            display_name: String::new(),
            email: None,
            is_admin: false,
            home: NewHome::New,
            password: None,
            must_change_password: false,
            quota: None,
        }
    }
}

/// What shall change; absent for what stays.
#[derive(Debug, Clone, Default)]
pub struct AccountChange {
    /// A new name to show.
    pub display_name: Option<String>,
    /// A new e-mail address, or none.
    pub email: Option<Option<String>>,
    /// Whether the person administers this server.
    pub is_admin: Option<bool>,
    /// Whether the account is enabled.
    pub enabled: Option<bool>,
    /// Bytes the person's files may take, or no limit.
    pub quota: Option<Option<u64>>,
}

/// Shortest account password, in characters.
const SHORTEST_PASSWORD: usize = 8;
/// Longest account password, in bytes.
const LONGEST_PASSWORD: usize = 1024;

impl Auth {
    /// The account of a login name.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`]
    pub fn user(&self, name: &str) -> Result<User> {
        let found = self.0.store.read(|c| store::user::by_name(c, name))?;
        found.ok_or_else(|| Error::NoSuchUser(name.to_owned()))
    }

    /// All accounts by name.
    ///
    /// # Errors
    /// The database's.
    pub fn users(&self) -> Result<Vec<User>> {
        Ok(self.0.store.read(store::user::all)?)
    }

    /// Adds an account and its home folder. Blocks.
    ///
    /// # Errors
    /// [`Error::Taken`], or [`Error::Invalid`] with the value that cannot be taken.
    pub fn add_user(&self, new: &NewAccount, actor: &Actor) -> Result<User> {
        let name = UserName::parse(&new.name)?;
        let email = new.email.as_deref().map(email).transpose()?;
        let display_name = display_name(&new.display_name)?;
        let phc = new.password.as_ref().map(|password| self.hash_password(password)).transpose()?;
        self.0.store.write(|tx| {
            if store::user::by_name(tx, name.as_str())?.is_some() {
                return Err(Error::Taken(name.to_string()));
            }
            refuse_taken_email(tx, email.as_deref(), None)?;
            let home = self.0.storage.homes().make(&name, &new.home)?;
            let created_at = self.0.clock.now_in_millis();
            let id = store::user::insert(
                tx,
                &NewUser {
                    name: &name,
                    display_name: &display_name,
                    email: email.as_deref(),
                    is_admin: new.is_admin,
                    password: phc.as_deref(),
                    must_change_password: new.must_change_password,
                    home: &home,
                    created_at,
                    quota: new.quota,
                },
            )
            .map_err(|error| home_taken(error, &new.home))?;
            self.audit(tx, actor, "user.add", Some(name.as_str()), None)?;
            Ok(User {
                id,
                name: name.clone(),
                display_name: display_name.clone(),
                email: email.clone(),
                is_admin: new.is_admin,
                must_change_password: new.must_change_password,
                home,
                created_at,
                disabled_at: None,
                quota: new.quota,
            })
        })
    }

    /// Changes an account. A disabled one's application passwords are refused from the next request on. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`], [`Error::Taken`], [`Error::Invalid`]
    pub fn change_user(&self, name: &str, change: &AccountChange, actor: &Actor) -> Result<User> {
        let email = change.email.as_ref().map(|new| new.as_deref().map(email).transpose()).transpose()?;
        let display_name = change.display_name.as_deref().map(display_name).transpose()?;
        self.0.store.write(|tx| {
            let mut user = store::user::by_name(tx, name)?.ok_or_else(|| Error::NoSuchUser(name.to_owned()))?;
            if let Some(email) = &email {
                refuse_taken_email(tx, email.as_deref(), Some(user.id))?;
                user.email.clone_from(email);
            }
            if let Some(display_name) = &display_name {
                user.display_name.clone_from(display_name);
            }
            user.is_admin = change.is_admin.unwrap_or(user.is_admin);
            user.quota = change.quota.unwrap_or(user.quota);
            match change.enabled {
                Some(true) => user.disabled_at = None,
                Some(false) => user.disabled_at = user.disabled_at.or_else(|| Some(self.0.clock.now_in_millis())),
                None => {}
            }
            store::user::update(tx, &user)?;
            let kind = match change.enabled {
                Some(true) => "user.enable",
                Some(false) => "user.disable",
                None => "user.change",
            };
            self.audit(tx, actor, kind, Some(user.name.as_str()), None)?;
            Ok(user)
        })
    }

    /// Deletes an account with its application passwords and locks; the files stay where they are. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`]
    pub fn delete_user(&self, name: &str, actor: &Actor) -> Result<User> {
        self.0.store.write(|tx| {
            let user = store::user::by_name(tx, name)?.ok_or_else(|| Error::NoSuchUser(name.to_owned()))?;
            store::user::delete(tx, user.id)?;
            self.audit(tx, actor, "user.delete", Some(user.name.as_str()), None)?;
            Ok(user)
        })
    }

    /// Sets the account's own password; application passwords are not touched. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`], [`Error::Invalid`]
    pub fn set_password(&self, name: &str, password: &PlainSecret, actor: &Actor) -> Result<()> {
        let phc = self.hash_password(password)?;
        self.0.store.write(|tx| {
            let user = store::user::by_name(tx, name)?.ok_or_else(|| Error::NoSuchUser(name.to_owned()))?;
            store::user::set_password(tx, user.id, &phc, false)?;
            self.audit(tx, actor, "user.set-password", Some(user.name.as_str()), None)
        })
    }

    pub(super) fn hash_password(&self, password: &PlainSecret) -> Result<String> {
        let text = password.expose();
        if text.chars().count() < SHORTEST_PASSWORD || text.len() > LONGEST_PASSWORD {
            let reason =
                format!("must have at least {SHORTEST_PASSWORD} characters and at most {LONGEST_PASSWORD} bytes");
            return Err(Error::invalid("password", reason));
        }
        self.0.hasher.hash(password)
    }
}

fn refuse_taken_email(tx: &rusqlite::Transaction<'_>, email: Option<&str>, own: Option<i64>) -> Result<()> {
    let Some(email) = email else {
        return Ok(());
    };
    match store::user::by_sign_in_name(tx, email)? {
        Some(other) if Some(other.id) != own => Err(Error::Taken(email.to_owned())),
        _ => Ok(()),
    }
}

/// A home in the storage belongs to one account.
fn home_taken(error: store::Error, wanted: &NewHome) -> Error {
    match (&error, wanted) {
        (store::Error::Sqlite(rusqlite::Error::SqliteFailure(failure, _)), NewHome::Given(path))
            if failure.code == rusqlite::ErrorCode::ConstraintViolation =>
        {
            Error::invalid("home", format!("{} is another user's", path.display()))
        }
        _ => error.into(),
    }
}

/// Case-folded; not proven to exist, only to be no other account's name.
fn email(text: &str) -> Result<String> {
    let text = text.trim().to_lowercase();
    let (local, domain) = text.split_once('@').unwrap_or_default();
    let plain = !text.chars().any(|c| c.is_control() || c.is_whitespace() || c == ':');
    if local.is_empty() || domain.is_empty() || domain.contains('@') || !plain || text.len() > 254 {
        return Err(Error::invalid("email", "is not an e-mail address"));
    }
    Ok(text)
}

fn display_name(text: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > 128 || text.chars().any(char::is_control) {
        return Err(Error::invalid(
            "display_name",
            "must have at most 128 characters, none of them control characters",
        ));
    }
    Ok(text.to_owned())
}
