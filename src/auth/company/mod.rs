//! Accounts that live in a company directory: signing in by it, and dying with it.

use crate::model::Time;

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
