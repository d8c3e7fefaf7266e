//! iOS: applications that bring a drive into Files, where Apple's own application speaks no WebDAV.
//!
//! Source: amosavian/FileProvider, `Sources/WebDAVFileProvider.swift`, a library under many of them (`allprop` with
//! Depth 1 for a folder and for a file, free space, MKCOL with a final slash, `Overwrite: F` where nothing is to be
//! replaced). PDF Expert and Documents of Readdle: owncloud/core issue 41073 (a log; a whole tree asked for at once, R28).

use super::{DAV, Device, Told, pattern, seconds};
use crate::harness::{CHEAP, Person, TestServer};

const XML: &str = "Content-Type: text/xml; charset=\"utf-8\"";
const ALL: &str =
    "<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n<D:propfind xmlns:D=\"DAV:\">\n<D:allprop/></D:propfind>";

fn files(person: &Person) -> Device {
    Device::of(person, "FileProvider/1 CFNetwork/1568.300.101 Darwin/24.2.0")
        .always(&["Accept: */*", "Accept-Language: en-GB"])
}

fn look(files: &Device, path: &str) -> Told {
    files.asks(&format!("PROPFIND {path}"), &["Depth: 1", XML], ALL).gets(207)
}

#[test]
fn a_drive_is_browsed_and_changed() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let files = files(&alice);
    let stranger = Device::without_password(&server, "FileProvider/1 CFNetwork/1568.300.101 Darwin/24.2.0");
    stranger.asks("PROPFIND /dav/", &["Depth: 1", XML], ALL).gets(401).with("WWW-Authenticate", "Basic");
    files.asks("MKCOL /dav/Scans/", &[], "").gets(201);
    let bytes = pattern(150_000);
    files.asks("PUT /dav/Scans/Receipt%201.pdf", &[], &bytes).gets(201);
    // The folder is the one whose path is the asked one; the others are its members.
    let listed = look(&files, "/dav/Scans/").resources();
    assert_eq!(listed[0].href, "/dav/Scans/");
    assert_eq!(listed[1].href, "/dav/Scans/Receipt%201.pdf");
    assert_eq!(listed[1].text(DAV, "getcontentlength"), "150000");
    assert_eq!(listed[1].text(DAV, "getcontenttype"), "application/pdf");
    seconds(&listed[1].text(DAV, "getlastmodified"));
    // Of a file it asks the same, and takes the first response for it.
    let file = look(&files, "/dav/Scans/Receipt%201.pdf").resource();
    assert_eq!((file.is_folder(), file.href.as_str()), (false, "/dav/Scans/Receipt%201.pdf"));
    files.asks("GET /dav/Scans/Receipt%201.pdf", &[], "").gets(200).has_body(&bytes);
    files.asks("GET /dav/Scans/Receipt%201.pdf", &["Range: bytes=100-199"], "").gets(206).has_body(&bytes[100..200]);
    let copy = files.destination("/dav/Scans/Copy.pdf");
    files.asks("COPY /dav/Scans/Receipt%201.pdf", &[&copy, "Overwrite: F"], "").gets(201);
    files.asks("COPY /dav/Scans/Receipt%201.pdf", &[&copy, "Overwrite: F"], "").gets(412);
    let folder = files.destination("/dav/Archive/");
    files.asks("MOVE /dav/Scans/", &[&folder, "Overwrite: F"], "").gets(201);
    files.asks("DELETE /dav/Archive/Receipt%201.pdf", &[], "").gets(204);
    assert_eq!(alice.names(), ["Archive", "Archive/Copy.pdf"]);
    assert!(alice.bytes("Archive/Copy.pdf") == bytes);
}

/// R28: where a whole tree may be asked for, it is told at once; else the application is told how to go on.
#[test]
fn a_whole_tree_is_asked_for_at_once() {
    for allowed in [true, false] {
        let server = TestServer::with_config(&format!("{CHEAP}[dav]\ndepth_infinity = {allowed}\n"));
        let alice = server.person("alice");
        std::fs::create_dir_all(alice.file("a/b")).expect("folders");
        std::fs::write(alice.file("a/b/c.pdf"), "c").expect("a file");
        let expert = Device::of(&alice, "PDF Expert/7.19 CFNetwork/1410.0.3 Darwin/22.6.0");
        let told = expert.asks("PROPFIND /dav/", &["Depth: infinity", XML], ALL);
        if allowed {
            assert_eq!(told.gets(207).members(), ["/dav/a/", "/dav/a/b/", "/dav/a/b/c.pdf"]);
        } else {
            told.gets(403).says("propfind-finite-depth");
        }
    }
}

/// R21: the space that the application shows; a number that fits Swift's `Int64`.
#[test]
fn the_free_space_is_told() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let body = "<?xml version=\"1.0\" encoding=\"utf-8\" ?>\n<D:propfind xmlns:D=\"DAV:\">\n<D:prop>\
                <D:quota-available-bytes/><D:quota-used-bytes/></D:prop>\n</D:propfind>";
    let root = files(&alice).asks("PROPFIND /dav/", &["Depth: 0", XML], body).gets(207).resource();
    assert!(root.text(DAV, "quota-available-bytes").parse::<i64>().expect("a number") > 0);
    assert!(root.text(DAV, "quota-used-bytes").parse::<i64>().expect("a number") >= 0);
}
