//! `/login/code`: the second factor of a sign-in.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::Next;
use super::refused::Refused;
use crate::auth::SignInRefusal;
use crate::model::SecondFactors;
use crate::web::caller::Visit;
use crate::web::csrf::Csrf;
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::{Web, cookies, off_thread};

#[derive(Template)]
#[template(path = "login/code.html")]
struct CodePage<'a> {
    frame: Frame,
    next: &'a str,
    wrong: Option<String>,
    codes: bool,
    passkeys: bool,
}

impl<'a> CodePage<'a> {
    fn new(visit: &Visit, factors: &SecondFactors, next: &'a str, wrong: Option<String>) -> Self {
        Self {
            frame: Frame::new(visit, ""),
            next,
            wrong,
            codes: factors.totp_since.is_some(),
            passkeys: !factors.passkeys.is_empty() && visit.site().relying_party().is_some(),
        }
    }
}

pub(super) async fn show(visit: Visit, State(web): State<Web>, Query(next): Query<Next>) -> Result<Response, Error> {
    let token = visit.0.pending.as_deref().unwrap_or_default();
    match web.auth().pending_sign_in(token) {
        Ok((_, factors)) => page::ok(&CodePage::new(&visit, &factors, next.path(), None)),
        Err(SignInRefusal::Failed(error)) => Err(error.into()),
        Err(_) => Ok(page::see(visit.site(), "/login")),
    }
}

#[derive(Deserialize)]
pub(super) struct CodeForm {
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

pub(super) async fn sign_in(
    visit: Visit,
    State(web): State<Web>,
    Csrf(form): Csrf<CodeForm>,
) -> Result<Response, Error> {
    let next = Next { next: form.next, ..Next::default() };
    let token = visit.0.pending.clone().unwrap_or_default();
    let (caller, auth, code, waiting) = (visit.clone(), web.auth().clone(), form.code, token.clone());
    let outcome =
        off_thread(move || Ok::<_, Error>(auth.sign_in_with_code(&waiting, &code, caller.browser(), caller.visitor())));
    match outcome.await? {
        Ok(signed_in) => Ok(super::let_in(&visit, &signed_in, next.path())),
        Err(SignInRefusal::Ended) => {
            let mut response = page::see(visit.site(), "/login");
            cookies::remove(response.headers_mut(), cookies::PENDING);
            Ok(response)
        }
        Err(refusal) => {
            let refused = Refused::new(refusal, "This code is not right, or was used before.")?;
            let (_, factors) = web.auth().pending_sign_in(&token)?;
            let page = CodePage::new(&visit, &factors, next.path(), Some(refused.sentence.clone()));
            page::render(refused.status, &page).map(|response| refused.with_wait(response))
        }
    }
}
