//! Passkeys (W3C WebAuthn level 2): a sign-in without a password, or the second factor after one. User verification is
//! asked for, so a passkey stands for both factors.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use serde_json::Value;
use webauthn_rs::prelude::{
    CredentialID, DiscoverableAuthentication, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder, WebauthnError,
};

use super::super::api_token::digest;
use super::super::attempts::Attempts;
use super::super::gate::Visitor;
use super::super::issue::label;
use super::super::network::ClientNetwork;
use super::super::session::NewToken;
use super::super::sign_in::{Browser, Entry, Proven, SignedIn};
use super::super::{Actor, Auth, CompanyRefusal, Error, Result, SignInRefusal};
use super::recovery::forget_useless_recovery_codes;
use crate::clock::seconds;
use crate::model::{Session, Time, User};
use crate::secret;
use crate::store::{self, second_factor};

/// How long an authenticator is waited for.
const PATIENCE: Duration = Duration::from_mins(5);
/// Ceremonies under way, in the whole process.
const MOST: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");
/// The same of strangers.
const MOST_STRANGERS: NonZeroUsize = NonZeroUsize::new(16_384).expect("not zero");
/// Sign-ins that one network may begin in a minute.
const MOST_BEGUN: usize = 120;
/// Passkeys of one person.
const MOST_PASSKEYS: usize = 20;

/// Whom passkeys are bound to (WebAuthn §4): a host name, and the origins its pages are at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelyingParty {
    /// The host name; never an IP address.
    pub id: String,
    /// Origins such as `https://dav.example.org`; the first is the canonical one.
    pub origins: Vec<String>,
}

/// Why a passkey was not bound or not accepted.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// The authenticator's answer does not fit.
    #[error("the passkey was not accepted: {0}")]
    Refused(String),
    /// Not the person's fault, or a value that cannot be taken.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<WebauthnError> for PasskeyError {
    fn from(error: WebauthnError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl From<PasskeyError> for SignInRefusal {
    fn from(error: PasskeyError) -> Self {
        match error {
            PasskeyError::Refused(_) => Self::Wrong,
            PasskeyError::Failed(error) => Self::Failed(error),
        }
    }
}

/// What is waited for from an authenticator.
#[derive(Debug)]
enum Ceremony {
    Registration(PasskeyRegistration),
    /// Of a known person.
    Confirmation(PasskeyAuthentication),
    /// Of whoever turns up.
    SignIn(DiscoverableAuthentication),
}

/// Ceremonies under way, each under the token of the browser that began it; lost at a restart.
#[derive(Debug)]
pub struct Ceremonies {
    /// Of people who are known already.
    known: Mutex<LruCache<[u8; 32], (Time, Ceremony)>>,
    /// Of anybody; apart, so that strangers do not crowd out people.
    strangers: Mutex<LruCache<[u8; 32], (Time, Ceremony)>>,
    /// Sign-ins that a network has begun.
    begun: Attempts,
}

impl Default for Ceremonies {
    fn default() -> Self {
        Self {
            known: Mutex::new(LruCache::new(MOST)),
            strangers: Mutex::new(LruCache::new(MOST_STRANGERS)),
            begun: Attempts::new(MOST_BEGUN, Duration::from_mins(1)),
        }
    }
}

impl Ceremonies {
    fn begin(&self, token: &str, ceremony: Ceremony, now: Time) {
        let until = now + seconds(PATIENCE.as_secs());
        let kept = if matches!(ceremony, Ceremony::SignIn(_)) { &self.strangers } else { &self.known };
        kept.lock().unwrap_or_else(PoisonError::into_inner).put(digest(token), (until, ceremony));
    }

    /// Each ceremony is ended by its first answer.
    fn end(kept: &Mutex<LruCache<[u8; 32], (Time, Ceremony)>>, token: &str, now: Time) -> Option<Ceremony> {
        let found = kept.lock().unwrap_or_else(PoisonError::into_inner).pop(&digest(token));
        found.filter(|(until, _)| now < *until).map(|(_, ceremony)| ceremony)
    }
}

impl RelyingParty {
    fn webauthn(&self) -> std::result::Result<Webauthn, PasskeyError> {
        let origins: Vec<Url> = self.origins.iter().filter_map(|origin| Url::parse(origin).ok()).collect();
        let (first, others) =
            origins.split_first().ok_or_else(|| PasskeyError::Refused("no address is configured".to_owned()))?;
        let builder = WebauthnBuilder::new(&self.id, first)?.rp_name("Latchkey").timeout(PATIENCE);
        Ok(others.iter().fold(builder, WebauthnBuilder::append_allowed_origin).build()?)
    }
}

fn too_late() -> PasskeyError {
    PasskeyError::Refused("it took too long, begin again".to_owned())
}

fn json(value: impl serde::Serialize) -> std::result::Result<Value, PasskeyError> {
    serde_json::to_value(value).map_err(|error| Error::Hash(error.to_string()).into())
}

impl Auth {
    /// Options for `navigator.credentials.create`. Blocks.
    ///
    /// # Errors
    /// See [`PasskeyError`].
    pub fn begin_passkey(
        &self,
        session: &Session,
        token: &str,
        party: &RelyingParty,
    ) -> std::result::Result<Value, PasskeyError> {
        let user = &session.user;
        let known: Vec<CredentialID> = self.passkeys(user)?.iter().map(|(_, key)| key.cred_id().clone()).collect();
        if known.len() >= MOST_PASSKEYS {
            return Err(Error::invalid("passkey", format!("are {MOST_PASSKEYS} already: remove one first")).into());
        }
        let shown = if user.display_name.is_empty() { user.name.as_str() } else { &user.display_name };
        let (mut options, state) = party.webauthn()?.start_passkey_registration(
            self.passkey_handle(user)?,
            user.name.as_str(),
            shown,
            Some(known),
        )?;
        // Only a passkey that the authenticator itself finds can open the pages without a name.
        if let Some(selection) = &mut options.public_key.authenticator_selection {
            selection.resident_key = Some(webauthn_rs_proto::ResidentKeyRequirement::Required);
            selection.require_resident_key = true;
        }
        self.0.ceremonies.begin(token, Ceremony::Registration(state), self.0.clock.now());
        json(options)
    }

    /// Binds the passkey that the authenticator made. Blocks.
    ///
    /// # Errors
    /// See [`PasskeyError`].
    pub fn bind_passkey(
        &self,
        session: &Session,
        token: &str,
        party: &RelyingParty,
        name: &str,
        answer: Value,
        actor: &Actor,
    ) -> std::result::Result<(), PasskeyError> {
        let user = &session.user;
        let now = self.0.clock.now_in_millis();
        let name = label(name)?;
        let Some(Ceremony::Registration(state)) = Ceremonies::end(&self.0.ceremonies.known, token, now) else {
            return Err(too_late());
        };
        let answer: RegisterPublicKeyCredential =
            serde_json::from_value(answer).map_err(|error| PasskeyError::Refused(error.to_string()))?;
        let passkey = party.webauthn()?.finish_passkey_registration(&answer, &state)?;
        let credential = serde_json::to_string(&passkey).map_err(|error| Error::Hash(error.to_string()))?;
        Ok(self.0.store.write(|tx| {
            self.before_first_factor(tx, session)?;
            let new = second_factor::NewPasskey {
                user_id: user.id,
                credential_id: passkey.cred_id(),
                name: &name,
                credential: &credential,
                at: now,
            };
            second_factor::insert_passkey(tx, &new)?;
            self.audit(tx, actor, "passkey.bind", Some(user.name.as_str()), Some(&name))
        })?)
    }

    /// Unbinds a passkey. Blocks.
    ///
    /// # Errors
    /// [`Error::Refused`] where it is the last one and one is required.
    pub fn remove_passkey(&self, user: &User, id: i64, actor: &Actor) -> Result<()> {
        let policy = self.policy()?;
        self.0.store.write(|tx| {
            if let Some(name) = second_factor::delete_passkey(tx, user.id, id)? {
                self.audit(tx, actor, "passkey.unbind", Some(user.name.as_str()), Some(&name))?;
                Self::refuse_to_lose_the_last(tx, user, &policy)?;
                forget_useless_recovery_codes(tx, user)?;
            }
            Ok(())
        })
    }

    /// Options for `navigator.credentials.get`, for whoever has a passkey of this server.
    ///
    /// # Errors
    /// See [`SignInRefusal`].
    pub fn begin_passkey_sign_in(
        &self,
        token: &str,
        party: &RelyingParty,
        visitor: Visitor<'_>,
    ) -> std::result::Result<Value, SignInRefusal> {
        let now = self.0.clock.now();
        let network = ClientNetwork::of(visitor.address);
        self.0.ceremonies.begun.begin(&network, now).map_err(SignInRefusal::Throttled)?;
        let begun = party.webauthn()?.start_discoverable_authentication().map_err(PasskeyError::from)?;
        let (mut options, state) = begun;
        // A button was pressed; the browser need not wait for a field to be filled.
        options.mediation = None;
        self.0.ceremonies.begin(token, Ceremony::SignIn(state), now);
        Ok(json(options)?)
    }

    /// Lets the owner of a passkey in. What is signed cannot be guessed, so who comes with it is never slowed. Blocks.
    ///
    /// # Errors
    /// See [`SignInRefusal`].
    pub fn sign_in_with_passkey(
        &self,
        token: &str,
        party: &RelyingParty,
        answer: Value,
        browser: Browser<'_>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<SignedIn, SignInRefusal> {
        let now = self.0.clock.now();
        let Some(Ceremony::SignIn(state)) = Ceremonies::end(&self.0.ceremonies.strangers, token, now) else {
            return Err(SignInRefusal::Ended);
        };
        match self.identify(party, state, answer) {
            Ok(user) if user.is_active() => {
                if let Some(company) = self.company_account(&user)? {
                    // A passkey of ours would go past what the directory asks for.
                    return Err(CompanyRefusal::SignInThere(company.label).into());
                }
                self.let_in(&user, &Entry { by: "passkey", proven: Proven::default(), browser }, visitor)
            }
            Ok(_) | Err(PasskeyError::Refused(_)) => Err(self.passkey_refused(None, visitor)?),
            Err(PasskeyError::Failed(error)) => Err(error.into()),
        }
    }

    /// Counts a passkey that was not accepted; only as many are written down as the throttle counts.
    fn passkey_refused(&self, user: Option<&User>, visitor: Visitor<'_>) -> Result<SignInRefusal> {
        let network = ClientNetwork::of(visitor.address);
        let each = secret::random::<16>();
        if let Some(wait) = self.0.page_throttle.failed(network, &each, self.0.clock.now()) {
            return Ok(SignInRefusal::Throttled(wait));
        }
        self.note_failed_sign_in(user, "passkey", visitor)?;
        Ok(SignInRefusal::Wrong)
    }

    fn identify(
        &self,
        party: &RelyingParty,
        state: DiscoverableAuthentication,
        answer: Value,
    ) -> std::result::Result<User, PasskeyError> {
        let unknown = || PasskeyError::Refused("it is not known here".to_owned());
        let answer: PublicKeyCredential =
            serde_json::from_value(answer).map_err(|error| PasskeyError::Refused(error.to_string()))?;
        let webauthn = party.webauthn()?;
        let (handle, credential_id) = webauthn.identify_discoverable_authentication(&answer)?;
        let user = self.0.store.read(|c| match second_factor::user_of_handle(c, handle.as_bytes())? {
            Some(id) => store::user::by_id(c, id),
            None => Ok(None),
        });
        let user = user.map_err(Error::from)?.ok_or_else(unknown)?;
        let keys = self.passkeys(&user)?;
        let (id, mut key) =
            keys.into_iter().find(|(_, key)| key.cred_id().as_slice() == credential_id).ok_or_else(unknown)?;
        let result = webauthn.finish_discoverable_authentication_v2(&answer, state, &key)?;
        key.update_credential(&result);
        self.note_use(id, &key)?;
        Ok(user)
    }

    /// Options for `navigator.credentials.get`, for a person who is known already: the second factor, or a fresh proof.
    ///
    /// # Errors
    /// See [`PasskeyError`].
    pub fn begin_passkey_confirmation(
        &self,
        user: &User,
        token: &str,
        party: &RelyingParty,
    ) -> std::result::Result<Value, PasskeyError> {
        let keys: Vec<Passkey> = self.passkeys(user)?.into_iter().map(|(_, key)| key).collect();
        let (options, state) = party.webauthn()?.start_passkey_authentication(&keys)?;
        self.0.ceremonies.begin(token, Ceremony::Confirmation(state), self.0.clock.now());
        json(options)
    }

    fn confirm(
        &self,
        user: &User,
        token: &str,
        party: &RelyingParty,
        answer: Value,
        visitor: Visitor<'_>,
    ) -> std::result::Result<(), SignInRefusal> {
        match self.check_passkey(user, token, party, answer) {
            Ok(()) => Ok(()),
            Err(PasskeyError::Refused(_)) => Err(self.passkey_refused(Some(user), visitor)?),
            Err(PasskeyError::Failed(error)) => Err(error.into()),
        }
    }

    fn check_passkey(
        &self,
        user: &User,
        token: &str,
        party: &RelyingParty,
        answer: Value,
    ) -> std::result::Result<(), PasskeyError> {
        let now = self.0.clock.now();
        let Some(Ceremony::Confirmation(state)) = Ceremonies::end(&self.0.ceremonies.known, token, now) else {
            return Err(too_late());
        };
        let answer: PublicKeyCredential =
            serde_json::from_value(answer).map_err(|error| PasskeyError::Refused(error.to_string()))?;
        let result = party.webauthn()?.finish_passkey_authentication(&answer, &state)?;
        for (id, mut key) in self.passkeys(user)? {
            if key.update_credential(&result).is_some() {
                self.note_use(id, &key)?;
                return Ok(());
            }
        }
        Err(PasskeyError::Refused("it was removed meanwhile".to_owned()))
    }

    /// Checks a passkey as the second factor of a sign-in that waits for it. Blocks.
    ///
    /// # Errors
    /// See [`SignInRefusal`].
    pub fn sign_in_with_second_passkey(
        &self,
        token: &str,
        party: &RelyingParty,
        answer: Value,
        browser: Browser<'_>,
        visitor: Visitor<'_>,
    ) -> std::result::Result<SignedIn, SignInRefusal> {
        let (user, _) = self.pending_sign_in(token)?;
        self.confirm(&user, token, party, answer, visitor)?;
        self.end_pending(token, "password and passkey", browser, visitor)
    }

    /// A person who is signed in proves again who they are, by a passkey. Blocks.
    ///
    /// # Errors
    /// See [`SignInRefusal`].
    pub fn reauthenticate_with_passkey(
        &self,
        session: &Session,
        token: &str,
        party: &RelyingParty,
        answer: Value,
        visitor: Visitor<'_>,
    ) -> std::result::Result<NewToken, SignInRefusal> {
        self.confirm(&session.user, token, party, answer, visitor)?;
        Ok(self.step_up(session, "passkey", visitor)?)
    }

    fn passkeys(&self, user: &User) -> Result<Vec<(i64, Passkey)>> {
        let kept = self.0.store.read(|c| second_factor::credentials(c, user.id))?;
        let read = |(id, text): (i64, String)| match serde_json::from_str(&text) {
            Ok(key) => Ok((id, key)),
            Err(_) => Err(Error::Store(store::Error::Unreadable("passkey"))),
        };
        kept.into_iter().map(read).collect()
    }

    fn note_use(&self, id: i64, key: &Passkey) -> Result<()> {
        let text = serde_json::to_string(key).map_err(|error| Error::Hash(error.to_string()))?;
        let now = self.0.clock.now();
        self.0.store.write(|tx| Ok(second_factor::note_passkey_use(tx, id, &text, now)?))
    }

    fn passkey_handle(&self, user: &User) -> Result<Uuid> {
        self.0.store.write(|tx| {
            second_factor::set_handle(tx, user.id, &secret::random())?;
            let handle = second_factor::handle(tx, user.id)?;
            handle.map(Uuid::from_bytes).ok_or_else(|| Error::NoSuchUser(user.name.to_string()))
        })
    }
}
