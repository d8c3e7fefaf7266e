//! The drive's refusals, in the words of somebody who looks at files.

use http::StatusCode;

use super::address::shown;
use crate::web::error::Error;
use crate::{dav, error, files};

/// Why something was not done with a file or folder.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// Its name, as people read it.
    pub(super) name: String,
    /// What it was refused with.
    pub(super) status: StatusCode,
    /// The reason, as a sentence.
    pub(super) sentence: String,
}

impl Refusal {
    /// Of a request to the drive; a failure of ours is logged, and told without its cause.
    pub(super) fn of(name: &[u8], failure: dav::Error) -> Self {
        let status = error::status_of_dav(&failure);
        error::log_failure(status, &failure);
        let sentence = friendly(&failure).map_or_else(|| Error::Dav(failure).sentence(), ToOwned::to_owned);
        Self { name: shown(name), status, sentence }
    }
}

/// The status of a page that tells refusals: a failure of ours stays one.
pub(super) fn page_status(refusals: &[Refusal]) -> StatusCode {
    let ours = refusals.iter().map(|refusal| refusal.status).find(StatusCode::is_server_error);
    ours.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY)
}

fn friendly(failure: &dav::Error) -> Option<&'static str> {
    Some(match failure {
        // MKCOL and PUT say so where something else is there, MOVE and a PUT of new names where anything is.
        dav::Error::PreconditionFailed
        | dav::Error::NotAllowed(_)
        | dav::Error::Files(files::Error::Exists | files::Error::IsFolder) => {
            "Something with this name is there already."
        }
        dav::Error::Locked { .. } | dav::Error::LockConflict { .. } => {
            "Another program is working on it and has locked it. Close it there, or try again later."
        }
        dav::Error::NotFound | dav::Error::Files(files::Error::NotFound) => "It is not there any more.",
        dav::Error::Conflict(_) | dav::Error::Files(files::Error::NoParent) => "The folder is not there any more.",
        dav::Error::Incomplete(_) => "It did not arrive whole, and was not stored.",
        dav::Error::Stalled => "It took too long to arrive, and was not stored.",
        dav::Error::Files(files::Error::NoSpace) => "There is not enough room left.",
        dav::Error::Files(files::Error::NameTooLong) => "The name is too long.",
        dav::Error::Files(files::Error::Reserved) => RESERVED,
        dav::Error::Files(files::Error::Changed) => "It has changed meanwhile. Look at it and try again.",
        _ => return None,
    })
}

const RESERVED: &str = "This name is kept for the server. Choose another one.";

/// Why a text is no name of a file.
pub(super) fn why_no_name(error: files::PathError) -> &'static str {
    match error {
        files::PathError::TooLong => "The name is too long.",
        files::PathError::Reserved => RESERVED,
        files::PathError::DotSegment => "A name cannot be “.” or “..”.",
        _ => "A name cannot be empty and has no “/” in it.",
    }
}
