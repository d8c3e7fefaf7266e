//! Where a person's account comes from: shown on their page, joined to a company account and taken apart again.

use askama::Template;
use askama::filters::Safe;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

use super::form::Wrong;
use super::general::{self, Shown};
use super::person::{Head, path_of};
use crate::auth::{self, CompanyAccount, CompanyRefusal, LinkTo, SignInRefusal};
use crate::model::{DirectoryKind, User};
use crate::web::caller::{Admin, SignedIn};
use crate::web::csrf::{Csrf, NoFields};
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread, show};

/// What an administrator sees of a company account.
pub(super) struct CompanyView {
    pub(super) label: String,
    pub(super) kind: &'static str,
    pub(super) is_configured: bool,
    pub(super) keeps_role: bool,
    /// What the directory calls the person; may be empty.
    pub(super) known_as: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) linked: Safe<String>,
    pub(super) signed_in: Option<Safe<String>>,
    pub(super) confirmed: Option<Safe<String>>,
    pub(super) asked: Safe<String>,
    /// What came of asking last, where that confirmed nothing.
    pub(super) failure: Option<String>,
    pub(super) unconfirmed: Option<Safe<String>>,
    /// Until when that is no harm.
    pub(super) sign_in_before: Option<Safe<String>>,
    /// Since when, and why.
    pub(super) suspended: Option<(Safe<String>, &'static str)>,
}

impl CompanyView {
    pub(super) fn new(user: &User, company: CompanyAccount) -> Self {
        let link = company.link;
        Self {
            label: company.label,
            kind: word(link.kind),
            is_configured: company.is_configured,
            keeps_role: company.keeps_role,
            known_as: link.shown,
            issuer: link.identity.issuer,
            subject: link.identity.subject,
            linked: show::time(&link.linked_at),
            signed_in: link.signed_in_at.as_ref().map(show::time),
            confirmed: link.confirmed_at.as_ref().map(show::time),
            asked: show::time(&link.checked_at),
            failure: link.failure,
            unconfirmed: link.unconfirmed_since.as_ref().map(show::time),
            sign_in_before: company.sign_in_before.as_ref().map(show::time),
            suspended: user.suspended.map(|suspended| (show::time(&suspended.at), suspended.because.told())),
        }
    }
}

/// How a directory is spoken to, for people.
pub(super) fn word(kind: DirectoryKind) -> &'static str {
    match kind {
        DirectoryKind::Oidc => "OpenID Connect",
        DirectoryKind::Ldap => "LDAP",
    }
}

/// The directories that an account can be joined to: the form's value, and what people call them.
pub(super) fn choices(auth: &auth::Auth) -> auth::Result<Vec<(String, String)>> {
    let all = auth.directories()?.into_iter().filter(|directory| directory.is_configured);
    Ok(all
        .map(|one| (format!("{}:{}", one.kind.as_str(), one.name), format!("{} ({})", one.label, word(one.kind))))
        .collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct JoinForm {
    pub(super) directory: String,
    pub(super) who: String,
}

impl JoinForm {
    fn read(&self) -> Option<LinkTo> {
        let (kind, name) = self.directory.split_once(':')?;
        Some(match DirectoryKind::parse(kind)? {
            DirectoryKind::Ldap => LinkTo::Ldap { directory: name.to_owned(), login: self.who.clone() },
            DirectoryKind::Oidc => LinkTo::Oidc { provider: name.to_owned(), subject: self.who.clone() },
        })
    }
}

/// `POST /admin/users/{name}/company`
pub(super) async fn join(
    Admin(caller): Admin,
    State(web): State<Web>,
    Path(name): Path<String>,
    Csrf(form): Csrf<JoinForm>,
) -> Result<Response, Error> {
    caller.require_fresh(&web, &path_of(&name))?;
    let Some(to) = form.read() else {
        let wrong = Wrong::field("directory", "choose one of the directories");
        return general::render(&caller, &web, &name, Shown { join: form, wrong, ..Shown::default() }).await;
    };
    let (auth, actor, of) = (web.auth().clone(), caller.actor(), name.clone());
    match off_thread(move || Ok::<_, Error>(auth.link_user(&of, &to, &actor))).await? {
        Ok(()) => Ok(page::see(caller.visit.site(), &format!("{}?done=joined", path_of(&name)))),
        Err(refusal) => {
            let wrong = wrong(refusal)?;
            general::render(&caller, &web, &name, Shown { join: form, wrong, ..Shown::default() }).await
        }
    }
}

fn wrong(refusal: SignInRefusal) -> Result<Wrong, Error> {
    match refusal {
        SignInRefusal::Failed(error) => Wrong::of(error),
        SignInRefusal::Company(CompanyRefusal::Taken) => {
            Ok(Wrong::field("who", "belongs to another account here already"))
        }
        SignInRefusal::Company(CompanyRefusal::Unreachable(label)) => {
            Ok(Wrong::field("directory", &format!("{label} does not answer right now: nothing was changed")))
        }
        other => Err(other.into()),
    }
}

#[derive(Template)]
#[template(path = "admin/unlink.html")]
struct UnlinkPage {
    frame: Frame,
    part: &'static str,
    head: Head,
    label: String,
    wrong: Wrong,
}

fn render_unlink(caller: &SignedIn, web: &Web, user: &User, wrong: Wrong) -> Result<Response, Error> {
    let Some(company) = web.auth().company_account(user)? else {
        return Ok(page::see(caller.visit.site(), &path_of(user.name.as_str())));
    };
    let page = UnlinkPage {
        frame: Frame::new(&caller.visit, "admin"),
        part: "users",
        head: Head::new(user, caller.user(), "unlink"),
        label: company.label,
        wrong,
    };
    page::render(page.wrong.status(), &page)
}

/// `GET /admin/users/{name}/unlink`: what follows from it.
pub(super) async fn show_unlink(
    Admin(caller): Admin,
    State(web): State<Web>,
    Path(name): Path<String>,
) -> Result<Response, Error> {
    caller.require_fresh(&web, &format!("/admin/users/{name}/unlink"))?;
    render_unlink(&caller, &web, &web.auth().user(&name)?, Wrong::none())
}

/// `POST /admin/users/{name}/unlink`
pub(super) async fn unlink(
    Admin(caller): Admin,
    State(web): State<Web>,
    Path(name): Path<String>,
    _: Csrf<NoFields>,
) -> Result<Response, Error> {
    caller.require_fresh(&web, &format!("/admin/users/{name}/unlink"))?;
    let (auth, actor, of) = (web.auth().clone(), caller.actor(), name.clone());
    match off_thread(move || Ok::<_, Error>(auth.unlink_user(&of, &actor))).await? {
        Ok(user) => {
            let done = if user.disabled_at.is_some() { "unlinked-disabled" } else { "unlinked" };
            Ok(page::see(caller.visit.site(), &format!("{}?done={done}", path_of(&name))))
        }
        Err(error) => render_unlink(&caller, &web, &web.auth().user(&name)?, Wrong::of(error)?),
    }
}
