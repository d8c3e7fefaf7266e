//! Issues an application password: the one function behind page, API and command line.

use std::time::Duration;

use ipnet::IpNet;

use super::{Actor, Auth, ClientNetwork, Error, Policy, Result};
use crate::clock::seconds;
use crate::files::{Path, Root};
use crate::model::{AppPassword, Scope, Session, Time, User};
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

/// A form that must not be carried out twice, however often a browser sends it.
#[derive(Debug, Clone)]
pub struct OneTimeForm {
    /// The session whose page it was on.
    pub session_id: i64,
    /// Made by chance with the page.
    pub id: Vec<u8>,
}

/// The longest time for which the old one of two stays good beside the new.
pub const LONGEST_OVERLAP: Duration = Duration::from_hours(72);
/// Longest id of a form, in bytes.
const LONGEST_FORM_ID: usize = 64;
/// Folders or networks of one application password.
const MOST_LIMITS: usize = 32;

impl Auth {
    /// Issues an application password for an account. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`], or [`Error::Invalid`] with the value that cannot be taken.
    pub fn issue_app_password(&self, user: &str, new: &NewAppPassword, actor: &Actor) -> Result<Issued> {
        let owner = self.user(user)?;
        let row = self.new_row(&owner, new, actor)?;
        self.issue(&owner, row, None, None, actor)
    }

    /// Issues one for the person of a session, from a form of theirs. Blocks.
    ///
    /// # Errors
    /// As above; [`Error::AlreadyDone`] where the form was sent before, [`Error::Refused`] where the person has not
    /// proven lately who they are (S19).
    pub fn issue_own_app_password(
        &self,
        session: &Session,
        form: &OneTimeForm,
        new: &NewAppPassword,
        actor: &Actor,
    ) -> Result<Issued> {
        self.require_fresh(session)?;
        let row = self.new_row(&session.user, new, actor)?;
        self.issue(&session.user, row, Some(form), None, actor)
    }

    /// Issues another one with the same settings for the person of a session; the old one stays good for a while.
    /// Blocks.
    ///
    /// # Errors
    /// As above; [`Error::NoSuchAppPassword`] where the person has no live one of that selector.
    pub fn replace_own_app_password(
        &self,
        session: &Session,
        form: &OneTimeForm,
        selector: &str,
        overlap: Duration,
        actor: &Actor,
    ) -> Result<Issued> {
        self.require_fresh(session)?;
        if overlap > LONGEST_OVERLAP {
            return Err(Error::invalid("overlap", "is longer than 72 hours"));
        }
        let owner = &session.user;
        let now = self.0.clock.now_in_millis();
        let old = self.0.store.read(|c| store::app_password::of_user(c, owner.id))?;
        let old = old.into_iter().find(|row| row.selector == selector && row.revoked_at.is_none());
        let old = old.ok_or_else(|| Error::NoSuchAppPassword(selector.to_owned()))?;
        let policy = self.policy()?;
        let expires_at = match old.expires_at {
            None if policy.allow_never => None,
            None => Some(now + seconds(policy.ttl.as_secs())),
            Some(end) => Some((now + (end - old.created_at)).min(policy.latest_end(now))),
        };
        let row = AppPassword {
            label: old.label.clone(),
            scope: old.scope,
            folders: old.folders.clone(),
            networks: old.networks.clone(),
            expires_at,
            replaces: Some(old.selector.clone()),
            ..unused(owner, now, actor)
        };
        let until = now + seconds(overlap.as_secs());
        self.issue(owner, row, Some(form), Some((&old, until)), actor)
    }

    fn require_fresh(&self, session: &Session) -> Result<()> {
        if self.is_fresh(session) && !session.restricted {
            Ok(())
        } else {
            Err(Error::Refused("the sign-in is too long ago"))
        }
    }

    /// The row of what is asked for, checked.
    fn new_row(&self, owner: &User, new: &NewAppPassword, actor: &Actor) -> Result<AppPassword> {
        let created_at = self.0.clock.now_in_millis();
        let expires_at = expires_at(&self.policy()?, new.expiry, created_at)?;
        Ok(AppPassword {
            label: label(&new.label)?,
            scope: new.scope,
            networks: networks(&new.networks)?,
            folders: self.folders(owner, &new.folders)?,
            expires_at,
            ..unused(owner, created_at, actor)
        })
    }

    fn issue(
        &self,
        owner: &User,
        mut row: AppPassword,
        form: Option<&OneTimeForm>,
        takes_over: Option<(&AppPassword, Time)>,
        actor: &Actor,
    ) -> Result<Issued> {
        let most = self.policy()?.max_per_user as usize;
        // On the pages, computations take turns: whoever sends many forms holds up nobody else.
        let address = actor.address.as_deref().and_then(|address| address.parse().ok()).filter(|_| form.is_some());
        let _turn = address
            .map(|address| self.0.page_throttle.permit(ClientNetwork::of(address), "page", row.created_at))
            .transpose()
            .map_err(|_| Error::Refused("too much is going on, try again in a moment"))?;
        loop {
            let text = AppPasswordText::generate();
            row.selector.clone_from(&text.selector);
            let phc = self.0.hasher.hash(&text.secret)?;
            let id = self.0.store.write(|tx| {
                if store::app_password::selector_taken(tx, &text.selector)? {
                    return Ok(None);
                }
                use_form(tx, form, row.created_at)?;
                if let Some((old, until)) = takes_over {
                    self.end_replaced(tx, owner, old, until, actor)?;
                }
                if store::app_password::count_live_of(tx, owner.id, row.created_at)? >= most {
                    let reason = format!("has {most} application passwords already: revoke one first");
                    return Err(Error::invalid("account", reason));
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

    fn end_replaced(
        &self,
        tx: &rusqlite::Transaction<'_>,
        owner: &User,
        old: &AppPassword,
        until: Time,
        actor: &Actor,
    ) -> Result<()> {
        let now = self.0.clock.now_in_millis();
        if until <= now {
            store::app_password::revoke(tx, &old.selector, now, &actor.name)?;
        } else if old.expires_at.is_none_or(|end| until < end) {
            store::app_password::set_expiry(tx, old.id, until)?;
        }
        self.audit(tx, actor, "app-password.replace", Some(owner.name.as_str()), Some(&old.selector))
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
        let mut made: Vec<String> = Vec::new();
        for path in &paths {
            let folder = self.make_folder(&home, path)?.to_plain();
            if !made.contains(&folder) {
                made.push(folder);
            }
        }
        Ok(made)
    }

    /// Makes a folder and those above it, as far as they are missing, and tells its path as it lies on the disk: what
    /// is there under the same name in Unicode's other form is that folder, and gets none beside it (R17).
    fn make_folder(&self, home: &Root, path: &Path) -> Result<Path> {
        let durable = self.0.storage_config.durability == crate::config::Durability::Fsync;
        let mut so_far = Path::root();
        for name in path.names() {
            let (there, mut place) = home.find_member(&so_far, name)?;
            so_far = there;
            match place.any_meta() {
                Some(meta) if meta.is_folder() => {}
                Some(_) => return Err(Error::invalid("folders", format!("{} is not a folder", so_far.to_plain()))),
                None => place.make_folder(self.0.clock.now(), None, durable)?,
            }
        }
        Ok(so_far)
    }
}

/// Marks a form as carried out, in the transaction of its deed.
pub(super) fn use_form(tx: &rusqlite::Transaction<'_>, form: Option<&OneTimeForm>, now: Time) -> Result<()> {
    let Some(form) = form else {
        return Ok(());
    };
    if form.id.is_empty() || form.id.len() > LONGEST_FORM_ID {
        return Err(Error::invalid("form", "has no valid id"));
    }
    let first = store::session::use_form(tx, form.session_id, &form.id, now)?;
    if first { Ok(()) } else { Err(Error::AlreadyDone) }
}

/// A row of which nothing is known but whose it is and who issues it.
fn unused(owner: &User, created_at: Time, actor: &Actor) -> AppPassword {
    AppPassword {
        id: 0,
        user_id: owner.id,
        selector: String::new(),
        label: String::new(),
        scope: Scope::ReadOnly,
        folders: Vec::new(),
        networks: Vec::new(),
        created_at,
        created_from: actor.address.clone(),
        created_by: actor.name.clone(),
        expires_at: None,
        last_used_at: None,
        last_used_from: None,
        last_used_agent: None,
        revoked_at: None,
        revoked_by: None,
        replaces: None,
    }
}

fn expires_at(policy: &Policy, expiry: Expiry, now: Time) -> Result<Option<Time>> {
    let end = match expiry {
        Expiry::Default => now + seconds(policy.ttl.as_secs()),
        Expiry::After(time) => now + seconds(time.as_secs()),
        Expiry::At(end) => end,
        Expiry::Never if policy.allow_never => return Ok(None),
        Expiry::Never => {
            let reason = "never is not allowed here (app_credentials_allow_never, in the file or as set on the pages)";
            return Err(Error::invalid("expires", reason));
        }
    };
    if end <= now {
        return Err(Error::invalid("expires", "is not in the future"));
    }
    if end > policy.latest_end(now) {
        let most = policy.max_ttl.as_secs() / 86_400;
        let reason =
            format!("is later than in {most} days (app_credentials_max_ttl, in the file or as set on the pages)");
        return Err(Error::invalid("expires", reason));
    }
    Ok(Some(end))
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
