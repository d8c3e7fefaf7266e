//! Joplin (desktop, mobile, terminal): notes synchronised to a folder.
//!
//! Source: laurent22/joplin, `packages/lib/WebDavApi.js` (headers, how XML and failures are read),
//! `file-api-driver-webdav.js` (each method, what a status means), `SyncTargetWebDAV.js` (the check of the settings),
//! `services/synchronizer/MigrationHandler.ts` and `LockHandler.ts` (a new target, lock files).

use super::{DAV, Device, Told, seconds};
use crate::harness::{CHEAP, Person, TestServer};

const BODY: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\t\t\t<d:propfind xmlns:d=\"DAV:\">\n\
                    \t\t\t\t<d:prop xmlns:oc=\"http://owncloud.org/ns\">\n\
                    \t\t\t\t\t<d:getlastmodified/><d:resourcetype/>\n\t\t\t\t</d:prop>\n\t\t\t</d:propfind>";
const NOTE: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9.md";

/// Every request but GET and HEAD has an entity tag of no use, unquoted, against a cache of iOS (R23).
fn ask(joplin: &Device, what: &str, headers: &[&str], body: impl AsRef<[u8]>) -> Told {
    let mut all = vec!["Cache-Control: no-store"];
    if !what.starts_with("GET") {
        all.push("If-None-Match: JoplinIgnore-74610");
    }
    all.extend(headers);
    joplin.asks(what, &all, body)
}

fn stat(joplin: &Device, path: &str, depth: u8) -> Told {
    ask(joplin, &format!("PROPFIND {path}"), &["Content-Type: text/xml", &format!("Depth: {depth}")], BODY)
}

fn put(joplin: &Device, path: &str, text: &str) -> Told {
    ask(joplin, &format!("PUT {path}"), &["Content-Type: text/plain"], text)
}

fn joplin(person: &Person) -> Device {
    Device::of(person, "Joplin/1.0")
}

#[test]
fn the_settings_are_checked() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().send("MKCOL", "/dav/Joplin", &[], b"");
    let joplin = joplin(&alice);
    let told = stat(&joplin, "/dav/Joplin/", 0).gets(207);
    let folder = told.resource();
    assert!(folder.is_folder() && folder.href == "/dav/Joplin/");
    seconds(&folder.text(DAV, "getlastmodified"));
    // The body of a failure is shown to the person; 404 is read as «no such folder».
    stat(&joplin, "/dav/Absent/", 0).gets(404);
    let wrong = Device::without_password(&server, "Joplin/1.0");
    stat(&wrong, "/dav/Joplin/", 0).gets(401).says("application password");
}

#[test]
fn a_new_target_is_set_up_and_notes_are_synchronised() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().send("MKCOL", "/dav/Joplin", &[], b"");
    let joplin = joplin(&alice);
    ask(&joplin, "GET /dav/Joplin/info.json", &[], "").gets(404);
    ask(&joplin, "GET /dav/Joplin/.sync/version.txt", &[], "").gets(404);
    for folder in ["locks", "temp", ".resource", ".sync"] {
        ask(&joplin, &format!("MKCOL /dav/Joplin/{folder}/"), &[], "").gets(201);
        // R25: it makes its folders each time, and takes 405 for «is there».
        ask(&joplin, &format!("MKCOL /dav/Joplin/{folder}/"), &[], "").gets(405);
    }
    let lock = "/dav/Joplin/locks/2_1_d6b4d19b3a1e4f1c8a9b0c1d2e3f4a5b.json";
    put(&joplin, lock, "{\"type\":2}").gets(201);
    let members = stat(&joplin, "/dav/Joplin/locks/", 1).gets(207).resources();
    assert_eq!(members.len(), 2);
    seconds(&members[1].text(DAV, "getlastmodified"));
    put(&joplin, "/dav/Joplin/info.json", "{\"version\":3}").gets(201);
    ask(&joplin, "GET /dav/Joplin/info.json", &[], "").gets(200).has_body(b"{\"version\":3}");
    put(&joplin, &format!("/dav/Joplin/{NOTE}"), "Groceries\n\n- tea").gets(201);
    put(&joplin, &format!("/dav/Joplin/{NOTE}"), "Groceries\n\n- tea\n- bread").gets(204);
    put(&joplin, "/dav/Joplin/.resource/0123456789abcdef0123456789abcdef", "PNG").gets(201);

    // Another device: the listing's hrefs begin with the path of its own base address.
    let listed = stat(&joplin, "/dav/Joplin/", 1).gets(207).members();
    assert!(listed.contains(&format!("/dav/Joplin/{NOTE}")), "{listed:?}");
    ask(&joplin, &format!("GET /dav/Joplin/{NOTE}"), &[], "").gets(200).has_body(b"Groceries\n\n- tea\n- bread");
    ask(&joplin, &format!("DELETE {lock}"), &[], "").gets(204);
    ask(&joplin, &format!("DELETE {lock}"), &[], "").gets(404);
    assert_eq!(alice.bytes(&format!("Joplin/{NOTE}")), b"Groceries\n\n- tea\n- bread");
    assert_eq!(alice.bytes("Joplin/.resource/0123456789abcdef0123456789abcdef"), b"PNG");
}

/// R25: what it shows when its folder has been removed meanwhile.
#[test]
fn a_folder_that_is_gone_is_told_as_a_conflict() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let joplin = joplin(&alice);
    ask(&joplin, "MKCOL /dav/Joplin/locks/", &[], "").gets(409);
    let told = put(&joplin, &format!("/dav/Joplin/{NOTE}"), "x").gets(409);
    assert!(!told.answer.body.is_empty(), "the body is printed");
    assert_eq!(alice.names(), Vec::<String>::new());
}

/// The web application has no `User-Agent` of its own, and asks the browser's way first (R15).
#[test]
fn the_web_application_asks_before_it_asks() {
    let origin = "https://app.joplincloud.com";
    let server = TestServer::with_config(&format!("{CHEAP}[web]\ncors_origins = [\"{origin}\"]\n"));
    let alice = server.person("alice");
    let plain = "authorization,cache-control,if-none-match";
    super::preflight(&server, origin, "MKCOL /dav/Joplin/", plain);
    super::preflight(&server, origin, "PROPFIND /dav/Joplin/", &format!("{plain},content-type,depth"));
    super::preflight(&server, origin, &format!("PUT /dav/Joplin/{NOTE}"), &format!("{plain},content-type"));
    super::preflight(&server, origin, &format!("DELETE /dav/Joplin/{NOTE}"), plain);
    let header = format!("Origin: {origin}");
    let browser = Device::of(&alice, "Mozilla/5.0").always(&[&header]);
    super::shown_to(&ask(&browser, "MKCOL /dav/Joplin/", &[], "").gets(201), origin, &["etag"]);
    super::shown_to(&put(&browser, &format!("/dav/Joplin/{NOTE}"), "x").gets(201), origin, &["etag"]);
    super::shown_to(&stat(&browser, "/dav/Absent/", 0).gets(404), origin, &[]);
    assert_eq!(alice.bytes(&format!("Joplin/{NOTE}")), b"x");
}
