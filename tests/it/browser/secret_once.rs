//! An application password is shown once, and is nowhere afterwards: not by the buttons of the browser, not in its
//! history, not on the server.

use std::fs;

use serde_json::json;

use super::people::PASSWORD;
use super::{Browser, localhost};
use crate::harness::TestServer;

struct Scene {
    server: TestServer,
    browser: Browser,
    url: String,
}

/// Somebody is signed in to a server as it is shipped.
fn scene(with_javascript: bool) -> Scene {
    let server = TestServer::start();
    server.ok_with_input(&["user", "add", "zoe", "--password-stdin"], PASSWORD);
    let browser = Browser::start();
    if !with_javascript {
        browser.javascript_off();
    }
    let url = localhost(server.addr);
    browser.let_in(&url, "zoe");
    Scene { server, browser, url }
}

/// The part of an application password that is kept nowhere, as it is shown and without dashes.
fn secret_of(key: &str) -> [String; 2] {
    let body: String = key.trim_start_matches("lk-").replace('-', "");
    [key[9..].to_owned(), body[5..24].to_owned()]
}

impl Scene {
    fn issued(&self) -> usize {
        let list = self.server.ok(&["app-password", "list", "zoe", "--json"]);
        serde_json::from_str::<Vec<serde_json::Value>>(&list).expect("a list").len()
    }

    /// The page that is shown does not hold it, in no field either.
    #[track_caller]
    fn assert_not_shown(&self, key: &str) {
        let values = "return [...document.querySelectorAll('input, textarea')].map((each) => each.value).join(' ')";
        let values = self.browser.run_js(values, Vec::new()).to_string();
        for secret in secret_of(key) {
            assert!(!self.browser.source().contains(&secret), "at {}", self.browser.url());
            assert!(!values.contains(&secret), "in a field at {}", self.browser.url());
        }
    }

    /// Nothing that the browser remembers of the way holds it.
    #[track_caller]
    fn assert_not_in_history(&self, key: &str) {
        let history = self.browser.cdp("Page.getNavigationHistory", &json!({})).to_string();
        // A page of the browser's own, which asks whether to send the form again, has no storage.
        let kept = "try { return JSON.stringify([history.state, { ...localStorage }, { ...sessionStorage }]) } \
                    catch (none) { return none.name }";
        let kept = self.browser.run_js(kept, Vec::new()).to_string();
        for secret in secret_of(key) {
            assert!(!history.contains(&secret) && !kept.contains(&secret), "{history} {kept}");
        }
    }

    /// Back and forward, several pages far.
    #[track_caller]
    fn assert_not_brought_back(&self, key: &str) {
        for _ in 0..3 {
            self.browser.back();
            self.assert_not_shown(key);
        }
        for _ in 0..3 {
            self.browser.forward();
            self.assert_not_shown(key);
        }
        self.assert_not_in_history(key);
    }

    /// The server keeps a hash of it alone, and tells nobody.
    #[track_caller]
    fn assert_not_kept(&self, key: &str) {
        let log = self.server.log();
        assert!(log.contains("/profile/app-passwords"), "the request is logged: {log}");
        for page in ["/profile", "/connect", "/profile/app-passwords/new"] {
            self.browser.open(&format!("{}{page}", self.url));
            self.assert_not_shown(key);
        }
        let mut searched = 0;
        for entry in fs::read_dir(self.server.storage()).expect("the storage") {
            let path = entry.expect("an entry").path();
            if !path.is_file() {
                continue;
            }
            let bytes = fs::read(&path).expect("read");
            searched += usize::from(path.to_string_lossy().contains("latchkey.sqlite3"));
            for secret in secret_of(key) {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{} holds the secret", path.display());
                assert!(!log.contains(&secret), "the log holds the secret");
            }
        }
        assert!(searched > 0, "the database was searched");
    }
}

#[test]
fn the_dialog_shows_it_once() {
    let scene = scene(true);
    let browser = &scene.browser;
    let key = browser.create_app_password("My WebDAV");
    assert_eq!(scene.server.stranger().with_basic("zoe", &key).get("/dav/").status, 200);
    browser.reload();
    browser.wait_for_text("#app-passwords tbody", "My WebDAV");
    assert!(!browser.is_shown("dialog"));
    scene.assert_not_shown(&key);
    scene.assert_not_brought_back(&key);
    assert_eq!(scene.issued(), 1);
    browser.open(&format!("{}/profile", scene.url));
    let second = browser.create_app_password("Another");
    browser.click("dialog[open] [data-finish]");
    browser.wait_for_text("#app-passwords tbody", "Another");
    scene.assert_not_shown(&second);
    scene.assert_not_brought_back(&second);
    scene.assert_not_kept(&key);
    scene.assert_not_kept(&second);
    assert_eq!(scene.issued(), 2);
}

#[test]
fn without_javascript_a_reload_of_the_answer_issues_no_second_one() {
    let scene = scene(false);
    let browser = &scene.browser;
    browser.click("#create-app-password");
    browser.fill("#label", "My WebDAV");
    browser.submit("form[action='/profile/app-passwords']");
    browser.wait_for_text("main", "This is shown once.");
    let key = browser.text("#issued-password");
    scene.assert_not_in_history(&key);
    browser.reload();
    browser.wait_for_text("main", "This password was created and shown already.");
    scene.assert_not_shown(&key);
    scene.assert_not_brought_back(&key);
    // The browser asks back before it sends the form a third time; this is the person's yes.
    browser.reload();
    scene.assert_not_shown(&key);
    assert_eq!(scene.issued(), 1);
    assert_eq!(scene.server.stranger().with_basic("zoe", &key).get("/dav/").status, 200, "it is good all the same");
    scene.assert_not_kept(&key);
}

#[test]
fn without_javascript_the_way_back_does_not_show_it() {
    let scene = scene(false);
    let browser = &scene.browser;
    browser.click("#create-app-password");
    browser.fill("#label", "My WebDAV");
    browser.submit("form[action='/profile/app-passwords']");
    let key = browser.text("#issued-password");
    browser.click("[data-finish]");
    browser.wait_for_text("#app-passwords tbody", "My WebDAV");
    scene.assert_not_shown(&key);
    scene.assert_not_brought_back(&key);
    assert_eq!(scene.issued(), 1);
}

#[test]
fn a_replacement_is_shown_once_too() {
    let scene = scene(true);
    let browser = &scene.browser;
    browser.create_app_password("My WebDAV");
    browser.click("dialog[open] [data-finish]");
    browser.click("#app-passwords tbody a");
    browser.submit("form[action$='/replace']");
    let key = browser.text("#issued-password");
    browser.reload();
    browser.wait_for_text("main", "This password was created and shown already.");
    scene.assert_not_shown(&key);
    browser.click("[data-finish]");
    browser.wait_for_text("#app-passwords tbody", "My WebDAV");
    scene.assert_not_brought_back(&key);
    assert_eq!(scene.issued(), 2);
    scene.assert_not_kept(&key);
}

#[test]
fn the_answer_that_shows_it_is_kept_by_no_cache() {
    let scene = scene(true);
    let browser = &scene.browser;
    browser.open(&format!("{}/profile/app-passwords/new", scene.url));
    browser.fill("#label", "My WebDAV");
    let send = "const form = document.querySelector('form[data-live]'); \
                const body = new URLSearchParams(new FormData(form)); \
                return fetch(form.action, { method: 'POST', body }).then(async (answer) => \
                ({ status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() }))";
    let shown = browser.run_js(send, Vec::new());
    assert_eq!((&shown["status"], &shown["headers"]["cache-control"]), (&json!(200), &json!("no-store")));
    assert_eq!(shown["headers"]["etag"], json!(null));
    let key = shown["text"].as_str().and_then(|text| text.split_once("id=\"issued-password\">")).expect("shown").1;
    let key = key.split('<').next().expect("its end").to_owned();
    let again = browser.run_js(send, Vec::new());
    assert_eq!((&again["status"], &again["headers"]["cache-control"]), (&json!(409), &json!("no-store")));
    assert!(!again.to_string().contains(&secret_of(&key)[0]));
    assert_eq!(scene.issued(), 1);
    for path in ["/profile", "/connect", "/profile/app-passwords/new", "/reauthenticate"] {
        assert_eq!(browser.fetch(path)["headers"]["cache-control"], json!("no-store"), "{path}");
    }
    scene.assert_not_kept(&key);
}
