//! `/api/v1/users/{name}/app-passwords` and `/api/v1/app-passwords/{selector}`

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use http::{StatusCode, header};
use ipnet::IpNet;
use serde::Deserialize;
use utoipa::ToSchema;

use super::AppPasswordView;
use super::caller::{AppPasswordAdmin, Body, Reader, off_thread};
use super::problem::Problem;
use crate::auth::{Auth, Error, Expiry, NewAppPassword as Wanted, Revoked};
use crate::model::Scope;

/// A new application password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAppPassword {
    /// 1 to 64 characters.
    label: String,
    /// When it ends; null for never, where the configuration allows it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    expires_at: Option<Option<DateTime<Utc>>>,
    /// How long it lives, as `90d`; instead of `expires_at`.
    ttl: Option<String>,
    scope: Option<Scope>,
    /// Absolute paths; empty for the whole home.
    #[serde(default)]
    folders: Vec<String>,
    /// CIDR; empty for any.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    networks: Vec<IpNet>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<DateTime<Utc>>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl NewAppPassword {
    fn wanted(self) -> Result<Wanted, Error> {
        let expiry = match (self.expires_at, self.ttl) {
            (None, None) => Expiry::Default,
            (Some(None), None) => Expiry::Never,
            (Some(Some(at)), None) => Expiry::At(at),
            (None, Some(ttl)) if ttl == "never" => Expiry::Never,
            (None, Some(ttl)) => Expiry::After(
                humantime::parse_duration(&ttl).map_err(|_| Error::invalid("ttl", "is no duration like 90d"))?,
            ),
            (Some(_), Some(_)) => return Err(Error::invalid("ttl", "goes instead of expires_at, not beside it")),
        };
        let scope = self.scope.unwrap_or(Scope::ReadWrite);
        Ok(Wanted { label: self.label, expiry, scope, folders: self.folders, networks: self.networks })
    }
}

/// An account's application passwords
#[utoipa::path(get, path = "/api/v1/users/{name}/app-passwords", params(("name" = String, Path)), responses(
    (status = 200, body = Vec<AppPasswordView>),
    (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(
    _: Reader,
    State(auth): State<Auth>,
    Path(name): Path<String>,
) -> Result<Json<Vec<AppPasswordView>>, Problem> {
    let rows = off_thread(move || auth.app_passwords(&name)).await?;
    Ok(Json(rows.iter().map(AppPasswordView::from).collect()))
}

/// Issue an application password; the answer alone shows it
#[utoipa::path(post, path = "/api/v1/users/{name}/app-passwords", params(("name" = String, Path)),
    request_body = NewAppPassword, responses(
    (status = 201, body = AppPasswordView),
    (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn issue(
    AppPasswordAdmin(actor): AppPasswordAdmin,
    State(auth): State<Auth>,
    Path(name): Path<String>,
    Body(new): Body<NewAppPassword>,
) -> Result<(StatusCode, [(header::HeaderName, &'static str); 1], Json<AppPasswordView>), Problem> {
    let wanted = new.wanted()?;
    let issued = off_thread(move || auth.issue_app_password(&name, &wanted, &actor)).await?;
    let view = AppPasswordView::issued(&issued);
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(view)))
}

/// Revoke all application passwords of an account
#[utoipa::path(delete, path = "/api/v1/users/{name}/app-passwords", params(("name" = String, Path)), responses(
    (status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn revoke_all(
    AppPasswordAdmin(actor): AppPasswordAdmin,
    State(auth): State<Auth>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    let Revoked(_) = off_thread(move || auth.revoke_app_passwords_of(&name, &actor)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revoke an application password
#[utoipa::path(delete, path = "/api/v1/app-passwords/{selector}", params(("selector" = String, Path)), responses(
    (status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn revoke(
    AppPasswordAdmin(actor): AppPasswordAdmin,
    State(auth): State<Auth>,
    Path(selector): Path<String>,
) -> Result<StatusCode, Problem> {
    off_thread(move || auth.revoke_app_password(&selector, &actor)).await?;
    Ok(StatusCode::NO_CONTENT)
}
