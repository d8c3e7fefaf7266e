//! Signing in by an OpenID provider: off to it, and back from it.
//!
//! Off goes a link and never a form: the policy's `form-action 'self'` would stop the way from a form of ours to the
//! provider, as it holds for redirects, too.

use axum::extract::{Path, Query, RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

use super::refused::Refused;
use super::{Next, link, password, reauthenticate};
use crate::auth::{OidcAnswer, OidcDone, OidcErrand, OidcPurpose, SignInRefusal};
use crate::model::DirectoryKind;
use crate::web::caller::{AnySession, Visit};
use crate::web::error::Error;
use crate::web::page;
use crate::web::{Web, cookies, csrf, off_thread};

/// Longest value that a provider may send along, in bytes: codes of some carry what they stand for.
const LONGEST: usize = 8 * 1024;
/// Longest address to come back to that is kept while the person is away, in bytes.
const LONGEST_NEXT: usize = 4 * 1024;
/// What is told where a provider says that a password is wrong, which it never does.
const WRONG: &str = "That was not accepted.";

/// Sends the browser to the provider.
async fn go(
    visit: &Visit,
    web: &Web,
    provider: &str,
    purpose: OidcPurpose<'_>,
    next: &str,
) -> Result<Response, SignInRefusal> {
    let next = if next.len() > LONGEST_NEXT { "/profile" } else { next };
    let site = visit.site().url();
    let begun = web.auth().begin_oidc(provider, purpose, visit.browser_token(), &site, next, visit.visitor());
    Ok(leave(visit, &begun.await?))
}

/// Leads to an address that is not ours.
pub(super) fn leave(visit: &Visit, url: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(url) else {
        return axum::response::IntoResponse::into_response(Error::Internal("a provider's address is none".to_owned()));
    };
    let mut response = Response::default();
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // What the way back is bound to. The guard sets it with pages alone.
    if visit.0.is_new && visit.session().is_none() {
        cookies::set(response.headers_mut(), cookies::VISIT, &visit.0.visit);
    }
    response
}

/// An address that leads nowhere is no refusal that a form could be shown with.
fn known(web: &Web, provider: &str) -> Result<(), Error> {
    if web.auth().provider_label(provider).is_some() { Ok(()) } else { Err(Error::NotFound) }
}

/// `GET /login/oidc/{provider}`, also for somebody who is signed in: the provider confirms their account anew by that.
pub(super) async fn begin(
    visit: Visit,
    State(web): State<Web>,
    Path(provider): Path<String>,
    Query(next): Query<Next>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    known(&web, &provider)?;
    // Browsers say so: a picture or a frame of another page, which would only use up what this network may begin.
    if headers.get("sec-fetch-mode").is_some_and(|mode| mode != "navigate") {
        return Err(Error::BadForm("a sign-in is begun by going there".to_owned()));
    }
    match go(&visit, &web, &provider, OidcPurpose::SignIn, next.path()).await {
        Ok(response) => Ok(response),
        Err(refusal) => password::refuse(&visit, &web, next.path(), &Refused::new(refusal, WRONG)?),
    }
}

/// `GET /reauthenticate/oidc`
pub(super) async fn confirm(
    caller: AnySession,
    State(web): State<Web>,
    Query(next): Query<Next>,
) -> Result<Response, Error> {
    let provider = match &caller.visit.0.company {
        Some(company) if company.link.kind == DirectoryKind::Oidc => company.link.directory.clone(),
        _ => return Ok(page::see(caller.visit.site(), &page::with_next("/reauthenticate", next.path()))),
    };
    match go(&caller.visit, &web, &provider, OidcPurpose::Confirm(&caller.session), next.path()).await {
        Ok(response) => Ok(response),
        Err(refusal) => reauthenticate::render(&caller, &web, next.path(), Some(&Refused::new(refusal, WRONG)?)),
    }
}

#[derive(Deserialize)]
pub(super) struct JoinQuery {
    #[serde(default)]
    token: String,
    #[serde(default)]
    csrf: String,
}

/// `GET /welcome/oidc/{provider}`: from our own page alone, or a stranger's link could join somebody's company account
/// to the stranger's account.
pub(super) async fn join(
    visit: Visit,
    State(web): State<Web>,
    Path(provider): Path<String>,
    Query(query): Query<JoinQuery>,
) -> Result<Response, Error> {
    known(&web, &provider)?;
    csrf::check(&visit, &query.csrf)?;
    if web.auth().open_password_link(&query.token)?.is_none() {
        return link::render(&visit, &web, &query.token, None);
    }
    match go(&visit, &web, &provider, OidcPurpose::Join(&query.token), "/profile").await {
        Ok(response) => Ok(response),
        Err(refusal) => link::render(&visit, &web, &query.token, Some(&Refused::new(refusal, WRONG)?)),
    }
}

/// What a provider sends the browser back with. More than this is nobody's business here.
#[derive(Default, Deserialize)]
#[serde(default)]
struct CallbackQuery {
    state: String,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    iss: Option<String>,
}

fn read(query: Option<&str>) -> Result<OidcAnswer, Error> {
    // None of them may come twice (RFC 6749 §3.1).
    let read = serde_html_form::from_str::<CallbackQuery>(query.unwrap_or_default());
    let query = read.map_err(|_| Error::BadForm("the provider's answer makes no sense".to_owned()))?;
    let all = [Some(&query.state), query.code.as_ref(), query.error.as_ref()];
    let all = all.into_iter().chain([query.error_description.as_ref(), query.iss.as_ref()]).flatten();
    if all.into_iter().any(|value| value.len() > LONGEST) {
        return Err(Error::BadForm("the provider's answer is too long".to_owned()));
    }
    let CallbackQuery { state, code, error, error_description, iss } = query;
    Ok(OidcAnswer { state, code, error, error_description, iss })
}

/// `GET /login/oidc/{provider}/callback`
pub(super) async fn callback(
    visit: Visit,
    State(web): State<Web>,
    Path(provider): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    known(&web, &provider)?;
    let answer = read(query.as_deref())?;
    // Once it is finished, nothing of it is left to look at.
    let errand = web.auth().oidc_errand(&answer.state, visit.browser_token());
    let outcome = match web.auth().finish_oidc(&provider, &answer, visit.browser_token()).await {
        Err(refusal) => Err(refusal),
        Ok(arrived) => {
            match web.auth().ask_consent(&arrived, visit.browser_token()).await {
                Ok(Some(url)) => return Ok(leave(&visit, &url)),
                Ok(None) => {}
                Err(refusal) => return refuse(visit, &web, errand, refusal),
            }
            let (auth, caller) = (web.auth().clone(), visit.clone());
            off_thread(move || Ok::<_, Error>(auth.complete_oidc(arrived, caller.browser(), caller.visitor()))).await?
        }
    };
    match outcome {
        Ok(OidcDone::SignIn(signed_in, next)) => Ok(super::enter(&visit, signed_in, &next)),
        Ok(OidcDone::Confirmed(new, next)) => Ok(super::renewed(&visit, &new, &next)),
        Ok(OidcDone::CodeNeeded(next)) => Ok(page::see(visit.site(), &page::with_next("/reauthenticate", &next))),
        Err(refusal) => refuse(visit, &web, errand, refusal),
    }
}

/// Says that nothing came of it on the page from which the person went, so that they can begin again there.
fn refuse(visit: Visit, web: &Web, errand: Option<OidcErrand>, refusal: SignInRefusal) -> Result<Response, Error> {
    let refused = Refused::new(refusal, WRONG)?;
    match (errand, visit.session().cloned()) {
        (Some(OidcErrand::Join(token)), _) => link::render(&visit, web, token.expose(), Some(&refused)),
        (Some(OidcErrand::Confirm(next)), Some(session)) => {
            reauthenticate::render(&AnySession { visit, session }, web, &next, Some(&refused))
        }
        (Some(OidcErrand::SignIn(next) | OidcErrand::Confirm(next)), _) => {
            password::refuse(&visit, web, &next, &refused)
        }
        (None, _) => password::refuse(&visit, web, "/profile", &refused),
    }
}
