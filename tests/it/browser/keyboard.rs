//! Hands that use no mouse, and a secret that the Escape key does not lose.

use fantoccini::key::Key;

use super::{Browser, Clocked};

/// What has the focus: its id, or its text.
fn focused(browser: &Browser) -> String {
    let name = "const focus = document.activeElement; return focus.id || focus.textContent.trim()";
    browser.run_js(name, Vec::new()).as_str().unwrap_or_default().to_owned()
}

fn press(browser: &Browser, key: Key) {
    browser.keys(":focus", &key.to_string());
}

#[test]
fn the_dialog_is_used_by_keyboard_alone() {
    let server = Clocked::start();
    let browser = server.visited_by("zoe");
    browser.keys("#create-app-password", &Key::Enter.to_string());
    browser.wait_for("dialog[open]");
    assert_eq!(focused(&browser), "label");
    press(&browser, Key::Escape);
    browser.gone("dialog");
    assert_eq!(focused(&browser), "create-app-password", "the focus returns to where it was");
    press(&browser, Key::Enter);
    browser.wait_for("dialog[open]");
    browser.keys(":focus", "My WebDAV");
    browser.wait_for_text("dialog[open] [data-count-for=label]", "9 of 64");
    press(&browser, Key::Enter);
    browser.wait_for("dialog[open] #issued-password");
    let key = browser.text("#issued-password");
    assert_eq!(focused(&browser), "new-head", "what is new is read out");
    press(&browser, Key::Escape);
    assert_eq!((browser.text("#issued-password"), focused(&browser)), (key, "Finish".to_owned()));
    press(&browser, Key::Enter);
    browser.wait_for_text("#app-passwords tbody", "My WebDAV");
    assert!(!browser.is_shown("dialog"));
}

#[test]
fn the_first_stop_leads_past_the_menus() {
    let server = Clocked::start();
    let browser = server.visited_by("zoe");
    browser.keys("body", &Key::Tab.to_string());
    assert_eq!(focused(&browser), "Skip to the content");
    browser.screenshot("skip-link");
    press(&browser, Key::Enter);
    assert_eq!(focused(&browser), "main");
    browser.keys("#user-menu summary", &Key::Enter.to_string());
    browser.wait_for("#user-menu .menu-list");
    press(&browser, Key::Escape);
    browser.gone("#user-menu .menu-list");
}
