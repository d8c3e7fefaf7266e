//! `/reauthenticate`: a person who is signed in proves again who they are, before what must not be done by whoever
//! finds an open browser.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::Next;
use super::refused::Refused;
use crate::secret::PlainSecret;
use crate::web::caller::AnySession;
use crate::web::csrf::Csrf;
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread};

#[derive(Template)]
#[template(path = "login/reauthenticate.html")]
struct ConfirmPage<'a> {
    frame: Frame,
    name: String,
    next: &'a str,
    wrong: Option<String>,
    /// Whether the password alone is not enough.
    factor: bool,
    codes: bool,
    passkeys: bool,
}

fn render(caller: &AnySession, web: &Web, next: &str, refused: Option<&Refused>) -> Result<Response, Error> {
    let name = caller.session.user.name.to_string();
    let factors = web.auth().second_factors(&name)?;
    let page = ConfirmPage {
        frame: Frame::new(&caller.visit, ""),
        name,
        next,
        wrong: refused.map(|refused| refused.sentence.clone()),
        factor: factors.any(),
        codes: factors.totp_since.is_some(),
        passkeys: !factors.passkeys.is_empty() && caller.visit.site().relying_party().is_some(),
    };
    match refused {
        None => page::ok(&page),
        Some(refused) => page::render(refused.status, &page).map(|response| refused.with_wait(response)),
    }
}

pub(super) async fn show(
    caller: AnySession,
    State(web): State<Web>,
    Query(next): Query<Next>,
) -> Result<Response, Error> {
    render(&caller, &web, next.path(), None)
}

#[derive(Deserialize)]
pub(super) struct ConfirmForm {
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn confirm(
    caller: AnySession,
    State(web): State<Web>,
    Csrf(form): Csrf<ConfirmForm>,
) -> Result<Response, Error> {
    let next = Next { next: form.next, ..Next::default() };
    let password = PlainSecret::new(form.password);
    let (who, auth) = (caller.clone(), web.auth().clone());
    let outcome = off_thread(move || {
        let visit = &who.visit;
        let device = visit.0.device.as_deref();
        Ok::<_, Error>(auth.reauthenticate(&who.session, &password, &form.code, device, visit.visitor()))
    });
    match outcome.await? {
        Ok(new) => Ok(super::renewed(&caller.visit, &new, next.path())),
        Err(refusal) => {
            let refused = Refused::new(refusal, "That is not right.")?;
            render(&caller, &web, next.path(), Some(&refused))
        }
    }
}
