//! What has to be done before the pages open: another password, a second factor.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use crate::auth;
use crate::secret::PlainSecret;
use crate::web::caller::AnySession;
use crate::web::csrf::Csrf;
use crate::web::error::{Error, sentence};
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread};

/// Leads to what is left to be done, or to the profile.
pub(super) async fn next(caller: AnySession, State(web): State<Web>) -> Result<Response, Error> {
    let site = caller.visit.site();
    if !caller.session.restricted {
        return Ok(page::see(site, "/profile"));
    }
    if caller.session.user.must_change_password {
        return Ok(page::see(site, "/login/new-password"));
    }
    if web.auth().must_bind(&caller.session.user)? {
        return Ok(page::see(site, "/profile/second-factor"));
    }
    let session = caller.session.clone();
    match off_thread(move || web.auth().lift_restriction(&session)).await? {
        Some(new) => Ok(super::renewed(&caller.visit, &new, "/profile")),
        None => Err(Error::Internal("a duty is left that no page is for".to_owned())),
    }
}

#[derive(Template)]
#[template(path = "login/new_password.html")]
struct NewPasswordPage {
    frame: Frame,
    name: String,
    shortest: usize,
    wrong: Option<String>,
}

fn render(caller: &AnySession, wrong: Option<String>) -> Result<Response, Error> {
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = NewPasswordPage {
        frame: Frame::new(&caller.visit, ""),
        name: caller.session.user.name.to_string(),
        shortest: auth::SHORTEST,
        wrong,
    };
    page::render(status, &page)
}

pub(super) async fn show_password(caller: AnySession) -> Result<Response, Error> {
    if !caller.session.user.must_change_password {
        return Ok(page::see(caller.visit.site(), "/login/next"));
    }
    render(&caller, None)
}

/// A password, typed twice.
#[derive(Deserialize)]
pub(super) struct TwicePassword {
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

impl TwicePassword {
    /// The password, where both are the same.
    pub(super) fn read(self) -> Result<PlainSecret, String> {
        let (password, again) = (PlainSecret::new(self.password), PlainSecret::new(self.again));
        if password == again { Ok(password) } else { Err("The two passwords are not the same.".to_owned()) }
    }
}

pub(super) async fn choose_password(
    caller: AnySession,
    State(web): State<Web>,
    Csrf(form): Csrf<TwicePassword>,
) -> Result<Response, Error> {
    let password = match form.read() {
        Ok(password) => password,
        Err(wrong) => return render(&caller, Some(wrong)),
    };
    let who = caller.clone();
    let outcome =
        off_thread(move || Ok::<_, Error>(web.auth().choose_password(&who.session, &password, who.visit.visitor())));
    match outcome.await? {
        Ok(new) => Ok(super::renewed(&caller.visit, &new, "/login/next")),
        Err(error @ auth::Error::Invalid { .. }) => render(&caller, Some(sentence(&error.told()))),
        Err(other) => Err(other.into()),
    }
}
