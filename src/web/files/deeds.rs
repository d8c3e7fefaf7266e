//! New folder, rename, move, delete: a page that asks, and the deed itself.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;

use super::address::{Address, item, name_of, shown};
use super::drive::Drive;
use super::folder::{Asked, Top};
use super::told::{Refusal, page_status, why_no_name};
use super::{back, folders};
use crate::dav;
use crate::files::{self, Path};
use crate::web::caller::SignedIn;
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread};

/// A form of these pages.
#[derive(Debug, Deserialize)]
pub(super) struct Deed {
    #[serde(rename = "deed")]
    kind: String,
    /// What it is done with, percent-encoded.
    #[serde(default)]
    item: Vec<String>,
    /// The name to give.
    #[serde(default)]
    name: String,
    /// The folder to move to.
    #[serde(default)]
    to: String,
}

/// What a page asks about.
#[derive(Debug)]
pub(super) enum Choice {
    NewFolder,
    Rename(Vec<u8>),
    Move(Vec<Vec<u8>>),
    Delete(Vec<Vec<u8>>),
}

impl Choice {
    /// As an address asks for it.
    pub(super) fn of(asked: &Asked) -> Result<Option<Self>, Error> {
        let one = || name_of(&asked.item).map_err(|_| Error::NotFound);
        Ok(match asked.deed.as_str() {
            "new-folder" => Some(Self::NewFolder),
            "rename" => Some(Self::Rename(one()?)),
            "move" => Some(Self::Move(vec![one()?])),
            "delete" => Some(Self::Delete(vec![one()?])),
            _ => None,
        })
    }
}

/// Everything a page of this file is made with.
struct Desk<'a> {
    web: &'a Web,
    caller: &'a SignedIn,
    folder: &'a Address,
    asked: &'a Asked,
}

/// A file or folder that a deed is about.
struct Item {
    name: String,
    /// The name, percent-encoded, as the form carries it.
    encoded: String,
    is_folder: bool,
}

#[derive(Template)]
#[template(path = "files/new_folder.html")]
struct NewFolderPage<'a> {
    top: Top,
    frame: Frame,
    name: &'a str,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "files/rename.html")]
struct RenamePage<'a> {
    top: Top,
    frame: Frame,
    old: Item,
    name: &'a str,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "files/move.html")]
struct MovePage<'a> {
    top: Top,
    frame: Frame,
    items: Vec<Item>,
    folders: Vec<String>,
    to: &'a str,
    wrong: Option<String>,
    refusals: Vec<Refusal>,
}

#[derive(Template)]
#[template(path = "files/delete.html")]
struct DeletePage {
    top: Top,
    frame: Frame,
    items: Vec<Item>,
    refusals: Vec<Refusal>,
}

/// A page that asks.
pub(super) async fn ask(
    web: &Web,
    caller: &SignedIn,
    folder: &Address,
    asked: &Asked,
    choice: Choice,
) -> Result<Response, Error> {
    let desk = Desk { web, caller, folder, asked };
    match choice {
        Choice::NewFolder => desk.new_folder("", None),
        Choice::Rename(name) => desk.rename(&name, &shown(&name), None).await,
        Choice::Move(names) => desk.move_to(&names, "", None, Vec::new()).await,
        Choice::Delete(names) => desk.delete(&names, Vec::new()).await,
    }
}

/// A deed, and the page after it.
pub(super) async fn carry_out(
    web: &Web,
    caller: &SignedIn,
    drive: &Drive,
    folder: &Address,
    asked: &Asked,
    deed: Deed,
) -> Result<Response, Error> {
    let desk = Desk { web, caller, folder, asked };
    let names = deed.item.iter().map(|item| name_of(item)).collect::<Result<Vec<_>, _>>()?;
    if names.is_empty() && deed.kind != "new-folder" {
        return Ok(back(caller, folder, asked, "nothing"));
    }
    match (deed.kind.as_str(), names.as_slice()) {
        ("new-folder", _) => desk.make_folder(drive, deed.name.trim()).await,
        ("rename", [old]) => desk.give_name(drive, old, deed.name.trim()).await,
        ("choose-move", names) => desk.move_to(names, "", None, Vec::new()).await,
        ("choose-delete", names) => desk.delete(names, Vec::new()).await,
        ("move", names) => desk.move_all(drive, names, deed.to.trim()).await,
        ("delete", names) => desk.delete_all(drive, names).await,
        _ => Err(Error::BadForm("it asks for nothing that is done here".to_owned())),
    }
}

impl Desk<'_> {
    fn top(&self) -> Top {
        Top::new(self.folder, self.asked)
    }

    fn frame(&self) -> Frame {
        Frame::new(&self.caller.visit, "files")
    }

    fn done(&self, what: &str) -> Response {
        back(self.caller, self.folder, self.asked, what)
    }

    /// Those of the names that are there. A link counts, wherever it leads: it can be deleted.
    async fn items(&self, names: &[Vec<u8>]) -> Result<Vec<Item>, Error> {
        let (web, home) = (self.web.clone(), self.caller.user().home.clone());
        let (folder, names) = (self.folder.path.clone(), names.to_vec());
        let items = off_thread(move || {
            let root = web.0.storage.homes().open(&home)?;
            let mut items = Vec::new();
            for name in &names {
                if let Some(meta) = root.find(&folder.join(name), false)?.any_meta() {
                    items.push(Item { name: shown(name), encoded: item(name), is_folder: meta.is_folder() });
                }
            }
            Ok::<_, files::Error>(items)
        })
        .await?;
        if items.is_empty() { Err(Error::NotFound) } else { Ok(items) }
    }

    /// The path of a name that a person has typed.
    fn typed(&self, name: &str) -> Result<Path, String> {
        let mut path = self.folder.path.clone();
        path.push(name.as_bytes()).map_err(why_no_name)?;
        Ok(path)
    }

    fn new_folder(&self, name: &str, wrong: Option<(StatusCode, String)>) -> Result<Response, Error> {
        let (status, wrong) = split(wrong);
        page::render(status, &NewFolderPage { top: self.top(), frame: self.frame(), name, wrong })
    }

    async fn make_folder(&self, drive: &Drive, name: &str) -> Result<Response, Error> {
        let path = match self.typed(name) {
            Ok(path) => path,
            Err(wrong) => return self.new_folder(name, Some((StatusCode::UNPROCESSABLE_ENTITY, wrong))),
        };
        match drive.make_folder(&path).await {
            Ok(()) => Ok(self.done("folder")),
            Err(failure) => self.new_folder(name, Some(told(path.name(), failure))),
        }
    }

    async fn rename(&self, old: &[u8], name: &str, wrong: Option<(StatusCode, String)>) -> Result<Response, Error> {
        let (status, wrong) = split(wrong);
        let old = self.items(&[old.to_vec()]).await?.pop().ok_or(Error::NotFound)?;
        page::render(status, &RenamePage { top: self.top(), frame: self.frame(), old, name, wrong })
    }

    async fn give_name(&self, drive: &Drive, old: &[u8], name: &str) -> Result<Response, Error> {
        // Nothing was changed. A name that is not UTF-8 must not become what it is shown as.
        if name == shown(old).trim() {
            return Ok(self.done(""));
        }
        let to = match self.typed(name) {
            Ok(to) => to,
            Err(wrong) => return self.rename(old, name, Some((StatusCode::UNPROCESSABLE_ENTITY, wrong))).await,
        };
        match drive.move_to(&self.folder.path.join(old), &to).await {
            Ok(()) => Ok(self.done("renamed")),
            Err(failure) => self.rename(old, name, Some(told(old, failure))).await,
        }
    }

    async fn move_to(
        &self,
        names: &[Vec<u8>],
        to: &str,
        wrong: Option<String>,
        refusals: Vec<Refusal>,
    ) -> Result<Response, Error> {
        let status = match (&wrong, refusals.as_slice()) {
            (None, []) => StatusCode::OK,
            (_, refusals) => page_status(refusals),
        };
        let items = self.items(names).await?;
        let folders = folders::all(self.web, &self.caller.user().home).await?;
        let (top, frame) = (self.top(), self.frame());
        page::render(status, &MovePage { top, frame, items, folders, to, wrong, refusals })
    }

    async fn move_all(&self, drive: &Drive, names: &[Vec<u8>], to: &str) -> Result<Response, Error> {
        let wrong = |sentence: &str| Some(sentence.to_owned());
        if to.is_empty() {
            return self.move_to(names, to, wrong("Say to which folder."), Vec::new()).await;
        }
        // From the top, with or without the slash that says so.
        let Ok(target) = Path::from_plain(&format!("/{to}")) else {
            return self.move_to(names, to, wrong("This is no path of a folder."), Vec::new()).await;
        };
        if !folders::is_folder(self.web, &self.caller.user().home, &target).await? {
            return self.move_to(names, to, wrong("There is no such folder."), Vec::new()).await;
        }
        if target == self.folder.path {
            return self.move_to(names, to, wrong("This is the folder that it is in already."), Vec::new()).await;
        }
        let (mut left, mut refusals) = (Vec::new(), Vec::new());
        for name in names {
            if let Err(failure) = drive.move_to(&self.folder.path.join(name), &target.join(name)).await {
                left.push(name.clone());
                refusals.push(Refusal::of(name, failure));
            }
        }
        if left.is_empty() { Ok(self.done("moved")) } else { self.move_to(&left, to, None, refusals).await }
    }

    async fn delete(&self, names: &[Vec<u8>], refusals: Vec<Refusal>) -> Result<Response, Error> {
        let status = if refusals.is_empty() { StatusCode::OK } else { page_status(&refusals) };
        let items = self.items(names).await?;
        page::render(status, &DeletePage { top: self.top(), frame: self.frame(), items, refusals })
    }

    async fn delete_all(&self, drive: &Drive, names: &[Vec<u8>]) -> Result<Response, Error> {
        let (mut left, mut refusals) = (Vec::new(), Vec::new());
        for name in names {
            match drive.delete(&self.folder.path.join(name)).await {
                // Gone is gone, whoever did it.
                Ok(()) | Err(dav::Error::NotFound) => {}
                Err(failure) => {
                    left.push(name.clone());
                    refusals.push(Refusal::of(name, failure));
                }
            }
        }
        if left.is_empty() { Ok(self.done("deleted")) } else { self.delete(&left, refusals).await }
    }
}

fn told(name: &[u8], failure: dav::Error) -> (StatusCode, String) {
    let refusal = Refusal::of(name, failure);
    (page_status(std::slice::from_ref(&refusal)), refusal.sentence)
}

fn split(wrong: Option<(StatusCode, String)>) -> (StatusCode, Option<String>) {
    wrong.map_or((StatusCode::OK, None), |(status, sentence)| (status, Some(sentence)))
}
