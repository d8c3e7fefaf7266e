//! `/api/v1/users`

use std::path::{Component, Path as StdPath, PathBuf};

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::caller::{Body, Reader, UserAdmin, off_thread};
use super::problem::Problem;
use super::{Api, UserView};
use crate::auth::{AccountChange, Auth, Error, NewAccount};
use crate::files::NewHome;

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
}

/// Tells null from absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// All accounts
#[utoipa::path(get, path = "/api/v1/users", responses(
    (status = 200, body = Vec<UserView>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(_: Reader, State(auth): State<Auth>) -> Result<Json<Vec<UserView>>, Problem> {
    let users = off_thread(move || auth.users()).await?;
    Ok(Json(users.iter().map(UserView::from).collect()))
}

/// Add an account
#[utoipa::path(post, path = "/api/v1/users", request_body = NewUser, responses(
    (status = 201, body = UserView), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn add(
    UserAdmin(actor): UserAdmin,
    State(api): State<Api>,
    Body(new): Body<NewUser>,
) -> Result<(StatusCode, Json<UserView>), Problem> {
    let home = match new.home {
        None => NewHome::New,
        Some(path) => NewHome::Given(allowed_home(&path, &api.home_roots)?),
    };
    let account = NewAccount {
        display_name: new.display_name,
        email: new.email,
        is_admin: new.admin,
        home,
        ..NewAccount::named(&new.name)
    };
    let user = off_thread(move || api.auth.add_user(&account, &actor)).await?;
    Ok((StatusCode::CREATED, Json(UserView::from(&user))))
}

/// An account
#[utoipa::path(get, path = "/api/v1/users/{name}", params(("name" = String, Path)), responses(
    (status = 200, body = UserView), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn show(
    _: Reader,
    State(auth): State<Auth>,
    Path(name): Path<String>,
) -> Result<Json<UserView>, Problem> {
    let user = off_thread(move || auth.user(&name)).await?;
    Ok(Json(UserView::from(&user)))
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
        ..AccountChange::default()
    };
    let user = off_thread(move || auth.change_user(&name, &change, &actor)).await?;
    Ok(Json(UserView::from(&user)))
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

/// Only beneath the configured roots, by whole names and without a way out.
fn allowed_home(path: &str, roots: &[PathBuf]) -> Result<PathBuf, Error> {
    let path = StdPath::new(path);
    let plain = path.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    let allowed = path.is_absolute()
        && plain
        && roots.iter().any(|root| path.strip_prefix(root).is_ok_and(|rest| rest.components().next().is_some()));
    if allowed {
        Ok(path.to_path_buf())
    } else {
        Err(Error::invalid("home", "is not beneath one of storage.home_roots"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_stay_beneath_the_roots() {
        let roots = [PathBuf::from("/srv/homes")];
        assert!(allowed_home("/srv/homes/alice", &roots).is_ok());
        for bad in ["/srv/homes", "/srv/homesx/a", "/srv/homes/../x", "srv/homes/a", "/etc", ""] {
            assert!(allowed_home(bad, &roots).is_err(), "{bad}");
        }
        assert!(allowed_home("/srv/homes/alice", &[]).is_err());
    }
}
