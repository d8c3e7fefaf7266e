//! What every page has: the frame around it, and the way from a template to an answer.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;

use super::assets::{ICON, SCRIPT, STYLE};
use super::caller::Visit;
use super::error::Error;
use super::site::Site;

/// The frame of a page: head, menus, and the token for its forms.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// What stands before every path.
    pub(super) base: String,
    /// The token that forms carry.
    pub(super) csrf: String,
    /// Who is signed in.
    pub(super) user: Option<FrameUser>,
    pub(super) style: String,
    pub(super) script: String,
    pub(super) icon: String,
    /// Which part of the pages it belongs to: `files`, `profile`, `connect`, `admin`, or none.
    pub(super) section: &'static str,
    /// A sentence about what was just done.
    pub(super) notice: Option<String>,
}

/// Who is signed in, as the menu shows it.
#[derive(Debug, Clone)]
pub(super) struct FrameUser {
    pub(super) name: String,
    pub(super) shown: String,
    pub(super) is_admin: bool,
}

impl Frame {
    pub(super) fn new(visit: &Visit, section: &'static str) -> Self {
        // While duties are left, the menus lead nowhere.
        let session = visit.session().filter(|session| !session.restricted);
        let user = session.map(|session| FrameUser {
            name: session.user.name.to_string(),
            shown: shown_name(&session.user),
            is_admin: session.user.is_admin,
        });
        Self { csrf: visit.csrf(), user, ..Self::bare(visit.site(), section) }
    }

    /// The frame where nothing is known of the visitor.
    pub(super) fn bare(site: &Site, section: &'static str) -> Self {
        let base = site.prefix.clone();
        let asset = |name: &str| format!("{base}/assets/{name}");
        Self {
            style: asset(&STYLE.name),
            script: asset(&SCRIPT.name),
            icon: asset(&ICON.name),
            csrf: String::new(),
            user: None,
            section,
            notice: None,
            base,
        }
    }

    pub(super) fn with_notice(self, notice: Option<&'static str>) -> Self {
        Self { notice: notice.map(ToOwned::to_owned), ..self }
    }
}

/// The name shown to people.
pub(super) fn shown_name(user: &crate::model::User) -> String {
    if user.display_name.is_empty() { user.name.to_string() } else { user.display_name.clone() }
}

/// A rendered page.
pub(super) fn render(status: StatusCode, page: &impl Template) -> Result<Response, Error> {
    let html = page.render().map_err(|error| Error::Internal(error.to_string()))?;
    Ok((status, Html(html)).into_response())
}

/// A rendered page that answers what was asked.
pub(super) fn ok(page: &impl Template) -> Result<Response, Error> {
    render(StatusCode::OK, page)
}

/// Leads to another page after a deed.
pub(super) fn see(site: &Site, path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(http::header::LOCATION, format!("{}{path}", site.prefix))]).into_response()
}
