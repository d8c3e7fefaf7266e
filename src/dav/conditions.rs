//! Evaluates a request's preconditions, strictly, for every method (RFC 9110 §13.2, RFC 4918 §10.4).

use http::HeaderMap;

use super::error::{Error, Result};
use super::headers::{Conditional, If, List, Test};
use super::locks;
use super::report;
use super::request::DavRequest;
use crate::files::{Meta, Place};

/// All preconditions of a request.
#[derive(Debug, Clone)]
pub(super) struct Conditions {
    pub(super) conditional: Conditional,
    pub(super) if_: Option<If>,
}

impl Conditions {
    /// Reads the headers. An `If` that cannot be read does not hold.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self> {
        let if_ = If::read(headers).map_err(|_| Error::PreconditionFailed)?;
        Ok(Self { conditional: Conditional::read(headers), if_ })
    }

    /// The lock tokens that the client submits.
    pub(super) fn tokens(&self) -> Vec<&str> {
        self.if_.iter().flat_map(If::submitted).collect()
    }

    /// Whether they hold for what is at the request's own place.
    ///
    /// # Errors
    /// [`Error::PreconditionFailed`], or [`Error::NotModified`] for GET and HEAD.
    pub(super) fn check(&self, request: &DavRequest<'_>, place: &Place) -> Result<()> {
        self.check_conditional(request.method(), place.meta())?;
        match &self.if_ {
            None => Ok(()),
            // The Python library webdavclient3 sends the token of the lock that it holds with each request, and HEAD to
            // the folder above is one of them: a token says nothing to who only looks.
            Some(header) if request.method() == "HEAD" && header.has_only_tokens() => Ok(()),
            Some(header) => {
                let mut budget = report::Budget::default();
                for list in &header.0 {
                    if list_holds(list, request, place, &mut budget)? {
                        return Ok(());
                    }
                }
                Err(Error::PreconditionFailed)
            }
        }
    }

    /// In the order of RFC 9110 §13.2.2.
    fn check_conditional(&self, method: &str, meta: Option<&Meta>) -> Result<()> {
        let etag = meta.map(Meta::etag);
        let etag = etag.as_deref();
        let reads = matches!(method, "GET" | "HEAD");
        if let Some(tags) = &self.conditional.if_match {
            if !tags.matches_strongly(etag) {
                return Err(Error::PreconditionFailed);
            }
        } else if let Some(since) = self.conditional.if_unmodified_since
            && meta.is_none_or(|meta| meta.modified_s > since)
        {
            return Err(Error::PreconditionFailed);
        }
        let not_modified = || match etag {
            Some(etag) if reads => Error::NotModified { etag: etag.to_owned() },
            _ => Error::PreconditionFailed,
        };
        if let Some(tags) = &self.conditional.if_none_match {
            if tags.matches_weakly(etag) {
                return Err(not_modified());
            }
        } else if let Some(since) = self.conditional.if_modified_since
            && reads
            && meta.is_some_and(|meta| meta.modified_s <= since)
        {
            return Err(not_modified());
        }
        Ok(())
    }
}

/// Whether all conditions of a list hold for the resource it is about.
fn list_holds(list: &List, request: &DavRequest<'_>, own: &Place, budget: &mut report::Budget) -> Result<bool> {
    let other;
    let mut path = Some(request.address.path.clone());
    let place = match &list.tag {
        None => Some(own),
        Some(uri) => match request.inner().addresses.resolve(uri, request.headers()) {
            Ok(address) if address.path == request.address.path => Some(own),
            // What is not found, or not this password's to see, holds nothing.
            Ok(address) => {
                other = request.view.find_place(&address.path, true).ok();
                path = Some(address.path);
                other.as_ref().map(|found| &found.place)
            }
            Err(_) => {
                path = None;
                None
            }
        },
    };
    let has_tokens = list.conditions.iter().any(|condition| matches!(condition.test, Test::StateToken(_)));
    let covering = match place.filter(|_| has_tokens) {
        Some(place) => locks::covering(request.inner(), &place.key(), request.now)?,
        None => Vec::new(),
    };
    for condition in &list.conditions {
        let holds = match &condition.test {
            Test::EntityTag(tag) => place.and_then(Place::meta).is_some_and(|meta| meta.etag() == *tag),
            Test::StateToken(token) => {
                let of_sync = path.as_ref().map_or(Ok(None), |path| report::holds(request, path, token, budget))?;
                of_sync.unwrap_or_else(|| covering.iter().any(|lock| lock.token == *token))
            }
        };
        if holds == condition.not {
            return Ok(false);
        }
    }
    Ok(true)
}
