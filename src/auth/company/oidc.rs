//! Signing in by an OpenID provider: off to the provider, back with a code, and in.

use super::account::Source;
use super::flows::{Flow, Purpose};
use super::ldap::by;
use super::{CompanyEntry, CompanyRefusal};
use crate::auth::api_token::digest;
use crate::auth::network::ClientNetwork;
use crate::auth::{Auth, Browser, Error, NewToken, Result, SignIn, SignInRefusal, Visitor};
use crate::clock::seconds;
use crate::directory::Oidc;
use crate::directory::oidc::{Arrival, Error as Refused, Intent};
use crate::model::{DirectoryKind, Session};
use crate::secret::PlainSecret;
use crate::store::identity;

/// How long a provider's word that it is the person waits for our own second factor.
const CONFIRMED_FOR: u64 = 600;
/// Longest part of a provider's words that is shown, in characters.
const LONGEST_REASON: usize = 120;

/// What a sign-in by a provider is for.
#[derive(Debug, Clone, Copy)]
pub enum OidcPurpose<'a> {
    /// Signing in.
    SignIn,
    /// Proving anew who one is.
    Confirm(&'a Session),
    /// Joining the company account to the account of a link that was handed over.
    Join(&'a str),
}

/// What this browser was sent to a provider for, so that a page knows where to say that nothing came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OidcErrand {
    /// Signing in, to go there.
    SignIn(String),
    /// Proving anew who one is, to go there.
    Confirm(String),
    /// Joining the company account to the account of this link.
    Join(PlainSecret),
}

/// What the browser came back with; nothing that is printed.
#[derive(Default)]
pub struct OidcAnswer {
    /// What we gave it on the way.
    pub state: String,
    /// What the provider is asked for the person with.
    pub code: Option<String>,
    /// Why there is none, and more about it.
    pub error: Option<String>,
    /// See [`OidcAnswer::error`].
    pub error_description: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
}

/// Who came back, checked by the provider's own word; nothing has been done with it.
#[derive(Debug)]
pub struct OidcArrived {
    flow: Flow,
    arrival: Arrival,
}

/// What came of it.
#[derive(Debug)]
pub enum OidcDone {
    /// The person is in, or our own second factor is asked for; where they wanted to go.
    SignIn(SignIn, String),
    /// The person has proven anew who they are.
    Confirmed(Box<NewToken>, String),
    /// The provider has confirmed them, and our own second factor is to follow.
    CodeNeeded(String),
}

impl Auth {
    fn provider(&self, name: &str) -> std::result::Result<&Oidc, CompanyRefusal> {
        let all = self.0.company.directories.oidc();
        all.iter().find(|oidc| oidc.config().common.name == name).ok_or(CompanyRefusal::NoSuchProvider)
    }

    /// Begins a sign-in: gives the provider's address that the browser is to be sent to. `browser` is that browser's
    /// own secret, `site` the address of the pages, `next` where the person wanted to go.
    ///
    /// # Errors
    /// See [`SignInRefusal`].
    pub async fn begin_oidc(
        &self,
        provider: &str,
        purpose: OidcPurpose<'_>,
        browser: &PlainSecret,
        site: &str,
        next: &str,
        visitor: Visitor<'_>,
    ) -> std::result::Result<String, SignInRefusal> {
        let oidc = self.provider(provider)?;
        let now = self.0.clock.now();
        let network = ClientNetwork::of(visitor.address);
        self.0.company.begun.begin(&network, now).map_err(SignInRefusal::Throttled)?;
        let (intent, purpose) = match purpose {
            OidcPurpose::SignIn => (Intent::SignIn, Purpose::SignIn),
            OidcPurpose::Confirm(session) => (Intent::Confirm, Purpose::Confirm { session_id: session.id }),
            OidcPurpose::Join(token) => (Intent::SignIn, Purpose::Join { token: PlainSecret::new(token.to_owned()) }),
        };
        let redirect = format!("{site}/login/oidc/{provider}/callback");
        let begun = oidc.begin(&redirect, intent, now).await.map_err(CompanyRefusal::from)?;
        let flow = Flow {
            provider: provider.to_owned(),
            ticket: begun.ticket,
            purpose,
            next: next.to_owned(),
            browser: digest(browser.expose()),
        };
        self.0.company.flows.add(begun.state.expose(), flow);
        Ok(begun.url)
    }

    /// What the sign-in of that state was begun for, where this browser began it; nothing happens to it.
    #[must_use]
    pub fn oidc_errand(&self, state: &str, browser: &PlainSecret) -> Option<OidcErrand> {
        self.0.company.flows.look_at(state, browser.expose(), |flow| match &flow.purpose {
            Purpose::SignIn => OidcErrand::SignIn(flow.next.clone()),
            Purpose::Confirm { .. } => OidcErrand::Confirm(flow.next.clone()),
            Purpose::Join { token } => OidcErrand::Join(token.clone()),
        })
    }

    /// Takes what the browser came back with to the provider, and checks its word.
    ///
    /// # Errors
    /// See [`SignInRefusal`].
    pub async fn finish_oidc(
        &self,
        provider: &str,
        answer: &OidcAnswer,
        browser: &PlainSecret,
    ) -> std::result::Result<OidcArrived, SignInRefusal> {
        let oidc = self.provider(provider)?;
        let label = &oidc.config().common.label;
        let now = self.0.clock.now();
        let flow = self.0.company.flows.take(&answer.state, provider, browser.expose(), now);
        let flow = flow.ok_or(CompanyRefusal::Stale)?;
        oidc.check_sender(answer.iss.as_deref()).await.map_err(refused)?;
        if let Some(error) = &answer.error {
            return Err(denied(label, error, answer.error_description.as_deref()).into());
        }
        let code = answer.code.as_deref().filter(|code| !code.is_empty()).ok_or(CompanyRefusal::Stale)?;
        let arrival = oidc.finish(&flow.ticket, code, now).await.map_err(refused)?;
        Ok(OidcArrived { flow, arrival })
    }

    /// Where a sign-in brought no refresh token although one was asked for: the provider's address at which the person
    /// agrees to it once more. Asked in vain, it is not asked again for a day.
    ///
    /// # Errors
    /// See [`SignInRefusal`].
    pub async fn ask_consent(
        &self,
        arrived: &OidcArrived,
        browser: &PlainSecret,
    ) -> std::result::Result<Option<String>, SignInRefusal> {
        let OidcArrived { flow, arrival } = arrived;
        let (oidc, now) = (self.provider(&flow.provider)?, self.0.clock.now());
        let identity = &arrival.person.identity;
        if flow.ticket.intent == Intent::Consent && arrival.refresh_token.is_none() {
            self.0.company.in_vain.note(identity, now);
        }
        let link = self.0.store.read(|c| identity::by_identity(c, identity))?;
        // One that is good no more is none.
        let is_stored = match link.filter(|link| link.unconfirmed_since.is_none()) {
            Some(link) => self.0.store.read(|c| identity::refresh_token(c, link.id))?.is_some(),
            None => false,
        };
        let is_due = flow.ticket.intent == Intent::SignIn
            && arrival.person.ending.is_none()
            && oidc.must_ask_consent(arrival, is_stored)
            && !self.0.company.in_vain.was_noted(identity, now);
        if !is_due {
            return Ok(None);
        }
        let begun = oidc.begin(&flow.ticket.redirect, Intent::Consent, now).await.map_err(CompanyRefusal::from)?;
        let again = Flow { ticket: begun.ticket, browser: digest(browser.expose()), ..flow.clone() };
        self.0.company.flows.add(begun.state.expose(), again);
        Ok(Some(begun.url))
    }

    /// Does what the sign-in was for. Blocks.
    ///
    /// # Errors
    /// See [`SignInRefusal`].
    pub fn complete_oidc(
        &self,
        arrived: OidcArrived,
        browser: Browser<'_>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<OidcDone, SignInRefusal> {
        let OidcArrived { flow, arrival } = arrived;
        let oidc = self.provider(&flow.provider)?;
        let source = Source { kind: DirectoryKind::Oidc, common: &oidc.config().common };
        if let Purpose::Confirm { session_id } = flow.purpose {
            return self.confirm_by_provider(source, session_id, &arrival, flow.next, browser, visitor);
        }
        let sealed = arrival.refresh_token.as_ref().map(|token| self.seal_refresh_token(token)).transpose()?;
        let user = match &flow.purpose {
            Purpose::Join { token } => {
                self.join_by_link(token.expose(), source, &arrival.person, sealed.as_deref(), visitor)?
            }
            _ => self.arrive(source, &arrival.person, sealed.as_deref(), visitor)?,
        };
        let company = CompanyEntry {
            provider: Some(flow.provider),
            sid: arrival.sid,
            authenticated_at: arrival.authenticated_at,
            second_factor: arrival.second_factor,
        };
        let signed_in = self.company_let_in(&user, &by(source), company, browser, visitor)?;
        Ok(OidcDone::SignIn(signed_in, flow.next))
    }

    fn confirm_by_provider(
        &self,
        source: Source<'_>,
        session_id: i64,
        arrival: &Arrival,
        next: String,
        browser: Browser<'_>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<OidcDone, SignInRefusal> {
        let session = browser.session.filter(|session| session.id == session_id).ok_or(CompanyRefusal::Stale)?;
        let link = self.link_of(&session.user)?;
        if link.is_none_or(|link| link.identity != arrival.person.identity) {
            return Err(CompanyRefusal::SomebodyElse(source.common.label.clone()).into());
        }
        if let Some(ending) = arrival.person.ending {
            return Err(self.turned_away(source, &arrival.person, ending)?);
        }
        let sealed = arrival.refresh_token.as_ref().map(|token| self.seal_refresh_token(token)).transpose()?;
        let now = self.0.clock.now_in_millis();
        self.0.store.write(|tx| match (identity::by_identity(tx, &arrival.person.identity)?, &sealed) {
            (Some(mut link), Some(sealed)) => self.welcome(tx, source, &mut link, &arrival.person, Some(sealed), now),
            (Some(mut link), None) => {
                link.signed_in_at = Some(now);
                self.found_alive(tx, &mut link, now)
            }
            (None, _) => Ok(()),
        })?;
        if !arrival.second_factor && self.second_factors_of(&session.user)?.any() {
            let mut confirmed = self.0.company.confirmed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            confirmed.retain(|_, until| now < *until);
            confirmed.insert(session.id, now + seconds(CONFIRMED_FOR));
            return Ok(OidcDone::CodeNeeded(next));
        }
        Ok(OidcDone::Confirmed(Box::new(self.step_up(session, &by(source), visitor)?), next))
    }

    /// Whether the provider has just confirmed the person of a session, and our own second factor is to follow.
    #[must_use]
    pub fn is_confirmed_by_provider(&self, session: &Session) -> bool {
        let now = self.0.clock.now();
        let confirmed = self.0.company.confirmed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        confirmed.get(&session.id).is_some_and(|until| now < *until)
    }

    /// Uses that word up.
    pub(in crate::auth) fn use_up_confirmation(&self, session: &Session) {
        let mut confirmed = self.0.company.confirmed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        confirmed.remove(&session.id);
    }

    pub(super) fn seal_refresh_token(&self, token: &PlainSecret) -> Result<Vec<u8>> {
        self.seal(REFRESH_TOKEN, token.expose().as_bytes())
    }

    pub(super) fn unseal_refresh_token(&self, sealed: &[u8]) -> Result<PlainSecret> {
        let plain = zeroize::Zeroizing::new(self.unseal(REFRESH_TOKEN, sealed)?);
        let text = std::str::from_utf8(&plain).map_err(|_| Error::Hash("a refresh token is no text".to_owned()))?;
        Ok(PlainSecret::new(text.to_owned()))
    }
}

/// What a sealed refresh token is for, see [`Auth::seal`].
const REFRESH_TOKEN: &str = "refresh-token";

fn refused(error: Refused) -> CompanyRefusal {
    tracing::warn!(%error, "a sign-in by a provider failed");
    match error {
        Refused::Unreachable(error) => CompanyRefusal::Unreachable(error.label),
        Refused::Refused { label, .. } => CompanyRefusal::RefusedThere(label),
        Refused::Clock { label, .. } => CompanyRefusal::Clock(label),
        Refused::Untrusted { label, .. } => CompanyRefusal::Untrusted(label),
        Refused::NotAnew { label, .. } => CompanyRefusal::NotAnew(label),
    }
}

/// Anybody can write what stands in an address: it is shown as plain words, and short.
fn denied(label: &str, error: &str, description: Option<&str>) -> CompanyRefusal {
    let reason = match error {
        "access_denied" => "access was denied".to_owned(),
        "server_error" | "temporarily_unavailable" => return CompanyRefusal::Unreachable(label.to_owned()),
        "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
            "it wants you to sign in anew".to_owned()
        }
        other => {
            let text = description.unwrap_or(other);
            let plain: String =
                text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(LONGEST_REASON).collect();
            plain.trim_end_matches(['.', ' ']).to_owned()
        }
    };
    CompanyRefusal::Denied { label: label.to_owned(), reason }
}
