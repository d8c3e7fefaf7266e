//! `POST /login/oidc/{provider}/logout`: a provider says that it has ended a session (OpenID Connect Back-Channel
//! Logout 1.0).
//!
//! A program sends it, so it stands outside the guard: no cookie, no origin, and by whatever host name the provider
//! reaches this server. All that it can do follows from the token, which the provider has signed.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Extension, Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use crate::auth::{ClientAddress, CompanyRefusal, SignInRefusal, Visitor};
use crate::web::error::Error;
use crate::web::{Web, off_thread};

/// Largest form, in bytes.
const LARGEST: usize = 64 * 1024;

/// The one route; no other address leads past the guard.
pub(in crate::web) fn routes() -> Router<Web> {
    Router::new().route("/login/oidc/{provider}/logout", post(end)).layer(DefaultBodyLimit::max(LARGEST))
}

#[derive(Deserialize)]
struct LogoutForm {
    logout_token: String,
}

async fn end(
    State(web): State<Web>,
    Path(provider): Path<String>,
    address: Option<Extension<ClientAddress>>,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Response {
    let status = match (address, body) {
        (Some(Extension(ClientAddress(address))), Ok(body)) => match take(&web, &provider, address, &body).await {
            Ok(()) => StatusCode::OK,
            Err(status) => status,
        },
        (_, Err(_)) => StatusCode::BAD_REQUEST,
        (None, _) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    // §2.8: neither answer is to be kept. Why it was not taken is in the log; whoever sends rubbish is not told.
    let head = [(header::CACHE_CONTROL, "no-store"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    if status == StatusCode::OK {
        (status, head).into_response()
    } else {
        (status, head, Json(json!({ "error": "invalid_request" }))).into_response()
    }
}

async fn take(web: &Web, provider: &str, address: std::net::IpAddr, body: &[u8]) -> Result<(), StatusCode> {
    let form: LogoutForm = serde_html_form::from_bytes(body).map_err(|_| StatusCode::BAD_REQUEST)?;
    let logout = web.auth().read_logout(provider, &form.logout_token).await.map_err(|refusal| status(&refusal))?;
    let (auth, provider) = (web.auth().clone(), provider.to_owned());
    let ended = off_thread(move || {
        let visitor = Visitor { address, agent: None };
        Ok::<_, Error>(auth.end_by_provider(&provider, &logout, visitor))
    });
    match ended.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(refusal)) => Err(status(&refusal)),
        Err(failure) => {
            crate::error::log_failure(StatusCode::INTERNAL_SERVER_ERROR, &failure);
            Err(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

fn status(refusal: &SignInRefusal) -> StatusCode {
    match refusal {
        SignInRefusal::Company(CompanyRefusal::Unreachable(_)) => StatusCode::SERVICE_UNAVAILABLE,
        SignInRefusal::Failed(error) => {
            crate::error::log_failure(StatusCode::INTERNAL_SERVER_ERROR, error);
            StatusCode::INTERNAL_SERVER_ERROR
        }
        _ => StatusCode::BAD_REQUEST,
    }
}
