//! Directories and their accounts as administrators, their people and `latchkey doctor` see them.

use std::collections::HashMap;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::{join, join_all};

use crate::auth::{Auth, Result};
use crate::clock::seconds;
use crate::config::{CommonConfig, ProviderSecondFactor, Provision};
use crate::directory::{Finding, Oidc};
use crate::model::{CompanyLink, DirectoryKind, DirectoryState, Time, User};
use crate::store::identity;

/// So many questions are about as many as a directory is asked.
const QUESTIONS: u32 = 40;
/// The longest look at one directory.
const LONGEST_LOOK: Duration = Duration::from_mins(3);
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
    /// Whether the directory says who administers this server.
    pub keeps_role: bool,
    /// Whether the provider's second factor counts as ours.
    pub counts_second_factor: bool,
}

/// Directories that somebody with a link may join their account to; all empty where there are none.
#[derive(Debug, Clone, Default)]
pub struct Joinable {
    /// OpenID providers: name in addresses, and what people call them.
    pub providers: Vec<(String, String)>,
    /// What people call the LDAP directories.
    pub ldap: Vec<String>,
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
            keeps_role: common.is_some_and(|common| !common.admin_groups.is_empty()),
            counts_second_factor: self.counts_second_factor(&link),
            link,
        }))
    }

    /// Where an account comes from, as it is written down; `None` for one that is kept on this server.
    ///
    /// # Errors
    /// The database's.
    pub fn company_link(&self, user: &User) -> Result<Option<CompanyLink>> {
        self.link_of(user)
    }

    /// The same for all accounts, by their row ids.
    ///
    /// # Errors
    /// The database's.
    pub fn company_links(&self) -> Result<HashMap<i64, CompanyLink>> {
        let all = self.0.store.read(identity::all)?;
        Ok(all.into_iter().map(|link| (link.user_id, link)).collect())
    }

    fn counts_second_factor(&self, link: &CompanyLink) -> bool {
        let mut all = self.0.company.directories.oidc().iter().map(Oidc::config);
        let config = all.find(|config| link.kind == DirectoryKind::Oidc && config.common.name == link.directory);
        config.is_some_and(|config| matches!(config.second_factor, ProviderSecondFactor::Provider { .. }))
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

    /// What people call an OpenID provider; `None` where the configuration has none of that name.
    #[must_use]
    pub fn provider_label(&self, name: &str) -> Option<String> {
        self.0.company.common(DirectoryKind::Oidc, name).map(|common| common.label.clone())
    }

    /// The directories that somebody with a link may join their account to.
    #[must_use]
    pub fn joinable(&self) -> Joinable {
        let directories = &self.0.company.directories;
        let is_open = |common: &&CommonConfig| common.provision != Provision::Off;
        let oidc = directories.oidc().iter().map(|one| &one.config().common).filter(is_open);
        let ldap = directories.ldap().iter().map(|one| &one.config().common).filter(is_open);
        Joinable {
            providers: oidc.map(|common| (common.name.clone(), common.label.clone())).collect(),
            ldap: ldap.map(|common| common.label.clone()).collect(),
        }
    }

    /// What people call the LDAP directories whose passwords are taken on the page of the sign-in.
    #[must_use]
    pub fn ldap_labels(&self) -> Vec<String> {
        self.0.company.directories.ldap().iter().map(|ldap| ldap.config().common.label.clone()).collect()
    }

    /// Asks every directory of the configuration at the same time, for `latchkey doctor`; none stretches it.
    pub async fn examine_directories(&self) -> Vec<(String, Vec<Finding>)> {
        let now = self.0.clock.now();
        let directories = &self.0.company.directories;
        let oidc = directories.oidc().iter().map(|one| look(&one.config().common, one.examine(now)));
        let ldap = directories.ldap().iter().map(|one| look(&one.config().common, one.examine()));
        let (mut all, others) = join(join_all(oidc), join_all(ldap)).await;
        all.extend(others);
        all
    }
}

/// Looks at one directory within a time that it cannot stretch.
async fn look(common: &CommonConfig, examined: impl Future<Output = Vec<Finding>>) -> (String, Vec<Finding>) {
    let patience = common.timeout.saturating_mul(QUESTIONS).min(LONGEST_LOOK);
    let findings = tokio::time::timeout(patience, examined).await.unwrap_or_else(|_| {
        let what = format!("it has not answered everything within {} s", patience.as_secs());
        vec![Finding::bad(what, "see whether it, or something on the way to it, is overloaded")]
    });
    (common.label.clone(), findings)
}
