//! The account's own password.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::overview::with_wrong_password;
use crate::auth::{self, SignInRefusal};
use crate::secret::PlainSecret;
use crate::web::caller::SignedIn;
use crate::web::csrf::Csrf;
use crate::web::error::{Error, sentence};
use crate::web::login::{Refused, renewed};
use crate::web::{Web, off_thread};

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    #[serde(default)]
    old: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

pub(super) async fn change(
    caller: SignedIn,
    State(web): State<Web>,
    Csrf(form): Csrf<PasswordForm>,
) -> Result<Response, Error> {
    let (old, new) = (PlainSecret::new(form.old), PlainSecret::new(form.password));
    if new != PlainSecret::new(form.again) {
        let wrong = "The two new passwords are not the same.".to_owned();
        return with_wrong_password(caller, web, Refused::because(wrong)).await;
    }
    let (who, auth) = (caller.clone(), web.auth().clone());
    let outcome = off_thread(move || {
        let visit = &who.visit;
        Ok::<_, Error>(auth.change_password(&who.session, &old, &new, visit.0.device.as_deref(), visit.visitor()))
    });
    let refused = match outcome.await? {
        Ok(new) => return Ok(renewed(&caller.visit, &new, "/profile?done=password")),
        Err(SignInRefusal::Failed(error @ auth::Error::Invalid { .. })) => Refused::because(sentence(&error.told())),
        Err(refusal) => Refused::new(refusal, "The old password is not right.")?,
    };
    with_wrong_password(caller, web, refused).await
}
