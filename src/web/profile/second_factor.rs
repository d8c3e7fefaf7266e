//! What second factors are bound, and recovery codes. Also where a person lands who must bind one before anything else.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use crate::auth;
use crate::secret::PlainSecret;
use crate::web::caller::{AnySession, SignedIn};
use crate::web::csrf::Csrf;
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread};

#[derive(Template)]
#[template(path = "profile/second_factor.html")]
struct SecondFactorPage {
    frame: Frame,
    /// Whether the person cannot go on without one.
    is_duty: bool,
    is_company: bool,
    passkeys_possible: bool,
}

/// Asks for the second factor that is required.
pub(super) async fn show(caller: AnySession, State(web): State<Web>) -> Result<Response, Error> {
    let factors = web.auth().second_factors(caller.session.user.name.as_str())?;
    let is_duty = caller.session.restricted;
    if is_duty && factors.any() {
        return Ok(page::see(caller.visit.site(), "/login/next"));
    }
    let section = if is_duty { "" } else { "profile" };
    let passkeys_possible = caller.visit.site().relying_party().is_some();
    let is_company = caller.visit.0.company.is_some();
    page::ok(&SecondFactorPage { frame: Frame::new(&caller.visit, section), is_duty, is_company, passkeys_possible })
}

/// Recovery codes, shown once.
#[derive(Template)]
#[template(path = "profile/recovery_codes.html")]
struct CodesPage {
    frame: Frame,
    /// Absent where the page was loaded again.
    codes: Option<Vec<PlainSecret>>,
    /// What the person has just done, where it was more than asking for codes.
    bound: bool,
    next: &'static str,
}

/// Shows recovery codes after a second factor was bound.
pub(super) fn show_codes(frame: Frame, codes: Vec<PlainSecret>, next: &'static str) -> Result<Response, Error> {
    page::ok(&CodesPage { frame, codes: Some(codes), bound: true, next })
}

/// Says that there were codes, and shows none.
pub(super) fn shown_already(frame: Frame, next: &'static str) -> Result<Response, Error> {
    page::ok(&CodesPage { frame, codes: None, bound: false, next })
}

#[derive(Deserialize)]
pub(super) struct CodesForm {
    #[serde(default)]
    form: String,
}

pub(super) async fn recovery_codes(
    caller: SignedIn,
    State(web): State<Web>,
    Csrf(form): Csrf<CodesForm>,
) -> Result<Response, Error> {
    caller.require_fresh(&web, "/profile#second-factor")?;
    let frame = Frame::new(&caller.visit, "profile");
    let once = super::one_time(&caller, &form.form);
    let outcome =
        off_thread(move || Ok::<_, Error>(web.auth().new_recovery_codes(caller.user(), &once, &caller.actor())));
    let codes = match outcome.await? {
        Ok(codes) => Some(codes),
        Err(auth::Error::AlreadyDone) => None,
        Err(other) => return Err(other.into()),
    };
    page::ok(&CodesPage { frame, codes, bound: false, next: "/profile#second-factor" })
}
