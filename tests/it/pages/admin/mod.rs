//! Administration: who gets in, and what its pages do.

mod audit;
mod fresh;
mod gates;
mod people;
mod security;
mod settings;

use latchkey::auth::{Actor, NewAccount};
use latchkey::secret::PlainSecret;

use super::client::{PASSWORD, Page, add};
use crate::browser::Clocked;
use crate::harness::TestServer;

/// A server with an administrator `rosa`, signed in.
fn scene() -> (TestServer, Page) {
    let server = TestServer::start();
    add(&server, "rosa", &["--admin"]);
    let rosa = Page::signed_in(&server, "rosa");
    (server, rosa)
}

/// Adds an administrator `rosa` to a server whose clock the test moves.
fn administrator(server: &Clocked) {
    let password = Some(PlainSecret::new(PASSWORD.to_owned()));
    let rosa = NewAccount { is_admin: true, password, ..NewAccount::named("rosa") };
    server.auth().add_user(&rosa, &Actor::cli()).expect("added");
}

/// The text between two marks, which must be there.
fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    rest.split_once(end).unwrap_or_else(|| panic!("no {end} after {start}")).0
}

/// The link on the page that shows it once, without the server's address.
pub(super) fn link_on(page: &str) -> String {
    let whole = between(page, "id=\"link\"", "</code>");
    let (_, link) = whole.split_once("/welcome?token=").expect("a link");
    format!("/welcome?token={link}")
}
