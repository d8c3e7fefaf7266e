//! Accounts: added, changed, disabled.

use std::path::{Component, Path, PathBuf};

use super::issue::use_form;
use super::password::replace_password;
use super::removal::refuse_to_lose;
use super::{Actor, Auth, Error, LinkKind, OneTimeForm, Result};
use crate::files::NewHome;
use crate::model::{self, Home, Time, User, UserName};
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

/// Who does deeds without being a person, see [`Actor`].
pub(super) const NOT_PEOPLE: [&str; 3] = ["cli", "server", "nobody"];
/// Shortest account password, in characters.
const SHORTEST_PASSWORD: usize = 8;
/// Longest display name, in characters.
const LONGEST_DISPLAY_NAME: usize = 128;
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
        let checked = Checked::of(new)?;
        let phc = new.password.as_ref().map(|password| self.hash_password(password)).transpose()?;
        self.0.store.write(|tx| self.insert_user(tx, new, &checked, phc.as_deref(), actor))
    }

    /// Adds an account without a password, and makes the link by which its person chooses one. Blocks.
    ///
    /// # Errors
    /// Those of [`Auth::add_user`]; [`Error::AlreadyDone`] where the form was sent before.
    pub fn invite(&self, new: &NewAccount, form: &OneTimeForm, actor: &Actor) -> Result<(User, PlainSecret)> {
        let checked = Checked::of(new)?;
        self.0.store.write(|tx| {
            use_form(tx, Some(form), self.0.clock.now())?;
            let user = self.insert_user(tx, new, &checked, None, actor)?;
            let link = self.add_password_link(tx, &user, LinkKind::Invitation, actor)?;
            Ok((user, link))
        })
    }

    pub(super) fn insert_user(
        &self,
        tx: &rusqlite::Transaction<'_>,
        new: &NewAccount,
        checked: &Checked,
        phc: Option<&str>,
        actor: &Actor,
    ) -> Result<User> {
        let Checked { name, display_name, email } = checked;
        if store::user::by_name(tx, name.as_str())?.is_some() {
            return Err(Error::Taken(name.to_string()));
        }
        refuse_taken_email(tx, email.as_deref(), None)?;
        let home = self.0.storage.homes().make(name, &new.home)?;
        if let (NewHome::New, Home::Inside(folder)) = (&new.home, &home) {
            // The folder is new; one of this name may have been removed by hand.
            super::removal::forget_files(tx, folder)?;
        }
        let created_at = self.0.clock.now_in_millis();
        let row = NewUser {
            name,
            display_name,
            email: email.as_deref(),
            is_admin: new.is_admin,
            password: phc,
            must_change_password: new.must_change_password,
            home: &home,
            created_at,
            quota: new.quota,
        };
        let id = store::user::insert(tx, &row).map_err(|error| home_taken(error, &new.home))?;
        let detail = new.is_admin.then_some("administrator");
        self.audit_with(tx, actor, "user.add", Some(name.as_str()), None, detail)?;
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
            suspended: None,
        })
    }

    /// A folder that may be given to a new account by page and API: only beneath the configured roots, by whole names
    /// and without a way out.
    ///
    /// # Errors
    /// [`Error::Invalid`]
    pub fn allowed_home(&self, path: &str) -> Result<NewHome> {
        allowed_home(path, &self.0.storage_config.home_roots).map(NewHome::Given)
    }

    /// Changes an account. A disabled one's application passwords are refused from the next request on. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`], [`Error::Taken`], [`Error::Invalid`]; [`Error::Refused`] where nobody would be left to
    /// administer the server.
    pub fn change_user(&self, name: &str, change: &AccountChange, actor: &Actor) -> Result<User> {
        let email = change.email.as_ref().map(|new| new.as_deref().map(email).transpose()).transpose()?;
        let display_name = change.display_name.as_deref().map(display_name).transpose()?;
        self.0.store.write(|tx| {
            let before = store::user::by_name(tx, name)?.ok_or_else(|| Error::NoSuchUser(name.to_owned()))?;
            let mut user = before.clone();
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
            let administers = |user: &User| user.is_admin && user.is_active();
            if administers(&before) && !administers(&user) {
                refuse_to_lose(tx, &before, actor)?;
            }
            store::user::update(tx, &user)?;
            let kind = match (before.disabled_at.is_some(), user.disabled_at.is_some()) {
                (true, false) => "user.enable",
                (false, true) => {
                    // Enabled again, the person signs in again.
                    store::session::delete_others(tx, user.id, None)?;
                    store::password_link::delete_of_user(tx, user.id)?;
                    "user.disable"
                }
                _ => "user.change",
            };
            let detail = difference(&before, &user);
            self.audit_with(tx, actor, kind, Some(user.name.as_str()), None, detail.as_deref())?;
            Ok(user)
        })
    }

    /// Whether the account has a password of its own.
    ///
    /// # Errors
    /// The database's.
    pub fn has_password(&self, user: &User) -> Result<bool> {
        Ok(self.0.store.read(|c| store::user::password(c, user.id))?.is_some())
    }

    /// When the person last used the drive or the pages.
    ///
    /// # Errors
    /// The database's.
    pub fn last_seen(&self, user: &User) -> Result<Option<Time>> {
        Ok(self.0.store.read(|c| store::user::last_seen(c, user.id))?)
    }

    /// Sets the account's own password; application passwords are not touched. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`], [`Error::Invalid`]; [`Error::Refused`] for an account of a directory.
    pub fn set_password(&self, name: &str, password: &PlainSecret, actor: &Actor) -> Result<()> {
        self.refuse_for_company_accounts(&self.user(name)?)?;
        let phc = self.hash_password(password)?;
        self.0.store.write(|tx| {
            let user = store::user::by_name(tx, name)?.ok_or_else(|| Error::NoSuchUser(name.to_owned()))?;
            replace_password(tx, &user, &phc, None)?;
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

/// The values of a new account that can be looked at before anything is done.
pub(super) struct Checked {
    name: UserName,
    display_name: String,
    email: Option<String>,
}

impl Checked {
    pub(super) fn of(new: &NewAccount) -> Result<Self> {
        Ok(Self {
            name: person_name(&new.name)?,
            display_name: display_name(&new.display_name)?,
            email: new.email.as_deref().map(email).transpose()?,
        })
    }
}

fn person_name(text: &str) -> Result<UserName> {
    let name = UserName::parse(text)?;
    if NOT_PEOPLE.contains(&name.as_str()) {
        return Err(Error::invalid("name", "stands for no person in the audit log: choose another"));
    }
    Ok(name)
}

/// What was changed, in words for the audit log.
pub(super) fn difference(before: &User, after: &User) -> Option<String> {
    let mut words = Vec::new();
    if before.display_name != after.display_name {
        words.push("display name");
    }
    if before.email != after.email {
        words.push("e-mail address");
    }
    if before.quota != after.quota {
        words.push("quota");
    }
    match (before.is_admin, after.is_admin) {
        (false, true) => words.push("made an administrator"),
        (true, false) => words.push("administrator no more"),
        _ => {}
    }
    (!words.is_empty()).then(|| words.join(", "))
}

fn allowed_home(path: &str, roots: &[PathBuf]) -> Result<PathBuf> {
    let path = Path::new(path);
    let plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    let allowed = path.is_absolute()
        && plain
        && roots.iter().any(|root| path.strip_prefix(root).is_ok_and(|rest| rest.components().next().is_some()));
    if allowed {
        Ok(path.to_path_buf())
    } else {
        Err(Error::invalid("home", "is not beneath one of storage.home_roots"))
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

/// What can be taken of an e-mail address that a directory says.
pub(super) fn usable_email(text: &str) -> Option<String> {
    email(text).ok()
}

/// What can be taken of a display name that a directory says; `None` where nothing is left.
pub(super) fn usable_display_name(text: &str) -> Option<String> {
    let plain: String = text.trim().chars().filter(|c| !model::is_unseen(*c)).take(LONGEST_DISPLAY_NAME).collect();
    let plain = plain.trim().to_owned();
    (!plain.is_empty()).then_some(plain)
}

fn display_name(text: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > LONGEST_DISPLAY_NAME || text.chars().any(char::is_control) {
        return Err(Error::invalid(
            "display_name",
            "must have at most 128 characters, none of them control characters",
        ));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_stay_beneath_the_roots() {
        let roots = [PathBuf::from("/srv/homes")];
        assert!(allowed_home("/srv/homes/alice", &roots).is_ok());
        for bad in ["/srv/homes", "/srv/homesx/a", "/srv/homes/../x", "srv/homes/a", "/etc", ""] {
            assert!(allowed_home(bad, &roots).is_err(), "{bad}");
        }
        assert!(allowed_home("/srv/homes/alice", &[]).is_err());
    }
}
