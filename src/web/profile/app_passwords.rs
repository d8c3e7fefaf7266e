//! Application passwords: asked for, shown once, replaced, revoked.

use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::app_password_form::{FormInput, FormView};
use super::overview::AppPasswordRow;
use crate::auth::{self, Issued};
use crate::web::caller::SignedIn;
use crate::web::csrf::{Csrf, NoFields};
use crate::web::error::{Error, sentence};
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread, qr, show};

const NEW: &str = "/profile/app-passwords/new";

#[derive(Template)]
#[template(path = "profile/app_password_new.html")]
struct NewPage {
    frame: Frame,
    form: FormView,
}

/// Where a browser lands that loads the answer to the form anew: at the form, which asks for a fresh sign-in if needed.
pub(super) async fn list(caller: SignedIn) -> Response {
    page::see(caller.visit.site(), NEW)
}

pub(super) async fn show_form(caller: SignedIn, State(web): State<Web>) -> Result<Response, Error> {
    caller.require_fresh(&web, NEW)?;
    off_thread(move || {
        let form = FormView::empty(&web, caller.user())?;
        page::ok(&NewPage { frame: Frame::new(&caller.visit, "profile"), form })
    })
    .await
}

/// The one page that shows an application password.
#[derive(Template)]
#[template(path = "profile/app_password_issued.html")]
struct IssuedPage<'a> {
    frame: Frame,
    /// Absent where the form was sent again.
    issued: Option<IssuedView<'a>>,
}

struct IssuedView<'a> {
    issued: &'a Issued,
    password: &'a str,
    qr: qr::Square,
    user: &'a str,
    /// The drive's address.
    address: String,
    /// The same for file managers that want the scheme of WebDAV, with the user name.
    dav_address: String,
    is_plain: bool,
    /// Until when the old one is good, where this one takes over.
    old_until: Option<crate::model::Time>,
}

fn show_issued(
    web: &Web,
    caller: &SignedIn,
    issued: &Issued,
    old_until: Option<crate::model::Time>,
) -> Result<Response, Error> {
    let address = format!("{}/dav/", web.0.sites.canonical(caller.visit.site()));
    let dav_address = match address.split_once("://") {
        Some((scheme, rest)) => format!("{}://{}@{rest}", scheme.replacen("http", "dav", 1), caller.user().name),
        None => address.clone(),
    };
    let view = IssuedView {
        password: issued.password.expose(),
        qr: qr::Square::of(issued.password.expose())?,
        user: caller.user().name.as_str(),
        dav_address,
        is_plain: address.starts_with("http://"),
        address,
        old_until,
        issued,
    };
    page::ok(&IssuedPage { frame: Frame::new(&caller.visit, "profile"), issued: Some(view) })
}

/// What was shown once is not shown again, whoever loads the page again.
fn already_shown(caller: &SignedIn) -> Result<Response, Error> {
    let page = IssuedPage { frame: Frame::new(&caller.visit, "profile"), issued: None };
    page::render(StatusCode::CONFLICT, &page)
}

pub(super) async fn issue(
    caller: SignedIn,
    State(web): State<Web>,
    Csrf(input): Csrf<FormInput>,
) -> Result<Response, Error> {
    caller.require_fresh(&web, NEW)?;
    off_thread(move || {
        let once = super::one_time(&caller, &input.form);
        let asked = input.read(web.0.clock.now());
        let outcome =
            asked.and_then(|new| web.auth().issue_own_app_password(&caller.session, &once, &new, &caller.actor()));
        match outcome {
            Ok(issued) => show_issued(&web, &caller, &issued, None),
            Err(auth::Error::AlreadyDone) => already_shown(&caller),
            Err(error @ (auth::Error::Invalid { .. } | auth::Error::Files(_))) => {
                let wrong = (field_of(&error), sentence(&error.told()));
                let form = FormView::new(&web, caller.user(), input, Some(wrong))?;
                let page = NewPage { frame: Frame::new(&caller.visit, "profile"), form };
                page::render(StatusCode::UNPROCESSABLE_ENTITY, &page)
            }
            Err(other) => Err(other.into()),
        }
    })
    .await
}

fn field_of(error: &auth::Error) -> &'static str {
    match error {
        auth::Error::Invalid { field, .. } => field,
        _ => "folders",
    }
}

#[derive(Template)]
#[template(path = "profile/app_password_replace.html")]
struct ReplacePage {
    frame: Frame,
    old: AppPasswordRow,
    form_id: String,
    /// Hours for which the old one may stay good, and how they are written.
    overlaps: Vec<(u64, String)>,
}

pub(super) async fn show_replace(
    caller: SignedIn,
    State(web): State<Web>,
    Path(selector): Path<String>,
) -> Result<Response, Error> {
    caller.require_fresh(&web, &format!("/profile/app-passwords/{selector}/replace"))?;
    off_thread(move || {
        let rows = web.auth().app_passwords(&caller.name())?;
        let old = rows.into_iter().find(|row| row.selector == selector && row.revoked_at.is_none());
        let old = AppPasswordRow::new(old.ok_or(Error::NotFound)?, caller.user(), web.0.clock.now());
        let shown = |hours: u64| match hours {
            0 => "not at all".to_owned(),
            1 => "1 hour".to_owned(),
            more => show::span(more * 3600),
        };
        let overlaps = [0, 1, 24, 48, 72].map(|hours| (hours, shown(hours))).to_vec();
        let frame = Frame::new(&caller.visit, "profile");
        page::ok(&ReplacePage { frame, old, form_id: super::new_form_id(), overlaps })
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct ReplaceForm {
    #[serde(default)]
    form: String,
    #[serde(default)]
    overlap: u64,
}

pub(super) async fn replace(
    caller: SignedIn,
    State(web): State<Web>,
    Path(selector): Path<String>,
    Csrf(form): Csrf<ReplaceForm>,
) -> Result<Response, Error> {
    caller.require_fresh(&web, "/profile#app-passwords")?;
    off_thread(move || {
        let once = super::one_time(&caller, &form.form);
        let overlap = Duration::from_secs(form.overlap.saturating_mul(3600));
        let actor = caller.actor();
        match web.auth().replace_own_app_password(&caller.session, &once, &selector, overlap, &actor) {
            Ok(issued) => {
                let until = issued.row.created_at + crate::clock::seconds(overlap.as_secs());
                show_issued(&web, &caller, &issued, Some(until).filter(|_| !overlap.is_zero()))
            }
            Err(auth::Error::AlreadyDone) => already_shown(&caller),
            Err(other) => Err(other.into()),
        }
    })
    .await
}

pub(super) async fn revoke(
    caller: SignedIn,
    State(web): State<Web>,
    Path(selector): Path<String>,
    _: Csrf<NoFields>,
) -> Result<Response, Error> {
    let (name, actor) = (caller.name(), caller.actor());
    off_thread(move || web.auth().revoke_app_password_of(&name, &selector, &actor)).await?;
    Ok(page::see(caller.visit.site(), "/profile?done=revoked#app-passwords"))
}
