//! What every page has: the frame around it, and the way from a template to an answer.

use askama::Template;
use askama::filters::Safe;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;

use super::assets::{ICON, SCRIPT, STYLE};
use super::caller::Visit;
use super::error::Error;
use super::show;
use super::site::Site;
use crate::model::Time;

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
    /// What the person has to be told of their company account, on every page.
    pub(super) company: Option<CompanyNotice>,
}

/// What somebody has to be told of their company account.
#[derive(Debug, Clone)]
pub(super) struct CompanyNotice {
    /// The user name that was made for them, where that was a moment ago.
    pub(super) new_name: Option<String>,
    pub(super) unconfirmed: Option<Unconfirmed>,
}

/// That a directory does not confirm an account any more, or will not for long.
#[derive(Debug, Clone)]
pub(super) struct Unconfirmed {
    pub(super) label: String,
    since: Time,
    before: Time,
    /// Where to sign in again.
    pub(super) path: String,
}

impl Unconfirmed {
    pub(super) fn since(&self) -> Safe<String> {
        show::time(&self.since)
    }

    pub(super) fn before(&self) -> Safe<String> {
        show::time(&self.before)
    }
}

impl CompanyNotice {
    fn of(visit: &Visit, section: &str) -> Option<Self> {
        // A page of one step is not the place.
        let (session, company) = (visit.session().filter(|_| !section.is_empty())?, visit.0.company.as_ref()?);
        let next = match section {
            "files" => "/files/",
            "connect" => "/connect",
            _ => "/profile",
        };
        let unconfirmed = company.sign_in_before.map(|before| Unconfirmed {
            label: company.label.clone(),
            since: company.link.confirmed_at.unwrap_or(company.link.linked_at),
            before,
            path: with_next(&format!("/login/oidc/{}", company.link.directory), next),
        });
        let new_name = visit.0.is_first_session.then(|| session.user.name.to_string());
        (unconfirmed.is_some() || new_name.is_some()).then_some(Self { new_name, unconfirmed })
    }
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
        let company = if user.is_some() { CompanyNotice::of(visit, section) } else { None };
        Self { csrf: visit.csrf(), user, company, ..Self::bare(visit.site(), section) }
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
            company: None,
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

/// A path of ours with the one to come back to behind it.
pub(super) fn with_next(path: &str, next: &str) -> String {
    let next: String = percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC).collect();
    format!("{path}?next={next}")
}
