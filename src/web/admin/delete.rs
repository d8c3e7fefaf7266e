//! `/admin/users/{name}/delete`: an account goes, after its name was typed.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

use super::form::Wrong;
use super::person::{Head, path_of};
use crate::model::{Home, User};
use crate::web::caller::{Admin, SignedIn};
use crate::web::csrf::Csrf;
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread};

#[derive(Template)]
#[template(path = "admin/delete.html")]
struct DeletePage {
    frame: Frame,
    part: &'static str,
    head: Head,
    home: String,
    /// Whether the home is the storage's own, so that it can be moved to the trash.
    is_inside: bool,
    to_trash: bool,
    wrong: Wrong,
}

fn render(caller: &SignedIn, user: &User, to_trash: bool, wrong: Wrong) -> Result<Response, Error> {
    let page = DeletePage {
        frame: Frame::new(&caller.visit, "admin"),
        part: "users",
        head: Head::new(user, caller.user(), "delete"),
        home: match &user.home {
            Home::Inside(name) => format!("storage/files/{name}"),
            Home::Outside(path) => path.display().to_string(),
        },
        is_inside: matches!(user.home, Home::Inside(_)),
        to_trash,
        wrong,
    };
    page::render(page.wrong.status(), &page)
}

pub(super) async fn show(
    Admin(caller): Admin,
    State(web): State<Web>,
    Path(name): Path<String>,
) -> Result<Response, Error> {
    caller.require_fresh(&web, &format!("{}/delete", path_of(&name)))?;
    render(&caller, &web.auth().user(&name)?, false, Wrong::none())
}

#[derive(Debug, Deserialize)]
pub(super) struct DeleteForm {
    #[serde(default)]
    confirm: String,
    #[serde(default)]
    files: String,
}

pub(super) async fn delete(
    Admin(caller): Admin,
    State(web): State<Web>,
    Path(name): Path<String>,
    Csrf(form): Csrf<DeleteForm>,
) -> Result<Response, Error> {
    caller.require_fresh(&web, &format!("{}/delete", path_of(&name)))?;
    let user = web.auth().user(&name)?;
    let to_trash = form.files == "trash";
    if form.confirm.trim() != name {
        let wrong = Wrong::field("confirm", "this is not the user name; nothing was deleted");
        return render(&caller, &user, to_trash, wrong);
    }
    let (auth, actor) = (web.auth().clone(), caller.actor());
    let outcome = off_thread(move || {
        Ok::<_, Error>(if to_trash {
            auth.delete_user_with_home(&name, &actor).map(drop)
        } else {
            auth.delete_user(&name, &actor).map(drop)
        })
    });
    match outcome.await? {
        Ok(()) => {
            let done = if to_trash { "trashed" } else { "deleted" };
            Ok(page::see(caller.visit.site(), &format!("/admin/users?done={done}")))
        }
        Err(error) => render(&caller, &user, to_trash, Wrong::of(error)?),
    }
}
