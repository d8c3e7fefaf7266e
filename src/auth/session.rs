//! Sessions of the pages: a token in a cookie, of which the SHA-256 is kept. They open no WebDAV path (S1).

use std::time::Duration;

use super::api_token::digest;
use super::company::CompanyEntry;
use super::gate::Visitor;
use super::last_use::LONGEST_AGENT;
use super::{Actor, Auth, Error, Result};
use crate::clock::seconds;
use crate::model::{Session, Time, User};
use crate::secret::{PlainSecret, Token};
use crate::store::{self, session::NewSession};

/// Seconds between two notes that a session was used.
const SEEN_INTERVAL_S: u64 = 60;
/// How long a proof of who somebody is lasts for what needs a fresh one, as issuing an application password (S19).
pub const FRESH: Duration = Duration::from_mins(10);

/// A session that was just begun or renewed, with the token for its cookie.
#[derive(Debug)]
pub struct NewToken {
    /// What the cookie holds.
    pub token: PlainSecret,
    /// The session.
    pub session: Session,
}

/// Name of the person whose session a page was answered to, put into the answer for the access log.
#[derive(Debug, Clone)]
pub struct AnsweredTo(pub String);

/// Whether a step shows anew who the person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// The person has just proven who they are.
    Fresh,
    /// What was shown before counts on.
    Old,
}

impl Auth {
    /// The live session of a cookie's token; notes that it was used. A short read, and at times a short write.
    ///
    /// # Errors
    /// The database's.
    pub fn session(&self, token: &str, visitor: Visitor<'_>) -> Result<Option<Session>> {
        if !Token::Session.is(token) {
            return Ok(None);
        }
        let now = self.0.clock.now();
        let found = self.0.store.read(|c| store::session::by_digest(c, &digest(token)))?;
        let Some(mut session) = found.filter(|session| self.is_live(session, now)) else {
            return Ok(None);
        };
        let address = visitor.address.to_canonical().to_string();
        if now >= session.last_seen_at + seconds(SEEN_INTERVAL_S) || address != session.address {
            self.0.store.write(|tx| store::session::note_seen(tx, session.id, now, &address)).map_err(Error::Store)?;
            session.last_seen_at = now;
            session.address = address;
        }
        Ok(Some(session))
    }

    pub(super) fn is_live(&self, session: &Session, now: Time) -> bool {
        let idle = seconds(self.0.config.session_idle_timeout.as_secs());
        now < session.expires_at && now < session.last_seen_at + idle && session.user.is_active()
    }

    /// Whether a session of an account has neither ended nor been ended.
    pub(super) fn is_session_live(&self, user_id: i64, id: i64) -> Result<bool> {
        let now = self.0.clock.now();
        let all = self.0.store.read(|c| store::session::of_user(c, user_id))?;
        Ok(all.iter().any(|session| session.id == id && self.is_live(session, now)))
    }

    /// Whether the person has proven who they are within the last ten minutes.
    #[must_use]
    pub fn is_fresh(&self, session: &Session) -> bool {
        let age = self.0.clock.now() - session.authenticated_at;
        // A time to come is of a clock that was wrong then.
        (chrono::TimeDelta::zero()..seconds(FRESH.as_secs())).contains(&age)
    }

    /// Begins a session in the transaction of the sign-in.
    pub(super) fn begin_session(
        &self,
        tx: &rusqlite::Transaction<'_>,
        user: &User,
        restricted: bool,
        company: Option<&CompanyEntry>,
        visitor: Visitor<'_>,
    ) -> Result<NewToken> {
        let token = Token::Session.generate();
        let at = self.0.clock.now_in_millis();
        // A provider that knew the person still has not asked for a proof now.
        let authenticated_at = company.and_then(|company| company.authenticated_at).map_or(at, |shown| shown.min(at));
        let provider = company.and_then(|company| company.provider.as_deref());
        let expires_at = at + seconds(self.0.config.session_timeout.as_secs());
        let address = visitor.address.to_canonical().to_string();
        let agent: Option<String> = visitor.agent.map(|agent| agent.chars().take(LONGEST_AGENT).collect());
        let new = NewSession {
            user_id: user.id,
            digest: &digest(token.expose()),
            at,
            authenticated_at,
            expires_at,
            restricted,
            address: &address,
            agent: agent.as_deref(),
            provider,
            sid: company.and_then(|company| company.sid.as_deref()),
        };
        let id = store::session::insert(tx, &new)?;
        let session = Session {
            id,
            user: user.clone(),
            created_at: at,
            last_seen_at: at,
            authenticated_at,
            expires_at,
            restricted,
            address,
            agent,
            provider: provider.map(ToOwned::to_owned),
        };
        Ok(NewToken { token, session })
    }

    /// Gives a session another token: what somebody may have seen of the one before opens nothing any more.
    pub(super) fn renew_session(
        &self,
        tx: &rusqlite::Transaction<'_>,
        session: &Session,
        proof: Proof,
    ) -> Result<NewToken> {
        let token = Token::Session.generate();
        let authenticated_at = match proof {
            Proof::Fresh => self.0.clock.now_in_millis(),
            Proof::Old => session.authenticated_at,
        };
        if !store::session::renew(tx, session.id, &digest(token.expose()), authenticated_at, session.restricted)? {
            return Err(Error::NoSuchSession(session.id));
        }
        Ok(NewToken { token, session: Session { authenticated_at, ..session.clone() } })
    }

    /// Signs a session out. Blocks.
    ///
    /// # Errors
    /// The database's.
    pub fn sign_out(&self, session: &Session, actor: &Actor) -> Result<()> {
        self.0.store.write(|tx| {
            store::session::delete(tx, session.user.id, session.id)?;
            self.audit(tx, actor, "sign-out", Some(session.user.name.as_str()), None)
        })
    }

    /// Live sessions of an account, the latest first.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`]
    pub fn sessions(&self, user: &str) -> Result<Vec<Session>> {
        let user = self.user(user)?;
        let now = self.0.clock.now();
        let all = self.0.store.read(|c| store::session::of_user(c, user.id))?;
        Ok(all.into_iter().filter(|session| self.is_live(session, now)).collect())
    }

    /// Ends a session of an account. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`], [`Error::NoSuchSession`]
    pub fn end_session(&self, user: &str, id: i64, actor: &Actor) -> Result<()> {
        let user = self.user(user)?;
        self.0.store.write(|tx| {
            if !store::session::delete(tx, user.id, id)? {
                return Err(Error::NoSuchSession(id));
            }
            self.audit(tx, actor, "session.end", Some(user.name.as_str()), Some(&id.to_string()))
        })
    }

    /// Ends all sessions of an account, but for the one to keep, and says how many. Blocks.
    ///
    /// # Errors
    /// [`Error::NoSuchUser`]
    pub fn end_sessions(&self, user: &str, keep: Option<i64>, actor: &Actor) -> Result<usize> {
        let user = self.user(user)?;
        self.0.store.write(|tx| {
            let count = store::session::delete_others(tx, user.id, keep)?;
            self.audit(tx, actor, "session.end-all", Some(user.name.as_str()), None)?;
            Ok(count)
        })
    }

    /// Removes sessions that have ended by themselves. Blocks.
    ///
    /// # Errors
    /// The database's.
    pub fn clear_sessions(&self) -> Result<usize> {
        let now = self.0.clock.now();
        let idle_since = now - seconds(self.0.config.session_idle_timeout.as_secs());
        self.0.store.write(|tx| Ok(store::session::delete_ended(tx, now, idle_since)?))
    }
}
