//! Directories and their accounts as administrators, their people and `latchkey doctor` see them.

use std::time::Duration;

use chrono::TimeDelta;

use crate::auth::{Auth, Result};
use crate::clock::seconds;
use crate::directory::Finding;
use crate::model::{CompanyLink, DirectoryKind, DirectoryState, Time, User};
use crate::store::identity;

/// How long before a sign-in is needed the person is told.
const NOTICE: TimeDelta = TimeDelta::days(7);

/// A directory at a glance.
#[derive(Debug, Clone)]
pub struct DirectoryOverview {
    /// How it is spoken to.
    pub kind: DirectoryKind,
    /// Its name in the configuration.
    pub name: String,
    /// What people call it; the name where the configuration has it no more.
    pub label: String,
    /// Whether the configuration has it.
    pub is_configured: bool,
    /// Accounts that come from it.
    pub accounts: u64,
    /// Those that are suspended.
    pub suspended: u64,
    /// Those that go on without being confirmed.
    pub unconfirmed: u64,
    /// Time between two looks.
    pub recheck: Option<Duration>,
    /// How the last look went.
    pub state: DirectoryState,
}

/// Where an account comes from, for its person and for administrators.
#[derive(Debug, Clone)]
pub struct CompanyAccount {
    /// What is known.
    pub link: CompanyLink,
    /// What people call the directory.
    pub label: String,
    /// Whether the configuration still has it.
    pub is_configured: bool,
    /// When the account is suspended unless its person signs in before; absent where nothing is to be feared.
    pub sign_in_before: Option<Time>,
}

impl Auth {
    /// Where an account comes from; `None` for one that is kept on this server.
    ///
    /// # Errors
    /// The database's.
    pub fn company_account(&self, user: &User) -> Result<Option<CompanyAccount>> {
        let Some(link) = self.link_of(user)? else {
            return Ok(None);
        };
        let common = self.0.company.common(link.kind, &link.directory);
        Ok(Some(CompanyAccount {
            label: common.map_or_else(|| link.directory.clone(), |common| common.label.clone()),
            is_configured: common.is_some(),
            sign_in_before: if user.suspended.is_some() { None } else { self.sign_in_before(&link)? },
            link,
        }))
    }

    fn sign_in_before(&self, link: &CompanyLink) -> Result<Option<Time>> {
        let all = self.0.company.directories.oidc();
        let Some(oidc) = all.iter().find(|oidc| oidc.config().common.name == link.directory) else {
            return Ok(None);
        };
        if link.kind != DirectoryKind::Oidc {
            return Ok(None);
        }
        let grace = seconds(oidc.config().unconfirmed_grace.as_secs());
        if let Some(since) = link.unconfirmed_since {
            return Ok(Some(since + grace));
        }
        if self.0.store.read(|c| identity::refresh_token(c, link.id))?.is_some() {
            return Ok(None);
        }
        let age = seconds(oidc.config().max_signin_age.as_secs());
        let end = link.signed_in_at.unwrap_or(link.linked_at) + age;
        Ok((self.0.clock.now() + NOTICE >= end).then(|| end + grace))
    }

    /// All directories, also those that accounts come from although the configuration has them no more.
    ///
    /// # Errors
    /// The database's.
    pub fn directories(&self) -> Result<Vec<DirectoryOverview>> {
        let directories = &self.0.company.directories;
        let oidc = directories.oidc().iter().map(|one| (DirectoryKind::Oidc, &one.config().common));
        let ldap = directories.ldap().iter().map(|one| (DirectoryKind::Ldap, &one.config().common));
        let mut all: Vec<DirectoryOverview> = oidc
            .chain(ldap)
            .map(|(kind, common)| DirectoryOverview {
                kind,
                name: common.name.clone(),
                label: common.label.clone(),
                is_configured: true,
                accounts: 0,
                suspended: 0,
                unconfirmed: 0,
                recheck: Some(common.recheck),
                state: DirectoryState::default(),
            })
            .collect();
        self.0.store.read(|c| {
            for count in identity::count(c)? {
                let known = all.iter().position(|one| one.kind == count.kind && one.name == count.directory);
                let counted = DirectoryOverview {
                    kind: count.kind,
                    label: count.directory.clone(),
                    name: count.directory,
                    is_configured: false,
                    accounts: count.accounts,
                    suspended: count.suspended,
                    unconfirmed: count.unconfirmed,
                    recheck: None,
                    state: DirectoryState::default(),
                };
                match known.and_then(|place| all.get_mut(place)) {
                    Some(one) => {
                        one.accounts = counted.accounts;
                        one.suspended = counted.suspended;
                        one.unconfirmed = counted.unconfirmed;
                    }
                    None => all.push(counted),
                }
            }
            for one in &mut all {
                one.state = identity::state(c, one.kind, &one.name)?;
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// OpenID providers for the page of the sign-in: name in addresses, and what the button says.
    #[must_use]
    pub fn provider_buttons(&self) -> Vec<(String, String)> {
        let all = self.0.company.directories.oidc();
        all.iter().map(|oidc| (oidc.config().common.name.clone(), oidc.config().button.clone())).collect()
    }

    /// What people call the LDAP directories whose passwords are taken on the page of the sign-in.
    #[must_use]
    pub fn ldap_labels(&self) -> Vec<String> {
        self.0.company.directories.ldap().iter().map(|ldap| ldap.config().common.label.clone()).collect()
    }

    /// Asks every directory of the configuration, for `latchkey doctor`.
    pub async fn examine_directories(&self) -> Vec<(String, Vec<Finding>)> {
        let mut all = Vec::new();
        let now = self.0.clock.now();
        for oidc in self.0.company.directories.oidc() {
            all.push((oidc.config().common.label.clone(), oidc.examine(now).await));
        }
        for ldap in self.0.company.directories.ldap() {
            all.push((ldap.config().common.label.clone(), ldap.examine().await));
        }
        all
    }
}
