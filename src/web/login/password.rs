//! `/login`: name and password, a passkey, or off to a provider.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::Next;
use super::refused::Refused;
use super::sign_out::{self, Leaving};
use crate::secret::PlainSecret;
use crate::web::caller::Visit;
use crate::web::csrf::Csrf;
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread};

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
    /// Where each provider's button leads, and what it says.
    providers: Vec<(String, String)>,
    /// What people call the directories whose passwords are taken here.
    directories: Option<String>,
    leaving: Option<Leaving>,
}

impl<'a> LoginPage<'a> {
    fn new(visit: &Visit, web: &Web, next: &'a str) -> Self {
        let providers = web.auth().provider_buttons().into_iter();
        let directories = web.auth().ldap_labels();
        Self {
            frame: Frame::new(visit, ""),
            name: "",
            next,
            wrong: None,
            possible: visit.site().keeps_cookies(),
            passkeys: visit.site().relying_party().is_some(),
            providers: providers
                .map(|(name, says)| (page::with_next(&format!("/login/oidc/{name}"), next), says))
                .collect(),
            directories: (!directories.is_empty()).then(|| directories.join(" or ")),
            leaving: None,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Left {
    /// The provider that somebody who has just signed out came by.
    #[serde(default)]
    from: String,
}

pub(super) async fn show(
    visit: Visit,
    State(web): State<Web>,
    Query(next): Query<Next>,
    Query(left): Query<Left>,
) -> Result<Response, Error> {
    if visit.session().is_some() {
        return Ok(page::see(visit.site(), next.path()));
    }
    let mut page = LoginPage::new(&visit, &web, next.path());
    let notice = match next.done.as_str() {
        "password" => Some("Your password is set. Sign in with it."),
        "signed-out" => {
            page.leaving = sign_out::leaving(&visit, &web, &left.from).await;
            Some("You are signed out.").filter(|_| page.leaving.is_none())
        }
        _ => None,
    };
    page.frame = page.frame.with_notice(notice);
    page::ok(&page)
}

/// The page again, with what a provider's sign-in came to.
pub(super) fn refuse(visit: &Visit, web: &Web, next: &str, refused: &Refused) -> Result<Response, Error> {
    let page = LoginPage { wrong: Some(refused.sentence.clone()), ..LoginPage::new(visit, web, next) };
    page::render(refused.status, &page).map(|response| refused.with_wait(response))
}

/// What is told where a directory is asked, too: whether there is such an account or not, here or there.
pub(super) const WRONG_COMPANY: &str =
    "The name or the password is not right. A company account is locked for a while after many wrong tries.";

fn wrong(web: &Web) -> &'static str {
    if web.auth().ldap_labels().is_empty() { "The name or the password is not right." } else { WRONG_COMPANY }
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
    let (name, caller, auth) = (form.name.clone(), visit.clone(), web.auth().clone());
    let outcome =
        off_thread(move || Ok::<_, Error>(auth.sign_in(&name, &password, caller.browser(), caller.visitor())));
    match outcome.await? {
        Ok(signed_in) => Ok(super::enter(&visit, signed_in, next.path())),
        Err(refusal) => {
            let refused = Refused::new(refusal, wrong(&web))?;
            let wrong = Some(refused.sentence.clone());
            let page = LoginPage { name: &form.name, wrong, ..LoginPage::new(&visit, &web, next.path()) };
            page::render(refused.status, &page).map(|response| refused.with_wait(response))
        }
    }
}
