//! `/api/v1/users`

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::UserView;
use super::caller::{Body, Reader, UserAdmin, off_thread};
use super::problem::Problem;
use crate::auth::{self, AccountChange, Auth, NewAccount};
use crate::files::NewHome;
use crate::model::User;

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    /// Login name: a-z, 0-9, '.', '_', '-'.
    name: String,
    #[serde(default)]
    display_name: String,
    email: Option<String>,
    #[serde(default)]
    admin: bool,
    /// A folder beneath one of `storage.home_roots`.
    home: Option<String>,
    /// Bytes the person's files may take; absent for no limit.
    quota: Option<u64>,
}

/// What shall change; absent for what stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct UserChange {
    display_name: Option<String>,
    /// Null takes the address away.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    email: Option<Option<String>>,
    admin: Option<bool>,
    enabled: Option<bool>,
    /// Bytes; null takes the limit away.
    #[serde(deserialize_with = "present")]
    #[schema(value_type = Option<u64>)]
    quota: Option<Option<u64>>,
}

/// Tells null from absent.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn view(auth: &Auth, user: &User) -> auth::Result<UserView> {
    Ok(UserView::new(user, auth.company_link(user)?.as_ref()))
}

/// All accounts
#[utoipa::path(get, path = "/api/v1/users", responses(
    (status = 200, body = Vec<UserView>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(_: Reader, State(auth): State<Auth>) -> Result<Json<Vec<UserView>>, Problem> {
    let (users, links) = off_thread(move || Ok((auth.users()?, auth.company_links()?))).await?;
    Ok(Json(users.iter().map(|user| UserView::new(user, links.get(&user.id))).collect()))
}

/// Add an account
#[utoipa::path(post, path = "/api/v1/users", request_body = NewUser, responses(
    (status = 201, body = UserView), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn add(
    UserAdmin(actor): UserAdmin,
    State(auth): State<Auth>,
    Body(new): Body<NewUser>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    let home = match new.home {
        None => NewHome::New,
        Some(path) => auth.allowed_home(&path)?,
    };
    let account = NewAccount {
        display_name: new.display_name,
        email: new.email,
        is_admin: new.admin,
        home,
        quota: new.quota,
        ..NewAccount::named(&new.name)
    };
    let user = off_thread(move || auth.add_user(&account, &actor)).await?;
    Ok((StatusCode::CREATED, Json(UserView::new(&user, None))))
}

/// An account
#[utoipa::path(get, path = "/api/v1/users/{name}", params(("name" = String, Path)), responses(
    (status = 200, body = UserView), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn show(
    _: Reader,
    State(auth): State<Auth>,
    Path(name): Path<String>,
) -> Result<Json<UserView>, Problem> {
    off_thread(move || view(&auth, &auth.user(&name)?)).await.map(Json)
}

/// Change an account
#[utoipa::path(patch, path = "/api/v1/users/{name}", params(("name" = String, Path)), request_body = UserChange, responses(
    (status = 200, body = UserView), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn change(
    UserAdmin(actor): UserAdmin,
    State(auth): State<Auth>,
    Path(name): Path<String>,
    Body(change): Body<UserChange>,
) -> Result<Json<UserView>, Problem> {
    let change = AccountChange {
        display_name: change.display_name,
        email: change.email,
        is_admin: change.admin,
        enabled: change.enabled,
        quota: change.quota,
    };
    off_thread(move || view(&auth, &auth.change_user(&name, &change, &actor)?)).await.map(Json)
}

/// Delete an account with its application passwords; its files stay
#[utoipa::path(delete, path = "/api/v1/users/{name}", params(("name" = String, Path)), responses(
    (status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn delete(
    UserAdmin(actor): UserAdmin,
    State(auth): State<Auth>,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    off_thread(move || auth.delete_user(&name, &actor)).await?;
    Ok(StatusCode::NO_CONTENT)
}
