//! `/files/`: a person's own files in a browser.
//!
//! These pages are a client of the WebDAV room ([`drive::Drive`]): whatever is changed or sent goes through
//! `dav::Dav::handle`, so locks, preconditions, properties and whole uploads are the same by construction
//! (`docs/decisions/0009-file-pages-are-a-client-of-dav.md`). Only looking at a folder asks the files room itself.
//!
//! Names are bytes. In addresses and form values they are percent-encoded; on pages, what is not UTF-8 is replaced.

mod address;
mod deeds;
mod drive;
mod folder;
mod folders;
mod listing;
mod told;
mod upload;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequest, Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header;
use http::request::Parts;

use super::caller::{ByScript, SignedIn, Visit};
use super::csrf::Csrf;
use super::error::Error;
use super::{Web, off_thread, page};
use crate::dav;
use crate::files::{self, Kind};
use address::Address;
use deeds::{Choice, Deed};
use drive::Drive;
use folder::Asked;

/// Largest form of these pages, in bytes: a whole page of chosen files with the longest names, encoded twice.
const LARGEST_FORM: usize = 512 * 1024;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/files", get(async |visit: Visit| page::see(visit.site(), "/files/")))
        .route("/files/", get(show).post(change))
        .route("/files/{*path}", get(show).post(change))
}

/// A folder's page, a page that asks something about what is in it, or a file.
async fn show(
    caller: SignedIn,
    State(web): State<Web>,
    Query(asked): Query<Asked>,
    request: Parts,
) -> Result<Response, Error> {
    let address = Address::of(request.uri.path())?;
    match kind(&web, &caller, &address).await? {
        Kind::Folder if !address.slash => Ok(page::see(caller.visit.site(), &address.of_folder())),
        Kind::Folder => match Choice::of(&asked)? {
            Some(choice) => deeds::ask(&web, &caller, &address, &asked, choice).await,
            None => folder::show(&web, &caller, &address, &asked).await,
        },
        _ if address.slash => Err(Error::NotFound),
        _ => send(&Drive::of(&web, &caller)?, &address, &asked, &request).await,
    }
}

/// What stands at an address.
async fn kind(web: &Web, caller: &SignedIn, address: &Address) -> Result<Kind, Error> {
    let (web, home, path) = (web.clone(), caller.user().home.clone(), address.path.clone());
    let found = off_thread(move || {
        let place = web.0.storage.homes().open(&home)?.find(&path, true)?;
        place.meta().map(|meta| meta.kind).ok_or(files::Error::NotFound)
    });
    found.await.map_err(|error| match error {
        Error::Files(files::Error::NotFound | files::Error::NoParent) => Error::NotFound,
        other => other,
    })
}

/// A file's bytes, as WebDAV sends them (S13); with `?download`, to be saved and not shown.
async fn send(drive: &Drive, address: &Address, asked: &Asked, request: &Parts) -> Result<Response, Error> {
    let mut response = match drive.get(&request.method, &address.path, &request.headers).await {
        Ok(response) => response,
        Err(dav::Error::NotFound) => return Err(Error::NotFound),
        // These are told in headers, which no page of ours has.
        Err(told @ (dav::Error::NotModified { .. } | dav::Error::RangeNotSatisfiable { .. })) => {
            let mut response = crate::error::answer_dav(&told);
            // A browser may take the headers of a 304 for the file that it has.
            dav::protect(response.headers_mut());
            return Ok(response);
        }
        Err(other) => return Err(other.into()),
    };
    if asked.download.is_some() {
        let name: String = files::encode(address.path.name()).collect();
        if let Ok(value) = format!("attachment; filename*=UTF-8''{name}").parse() {
            response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
        }
    }
    Ok(response)
}

/// An upload into a folder, or a deed on what is in it.
async fn change(
    caller: SignedIn,
    ByScript(by_script): ByScript,
    State(web): State<Web>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Result<Response, Error> {
    let address = Address::of(request.uri().path())?;
    if !address.slash {
        return Err(Error::NotFound);
    }
    let drive = Drive::of(&web, &caller)?;
    if is_upload(&request) {
        let uploaded = upload::read(&web, &caller, &drive, &address, request).await;
        if by_script {
            return Ok(upload::answer_script(uploaded));
        }
        return upload::answer_page(&caller, &address, &asked, uploaded?);
    }
    let mut request = request;
    DefaultBodyLimit::max(LARGEST_FORM).apply(&mut request);
    let Csrf(deed) = Csrf::<Deed>::from_request(request, &web).await?;
    deeds::carry_out(&web, &caller, &drive, &address, &asked, deed).await
}

fn is_upload(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).map(|value| value.as_bytes().to_ascii_lowercase());
    kind.is_some_and(|kind| kind.starts_with(b"multipart/form-data"))
}

/// Back to the folder, with a sentence about what was done.
fn back(caller: &SignedIn, address: &Address, asked: &Asked, done: &str) -> Response {
    let order = asked.order().query();
    let lead = if order.is_empty() { "?" } else { "&" };
    page::see(caller.visit.site(), &format!("{}{order}{lead}done={done}", address.of_folder())).into_response()
}
