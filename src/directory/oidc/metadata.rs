//! What a provider says of itself (OpenID Connect Discovery 1.0), and its keys; both are kept for a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::http::{Http, Silence, address, is_own};
use super::issuer::Issuer;
use super::jws::{self, Key, Proven, Unproven, Unsigned};

/// How long metadata and keys are taken as they are.
const KEPT: Duration = Duration::from_hours(1);
/// Time between two looks for new keys that tokens bring about: whoever sends us tokens must not make us ask without
/// end.
const KEYS_PAUSE: Duration = Duration::from_mins(1);

/// A provider's metadata (OpenID Connect Discovery 1.0 §3); what is not used here is not read.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Metadata {
    pub(super) issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    pub(super) jwks_uri: String,
    pub(super) userinfo_endpoint: Option<String>,
    /// OpenID Connect RP-Initiated Logout 1.0 §2.1.
    pub(super) end_session_endpoint: Option<String>,
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    pub(super) scopes_supported: Option<Vec<String>>,
    /// RFC 8414 §2.
    pub(super) code_challenge_methods_supported: Option<Vec<String>>,
    pub(super) claims_parameter_supported: Option<bool>,
    /// RFC 9207 §3.
    pub(super) authorization_response_iss_parameter_supported: Option<bool>,
}

/// Metadata and keys of one provider. Whoever asks while they are being fetched waits, and takes what came.
#[derive(Debug)]
pub(super) struct Provider {
    issuer: Issuer,
    metadata: Mutex<Kept<Arc<Metadata>>>,
    keys: Mutex<Keys>,
}

#[derive(Debug, Default)]
struct Keys {
    kept: Kept<Arc<[Key]>>,
    /// When a token last brought about that they were fetched.
    forced: Option<Instant>,
}

/// Something that was fetched.
#[derive(Debug)]
struct Kept<T> {
    value: Option<(T, Instant)>,
    /// The end of the last attempt, and why it failed.
    tried: Option<(Instant, Option<Silence>)>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { value: None, tried: None }
    }
}

impl<T: Clone> Kept<T> {
    /// What is known without asking: something fresh, or how an attempt went that ended after `asked`.
    fn known(&self, asked: Instant) -> Option<Result<T, Silence>> {
        match (&self.value, &self.tried) {
            (Some((value, at)), _) if at.elapsed() < KEPT => Some(Ok(value.clone())),
            (value, Some((ended, Some(failure)))) if *ended > asked => {
                Some(value.as_ref().map(|(value, _)| value.clone()).ok_or_else(|| failure.clone()))
            }
            _ => None,
        }
    }

    /// Writes down how an attempt went. Old things are better than none while the provider is silent.
    fn settle(&mut self, outcome: Result<T, Silence>) -> Result<T, Silence> {
        let now = Instant::now();
        match outcome {
            Ok(value) => {
                self.value = Some((value.clone(), now));
                self.tried = Some((now, None));
                Ok(value)
            }
            Err(failure) => {
                self.tried = Some((now, Some(failure.clone())));
                self.value.as_ref().map(|(value, _)| value.clone()).ok_or(failure)
            }
        }
    }
}

impl Provider {
    pub(super) fn new(issuer: Issuer) -> Self {
        Self { issuer, metadata: Mutex::default(), keys: Mutex::default() }
    }

    /// The metadata, fetched where there are none or old ones.
    pub(super) async fn metadata(&self, http: &Http) -> Result<Arc<Metadata>, Silence> {
        let asked = Instant::now();
        let mut kept = self.metadata.lock().await;
        if let Some(known) = kept.known(asked) {
            return known;
        }
        let fetched = self.fetch(http).await;
        kept.settle(fetched)
    }

    /// The metadata, fetched in any case.
    pub(super) async fn metadata_anew(&self, http: &Http) -> Result<Arc<Metadata>, Silence> {
        let mut kept = self.metadata.lock().await;
        let fetched = self.fetch(http).await;
        let failure = fetched.as_ref().err().cloned();
        let settled = kept.settle(fetched);
        failure.map_or(settled, Err)
    }

    async fn fetch(&self, http: &Http) -> Result<Arc<Metadata>, Silence> {
        let metadata: Metadata = http.get(&self.issuer.discovery()).await?;
        self.issuer.is_of_metadata(&metadata.issuer).map_err(Silence)?;
        let needed = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        let offered = [&metadata.userinfo_endpoint, &metadata.end_session_endpoint];
        let discovery = address(&self.issuer.discovery())?;
        for endpoint in needed.into_iter().chain(offered.into_iter().flatten()) {
            let endpoint = address(endpoint)?;
            // Nobody elsewhere leads us to this very machine.
            if is_own(&endpoint) && !is_own(&discovery) {
                return Err(Silence("its metadata name an address of this very machine".to_owned()));
            }
        }
        Ok(Arc::new(metadata))
    }

    /// The keys; `anew` for new ones in any case.
    pub(super) async fn keys(&self, http: &Http, anew: bool) -> Result<Arc<[Key]>, Silence> {
        let asked = Instant::now();
        let metadata = self.metadata(http).await?;
        let mut keys = self.keys.lock().await;
        if let Some(known) = keys.kept.known(asked).filter(|_| !anew) {
            return known;
        }
        let fetched = fetch_keys(http, &metadata.jwks_uri).await;
        keys.kept.settle(fetched)
    }

    /// Looks whether the provider signed a token. If it knows other keys by now, they are fetched.
    pub(super) async fn prove(&self, http: &Http, token: &Unproven<'_>) -> Result<Proven, Doubt> {
        let keys = self.keys(http, false).await?;
        let why = match token.prove(&keys) {
            Ok(proven) => return Ok(proven),
            Err(unsigned) => unsigned,
        };
        let Some(keys) = self.newer_keys(http, &keys).await? else { return Err(why.into()) };
        Ok(token.prove(&keys)?)
    }

    /// Other keys than those that did not do; `None` where it is too early to ask again.
    async fn newer_keys(&self, http: &Http, old: &Arc<[Key]>) -> Result<Option<Arc<[Key]>>, Silence> {
        let metadata = self.metadata(http).await?;
        let mut keys = self.keys.lock().await;
        if let Some((kept, _)) = keys.kept.value.as_ref().filter(|(kept, _)| !Arc::ptr_eq(kept, old)) {
            return Ok(Some(Arc::clone(kept)));
        }
        if keys.forced.is_some_and(|at| at.elapsed() < KEYS_PAUSE) {
            return Ok(None);
        }
        keys.forced = Some(Instant::now());
        let fetched = fetch_keys(http, &metadata.jwks_uri).await?;
        keys.kept.settle(Ok(fetched)).map(Some)
    }
}

/// Why a token is not proven to be the provider's.
#[derive(Debug)]
pub(super) enum Doubt {
    /// The keys cannot be had.
    Silence(Silence),
    /// It is not.
    Unsigned(Unsigned),
}

impl From<Silence> for Doubt {
    fn from(silence: Silence) -> Self {
        Self::Silence(silence)
    }
}

impl From<Unsigned> for Doubt {
    fn from(unsigned: Unsigned) -> Self {
        Self::Unsigned(unsigned)
    }
}

async fn fetch_keys(http: &Http, url: &str) -> Result<Arc<[Key]>, Silence> {
    let keys = jws::keys(&http.get::<Value>(url).await?);
    if keys.is_empty() { Err(Silence("it has no key that can be used".to_owned())) } else { Ok(keys) }
}
