//! People of a directory that speaks LDAP: their company's name and password on our own page.

use std::time::Duration;

use latchkey::auth::{AccountChange, Actor, LinkKind, NewAccount};

use super::{Browser, Clocked};
use crate::browser::people::PASSWORD;
use crate::harness::CHEAP;
use crate::ldap::slapd::{BASE, SERVICE, Slapd};

const OWN: &str = "ada's own";

/// A server with a directory that answers, and a provider that does not.
fn office(slapd: &Slapd, more: &str) -> Clocked {
    Clocked::with_config(&format!(
        "{CHEAP}[[oidc]]\nlabel = \"Partners\"\nissuer = \"http://127.0.0.1:1\"\nclient_id = \"latchkey\"\n\
         [[ldap]]\nname = \"office\"\nlabel = \"The office\"\n{BASE}{SERVICE}urls = [\"{}\"]\nca_file = \"{}\"\n{more}",
        slapd.tls_url(),
        slapd.folder.path().join("authority.pem").display(),
    ))
}

#[test]
fn somebody_signs_in_by_name_or_address_and_confirms_by_the_company_s_password() {
    let slapd = Slapd::start();
    let server = office(&slapd, "");
    let (browser, url) = (Browser::start(), server.url());
    browser.open(&format!("{url}/login"));
    browser.wait_for_text(".hint", "company account (The office)");
    browser.look("office-sign-in");
    browser.sign_in(&url, "ada", "something else");
    browser.wait_for_text("[role=alert]", "A company account is locked for a while after many wrong tries.");
    browser.look("office-sign-in-wrong");
    browser.sign_in(&url, "ada", OWN);
    browser.wait_for_text("h1", "Profile");
    let account = browser.text("#account");
    assert!(account.contains("Ada Lovelace") && account.contains("The office, as "), "{account}");
    browser.look("office-profile");
    let key = browser.create_app_password("Notes");
    assert_eq!(server.stranger().with_basic("ada", &key).put("/dav/note.txt", b"hello").status, 201);

    server.advance(Duration::from_mins(11));
    browser.open(&format!("{url}/profile/app-passwords/new"));
    browser.wait_for_text("h1", "Confirm that it is you");
    browser.wait_for_text("form .hint", "That of your company account (The office).");
    browser.look("office-confirm");
    browser.fill("#password", "something else");
    browser.submit("form[action='/reauthenticate']");
    browser.wait_for_text("[role=alert]", "That is not right.");
    browser.fill("#password", OWN);
    browser.submit("form[action='/reauthenticate']");
    browser.wait_for("#label");

    browser.sign_out();
    assert!(!browser.text("main").contains("knows you still"), "there is nothing to sign out of there");
    browser.sign_in(&url, "Countess@Example.test", OWN);
    browser.wait_for_text("h1", "Profile");
    browser.wait_for_text("#account", "countess@example.test");
    assert_eq!(server.auth().users().expect("read").len(), 1, "both names are one account");
    assert_eq!(server.stranger().with_basic("ada", OWN).get("/dav/").status, 401, "it opens no drive");
    assert_eq!(server.stranger().with_basic("ada", &key).get("/dav/note.txt").text(), "hello");
}

#[test]
fn a_passkey_of_ours_is_a_second_factor_and_signs_in_nobody_alone() {
    let slapd = Slapd::start();
    let server = office(&slapd, "");
    let (browser, url) = (Browser::start(), server.url());
    browser.sign_in(&url, "ada", OWN);
    browser.wait_for_text("h1", "Profile");
    browser.add_authenticator();
    browser.click("#second-factor a[href='/profile/passkeys/new']");
    browser.fill("#passkey-name", "Ada's engine");
    browser.click("[data-passkey-register]");
    browser.wait_for_text("#second-factor tbody", "Ada's engine");
    browser.sign_out();
    browser.click("[data-passkey-sign-in]");
    browser.wait_for_text("#passkey-error", "Your account comes from The office. Please sign in with it.");
    // It was told by a status that is one.
    browser.complaints();
    browser.look("office-passkey");
    assert_eq!(browser.session_token(), None);
    browser.sign_in(&url, "ada", OWN);
    browser.wait_for_text("h1", "Second factor");
    browser.click("[data-passkey-sign-in]");
    browser.wait_for_text("h1", "Profile");
}

#[test]
fn whoever_is_invited_joins_by_the_company_s_password() {
    let slapd = Slapd::start();
    let server = office(&slapd, "provision = \"invited\"\n");
    let (browser, url, auth) = (Browser::start(), server.url(), server.auth());
    browser.sign_in(&url, "ada", OWN);
    browser.wait_for_text("[role=alert]", "You have no account here.");
    // It was told by a status that is one.
    browser.complaints();
    auth.add_user(&NewAccount::named("countess"), &Actor::cli()).expect("added");
    let token = auth.password_link("countess", LinkKind::Invitation, &Actor::cli()).expect("made");
    browser.open(&format!("{url}/welcome?token={}", token.expose()));
    browser.wait_for_text("h2", "Use your company account");
    browser.look("office-welcome");
    browser.fill("#company-name", "ada");
    browser.fill("#company-password", "something else");
    browser.submit("form[action='/welcome/ldap']");
    browser.wait_for_text("[role=alert]", "The name or the password is not right.");
    browser.look("office-welcome-wrong");
    browser.fill("#company-name", "ada");
    browser.fill("#company-password", OWN);
    browser.submit("form[action='/welcome/ldap']");
    browser.wait_for_text("h1", "Profile");
    browser.sign_out();
    for name in ["ada", "countess"] {
        browser.sign_in(&url, name, OWN);
        browser.wait_for_text("#account", "countess");
        browser.sign_out();
    }
    assert_eq!(auth.users().expect("read").len(), 1);
}

#[test]
fn an_administrator_joins_an_account_by_a_name_of_the_directory() {
    let slapd = Slapd::start();
    let server = office(&slapd, "");
    server.account("zoe");
    server.account("rosa");
    let admin = AccountChange { is_admin: Some(true), ..AccountChange::default() };
    server.auth().change_user("rosa", &admin, &Actor::cli()).expect("changed");
    let (rosa, url) = (Browser::start(), server.url());
    rosa.let_in(&url, "rosa");
    rosa.open(&format!("{url}/admin/users/zoe"));
    rosa.choose("#directory", "ldap:office");
    rosa.fill("#who", "nobody-there");
    rosa.submit("#company");
    rosa.wait_for_text("#who-error", "is nobody's name in that directory");
    rosa.fill("#who", "ada");
    rosa.submit("#company");
    rosa.wait_for_text("[role=status]", "The account is joined to the company account.");
    rosa.wait_for_text("#company", "ldap:office");
    rosa.open(&format!("{url}/admin/users/zoe"));
    rosa.look("office-joined");
    rosa.open(&format!("{url}/admin"));
    rosa.wait_for_text("#directories tbody", "The office");
    rosa.look("office-overview");
    let browser = Browser::start();
    browser.sign_in(&url, "zoe", PASSWORD);
    browser.wait_for_text("[role=alert]", "The name or the password is not right.");
    browser.sign_in(&url, "ada", OWN);
    browser.wait_for_text("#account", "zoe");
}
