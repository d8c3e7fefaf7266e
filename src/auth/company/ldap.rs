//! Signing in by an LDAP directory: name and password on our page, a bind there.
//!
//! Throttled before the directory is asked: per network and typed name like every sign-in, and per person with fewer
//! tries than the directory itself allows, so that nobody can lock a company account by guessing here.

use super::account::Source;
use super::{CompanyEntry, CompanyRefusal, wait};
use crate::auth::network::ClientNetwork;
use crate::auth::sign_in::{Browser, Entry, Proven};
use crate::auth::{Auth, Error, SignIn, SignInRefusal, SignedIn, Visitor};
use crate::directory::Ldap;
use crate::directory::ldap::{self, Lookup, PasswordAnswer};
use crate::model::{CompanyLink, DirectoryKind, Identity, User};
use crate::secret::PlainSecret;
use crate::store::{self, identity};

/// How long somebody waits where too many are asking already.
const BUSY: std::time::Duration = std::time::Duration::from_secs(5);

/// Whom a directory is asked about.
#[derive(Clone, Copy)]
enum Asked<'a> {
    /// Somebody who typed a name; the account here that has it, where there is one.
    Typed(&'a str, Option<&'a User>),
    /// Somebody who is signed in already.
    Known(&'a User, &'a CompanyLink),
}

impl<'a> Asked<'a> {
    fn name(self) -> &'a str {
        match self {
            Self::Typed(name, _) => name,
            Self::Known(user, _) => user.name.as_str(),
        }
    }

    fn user(self) -> Option<&'a User> {
        match self {
            Self::Typed(_, user) => user,
            Self::Known(user, _) => Some(user),
        }
    }
}

/// Who was found in which directory.
struct Found<'a> {
    ldap: &'a Ldap,
    entry: ldap::Entry,
    /// The account here, where there is one.
    link: Option<CompanyLink>,
}

impl Auth {
    /// Whether a directory is asked for that name: it is not one of an account with a password of this server.
    pub(in crate::auth) fn asks_ldap(&self, found: Option<&User>) -> Result<bool, Error> {
        if self.0.company.directories.ldap().is_empty() {
            return Ok(false);
        }
        Ok(match found {
            Some(user) => !self.has_password(user)?,
            None => true,
        })
    }

    /// Signs somebody in by a directory. Blocks.
    pub(in crate::auth) fn sign_in_by_ldap(
        &self,
        name: &str,
        known: Option<&User>,
        password: &PlainSecret,
        browser: Browser<'_>,
        visitor: Visitor<'_>,
    ) -> Result<SignIn, SignInRefusal> {
        let found = self.ask_ldap(Asked::Typed(name, known), password, browser.device, visitor)?;
        let source = source_of(found.ldap);
        let user = self.arrive(source, &found.entry.person, None, visitor)?;
        self.company_let_in(&user, &by(source), CompanyEntry::default(), browser, visitor)
    }

    /// Somebody with a link that was handed over joins their company account to the account here. Blocks.
    ///
    /// # Errors
    /// See [`SignInRefusal`].
    pub fn join_by_ldap(
        &self,
        token: &str,
        name: &str,
        password: &PlainSecret,
        browser: Browser<'_>,
        visitor: Visitor<'_>,
    ) -> Result<SignIn, SignInRefusal> {
        let name = name.trim().to_lowercase();
        if self.open_password_link(token)?.is_none() {
            return Err(CompanyRefusal::LinkEnded.into());
        }
        let found = self.ask_ldap(Asked::Typed(&name, None), password, browser.device, visitor)?;
        let source = source_of(found.ldap);
        let user = self.join_by_link(token, source, &found.entry.person, None, visitor)?;
        self.company_let_in(&user, &by(source), CompanyEntry::default(), browser, visitor)
    }

    /// The password of somebody who is signed in already, asked of their directory.
    pub(in crate::auth) fn check_password_at_ldap(
        &self,
        user: &User,
        link: &CompanyLink,
        password: &PlainSecret,
        device: Option<&str>,
        visitor: Visitor<'_>,
    ) -> Result<(), SignInRefusal> {
        let found = self.ask_ldap(Asked::Known(user, link), password, device, visitor)?;
        match found.entry.person.ending {
            None => Ok(()),
            Some(ending) => Err(self.turned_away(source_of(found.ldap), &found.entry.person, ending)?),
        }
    }

    /// The throttles, the search, and the bind.
    fn ask_ldap(
        &self,
        asked: Asked<'_>,
        password: &PlainSecret,
        device: Option<&str>,
        visitor: Visitor<'_>,
    ) -> Result<Found<'_>, SignInRefusal> {
        let (name, known) = (asked.name(), asked.user());
        let now = self.0.clock.now();
        let network = ClientNetwork::of(visitor.address);
        let own = known.map_or(Ok([0; 32]), |user| self.known_device(user, device))?;
        if own == [0; 32]
            && let Some(wait) = self.0.page_throttle.over(network, now)
        {
            return Err(SignInRefusal::Throttled(wait));
        }
        let against = (name, own);
        self.0.attempts.begin(&against, now).map_err(SignInRefusal::Throttled)?;
        let _permit = self.0.company.asking.try_acquire().map_err(|_| SignInRefusal::Throttled(BUSY))?;
        let wrong = |detail: &str, user: Option<&User>| -> SignInRefusal {
            self.0.page_throttle.failed(network, &(name, password.expose()), now);
            match self.note_failed_sign_in(user, detail, visitor) {
                Ok(()) => SignInRefusal::Wrong,
                Err(error) => error.into(),
            }
        };
        if password.expose().is_empty() {
            return Err(wrong("empty password", known));
        }
        let Some(found) = self.find_in_ldap(asked)? else {
            // Somebody unknown has as few tries as somebody who is known, and costs as much as somebody whose password is
            // kept here (S8).
            self.0.company.unknown.begin(&name, now).map_err(SignInRefusal::Throttled)?;
            self.0.hasher.hash(password)?;
            return Err(wrong("unknown account", None));
        };
        self.spend(&found, device, now)?;
        let label = || found.ldap.config().common.label.clone();
        match wait(found.ldap.check_password(&found.entry, password)).map_err(CompanyRefusal::from)? {
            PasswordAnswer::Right => {
                self.0.attempts.forget(&against);
                self.give_back(&found);
                Ok(found)
            }
            PasswordAnswer::Wrong => Err(wrong("wrong password", self.account_of(&found)?.as_ref())),
            PasswordAnswer::Expired => Err(CompanyRefusal::PasswordExpired(label()).into()),
            PasswordAnswer::Ended(ending) => Err(CompanyRefusal::Ended { label: label(), ending }.into()),
        }
    }

    /// Who that is: as the directories name people now, or else as an account here is named.
    fn find_in_ldap(&self, asked: Asked<'_>) -> Result<Option<Found<'_>>, SignInRefusal> {
        let now = self.0.clock.now();
        let directories = self.0.company.directories.ldap();
        let link = match asked {
            Asked::Known(_, link) => Some(link.clone()),
            Asked::Typed(_, known) => known.map(|user| self.link_of(user)).transpose()?.flatten(),
        };
        if let Asked::Typed(name, _) = asked {
            // The one that the account of that name comes from goes first: a password is shown to no other.
            let is_own = |ldap: &&Ldap| link.as_ref().is_some_and(|link| link.identity.issuer == ldap.issuer());
            let (own, others): (Vec<&Ldap>, Vec<&Ldap>) = directories.iter().partition(is_own);
            for ldap in own.into_iter().chain(others) {
                match wait(ldap.find(name, now)) {
                    Ok(Some(entry)) => return Ok(Some(self.found(ldap, entry)?)),
                    Ok(None) => {}
                    // Who is in it is not known, so nobody's password goes to a namesake elsewhere.
                    Err(error) => return Err(CompanyRefusal::from(error).into()),
                }
            }
        }
        let mut silent = None;
        if let Some(link) = link.filter(|link| link.kind == DirectoryKind::Ldap)
            && let Some(ldap) = directories.iter().find(|ldap| ldap.issuer() == link.identity.issuer)
        {
            match wait(ldap.find_by_id(&link.identity, now)) {
                Ok(Lookup::Found(entry)) => return Ok(Some(self.found(ldap, *entry)?)),
                Ok(Lookup::Gone) => {}
                Err(error) => silent = Some(error),
            }
        }
        // Who is in the one that does not answer is not known.
        silent.map_or(Ok(None), |error| Err(CompanyRefusal::from(error).into()))
    }

    fn found<'a>(&self, ldap: &'a Ldap, entry: ldap::Entry) -> Result<Found<'a>, SignInRefusal> {
        let link = self.0.store.read(|c| identity::by_identity(c, &entry.person.identity))?;
        Ok(Found { ldap, entry, link })
    }

    fn account_of(&self, found: &Found<'_>) -> Result<Option<User>, SignInRefusal> {
        let Some(link) = &found.link else {
            return Ok(None);
        };
        Ok(self.0.store.read(|c| store::user::by_id(c, link.user_id))?)
    }

    /// Takes one try out of the person's budget, before the directory is asked.
    fn spend(&self, found: &Found<'_>, device: Option<&str>, now: crate::model::Time) -> Result<(), SignInRefusal> {
        let identity = &found.entry.person.identity;
        let Some(budgets) = self.0.company.budgets.get(&identity.issuer) else {
            return Ok(());
        };
        let user = self.account_of(found)?;
        let is_known = user.map_or(Ok([0; 32]), |user| self.known_device(&user, device))? != [0; 32];
        if !is_known {
            budgets.strangers.begin(identity, now).map_err(SignInRefusal::Throttled)?;
        }
        // All of them are seen by the directory, whoever makes them.
        budgets.known.begin(identity, now).map_err(SignInRefusal::Throttled)
    }

    /// A right password has the directory count from the start again.
    fn give_back(&self, found: &Found<'_>) {
        let identity: &Identity = &found.entry.person.identity;
        if let Some(budgets) = self.0.company.budgets.get(&identity.issuer) {
            budgets.strangers.forget(identity);
            budgets.known.forget(identity);
        }
    }

    /// Lets somebody in whom a directory has let in, once our own second factor is shown where it is asked for.
    pub(super) fn company_let_in(
        &self,
        user: &User,
        by: &str,
        company: CompanyEntry,
        browser: Browser<'_>,
        visitor: Visitor<'_>,
    ) -> Result<SignIn, SignInRefusal> {
        if !company.second_factor && self.second_factors_of(user)?.any() {
            let proven = Proven { password: None, company: Some(company) };
            return Ok(SignIn::SecondFactor(self.wait_for_second_factor(user, proven)));
        }
        let proven = Proven { password: None, company: Some(company) };
        let signed_in: SignedIn = self.let_in(user, &Entry { by, proven, browser }, visitor)?;
        Ok(SignIn::Done(Box::new(signed_in)))
    }
}

pub(super) fn source_of(ldap: &Ldap) -> Source<'_> {
    Source { kind: DirectoryKind::Ldap, common: &ldap.config().common }
}

/// For the audit log.
pub(super) fn by(source: Source<'_>) -> String {
    format!("{}:{}", source.kind.as_str(), source.common.name)
}
