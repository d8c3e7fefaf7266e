//! Binding an authenticator application: a QR code, and a code that shows that it arrived.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::second_factor::{show_codes, shown_already};
use crate::auth;
use crate::web::caller::{AnySession, SignedIn};
use crate::web::csrf::{Csrf, NoFields};
use crate::web::error::{Error, sentence};
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread, qr};

#[derive(Template)]
#[template(path = "profile/totp.html")]
struct TotpPage {
    frame: Frame,
    qr: qr::Square,
    /// The secret in groups of four, to be typed.
    secret: String,
    is_duty: bool,
    wrong: Option<String>,
}

const BACK: &str = "/profile/second-factor/totp";

fn require_fresh(web: &Web, caller: &AnySession) -> Result<(), Error> {
    if web.auth().is_fresh(&caller.session) { Ok(()) } else { Err(Error::Stale(BACK.to_owned())) }
}

fn frame(caller: &AnySession) -> Frame {
    Frame::new(&caller.visit, if caller.session.restricted { "" } else { "profile" })
}

async fn render(web: Web, caller: AnySession, wrong: Option<String>) -> Result<Response, Error> {
    off_thread(move || {
        let offered = web.auth().offer_totp(&caller.session)?;
        let letters: Vec<char> = offered.secret.expose().chars().collect();
        let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
        let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let page = TotpPage {
            frame: frame(&caller),
            qr: qr::Square::of(offered.url.expose())?,
            secret: groups.join(" "),
            is_duty: caller.session.restricted,
            wrong,
        };
        page::render(status, &page)
    })
    .await
}

pub(super) async fn show(caller: AnySession, State(web): State<Web>) -> Result<Response, Error> {
    if is_bound(&web, &caller)? {
        return Ok(page::see(caller.visit.site(), next(&caller)));
    }
    require_fresh(&web, &caller)?;
    render(web, caller, None).await
}

fn is_bound(web: &Web, caller: &AnySession) -> Result<bool, Error> {
    Ok(web.auth().second_factors(caller.session.user.name.as_str())?.totp_since.is_some())
}

/// Where the way leads on to.
fn next(caller: &AnySession) -> &'static str {
    if caller.session.restricted { "/login/next" } else { "/profile#second-factor" }
}

#[derive(Deserialize)]
pub(super) struct ConfirmForm {
    #[serde(default)]
    code: String,
}

pub(super) async fn confirm(
    caller: AnySession,
    State(web): State<Web>,
    Csrf(form): Csrf<ConfirmForm>,
) -> Result<Response, Error> {
    if is_bound(&web, &caller)? {
        // The answer was loaded again.
        return shown_already(frame(&caller), next(&caller));
    }
    require_fresh(&web, &caller)?;
    let actor = auth::Actor::person(&caller.session.user, caller.visit.visitor());
    let (auth, session) = (web.auth().clone(), caller.session.clone());
    let outcome = off_thread(move || Ok::<_, Error>(auth.confirm_totp(&session, &form.code, &actor))).await?;
    let done = if caller.session.restricted { "/login/next" } else { "/profile?done=totp#second-factor" };
    match outcome {
        Ok(Some(codes)) => show_codes(frame(&caller), codes, done),
        Ok(None) => Ok(page::see(caller.visit.site(), done)),
        Err(error @ auth::Error::Invalid { .. }) => render(web, caller, Some(sentence(&error.told()))).await,
        Err(other) => Err(other.into()),
    }
}

pub(super) async fn remove(caller: SignedIn, State(web): State<Web>, _: Csrf<NoFields>) -> Result<Response, Error> {
    caller.require_fresh(&web, "/profile#second-factor")?;
    let site = caller.visit.site().clone();
    off_thread(move || web.auth().remove_totp(caller.user(), &caller.actor())).await?;
    Ok(page::see(&site, "/profile?done=totp-removed#second-factor"))
}
