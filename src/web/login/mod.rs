//! Signing in and out: name and password, the second factor, passkeys, and what has to be done before the pages open.

pub(super) mod back_channel;
mod code;
mod duties;
mod link;
mod oidc;
pub(super) mod passkey;
mod password;
mod reauthenticate;
mod refused;
mod sign_out;

use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

pub(super) use refused::Refused;

use super::caller::Visit;
use super::{Web, cookies, page};
use crate::auth::{NewToken, SignIn, SignedIn};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/", get(start))
        .route("/login", get(password::show).post(password::sign_in))
        .route("/login/code", get(code::show).post(code::sign_in))
        .route("/login/code/passkey/start", post(passkey::second_start))
        .route("/login/code/passkey/finish", post(passkey::second_finish))
        .route("/login/passkey/start", post(passkey::start))
        .route("/login/passkey/finish", post(passkey::finish))
        .route("/login/oidc/{provider}", get(oidc::begin))
        .route("/login/oidc/{provider}/callback", get(oidc::callback))
        .route("/login/next", get(duties::next))
        .route("/login/new-password", get(duties::show_password).post(duties::choose_password))
        .route("/reauthenticate", get(reauthenticate::show).post(reauthenticate::confirm))
        .route("/reauthenticate/oidc", get(oidc::confirm))
        .route("/reauthenticate/passkey/start", post(passkey::confirm_start))
        .route("/reauthenticate/passkey/finish", post(passkey::confirm_finish))
        .route("/welcome", get(link::show).post(link::choose_password))
        .route("/welcome/oidc/{provider}", get(oidc::join))
        .route("/welcome/ldap", post(link::join))
        .route("/logout", post(sign_out::sign_out))
        .route("/logout/{provider}", get(sign_out::at_provider))
}

/// Where to go after a sign-in.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    pub(super) next: String,
    /// What was just done.
    #[serde(default)]
    pub(super) done: String,
}

impl Next {
    /// A path of our own, whatever was asked for.
    pub(super) fn path(&self) -> &str {
        let own = self.next.starts_with('/')
            && !self.next.starts_with("//")
            && !self.next.contains(['\\', '\r', '\n', '\t'])
            && !self.next.starts_with("/login")
            && !self.next.starts_with("/logout")
            && !self.next.starts_with("/reauthenticate");
        if own { &self.next } else { "/profile" }
    }
}

/// The server's address alone: to one's profile, or to the sign-in.
async fn start(visit: Visit) -> Response {
    let path = if visit.session().is_some() { "/profile" } else { "/login" };
    page::see(visit.site(), path)
}

/// Leads a person who has just signed in on, with the cookies of the new session.
pub(super) fn let_in(visit: &Visit, signed_in: &SignedIn, next: &str) -> Response {
    let path = if signed_in.new.session.restricted { "/login/next" } else { next };
    let mut response = page::see(visit.site(), path);
    set_cookies(&mut response, signed_in);
    response
}

/// Leads on from a right password, or a provider's word: in, or to the second factor.
fn enter(visit: &Visit, signed_in: SignIn, next: &str) -> Response {
    match signed_in {
        SignIn::Done(signed_in) => let_in(visit, &signed_in, next),
        SignIn::SecondFactor(token) => {
            let mut response = page::see(visit.site(), &page::with_next("/login/code", next));
            cookies::set(response.headers_mut(), cookies::PENDING, &token);
            response
        }
    }
}

pub(super) fn set_cookies(response: &mut Response, signed_in: &SignedIn) {
    let headers = response.headers_mut();
    cookies::set(headers, cookies::SESSION, &signed_in.new.token);
    cookies::set(headers, cookies::DEVICE, &signed_in.device);
    cookies::remove(headers, cookies::PENDING);
    cookies::remove(headers, cookies::VISIT);
}

/// Leads on with the other token that a step up has given the session.
pub(super) fn renewed(visit: &Visit, new: &NewToken, path: &str) -> Response {
    let mut response = page::see(visit.site(), path);
    cookies::set(response.headers_mut(), cookies::SESSION, &new.token);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_back_stays_on_our_pages() {
        let to = |next: &str| Next { next: next.to_owned(), ..Next::default() }.path().to_owned();
        assert_eq!(to("/admin/users?page=2"), "/admin/users?page=2");
        for bad in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/a\r\nb",
            "login",
            "/login",
            "/reauthenticate",
        ] {
            assert_eq!(to(bad), "/profile", "{bad}");
        }
    }
}
