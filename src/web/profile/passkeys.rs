//! A person's own passkeys; binding one is a talk of the pages' script in JSON.

use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::auth::{self, PasskeyError};
use crate::web::caller::{AnySession, SignedIn};
use crate::web::csrf::{Csrf, CsrfJson, NoFields};
use crate::web::error::{Error, sentence};
use crate::web::login::passkey::{lead, party, tell};
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread};

#[derive(Template)]
#[template(path = "profile/passkey.html")]
struct PasskeyPage {
    frame: Frame,
    is_duty: bool,
}

fn require_fresh(web: &Web, caller: &AnySession) -> Result<(), Error> {
    if web.auth().is_fresh(&caller.session) { Ok(()) } else { Err(Error::Stale("/profile/passkeys/new".to_owned())) }
}

pub(super) async fn show(caller: AnySession, State(web): State<Web>) -> Result<Response, Error> {
    require_fresh(&web, &caller)?;
    party(&caller.visit)?;
    let is_duty = caller.session.restricted;
    page::ok(&PasskeyPage { frame: Frame::new(&caller.visit, if is_duty { "" } else { "profile" }), is_duty })
}

fn told(error: PasskeyError) -> Result<Response, Error> {
    match error {
        PasskeyError::Refused(_) => Ok(tell(StatusCode::UNPROCESSABLE_ENTITY, &sentence(&error.to_string()))),
        PasskeyError::Failed(error @ auth::Error::Invalid { .. }) => {
            Ok(tell(StatusCode::UNPROCESSABLE_ENTITY, &sentence(&error.told())))
        }
        PasskeyError::Failed(other) => Err(other.into()),
    }
}

pub(super) async fn start(
    caller: AnySession,
    State(web): State<Web>,
    CsrfJson(_): CsrfJson<Value>,
) -> Result<Response, Error> {
    require_fresh(&web, &caller)?;
    let party = party(&caller.visit)?;
    let begun = off_thread(move || {
        let token = caller.visit.browser_token().expose();
        Ok::<_, Error>(web.auth().begin_passkey(&caller.session, token, &party))
    });
    begun.await?.map(|options| Json(options).into_response()).or_else(told)
}

#[derive(Deserialize)]
pub(super) struct NewPasskey {
    #[serde(default)]
    name: String,
    credential: Value,
}

pub(super) async fn finish(
    caller: AnySession,
    State(web): State<Web>,
    CsrfJson(new): CsrfJson<NewPasskey>,
) -> Result<Response, Error> {
    require_fresh(&web, &caller)?;
    let party = party(&caller.visit)?;
    let who = caller.clone();
    let bound = off_thread(move || {
        let token = who.visit.browser_token().expose();
        let actor = auth::Actor::person(&who.session.user, who.visit.visitor());
        Ok::<_, Error>(web.auth().bind_passkey(&who.session, token, &party, &new.name, new.credential, &actor))
    });
    let next = if caller.session.restricted { "/login/next" } else { "/profile?done=passkey#second-factor" };
    bound.await?.map(|()| lead(&caller.visit, next)).or_else(told)
}

pub(super) async fn remove(
    caller: SignedIn,
    State(web): State<Web>,
    Path(id): Path<i64>,
    _: Csrf<NoFields>,
) -> Result<Response, Error> {
    caller.require_fresh(&web, "/profile#second-factor")?;
    let site = caller.visit.site().clone();
    off_thread(move || web.auth().remove_passkey(caller.user(), id, &caller.actor())).await?;
    Ok(page::see(&site, "/profile?done=passkey-removed#second-factor"))
}
