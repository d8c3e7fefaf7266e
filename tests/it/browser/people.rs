//! What people do on the pages, in the steps that several tests share.

use serde_json::{Value, json};

use latchkey::auth::{Actor, NewAccount};
use latchkey::secret::PlainSecret;

use super::{Browser, Clocked, totp};

/// The account's own password of everybody in these tests.
pub const PASSWORD: &str = "vermilion otter ladder";

/// What an authenticator application holds, and the recovery codes that came with it.
pub struct Bound {
    pub secret: String,
    pub codes: Vec<String>,
}

impl Bound {
    /// The code that the application shows.
    pub fn code(&self, unix_time: u64) -> String {
        totp(&self.secret, unix_time)
    }
}

impl Clocked {
    /// Adds an account with [`PASSWORD`].
    pub fn account(&self, name: &str) {
        let new = NewAccount { password: Some(PlainSecret::new(PASSWORD.to_owned())), ..NewAccount::named(name) };
        self.auth().add_user(&new, &Actor::cli()).expect("added");
    }

    /// A browser in which a new person has signed in; it shows the profile.
    pub fn visited_by(&self, name: &str) -> Browser {
        self.account(name);
        let browser = Browser::start();
        browser.let_in(&self.url(), name);
        browser
    }
}

impl Browser {
    /// Opens the sign-in and sends name and password.
    #[track_caller]
    pub fn sign_in(&self, url: &str, name: &str, password: &str) {
        self.open(&format!("{url}/login"));
        self.wait_for_text("h1", "Sign in");
        self.fill("#name", name);
        self.fill("#password", password);
        self.submit("form[action='/login']");
    }

    /// The same with [`PASSWORD`], for somebody without second factor.
    #[track_caller]
    pub fn let_in(&self, url: &str, name: &str) {
        self.sign_in(url, name, PASSWORD);
        self.wait_for_text("h1", "Profile");
    }

    /// Sends a code where one is asked for.
    #[track_caller]
    pub fn give_code(&self, code: &str) {
        self.wait_for_text("h1", "Second factor");
        self.fill("#code", code);
        self.submit("form[action='/login/code']");
    }

    /// Signs out by the menu at the top right.
    #[track_caller]
    pub fn sign_out(&self) {
        self.click("#user-menu summary");
        self.submit("#user-menu form");
        self.wait_for_text("h1", "Sign in");
    }

    /// Agrees to what the page asks back.
    #[track_caller]
    pub fn agree(&self) {
        self.wait_for("dialog[open] #confirm-text");
        self.click("dialog[open] .actions button:last-child");
    }

    /// Says again who is there.
    #[track_caller]
    pub fn confirm_password(&self) {
        self.wait_for_text("h1", "Confirm that it is you");
        self.fill("#password", PASSWORD);
        self.submit("form[action='/reauthenticate']");
    }

    /// Binds an authenticator application on the profile, by the code that it shows at that time; ends at its recovery
    /// codes.
    #[track_caller]
    pub fn bind_totp(&self, url: &str, unix_time: u64) -> Bound {
        self.open(&format!("{url}/profile"));
        self.click("#second-factor a[href='/profile/second-factor/totp']");
        self.wait_for_text("h1", "Set up codes");
        let secret = self.text("#totp-secret").replace(' ', "");
        self.fill("#code", &totp(&secret, unix_time));
        self.submit("form[action='/profile/second-factor/totp']");
        self.wait_for_text("h1", "Recovery codes");
        Bound { secret, codes: self.recovery_codes() }
    }

    /// The recovery codes that are shown.
    #[track_caller]
    pub fn recovery_codes(&self) -> Vec<String> {
        self.text("#codes").lines().map(|line| line.trim().to_owned()).collect()
    }

    /// Creates an application password in the profile's dialog, and gives it; the dialog stays open.
    #[track_caller]
    pub fn create_app_password(&self, label: &str) -> String {
        self.click("#create-app-password");
        self.fill("dialog[open] #label", label);
        self.submit("dialog[open] form");
        self.wait_for_text("dialog[open] h2", label);
        self.text("dialog[open] #issued-password")
    }

    /// The value of the session's cookie, where there is one.
    #[track_caller]
    pub fn session_token(&self) -> Option<String> {
        let cookies = self.cookies();
        let session = cookies.iter().find(|cookie| cookie.name() == "__Host-latchkey-session");
        session.map(|cookie| cookie.value().to_owned())
    }

    /// Asks for an address as a script of the page would, and gives status, headers and text.
    #[track_caller]
    pub fn fetch(&self, path: &str) -> Value {
        let ask = "return fetch(arguments[0]).then(async (answer) => ({ status: answer.status, address: answer.url, \
                   headers: Object.fromEntries(answer.headers), text: await answer.text() }))";
        self.run_js(ask, vec![json!(path)])
    }
}
