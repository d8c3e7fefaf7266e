//! How a person is told that a proof of who they are was not taken, and how long to wait before another try.

use axum::response::Response;
use http::{StatusCode, header};

use crate::auth::SignInRefusal;
use crate::error;
use crate::web::error::Error;
use crate::web::show;

/// A refusal that the person can do something about.
pub(in crate::web) struct Refused {
    pub(in crate::web) status: StatusCode,
    pub(in crate::web) sentence: String,
    /// Seconds to wait before another try.
    wait: Option<u64>,
}

impl Refused {
    /// What is told of a refusal; `wrong` where what was given is wrong.
    ///
    /// # Errors
    /// What is not the person's fault.
    pub(in crate::web) fn new(refusal: SignInRefusal, wrong: &str) -> Result<Self, Error> {
        match refusal {
            SignInRefusal::Wrong => Ok(Self::because(wrong.to_owned())),
            SignInRefusal::Ended => Ok(Self::because("That has taken too long. Please begin again.".to_owned())),
            SignInRefusal::Throttled(wait) => {
                let wait = show::seconds_to_wait(wait);
                let sentence = format!("Too many attempts. Please wait {}, then try again.", show::span(wait));
                Ok(Self { status: StatusCode::TOO_MANY_REQUESTS, sentence, wait: Some(wait) })
            }
            SignInRefusal::Company(refusal) => {
                let (status, sentence) = (error::status_of_company(&refusal), refusal.to_string());
                Ok(Self { status, sentence, wait: None })
            }
            SignInRefusal::Failed(error) => Err(error.into()),
        }
    }

    /// Something in the form cannot be taken.
    pub(in crate::web) fn because(sentence: String) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, sentence, wait: None }
    }

    /// The answer with the time to wait in its head, for programs that read no sentences.
    pub(in crate::web) fn with_wait(&self, mut response: Response) -> Response {
        if let Some(wait) = self.wait {
            response.headers_mut().insert(header::RETRY_AFTER, wait.into());
        }
        response
    }
}
