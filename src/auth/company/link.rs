//! An administrator joins an account here to a company account, or takes the two apart.

use rusqlite::Transaction;

use super::account::{Source, by_id};
use super::{CompanyRefusal, wait};
use crate::auth::api_token::digest;
use crate::auth::{Actor, Auth, Error, Result, SignInRefusal, Visitor};
use crate::config::{CommonConfig, Provision};
use crate::directory::Person;
use crate::model::{DirectoryKind, Identity, User};
use crate::store::{self, identity};

/// Longest `sub` (OpenID Connect Core 1.0 §2).
const LONGEST_SUBJECT: usize = 255;

/// The company account that an administrator means.
#[derive(Debug, Clone)]
pub enum LinkTo {
    /// Who signs in by that name at an LDAP directory.
    Ldap {
        /// The directory, by its name in the configuration.
        directory: String,
        /// Login name, e-mail address or user principal name.
        login: String,
    },
    /// Who has that `sub` at an OpenID provider.
    Oidc {
        /// The provider, by its name in the configuration.
        provider: String,
        /// The provider's id of the person.
        subject: String,
    },
}

impl Auth {
    /// Joins an account to a company account. Its own password and its sessions end. Blocks; an LDAP directory is asked.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`], [`Error::Invalid`], [`Error::Refused`]; a directory that does not answer.
    pub fn link_user(&self, name: &str, to: &LinkTo, actor: &Actor) -> std::result::Result<(), SignInRefusal> {
        let (kind, common, person) = self.person_to_link(to)?;
        if person.ending.is_some() {
            return Err(Error::Refused("that company account has ended, or may not use this server").into());
        }
        let user = self.user(name)?;
        if actor.is(&user) {
            return Err(Error::Refused("nobody joins their own account: another administrator can do it").into());
        }
        let source = Source { kind, common };
        self.0.store.write(|tx| {
            let user = by_id(tx, user.id)?;
            refuse_what_is_joined(tx, &user, &person.identity)?;
            refuse_the_last_local_admin(tx, &user)?;
            self.join(tx, source, &person, &user, actor)?;
            Ok(Self::make_company_account(tx, &user)?)
        })
    }

    fn person_to_link(
        &self,
        to: &LinkTo,
    ) -> std::result::Result<(DirectoryKind, &CommonConfig, Person), SignInRefusal> {
        let no_such = || Error::invalid("directory", "is not in the configuration");
        match to {
            LinkTo::Ldap { directory, login } => {
                let all = self.0.company.directories.ldap();
                let ldap = all.iter().find(|ldap| ldap.config().common.name == *directory).ok_or_else(no_such)?;
                let found = wait(ldap.find(login.trim(), self.0.clock.now())).map_err(CompanyRefusal::from)?;
                let unknown =
                    || Error::invalid("login", "is nobody's name in that directory, or that of several people");
                Ok((DirectoryKind::Ldap, &ldap.config().common, found.ok_or_else(unknown)?.person))
            }
            LinkTo::Oidc { provider, subject } => {
                let all = self.0.company.directories.oidc();
                let oidc = all.iter().find(|oidc| oidc.config().common.name == *provider).ok_or_else(no_such)?;
                let subject = subject.trim();
                if subject.is_empty() || subject.len() > LONGEST_SUBJECT || subject.chars().any(char::is_control) {
                    return Err(Error::invalid("subject", "must have 1 to 255 characters").into());
                }
                let issuer = oidc.single_issuer().ok_or_else(|| {
                    Error::invalid("subject", "does not tell the tenant: hand the person a link instead")
                })?;
                let person = Person {
                    identity: Identity { issuer: issuer.to_owned(), subject: subject.to_owned() },
                    login_names: Vec::new(),
                    display_name: String::new(),
                    email: None,
                    is_admin: None,
                    shown: String::new(),
                    ending: None,
                };
                Ok((DirectoryKind::Oidc, &oidc.config().common, person))
            }
        }
    }

    /// Takes an account and its company account apart. Suspended, it becomes disabled: what the directory has ended does
    /// not come to life by that. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`]; [`Error::Refused`] where it is kept on this server.
    pub fn unlink_user(&self, name: &str, actor: &Actor) -> Result<User> {
        let now = self.0.clock.now_in_millis();
        self.0.store.write(|tx| {
            let mut user = store::user::by_name(tx, name)?.ok_or_else(|| Error::NoSuchUser(name.to_owned()))?;
            let link = identity::of_user(tx, user.id)?
                .ok_or(Error::Refused("this account is kept on this server and comes from no directory"))?;
            if actor.is(&user) {
                return Err(Error::Refused("nobody takes their own account apart: another administrator can do it"));
            }
            identity::delete(tx, link.id)?;
            store::session::delete_others(tx, user.id, None)?;
            if user.suspended.is_some() {
                user.disabled_at = user.disabled_at.or(Some(now));
                store::user::update(tx, &user)?;
                store::user::set_suspended(tx, user.id, None)?;
            }
            let subject = format!("{}:{}", link.kind.as_str(), link.directory);
            self.audit_with(tx, actor, "user.unlink", Some(user.name.as_str()), Some(&subject), Some(&link.shown))?;
            by_id(tx, user.id)
        })
    }

    /// Joins a company account to the account of a link that was handed over; the link is used up.
    pub(super) fn join_by_link(
        &self,
        token: &str,
        source: Source<'_>,
        person: &Person,
        refresh_token: Option<&[u8]>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<User, SignInRefusal> {
        if let Some(ending) = person.ending {
            return Err(self.turned_away(source, person, ending)?);
        }
        let user = self.open_password_link(token)?.ok_or(CompanyRefusal::LinkEnded)?.user;
        self.refuse_a_mere_link(&user)?;
        let now = self.0.clock.now_in_millis();
        let actor = Actor::person(&user, visitor);
        self.0.store.write(|tx| {
            if store::password_link::by_digest(tx, &digest(token))?.is_none() {
                return Err(CompanyRefusal::LinkEnded.into());
            }
            Self::refuse_to_join(tx, source.common, &user, &person.identity)?;
            let mut link = self.join(tx, source, person, &user, &actor)?;
            Self::make_company_account(tx, &user)?;
            self.welcome(tx, source, &mut link, person, refresh_token, now)?;
            Ok(by_id(tx, user.id)?)
        })
    }

    /// A link that was handed over is less than what it may take away.
    fn refuse_a_mere_link(&self, user: &User) -> std::result::Result<(), SignInRefusal> {
        if self.second_factors_of(user)?.any() {
            let reason =
                "this account has a second factor, which a link does not stand for: an administrator joins the two";
            return Err(Error::Refused(reason).into());
        }
        Ok(())
    }

    /// What has to hold before somebody with a link that was handed over joins their company account.
    fn refuse_to_join(
        tx: &Transaction<'_>,
        common: &CommonConfig,
        user: &User,
        identity: &Identity,
    ) -> std::result::Result<(), SignInRefusal> {
        if common.provision == Provision::Off {
            return Err(CompanyRefusal::NoAccount.into());
        }
        refuse_the_last_local_admin(tx, user)?;
        refuse_what_is_joined(tx, user, identity)
    }

    /// From now on, the directory alone lets the person in.
    pub(super) fn make_company_account(tx: &Transaction<'_>, user: &User) -> Result<()> {
        store::user::remove_password(tx, user.id)?;
        store::session::delete_others(tx, user.id, None)?;
        store::device::forget_all(tx, user.id)?;
        store::password_link::delete_of_user(tx, user.id)?;
        Ok(())
    }

    /// Refuses what would give an account of a directory a password of its own.
    pub(in crate::auth) fn refuse_for_company_accounts(&self, user: &User) -> Result<()> {
        match self.link_of(user)? {
            None => Ok(()),
            Some(_) => Err(Error::Refused(
                "this account comes from a company directory, which keeps its password; take the two apart first",
            )),
        }
    }
}

fn refuse_what_is_joined(
    tx: &Transaction<'_>,
    user: &User,
    identity: &Identity,
) -> std::result::Result<(), SignInRefusal> {
    if identity::of_user(tx, user.id)?.is_some() {
        return Err(Error::Refused("this account comes from a company directory already").into());
    }
    if identity::by_identity(tx, identity)?.is_some() {
        return Err(CompanyRefusal::Taken.into());
    }
    Ok(())
}

/// Somebody is left who gets in on the day on which no directory answers.
fn refuse_the_last_local_admin(tx: &Transaction<'_>, user: &User) -> Result<()> {
    if user.is_admin && !another_local_admin(tx, user.id)? {
        return Err(Error::Refused(
            "this is the last administrator whose account is kept on this server: keep one, for the day on which the \
             directory does not answer",
        ));
    }
    Ok(())
}

/// Whether somebody else administers this server by a password that is kept here.
fn another_local_admin(tx: &Transaction<'_>, id: i64) -> Result<bool> {
    let all = store::user::all(tx)?;
    for user in all.iter().filter(|user| user.is_admin && user.is_active() && user.id != id) {
        if identity::of_user(tx, user.id)?.is_none() && store::user::password(tx, user.id)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
