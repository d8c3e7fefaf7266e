//! Synology Cloud Sync: a folder of a NAS kept equal with a drive.
//!
//! Closed; known from its manual ("Cloud Sync", "Working with different cloud services": names that it never sends,
//! names that it sends under another name, no NFD, up to 255 letters) and from logs: messense/aliyundrive-webdav issue 850
//! (it looks for `/@SynologyCloudSync`, and stops at any answer but «not found»), nextcloud/server issue 10123 (a listing
//! of each folder with size, date, kind and entity tag, again and again, by which it sees what has changed).

use super::{DAV, Device, Told, pattern, propfind, seconds};
use crate::harness::{Person, TestServer};

fn nas(person: &Person) -> Device {
    Device::of(person, "Synology Cloud Sync").always(&["Accept: */*"])
}

fn list(nas: &Device, path: &str) -> Told {
    let body = propfind(&["getlastmodified", "getcontentlength", "resourcetype", "getetag", "quota-used-bytes"]);
    nas.asks(&format!("PROPFIND {path}"), &["Depth: 1", "Content-Type: application/xml"], body).gets(207)
}

/// What a folder's members are known by: path and entity tag.
fn known(nas: &Device, path: &str) -> Vec<(String, String)> {
    list(nas, path).resources().into_iter().skip(1).map(|entry| (entry.text(DAV, "getetag"), entry.href)).collect()
}

#[test]
fn a_connection_is_made() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let nas = nas(&alice);
    nas.asks("OPTIONS /dav/", &[], "").gets(200).with("DAV", "1");
    assert!(list(&nas, "/dav/").resources()[0].is_folder());
    nas.asks("PROPFIND /dav/@SynologyCloudSync", &["Depth: 0"], "").gets(404);
    nas.asks("MKCOL /dav/Backup", &[], "").gets(201);
    assert_eq!(list(&nas, "/dav/").members(), ["/dav/Backup/"]);
}

#[test]
fn both_sides_become_equal() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let nas = nas(&alice);
    nas.asks("MKCOL /dav/Backup", &[], "").gets(201);
    let bytes = pattern(200_000);
    let long = "n".repeat(255);
    nas.asks("PUT /dav/Backup/Holiday.mov", &["Content-Type: application/octet-stream"], &bytes).gets(201);
    nas.asks(&format!("PUT /dav/Backup/{long}"), &[], "long").gets(201);
    nas.asks("PUT /dav/Backup/end._DiskStation_Nov-24-1856-2026_TailCharacterConflict", &[], "renamed").gets(201);
    let before = known(&nas, "/dav/Backup");
    assert_eq!(before.len(), 3);
    assert_eq!(known(&nas, "/dav/Backup"), before, "what did not change is known as it was");
    let listed = list(&nas, "/dav/Backup/").resources();
    seconds(&listed[1].text(DAV, "getlastmodified"));

    // Somebody else changes, adds and removes; the next look finds all three.
    let other = alice.client();
    assert_eq!(other.put("/dav/Backup/Holiday.mov", b"cut").status, 204);
    assert_eq!(other.put("/dav/Backup/new.txt", b"new").status, 201);
    assert_eq!(other.send("DELETE", &format!("/dav/Backup/{long}"), &[], b"").status, 204);
    let after = known(&nas, "/dav/Backup");
    let is_new = after.iter().filter(|entry| !before.contains(entry)).count();
    let is_gone = before.iter().filter(|(_, href)| !after.iter().any(|(_, there)| there == href)).count();
    assert_eq!((after.len(), is_new, is_gone), (3, 2, 1));
    nas.asks("GET /dav/Backup/Holiday.mov", &[], "").gets(200).has_body(b"cut");

    // A folder that was renamed on the NAS.
    nas.asks("MOVE /dav/Backup", &[&nas.destination("/dav/Archive"), "Overwrite: F"], "").gets(201);
    assert_eq!(alice.bytes("Archive/Holiday.mov"), b"cut");
    assert_eq!(alice.names().len(), 4);
}
