//! `/login`: name and password, or a passkey.

use std::time::Duration;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use http::{StatusCode, header};
use serde::Deserialize;

use super::Next;
use crate::auth::{SignIn, SignInRefusal};
use crate::secret::PlainSecret;
use crate::web::caller::Visit;
use crate::web::csrf::Csrf;
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::{Web, cookies, off_thread, show};

#[derive(Template)]
#[template(path = "login/password.html")]
struct LoginPage<'a> {
    frame: Frame,
    name: &'a str,
    next: &'a str,
    wrong: Option<String>,
    /// Whether the browser will keep our cookies at all.
    possible: bool,
    passkeys: bool,
}

impl<'a> LoginPage<'a> {
    fn new(visit: &Visit, next: &'a str) -> Self {
        Self {
            frame: Frame::new(visit, ""),
            name: "",
            next,
            wrong: None,
            possible: visit.site().keeps_cookies(),
            passkeys: visit.site().relying_party().is_some(),
        }
    }
}

pub(super) async fn show(visit: Visit, Query(next): Query<Next>) -> Result<Response, Error> {
    if visit.session().is_some() {
        return Ok(page::see(visit.site(), next.path()));
    }
    let mut page = LoginPage::new(&visit, next.path());
    let notice = match next.done.as_str() {
        "password" => Some("Your password is set. Sign in with it."),
        "signed-out" => Some("You are signed out."),
        _ => None,
    };
    page.frame = page.frame.with_notice(notice);
    page::ok(&page)
}

#[derive(Deserialize)]
pub(super) struct LoginForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn sign_in(
    visit: Visit,
    State(web): State<Web>,
    Csrf(form): Csrf<LoginForm>,
) -> Result<Response, Error> {
    let next = Next { next: form.next, ..Next::default() };
    let password = PlainSecret::new(form.password);
    let (name, caller) = (form.name.clone(), visit.clone());
    let outcome =
        off_thread(move || Ok::<_, Error>(web.auth().sign_in(&name, &password, caller.browser(), caller.visitor())));
    match outcome.await? {
        Ok(SignIn::Done(signed_in)) => Ok(super::let_in(&visit, &signed_in, next.path())),
        Ok(SignIn::SecondFactor(token)) => {
            let back: String =
                percent_encoding::utf8_percent_encode(next.path(), percent_encoding::NON_ALPHANUMERIC).collect();
            let mut response = page::see(visit.site(), &format!("/login/code?next={back}"));
            cookies::set(response.headers_mut(), cookies::PENDING, &token);
            Ok(response)
        }
        Err(refusal) => {
            let (status, wrong) = refused(refusal, "The name or the password is not right.")?;
            let page = LoginPage { name: &form.name, wrong: Some(wrong), ..LoginPage::new(&visit, next.path()) };
            page::render(status, &page).map(|response| with_wait(response, status))
        }
    }
}

/// Status and sentence of a refusal that the person can do something about.
pub(in crate::web) fn refused(refusal: SignInRefusal, wrong: &str) -> Result<(StatusCode, String), Error> {
    match refusal {
        SignInRefusal::Wrong => Ok((StatusCode::UNPROCESSABLE_ENTITY, wrong.to_owned())),
        SignInRefusal::Ended => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, "That has taken too long. Please begin again.".to_owned()))
        }
        SignInRefusal::Throttled(wait) => Ok((StatusCode::TOO_MANY_REQUESTS, too_many(wait))),
        SignInRefusal::Failed(error) => Err(error.into()),
    }
}

fn too_many(wait: Duration) -> String {
    format!("Too many attempts. Please wait {}, then try again.", show::span(wait.as_secs()))
}

fn with_wait(mut response: Response, status: StatusCode) -> Response {
    if status == StatusCode::TOO_MANY_REQUESTS {
        response.headers_mut().insert(header::RETRY_AFTER, 60.into());
    }
    response
}
