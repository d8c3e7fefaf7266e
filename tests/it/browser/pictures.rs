//! Every page at the width of a desk and of a phone, in light and in dark: nobody is kept out, nothing sticks out, the
//! browser complains about nothing, and a picture is kept to be looked at.

use std::time::Duration;

use latchkey::auth::{Actor, Expiry, LinkKind, NewAccount, NewAppPassword};
use latchkey::model::Scope;
use latchkey::secret::PlainSecret;

use super::people::PASSWORD;
use super::{Browser, Clocked};
use crate::harness::{CHEAP, eventually};

const SCRIPT: &str = "<script>alert(1)</script>";

impl Browser {
    /// Looks at the page as it is now.
    #[track_caller]
    pub(super) fn look(&self, name: &str) {
        for width in [1280, 360] {
            self.resize(width, if width == 360 { 740 } else { 900 });
            self.assert_fits(name);
            for dark in [false, true] {
                self.dark(dark);
                self.assert_accessible(name);
                self.screenshot(&format!("{name}-{width}{}", if dark { "-dark" } else { "" }));
            }
        }
        self.resize(1280, 900);
        self.dark(false);
        // That the page itself was answered with a refusal is no fault of it.
        let refusal = format!("{} - Failed to load resource", self.url());
        let meant = |told: &String| told.starts_with(&refusal) || told.contains("a status of 422");
        let complaints: Vec<String> = self.complaints().into_iter().filter(|told| !meant(told)).collect();
        assert_eq!(complaints, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_sign_in() {
    let server = Clocked::start();
    let (browser, url) = (server.visited_by("zoe"), server.url());
    let bound = browser.bind_totp(&url, server.unix_time());
    browser.sign_out();
    browser.look("sign-in");
    browser.sign_in(&url, "zoe", "something else");
    browser.wait_for("[role=alert]");
    browser.look("sign-in-wrong");
    browser.sign_in(&url, "zoe", PASSWORD);
    browser.wait_for_text("h1", "Second factor");
    browser.look("code");
    browser.give_code("000000");
    browser.wait_for_text("[role=alert]", "This code is not right");
    browser.look("code-wrong");
    for _ in 0..12 {
        browser.sign_in(&url, "zoe", "something else");
    }
    browser.wait_for_text("[role=alert]", "Too many attempts");
    browser.look("sign-in-too-many");
    server.advance(Duration::from_mins(10));
    browser.sign_in(&url, "zoe", PASSWORD);
    browser.give_code(&bound.code(server.unix_time()));
    browser.wait_for_text("h1", "Profile");
    browser.open(&format!("{url}/reauthenticate"));
    browser.look("reauthenticate");
    browser.open(&format!("{url}/profile/nothing"));
    browser.look("nothing-here");
}

#[test]
fn what_is_to_be_done_first() {
    let server = Clocked::with_config(&format!("{CHEAP}second_factor_for = \"everybody\"\n"));
    let (browser, url) = (Browser::start(), server.url());
    let first = server.auth().first_start().expect("made").expect("there was no administrator");
    browser.sign_in(&url, "admin", first.password.expose());
    browser.wait_for_text("h1", "Choose a password");
    browser.look("new-password");
    browser.fill("#password", "administrator");
    browser.fill("#again", "administrator");
    browser.submit("form");
    browser.wait_for_text("[role=alert]", "too easy to guess");
    browser.look("new-password-weak");
    browser.fill("#password", "brittle harbour seventeen");
    browser.fill("#again", "brittle harbour seventeen");
    browser.submit("form");
    browser.wait_for_text("h1", "Set up a second factor");
    browser.look("second-factor-duty");
    browser.click("a[href='/profile/second-factor/totp']");
    browser.wait_for_text("h1", "Set up codes");
    browser.look("totp-duty");
}

#[test]
fn links_that_are_handed_over() {
    let server = Clocked::start();
    let (browser, url) = (Browser::start(), server.url());
    server.auth().add_user(&NewAccount::named("zoe"), &Actor::cli()).expect("added");
    for (kind, name) in [(LinkKind::Invitation, "welcome"), (LinkKind::Reset, "welcome-reset")] {
        let token = server.auth().password_link("zoe", kind, &Actor::cli()).expect("made");
        browser.open(&format!("{url}/welcome?token={}", token.expose()));
        browser.wait_for("#again");
        browser.look(name);
    }
    browser.fill("#password", PASSWORD);
    browser.fill("#again", PASSWORD);
    browser.submit("form");
    browser.wait_for_text("h1", "Sign in");
    browser.look("sign-in-after-welcome");
    browser.open(&format!("{url}/welcome?token=gone"));
    browser.wait_for_text("h1", "This link is good no more");
    browser.look("welcome-gone");
}

#[test]
fn the_second_factor() {
    let server = Clocked::start();
    let (browser, url) = (server.visited_by("zoe"), server.url());
    browser.add_authenticator();
    browser.open(&format!("{url}/profile/second-factor/totp"));
    browser.look("totp");
    browser.open(&format!("{url}/profile/second-factor"));
    browser.look("second-factor");
    browser.bind_totp(&url, server.unix_time());
    browser.look("recovery-codes");
    browser.reload();
    browser.wait_for_text(".lead", "shown already");
    browser.look("recovery-codes-again");
    browser.open(&format!("{url}/profile/passkeys/new"));
    browser.look("passkey");
    browser.click("[data-passkey-register]");
    browser.wait_for_text("h1", "Profile");
    browser.sign_out();
    browser.sign_in(&url, "zoe", PASSWORD);
    browser.wait_for_text("h1", "Second factor");
    browser.look("code-or-passkey");
}

#[test]
fn an_empty_profile_and_its_dialog() {
    let server = Clocked::start();
    let (browser, url) = (server.visited_by("zoe"), server.url());
    browser.look("profile-empty");
    browser.click("#user-menu summary");
    browser.look("menu-open");
    browser.open(&format!("{url}/profile"));
    browser.click("#password summary");
    browser.fill("#old", PASSWORD);
    browser.fill("#new-password", "password1234");
    browser.fill("#again", "password1234");
    browser.submit("form[action='/profile/password']");
    browser.wait_for("#password [role=alert]");
    browser.look("profile-weak-password");
    browser.open(&format!("{url}/profile"));
    browser.click("#create-app-password");
    browser.wait_for("dialog[open] #label");
    browser.look("dialog");
    browser.click("dialog[open] summary");
    browser.look("dialog-more");
    browser.fill("dialog[open] #label", &"W".repeat(64));
    browser.fill("dialog[open] #networks", "nowhere");
    browser.submit("dialog[open] form");
    browser.wait_for_text("dialog[open] [role=alert]", "is no network");
    browser.look("dialog-wrong");
    browser.fill("dialog[open] #networks", "");
    browser.submit("dialog[open] form");
    browser.wait_for("dialog[open] #issued-password");
    browser.look("dialog-issued");
    browser.click("dialog[open] [data-finish]");
    // The page is loaded anew by itself.
    browser.wait_for_text("#app-passwords tbody", &"W".repeat(64));
    browser.open(&format!("{url}/profile/app-passwords/new"));
    browser.look("form");
    browser.fill("#label", "My WebDAV");
    browser.submit("form[data-live]");
    browser.wait_for("#issued-password");
    browser.look("issued");
    browser.reload();
    browser.wait_for_text("main", "Not shown again");
    browser.look("issued-again");
    browser.click("[data-finish]");
    browser.click("#app-passwords tbody a");
    browser.wait_for_text("h1", "Replace");
    browser.look("replace");
    browser.open(&format!("{url}/connect"));
    browser.look("connect");
    browser.run_js("document.querySelectorAll('main details').forEach((each) => { each.open = true })", Vec::new());
    browser.look("connect-unfolded");
}

/// Application passwords in every state, under names that would break a page which does not expect them.
fn fill_up(server: &Clocked) {
    let issue = |label: &str, life: Duration, folders: &[&str], networks: &[&str]| {
        let new = NewAppPassword {
            label: label.to_owned(),
            expiry: Expiry::After(life),
            scope: if folders.is_empty() { Scope::ReadWrite } else { Scope::ReadOnly },
            folders: folders.iter().map(ToString::to_string).collect(),
            networks: networks.iter().map(|network| network.parse().expect("a network")).collect(),
        };
        server.auth().issue_app_password("zoe", &new, &Actor::cli()).expect("issued")
    };
    let day = Duration::from_hours(24);
    issue("Old laptop", Duration::from_hours(1), &[], &[]);
    issue("Ends soon", day * 10, &[], &[]);
    issue(&"W".repeat(64), day * 180, &["/Documents/Notes", "/A folder with a rather long name"], &["2001:db8::/32"]);
    let lost = issue("Lost phone", day * 180, &[], &[]);
    server.auth().revoke_app_password(&lost.row.selector, &Actor::cli()).expect("revoked");
    let agents = ["Microsoft-WebDAV-MiniRedir/10.0.19045", SCRIPT];
    for (label, agent) in [("Explorer", agents[0]), (SCRIPT, agents[1])] {
        let issued = issue(label, day * 180, &[], &[]);
        let program = server.stranger().with_basic("zoe", issued.password.expose()).with("User-Agent", agent);
        assert_eq!(program.send("PROPFIND", "/dav/", &[("Depth", "0")], b"").status, 207);
    }
    server.advance(Duration::from_hours(2));
}

#[test]
fn a_full_profile_shows_what_people_wrote_as_text() {
    let server = Clocked::start();
    let (browser, url) = (Browser::start(), server.url());
    let new = NewAccount {
        display_name: format!("Zoë {SCRIPT}"),
        email: Some("zoe.with-a-long-name@department.example.org".to_owned()),
        password: Some(PlainSecret::new(PASSWORD.to_owned())),
        is_admin: true,
        ..NewAccount::named("zoe")
    };
    server.auth().add_user(&new, &Actor::cli()).expect("added");
    fill_up(&server);
    browser.let_in(&url, "zoe");
    browser.add_authenticator();
    browser.open(&format!("{url}/profile/passkeys/new"));
    browser.fill("#passkey-name", SCRIPT);
    browser.click("[data-passkey-register]");
    browser.wait_for_text("#second-factor tbody", SCRIPT);
    browser.bind_totp(&url, server.unix_time());
    browser.delete_cookies();
    server.advance(Duration::from_mins(1));
    browser.sign_in(&url, "zoe", PASSWORD);
    browser.click("[data-passkey-sign-in]");
    browser.wait_for_text("h1", "Profile");
    eventually("the last uses on the page", || {
        browser.open(&format!("{url}/profile"));
        browser.text("#app-passwords tbody").contains("Windows Explorer")
    });
    browser.click("#app-passwords details summary");
    browser.look("profile-full");
    let scrolls =
        "return [...document.querySelectorAll('.table-scroll')].some((box) => box.scrollWidth > box.clientWidth)";
    assert_eq!(browser.run_js(scrolls, Vec::new()), false, "at a desk, all of a table is seen at once");
    let table = browser.text("#app-passwords tbody");
    assert!(table.matches(SCRIPT).count() >= 1, "{table}");
    assert_eq!(browser.count("main script"), 0);
    assert!(browser.text("#account").contains(SCRIPT));
    for (class, label) in [("bad", "Old laptop"), ("warn", "Ends soon"), ("good", "Explorer")] {
        browser.wait_for_text(&format!("#app-passwords tr:has(.badge.{class})"), label);
    }
    browser.click("#app-passwords tbody form[action$='/revoke'] button");
    browser.wait_for("dialog[open] #confirm-text");
    browser.look("confirm");
}
