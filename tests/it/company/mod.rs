//! Company accounts in the real binary: somebody signs in by a provider, has an application password, and the account
//! dies or does not.

mod liveness;
mod matrix;
mod office;
mod several;
mod tokens;

use serde_json::{Map, Value, json};

use crate::harness::{CHEAP, Person, TestServer, eventually};
use crate::http::Answer;
use crate::oidc::flow::Browser;
use crate::oidc::provider::{Options, Provider, Style};
use crate::oidc::replay::{Replay, Reply};
use crate::oidc::sign::Signer;
use crate::pages::client::Page;

/// A server whose people come from a real provider.
struct Company {
    server: TestServer,
    provider: Provider,
}

impl Company {
    fn start(style: Style, preset: &str, more: &str) -> Self {
        let provider = Provider::start(&Options::new(style));
        let server = TestServer::with_config(&format!("{CHEAP}{}", provider.config(preset, more)));
        let site = format!("http://localhost:{}", server.addr.port());
        let back = [format!("{site}/login/oidc/company/callback"), format!("{site}/login?done=signed-out")];
        provider.come_back_to(&[&back[0], &back[1]], Some(&format!("{site}/login/oidc/company/logout")));
        Self { server, provider }
    }

    /// A browser that has been to the provider as somebody, and what came of it here.
    fn sign_in(&self, name: &str) -> (Page, Answer) {
        let mut page = Page::of(&self.server);
        let answer = self.sign_in_with(&mut page, &mut Browser::default(), name);
        (page, answer)
    }

    fn sign_in_with(&self, page: &mut Page, browser: &mut Browser, name: &str) -> Answer {
        page.get("/login");
        let url = page.get("/login/oidc/company?next=/profile").location().to_owned();
        let back = browser.sign_in(&self.provider, &url, name);
        let path = back.strip_prefix(page.origin()).unwrap_or_else(|| panic!("{back} is not here"));
        page.get(path)
    }

    /// Somebody signs in for the first time and has an application password issued.
    fn person(&self, name: &str) -> Person {
        let (_, answer) = self.sign_in(name);
        assert_eq!(answer.location(), "/profile");
        self.server.person(name)
    }
}

/// Whether the drive lets somebody in, and never anything but in or out.
fn opens(person: &Person) -> bool {
    match person.client().send("PROPFIND", "/dav/", &[("Depth", "0")], b"").status {
        207 => true,
        401 => false,
        other => panic!("the drive answers {other}"),
    }
}

fn show(server: &TestServer, name: &str) -> Value {
    serde_json::from_str(&server.ok(&["user", "show", name, "--json"])).expect("JSON")
}

/// A server whose provider says what a test tells it.
struct Told {
    server: TestServer,
    replay: Replay,
    signer: Signer,
}

impl Told {
    fn start(more: &str) -> Self {
        let (replay, signer) = (Replay::start(), Signer::new("first"));
        replay.describe(&replay.url(""), &[signer.jwk()]);
        let server = TestServer::with_config(&format!(
            "{CHEAP}[[oidc]]\nname = \"company\"\nlabel = \"Company\"\nissuer = \"{}\"\nclient_id = \"latchkey\"\n\
             client_secret = \"a secret of the client\"\ntimeout = \"1s\"\n{more}",
            replay.url("")
        ));
        Self { server, replay, signer }
    }

    /// Goes off to the provider; gives the browser, and the state and the nonce that went with it.
    fn leave(&self) -> (Page, String, String) {
        let mut page = Page::of(&self.server);
        page.get("/login");
        let url = page.get("/login/oidc/company").location().to_owned();
        let (state, nonce) = Self::sent_along(&url);
        (page, state, nonce)
    }

    /// The state and the nonce in an address of the provider.
    fn sent_along(url: &str) -> (String, String) {
        let (_, query) = url.split_once('?').expect("a query");
        let query: Vec<(String, String)> = serde_html_form::from_str(query).expect("a query");
        let value = |name: &str| query.iter().find(|(known, _)| known == name).expect("sent along").1.clone();
        (value("state"), value("nonce"))
    }

    /// Good claims, but for these changes.
    fn claims(&self, nonce: &str, changed: &Value) -> Value {
        let now = chrono::Utc::now().timestamp();
        let good = json!({ "iss": self.replay.url(""), "sub": "1234", "aud": "latchkey", "iat": now, "exp": now + 300,
            "nonce": nonce, "preferred_username": "alice", "name": "Alice", "email": "alice@example.org" });
        let mut claims: Map<String, Value> = good.as_object().expect("an object").clone();
        claims.extend(changed.as_object().expect("an object").clone());
        Value::Object(claims)
    }

    fn give(&self, id_token: &str, refresh_token: &str) {
        let tokens = json!({ "access_token": "an access token", "token_type": "Bearer", "id_token": id_token,
            "refresh_token": refresh_token });
        self.replay.set_json("/token", &tokens);
    }

    /// Comes back with a code.
    fn come_back(page: &mut Page, state: &str) -> Answer {
        page.get(&format!("/login/oidc/company/callback?state={state}&code=a-code"))
    }

    /// A whole sign-in with good claims, but for these changes.
    fn sign_in(&self, changed: &Value) -> (Page, Answer) {
        let (mut page, state, nonce) = self.leave();
        self.give(&self.signer.sign(&self.claims(&nonce, changed)), "refresh-token-0");
        let answer = Self::come_back(&mut page, &state);
        (page, answer)
    }
}
