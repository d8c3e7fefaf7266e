//! `/reauthenticate`: a person who is signed in proves again who they are, before what must not be done by whoever
//! finds an open browser.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::Next;
use super::refused::Refused;
use crate::model::DirectoryKind;
use crate::secret::PlainSecret;
use crate::web::caller::AnySession;
use crate::web::csrf::Csrf;
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread};

/// What stands for the account's password.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// It is asked for, with what people call the directory that keeps it where that is not this server.
    Password(Option<String>),
    /// Their provider asks for it.
    Provider(String),
    /// Their provider has just done so: our own second factor is to follow.
    Confirmed(String),
    /// The provider that would be asked is not in the configuration any more.
    Nobody(String),
}

impl Way {
    fn of(caller: &AnySession, web: &Web, has_factor: bool) -> Self {
        match &caller.visit.0.company {
            None => Self::Password(None),
            Some(company) if company.link.kind == DirectoryKind::Ldap => Self::Password(Some(company.label.clone())),
            Some(company) if has_factor && web.auth().is_confirmed_by_provider(&caller.session) => {
                Self::Confirmed(company.label.clone())
            }
            Some(company) if company.is_configured => Self::Provider(company.label.clone()),
            Some(company) => Self::Nobody(company.label.clone()),
        }
    }
}

#[derive(Template)]
#[template(path = "login/reauthenticate.html")]
struct ConfirmPage<'a> {
    frame: Frame,
    name: String,
    next: &'a str,
    wrong: Option<String>,
    way: Way,
    /// Where the provider is asked from.
    provider_path: String,
    /// Whether the password alone is not enough.
    factor: bool,
    codes: bool,
    passkeys: bool,
}

/// The page, with what is wrong about what was tried on it.
pub(super) fn render(caller: &AnySession, web: &Web, next: &str, refused: Option<&Refused>) -> Result<Response, Error> {
    let name = caller.session.user.name.to_string();
    let factors = web.auth().second_factors(&name)?;
    let page = ConfirmPage {
        frame: Frame::new(&caller.visit, ""),
        name,
        next,
        wrong: refused.map(|refused| refused.sentence.clone()),
        way: Way::of(caller, web, factors.any()),
        provider_path: page::with_next("/reauthenticate/oidc", next),
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
