//! The same person in several browsers.

use super::{Browser, Clocked};

fn another(server: &Clocked) -> Browser {
    let browser = Browser::start();
    browser.let_in(&server.url(), "zoe");
    browser
}

#[test]
fn a_session_is_ended_from_another_browser() {
    let server = Clocked::start();
    let (here, profile) = (server.visited_by("zoe"), format!("{}/profile", server.url()));
    let there = another(&server);
    here.open(&profile);
    assert_eq!(here.count("#sessions tbody tr"), 2);
    assert_eq!(here.count("#sessions form[action$='/end']"), 1, "one's own is ended by signing out");
    here.submit("#sessions form[action$='/end']");
    here.wait_for_text("[role=status]", "The session is ended.");
    assert_eq!(here.count("#sessions tbody tr"), 1);
    there.open(&format!("{}/connect", server.url()));
    there.wait_for_text("h1", "Sign in");
    here.open(&profile);
    here.wait_for_text("h1", "Profile");
}

#[test]
fn all_other_sessions_are_ended_at_once() {
    let server = Clocked::start();
    let (here, profile) = (server.visited_by("zoe"), format!("{}/profile", server.url()));
    let there = another(&server);
    // The same browser again, with its cookies forgotten.
    there.delete_cookies();
    there.let_in(&server.url(), "zoe");
    here.open(&profile);
    assert_eq!(here.count("#sessions tbody tr"), 3);
    here.submit("#sessions form[action$='/end-others']");
    here.agree();
    here.wait_for_text("[role=status]", "All other sessions are ended.");
    assert_eq!(here.count("#sessions tbody tr"), 1);
    there.open(&profile);
    there.wait_for_text("h1", "Sign in");
}

#[test]
fn a_session_that_was_signed_out_of_cannot_be_taken_up_again() {
    let server = Clocked::start();
    let browser = server.visited_by("zoe");
    browser.sign_out();
    browser.back();
    browser.reload();
    browser.wait_for_text("h1", "Sign in");
    assert_eq!(server.auth().sessions("zoe").expect("read").len(), 0);
}
