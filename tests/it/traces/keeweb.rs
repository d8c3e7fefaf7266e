//! KeeWeb: a password database in a browser or in its own window.
//!
//! Source: keeweb/keeweb, `app/scripts/storage/impl/storage-webdav.js`: HEAD for the revision, which is `Last-Modified`
//! and must be there; beside, HEAD again, moved over, HEAD again; 404 makes the file; `Cache-Control` on reading, which
//! the server has to allow (issue 378). The wiki's page "WebDAV Config" and issues 443, 1219 and 1326 on what is asked
//! before: without the password. `Origin: null`: a page from a file, and owncloud/core issue 31622.

use super::{Device, Told, next_second, pattern};
use crate::harness::TestServer;

const FILE: &str = "/dav/Family.kdbx";

/// The revision as it is known to KeeWeb.
fn revision(keeweb: &Device) -> (String, Told) {
    let told = keeweb.asks(&format!("HEAD {FILE}"), &["Cache-Control: no-cache"], "").gets(200);
    (told.header("Last-Modified"), told)
}

/// Saves over what is there; gives what was told on the way.
fn save(keeweb: &Device, bytes: &[u8]) -> Vec<Told> {
    let (before, first) = revision(keeweb);
    let temporary = "/dav/.Family.kdbx.1790000000000";
    let put = keeweb.asks(&format!("PUT {temporary}"), &["Content-Type: application/octet-stream"], bytes).gets(201);
    let (again, second) = revision(keeweb);
    assert_eq!(before, again, "nobody else has saved meanwhile");
    let headers = [keeweb.destination(FILE), "Overwrite: T".to_owned()];
    let moved = keeweb.asks(&format!("MOVE {temporary}"), &headers.each_ref().map(String::as_str), "").gets(204);
    let (after, third) = revision(keeweb);
    assert_ne!(before, after, "another revision, which others will see");
    vec![first, put, second, moved, third]
}

#[test]
fn a_database_is_made_opened_and_saved_over() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let keeweb = Device::of(&alice, "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 KeeWeb/1.18.7 Electron/16");
    keeweb.asks(&format!("HEAD {FILE}"), &["Cache-Control: no-cache"], "").gets(404);
    let bytes = pattern(30_000);
    keeweb.asks(&format!("PUT {FILE}"), &["Content-Type: application/octet-stream"], &bytes).gets(201);
    let told = keeweb.asks(&format!("GET {FILE}"), &["Cache-Control: no-cache"], "").gets(200).has_body(&bytes);
    assert_eq!(told.header("Last-Modified"), revision(&keeweb).0);
    next_second();
    save(&keeweb, &pattern(31_000));
    assert!(alice.bytes("Family.kdbx") == pattern(31_000));
    assert_eq!(alice.names(), ["Family.kdbx"]);
}
