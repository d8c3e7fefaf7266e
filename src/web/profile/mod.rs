//! `/profile`: a person's own account, password, second factor, sessions and application passwords.

mod app_password_form;
mod app_passwords;
mod overview;
mod passkeys;
mod password;
mod second_factor;
mod sessions;
mod totp;

use axum::Router;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::Web;
use super::caller::SignedIn;
use crate::auth::OneTimeForm;
use crate::secret;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/profile", get(overview::show))
        .route("/profile/password", post(password::change))
        .route("/profile/second-factor", get(second_factor::show))
        .route("/profile/second-factor/totp", get(totp::show).post(totp::confirm))
        .route("/profile/second-factor/totp/remove", post(totp::remove))
        .route("/profile/second-factor/recovery-codes", post(second_factor::recovery_codes))
        .route("/profile/passkeys/new", get(passkeys::show))
        .route("/profile/passkeys/start", post(passkeys::start))
        .route("/profile/passkeys/finish", post(passkeys::finish))
        .route("/profile/passkeys/{id}/remove", post(passkeys::remove))
        .route("/profile/sessions/{id}/end", post(sessions::end))
        .route("/profile/sessions/end-others", post(sessions::end_others))
        .route("/profile/app-passwords", get(app_passwords::list).post(app_passwords::issue))
        .route("/profile/app-passwords/new", get(app_passwords::show_form))
        .route(
            "/profile/app-passwords/{selector}/replace",
            get(app_passwords::show_replace).post(app_passwords::replace),
        )
        .route("/profile/app-passwords/{selector}/revoke", post(app_passwords::revoke))
}

/// What a redirect says was done.
#[derive(Debug, Default, Deserialize)]
struct Done {
    #[serde(default)]
    done: String,
}

impl Done {
    /// Only these sentences can be made to appear by an address.
    fn notice(&self) -> Option<&'static str> {
        match self.done.as_str() {
            "password" => Some("Your password is changed, and all other sessions are ended."),
            "totp" => Some("Codes are asked for from the next sign-in on."),
            "totp-removed" => Some("No codes are asked for any more."),
            "passkey" => Some("The passkey is yours: you can sign in with it."),
            "passkey-removed" => Some("The passkey opens nothing any more."),
            "session" => Some("The session is ended."),
            "sessions" => Some("All other sessions are ended."),
            "revoked" => Some("The application password is revoked: it opens nothing any more."),
            _ => None,
        }
    }
}

/// A new id for a form that must not be carried out twice.
pub(super) fn new_form_id() -> String {
    URL_SAFE_NO_PAD.encode(secret::random::<16>())
}

pub(super) fn one_time(caller: &SignedIn, id: &str) -> OneTimeForm {
    OneTimeForm { session_id: caller.session.id, id: URL_SAFE_NO_PAD.decode(id).unwrap_or_default() }
}
