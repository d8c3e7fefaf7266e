//! Company accounts in a real browser, with a real provider: another site, as in life.

mod administration;
mod confirm;
mod ends;
mod office;
mod sign_in;

use std::cell::Cell;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Browser, Clocked};
use crate::harness::CHEAP;
use crate::oidc::provider::{Options, Provider, Style};

/// A server and the provider that its people come from.
struct Company {
    server: Clocked,
    provider: Provider,
    /// Until when the server's clock has followed the provider's.
    followed: Cell<Instant>,
}

impl Company {
    /// By the letter of the specification.
    fn start(more: &str) -> Self {
        Self::like(Style::Plain, "generic", more)
    }

    fn like(style: Style, preset: &str, more: &str) -> Self {
        let provider = Provider::start(&Options::new(style));
        let server = Clocked::with_config(&format!("{CHEAP}{}", provider.config(preset, more)));
        come_back_to(&provider, &server, "company");
        Self { server, provider, followed: Cell::new(Instant::now()) }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url())
    }

    /// The server's clock goes on as far as the provider's has.
    fn catch_up(&self) {
        let now = Instant::now();
        self.server.advance(now - self.followed.replace(now));
    }

    /// Makes somebody known at the provider.
    fn hires(&self, name: &str, claims: &Value) {
        self.provider.account(name, claims);
    }

    /// A browser in which somebody has signed in by the provider for the first time; it shows the profile.
    fn visited_by(&self, name: &str) -> Browser {
        self.hires(name, &json!({}));
        let browser = Browser::start();
        browser.open(&self.url("/login"));
        self.enter(&browser, name);
        browser.wait_for_text("h1", "Profile");
        browser
    }

    /// Presses the provider's button on the page of the sign-in, and signs in there.
    #[track_caller]
    fn enter(&self, browser: &Browser, name: &str) {
        self.catch_up();
        browser.click("a[href^='/login/oidc/company']");
        prove(browser, name);
    }
}

/// Tells a provider where the server's browsers come back to.
fn come_back_to(provider: &Provider, server: &Clocked, name: &str) {
    let site = server.url();
    let back = [format!("{site}/login/oidc/{name}/callback"), format!("{site}/login?done=signed-out")];
    provider.come_back_to(&[&back[0], &back[1]], Some(&format!("{site}/login/oidc/{name}/logout")));
}

/// Signs in on the provider's own page.
#[track_caller]
fn prove(browser: &Browser, name: &str) {
    browser.wait_for_text("h1", "Provider sign-in");
    browser.fill("[name=login]", name);
    browser.fill("[name=password]", "password");
    browser.click("button");
    browser.wait_for(".brand");
    // What there was to complain about was the provider's.
    browser.complaints();
}
