//! `/admin/users/{name}/security`: second factor, connections and sessions of a person. They are seen and cut here; none
//! is made (S19).

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::Done;
use super::connections::{Connection, SessionRow};
use super::form::Wrong;
use super::person::{Head, path_of};
use crate::auth;
use crate::model::SecondFactors;
use crate::web::caller::{Admin, SignedIn};
use crate::web::csrf::{Csrf, NoFields};
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread, show};

#[derive(Template)]
#[template(path = "admin/security.html")]
struct SecurityPage {
    frame: Frame,
    part: &'static str,
    head: Head,
    factors: SecondFactors,
    is_required: bool,
    /// What is enough to sign in without a second factor.
    alone: &'static str,
    live: Vec<Connection>,
    ended: Vec<Connection>,
    sessions: Vec<SessionRow>,
    wrong: Wrong,
}

async fn render(
    caller: &SignedIn,
    web: &Web,
    name: &str,
    wrong: Wrong,
    notice: Option<&'static str>,
) -> Result<Response, Error> {
    let (auth, of) = (web.auth().clone(), name.to_owned());
    let found = off_thread(move || {
        let user = auth.user(&of)?;
        let required = auth.policy()?.second_factor.includes(&user);
        let factors = auth.second_factors(&of)?;
        let alone = if auth.company_link(&user)?.is_some() { "company account" } else { "password" };
        Ok::<_, Error>((user, required, factors, alone, auth.app_passwords(&of)?, auth.sessions(&of)?))
    });
    let (user, is_required, factors, alone, passwords, sessions) = found.await?;
    let now = web.0.clock.now();
    // The one that was used last comes first.
    let mut passwords = passwords;
    passwords.sort_by_key(|row| std::cmp::Reverse(row.last_used_at.unwrap_or(row.created_at)));
    let rows = passwords.iter().map(|row| Connection::new(row, &user, now));
    let (live, ended): (Vec<_>, Vec<_>) = rows.partition(Connection::is_live);
    let own = caller.session.id;
    let page = SecurityPage {
        frame: Frame::new(&caller.visit, "admin").with_notice(notice),
        part: "users",
        head: Head::new(&user, caller.user(), "security"),
        factors,
        is_required,
        alone,
        live,
        ended,
        sessions: sessions.iter().map(|session| SessionRow::new(session, own)).collect(),
        wrong,
    };
    page::render(page.wrong.status(), &page)
}

pub(super) async fn show(
    Admin(caller): Admin,
    State(web): State<Web>,
    Path(name): Path<String>,
    Query(done): Query<Done>,
) -> Result<Response, Error> {
    render(&caller, &web, &name, Wrong::none(), done.sentence()).await
}

#[derive(Debug, Deserialize)]
pub(super) struct ConnectionForm {
    #[serde(default)]
    selector: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct SessionForm {
    #[serde(default)]
    id: i64,
}

/// Does one thing to a person, and leads back to the page with a sentence about it.
async fn deed(
    caller: &SignedIn,
    web: &Web,
    name: &str,
    done: &str,
    work: impl FnOnce(&auth::Auth, &str, &auth::Actor) -> auth::Result<()> + Send + 'static,
) -> Result<Response, Error> {
    let (auth, actor, of) = (web.auth().clone(), caller.actor(), name.to_owned());
    match off_thread(move || Ok::<_, Error>(work(&auth, &of, &actor))).await? {
        Ok(()) => Ok(page::see(caller.visit.site(), &format!("/admin/users/{name}/security?done={done}"))),
        Err(error @ auth::Error::Refused(_)) => render(caller, web, name, Wrong::of(error)?, None).await,
        Err(other) => Err(other.into()),
    }
}

pub(super) async fn reset_second_factor(
    Admin(caller): Admin,
    State(web): State<Web>,
    Path(name): Path<String>,
    _: Csrf<NoFields>,
) -> Result<Response, Error> {
    let back = format!("{}/security", path_of(&name).trim_end_matches("/general"));
    caller.require_fresh(&web, &back)?;
    deed(&caller, &web, &name, "reset", auth::Auth::reset_second_factor).await
}

pub(super) async fn revoke(
    Admin(caller): Admin,
    State(web): State<Web>,
    Path(name): Path<String>,
    Csrf(form): Csrf<ConnectionForm>,
) -> Result<Response, Error> {
    let work = move |auth: &auth::Auth, of: &str, actor: &auth::Actor| {
        auth.revoke_app_password_of(of, &form.selector, actor).map(drop)
    };
    deed(&caller, &web, &name, "revoked", work).await
}

pub(super) async fn revoke_all(
    Admin(caller): Admin,
    State(web): State<Web>,
    Path(name): Path<String>,
    _: Csrf<NoFields>,
) -> Result<Response, Error> {
    let work = |auth: &auth::Auth, of: &str, actor: &auth::Actor| auth.revoke_app_passwords_of(of, actor).map(drop);
    deed(&caller, &web, &name, "revoked-all", work).await
}

pub(super) async fn end_session(
    Admin(caller): Admin,
    State(web): State<Web>,
    Path(name): Path<String>,
    Csrf(form): Csrf<SessionForm>,
) -> Result<Response, Error> {
    deed(&caller, &web, &name, "ended", move |auth, of, actor| auth.end_session(of, form.id, actor)).await
}

pub(super) async fn end_sessions(
    Admin(caller): Admin,
    State(web): State<Web>,
    Path(name): Path<String>,
    _: Csrf<NoFields>,
) -> Result<Response, Error> {
    // Whoever ends their own stays signed in here.
    let keep = (caller.name() == name).then_some(caller.session.id);
    let work = move |auth: &auth::Auth, of: &str, actor: &auth::Actor| auth.end_sessions(of, keep, actor).map(drop);
    deed(&caller, &web, &name, "ended-all", work).await
}
