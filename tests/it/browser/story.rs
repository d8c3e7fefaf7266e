//! What the pages are for, from the first visit to the program that works.

use std::time::SystemTime;

use super::people::PASSWORD;
use super::{Browser, localhost};
use crate::harness::{TestServer, eventually};

fn unix_time() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
}

#[test]
fn a_person_creates_an_application_password_and_a_program_works_with_it() {
    let server = TestServer::start();
    let url = localhost(server.addr);
    server.ok_with_input(&["user", "add", "zoe", "--password-stdin"], PASSWORD);
    let browser = Browser::start();
    browser.let_in(&url, "zoe");
    let bound_at = unix_time();
    let bound = browser.bind_totp(&url, bound_at);
    browser.click(".actions a.primary");
    browser.wait_for_text("#second-factor", "On since");
    browser.sign_out();

    browser.open(&url);
    browser.wait_for_text("h1", "Sign in");
    browser.fill("#name", "zoe");
    browser.fill("#password", PASSWORD);
    browser.submit("form[action='/login']");
    // The code of the binding has been used; a phone may be half a minute ahead.
    browser.give_code(&bound.code(bound_at + 30));
    browser.wait_for_text("h1", "Profile");
    browser.open(&format!("{url}/connect"));
    browser.click("#user-menu summary");
    let corner = "const box = document.querySelector('#user-menu').getBoundingClientRect(); \
                  return box.top < 60 && box.right > innerWidth - 120";
    assert_eq!(browser.run_js(corner, Vec::new()), true, "the menu is at the top right");
    browser.click("#user-menu a[href='/profile']");
    browser.wait_for_text("#app-passwords", "No program has a password yet.");

    let key = browser.create_app_password("My WebDAV");
    let address = browser.text("dialog[open] #issued-address");
    let user = browser.text("dialog[open] #issued-user");
    assert_eq!((address, user.as_str()), (format!("{url}/dav/"), "zoe"));
    browser.wait_for_text("dialog[open]", "After that, a new one is needed.");
    browser.wait_for_text("dialog[open]", "This is shown once.");
    let program = server.stranger().with_basic(&user, &key).with("User-Agent", "rclone/v1.60.1");
    assert_eq!(program.put("/dav/note.txt", b"from a program").status, 201);
    assert_eq!(program.get("/dav/note.txt").text(), "from a program");
    browser.click("dialog[open] [data-finish]");
    browser.gone("dialog");

    browser.wait_for_text("#app-passwords tbody", "My WebDAV");
    eventually("the last use on the page", || {
        browser.open(&format!("{url}/profile"));
        let row = browser.text("#app-passwords tbody tr");
        row.contains("rclone 1.60.1") && row.contains("from 127.0.0.1")
    });
    assert!(!browser.text("#app-passwords tbody tr").contains("never"), "it was used, and it ends");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn an_administrator_cuts_a_connection() {
    let server = TestServer::start();
    let url = localhost(server.addr);
    server.ok_with_input(&["user", "add", "zoe", "--password-stdin"], PASSWORD);
    server.ok_with_input(&["user", "add", "boss", "--admin", "--password-stdin"], PASSWORD);
    let (zoe, boss) = (Browser::start(), Browser::start());
    zoe.let_in(&url, "zoe");
    let key = zoe.create_app_password("My WebDAV");
    zoe.click("dialog[open] [data-finish]");
    let program = server.stranger().with_basic("zoe", &key).with("User-Agent", "rclone/v1.60.1");
    assert_eq!(program.put("/dav/note.txt", b"before").status, 201);

    boss.let_in(&url, "boss");
    boss.click(".top-nav a[href='/admin']");
    boss.click(".subnav a[href='/admin/users']");
    boss.click("tbody a[href$='/zoe']");
    eventually("the use on the administrator's page", || {
        boss.click(".tabs a[href$='/security']");
        let row = boss.text("#connections tbody tr");
        row.contains("My WebDAV") && row.contains("rclone 1.60.1")
    });
    let secret = key.rsplit('-').nth(1).expect("groups");
    assert!(!boss.source().contains(secret), "nobody is shown it again");
    boss.click("#connections tbody button");
    boss.agree();
    boss.wait_for_text("#connections", "No program is connected.");
    assert_eq!(program.get("/dav/note.txt").status, 401, "the very next request is refused");
    assert_eq!(boss.complaints(), Vec::<String>::new());

    zoe.open(&format!("{url}/profile"));
    zoe.click("#app-passwords details summary");
    zoe.wait_for_text("#app-passwords details", "boss");
    zoe.open(&format!("{url}/admin/users"));
    zoe.wait_for_text("h1", "Not allowed");
}
