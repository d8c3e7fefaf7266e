//! `/admin/users/{name}`: who a person is, and what they may do.

use askama::Template;
use askama::filters::Safe;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::Done;
use super::add::quota;
use super::company::{self, CompanyView, JoinForm};
use super::form::Wrong;
use super::person::{Head, path_of};
use crate::auth::{AccountChange, LinkKind};
use crate::model::{Home, Usage, User, exact_size};
use crate::web::caller::{Admin, SignedIn};
use crate::web::csrf::Csrf;
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::profile::new_form_id;
use crate::web::{Web, off_thread, show};

#[derive(Template)]
#[template(path = "admin/general.html")]
struct GeneralPage {
    frame: Frame,
    part: &'static str,
    head: Head,
    form: GeneralForm,
    form_id: String,
    home: String,
    created: Safe<String>,
    last_seen: Option<Safe<String>>,
    /// Bytes, number of files, and when they were counted.
    usage: Option<(String, u64, Safe<String>)>,
    has_password: bool,
    /// What a link that is out is for, and until when.
    link: Option<(bool, Safe<String>)>,
    /// Absent where the account is kept on this server.
    company: Option<CompanyView>,
    /// What it can be joined to: the form's value, and what people call it.
    directories: Vec<(String, String)>,
    join: JoinForm,
    wrong: Wrong,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct GeneralForm {
    display_name: String,
    email: String,
    /// Absent for the administrator themselves.
    role: Option<String>,
    quota: String,
    /// Absent for the administrator themselves.
    state: Option<String>,
}

impl GeneralForm {
    fn of(user: &User) -> Self {
        Self {
            display_name: user.display_name.clone(),
            email: user.email.clone().unwrap_or_default(),
            role: Some(if user.is_admin { "administrator" } else { "user" }.to_owned()),
            quota: user.quota.map(exact_size).unwrap_or_default(),
            state: Some(if user.disabled_at.is_some() { "disabled" } else { "enabled" }.to_owned()),
        }
    }

    fn is_admin(&self) -> bool {
        self.role.as_deref() == Some("administrator")
    }

    fn is_disabled(&self) -> bool {
        self.state.as_deref() == Some("disabled")
    }

    fn change(&self) -> Result<AccountChange, Wrong> {
        let email = Some(self.email.trim()).filter(|email| !email.is_empty());
        Ok(AccountChange {
            display_name: Some(self.display_name.clone()),
            email: Some(email.map(ToOwned::to_owned)),
            is_admin: self.role.is_some().then(|| self.is_admin()),
            enabled: self.state.is_some().then(|| !self.is_disabled()),
            quota: Some(quota(&self.quota)?),
        })
    }
}

fn measured(usage: Usage) -> (String, u64, Safe<String>) {
    (show::size(usage.bytes), usage.files, show::time(&usage.measured_at))
}

/// What the page is shown with besides the account.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) form: Option<GeneralForm>,
    pub(super) join: JoinForm,
    pub(super) wrong: Wrong,
    pub(super) notice: Option<&'static str>,
}

pub(super) async fn render(caller: &SignedIn, web: &Web, name: &str, shown: Shown) -> Result<Response, Error> {
    let auth = web.auth();
    let user = auth.user(name)?;
    let usage = auth.usage(&user).await?.map(measured);
    let link = auth.password_link_of(&user)?;
    let page = GeneralPage {
        frame: Frame::new(&caller.visit, "admin").with_notice(shown.notice),
        part: "users",
        head: Head::new(&user, caller.user(), "general"),
        form: shown.form.unwrap_or_else(|| GeneralForm::of(&user)),
        form_id: new_form_id(),
        home: match &user.home {
            Home::Inside(name) => format!("storage/files/{name}"),
            Home::Outside(path) => path.display().to_string(),
        },
        created: show::time(&user.created_at),
        last_seen: auth.last_seen(&user)?.as_ref().map(show::time),
        usage,
        has_password: auth.has_password(&user)?,
        link: link.map(|(kind, until)| (kind == LinkKind::Invitation, show::time(&until))),
        company: auth.company_account(&user)?.map(|company| CompanyView::new(&user, company)),
        directories: company::choices(auth)?,
        join: shown.join,
        wrong: shown.wrong,
    };
    page::render(page.wrong.status(), &page)
}

pub(super) async fn show(
    Admin(caller): Admin,
    State(web): State<Web>,
    Path(name): Path<String>,
    Query(done): Query<Done>,
) -> Result<Response, Error> {
    render(&caller, &web, &name, Shown { notice: done.sentence(), ..Shown::default() }).await
}

pub(super) async fn change(
    Admin(caller): Admin,
    State(web): State<Web>,
    Path(name): Path<String>,
    Csrf(form): Csrf<GeneralForm>,
) -> Result<Response, Error> {
    let before = web.auth().user(&name)?;
    let change = match form.change() {
        Ok(change) => change,
        Err(wrong) => {
            return render(&caller, &web, &name, Shown { form: Some(form), wrong, ..Shown::default() }).await;
        }
    };
    if change.is_admin.is_some_and(|is_admin| is_admin != before.is_admin) {
        // Whoever finds an open browser makes nobody an administrator.
        caller.require_fresh(&web, &path_of(&name))?;
    }
    let (auth, actor, of) = (web.auth().clone(), caller.actor(), name.clone());
    let outcome = off_thread(move || Ok::<_, Error>(auth.change_user(&of, &change, &actor))).await?;
    match outcome {
        Ok(after) => {
            let done = match (before.disabled_at.is_some(), after.disabled_at.is_some()) {
                (false, true) => "disabled",
                (true, false) => "enabled",
                _ => "changed",
            };
            Ok(page::see(caller.visit.site(), &format!("{}?done={done}", path_of(&name))))
        }
        Err(error) => {
            let wrong = Wrong::of(error)?;
            render(&caller, &web, &name, Shown { form: Some(form), wrong, ..Shown::default() }).await
        }
    }
}
