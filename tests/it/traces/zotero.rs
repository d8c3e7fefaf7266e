//! Zotero: attachments of a library in a folder of its own.
//!
//! Source: zotero/zotero, `chrome/content/zotero/xpcom/storage/webdav.js`: `checkServer` (the verification dance),
//! `handleVerificationError` and `_createServerDirectory`, `uploadFile`, `downloadFile`, `_setStorageFileMetadata`,
//! `_deleteStorageFiles`, `purgeOrphanedStorageFiles`. Its requests carry no password until it has been asked for; the
//! header is kept from the first answered one.

use super::{DAV, Device, Told, pattern, seconds};
use crate::harness::{Person, TestServer};

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Zotero/7.0.15";
const XML: &str = "Content-Type: text/xml; charset=utf-8";

fn exists(zotero: &Device, path: &str) -> Told {
    let body = "<propfind xmlns='DAV:'><prop><getcontentlength/></prop></propfind>";
    zotero.asks(&format!("PROPFIND {path}"), &["Depth: 0", XML], body)
}

/// The check of the settings, up to where it stops; a folder that is not there is made when the person agrees.
fn verify(server: &TestServer, zotero: &Device, there: bool) {
    let stranger = Device::without_password(server, AGENT);
    stranger.asks("OPTIONS /dav/zotero/", &[], "").gets(401).with("WWW-Authenticate", "Basic");
    // Success and 404 both count, but it is no WebDAV server without this header.
    let told = zotero.asks("OPTIONS /dav/zotero/", &[], "").gets_one_of(&[200, 204, 404]);
    told.header("DAV");
    exists(&stranger, "/dav/zotero/").gets(401);
    if !there {
        exists(zotero, "/dav/zotero/").gets(404);
        exists(zotero, "/dav/").gets(207);
        return;
    }
    exists(zotero, "/dav/zotero/").gets(207);
    zotero.asks("GET /dav/zotero/nonexistent.prop", &[], "").gets(404);
    zotero.asks("PUT /dav/zotero/zotero-test-file.prop", &[], " ").gets_one_of(&[200, 201, 204]);
    zotero.asks("GET /dav/zotero/zotero-test-file.prop", &[], "").gets(200).has_body(b" ");
    zotero.asks("DELETE /dav/zotero/zotero-test-file.prop", &[], "").gets_one_of(&[200, 204]);
}

fn zotero(person: &Person) -> Device {
    Device::of(person, AGENT)
}

#[test]
fn the_server_is_verified_and_its_folder_is_made() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let zotero = zotero(&alice);
    verify(&server, &zotero, false);
    zotero.asks("MKCOL /dav/zotero/", &[], "").gets(201);
    verify(&server, &zotero, true);
    assert_eq!(alice.names(), ["zotero"]);
}

#[test]
fn an_attachment_is_sent_fetched_and_deleted() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let zotero = zotero(&alice);
    zotero.asks("MKCOL /dav/zotero/", &[], "").gets(201);
    let bytes = pattern(250_000);
    let properties = "<properties version=\"1\"><mtime>1790000000000</mtime><hash>9e107d9d372bb6826bd81d3542a419d6</hash></properties>";
    zotero.asks("GET /dav/zotero/AB12CD34.prop", &[], "").gets(404);
    zotero.asks("PUT /dav/zotero/AB12CD34.zip", &["Content-Type: application/zip"], &bytes).gets(201);
    zotero.asks("PUT /dav/zotero/AB12CD34.prop", &["Content-Type: text/xml"], properties).gets(201);
    // Another computer: what is new is seen in the small file, and the large one fetched.
    zotero.asks("GET /dav/zotero/AB12CD34.prop", &[], "").gets(200).has_body(properties.as_bytes());
    zotero.asks("GET /dav/zotero/AB12CD34.zip", &[], "").gets(200).has_body(&bytes);
    assert!(alice.bytes("zotero/AB12CD34.zip") == bytes);
    // Changed: the small file goes first, so that a half-sent large one is never believed.
    zotero.asks("DELETE /dav/zotero/AB12CD34.prop", &[], "").gets(204);
    zotero.asks("PUT /dav/zotero/AB12CD34.zip", &["Content-Type: application/zip"], "changed").gets(204);
    zotero.asks("PUT /dav/zotero/AB12CD34.prop", &["Content-Type: text/xml"], properties).gets(201);
    assert_eq!(alice.bytes("zotero/AB12CD34.zip"), b"changed");

    // What belongs to nothing is looked for by its date; each href begins with the folder's.
    let body = "<propfind xmlns='DAV:'><prop><getlastmodified/></prop></propfind>";
    let listed = zotero.asks("PROPFIND /dav/zotero/", &["Depth: 1", XML], body).gets(207).resources();
    assert_eq!(listed.len(), 3);
    for resource in &listed {
        assert!(resource.href.starts_with("/dav/zotero/"), "{}", resource.href);
        seconds(&resource.text(DAV, "getlastmodified"));
    }
    for name in ["AB12CD34.prop", "AB12CD34.zip"] {
        zotero.asks(&format!("DELETE /dav/zotero/{name}"), &[], "").gets(204);
        zotero.asks(&format!("DELETE /dav/zotero/{name}"), &[], "").gets(404);
    }
    assert_eq!(alice.names(), ["zotero"]);
}
