//! The shortest proof that browser and servers come together.

use std::time::Duration;

use super::{Browser, Clocked, localhost};
use crate::harness::TestServer;

#[test]
fn the_first_page_opens_on_a_phone() {
    let server = TestServer::start();
    let browser = Browser::start();
    browser.resize(360, 740);
    browser.open(&localhost(server.addr));
    assert!(browser.title().contains("Latchkey"), "{}", browser.title());
    for dark in [false, true] {
        browser.dark(dark);
        browser.assert_accessible("the first page");
        browser.screenshot(if dark { "first-360-dark" } else { "first-360" });
    }
    browser.assert_fits("the first page");
    assert_eq!(browser.complaints(), Vec::<String>::new());
}

#[test]
fn a_moved_clock_ends_an_application_password() {
    let server = Clocked::start();
    let alice = server.person("alice", Duration::from_mins(10));
    assert_eq!(server.stranger().get("/dav/").status, 401);
    let propfind = || alice.client().send("PROPFIND", "/dav/", &[("Depth", "0")], b"").status;
    server.advance(Duration::from_mins(9));
    assert_eq!(propfind(), 207);
    let (before, seconds) = (server.now(), server.unix_time());
    server.advance(Duration::from_mins(1));
    assert_eq!((server.now() - before).num_seconds(), 60);
    assert_eq!(server.unix_time() - seconds, 60);
    assert_eq!(propfind(), 401);
    let browser = Browser::start();
    browser.open(&server.url());
    assert!(browser.title().contains("Latchkey"), "{}", browser.title());
}
