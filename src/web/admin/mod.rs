//! Administration: an overview, people, settings and the audit log. Every handler takes an [`Admin`], which nobody else
//! becomes.
//!
//! [`Admin`]: super::caller::Admin

mod add;
mod audit;
mod audit_export;
mod chart;
mod company;
mod configuration;
mod connections;
mod delete;
mod form;
mod general;
mod kinds;
mod link;
mod overview;
mod people;
mod person;
mod security;

use axum::Router;
use axum::routing::{get, post};
use serde::Deserialize;

use super::Web;

pub(super) fn routes() -> Router<Web> {
    let person = "/admin/users/{name}";
    let of_person = |path: &str| format!("{person}/{path}");
    Router::new()
        .route("/admin", get(overview::show))
        .route("/admin/users", get(people::show))
        .route("/admin/users/new", get(add::show).post(add::add))
        .route(person, get(general::show))
        // Somebody may be called "new".
        .route(&of_person("general"), get(general::show).post(general::change))
        .route(&of_person("link"), post(link::make))
        .route(&of_person("company"), post(company::join))
        .route(&of_person("unlink"), get(company::show_unlink).post(company::unlink))
        .route(&of_person("delete"), get(delete::show).post(delete::delete))
        .route(&of_person("security"), get(security::show))
        .route(&of_person("second-factor/reset"), post(security::reset_second_factor))
        .route(&of_person("app-passwords/revoke"), post(security::revoke))
        .route(&of_person("app-passwords/revoke-all"), post(security::revoke_all))
        .route(&of_person("sessions/end"), post(security::end_session))
        .route(&of_person("sessions/end-all"), post(security::end_sessions))
        .route("/admin/configuration", get(configuration::show).post(configuration::change))
        .route("/admin/audit", get(audit::show))
        .route("/admin/audit.csv", get(audit_export::csv))
        .route("/admin/audit.json", get(audit_export::json))
}

/// What was done before this page was led to, as a word.
#[derive(Debug, Default, Deserialize)]
struct Done {
    #[serde(default)]
    done: String,
}

impl Done {
    /// The sentence for it; the address may say anything, the page says one of these.
    fn sentence(&self) -> Option<&'static str> {
        Some(match self.done.as_str() {
            "changed" => "The changes are saved.",
            "enabled" => "The account is enabled. Application passwords that were not revoked work again.",
            "disabled" => "The account is disabled. Its application passwords and sessions are refused from now on.",
            "deleted" => "The account is deleted. Its files are still where they were.",
            "trashed" => "The account is deleted. Its files are in the trash of the storage.",
            "sent" => "This was done before. A link is shown once; make another one if it is lost.",
            "reset" => "The second factor is reset. The person is signed out everywhere.",
            "revoked" => "The connection is deleted. Its next request is refused.",
            "revoked-all" => "All connections are deleted. Their next requests are refused.",
            "ended" => "The session is ended.",
            "ended-all" => "All sessions are ended.",
            "joined" => {
                "The account is joined to the company account. From now on, the directory alone lets the person in."
            }
            "unlinked" => {
                "The account is kept on this server now. It has no password: make an invitation link and hand it over."
            }
            "unlinked-disabled" => {
                "The account is kept on this server now. It was suspended, so it is disabled. Once enabled, it needs an \
                 invitation link."
            }
            "settings" => "The settings are saved. They hold from now on.",
            _ => return None,
        })
    }
}
