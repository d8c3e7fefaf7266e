//! What the server reports about itself and the people on it.

use super::Time;

/// What a person's files take, as last measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bytes of all files.
    pub bytes: u64,
    /// How many files.
    pub files: u64,
    /// When it was measured.
    pub measured_at: Time,
}

/// Requests answered in a quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quarter {
    /// When it began.
    pub at: Time,
    /// All of them.
    pub requests: u64,
    /// Those that were not let in.
    pub refused: u64,
    /// Those in which the server failed.
    pub failed: u64,
}

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Row id; a later line has a higher one.
    pub id: i64,
    /// When.
    pub at: Time,
    /// What, as `app-password.issue`.
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// To whom.
    pub user: Option<String>,
    /// To which thing of theirs.
    pub subject: Option<String>,
    /// What kind and subject do not say.
    pub detail: Option<String>,
    /// From which address.
    pub address: Option<String>,
}

/// Which lines of the audit log are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// The person to whom it was done, or who did it.
    pub person: Option<String>,
    /// Kinds, whole or up to a dot, as `passkey.`; empty for all.
    pub kinds: Vec<String>,
    /// From when on.
    pub from: Option<Time>,
    /// Until when, not including.
    pub until: Option<Time>,
}
