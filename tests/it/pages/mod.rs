//! The pages, as a browser without JavaScript sees them.

mod account;
mod admin;
mod app_passwords;
pub mod client;
mod company;
mod connect;
mod files;
mod forms;
mod guard;
mod profile;
mod qr;
mod second_factor;
mod sign_in;
mod waiting;

use client::{PASSWORD, Page};

use crate::harness::TestServer;

/// What stands on a page between two pieces of it, the first of each.
fn between<'a>(html: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = html.split_once(start).unwrap_or_else(|| panic!("no {start} in {html}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} after {start}")).0
}

#[test]
fn a_person_signs_in_and_out() {
    let server = TestServer::start();
    client::add(&server, "alice", &[]);
    let mut alice = Page::of(&server);
    let refused = alice.submit("/login", "/login", &[("name", "alice"), ("password", "something else")]);
    assert_eq!(refused.status, 422, "{}", refused.text());
    let mut alice = Page::signed_in(&server, "alice");
    assert!(alice.cookies().contains("__Host-latchkey-session="));
    assert_eq!(alice.get("/login").location(), "/profile", "who is signed in need not sign in");
    assert_eq!(alice.submit("/assets/nothing", "/logout", &[]).location(), "/login?done=signed-out");
    assert_eq!(alice.get("/login").status, 200);
    assert!(!server.log().contains(PASSWORD));
    server.wait_for_log("user=\"alice\" selector=\"-\" method=POST path=/logout");
}
