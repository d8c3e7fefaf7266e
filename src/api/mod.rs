//! The JSON door: the admin API, for programs with a token.
//!
//! The OpenAPI document is made from the handlers and served beside them, at `/api/openapi.json`.

mod app_passwords;
mod caller;
mod problem;
mod users;
mod views;

pub use views::{AppPasswordView, UserView, source};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use http::{StatusCode, header};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Auth;
use problem::Problem;

/// Largest body, in bytes.
const LARGEST: usize = 64 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(title = "Latchkey admin API", description = "Accounts and application passwords, for programs."),
    modifiers(&BearerScheme),
    security(("token" = []))
)]
struct Document;

struct BearerScheme;

impl Modify for BearerScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut scheme = Http::new(HttpAuthScheme::Bearer);
        scheme.description = Some("A token of `latchkey api-token issue`.".to_owned());
        document.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The API's routes.
pub fn router(auth: Auth) -> Router {
    let (router, document) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::show, users::change, users::delete))
        .routes(routes!(app_passwords::list, app_passwords::issue, app_passwords::revoke_all))
        .routes(routes!(app_passwords::revoke))
        .split_for_parts();
    let text = document.to_pretty_json().unwrap_or_default();
    router
        .route("/api/openapi.json", get(async move || ([(header::CONTENT_TYPE, "application/json")], text)))
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "there is nothing at this address"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this address does not take this method")
        })
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(auth)
}
