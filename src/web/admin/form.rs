//! What is wrong with a form, beside the field that it is about.

use http::StatusCode;

use crate::auth;
use crate::web::error::{Error, sentence};

/// What is wrong with a form, if anything.
#[derive(Debug, Clone, Default)]
pub(super) struct Wrong(Option<(&'static str, String)>);

impl Wrong {
    /// Nothing is.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// This field, for that reason.
    pub(super) fn field(field: &'static str, reason: &str) -> Self {
        Self(Some((field, sentence(reason))))
    }

    /// What a use case complains about, where the person can do something about it.
    pub(super) fn of(error: auth::Error) -> Result<Self, Error> {
        let told = error.told();
        match error {
            auth::Error::Invalid { field, .. } => Ok(Self::field(field, &told)),
            auth::Error::Taken(taken) => {
                let field = if taken.contains('@') { "email" } else { "name" };
                Ok(Self::field(field, "is another user's already"))
            }
            auth::Error::Refused(reason) => Ok(Self::field("", reason)),
            other => Err(other.into()),
        }
    }

    /// The sentence beside a field; under the empty name, the one about the whole form.
    pub(super) fn at(&self, field: &str) -> Option<&str> {
        self.0.as_ref().filter(|(about, _)| *about == field).map(|(_, sentence)| sentence.as_str())
    }

    /// The status of the page that shows it.
    pub(super) fn status(&self) -> StatusCode {
        if self.0.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }
    }
}
