//! Facts about accounts that live in a company directory.

use super::Time;

/// How a directory is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DirectoryKind {
    /// OpenID Connect.
    Oidc,
    /// LDAP.
    Ldap,
}

impl DirectoryKind {
    /// The word used in the configuration and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::Ldap => "ldap",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Oidc, Self::Ldap].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Who somebody is in a directory: the key of an account, and never a name or an e-mail address, which are given away
/// and given again (S12).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// OpenID Connect: the issuer. LDAP: `ldap:` and the directory's name in the configuration.
    pub issuer: String,
    /// OpenID Connect: `sub`. LDAP: `objectGUID`, `entryUUID` or the like.
    pub subject: String,
}

/// Why a company account opens nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// The directory does not know it any more.
    Gone,
    /// It is disabled there.
    Disabled,
    /// Its time there is over.
    Expired,
    /// It is not in a group that is needed here, or not among those who count.
    NotAllowed,
    /// Nobody has confirmed it for too long.
    Unconfirmed,
}

impl Ending {
    const ALL: [Self; 5] = [Self::Gone, Self::Disabled, Self::Expired, Self::NotAllowed, Self::Unconfirmed];

    /// The word used in the database and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::NotAllowed => "not-allowed",
            Self::Unconfirmed => "unconfirmed",
        }
    }

    /// The ending of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| ending.as_str() == word)
    }

    /// For people, after "the company account".
    #[must_use]
    pub fn told(self) -> &'static str {
        match self {
            Self::Gone => "is not in the directory any more",
            Self::Disabled => "is disabled",
            Self::Expired => "has expired",
            Self::NotAllowed => "is not among those who may use this server",
            Self::Unconfirmed => "was not confirmed for too long",
        }
    }
}

/// Since when, and why, an account opens nothing because of what its directory said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspension {
    /// Since when.
    pub at: Time,
    /// Why.
    pub because: Ending,
}

/// That an account comes from a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompanyLink {
    /// Row id.
    pub id: i64,
    /// The account here.
    pub user_id: i64,
    /// How the directory is spoken to.
    pub kind: DirectoryKind,
    /// Its name in the configuration.
    pub directory: String,
    /// Who the person is there.
    pub identity: Identity,
    /// What the directory calls the person.
    pub shown: String,
    /// Since when.
    pub linked_at: Time,
    /// Last sign-in by it.
    pub signed_in_at: Option<Time>,
    /// When the directory last said that the account is alive.
    pub confirmed_at: Option<Time>,
    /// When it was last asked.
    pub checked_at: Time,
    /// Passes in a row in which it did not know the account.
    pub missing: u32,
    /// Since when it has not confirmed the account although it answered.
    pub unconfirmed_since: Option<Time>,
    /// Why the last look confirmed nothing.
    pub failure: Option<String>,
}

/// How the last look at a whole directory went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DirectoryState {
    /// The last pass over all its accounts.
    pub passed_at: Option<Time>,
    /// When it last answered.
    pub answered_at: Option<Time>,
    /// Since when, and why, it does not answer.
    pub failing: Option<(Time, String)>,
    /// Since when, and what, an administrator has to look at.
    pub alarm: Option<(Time, String)>,
}
