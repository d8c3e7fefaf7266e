//! Extractors: a caller with a token that may do this, and a body that can be read.

use axum::Json;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Request};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::auth::{Actor, ApiCaller, Auth, ClientAddress, Visitor};
use crate::model::ApiScope;

/// Somebody with a token that may read.
pub(super) struct Reader;

/// Somebody with a token that may change accounts.
pub(super) struct UserAdmin(pub(super) Actor);

/// Somebody with a token that may issue and revoke application passwords.
pub(super) struct AppPasswordAdmin(pub(super) Actor);

fn caller(auth: &Auth, parts: &Parts) -> Result<ApiCaller, Problem> {
    let ClientAddress(address) = parts
        .extensions
        .get()
        .copied()
        .ok_or_else(|| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the client's address is not known"))?;
    let authorization = parts.headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    Ok(auth.enter_api(authorization, Visitor { address, agent: None })?)
}

fn with_scope(auth: &Auth, parts: &Parts, scopes: &[ApiScope]) -> Result<ApiCaller, Problem> {
    let caller = caller(auth, parts)?;
    if scopes.iter().any(|scope| caller.may(*scope)) {
        return Ok(caller);
    }
    let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    Err(Problem::new(StatusCode::FORBIDDEN, format!("this token lacks the scope {}", words.join(" or "))))
}

impl<S: Send + Sync> FromRequestParts<S> for Reader
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        with_scope(&Auth::from_ref(state), parts, &ApiScope::ALL)?;
        Ok(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for UserAdmin
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(with_scope(&Auth::from_ref(state), parts, &[ApiScope::Users])?.actor()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for AppPasswordAdmin
where
    Auth: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(with_scope(&Auth::from_ref(state), parts, &[ApiScope::AppPasswords])?.actor()))
    }
}

/// A JSON body; what cannot be read is told as a problem.
pub(super) struct Body<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Json(value) = Json::from_request(request, state).await?;
        Ok(Self(value))
    }
}

/// Runs a use case off the async threads.
pub(super) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> crate::auth::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(error) => {
            tracing::error!(%error, "a use case failed");
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the server failed, see its log"))
        }
    }
}
