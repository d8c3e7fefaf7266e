//! The dialog that creates an application password, used by mouse.

use fantoccini::key::Key;

use super::Clocked;

#[test]
fn cancel_closes_the_dialog_and_issues_nothing() {
    let server = Clocked::start();
    let browser = server.visited_by("zoe");
    browser.click("#create-app-password");
    browser.wait_for_text("dialog[open]", "For a program that knows neither OAuth nor a second factor");
    browser.fill("dialog[open] #label", "My WebDAV");
    browser.click("dialog[open] [data-close]");
    browser.gone("dialog");
    assert_eq!(browser.url(), format!("{}/profile", server.url()));
    browser.reload();
    browser.wait_for_text("#app-passwords", "No program has a password yet.");
    assert_eq!(server.auth().app_passwords("zoe").expect("read").len(), 0);
}

#[test]
fn a_press_on_copy_takes_the_password_along() {
    let server = Clocked::start();
    let browser = server.visited_by("zoe");
    let key = browser.create_app_password("My WebDAV");
    browser.click("dialog[open] [data-copy='#issued-password']");
    browser.wait_for_text("dialog[open] .announcer", "Copied");
    browser.click("dialog[open] [data-finish]");
    browser.gone("dialog");
    browser.click("#create-app-password");
    browser.keys("dialog[open] #label", &(Key::Control + "v"));
    assert_eq!(browser.value("dialog[open] #label"), key, "pasted elsewhere, it is the password and nothing else");
}
