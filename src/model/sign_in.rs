//! Facts about signing in to the pages: sessions and second factors.

use super::{Time, User};

/// A person who is signed in to the pages, in one browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Row id, never used again.
    pub id: i64,
    /// The person.
    pub user: User,
    /// When the person signed in.
    pub created_at: Time,
    /// Last request, at most a minute late.
    pub last_seen_at: Time,
    /// When the person last proved who they are.
    pub authenticated_at: Time,
    /// When it ends, whatever is done.
    pub expires_at: Time,
    /// Whether a password has to be changed or a second factor bound before anything else.
    pub restricted: bool,
    /// Client address of the last request.
    pub address: String,
    /// User agent of the sign-in.
    pub agent: Option<String>,
    /// Name of the OpenID provider that signed the person in.
    pub provider: Option<String>,
}

/// A passkey without its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// Row id, never used again.
    pub id: i64,
    /// What the person calls it.
    pub name: String,
    /// When it was bound.
    pub created_at: Time,
    /// Last successful use.
    pub last_used_at: Option<Time>,
}

/// The second factors of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecondFactors {
    /// Since when codes of an authenticator application are asked for; absent where none is bound.
    pub totp_since: Option<Time>,
    /// Last accepted code.
    pub totp_last_used: Option<Time>,
    /// Passkeys, oldest first.
    pub passkeys: Vec<Passkey>,
    /// Recovery codes that were not used yet.
    pub recovery_codes: usize,
}

impl SecondFactors {
    /// Whether a second factor is bound. Recovery codes alone are none.
    #[must_use]
    pub fn any(&self) -> bool {
        self.totp_since.is_some() || !self.passkeys.is_empty()
    }
}

/// Who must have a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecondFactorFor {
    /// Everybody decides for themselves.
    Nobody,
    /// Administrators.
    Administrators,
    /// All.
    Everybody,
}

impl SecondFactorFor {
    /// All, in the order of the pages.
    pub const ALL: [Self; 3] = [Self::Nobody, Self::Administrators, Self::Everybody];

    /// The word used in the configuration and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Administrators => "administrators",
            Self::Everybody => "everybody",
        }
    }

    /// The value of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|who| who.as_str() == word)
    }

    /// Whether this person must have one.
    #[must_use]
    pub fn includes(self, user: &User) -> bool {
        match self {
            Self::Nobody => false,
            Self::Administrators => user.is_admin,
            Self::Everybody => true,
        }
    }
}
