//! `KeeWeb`: a password database in a browser or in its own window.
//!
//! Source: keeweb/keeweb, `app/scripts/storage/impl/storage-webdav.js`: HEAD for the revision, which is `Last-Modified`
//! and must be there; beside, HEAD again, moved over, HEAD again; 404 makes the file; `Cache-Control` on reading, which
//! the server has to allow (issue 378). The wiki's page "WebDAV Config" and issues 443, 1219 and 1326 on what is asked
//! before: without the password. `Origin: null`: a page from a file, and owncloud/core issue 31622.

use super::{Device, Told, next_second, pattern, preflight, shown_to};
use crate::harness::{CHEAP, TestServer};

const FILE: &str = "/dav/Family.kdbx";

/// The revision as it is known to `KeeWeb`.
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

/// R15: asked without the password, for configured origins alone; then everything is shown that is read.
#[test]
fn a_page_of_another_origin_is_let_in_where_it_is_configured() {
    let (web, null) = ("https://app.keeweb.info", "null");
    let server = TestServer::with_config(&format!("{CHEAP}[web]\ncors_origins = [\"{web}\", \"{null}\"]\n"));
    let alice = server.person("alice");
    alice.client().put(FILE, &pattern(1000));
    for (size, origin) in [(2000, web), (3000, null)] {
        next_second();
        preflight(&server, origin, &format!("HEAD {FILE}"), "authorization,cache-control");
        preflight(&server, origin, &format!("GET {FILE}"), "authorization,cache-control");
        preflight(&server, origin, "PUT /dav/.Family.kdbx.1790000000000", "authorization,content-type");
        preflight(&server, origin, "MOVE /dav/.Family.kdbx.1790000000000", "authorization,destination,overwrite");
        let header = format!("Origin: {origin}");
        let keeweb = Device::of(&alice, "Mozilla/5.0").always(&[&header]);
        for told in save(&keeweb, &pattern(size)) {
            shown_to(&told, origin, &["etag", "last-modified"]);
            // The script sends the password itself. What the browser keeps is for an origin that is one.
            if origin == null {
                told.without("Access-Control-Allow-Credentials");
            }
        }
        assert!(alice.bytes("Family.kdbx") == pattern(size));
        // A failure is shown as well: what a script may not see is «network error» to it.
        let stranger = Device::without_password(&server, "Mozilla/5.0").always(&[&header]);
        shown_to(&stranger.asks(&format!("HEAD {FILE}"), &[], "").gets(401), origin, &[]);
    }
}

/// R15: any other origin learns nothing, nor does it break anything.
#[test]
fn a_page_of_any_other_origin_is_not_let_in() {
    let config = format!("{CHEAP}[web]\ncors_origins = [\"https://app.keeweb.info\"]\n");
    for server in [TestServer::with_config(&config), TestServer::start()] {
        let alice = server.person("alice");
        alice.client().put(FILE, b"x");
        let origins =
            ["null", "https://evil.example", "https://app.keeweb.info.evil.example", "http://app.keeweb.info"];
        for origin in origins {
            let header = format!("Origin: {origin}");
            let asked =
                [&header, "Access-Control-Request-Method: GET", "Access-Control-Request-Headers: authorization"];
            let stranger = Device::without_password(&server, "Mozilla/5.0");
            let told = stranger.asks(&format!("OPTIONS {FILE}"), &asked, "");
            told.without("Access-Control-Allow-Origin").without("Access-Control-Allow-Methods");
            let told = Device::of(&alice, "Mozilla/5.0").asks(&format!("GET {FILE}"), &[&header], "").gets(200);
            told.has_body(b"x").without("Access-Control-Allow-Origin");
        }
    }
}
