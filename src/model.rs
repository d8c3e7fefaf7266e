//! Plain facts that several rooms share: who a person is, what an application password may do.
//!
//! Nothing here reads a disk, a database or a clock.

mod company;
mod report;
mod sign_in;
mod size;

pub use company::{CompanyLink, DirectoryKind, DirectoryState, Ending, Identity, Suspension};
pub use report::{AuditFilter, AuditLine, Quarter, Usage};
pub use sign_in::{Passkey, SecondFactorFor, SecondFactors, Session};
pub use size::{exact_size, parse_size};

use std::fmt;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// An instant; the store keeps it in whole milliseconds.
pub type Time = DateTime<Utc>;

/// A login name: `[a-z0-9][a-z0-9._-]{0,63}`, so it can never be read as a path or as an e-mail address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct UserName(String);

/// Why a text is no login name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a user name has 1 to 64 characters of a-z, 0-9, '.', '_', '-' and starts with a letter or digit")]
pub struct NotAUserName;

impl UserName {
    /// Takes the text as it is; a capital letter is refused, not folded.
    pub fn parse(text: &str) -> Result<Self, NotAUserName> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let first = bytes.first().copied().ok_or(NotAUserName)?;
        let rest = bytes.iter().all(|&byte| plain(byte) || matches!(byte, b'.' | b'_' | b'-'));
        if bytes.len() > 64 || !plain(first) || !rest {
            return Err(NotAUserName);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A person as the store knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Row id, never used again after a deletion.
    pub id: i64,
    /// The login name.
    pub name: UserName,
    /// The name shown to people; may be empty.
    pub display_name: String,
    /// Case-folded e-mail address, a second name for sign-in.
    pub email: Option<String>,
    /// Whether the person administers this server.
    pub is_admin: bool,
    /// Whether the first sign-in must change the account's password.
    pub must_change_password: bool,
    /// Where the person's files lie.
    pub home: Home,
    /// When the account was made.
    pub created_at: Time,
    /// Since when the account is disabled, if it is.
    pub disabled_at: Option<Time>,
    /// Bytes the person's files may take; absent for no limit.
    pub quota: Option<u64>,
    /// Since when, and why, the account opens nothing because of what its directory said.
    pub suspended: Option<Suspension>,
}

impl User {
    /// Whether the account opens anything: neither disabled by an administrator nor suspended by its directory.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.disabled_at.is_none() && self.suspended.is_none()
    }
}

/// Where a person's files lie.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Home {
    /// A folder of this name in `storage/files/`, so that the storage can be moved as a whole.
    Inside(String),
    /// A folder outside the storage, by absolute path.
    Outside(PathBuf),
}

/// What an application password may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Everything within the folders.
    ReadWrite,
    /// Looking and downloading.
    ReadOnly,
    /// PROPFIND, MKCOL and PUT of new names.
    UploadOnly,
}

impl Scope {
    /// The word used in the database, the API and the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadWrite => "read-write",
            Self::ReadOnly => "read-only",
            Self::UploadOnly => "upload-only",
        }
    }

    /// The scope of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::ReadWrite, Self::ReadOnly, Self::UploadOnly].into_iter().find(|scope| scope.as_str() == word)
    }
}

/// An application password without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPassword {
    /// Row id, never used again after a deletion.
    pub id: i64,
    /// The account it opens.
    pub user_id: i64,
    /// The public first group, unique, shown in lists and logs.
    pub selector: String,
    /// What the owner calls it.
    pub label: String,
    /// What it may do.
    pub scope: Scope,
    /// Absolute paths it is confined to; empty for the whole home.
    pub folders: Vec<String>,
    /// Client networks it may come from; empty for any.
    pub networks: Vec<IpNet>,
    /// When it was issued.
    pub created_at: Time,
    /// From which address it was issued; absent for the command line.
    pub created_from: Option<String>,
    /// Who issued it: `cli`, `server`, `api-token:ID` or a user name.
    pub created_by: String,
    /// From when on it is refused.
    pub expires_at: Option<Time>,
    /// Last successful use, at most a minute late.
    pub last_used_at: Option<Time>,
    /// Client address of the last use.
    pub last_used_from: Option<String>,
    /// User agent of the last use.
    pub last_used_agent: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<Time>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
    /// Selector of the one that this one takes over from.
    pub replaces: Option<String>,
}

/// What an API token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ApiScope {
    /// Add, change and delete accounts.
    Users,
    /// Issue and revoke application passwords.
    AppPasswords,
    /// Read everything the API shows.
    Read,
}

impl ApiScope {
    /// All scopes, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Users, Self::AppPasswords, Self::Read];

    /// The word used in the database, the API and the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::AppPasswords => "app-passwords",
            Self::Read => "read",
        }
    }

    /// The scope of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

/// A token for the admin API without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Row id, shown in lists and logs.
    pub id: i64,
    /// What the administrator calls it.
    pub label: String,
    /// What it may do.
    pub scopes: Vec<ApiScope>,
    /// Client networks it may come from; empty for any.
    pub networks: Vec<IpNet>,
    /// When it was issued.
    pub created_at: Time,
    /// From when on it is refused.
    pub expires_at: Option<Time>,
    /// Last successful use, at most a minute late.
    pub last_used_at: Option<Time>,
    /// When it was revoked.
    pub revoked_at: Option<Time>,
}

/// Whether a character is not seen, or turns or breaks the text around it: it stands in no name that is shown (S5).
#[must_use]
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_are_never_paths_or_addresses() {
        for good in ["a", "alice", "a.b_c-d", "0day", &"x".repeat(64)] {
            assert!(UserName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "-a", "_a", "Alice", "a/b", "a@b", "a b", "ä", "a\0", &"x".repeat(65)] {
            assert_eq!(UserName::parse(bad), Err(NotAUserName), "{bad:?}");
        }
    }
}
