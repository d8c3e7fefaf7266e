//! Accounts that live in a company directory: signing in by it, and dying with it.
//!
//! An account is kept on this server or comes from one directory, never both, so what ends it there ends it here. Its
//! application passwords are never shown to the directory, and a failure on the drive never asks it (R19).
//!
//! What a directory says goes one way: [`crate::directory`] asks and translates, [`standing`] writes down what follows
//! (confirmed, unconfirmed, suspended), and the gate and the sessions look at the account on every request.

mod account;
mod flows;
mod ldap;
mod link;
mod login_name;
mod logout;
mod oidc;
mod overview;
mod recheck;
mod recheck_ldap;
mod recheck_oidc;
mod standing;
#[cfg(test)]
mod tests;

pub use link::LinkTo;
pub use oidc::{OidcAnswer, OidcArrived, OidcDone, OidcErrand, OidcPurpose};
pub use overview::{CompanyAccount, DirectoryOverview, Joinable};
pub use recheck::DirectoryRef;

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::attempts::Attempts;
use crate::config::{CommonConfig, LdapConfig};
use crate::directory::{Directories, Ldap, Unreachable};
use crate::model::{DirectoryKind, Ending, Session, Time, User};

/// Sign-ins that ask an LDAP directory at a time. Each holds a thread while it waits.
const ASKING: usize = 16;
/// Sign-ins by a provider that one network may begin within [`BEGUN_WINDOW`].
const BEGUN: usize = 600;
/// See [`BEGUN`].
const BEGUN_WINDOW: Duration = Duration::from_mins(10);

/// Why a directory let nobody in. Each is a sentence for the person.
#[derive(Debug, thiserror::Error)]
pub enum CompanyRefusal {
    /// There is no provider of that name.
    #[error("There is no such way to sign in.")]
    NoSuchProvider,
    /// The directory does not answer.
    #[error("{0} does not answer right now. Please try again later. Application passwords go on working.")]
    Unreachable(String),
    /// The provider refuses this server, or what came back from it.
    #[error("{0} refused this sign-in. Please try again; if that does not help, tell the administrator.")]
    RefusedThere(String),
    /// The person, or the provider, has called it off.
    #[error("{label} did not let you in: {reason}.")]
    Denied {
        /// What people call the provider.
        label: String,
        /// In the provider's words, made harmless.
        reason: String,
    },
    /// Begun too long ago, in another browser, or used already.
    #[error("This sign-in was begun in another browser, or has taken too long. Please begin again.")]
    Stale,
    /// The answer did not stand up to the checks.
    #[error("What {0} answered cannot be trusted, so nobody was signed in. Tell the administrator if it stays so.")]
    Untrusted(String),
    /// The clocks differ.
    #[error("The clocks of this server and of {0} differ, so nobody was signed in. Tell the administrator.")]
    Clock(String),
    /// The provider did not ask for the password again.
    #[error("{0} did not ask for your password again, so this does not confirm that it is you.")]
    NotAnew(String),
    /// The account has ended there.
    #[error("Your account at {label} {}.", ending.told())]
    Ended {
        /// What people call the directory.
        label: String,
        /// Why.
        ending: Ending,
    },
    /// The password there has to be changed first.
    #[error("Your password at {0} has expired. Change it there, then sign in here.")]
    PasswordExpired(String),
    /// Nobody has made an account for this person.
    #[error("You have no account here. Ask the administrator of this server for an invitation.")]
    NoAccount,
    /// An administrator has disabled the account.
    #[error("Your account on this server is disabled. Ask its administrator.")]
    DisabledHere,
    /// Somebody else came back than went.
    #[error("{0} has signed in somebody else. Sign in there as yourself.")]
    SomebodyElse(String),
    /// The company account belongs to an account here already.
    #[error("This company account is joined to another account here already.")]
    Taken,
    /// The link is good no more.
    #[error("This link was used already, or its time is over. Ask the administrator for another one.")]
    LinkEnded,
    /// The account signs in elsewhere.
    #[error("Your account comes from {0}. Please sign in with it.")]
    SignInThere(String),
}

impl From<Unreachable> for CompanyRefusal {
    fn from(error: Unreachable) -> Self {
        tracing::warn!(directory = error.label, reason = error.reason, "a directory does not answer");
        Self::Unreachable(error.label)
    }
}

/// What a directory has shown of somebody who signs in.
#[derive(Debug, Clone, Default)]
pub(super) struct CompanyEntry {
    /// The OpenID provider, by its name in the configuration; absent for LDAP.
    pub(super) provider: Option<String>,
    /// The provider's name for its session.
    pub(super) sid: Option<String>,
    /// When the person last proved who they are; absent where that was just now.
    pub(super) authenticated_at: Option<Time>,
    /// Whether the provider's second factor counts.
    pub(super) second_factor: bool,
}

impl CompanyEntry {
    /// The same in a browser that has a session of that person still: a provider that does not say when it asked for a
    /// proof may not have asked for any, and whoever finds the browser open is no fresher by going there and back (S19).
    pub(super) fn in_place_of(&self, user: &User, session: Option<&Session>) -> Self {
        let is_silent = self.provider.is_some() && self.authenticated_at.is_none();
        let own = session.filter(|session| is_silent && session.user.id == user.id);
        Self { authenticated_at: own.map(|session| session.authenticated_at).or(self.authenticated_at), ..self.clone() }
    }
}

/// What is kept in memory.
#[derive(Debug)]
pub(super) struct State {
    directories: Directories,
    flows: flows::Flows,
    begun: Attempts,
    asking: Semaphore,
    budgets: HashMap<String, Budgets>,
    /// The same for names that no directory knows, so that they cannot be told apart.
    unknown: Attempts,
    /// Sessions whose person the provider has just confirmed, while our own second factor is asked for.
    confirmed: Mutex<HashMap<i64, Time>>,
    passes: Mutex<HashMap<DirectoryRef, Time>>,
    /// Providers whose accounts under an earlier name were looked for.
    adopted: Mutex<HashSet<DirectoryRef>>,
    heard: logout::Heard,
    in_vain: flows::InVain,
}

/// Wrong passwords that one person of a directory has left, so that guessing here never locks the account there.
#[derive(Debug)]
struct Budgets {
    strangers: Attempts,
    /// One more, for the browsers that the person has used: strangers cannot use it up.
    known: Attempts,
}

impl Budgets {
    fn new(config: &LdapConfig) -> Self {
        let most = config.wrong_passwords as usize;
        let window = config.wrong_passwords_window;
        Self {
            strangers: Attempts::chained(most.saturating_sub(1).max(1), window),
            known: Attempts::chained(most, window),
        }
    }
}

impl State {
    pub(super) fn new(directories: Directories) -> Self {
        let budgets = directories.ldap().iter().map(|ldap| (ldap.issuer(), Budgets::new(ldap.config()))).collect();
        Self {
            flows: flows::Flows::default(),
            begun: Attempts::new(BEGUN, BEGUN_WINDOW),
            asking: Semaphore::new(ASKING),
            budgets,
            unknown: unknown_budget(&directories),
            confirmed: Mutex::default(),
            passes: Mutex::default(),
            adopted: Mutex::default(),
            heard: logout::Heard::default(),
            in_vain: flows::InVain::default(),
            directories,
        }
    }

    /// The configuration of a directory, where it still has one.
    fn common(&self, kind: DirectoryKind, name: &str) -> Option<&CommonConfig> {
        match kind {
            DirectoryKind::Oidc => {
                self.directories.oidc().iter().map(|one| &one.config().common).find(|common| common.name == name)
            }
            DirectoryKind::Ldap => {
                self.directories.ldap().iter().map(|one| &one.config().common).find(|common| common.name == name)
            }
        }
    }
}

/// As few tries as the strictest directory gives strangers.
fn unknown_budget(directories: &Directories) -> Attempts {
    let configs = || directories.ldap().iter().map(Ldap::config);
    let most = configs().map(|config| config.wrong_passwords).min().unwrap_or(1);
    let window = configs().map(|config| config.wrong_passwords_window).max().unwrap_or(BEGUN_WINDOW);
    Attempts::chained((most as usize).saturating_sub(1).max(1), window)
}

/// Waits for a directory from a blocking task.
fn wait<F: Future>(answer: F) -> F::Output {
    tokio::runtime::Handle::current().block_on(answer)
}
