//! A real provider: the certified npm package oidc-provider, which `tests/run` installs into `target/npm`.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::{Value, json};

use crate::http::Client;

/// Like whose the provider is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// By the letter.
    Plain,
    /// A tenant in the issuer, `oid` and `tid`, groups elsewhere where an account has `overage`, Entra's refusals, and
    /// Microsoft Graph beside ([`Provider::graph`]).
    Entra,
    /// Keycloak's refusals.
    Keycloak,
}

/// How a provider is started.
#[derive(Debug, Clone)]
pub struct Options {
    pub style: Style,
    /// Where browsers may come back to; see also [`Provider::come_back_to`].
    pub redirects: Vec<String>,
    /// Where logout tokens are sent.
    pub logout_uri: Option<String>,
    /// Gives a refresh token only with `prompt=consent`.
    pub strict: bool,
    /// ID tokens say nothing of people but `sub`; userinfo does.
    pub thin: bool,
}

impl Options {
    pub fn new(style: Style) -> Self {
        let redirects = vec!["http://127.0.0.1:9/back".to_owned()];
        Self { style, redirects, logout_uri: None, strict: false, thin: false }
    }
}

/// A running provider; ends when dropped.
///
/// Its sign-in page has the fields `login` and `password` and one button; so has the page for consent, which is shown
/// with `prompt=consent` only. Every account has the password `password` unless it is given another.
pub struct Provider {
    child: Child,
    /// The provider ends when this does.
    _stdin: ChildStdin,
    pub addr: SocketAddr,
    issuer: String,
    /// The tenant in an Entra-like issuer.
    pub tenant: String,
    pub client_id: String,
    pub client_secret: String,
}

impl Provider {
    pub fn start(options: &Options) -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let npm = manifest.join("target/npm");
        assert!(npm.join("node_modules/oidc-provider").exists(), "tests/run installs oidc-provider into target/npm");
        let (client_id, client_secret) = ("latchkey".to_owned(), "a secret of the client".to_owned());
        let given = json!({
            "style": format!("{:?}", options.style).to_lowercase(),
            "client_id": client_id,
            "client_secret": client_secret,
            "redirect_uris": options.redirects,
            "post_logout_redirect_uris": options.redirects,
            "backchannel_logout_uri": options.logout_uri,
            "strict": options.strict,
            "thin": options.thin,
        });
        let mut child = Command::new("node")
            .arg(manifest.join("tests/it/oidc/provider.mjs"))
            .arg(npm)
            .arg(given.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node runs");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        stdout.read_line(&mut line).expect("the provider says where it is");
        let said: Value = serde_json::from_str(&line).expect("the provider started");
        let text = |name: &str| said[name].as_str().expect("a text").to_owned();
        let addr = text("origin").trim_start_matches("http://").parse().expect("an address");
        let stdin = child.stdin.take().expect("stdin is piped");
        Self { child, _stdin: stdin, addr, issuer: text("issuer"), tenant: text("tenant"), client_id, client_secret }
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Microsoft Graph's base, for `graph` in the configuration.
    pub fn graph(&self) -> String {
        format!("http://{}/graph", self.addr)
    }

    /// Changes accounts, the client or the weather; see `provider.mjs`.
    pub fn control(&self, change: &Value) {
        let headers = [("Content-Type", "application/json")];
        let answer = Client::new(self.addr).send("POST", "/control", &headers, change.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Makes an account or changes it; `claims` may also have `password`, `disabled`, `refusal` (the body that a refresh
    /// is refused by), `amr`, `acr`, `groups` and `overage`.
    pub fn account(&self, name: &str, claims: &Value) {
        self.control(&json!({ "accounts": { name: claims } }));
    }

    /// Deletes an account.
    pub fn forget(&self, name: &str) {
        self.control(&json!({ "accounts": { name: null } }));
    }

    /// Takes another key from now on, and forgets the old one.
    pub fn rotate_keys(&self) {
        self.control(&json!({ "rotate": true }));
    }

    /// Where browsers may come back to, and, for logout tokens, itself.
    pub fn come_back_to(&self, redirects: &[&str], logout_uri: Option<&str>) {
        self.control(&json!({ "client": {
            "redirect_uris": redirects,
            "post_logout_redirect_uris": redirects,
            "backchannel_logout_uri": logout_uri,
        } }));
    }

    /// Cuts all connections, or no more.
    pub fn set_down(&self, down: bool) {
        self.control(&json!({ "weather": { "down": down } }));
    }

    /// Answers that many milliseconds late.
    pub fn set_slow(&self, millis: u64) {
        self.control(&json!({ "weather": { "delay": millis } }));
    }

    /// Answers everything by this status, or, for 0, as it should.
    pub fn set_status(&self, status: u16) {
        self.control(&json!({ "weather": { "status": status } }));
    }

    /// An entry `[[oidc]]` for it, with these further lines.
    pub fn config(&self, preset: &str, more: &str) -> String {
        let mut lines = format!(
            "[[oidc]]\nname = \"company\"\nlabel = \"Company\"\npreset = \"{preset}\"\nissuer = \"{}\"\n\
             client_id = \"{}\"\nclient_secret = \"{}\"\n",
            self.issuer, self.client_id, self.client_secret
        );
        if preset == "entra" {
            lines.push_str(&format!("graph = \"{}\"\n", self.graph()));
        }
        lines.push_str(more);
        lines
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
