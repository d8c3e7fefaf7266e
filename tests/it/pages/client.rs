//! A browser without JavaScript: it keeps cookies, and sends the forms of the page that it looked at last.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::browser::totp;
use crate::harness::TestServer;
use crate::http::{Answer, Client};

/// The account's own password of everybody in these tests.
pub const PASSWORD: &str = "vermilion otter ladder";

/// Adds an account with [`PASSWORD`].
pub fn add(server: &TestServer, name: &str, arguments: &[&str]) {
    server.ok_with_input(&[&["user", "add", name, "--password-stdin"], arguments].concat(), PASSWORD);
}

/// A browser, and the page it shows.
#[derive(Debug, Clone)]
pub struct Page {
    client: Client,
    agent: String,
    origin: String,
    cookies: BTreeMap<String, String>,
    /// The last page that was shown.
    shown: String,
}

impl Page {
    /// A browser that has never been here.
    pub fn of(server: &TestServer) -> Self {
        Self::at(server.addr)
    }

    /// The same for a server that is known by its address alone.
    pub fn at(addr: SocketAddr) -> Self {
        let host = format!("localhost:{}", addr.port());
        Self {
            origin: format!("http://{host}"),
            client: Client::new(addr).with_host(&host),
            agent: "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0".to_owned(),
            cookies: BTreeMap::new(),
            shown: String::new(),
        }
    }

    /// A browser in which somebody has signed in by [`PASSWORD`].
    pub fn signed_in(server: &TestServer, name: &str) -> Self {
        Self::of(server).let_in(name)
    }

    /// The same, for a browser that is there already.
    pub fn let_in(self, name: &str) -> Self {
        let mut page = self;
        let answer = page.sign_in(name, PASSWORD);
        assert_eq!(answer.status, 303, "{}", answer.text());
        assert!(page.cookies().contains("__Host-latchkey-session="), "{name} is signed in");
        page
    }

    /// Another user agent for all that follows.
    pub fn with_agent(self, agent: &str) -> Self {
        Self { agent: agent.to_owned(), ..self }
    }

    /// The same server, asked for by the address that a proxy in front of it has.
    pub fn through(self, origin: &str) -> Self {
        let (_, host) = origin.split_once("://").expect("a scheme");
        Self { origin: origin.to_owned(), client: self.client.with_host(host), ..self }
    }

    /// The same browser behind a proxy that says so, for a server that trusts it.
    pub fn coming_from(self, address: &str) -> Self {
        Self { client: self.client.with("X-Forwarded-For", address), ..self }
    }

    /// Binds an authenticator application by the code that it shows at that time; gives its secret and the page with
    /// the recovery codes.
    pub fn bind_totp(&mut self, unix_time: u64) -> (String, String) {
        let html = self.look("/profile/second-factor/totp");
        let (_, rest) = html.split_once("id=\"totp-secret\">").expect("a secret");
        let secret = rest.split('<').next().expect("its end").replace(' ', "");
        let bound = self.post("/profile/second-factor/totp", &[("code", &totp(&secret, unix_time))]);
        assert_eq!(bound.status, 200, "{}", bound.text());
        (secret, bound.text())
    }

    /// Sends the form of `/login`.
    pub fn sign_in(&mut self, name: &str, password: &str) -> Answer {
        self.submit("/login", "/login", &[("name", name), ("password", password)])
    }

    /// Asks for a page.
    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], "")
    }

    /// Asks for a page that must be there, and gives its text.
    pub fn look(&mut self, path: &str) -> String {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.text()
    }

    /// Asks for a page and sends the form on it, or another form with that page's token.
    pub fn submit(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        self.get(page);
        self.post(action, fields)
    }

    /// Sends a form with the token of the page that is shown.
    pub fn post(&mut self, action: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.hidden("csrf").unwrap_or_else(|| panic!("no form on {}", self.shown));
        self.post_with(action, &[&[("csrf", csrf.as_str())], fields].concat(), &self.origin.clone())
    }

    /// Sends a form exactly as it is given.
    pub fn post_with(&mut self, action: &str, fields: &[(&str, &str)], origin: &str) -> Answer {
        let body = serde_html_form::to_string(fields).expect("a form");
        let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", origin)];
        self.send("POST", action, &headers, &body)
    }

    /// Says something in JSON, as the pages' script does, with the token of the page that is shown.
    pub fn talk(&mut self, action: &str, body: &str) -> Answer {
        let csrf = self.hidden("csrf").unwrap_or_else(|| panic!("no form on {}", self.shown));
        let origin = self.origin.clone();
        let headers = [("Content-Type", "application/json"), ("Origin", &origin), ("X-CSRF-Token", &csrf)];
        self.send("POST", action, &headers, body)
    }

    /// Sends a request with the cookies, and keeps those that come back.
    pub fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let cookies = self.cookies();
        let mut all = [&[("User-Agent", self.agent.as_str())], headers].concat();
        if !cookies.is_empty() {
            all.push(("Cookie", &cookies));
        }
        let answer = self.client.send(method, path, &all, body.as_bytes());
        self.keep_cookies(&answer);
        if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
            self.shown = answer.text();
        }
        answer
    }

    /// The origin of the pages.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Puts a cookie in the jar, as somebody else might who had the browser for a moment.
    pub fn plant(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// The value of a cookie of ours, by the last part of its name.
    pub fn cookie(&self, name: &str) -> String {
        let found = self.cookies.get(&format!("__Host-latchkey-{name}"));
        found.unwrap_or_else(|| panic!("no {name} in {}", self.cookies())).clone()
    }

    /// All cookies as they are sent.
    pub fn cookies(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    /// The value of the first field of that name on the page that is shown.
    pub fn hidden(&self, name: &str) -> Option<String> {
        let (_, rest) = self.shown.split_once(&format!("name=\"{name}\" value=\""))?;
        rest.split_once('"').map(|(value, _)| plain(value))
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for (name, value) in &answer.headers {
            if !name.eq_ignore_ascii_case("set-cookie") {
                continue;
            }
            let (pair, attributes) = value.split_once(';').unwrap_or((value, ""));
            let (name, value) = pair.split_once('=').expect("a cookie has a name");
            if attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Text as a browser reads it from an attribute or an element.
pub fn plain(html: &str) -> String {
    let named = [("&quot;", "\""), ("&#34;", "\""), ("&#39;", "'"), ("&lt;", "<"), ("&#60;", "<"), ("&gt;", ">")];
    let named = named.into_iter().chain([("&#62;", ">"), ("&amp;", "&"), ("&#38;", "&")]);
    named.fold(html.to_owned(), |text, (name, character)| text.replace(name, character))
}

impl Answer {
    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        assert_eq!(self.status, 303, "{}", self.text());
        self.header("location").expect("a redirect leads somewhere")
    }
}
