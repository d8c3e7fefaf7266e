//! Signing out here, and from here at the provider that signed the person in.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;

use super::oidc::leave;
use crate::auth::Actor;
use crate::web::caller::{AnySession, Visit};
use crate::web::csrf::{Csrf, NoFields};
use crate::web::error::Error;
use crate::web::{Web, cookies, off_thread, page};

/// How long the page that says "signed out" waits to learn whether the provider has a place to sign out.
const PATIENCE: Duration = Duration::from_secs(2);

/// A provider that knows somebody still who has just signed out here.
pub(super) struct Leaving {
    pub(super) label: String,
    /// The address of ours that leads to the provider's sign-out; absent where it has none, or does not say.
    pub(super) path: Option<String>,
}

/// `POST /logout`
///
/// The provider is offered on the next page, by a link: straight from this form to the provider's address, browsers
/// would stop at the policy's `form-action 'self'`, which holds for redirects, too.
pub(super) async fn sign_out(caller: AnySession, State(web): State<Web>, _: Csrf<NoFields>) -> Result<Response, Error> {
    let actor = Actor::person(&caller.session.user, caller.visit.visitor());
    let provider = web.auth().provider_of(&caller.session);
    let session = caller.session.clone();
    off_thread(move || web.auth().sign_out(&session, &actor)).await?;
    let path = match provider {
        Some(provider) => format!("/login?done=signed-out&from={provider}"),
        None => "/login?done=signed-out".to_owned(),
    };
    let mut response = page::see(caller.visit.site(), &path);
    cookies::remove(response.headers_mut(), cookies::SESSION);
    Ok(response)
}

/// What the page after that says of the provider.
pub(super) async fn leaving(visit: &Visit, web: &Web, provider: &str) -> Option<Leaving> {
    let label = web.auth().provider_label(provider)?;
    let back = back(visit);
    let asked = tokio::time::timeout(PATIENCE, web.auth().provider_logout(provider, &back)).await;
    let path = asked.ok().flatten().map(|_| format!("/logout/{provider}"));
    Some(Leaving { label, path })
}

fn back(visit: &Visit) -> String {
    format!("{}/login?done=signed-out", visit.site().url())
}

/// `GET /logout/{provider}`
pub(super) async fn at_provider(
    visit: Visit,
    State(web): State<Web>,
    Path(provider): Path<String>,
) -> Result<Response, Error> {
    if web.auth().provider_label(&provider).is_none() {
        return Err(Error::NotFound);
    }
    Ok(match web.auth().provider_logout(&provider, &back(&visit)).await {
        Some((_, url)) => leave(&visit, &url),
        None => page::see(visit.site(), "/login?done=signed-out"),
    })
}
