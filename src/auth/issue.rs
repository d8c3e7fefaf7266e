//! Issues an application password: the one function behind page, API and command line.

use std::time::Duration;

use ipnet::IpNet;

use super::{Actor, Auth, Error, Result};
use crate::clock::seconds;
use crate::files::{Path, Root};
use crate::model::{AppPassword, Scope, Time, User};
use crate::secret::{AppPasswordText, PlainSecret};
use crate::store;

/// When an application password ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// After the configured lifetime.
    Default,
    /// After this long.
    After(Duration),
    /// At this instant.
    At(Time),
    /// Never, where the configuration allows it.
    Never,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct NewAppPassword {
    /// 1 to 64 characters.
    pub label: String,
    /// When it ends.
    pub expiry: Expiry,
    /// What it may do.
    pub scope: Scope,
    /// Folders it is confined to, as `/Documents`; empty for the whole home. A missing one is made.
    pub folders: Vec<String>,
    /// Client networks it may come from; empty for any.
    pub networks: Vec<IpNet>,
}

/// An application password with its secret, to be shown once.
#[derive(Debug)]
pub struct Issued {
    /// What lists show of it.
    pub row: AppPassword,
    /// The whole password.
    pub password: PlainSecret,
}

/// Application passwords of one account that are not revoked.
const MOST_PER_USER: usize = 1000;
/// Folders or networks of one application password.
const MOST_LIMITS: usize = 32;

impl Auth {
    /// Issues an application password for an account. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`], or [`Error::Invalid`] with the value that cannot be taken.
    pub fn issue_app_password(&self, user: &str, new: &NewAppPassword, actor: &Actor) -> Result<Issued> {
        let owner = self.user(user)?;
        let created_at = self.0.clock.now_in_millis();
        let mut row = AppPassword {
            id: 0,
            user_id: owner.id,
            selector: String::new(),
            label: label(&new.label)?,
            scope: new.scope,
            folders: self.folders(&owner, &new.folders)?,
            networks: networks(&new.networks)?,
            created_at,
            created_from: actor.address.clone(),
            created_by: actor.name.clone(),
            expires_at: self.expires_at(new.expiry, created_at)?,
            last_used_at: None,
            last_used_from: None,
            last_used_agent: None,
            revoked_at: None,
            revoked_by: None,
            replaces: None,
        };
        loop {
            let text = AppPasswordText::generate();
            row.selector.clone_from(&text.selector);
            let phc = self.0.hasher.hash(&text.secret)?;
            let id = self.0.store.write(|tx| {
                if store::app_password::selector_taken(tx, &text.selector)? {
                    return Ok(None);
                }
                let live = store::app_password::of_user(tx, owner.id)?;
                if live.iter().filter(|old| old.revoked_at.is_none()).count() >= MOST_PER_USER {
                    return Err(Error::invalid("user", format!("has {MOST_PER_USER} application passwords already")));
                }
                let id = store::app_password::insert(tx, &row, &phc)?;
                self.audit(tx, actor, "app-password.issue", Some(owner.name.as_str()), Some(&text.selector))?;
                Ok(Some(id))
            })?;
            if let Some(id) = id {
                row.id = id;
                return Ok(Issued { row, password: text.to_plain() });
            }
        }
    }

    fn expires_at(&self, expiry: Expiry, now: Time) -> Result<Option<Time>> {
        let config = &self.0.config;
        let longest = now + seconds(config.app_credentials_max_ttl.as_secs());
        let end = match expiry {
            Expiry::Default => now + seconds(config.app_credentials_ttl.as_secs()),
            Expiry::After(time) => now + seconds(time.as_secs()),
            Expiry::At(end) => end,
            Expiry::Never if config.app_credentials_allow_never => return Ok(None),
            Expiry::Never => {
                let reason = "never is not allowed here (security.app_credentials_allow_never)";
                return Err(Error::invalid("expires", reason));
            }
        };
        if end <= now {
            return Err(Error::invalid("expires", "is not in the future"));
        }
        if end > longest {
            let most = config.app_credentials_max_ttl.as_secs() / 86_400;
            let reason = format!("is later than in {most} days (security.app_credentials_max_ttl)");
            return Err(Error::invalid("expires", reason));
        }
        Ok(Some(end))
    }

    /// Checks the folders, and makes those that are missing, so that the client finds what it was given.
    fn folders(&self, owner: &User, folders: &[String]) -> Result<Vec<String>> {
        if folders.len() > MOST_LIMITS {
            return Err(Error::invalid("folders", format!("are more than {MOST_LIMITS}")));
        }
        let mut paths = Vec::new();
        for folder in folders {
            let path = Path::from_plain(folder)
                .map_err(|error| Error::invalid("folders", format!("{folder:?}: {error}; write it like /Documents")))?;
            if path.is_root() {
                return Err(Error::invalid("folders", "name a folder, or none for the whole home"));
            }
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let home = self.0.storage.homes().open(&owner.home)?;
        for path in &paths {
            self.make_folder(&home, path)?;
        }
        Ok(paths.iter().map(Path::to_plain).collect())
    }

    fn make_folder(&self, home: &Root, path: &Path) -> Result<()> {
        let durable = self.0.storage_config.durability == crate::config::Durability::Fsync;
        let mut so_far = Path::root();
        for name in path.names() {
            so_far = so_far.join(name);
            let mut place = home.find(&so_far, true)?;
            match place.any_meta() {
                Some(meta) if meta.is_folder() => {}
                Some(_) => return Err(Error::invalid("folders", format!("{} is not a folder", so_far.to_plain()))),
                None => place.make_folder(self.0.clock.now(), None, durable)?,
            }
        }
        Ok(())
    }
}

/// A label as it is kept: 1 to 64 characters, trimmed, none of them a control character.
pub(super) fn label(text: &str) -> Result<String> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > 64 {
        return Err(Error::invalid("label", "must have 1 to 64 characters"));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid("label", "must have no control characters"));
    }
    Ok(text.to_owned())
}

/// Networks as they are kept, host bits cut off.
pub(super) fn networks(networks: &[IpNet]) -> Result<Vec<IpNet>> {
    if networks.len() > MOST_LIMITS {
        return Err(Error::invalid("networks", format!("are more than {MOST_LIMITS}")));
    }
    Ok(networks.iter().map(IpNet::trunc).collect())
}
