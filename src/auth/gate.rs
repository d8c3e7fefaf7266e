//! The gate: from an `Authorization` header to a [`Principal`].
//!
//! In this order, cheapest first: shape and checksum; the row by its selector; owner; revoked, expired, account
//! enabled, network allowed; the memo; the throttle; argon2id. So a guess that lacks a live selector and its
//! owner's name never costs a computation.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::basic::{self, Credentials, Parsed};
use super::memo::Mark;
use super::network::ClientNetwork;
use super::principal::Principal;
use super::{Auth, Error};
use crate::model::{AppPassword, Time};
use crate::secret::AppPasswordText;
use crate::store::{self, app_password::Credential};

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Nothing was presented, or another scheme. Never counted.
    #[error("no application password was presented")]
    NoCredentials,
    /// What was presented is no live application password of that user. One answer for all reasons.
    #[error("this is not a valid application password of that user")]
    Wrong,
    /// The client's network has shown too many wrong credentials.
    #[error("too many wrong passwords from this network")]
    Throttled(Duration),
    /// Too many computations are under way for this network or in all.
    #[error("too many passwords are being checked")]
    Busy(Duration),
    /// The database did not answer, or a hash could not be computed: not the client's fault.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Who comes from where, at what time.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a> {
    /// The client's address, by the trusted proxies' word where there are any.
    pub address: IpAddr,
    /// The `User-Agent`.
    pub agent: Option<&'a str>,
}

/// Computations under way, so that one credential's simultaneous first uses share one.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<Mark, watch::Receiver<Option<Outcome>>>>);

/// How a computation ended.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Fits,
    Wrong,
    Busy(Duration),
    Failed(String),
}

impl Auth {
    /// Lets the owner of an application password in.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub async fn enter(&self, authorization: Option<&[u8]>, visitor: Visitor<'_>) -> Result<Principal, Refusal> {
        let credentials = match authorization.map(basic::parse) {
            None | Some(Parsed::OtherScheme) => return Err(Refusal::NoCredentials),
            Some(Parsed::Malformed) => return Err(self.count_failure(visitor, &authorization)),
            Some(Parsed::Basic(credentials)) => credentials,
        };
        let now = self.0.clock.now();
        let checked = match AppPasswordText::parse(credentials.password.expose()) {
            Some(text) => self.check_cheaply(&credentials, &text, visitor.address, now)?.map(|found| (text, found)),
            None => None,
        };
        let Some((text, found)) = checked else {
            return Err(self.count_failure(visitor, &(&credentials.user_id, credentials.password.expose())));
        };
        let mark = self.0.memo.mark(found.row.id, &found.phc, &text.secret);
        if !self.0.memo.knows(found.row.id, &mark) {
            self.compute(&text, &found, mark, visitor).await?;
        }
        self.0.last_use.note(&found.row, visitor, now);
        Ok(Principal::new(self.clone(), found.owner, found.row, visitor.address))
    }

    /// Everything that costs no argon2id: `None` for what cannot be right.
    fn check_cheaply(
        &self,
        credentials: &Credentials,
        text: &AppPasswordText,
        address: IpAddr,
        now: Time,
    ) -> Result<Option<Credential>, Refusal> {
        let found = self.0.store.read(|c| store::app_password::credential(c, &text.selector)).map_err(Error::from)?;
        Ok(found.filter(|found| {
            let user_id = credentials.user_id.to_lowercase();
            let owner = found.owner.name.as_str() == user_id || found.owner.email.as_deref() == Some(&*user_id);
            owner && is_live(found, address, now)
        }))
    }

    /// Whether an application password that opened the door would open it now.
    pub(super) fn is_app_password_live(&self, row: &AppPassword, address: IpAddr) -> Result<bool, Error> {
        let now = self.0.clock.now();
        let found = self.0.store.read(|c| store::app_password::credential(c, &row.selector))?;
        Ok(found.is_some_and(|found| found.row.id == row.id && is_live(&found, address, now)))
    }

    fn count_failure(&self, visitor: Visitor<'_>, credential: &impl std::hash::Hash) -> Refusal {
        let network = ClientNetwork::of(visitor.address);
        match self.0.throttle.failed(network, credential, self.0.clock.now()) {
            Some(wait) => Refusal::Throttled(wait),
            None => Refusal::Wrong,
        }
    }

    /// The first use of a credential in this process: argon2id, once for all who wait for the same.
    ///
    /// The computation is a task of its own: it is counted, remembered and cleared away also where the client that
    /// asked for it has gone.
    async fn compute(
        &self,
        text: &AppPasswordText,
        found: &Credential,
        mark: Mark,
        visitor: Visitor<'_>,
    ) -> Result<(), Refusal> {
        let network = ClientNetwork::of(visitor.address);
        let mut outcome = self.join_flight(text, found, mark, network);
        let ended = outcome.wait_for(Option::is_some).await.map(|ended| ended.clone());
        match ended.ok().flatten() {
            Some(Outcome::Fits) => Ok(()),
            Some(Outcome::Busy(wait)) => Err(Refusal::Busy(wait)),
            Some(Outcome::Wrong) => Err(self.count_failure(visitor, &(&found.row.selector, mark))),
            Some(Outcome::Failed(reason)) => Err(Error::Hash(reason).into()),
            None => Err(Error::Hash("the computation was given up".to_owned()).into()),
        }
    }

    /// Joins the computation that is under way for this credential, or starts one.
    fn join_flight(
        &self,
        text: &AppPasswordText,
        found: &Credential,
        mark: Mark,
        network: ClientNetwork,
    ) -> watch::Receiver<Option<Outcome>> {
        let mut flights = self.0.flights.lock();
        if let Some(under_way) = flights.get(&mark) {
            return under_way.clone();
        }
        let (sender, receiver) = watch::channel(None);
        let permit = match self.0.throttle.permit(network, &text.selector, self.0.clock.now()) {
            Ok(permit) => permit,
            Err(wait) => {
                sender.send_replace(Some(Outcome::Busy(wait)));
                return receiver;
            }
        };
        flights.insert(mark, receiver.clone());
        drop(flights);
        let (auth, text, phc, row_id) = (self.clone(), text.clone(), found.phc.clone(), found.row.id);
        tokio::task::spawn_blocking(move || {
            let outcome = auth.verify(&text, &phc, row_id, mark, network);
            drop(permit);
            auth.0.flights.lock().remove(&mark);
            sender.send_replace(Some(outcome));
        });
        receiver
    }

    /// Computes, and keeps what follows from it.
    fn verify(&self, text: &AppPasswordText, phc: &str, row_id: i64, mark: Mark, network: ClientNetwork) -> Outcome {
        if self.0.memo.knows(row_id, &mark) {
            return Outcome::Fits;
        }
        match self.0.hasher.verify(&text.secret, phc) {
            Ok(true) => {
                self.0.memo.remember(row_id, mark);
                Outcome::Fits
            }
            Ok(false) => {
                let now = self.0.clock.now();
                self.0.throttle.computed_wrong(network, &text.selector, now);
                self.0.throttle.failed(network, &(&text.selector, mark), now);
                Outcome::Wrong
            }
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }
}

impl Flights {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Mark, watch::Receiver<Option<Outcome>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Not revoked, not expired, account neither disabled nor suspended, network allowed.
fn is_live(found: &Credential, address: IpAddr, now: Time) -> bool {
    let row = &found.row;
    let address = address.to_canonical();
    row.revoked_at.is_none()
        && row.expires_at.is_none_or(|end| now < end)
        && found.owner.is_active()
        && (row.networks.is_empty() || row.networks.iter().any(|network| network.contains(&address)))
}
