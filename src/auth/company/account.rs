//! From somebody whom a directory has let in to an account here.

use rusqlite::Transaction;

use super::{CompanyRefusal, login_name};
use crate::auth::accounts::{Checked, difference, usable_display_name, usable_email};
use crate::auth::rounds::server;
use crate::auth::{Actor, Auth, Error, NewAccount, Result, SignInRefusal, Visitor};
use crate::config::{CommonConfig, Provision};
use crate::directory::Person;
use crate::model::{CompanyLink, DirectoryKind, Ending, Time, User};
use crate::store::{self, identity};

/// A directory, as its people's accounts name it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) kind: DirectoryKind,
    pub(super) common: &'a CommonConfig,
}

impl Auth {
    /// The account of somebody whom a directory has let in; made where that is allowed.
    pub(super) fn arrive(
        &self,
        source: Source<'_>,
        person: &Person,
        refresh_token: Option<&[u8]>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<User, SignInRefusal> {
        self.refuse_another_directorys(source, person)?;
        if let Some(ending) = person.ending {
            return Err(self.turned_away(source, person, ending)?);
        }
        let now = self.0.clock.now_in_millis();
        self.0.store.write(|tx| {
            let mut link = match identity::by_identity(tx, &person.identity)? {
                Some(link) => link,
                None if source.common.provision == Provision::Auto => self.make_account(tx, source, person, visitor)?,
                None => return Err(CompanyRefusal::NoAccount.into()),
            };
            let user = by_id(tx, link.user_id)?;
            if user.disabled_at.is_some() {
                return Err(CompanyRefusal::DisabledHere.into());
            }
            self.welcome(tx, source, &mut link, person, refresh_token, now)?;
            Ok(by_id(tx, user.id)?)
        })
    }

    /// The person has shown up, alive: everything that is known of them is brought up to date.
    pub(super) fn welcome(
        &self,
        tx: &Transaction<'_>,
        source: Source<'_>,
        link: &mut CompanyLink,
        person: &Person,
        refresh_token: Option<&[u8]>,
        now: Time,
    ) -> Result<()> {
        link.directory.clone_from(&source.common.name);
        link.signed_in_at = Some(now);
        self.found_alive(tx, link, now)?;
        // Some give one at the first sign-in only.
        if refresh_token.is_some() {
            identity::set_refresh_token(tx, link.id, refresh_token)?;
        }
        self.take_over(tx, link, person)
    }

    /// Takes name, e-mail address and rights from the directory.
    pub(super) fn take_over(&self, tx: &Transaction<'_>, link: &mut CompanyLink, person: &Person) -> Result<()> {
        if link.shown != person.shown {
            link.shown.clone_from(&person.shown);
            identity::update(tx, link)?;
        }
        let before = by_id(tx, link.user_id)?;
        let mut user = before.clone();
        if let Some(name) = usable_display_name(&person.display_name) {
            user.display_name = name;
        }
        if let Some(email) = person.email.as_deref().and_then(usable_email)
            && store::user::by_sign_in_name(tx, &email)?.is_none()
        {
            user.email = Some(email);
        }
        user.is_admin = person.is_admin.unwrap_or(user.is_admin);
        let Some(changed) = difference(&before, &user) else {
            return Ok(());
        };
        store::user::update(tx, &user)?;
        let detail = format!("{}: {changed}", link.directory);
        self.audit_with(tx, &server(), "user.change", Some(user.name.as_str()), None, Some(&detail))
    }

    fn make_account(
        &self,
        tx: &Transaction<'_>,
        source: Source<'_>,
        person: &Person,
        visitor: Visitor<'_>,
    ) -> Result<CompanyLink> {
        let base = login_name::derive(&person.login_names);
        let is_free =
            |name: &crate::model::UserName| Ok::<_, Error>(store::user::by_name(tx, name.as_str())?.is_none());
        let name = login_name::free(&base, is_free)?
            .ok_or_else(|| Error::invalid("name", "is taken, and so is every number behind it"))?;
        // Somebody else's address stays theirs: two people may have the same at two providers.
        let email = person.email.as_deref().and_then(usable_email);
        let email = match email {
            Some(email) if store::user::by_sign_in_name(tx, &email)?.is_none() => Some(email),
            _ => None,
        };
        let new = NewAccount {
            display_name: usable_display_name(&person.display_name).unwrap_or_default(),
            email,
            is_admin: person.is_admin.unwrap_or(false),
            ..NewAccount::named(name.as_str())
        };
        let address = Some(visitor.address.to_canonical().to_string());
        let actor = Actor { name: server().name, address };
        let user = self.insert_user(tx, &new, &Checked::of(&new)?, None, &actor)?;
        self.join(tx, source, person, &user, &actor)
    }

    /// Joins a company account to an account here.
    pub(super) fn join(
        &self,
        tx: &Transaction<'_>,
        source: Source<'_>,
        person: &Person,
        user: &User,
        actor: &Actor,
    ) -> Result<CompanyLink> {
        let row = identity::NewLink {
            user_id: user.id,
            kind: source.kind,
            directory: &source.common.name,
            identity: &person.identity,
            shown: &person.shown,
            at: self.0.clock.now_in_millis(),
        };
        identity::insert(tx, &row)?;
        let subject = format!("{}:{}", source.kind.as_str(), source.common.name);
        self.audit_with(tx, actor, "user.link", Some(user.name.as_str()), Some(&subject), Some(&person.shown))?;
        identity::of_user(tx, user.id)?.ok_or_else(|| Error::NoSuchUser(user.name.to_string()))
    }

    /// Two entries of the configuration may have one issuer, with rules of their own: an account stays with the entry
    /// that it came by, as long as there is that one, and another one's rules neither end nor free it.
    fn refuse_another_directorys(&self, source: Source<'_>, person: &Person) -> std::result::Result<(), SignInRefusal> {
        let link = self.0.store.read(|c| identity::by_identity(c, &person.identity))?;
        let Some(link) = link.filter(|link| link.directory != source.common.name) else {
            return Ok(());
        };
        match self.0.company.common(link.kind, &link.directory) {
            Some(own) => Err(CompanyRefusal::SignInThere(own.label.clone()).into()),
            None => Ok(()),
        }
    }

    /// The directory's own word that the account has ended: it ends here at once, also in between two looks. That LDAP
    /// does not show somebody to be one of those who count is left to the looks, which see whether it is everybody.
    pub(super) fn turned_away(&self, source: Source<'_>, person: &Person, ending: Ending) -> Result<SignInRefusal> {
        let now = self.0.clock.now_in_millis();
        let is_left = source.kind == DirectoryKind::Ldap && matches!(ending, Ending::Gone | Ending::NotAllowed);
        self.0.store.write(|tx| match identity::by_identity(tx, &person.identity)?.filter(|_| !is_left) {
            Some(mut link) => self.end(tx, &mut link, ending, "a sign-in was refused", now),
            None => Ok(()),
        })?;
        Ok(CompanyRefusal::Ended { label: source.common.label.clone(), ending }.into())
    }
}

pub(super) fn by_id(tx: &Transaction<'_>, id: i64) -> Result<User> {
    store::user::by_id(tx, id)?.ok_or_else(|| Error::NoSuchUser(id.to_string()))
}
