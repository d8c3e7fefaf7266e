//! Every deed of the profile in a browser that runs no script.

use super::people::PASSWORD;
use super::{Browser, Clocked};

fn quiet(server: &Clocked) -> Browser {
    let browser = Browser::start();
    browser.javascript_off();
    browser.let_in(&server.url(), "zoe");
    browser
}

/// Whether a program gets in.
fn opens(server: &Clocked, key: &str) -> bool {
    server.stranger().with_basic("zoe", key).send("PROPFIND", "/dav/", &[("Depth", "0")], b"").status == 207
}

#[test]
fn an_application_password_is_created_replaced_and_revoked() {
    let server = Clocked::start();
    server.account("zoe");
    let browser = quiet(&server);
    browser.click("#create-app-password");
    browser.fill("#label", "My WebDAV");
    browser.click("form[action='/profile/app-passwords'] summary");
    browser.click("input[value=read-only]");
    browser.submit("form[action='/profile/app-passwords']");
    let old = browser.text("#issued-password");
    assert!(opens(&server, &old));
    browser.click("[data-finish]");
    browser.wait_for_text("#app-passwords tbody", "read only");

    browser.click("#app-passwords tbody a");
    browser.wait_for_text("h1", "Replace “My WebDAV”");
    browser.submit("form[action$='/replace']");
    browser.wait_for_text("main", "The old one");
    let new = browser.text("#issued-password");
    assert!(opens(&server, &old) && opens(&server, &new), "both are good for a day");
    server.advance(std::time::Duration::from_hours(24));
    assert!(!opens(&server, &old) && opens(&server, &new), "the old one has ended");

    browser.let_in(&server.url(), "zoe");
    assert_eq!(browser.count("#app-passwords tbody tr"), 2);
    browser.click("#app-passwords tbody tr:first-child a");
    browser.click("input[name=overlap][value='0']");
    browser.submit("form[action$='/replace']");
    let last = browser.text("#issued-password");
    assert!(!opens(&server, &new) && opens(&server, &last), "not good for a moment more");
    browser.click("[data-finish]");
    browser.submit("#app-passwords tbody tr:first-child form[action$='/revoke']");
    browser.wait_for_text("[role=status]", "The application password is revoked");
    assert!(!opens(&server, &last));
}

#[test]
fn what_is_wrong_with_a_form_is_said_beside_the_field() {
    let server = Clocked::start();
    server.account("zoe");
    let browser = quiet(&server);
    browser.open(&format!("{}/profile/app-passwords/new", server.url()));
    browser.fill("#label", "   ");
    browser.submit("form[action='/profile/app-passwords']");
    browser.wait_for("#label-wrong");
    assert_eq!(browser.attribute("#label", "aria-invalid").as_deref(), Some("true"));
    browser.fill("#label", "My WebDAV");
    browser.click("form[action='/profile/app-passwords'] summary");
    browser.fill("#networks", "nowhere");
    browser.submit("form[action='/profile/app-passwords']");
    browser.wait_for_text("[role=alert]", "is no network");
    assert_eq!(browser.value("#label"), "My WebDAV", "what was filled in stays");
    assert!(browser.is_shown("#networks"), "what is wrong is not folded away");
    assert_eq!(server.auth().app_passwords("zoe").expect("read").len(), 0);
}

fn change_password(browser: &Browser, old: &str, new: &str, again: &str) {
    if !browser.is_shown("#old") {
        browser.click("#password summary");
    }
    browser.fill("#old", old);
    browser.fill("#new-password", new);
    browser.fill("#again", again);
    browser.submit("form[action='/profile/password']");
}

#[test]
fn a_new_password_ends_the_old_one_and_all_other_sessions() {
    const NEW: &str = "brittle harbour seventeen";
    let server = Clocked::start();
    server.account("zoe");
    let (browser, there) = (quiet(&server), quiet(&server));
    let before = browser.session_token();
    for (old, new, again, words) in [
        (PASSWORD, "password1234", "password1234", "too easy to guess"),
        (PASSWORD, NEW, "brittle harbour eighteen", "are not the same"),
        ("something else", NEW, NEW, "The old password is not right."),
        (PASSWORD, PASSWORD, PASSWORD, "is the one you have now"),
    ] {
        change_password(&browser, old, new, again);
        browser.wait_for_text("#password [role=alert]", words);
    }
    there.reload();
    there.wait_for_text("h1", "Profile");
    change_password(&browser, PASSWORD, NEW, NEW);
    browser.wait_for_text("[role=status]", "Your password is changed");
    assert_ne!(browser.session_token(), before, "a new password gives another token");
    there.reload();
    there.wait_for_text("h1", "Sign in");
    there.sign_in(&server.url(), "zoe", PASSWORD);
    there.wait_for_text("[role=alert]", "The name or the password is not right.");
    there.sign_in(&server.url(), "zoe", NEW);
    there.wait_for_text("h1", "Profile");
}
