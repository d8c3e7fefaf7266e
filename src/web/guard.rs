//! Around every page: the address is one of ours, what changes something comes from our own pages, the session is
//! looked up, failures become pages, and a browser is told to keep nothing and to run nothing but our own script.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::caller::{Visit, VisitInner};
use super::error::Error;
use super::page::{self, Frame};
use super::site::Site;
use super::{Web, cookies, off_thread, show};
use crate::auth::{AnsweredTo, ClientAddress, CompanyAccount, Visitor};
use crate::model::{Session, Time};
use crate::secret::{PlainSecret, Token};

/// A session that begins so soon after the account was joined to its directory begins by the same sign-in.
const SAME_SIGN_IN: TimeDelta = TimeDelta::seconds(10);
/// How long somebody new is told the user name that was made for them.
const TOLD_FOR: TimeDelta = TimeDelta::minutes(10);

/// The content security policy of our own pages: nothing inline, nothing from elsewhere, in nobody's frame.
///
/// Script and style come from `/assets/` alone: people's files are on the same origin, and one of them may be a script.
fn policy(site: Option<&Site>) -> String {
    let assets = site.map_or_else(|| "'none'".to_owned(), |site| format!("{}/assets/", site.url()));
    format!(
        "default-src 'none'; style-src {assets}; script-src {assets}; img-src {assets}; connect-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
}

pub(super) async fn guard(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().filter(|_| hosts.next().is_none()).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let Some(site) = web.0.sites.of(host) else {
        return protect(wrong_host(&web, request.uri().path()), None);
    };
    let here = request.uri().path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    let address = request.extensions().get::<ClientAddress>().copied();
    let visit = match visit(&web, site.clone(), address, request.headers(), here).await {
        Ok(visit) => visit,
        Err(failure) => return protect(failure_page(&failure, Frame::bare(&site, "")), Some(&site)),
    };
    if let Err(failure) = check_origin(request.method(), request.headers(), &site) {
        return protect(failure_page(&failure, Frame::new(&visit, "")), Some(&site));
    }
    request.extensions_mut().insert(visit.clone());
    let mut response = next.run(request).await;
    if let Some(failure) = response.extensions_mut().remove::<Arc<Error>>() {
        response = answer_failure(&failure, &visit);
    }
    if let Some(session) = visit.session() {
        response.extensions_mut().insert(AnsweredTo(session.user.name.to_string()));
    }
    // A form on the page carries a token that follows from this cookie.
    if visit.0.is_new && is_page(&response) {
        cookies::set(response.headers_mut(), cookies::VISIT, &visit.0.visit);
    }
    protect(response, Some(&site))
}

fn is_page(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

async fn visit(
    web: &Web,
    site: Site,
    address: Option<ClientAddress>,
    headers: &HeaderMap,
    here: String,
) -> Result<Visit, Error> {
    let ClientAddress(address) =
        address.ok_or_else(|| Error::Internal("the client's address is not known".to_owned()))?;
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    let is_asset = here.starts_with("/assets/");
    let (session, company) = match cookies::read(headers, cookies::SESSION) {
        None => (None, None),
        Some(token) => {
            let (web, agent) = (web.clone(), agent.clone());
            // At times it writes down that the session was used, which waits for the disk.
            off_thread(move || {
                let visitor = Visitor { address, agent: agent.as_deref() };
                let session = web.auth().session(&token, visitor)?;
                let company = match &session {
                    Some(session) if !is_asset => web.auth().company_account(&session.user)?,
                    _ => None,
                };
                Ok::<_, Error>((session.map(|session| (session, PlainSecret::new(token))), company))
            })
            .await?
        }
    };
    let now = web.0.clock.now();
    let kept = cookies::read(headers, cookies::VISIT).filter(|token| Token::Visit.is(token));
    Ok(Visit(Arc::new(VisitInner {
        site,
        address,
        agent,
        is_first_session: is_first_session(session.as_ref().map(|(session, _)| session), company.as_ref(), now),
        session,
        company,
        is_new: kept.is_none(),
        visit: kept.map_or_else(|| Token::Visit.generate(), PlainSecret::new),
        pending: cookies::read(headers, cookies::PENDING),
        device: cookies::read(headers, cookies::DEVICE),
        here,
    })))
}

/// Whether the account was made by the sign-in that began this session, a moment ago.
fn is_first_session(session: Option<&Session>, company: Option<&CompanyAccount>, now: Time) -> bool {
    let (Some(session), Some(company)) = (session, company) else {
        return false;
    };
    session.created_at < company.link.linked_at + SAME_SIGN_IN && now < session.created_at + TOLD_FOR
}

/// Browsers say where a POST comes from; one that does not, or comes from elsewhere, changes nothing.
fn check_origin(method: &Method, headers: &HeaderMap, site: &Site) -> Result<(), Error> {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    if site.is_own_origin(origin) { Ok(()) } else { Err(Error::Csrf) }
}

fn answer_failure(failure: &Error, visit: &Visit) -> Response {
    let site = visit.site();
    let with_way_back = |path: &str, back: &str| page::see(site, &page::with_next(path, back));
    match failure {
        Error::NotSignedIn(Some(back)) => with_way_back("/login", back),
        Error::NotSignedIn(None) => page::see(site, "/login"),
        Error::Duties => page::see(site, "/login/next"),
        Error::Stale(back) => with_way_back("/reauthenticate", back),
        other => failure_page(other, Frame::new(visit, "")),
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    frame: Frame,
    title: &'static str,
    sentence: String,
    wait: Option<String>,
}

fn failure_page(failure: &Error, frame: Frame) -> Response {
    let status = failure.status();
    crate::error::log_failure(status, failure);
    let wait = match failure {
        Error::Throttled(wait) => Some(*wait),
        _ => None,
    };
    let title = match status {
        StatusCode::NOT_FOUND => "Nothing here",
        StatusCode::FORBIDDEN => "Not allowed",
        StatusCode::TOO_MANY_REQUESTS => "Too many attempts",
        other if other.is_server_error() => "That did not work",
        _ => "That cannot be done",
    };
    let sentence = failure.sentence();
    let template =
        FailurePage { frame, title, sentence, wait: wait.map(|wait| show::span(show::seconds_to_wait(wait))) };
    let mut response = page::render(status, &template).unwrap_or_else(|_| status.into_response());
    if let Some(wait) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, show::seconds_to_wait(wait).into());
    }
    response
}

#[derive(Template)]
#[template(path = "wrong_host.html")]
struct WrongHostPage {
    address: Option<String>,
}

/// Says where the pages are, or what the administrator has to set; the drive works under any address.
fn wrong_host(web: &Web, path: &str) -> Response {
    let page = WrongHostPage { address: web.0.sites.first().map(|url| format!("{url}{path}")) };
    page::render(StatusCode::MISDIRECTED_REQUEST, &page).unwrap_or_else(IntoResponse::into_response)
}

/// What every answer says to the browser; files of people say their own.
fn protect(mut response: Response, site: Option<&Site>) -> Response {
    let headers = response.headers_mut();
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY)
        && let Ok(policy) = HeaderValue::try_from(policy(site))
    {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::CACHE_CONTROL, "no-store");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::X_FRAME_OPTIONS, "DENY");
    // Not no-referrer: then browsers hide the origin of our own forms, too.
    set(header::REFERRER_POLICY, "same-origin");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    response
}
