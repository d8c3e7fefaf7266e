//! Total Commander's WebDAV plugin (and, of its kind, `NetBox` for Far).
//!
//! Closed; known from reports: ramondeklein/nwebdav issue 17 (it asks for many properties by name, among them Microsoft's
//! old ones in `DAV:`, and takes every folder for a file unless the found ones come before the missing ones), issue 6
//! (`NetBox`: size and kind must be told for each), issue 8 (a crash, repaired in plugin 2.9), drakkan/sftpgo issue 1018
//! (an upload through it loses its date, since it sets none).

use super::{DAV, Device, Told, pattern, seconds};
use crate::harness::{Person, TestServer};

const NAMES: [&str; 14] = [
    "creationdate",
    "displayname",
    "getcontentlength",
    "getcontenttype",
    "getetag",
    "getlastmodified",
    "resourcetype",
    "lockdiscovery",
    "supportedlock",
    "childcount",
    "isfolder",
    "ishidden",
    "isstructureddocument",
    "hassubs",
];

fn commander(person: &Person) -> Device {
    Device::of(person, "Total Commander").always(&["translate: f"])
}

fn list(commander: &Device, path: &str) -> Told {
    commander.asks(&format!("PROPFIND {path}"), &["Depth: 1", "Content-Type: text/xml"], super::propfind(&NAMES))
}

#[test]
fn folders_are_told_from_files() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().send("MKCOL", "/dav/Folder%20%231", &[], b"");
    alice.client().put("/dav/100%25.txt", b"all");
    let commander = commander(&alice);
    let told = list(&commander, "/dav/").gets(207);
    for resource in told.resources() {
        // Only the first propstat is read: it has to be the one of what is there.
        let found = resource.properties.iter().position(|(status, _)| *status != 200).expect("some are missing");
        assert!(resource.properties[..found].iter().all(|(status, _)| *status == 200) && found >= 6);
        assert_eq!(resource.status(DAV, "isfolder"), Some(404));
        assert_eq!(resource.is_folder(), resource.href.ends_with('/'), "{}", resource.href);
        seconds(&resource.text(DAV, "getlastmodified"));
        if !resource.is_folder() {
            assert_eq!(resource.text(DAV, "getcontentlength"), "3");
            assert_eq!(resource.text(DAV, "displayname"), "100%.txt");
        }
    }
    assert_eq!(told.members(), ["/dav/100%25.txt", "/dav/Folder%20%231/"]);
}

#[test]
fn files_are_sent_fetched_renamed_and_deleted() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let commander = commander(&alice);
    let bytes = pattern(120_000);
    commander.asks("MKCOL /dav/Work/", &[], "").gets(201);
    commander.asks("PUT /dav/Work/a.bin", &[], &bytes).gets(201);
    // It asks before it writes over a file, and then simply does.
    commander.asks("PROPFIND /dav/Work/a.bin", &["Depth: 0"], "").gets(207);
    commander.asks("PUT /dav/Work/a.bin", &[], &bytes[1..]).gets(204);
    commander.asks("GET /dav/Work/a.bin", &[], "").gets(200).has_body(&bytes[1..]);
    commander.asks("GET /dav/Work/a.bin", &["Range: bytes=119000-"], "").gets(206).has_body(&bytes[119_001..]);
    commander.asks("MOVE /dav/Work/a.bin", &[&commander.destination("/dav/Work/A.BIN"), "Overwrite: F"], "").gets(201);
    commander.asks("COPY /dav/Work/A.BIN", &[&commander.destination("/dav/copy.bin"), "Overwrite: T"], "").gets(201);
    commander.asks("DELETE /dav/Work/", &[], "").gets(204);
    assert_eq!(alice.names(), ["copy.bin"]);
    assert!(alice.bytes("copy.bin") == bytes[1..]);
}
