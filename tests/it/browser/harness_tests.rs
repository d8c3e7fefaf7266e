//! The harness itself: a tool that finds nothing wrong anywhere would prove nothing.

use std::path::Path;

use fantoccini::key::Key;
use serde_json::json;

use super::{Browser, driver, fixture, localhost, screenshots, totp};

fn on_fixture() -> (Browser, String) {
    let browser = Browser::start();
    let url = localhost(fixture::serve());
    browser.open(&url);
    (browser, url)
}

#[test]
fn a_form_is_filled_and_sent() {
    let (browser, url) = on_fixture();
    assert_eq!((browser.title(), browser.url()), ("A form".to_owned(), format!("{url}/")));
    browser.fill("#name", "Zoë");
    browser.keys("#name", &format!("x{}y", Key::Left));
    assert_eq!(browser.value("#name"), "Zoëyx");
    browser.choose("#colour", "g");
    assert_eq!(browser.value("#colour"), "g");
    browser.attach("#file", Path::new("Cargo.toml"));
    assert!(browser.value("#file").ends_with("Cargo.toml"));
    assert_eq!(browser.attribute("#file", "type").as_deref(), Some("file"));
    assert_eq!(browser.attribute("#file", "multiple"), None);
    browser.click("#ask");
    assert_eq!(browser.accept_alert(), "Sure?");
    browser.wait_for_text("#ask", "yes");
    browser.click("#save");
    assert_eq!(browser.downloaded("codes.txt"), b"1234-5678\n");
    browser.submit("form");
    browser.wait_for_text("h1", "Sent by POST: 1");
    browser.reload();
    browser.wait_for_text("h1", "Sent by POST: 2");
    assert!(browser.source().contains("<h1>Sent by POST: 2</h1>"));
    browser.back();
    assert_eq!(browser.text("h1"), "A form");
    browser.open(&format!("{url}/bad"));
    browser.back();
    browser.forward();
    assert_eq!(browser.text("h1"), "Bad");
}

#[test]
fn what_comes_and_goes_is_waited_for() {
    let (browser, url) = on_fixture();
    browser.wait_for("#late");
    browser.gone("#short");
    assert!(browser.exists("#late") && browser.is_shown("#late") && !browser.exists("#short"));
    browser.javascript_off();
    browser.reload();
    assert_eq!((browser.text("#script").as_str(), browser.count("p")), ("off", 3));
    assert!(browser.exists("#late") && !browser.is_shown("#late"));
    browser.submit("form");
    browser.wait_for_text("h1", "Sent");
    browser.javascript_on();
    browser.open(&url);
    browser.wait_for_text("#script", "on");
    assert_eq!(browser.run_js("return Promise.resolve(arguments[0] + 1)", vec![json!(1)]), json!(2));
    let zone = "return Intl.DateTimeFormat().resolvedOptions().timeZone";
    browser.time_zone("Asia/Tokyo");
    assert_eq!(browser.run_js(zone, Vec::new()), json!("Asia/Tokyo"));
}

#[test]
fn cookies_are_the_browsers_own() {
    let (browser, url) = on_fixture();
    let names = |browser: &Browser| browser.cookies().iter().map(|cookie| cookie.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&browser), ["__Host-kept"], "localhost is trusted without TLS");
    assert_eq!(browser.cookies()[0].http_only(), Some(true));
    let other = Browser::start();
    other.open(&format!("{url}/nothing"));
    other.delete_cookies();
    assert_eq!(names(&other), Vec::<String>::new());
    assert_eq!(names(&browser), ["__Host-kept"]);
    assert!(other.complaints().iter().any(|told| told.contains("404")));
}

#[test]
fn faults_of_a_page_are_found_past_its_policy() {
    let (browser, url) = on_fixture();
    browser.assert_accessible("the form");
    browser.assert_fits("the form");
    assert_eq!(browser.complaints(), Vec::<String>::new());
    browser.open(&format!("{url}/bad"));
    browser.resize(360, 740);
    assert_eq!(browser.title(), "Bad");
    let complaints = browser.complaints().concat();
    assert!(complaints.contains("Content Security Policy"), "{complaints}");
    let found = browser.axe();
    for (rule, impact) in [("html-has-lang", "serious"), ("color-contrast", "serious"), ("label", "critical")] {
        assert!(found.iter().any(|found| found.id == rule && found.impact == impact), "{rule} in {found:#?}");
    }
    let out = browser.sticking_out();
    for (found, expected) in out.iter().zip(["the page is 708 px", "div#lost.wide reaches", "div#out.wide reaches"]) {
        assert!(found.starts_with(expected), "{out:#?}");
    }
    assert_eq!(out.len(), 3, "{out:#?}");
}

#[test]
fn a_picture_shows_the_whole_page_in_dark() {
    let (browser, url) = on_fixture();
    browser.open(&format!("{url}/bad"));
    browser.resize(360, 100);
    let background = "return getComputedStyle(document.body).backgroundColor";
    browser.dark(true);
    assert_eq!(browser.run_js(background, Vec::new()), json!("rgb(0, 0, 0)"));
    browser.screenshot("harness-dark");
    browser.dark(false);
    assert_eq!(browser.run_js(background, Vec::new()), json!("rgb(255, 255, 255)"));
    let png = std::fs::read(screenshots().join("harness-dark.png")).expect("a picture");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    assert_eq!(number(16), 708, "as wide as the page");
    assert!(number(20) > 100, "as high as the page");
}

#[test]
fn a_passkey_is_made_without_a_hand() {
    let (browser, _) = on_fixture();
    browser.add_authenticator();
    assert_eq!(browser.credentials().len(), 0);
    let make = "const bytes = new Uint8Array(16); const user = { id: bytes, name: 'a', displayName: 'A' }; \
                return navigator.credentials.create({ publicKey: { challenge: bytes, user, rp: { name: 'L' }, \
                authenticatorSelection: { residentKey: 'required', userVerification: 'required' }, \
                pubKeyCredParams: [{ type: 'public-key', alg: -7 }] } }).then((made) => made.type)";
    assert_eq!(browser.run_js(make, Vec::new()), json!("public-key"));
    let credentials = browser.credentials();
    assert_eq!(credentials[0]["rpId"], "localhost");
    assert_eq!(credentials.len(), 1);
}

#[test]
fn nothing_of_a_browser_is_left() {
    let (browser, _) = on_fixture();
    let started = browser.driver.processes();
    assert!(started.len() > 3, "{started:?}");
    drop(browser);
    let left: Vec<_> = started.into_iter().filter(|pid| driver::is_there(*pid)).collect();
    assert_eq!(left, []);
}

/// The examples of RFC 6238, appendix B, cut to six digits.
#[test]
fn codes_are_those_of_the_specification() {
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
        assert_eq!(totp(secret, time), code);
    }
}
