//! Passkeys, with the authenticator that `WebDriver` lends. They need an address with a name: `localhost` is one.

use std::time::Duration;

use latchkey::auth::{Actor, NewAccount};
use latchkey::secret::PlainSecret;
use serde_json::json;

use super::people::PASSWORD;
use super::{Browser, Clocked};
use crate::pages::client::Page;

/// A person who has signed in and added a passkey to their account; the browser shows the profile.
fn with_passkey(server: &Clocked) -> Browser {
    let browser = server.visited_by("zoe");
    browser.add_authenticator();
    browser.click("#second-factor a[href='/profile/passkeys/new']");
    browser.fill("#passkey-name", "Zoe's laptop");
    browser.click("[data-passkey-register]");
    browser.wait_for_text("[role=status]", "The passkey is yours");
    browser.wait_for_text("#second-factor tbody", "Zoe's laptop");
    browser
}

#[test]
fn a_passkey_opens_the_pages_without_a_password_until_it_is_removed() {
    let server = Clocked::start();
    let (browser, url) = (with_passkey(&server), server.url());
    assert_eq!(browser.credentials()[0]["rpId"], "localhost");
    browser.sign_out();
    browser.click("[data-passkey-sign-in]");
    browser.wait_for_text("h1", "Profile");
    browser.click("#second-factor tbody button");
    browser.agree();
    browser.wait_for_text("[role=status]", "The passkey opens nothing any more");
    assert!(!server.auth().second_factors("zoe").expect("read").any());
    browser.sign_out();
    browser.click("[data-passkey-sign-in]");
    browser.wait_for_text("#passkey-error", "This passkey was not accepted.");
    browser.open(&format!("{url}/profile"));
    browser.wait_for_text("h1", "Sign in");
    assert_eq!(browser.session_token(), None);
}

#[test]
fn a_passkey_is_a_second_factor_after_the_password() {
    let server = Clocked::start();
    let (browser, url) = (with_passkey(&server), server.url());
    browser.sign_out();
    browser.sign_in(&url, "zoe", PASSWORD);
    browser.wait_for_text("h1", "Second factor");
    assert_eq!(browser.session_token(), None, "the password alone opens nothing");
    browser.click("[data-passkey-sign-in]");
    browser.wait_for_text("h1", "Profile");
    browser.wait_for_text("#second-factor tbody td[data-label='Last used'] time", "20");
}

/// Presses the button of the sign-in, and gives what the script would have sent last; the server does not get it.
#[track_caller]
fn signed_answer(browser: &Browser, url: &str) -> String {
    browser.open(&format!("{url}/login"));
    let hold = "const { fetch } = window; window.fetch = (address, request) => { \
                if (!address.endsWith('/finish')) return fetch(address, request); \
                document.body.dataset.held = request.body; return new Promise(() => {}); }";
    browser.run_js(hold, Vec::new());
    browser.click("[data-passkey-sign-in]");
    browser.wait_for("body[data-held]");
    browser.attribute("body", "data-held").expect("what was held back")
}

/// Somebody who sends what they like, with all that the browser has.
fn double_of(browser: &Browser, server: &Clocked) -> Page {
    let mut double = Page::at(server.addr);
    for cookie in browser.cookies() {
        double.plant(cookie.name(), cookie.value());
    }
    double.look("/login");
    double
}

#[test]
fn a_ceremony_belongs_to_its_browser_and_ends_with_its_first_answer() {
    const FINISH: &str = "/login/passkey/finish";
    let server = Clocked::start();
    let (browser, url) = (with_passkey(&server), server.url());
    browser.sign_out();
    let is_refused = |page: &mut Page, answer: &str| {
        let refused = page.talk(FINISH, answer);
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(!page.cookies().contains("latchkey-session"), "nobody is let in");
    };

    let answer = signed_answer(&browser, &url);
    let mut thief = Page::at(server.addr);
    thief.look("/login");
    is_refused(&mut thief, &answer);
    assert_eq!(thief.talk("/login/passkey/start", "{}").status, 200);
    is_refused(&mut thief, &answer);

    let mut own = double_of(&browser, &server);
    let mut again = own.clone();
    let let_in = own.talk(FINISH, &answer);
    assert_eq!(
        (let_in.status, let_in.json()),
        (200, json!({ "location": "/profile" })),
        "what a thief did spoilt nothing"
    );
    assert_eq!(own.get("/profile").status, 200);
    is_refused(&mut again, &answer);

    let answer = signed_answer(&browser, &url);
    let mut own = double_of(&browser, &server);
    is_refused(&mut own, "{\"credential\":{}}");
    is_refused(&mut own, &answer);

    let late = signed_answer(&browser, &url);
    server.advance(Duration::from_mins(5));
    is_refused(&mut double_of(&browser, &server), &late);
}

#[test]
fn after_ten_minutes_a_passkey_is_not_removed_without_a_fresh_proof() {
    let server = Clocked::start();
    let browser = with_passkey(&server);
    server.advance(Duration::from_mins(11));
    browser.click("#second-factor tbody button");
    browser.agree();
    browser.wait_for_text("h1", "Confirm that it is you");
    let bound = || server.auth().second_factors("zoe").expect("read").passkeys.len();
    assert_eq!(bound(), 1);
    browser.click("[data-passkey-sign-in]");
    browser.wait_for_text("h1", "Profile");
    browser.click("#second-factor tbody button");
    browser.agree();
    browser.wait_for_text("[role=status]", "The passkey opens nothing any more");
    assert_eq!(bound(), 0);
}

#[test]
fn a_passkey_shows_again_who_is_there() {
    let server = Clocked::start();
    let (browser, url) = (with_passkey(&server), server.url());
    let before = browser.session_token();
    server.advance(Duration::from_mins(11));
    browser.open(&format!("{url}/profile/app-passwords/new"));
    browser.wait_for_text("h1", "Confirm that it is you");
    browser.click("[data-passkey-sign-in]");
    browser.wait_for("#label");
    assert!(browser.url().ends_with("/profile/app-passwords/new"), "{}", browser.url());
    assert_ne!(browser.session_token(), before, "a step up gives another token");
}

#[test]
fn a_passkey_named_like_a_formula_is_text_in_the_exported_log() {
    const FORMULA: &str = "=HYPERLINK(\"http://evil.example\",\"A\")";
    let server = Clocked::start();
    let browser = server.visited_by("zoe");
    browser.add_authenticator();
    browser.open(&format!("{}/profile/passkeys/new", server.url()));
    browser.fill("#passkey-name", FORMULA);
    browser.click("[data-passkey-register]");
    browser.wait_for_text("#second-factor tbody", FORMULA);
    browser.click("#second-factor tbody button");
    browser.agree();
    browser.wait_for_text("[role=status]", "The passkey opens nothing any more");
    let password = Some(PlainSecret::new(PASSWORD.to_owned()));
    let root = NewAccount { is_admin: true, password, ..NewAccount::named("root") };
    server.auth().add_user(&root, &Actor::cli()).expect("added");
    let mut root = Page::at(server.addr).let_in("root");
    let lines = root.get("/admin/audit.json?kind=second-factor&person=zoe").json();
    for (line, kind) in [(0, "passkey.unbind"), (1, "passkey.bind")] {
        let line = &lines[line];
        assert_eq!((line["kind"].as_str(), line["subject"].as_str()), (Some(kind), Some(FORMULA)), "{lines}");
        assert_eq!((line["actor"].as_str(), line["address"].as_str()), (Some("zoe"), Some("127.0.0.1")), "{lines}");
    }
    let csv = root.get("/admin/audit.csv?kind=second-factor").text();
    let neutral = format!("zoe,\"'{}\",", FORMULA.replace('"', "\"\""));
    assert_eq!(csv.matches(&neutral).count(), 2, "{csv}");
    assert_eq!(csv.matches("=HYPERLINK").count(), 2, "nowhere else: {csv}");
}

#[test]
fn a_passkey_of_nobody_here_opens_nothing() {
    let (here, elsewhere) = (Clocked::start(), Clocked::start());
    // Both are the same host to an authenticator, so it offers the one's passkey to the other.
    let browser = with_passkey(&elsewhere);
    browser.open(&here.url());
    browser.click("[data-passkey-sign-in]");
    browser.wait_for_text("#passkey-error", "This passkey was not accepted.");
}

#[test]
fn an_address_without_a_name_says_that_passkeys_need_one() {
    let server = Clocked::start();
    server.account("zoe");
    let url = format!("http://{}", server.addr);
    let browser = Browser::start();
    browser.add_authenticator();
    browser.open(&format!("{url}/login"));
    browser.wait_for_text("h1", "Sign in");
    assert!(!browser.exists("[data-passkey-sign-in]"));
    browser.let_in(&url, "zoe");
    browser.wait_for_text("#second-factor", "Passkeys need an address with a name");
    assert!(!browser.exists("a[href='/profile/passkeys/new']"));
    browser.open(&format!("{url}/profile/passkeys/new"));
    browser.wait_for_text("main", "an address with a name");
}
