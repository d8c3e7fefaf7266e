//! What the profile says of a person's account and of the browsers in which they are signed in.

use std::time::Duration;

use chrono::SecondsFormat;
use latchkey::auth::{Actor, NewAccount};
use latchkey::model::Time;
use latchkey::secret::PlainSecret;

use super::between;
use super::client::{PASSWORD, Page, add};
use crate::browser::Clocked;
use crate::harness::{TestServer, eventually};

/// What stands beside a word in the list of facts.
fn fact<'a>(html: &'a str, word: &str) -> &'a str {
    between(html, &format!("<dt>{word}</dt><dd>"), "</dd>")
}

#[test]
fn the_account_is_shown_with_what_its_files_take() {
    let server = TestServer::start();
    add(&server, "alice", &["--email", "alice@example.org", "--display-name", "Alice A.", "--quota", "1000000"]);
    add(&server, "bob", &["--admin"]);
    let alice = server.person("alice");
    assert_eq!(alice.client().put("/dav/a.bin", &vec![7; 250_000]).status, 201);
    let mut page = Page::signed_in(&server, "alice");
    eventually("a measurement", || page.look("/profile").contains("<meter "));
    let html = page.look("/profile");
    let facts = ["Name", "User name", "E-mail", "Account"].map(|word| fact(&html, word));
    assert_eq!(facts, ["Alice A.", "alice", "alice@example.org", "kept on this server"]);
    let storage = fact(&html, "Storage used");
    assert!(storage.contains("250 KB of 1.0 MB") && storage.contains("in 1 file<"), "{storage}");
    assert!(storage.contains("<meter ") && storage.contains("max=\"1000000\""), "{storage}");
    assert!(storage.contains("value=\"250000\""), "{storage}");
    let mut bob = Page::signed_in(&server, "bob");
    eventually("a measurement", || !bob.look("/profile").contains("is being measured"));
    let html = bob.look("/profile");
    assert!(fact(&html, "E-mail").contains("none"));
    assert_eq!(fact(&html, "Account"), "kept on this server, administrator");
    let storage = fact(&html, "Storage used");
    assert!(storage.contains("0 bytes") && !storage.contains("meter"), "without quota there is no bar: {storage}");
}

/// An instant as a page holds it.
fn exact(at: Time) -> String {
    format!("datetime=\"{}\"", at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[test]
fn own_sessions_are_told_by_browser_address_and_last_visit() {
    let server = Clocked::start();
    let password = Some(PlainSecret::new(PASSWORD.to_owned()));
    server.auth().add_user(&NewAccount { password, ..NewAccount::named("alice") }, &Actor::cli()).expect("added");
    let telephone = "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile \
                     Safari/537.36";
    let mut telephone = Page::at(server.addr).with_agent(telephone).let_in("alice");
    let began = server.now();
    server.advance(Duration::from_mins(10));
    let mut laptop = Page::at(server.addr).let_in("alice");
    server.advance(Duration::from_mins(20));
    telephone.look("/connect");
    let visited = server.now();
    server.advance(Duration::from_mins(5));
    let html = laptop.look("/profile");
    let table = between(&html, "id=\"sessions\"", "</table>");
    assert_eq!(table.matches("<tr>").count(), 3, "{table}");
    let row = |browser: &str| {
        let row = table.split("<tr>").find(|row| row.contains(browser));
        row.unwrap_or_else(|| panic!("no {browser} in {table}"))
    };
    let cell = |row: &'static str| format!("data-label=\"{row}\">");
    let other = row("Chrome 130 on Android");
    assert_eq!(between(other, &cell("Address"), "</td>"), "127.0.0.1");
    assert!(between(other, &cell("Signed in"), "</td>").contains(&exact(began)), "{other}");
    assert!(between(other, &cell("Last seen"), "</td>").contains(&exact(visited)), "{other}");
    assert!(!other.contains("this one") && other.contains(">End</button>"));
    let own = row("Firefox 133 on Linux");
    assert!(between(own, &cell("Last seen"), "</td>").contains(&exact(server.now())), "{own}");
    assert!(own.contains("this one") && !own.contains(">End</button>"));
}
