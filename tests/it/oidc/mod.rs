//! The client of OpenID Connect against a provider that answers what a test tells it, and against a real one.

mod doctor;
mod entra;
pub mod flow;
mod google;
mod id_tokens;
mod logout;
mod people;
pub mod provider;
mod refresh;
pub mod replay;
pub mod sign;
mod transport;

use chrono::{TimeDelta, Utc};
use latchkey::config::{Overrides, load};
use latchkey::directory::Directories;
use latchkey::directory::oidc::{Arrival, Begun, Error, Intent, Oidc, Refreshed, Ticket};
use latchkey::model::{Identity, Time};
use latchkey::secret::PlainSecret;
use serde_json::{Map, Value, json};

use replay::{Replay, Reply};
use sign::Signer;

const REDIRECT: &str = "http://127.0.0.1:9/back";

/// The directories of a configuration, read from a file as the server reads it.
fn directories(config: &str) -> Directories {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("webdav.toml");
    std::fs::write(&file, config).expect("the configuration is written");
    let config = load(Some(&file), &Overrides::default()).expect("a good configuration");
    Directories::new(&config).expect("directories")
}

/// The time; whole seconds, as tokens have it.
fn now() -> Time {
    let now = Utc::now();
    now - TimeDelta::nanoseconds(i64::from(now.timestamp_subsec_nanos()))
}

/// A replaying provider with one key, and its client.
struct Stage {
    replay: Replay,
    signer: Signer,
    directories: Directories,
    issuer: String,
}

impl Stage {
    /// With these further lines of configuration.
    fn new(preset: &str, more: &str) -> Self {
        Self::with(preset, more, "client_secret = \"a secret of the client\"\n")
    }

    fn with(preset: &str, more: &str, secret: &str) -> Self {
        let (replay, signer) = (Replay::start(), Signer::new("first"));
        let issuer = replay.url("");
        replay.describe(&issuer, &[signer.jwk()]);
        let mut config = format!(
            "[[oidc]]\nname = \"company\"\nlabel = \"Company\"\npreset = \"{preset}\"\nissuer = \"{issuer}\"\n\
             client_id = \"latchkey\"\ntimeout = \"1s\"\n{secret}{more}\n"
        );
        if preset == "entra" {
            config.push_str(&format!("graph = \"{}\"\n", replay.url("/graph")));
        }
        Self { directories: directories(&config), replay, signer, issuer }
    }

    fn oidc(&self) -> &Oidc {
        &self.directories.oidc()[0]
    }

    /// Begins a sign-in.
    async fn begin(&self, intent: Intent) -> Begun {
        self.oidc().begin(REDIRECT, intent, now()).await.expect("it begins")
    }

    /// Claims of a good ID token, with these changed; null takes one away.
    fn claims(&self, ticket: Option<&Ticket>, changed: &Value) -> Value {
        let now = now().timestamp();
        let good = json!({
            "iss": self.issuer, "sub": "1234", "aud": "latchkey", "iat": now, "exp": now + 300,
            "name": "Alice Example", "preferred_username": "alice", "email": "alice@example.org",
        });
        let mut claims: Map<String, Value> = good.as_object().expect("an object").clone();
        if let Some(ticket) = ticket {
            claims.insert("nonce".to_owned(), ticket.nonce.expose().into());
        }
        claims.extend(changed.as_object().expect("an object").clone());
        claims.retain(|_, value| !value.is_null());
        Value::Object(claims)
    }

    /// Has the token endpoint give this ID token.
    fn give(&self, id_token: &str) {
        self.replay.set_json(
            "/token",
            &json!({ "access_token": "an access token", "token_type": "Bearer", "refresh_token": "the next refresh token",
                "id_token": id_token }),
        );
    }

    /// A whole sign-in with a good ID token, but for these changes.
    async fn sign_in(&self, changed: &Value) -> Result<Arrival, Error> {
        self.sign_in_for(Intent::SignIn, changed).await
    }

    async fn sign_in_for(&self, intent: Intent, changed: &Value) -> Result<Arrival, Error> {
        let begun = self.begin(intent).await;
        self.give(&self.signer.sign(&self.claims(Some(&begun.ticket), changed)));
        self.oidc().finish(&begun.ticket, "a code", now()).await
    }

    /// Refuses every grant.
    fn refuse(&self, status: u16, body: &Value) {
        self.replay.set("/token", Reply::json(status, body));
    }

    async fn refresh(&self) -> Refreshed {
        let identity = Identity { issuer: self.issuer.clone(), subject: "1234".to_owned() };
        self.oidc().refresh(&PlainSecret::new("a refresh token".to_owned()), &identity, now()).await
    }

    /// A refresh with a good ID token, but for these changes.
    async fn refresh_with(&self, changed: &Value) -> Refreshed {
        self.give(&self.signer.sign(&self.claims(None, changed)));
        self.refresh().await
    }
}

/// The parameters of an address.
fn query(url: &str) -> Vec<(String, String)> {
    let query = url.split_once('?').map(|(_, query)| query).unwrap_or_default();
    serde_html_form::from_str(query).expect("a query")
}

fn parameter(url: &str, name: &str) -> Option<String> {
    query(url).into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}
