//! `/login`: name and password, or a passkey.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::Next;
use super::refused::Refused;
use crate::auth::SignIn;
use crate::secret::PlainSecret;
use crate::web::caller::Visit;
use crate::web::csrf::Csrf;
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::{Web, cookies, off_thread};

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
            let refused = Refused::new(refusal, "The name or the password is not right.")?;
            let wrong = Some(refused.sentence.clone());
            let page = LoginPage { name: &form.name, wrong, ..LoginPage::new(&visit, next.path()) };
            page::render(refused.status, &page).map(|response| refused.with_wait(response))
        }
    }
}
