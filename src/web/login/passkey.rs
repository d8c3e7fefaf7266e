//! Passkeys at the sign-in: in the place of a password, as the second factor, or as a fresh proof. The pages' script
//! talks to these in JSON.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Next;
use super::refused::Refused;
use crate::auth::{RelyingParty, SignInRefusal, SignedIn};
use crate::web::caller::{AnySession, Visit};
use crate::web::csrf::CsrfJson;
use crate::web::error::Error;
use crate::web::{Web, cookies, off_thread};

#[derive(Deserialize)]
pub(super) struct Answer {
    credential: Value,
    #[serde(default)]
    next: String,
}

/// Whom passkeys are bound to here.
pub(in crate::web) fn party(visit: &Visit) -> Result<RelyingParty, Error> {
    visit.site().relying_party().ok_or(Error::Forbidden("passkeys need an address with a name, over TLS"))
}

/// What the script shows: where to go, or what is wrong.
pub(in crate::web) fn lead(visit: &Visit, path: &str) -> Response {
    Json(json!({ "location": format!("{}{path}", visit.site().prefix) })).into_response()
}

pub(in crate::web) fn tell(status: StatusCode, sentence: &str) -> Response {
    (status, Json(json!({ "error": sentence }))).into_response()
}

const WRONG: &str = "This passkey was not accepted.";

fn told(refusal: SignInRefusal) -> Result<Response, Error> {
    let refused = Refused::new(refusal, WRONG)?;
    Ok(refused.with_wait(tell(refused.status, &refused.sentence)))
}

pub(super) async fn start(
    visit: Visit,
    State(web): State<Web>,
    CsrfJson(_): CsrfJson<Value>,
) -> Result<Response, Error> {
    let options = web.auth().begin_passkey_sign_in(visit.browser_token().expose(), &party(&visit)?, visit.visitor());
    options.map(|options| Json(options).into_response()).or_else(told)
}

pub(super) async fn finish(
    visit: Visit,
    State(web): State<Web>,
    CsrfJson(answer): CsrfJson<Answer>,
) -> Result<Response, Error> {
    let (caller, party) = (visit.clone(), party(&visit)?);
    let outcome = off_thread(move || {
        let token = caller.browser_token().expose();
        Ok::<_, Error>(web.auth().sign_in_with_passkey(
            token,
            &party,
            answer.credential,
            caller.browser(),
            caller.visitor(),
        ))
    });
    ended(&visit, outcome.await?, &Next { next: answer.next, ..Next::default() })
}

fn ended(visit: &Visit, outcome: Result<SignedIn, SignInRefusal>, next: &Next) -> Result<Response, Error> {
    match outcome {
        Ok(signed_in) => {
            let path = if signed_in.new.session.restricted { "/login/next" } else { next.path() };
            let mut response = lead(visit, path);
            super::set_cookies(&mut response, &signed_in);
            Ok(response)
        }
        Err(refusal) => told(refusal),
    }
}

pub(super) async fn second_start(
    visit: Visit,
    State(web): State<Web>,
    CsrfJson(_): CsrfJson<Value>,
) -> Result<Response, Error> {
    let token = visit.0.pending.clone().unwrap_or_default();
    let party = party(&visit)?;
    let begun = web
        .auth()
        .pending_sign_in(&token)
        .and_then(|(user, _)| Ok(web.auth().begin_passkey_confirmation(&user, &token, &party)?));
    begun.map(|options| Json(options).into_response()).or_else(told)
}

pub(super) async fn second_finish(
    visit: Visit,
    State(web): State<Web>,
    CsrfJson(answer): CsrfJson<Answer>,
) -> Result<Response, Error> {
    let (caller, party) = (visit.clone(), party(&visit)?);
    let outcome = off_thread(move || {
        let token = caller.0.pending.as_deref().unwrap_or_default();
        Ok::<_, Error>(web.auth().sign_in_with_second_passkey(
            token,
            &party,
            answer.credential,
            caller.browser(),
            caller.visitor(),
        ))
    });
    ended(&visit, outcome.await?, &Next { next: answer.next, ..Next::default() })
}

pub(super) async fn confirm_start(
    caller: AnySession,
    State(web): State<Web>,
    CsrfJson(_): CsrfJson<Value>,
) -> Result<Response, Error> {
    let token = caller.visit.browser_token().expose();
    let options = web.auth().begin_passkey_confirmation(&caller.session.user, token, &party(&caller.visit)?);
    options.map(|options| Json(options).into_response()).or_else(|error| told(error.into()))
}

pub(super) async fn confirm_finish(
    caller: AnySession,
    State(web): State<Web>,
    CsrfJson(answer): CsrfJson<Answer>,
) -> Result<Response, Error> {
    let (visit, party) = (caller.visit.clone(), party(&caller.visit)?);
    let outcome = off_thread(move || {
        let (visit, session) = (&caller.visit, &caller.session);
        let token = visit.browser_token().expose();
        let auth = web.auth();
        Ok::<_, Error>(auth.reauthenticate_with_passkey(session, token, &party, answer.credential, visit.visitor()))
    });
    match outcome.await? {
        Ok(new) => {
            let mut response = lead(&visit, Next { next: answer.next, ..Next::default() }.path());
            cookies::set(response.headers_mut(), cookies::SESSION, &new.token);
            Ok(response)
        }
        Err(refusal) => told(refusal),
    }
}
