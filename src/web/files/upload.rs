//! Uploads: each file of a form goes into a PUT of its own as it comes, so none is ever gathered in memory or on the
//! disk twice, and one that is cut leaves nothing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use askama::Template;
use axum::Json;
use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::StatusCode;
use serde_json::json;
use tokio::sync::mpsc;

use super::address::Address;
use super::drive::Drive;
use super::folder::{Asked, Top};
use super::told::{Refusal, page_status, why_no_name};
use crate::files::Path;
use crate::web::Web;
use crate::web::caller::SignedIn;
use crate::web::csrf;
use crate::web::error::Error;
use crate::web::page::{self, Frame};

/// Longest value of a field that is no file, in bytes.
const LONGEST_VALUE: usize = 1024;
/// How many refused files are told one by one.
const MOST_TOLD: usize = 100;
/// Bytes that may come without the reader getting on: the reader of forms gathers whatever a part's head is made of.
const MOST_AHEAD: usize = 4 * 1024 * 1024;

/// What became of an upload.
#[derive(Debug, Default)]
pub(super) struct Uploaded {
    stored: usize,
    refusals: Vec<Refusal>,
    /// Refused, but not told one by one.
    more: usize,
}

impl Uploaded {
    fn note(&mut self, outcome: Result<(), Refusal>) {
        match outcome {
            Ok(()) => self.stored += 1,
            Err(refusal) if self.refusals.len() < MOST_TOLD => self.refusals.push(refusal),
            Err(_) => self.more += 1,
        }
    }
}

/// Reads a form of files: the token, then maybe `replace`, then files. Nothing of a file is read before the token has
/// proven to be right.
pub(super) async fn read(
    web: &Web,
    caller: &SignedIn,
    drive: &Drive,
    folder: &Address,
    request: Request,
) -> Result<Uploaded, Error> {
    let ahead = Ahead::default();
    let mut request = request.map(|body| ahead.watch(body));
    DefaultBodyLimit::disable().apply(&mut request);
    let form = Multipart::from_request(request, web).await;
    let mut form = form.map_err(|error| Error::BadForm(error.body_text()))?;
    let first = form.next_field().await.map_err(|_| Error::Csrf)?.filter(|field| field.name() == Some("csrf"));
    csrf::check(&caller.visit, &value(first.ok_or(Error::Csrf)?).await?)?;
    let (mut replace, mut uploaded) = (false, Uploaded::default());
    loop {
        ahead.got_on();
        let Some(field) = form.next_field().await.map_err(|error| cut(&error))? else {
            break;
        };
        match (field.name(), field.file_name()) {
            (Some("replace"), None) => replace = !value(field).await?.is_empty(),
            // What a browser sends where no file was chosen.
            (_, Some("")) => {}
            (Some("file"), None) => {
                let sentence = "The name of a file cannot be read.".to_owned();
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                drain(field, &ahead).await?;
                uploaded.note(Err(Refusal { name: "?".to_owned(), status, sentence }));
            }
            (_, Some(name)) => {
                let name = last_name(name);
                let outcome = match named(&folder.path, &name) {
                    Ok(path) => store(drive, &path, replace, field, &ahead).await?,
                    Err(refusal) => drain(field, &ahead).await.map(|()| Err(refusal))?,
                };
                uploaded.note(outcome);
            }
            _ => drain(field, &ahead).await?,
        }
    }
    if uploaded.stored == 0 && uploaded.refusals.is_empty() {
        return Err(Error::BadForm("no file was chosen".to_owned()));
    }
    Ok(uploaded)
}

/// A value that must be short.
async fn value(mut field: Field<'_>) -> Result<String, Error> {
    let mut value = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|error| cut(&error))? {
        if value.len() + piece.len() > LONGEST_VALUE {
            return Err(Error::BadForm("a value is too long".to_owned()));
        }
        value.extend_from_slice(&piece);
    }
    String::from_utf8(value).map_err(|_| Error::BadForm("a value is not UTF-8".to_owned()))
}

/// Reads past a file that is not stored, so that the next one and the answer are reached.
async fn drain(mut field: Field<'_>, ahead: &Ahead) -> Result<(), Error> {
    while field.chunk().await.map_err(|error| cut(&error))?.is_some() {
        ahead.got_on();
    }
    Ok(())
}

/// Hands a file to the drive as it comes. One that is refused early is still read to its end: a browser that is
/// answered before it has sent everything shows a broken connection and no reason.
async fn store(
    drive: &Drive,
    path: &Path,
    replace: bool,
    mut field: Field<'_>,
    ahead: &Ahead,
) -> Result<Result<(), Refusal>, Error> {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(1);
    let pieces = stream::unfold(receiver, async |mut receiver| receiver.recv().await.map(|piece| (piece, receiver)));
    let stored = drive.put(path, replace, Body::from_stream(pieces));
    let sent = async move {
        loop {
            match field.chunk().await {
                Ok(Some(piece)) => {
                    ahead.got_on();
                    let _ = sender.send(Ok(piece)).await;
                }
                Ok(None) => return Ok(()),
                // The drive must not take what has come for the whole.
                Err(error) => {
                    let _ = sender.send(Err(io::Error::other(error.body_text()))).await;
                    return Err(cut(&error));
                }
            }
        }
    };
    let (stored, sent) = tokio::join!(stored, sent);
    sent?;
    Ok(stored.map_err(|failure| Refusal::of(path.name(), failure)))
}

fn cut(error: &MultipartError) -> Error {
    tracing::debug!(%error, "an upload was cut");
    Error::BadForm("it did not arrive whole".to_owned())
}

/// Where a file of that name goes.
fn named(folder: &Path, name: &str) -> Result<Path, Refusal> {
    let mut path = folder.clone();
    path.push(name.as_bytes()).map_err(|error| {
        let (name, sentence) = (name.to_owned(), why_no_name(error).to_owned());
        Refusal { name, status: StatusCode::UNPROCESSABLE_ENTITY, sentence }
    })?;
    Ok(path)
}

/// The last name of what a browser calls a file; old ones send the way to it, too. Quotation marks come encoded
/// (HTML, §4.10.22.7).
fn last_name(sent: &str) -> String {
    let windows = sent.get(1..3) == Some(":\\") || sent.starts_with("\\\\");
    let name = sent.rsplit(|c| c == '/' || (windows && c == '\\')).next().unwrap_or_default();
    name.replace("%22", "\"")
}

/// How far a body is ahead of its reader.
#[derive(Debug, Clone, Default)]
struct Ahead(Arc<AtomicUsize>);

impl Ahead {
    /// The reader has handed on what it had.
    fn got_on(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// The body, which breaks where too much comes without the reader getting on.
    fn watch(&self, body: Body) -> Body {
        let ahead = self.clone();
        let pieces: Pin<Box<dyn Stream<Item = Result<Bytes, axum::Error>> + Send>> = Box::pin(body.into_data_stream());
        Body::from_stream(pieces.map(move |piece| {
            let length = piece.as_ref().map_or(0, Bytes::len);
            if ahead.0.fetch_add(length, Ordering::Relaxed).saturating_add(length) > MOST_AHEAD {
                return Err(axum::Error::new(io::Error::other("the head of a part has no end")));
            }
            piece
        }))
    }
}

#[derive(Template)]
#[template(path = "files/failed.html")]
struct FailedPage {
    frame: Frame,
    top: Top,
    uploaded: Uploaded,
}

/// The answer to the form.
pub(super) fn answer_page(
    caller: &SignedIn,
    folder: &Address,
    asked: &Asked,
    uploaded: Uploaded,
) -> Result<Response, Error> {
    if uploaded.refusals.is_empty() {
        return Ok(super::back(caller, folder, asked, "uploaded"));
    }
    let frame = Frame::new(&caller.visit, "files");
    let status = page_status(&uploaded.refusals);
    page::render(status, &FailedPage { frame, top: Top::new(folder, asked), uploaded })
}

/// The answer to the pages' script.
pub(super) fn answer_script(uploaded: Result<Uploaded, Error>) -> Response {
    let refused = match uploaded {
        Ok(uploaded) => uploaded.refusals.into_iter().next().map(|refusal| (refusal.status, refusal.sentence)),
        Err(failure) => {
            crate::error::log_failure(failure.status(), &failure);
            Some((failure.status(), failure.sentence()))
        }
    };
    match refused {
        None => Json(json!({"ok": true})).into_response(),
        Some((status, sentence)) => (status, Json(json!({"ok": false, "error": sentence}))).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_name_counts() {
        for (sent, name) in [
            ("a.txt", "a.txt"),
            ("folder/a.txt", "a.txt"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\x\\a.txt", "a.txt"),
            ("\\\\host\\share\\a.txt", "a.txt"),
            ("a\\b.txt", "a\\b.txt"),
            ("%22quoted%22", "\"quoted\""),
            ("a%2fb", "a%2fb"),
            ("a/..", ".."),
        ] {
            assert_eq!(last_name(sent), name, "{sent}");
        }
    }
}
