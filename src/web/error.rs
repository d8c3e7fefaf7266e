//! Why a page was not answered. A handler gives one of these back; the guard makes a page of it.

use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::auth::{self, SignInRefusal};
use crate::{dav, error, files};

/// A page's failure.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// No page has this address.
    #[error("There is no page at this address.")]
    NotFound,
    /// The person may not see it.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Nobody is signed in; where to come back to.
    #[error("Please sign in.")]
    NotSignedIn(Option<String>),
    /// Something has to be done before the pages open.
    #[error("Something has to be done first.")]
    Duties,
    /// A fresh proof of who the person is is needed; where to come back to.
    #[error("Please confirm that it is you.")]
    Stale(String),
    /// The form is not of this browser's session, or of no page of ours.
    #[error(
        "This form is not valid any more. Go back, load the page again, and send it once more. Nothing was changed."
    )]
    Csrf,
    /// A form that no page of ours sends.
    #[error("This form cannot be read: {0}")]
    BadForm(String),
    /// Too many attempts; how long to wait.
    #[error("Too many attempts.")]
    Throttled(Duration),
    /// A use case's word.
    #[error(transparent)]
    Auth(#[from] auth::Error),
    /// A company directory's word.
    #[error(transparent)]
    Company(#[from] auth::CompanyRefusal),
    /// A WebDAV method's word.
    #[error(transparent)]
    Dav(#[from] dav::Error),
    /// The disk's word.
    #[error(transparent)]
    Files(#[from] files::Error),
    /// The server's own failure.
    #[error("the page failed: {0}")]
    Internal(String),
}

impl Error {
    /// The status it is told with.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Forbidden(_) | Self::Csrf => StatusCode::FORBIDDEN,
            Self::NotSignedIn(_) | Self::Duties | Self::Stale(_) => StatusCode::SEE_OTHER,
            Self::BadForm(_) => StatusCode::BAD_REQUEST,
            Self::Throttled(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Auth(error) => error::status_of_auth(error),
            Self::Company(refusal) => error::status_of_company(refusal),
            Self::Dav(error) => error::status_of_dav(error),
            Self::Files(error) => error::status_of_files(error),
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The sentence for a person; a failure of ours is told without its cause.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Auth(told) if self.status().is_client_error() => sentence(&told.told()),
            Self::Company(refusal) => refusal.to_string(),
            _ => sentence(&error::sentence(self.status(), self)),
        }
    }
}

/// With a capital and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_uppercase).collect();
    let stop = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{stop}", characters.as_str())
}

impl From<SignInRefusal> for Error {
    fn from(refusal: SignInRefusal) -> Self {
        match refusal {
            SignInRefusal::Failed(error) => Self::Auth(error),
            SignInRefusal::Company(refusal) => Self::Company(refusal),
            SignInRefusal::Throttled(wait) => Self::Throttled(wait),
            SignInRefusal::Wrong | SignInRefusal::Ended => Self::NotSignedIn(None),
        }
    }
}

/// The guard finds the failure here and makes the page.
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
