//! Application passwords on their owner's pages: the table of them, and the page that shows a new one.

use std::time::Duration;

use chrono::SecondsFormat;
use latchkey::auth::{Actor, Expiry, NewAppPassword};
use latchkey::model::Scope;

use super::client::{Page, add, plain};
use super::profile::{create, shown};
use super::{between, qr};
use crate::browser::Clocked;
use crate::clients::{client, run};
use crate::harness::{CHEAP, TestServer, eventually};

/// A cell of the row of an application password.
fn cell(html: &str, key: &str, label: &str) -> String {
    let row = between(html, &format!("id=\"app-password-{}\"", &key[3..8]), "</tr>");
    between(row, &format!("data-label=\"{label}\">"), "</t").to_owned()
}

#[test]
fn the_table_tells_when_by_whom_and_for_which_program() {
    let server = Clocked::start();
    server.account("alice");
    let new = NewAppPassword {
        label: "by the command line".to_owned(),
        expiry: Expiry::Default,
        scope: Scope::ReadWrite,
        folders: Vec::new(),
        networks: Vec::new(),
    };
    let issued = server.auth().issue_app_password("alice", &new, &Actor::cli()).expect("issued");
    let by_other = issued.password.expose();
    server.advance(Duration::from_hours(3));
    let mut page = Page::at(server.addr).let_in("alice");
    let created = server.now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let (own, _) = create(&mut page, &[("label", "my own")]);
    server.advance(Duration::from_mins(5));
    let html = page.look("/profile");
    assert!(cell(&html, &own, "Created").contains(&format!("datetime=\"{created}\"")));
    assert!(!cell(&html, by_other, "Created").contains(&created), "that was three hours before");
    assert!(cell(&html, by_other, "Name").contains("issued by cli"));
    assert!(!cell(&html, &own, "Name").contains("issued by"));
    for key in [by_other, &own] {
        assert_eq!(cell(&html, key, "Application"), "");
        assert!(cell(&html, key, "Last used").contains("never"));
    }
    let nextcloud = "Mozilla/5.0 (Linux) mirall/3.13.0 (Nextcloud, debian-6.1 ClientArchitecture: x86_64)";
    let drive = server.stranger().with_basic("alice", &own).with("User-Agent", nextcloud);
    assert_eq!(drive.get("/dav/").status, 200);
    eventually("the application", || cell(&page.look("/profile"), &own, "Application") == "Nextcloud desktop 3.13.0");
    assert_eq!(cell(&page.look("/profile"), by_other, "Application"), "", "it is told of that one alone");
}

#[test]
fn the_form_says_what_it_is_for_and_offers_for_ever_only_where_that_is_allowed() {
    let strict = TestServer::start();
    add(&strict, "alice", &[]);
    let mut page = Page::signed_in(&strict, "alice");
    for path in ["/profile", "/profile/app-passwords/new"] {
        let html = page.look(path);
        assert!(html.contains("For a program that knows neither OAuth nor a second factor"), "{path}");
        assert!(!html.contains(">for ever<") && !html.contains("value=\"never\""), "{path}");
    }
    let server = TestServer::with_config(&format!("{CHEAP}app_credentials_allow_never = true\n"));
    add(&server, "alice", &[]);
    let mut page = Page::signed_in(&server, "alice");
    let html = page.look("/profile/app-passwords/new");
    assert_eq!(between(&html, "<option value=\"never\">", "</option>"), "for ever");
    let (key, html) = create(&mut page, &[("label", "for ever"), ("expires", "never")]);
    assert!(html.contains("you revoke it."), "{html}");
    assert_eq!(cell(&page.look("/profile"), &key, "Expires"), "<div>never</div>");
    let rows: serde_json::Value =
        serde_json::from_str(&server.ok(&["--json", "app-password", "list", "alice"])).expect("JSON");
    assert_eq!(rows[0]["expires_at"], serde_json::Value::Null);
}

#[test]
fn a_new_password_comes_with_all_that_a_program_needs() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let mut page = Page::signed_in(&server, "alice");
    let (key, html) = create(&mut page, &[("label", "rclone")]);
    assert_eq!(qr::read(&html), key);
    assert!(html.contains("Use it for this one program only. For another program, create another password."));
    assert!(
        html.contains("<button class=\"button copy\" type=\"button\" data-copy=\"#issued-password\">Copy</button>")
    );
    let address = format!("http://localhost:{}/dav/", server.addr.port());
    let line = |id: &str| {
        let (_, rest) = html.split_once(&format!("id=\"line-{id}\"")).expect("a line to paste");
        plain(between(rest, ">", "</pre>"))
    };
    assert_eq!(line("windows"), format!("net use * {address} * /user:alice /persistent:yes"));
    assert_eq!(line("files"), address.replacen("http://", "dav://alice@", 1));
    // Pasted into a shell as it stands, it is all that rclone needs.
    let folder = tempfile::tempdir().expect("a scratch folder");
    let shell = |line: &str| {
        let mut shell = client("sh");
        shell.env("RCLONE_CONFIG", folder.path().join("rclone.conf")).current_dir(folder.path());
        run(shell.args(["-c", line])).ok()
    };
    shell(&line("rclone"));
    std::fs::write(folder.path().join("note.txt"), "from a shell").expect("written");
    shell("rclone copy note.txt latchkey:Notes");
    assert_eq!(shell("rclone cat latchkey:Notes/note.txt"), "from a shell");
    let kept = server.storage().join("files/alice/Notes/note.txt");
    assert_eq!(std::fs::read_to_string(kept).expect("it is there"), "from a shell");
}

#[test]
fn after_ten_minutes_replacing_takes_a_fresh_proof() {
    let server = Clocked::start();
    server.account("alice");
    let mut page = Page::at(server.addr).let_in("alice");
    let (key, _) = create(&mut page, &[("label", "drive")]);
    let path = format!("/profile/app-passwords/{}/replace", &key[3..8]);
    page.look(&path);
    let form = page.hidden("form").expect("a form id");
    server.advance(Duration::from_secs(601));
    let late = page.post(&path, &[("form", &form), ("overlap", "0")]);
    assert_eq!(late.location(), "/reauthenticate?next=%2Fprofile%23app%2Dpasswords");
    assert!(page.get(&path).location().starts_with("/reauthenticate?next=%2Fprofile%2Fapp%2Dpasswords%2F"));
    assert_eq!(server.auth().app_passwords("alice").expect("read").len(), 1);
    let status = |key: &str| server.stranger().with_basic("alice", key).get("/dav/").status;
    assert_eq!(status(&key), 200, "the old one is as good as before");
    let proof = page.submit("/reauthenticate", "/reauthenticate", &[("password", super::PASSWORD)]);
    assert_eq!(proof.location(), "/profile");
    page.look(&path);
    let form = page.hidden("form").expect("a form id");
    let new = shown(&page.post(&path, &[("form", &form), ("overlap", "0")]).text());
    assert_eq!([status(&key), status(&new)], [401, 200]);
}
