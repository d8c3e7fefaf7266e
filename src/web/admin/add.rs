//! `/admin/users/new`: an account is made, and its person gets a link by which to choose a password.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;

use super::form::Wrong;
use super::link::LinkPage;
use crate::auth::{self, NewAccount};
use crate::files::NewHome;
use crate::model::parse_size;
use crate::web::caller::{Admin, SignedIn};
use crate::web::csrf::Csrf;
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::profile::{new_form_id, one_time};
use crate::web::{Web, off_thread};

#[derive(Template)]
#[template(path = "admin/add.html")]
struct AddPage<'a> {
    frame: Frame,
    part: &'static str,
    form: &'a AddForm,
    form_id: String,
    home_roots: Vec<String>,
    wrong: Wrong,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AddForm {
    /// Its id.
    form: String,
    name: String,
    display_name: String,
    email: String,
    role: String,
    quota: String,
    home: String,
}

impl AddForm {
    fn account(&self, web: &Web) -> Result<NewAccount, Wrong> {
        let home = match self.home.trim() {
            "" => NewHome::New,
            path => web
                .auth()
                .allowed_home(path)
                .map_err(|_| Wrong::field("home", "this is not beneath one of the folders named below"))?,
        };
        Ok(NewAccount {
            display_name: self.display_name.clone(),
            email: Some(self.email.trim()).filter(|email| !email.is_empty()).map(ToOwned::to_owned),
            is_admin: self.role == "administrator",
            home,
            quota: quota(&self.quota)?,
            // A capital letter is a slip of the pen, not another name.
            ..NewAccount::named(&self.name.trim().to_lowercase())
        })
    }
}

/// A quota as it was typed; nothing for no limit.
pub(super) fn quota(text: &str) -> Result<Option<u64>, Wrong> {
    match text.trim() {
        "" => Ok(None),
        text => parse_size(text).map(Some).ok_or_else(|| Wrong::field("quota", "write a size like 10 GB or 500 MB")),
    }
}

fn render(caller: &SignedIn, web: &Web, form: &AddForm, wrong: Wrong) -> Result<Response, Error> {
    let page = AddPage {
        frame: Frame::new(&caller.visit, "admin"),
        part: "users",
        form,
        form_id: new_form_id(),
        home_roots: web.0.home_roots.iter().map(|root| root.display().to_string()).collect(),
        wrong,
    };
    page::render(page.wrong.status(), &page)
}

pub(super) async fn show(Admin(caller): Admin, State(web): State<Web>) -> Result<Response, Error> {
    // Here and not only when the form comes, so that nothing is typed in vain.
    caller.require_fresh(&web, "/admin/users/new")?;
    render(&caller, &web, &AddForm::default(), Wrong::none())
}

pub(super) async fn add(
    Admin(caller): Admin,
    State(web): State<Web>,
    Csrf(form): Csrf<AddForm>,
) -> Result<Response, Error> {
    caller.require_fresh(&web, "/admin/users/new")?;
    let account = match form.account(&web) {
        Ok(account) => account,
        Err(wrong) => return render(&caller, &web, &form, wrong),
    };
    let (auth, actor, once) = (web.auth().clone(), caller.actor(), one_time(&caller, &form.form));
    let outcome = off_thread(move || Ok::<_, Error>(auth.invite(&account, &once, &actor))).await?;
    match outcome {
        Ok((user, link)) => LinkPage::invitation(&caller, &web, &user, &link),
        Err(auth::Error::AlreadyDone) => Ok(page::see(caller.visit.site(), "/admin/users?done=sent")),
        Err(error) => render(&caller, &web, &form, Wrong::of(error)?),
    }
}
