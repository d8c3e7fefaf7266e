//! Providers for OpenID Connect: Entra ID, Google, Keycloak, and any other by the letter of the specification.

mod begin;
mod claims;
mod examine;
mod finish;
mod http;
mod id_token;
mod issuer;
mod jws;
mod logout;
mod metadata;
mod people;
mod refresh;
mod tokens;

use self::http::{Http, Silence};
use self::issuer::Issuer;
use self::metadata::Provider;
use super::{Finding, Person, Unreachable, tls};
use crate::config::{OidcConfig, OidcPreset};
use crate::model::{Ending, Identity, Time};
use crate::secret::PlainSecret;

/// A provider for OpenID Connect.
#[derive(Debug)]
pub struct Oidc {
    config: OidcConfig,
    http: Http,
    issuer: Issuer,
    provider: Provider,
}

/// What a sign-in is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Signing in; whom the provider knows still is let in without a question.
    SignIn,
    /// Signing in, and agreeing once more to what this server may do. Google gives a refresh token at the first agreement
    /// only ("Using OAuth 2.0 for Web Server Applications", Google Identity): where none is stored any more, this brings
    /// another (see [`Oidc::must_ask_consent`]).
    Consent,
    /// Proving anew who one is: the provider asks for the password again (`prompt=login`, `max_age`), and its
    /// `auth_time` must say so.
    Confirm,
}

/// A sign-in that the provider was asked for.
#[derive(Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub url: String,
    /// What comes back with it; random.
    pub state: PlainSecret,
    /// What only we and the answer know.
    pub ticket: Ticket,
}

/// What is kept of a sign-in that was begun, until the browser comes back.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Nonce, to be found in the ID token.
    pub nonce: PlainSecret,
    /// Code verifier (PKCE, RFC 7636).
    pub verifier: PlainSecret,
    /// Where the browser comes back to.
    pub redirect: String,
    /// What it is for.
    pub intent: Intent,
    /// When it was begun.
    pub at: Time,
}

/// Who came back from a provider, once everything was checked.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Who it is, and whether the account may enter.
    pub person: Person,
    /// What the account is kept alive by.
    pub refresh_token: Option<PlainSecret>,
    /// When the provider last asked for the password; absent where it does not say.
    pub authenticated_at: Option<Time>,
    /// Whether the provider's second factor counts.
    pub second_factor: bool,
    /// The provider's name for its session.
    pub sid: Option<String>,
}

/// Why a sign-in by a provider came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not answer.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// It refuses: us, as with a wrong client secret, or the code.
    #[error("{label} refuses: {reason}")]
    Refused {
        /// What people call the provider.
        label: String,
        /// For the log and the administrator.
        reason: String,
    },
    /// Its answer is for a time that is not now by our clock.
    #[error("the clocks of this server and of {label} differ: {reason}")]
    Clock {
        /// What people call the provider.
        label: String,
        /// For the log and the administrator.
        reason: String,
    },
    /// Its answer did not stand up to the checks.
    #[error("what {label} answered is not to be trusted: {reason}")]
    Untrusted {
        /// What people call the provider.
        label: String,
        /// For the log and the administrator.
        reason: String,
    },
    /// Asked to have the person sign in anew, it did not say that they did.
    #[error("{label} did not ask for the password again: {reason}")]
    NotAnew {
        /// What people call the provider.
        label: String,
        /// For the log and the administrator.
        reason: String,
    },
}

/// What came of trying a refresh token.
#[derive(Debug)]
pub enum Refreshed {
    /// The account is alive, or its groups say that it may not enter (`ending`); absent where the answer says nothing
    /// of the person.
    Answered {
        /// Who it is now.
        person: Option<Person>,
        /// The refresh token that takes over.
        refresh_token: Option<PlainSecret>,
    },
    /// The provider says that the account has ended.
    Ended(Ending, String),
    /// The token is good no more, for a reason that may be harmless.
    Unconfirmed(String),
    /// Its answer is not to be trusted; a refresh token that came with it takes over all the same, since the one before
    /// may be good no more.
    Doubtful(Unreachable, Option<PlainSecret>),
    /// It does not answer, or refuses us for a reason that has nothing to do with the person.
    Unreachable(Unreachable),
}

/// That a provider has ended a session, or all of a person's (OpenID Connect Back-Channel Logout 1.0 §2.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logout {
    /// Whose.
    pub identity: Option<Identity>,
    /// Which session.
    pub sid: Option<String>,
    /// Its id, which is good once.
    pub jti: String,
}

impl Oidc {
    pub(super) fn new(config: &OidcConfig) -> Result<Self, tls::Error> {
        let issuer = Issuer::new(config);
        let provider = Provider::new(issuer.clone());
        Ok(Self { http: Http::new(&config.common)?, config: config.clone(), issuer, provider })
    }

    /// Its part of the configuration.
    #[must_use]
    pub fn config(&self) -> &OidcConfig {
        &self.config
    }

    /// Begins a sign-in.
    ///
    /// # Errors
    /// [`Unreachable`]
    pub async fn begin(&self, redirect: &str, intent: Intent, now: Time) -> Result<Begun, Unreachable> {
        let metadata = self.provider.metadata(&self.http).await.map_err(|silence| self.silent(silence))?;
        begin::begin(&self.config, &metadata, redirect, intent, now).map_err(|silence| self.silent(silence))
    }

    /// Takes the code that the browser came back with, and checks everything.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn finish(&self, ticket: &Ticket, code: &str, now: Time) -> Result<Arrival, Error> {
        self.arrive(ticket, code, now).await
    }

    /// Whether a sign-in should be begun once more, with [`Intent::Consent`]: a refresh token was asked for, none came, and
    /// none is stored. To be asked of a sign-in with [`Intent::SignIn`] only, so that nobody is sent in a circle.
    #[must_use]
    pub fn must_ask_consent(&self, arrival: &Arrival, is_stored: bool) -> bool {
        let asked = match self.config.preset {
            OidcPreset::Google => true,
            // Some go by the letter of OpenID Connect Core 1.0 §11, and give none without `prompt=consent`.
            OidcPreset::Generic => self.config.scopes.iter().any(|scope| scope == "offline_access"),
            OidcPreset::Entra | OidcPreset::Keycloak => false,
        };
        asked && arrival.refresh_token.is_none() && !is_stored
    }

    /// Whether what came back is this provider's answer and nobody else's (`iss`, RFC 9207); absent is fine unless the
    /// provider says that it always sends it.
    ///
    /// # Errors
    /// [`Error::Untrusted`]; [`Error::Unreachable`] where it is absent and nothing is known of the provider.
    pub async fn check_sender(&self, iss: Option<&str>) -> Result<(), Error> {
        let reason = match iss {
            Some(iss) if self.issuer.is_sender(iss) => return Ok(()),
            Some(_) => "an answer is by another provider (iss)",
            None => {
                let metadata = self.provider.metadata(&self.http).await.map_err(|silence| self.silent(silence))?;
                if metadata.authorization_response_iss_parameter_supported != Some(true) {
                    return Ok(());
                }
                "an answer does not say by whom it is, although it always does (iss)"
            }
        };
        Err(Error::Untrusted { label: self.config.common.label.clone(), reason: reason.to_owned() })
    }

    /// Tries a refresh token, to see whether the account is alive.
    pub async fn refresh(&self, token: &PlainSecret, identity: &Identity, now: Time) -> Refreshed {
        self.try_refresh(token, identity, now).await
    }

    /// Whether it answers at all: reads its metadata anew.
    ///
    /// # Errors
    /// [`Unreachable`]
    pub async fn reach(&self) -> Result<(), Unreachable> {
        self.provider.metadata_anew(&self.http).await.map(|_| ()).map_err(|silence| self.silent(silence))
    }

    /// Whether an account key is of this provider: the issuer is its own, or that of an allowed tenant.
    #[must_use]
    pub fn is_of(&self, identity: &Identity) -> bool {
        self.issuer.is_own_key(&identity.issuer)
    }

    /// The issuer that an administrator's word for somebody's `sub` belongs to; absent where there are many tenants.
    /// As in all keys, it has no slash at the end, so that one in the configuration makes no other people of the same.
    #[must_use]
    pub fn single_issuer(&self) -> Option<&str> {
        self.issuer.single()
    }

    /// Where the browser is signed out of the provider, too (OpenID Connect RP-Initiated Logout 1.0), to come back to
    /// `back`; `None` where the provider has no such place.
    pub async fn logout_url(&self, back: &str) -> Option<String> {
        let metadata = self.provider.metadata(&self.http).await.ok()?;
        logout::url(&metadata, &self.config.client_id, back)
    }

    /// Reads and checks a logout token (OpenID Connect Back-Channel Logout 1.0 §2.6).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn read_logout(&self, token: &str, now: Time) -> Result<Logout, Error> {
        self.checked_logout(token, now).await.map_err(|flaw| flaw.of(&self.config.common.label))
    }

    /// Looks at everything that can be wrong, for `latchkey doctor`.
    pub async fn examine(&self, now: Time) -> Vec<Finding> {
        self.findings(now).await
    }

    fn silent(&self, silence: Silence) -> Unreachable {
        let Silence(reason) = silence;
        Unreachable { label: self.config.common.label.clone(), reason }
    }
}
