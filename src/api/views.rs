//! What is shown of accounts and application passwords, by the API and by the command line's `--json`.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{Issued, application_of};
use crate::model::{AppPassword, CompanyLink, Home, Scope, User};

/// An account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UserView {
    name: String,
    display_name: String,
    email: Option<String>,
    admin: bool,
    enabled: bool,
    /// Absolute path, or `storage/files/…`.
    home: String,
    created_at: DateTime<Utc>,
    disabled_at: Option<DateTime<Utc>>,
    /// `local` where the account is kept on this server; else `oidc:` or `ldap:` and the name of the company directory
    /// that it comes from.
    source: String,
    /// When that directory last said that the account is alive.
    confirmed_at: Option<DateTime<Utc>>,
    /// Since when the account opens nothing because of what its directory said.
    suspended_at: Option<DateTime<Utc>>,
    /// Why: `gone`, `disabled`, `expired`, `not-allowed` or `unconfirmed`.
    suspended_because: Option<&'static str>,
    /// Bytes the person's files may take; null for no limit.
    quota: Option<u64>,
}

impl UserView {
    /// An account, and the directory that it comes from.
    #[must_use]
    pub fn new(user: &User, link: Option<&CompanyLink>) -> Self {
        Self {
            name: user.name.to_string(),
            display_name: user.display_name.clone(),
            email: user.email.clone(),
            admin: user.is_admin,
            enabled: user.disabled_at.is_none(),
            home: match &user.home {
                Home::Inside(name) => format!("storage/files/{name}"),
                Home::Outside(path) => path.display().to_string(),
            },
            created_at: user.created_at,
            disabled_at: user.disabled_at,
            source: source(link),
            confirmed_at: link.and_then(|link| link.confirmed_at),
            suspended_at: user.suspended.map(|suspended| suspended.at),
            suspended_because: user.suspended.map(|suspended| suspended.because.as_str()),
            quota: user.quota,
        }
    }
}

/// Where an account comes from, in one word.
#[must_use]
pub fn source(link: Option<&CompanyLink>) -> String {
    link.map_or_else(|| "local".to_owned(), |link| format!("{}:{}", link.kind.as_str(), link.directory))
}

/// An application password, never with anything that could bring its secret back.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct AppPasswordView {
    /// The public first group.
    selector: String,
    label: String,
    scope: Scope,
    /// Absolute paths; empty for the whole home.
    folders: Vec<String>,
    /// CIDR; empty for any.
    networks: Vec<String>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    last_used_from: Option<String>,
    /// As recognised from the user agent of the last use.
    application: Option<String>,
    revoked_at: Option<DateTime<Utc>>,
    /// The whole password; only in the answer that issues it.
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

impl From<&AppPassword> for AppPasswordView {
    fn from(row: &AppPassword) -> Self {
        Self {
            selector: row.selector.clone(),
            label: row.label.clone(),
            scope: row.scope,
            folders: row.folders.clone(),
            networks: row.networks.iter().map(ToString::to_string).collect(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at: row.last_used_at,
            last_used_from: row.last_used_from.clone(),
            application: row.last_used_agent.as_deref().and_then(application_of),
            revoked_at: row.revoked_at,
            password: None,
        }
    }
}

impl AppPasswordView {
    /// The one view that shows the password.
    #[must_use]
    pub fn issued(issued: &Issued) -> Self {
        Self { password: Some(issued.password.expose().to_owned()), ..Self::from(&issued.row) }
    }
}
