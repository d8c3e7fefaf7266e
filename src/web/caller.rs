//! Who asks for a page: anybody ([`Visit`]), somebody who is signed in ([`SignedIn`]), an administrator ([`Admin`]).

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::Method;
use http::request::Parts;

use super::error::Error;
use super::site::Site;
use super::{Web, csrf};
use crate::auth::{Actor, Browser, CompanyAccount, Visitor};
use crate::model::{Session, User};
use crate::secret::PlainSecret;

/// A request as every page sees it; made by the guard.
#[derive(Debug, Clone)]
pub(super) struct Visit(pub(super) Arc<VisitInner>);

#[derive(Debug)]
pub(super) struct VisitInner {
    pub(super) site: Site,
    pub(super) address: IpAddr,
    pub(super) agent: Option<String>,
    /// The live session of this browser, and its token.
    pub(super) session: Option<(Session, PlainSecret)>,
    /// The company account of who is signed in, where the account comes from one.
    pub(super) company: Option<CompanyAccount>,
    /// Whether the account was made by this very sign-in.
    pub(super) is_first_session: bool,
    /// What tells this browser's forms from a stranger's while nobody is signed in.
    pub(super) visit: PlainSecret,
    /// Whether the browser does not have that yet.
    pub(super) is_new: bool,
    /// Tokens of a sign-in under way and of the browser.
    pub(super) pending: Option<String>,
    pub(super) device: Option<String>,
    /// The address without the site's prefix, to come back to.
    pub(super) here: String,
}

impl Visit {
    /// Where the request comes from, for the use cases.
    pub(super) fn visitor(&self) -> Visitor<'_> {
        Visitor { address: self.0.address, agent: self.0.agent.as_deref() }
    }

    /// The browser that it comes from, for a sign-in.
    pub(super) fn browser(&self) -> Browser<'_> {
        Browser { device: self.0.device.as_deref(), session: self.session() }
    }

    pub(super) fn site(&self) -> &Site {
        &self.0.site
    }

    /// The session, also a restricted one.
    pub(super) fn session(&self) -> Option<&Session> {
        self.0.session.as_ref().map(|(session, _)| session)
    }

    /// The token that this browser's forms carry.
    pub(super) fn csrf(&self) -> String {
        let bound_to = self.0.session.as_ref().map_or(&self.0.visit, |(_, token)| token);
        csrf::token(bound_to)
    }

    /// The browser's own secret, under which passkey ceremonies are kept.
    pub(super) fn browser_token(&self) -> &PlainSecret {
        self.0.session.as_ref().map_or(&self.0.visit, |(_, token)| token)
    }
}

impl FromRequestParts<Web> for Visit {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Error> {
        parts.extensions.get().cloned().ok_or_else(|| Error::Internal("a page was reached past the guard".to_owned()))
    }
}

/// Somebody who is signed in, with nothing left to be done first.
#[derive(Debug, Clone)]
pub(super) struct SignedIn {
    pub(super) visit: Visit,
    pub(super) session: Session,
}

impl SignedIn {
    pub(super) fn user(&self) -> &User {
        &self.session.user
    }

    /// The login name.
    pub(super) fn name(&self) -> String {
        self.session.user.name.to_string()
    }

    /// For the audit log.
    pub(super) fn actor(&self) -> Actor {
        Actor::person(&self.session.user, self.visit.visitor())
    }

    /// Goes on only where the person has proven who they are within the last ten minutes; else they are asked to, and
    /// come back to `back`.
    pub(super) fn require_fresh(&self, web: &Web, back: &str) -> Result<(), Error> {
        if web.auth().is_fresh(&self.session) { Ok(()) } else { Err(Error::Stale(back.to_owned())) }
    }
}

/// A session that may still have duties; for the pages of those duties.
#[derive(Debug, Clone)]
pub(super) struct AnySession {
    pub(super) visit: Visit,
    pub(super) session: Session,
}

impl FromRequestParts<Web> for AnySession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Error> {
        let visit = Visit::from_request_parts(parts, web).await?;
        match visit.session().cloned() {
            Some(session) => Ok(Self { visit, session }),
            // What was to be changed is not changed by coming back to it.
            None if matches!(parts.method, Method::GET | Method::HEAD) => {
                Err(Error::NotSignedIn(Some(visit.0.here.clone())))
            }
            None => Err(Error::NotSignedIn(None)),
        }
    }
}

impl FromRequestParts<Web> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Error> {
        let AnySession { visit, session } = AnySession::from_request_parts(parts, web).await?;
        if session.restricted { Err(Error::Duties) } else { Ok(Self { visit, session }) }
    }
}

/// An administrator who is signed in.
#[derive(Debug, Clone)]
pub(super) struct Admin(pub(super) SignedIn);

impl FromRequestParts<Web> for Admin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Error> {
        let signed_in = SignedIn::from_request_parts(parts, web).await?;
        if signed_in.session.user.is_admin {
            Ok(Self(signed_in))
        } else {
            Err(Error::Forbidden("this page is for administrators"))
        }
    }
}

/// Whether the request was sent by the pages' own script, which wants to read the answer itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ByScript(pub(super) bool);

impl<S: Send + Sync> FromRequestParts<S> for ByScript {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get("x-requested-with").is_some_and(|value| value == "fetch")))
    }
}
