//! Application passwords and sessions as administrators see them.

use askama::filters::Safe;
use chrono::TimeDelta;

use crate::auth::{application_of, browser_of};
use crate::model::{AppPassword, Scope, Session, Time, User};
use crate::web::show;

/// From so long before its end on, an application password is marked.
const SOON: TimeDelta = TimeDelta::days(14);

/// An application password.
pub(super) struct Connection {
    pub(super) selector: String,
    pub(super) label: String,
    pub(super) application: Option<String>,
    /// The user agent, where it says more than the application.
    pub(super) agent: Option<String>,
    pub(super) scope: &'static str,
    pub(super) folders: Vec<String>,
    pub(super) networks: Vec<String>,
    pub(super) created: Safe<String>,
    pub(super) created_from: Option<String>,
    /// Who issued it, where that was not the person.
    pub(super) issued_by: Option<String>,
    pub(super) last_used: Option<Safe<String>>,
    pub(super) last_used_from: Option<String>,
    pub(super) expires: Option<Safe<String>>,
    pub(super) ends_soon: bool,
    pub(super) is_over: bool,
    pub(super) revoked: Option<Safe<String>>,
    pub(super) revoked_by: Option<String>,
}

impl Connection {
    pub(super) fn new(row: &AppPassword, owner: &User, now: Time) -> Self {
        let application = row.last_used_agent.as_deref().and_then(application_of);
        Self {
            selector: row.selector.clone(),
            label: row.label.clone(),
            agent: row.last_used_agent.clone().filter(|agent| Some(agent) != application.as_ref()),
            application,
            scope: match row.scope {
                Scope::ReadWrite => "Reads and writes",
                Scope::ReadOnly => "Reads only",
                Scope::UploadOnly => "Uploads only",
            },
            folders: row.folders.clone(),
            networks: row.networks.iter().map(ToString::to_string).collect(),
            created: show::time(&row.created_at),
            created_from: row.created_from.clone(),
            issued_by: issued_by(row, owner),
            last_used: row.last_used_at.as_ref().map(show::time),
            last_used_from: row.last_used_from.clone(),
            expires: row.expires_at.as_ref().map(show::time),
            ends_soon: row.expires_at.is_some_and(|end| end < now + SOON),
            is_over: row.expires_at.is_some_and(|end| end <= now),
            revoked: row.revoked_at.as_ref().map(show::time),
            revoked_by: row.revoked_by.clone(),
        }
    }

    pub(super) fn is_live(&self) -> bool {
        self.revoked.is_none() && !self.is_over
    }
}

/// On the pages, people issue for themselves alone; the other doors are administrators'.
fn issued_by(row: &AppPassword, owner: &User) -> Option<String> {
    match row.created_by.as_str() {
        by if by == owner.name.as_str() && row.created_from.is_some() => None,
        "cli" => Some("on the command line".to_owned()),
        "server" => Some("at the first start".to_owned()),
        by => Some(match by.strip_prefix("api-token:") {
            Some(id) => format!("by API token {id}"),
            None => format!("by {by}"),
        }),
    }
}

/// A session of the pages.
pub(super) struct SessionRow {
    pub(super) id: i64,
    pub(super) browser: String,
    pub(super) agent: Option<String>,
    pub(super) address: String,
    pub(super) signed_in: Safe<String>,
    pub(super) last_seen: Safe<String>,
    /// The one that looks at this.
    pub(super) is_own: bool,
}

impl SessionRow {
    pub(super) fn new(session: &Session, own: i64) -> Self {
        let browser = session.agent.as_deref().and_then(browser_of);
        Self {
            id: session.id,
            browser: browser.unwrap_or_else(|| "Unknown browser".to_owned()),
            agent: session.agent.clone(),
            address: session.address.clone(),
            signed_in: show::time(&session.created_at),
            last_seen: show::time(&session.last_seen_at),
            is_own: session.id == own,
        }
    }
}
