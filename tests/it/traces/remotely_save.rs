//! Remotely Save: a vault of Obsidian.
//!
//! Source: remotely-save/remotely-save, `src/fsWebdav.ts` (each deed; 10 MB from which a file goes up in pieces, where the
//! server says `sabredav-partialupdate`), `src/fsAll.ts` (`checkConnectCommonOps`: the check of the settings),
//! `docs/remote_services/webdav_general/webav_cors.md` (origins). It rests on the npm package `webdav`
//! (perry-mitchell/webdav-client, `source/operations/`): a stat has no body, and reads `resourcetype`,
//! `getcontentlength` and `getlastmodified`.

use super::{DAV, Device, Told, pattern, preflight, seconds, shown_to};
use crate::harness::{CHEAP, Person, TestServer};

const VAULT: &str = "/dav/My%20vault";

fn obsidian(person: &Person) -> Device {
    Device::of(person, "Mozilla/5.0 (Macintosh) obsidian/1.8.9 Chrome/132.0.0.0 Electron/34.3.0")
        .always(&["Cache-Control: no-cache"])
}

fn stat(obsidian: &Device, path: &str) -> Told {
    obsidian.asks(&format!("PROPFIND {path}"), &["Accept: text/plain,application/xml", "Depth: 0"], "")
}

/// After each write the file is asked for, and its size compared.
fn written(obsidian: &Device, path: &str, size: usize) {
    let resource = stat(obsidian, path).gets(207).resource();
    assert_eq!(resource.text(DAV, "getcontentlength"), size.to_string());
    seconds(&resource.text(DAV, "getlastmodified"));
}

/// Whether pieces can be sent, by what OPTIONS says of the vault.
fn takes_pieces(obsidian: &Device) -> bool {
    let told = obsidian.asks(&format!("OPTIONS {VAULT}/"), &[], "").gets(200);
    told.header("DAV").split(',').any(|class| class.trim() == "sabredav-partialupdate")
}

fn open_vault(obsidian: &Device) {
    stat(obsidian, &format!("{VAULT}/")).gets(404);
    obsidian.asks(&format!("MKCOL {VAULT}/"), &[], "").gets(201);
    takes_pieces(obsidian);
    assert!(stat(obsidian, &format!("{VAULT}/")).gets(207).resource().is_folder());
}

#[test]
fn the_settings_are_checked_by_a_file_in_a_folder() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let obsidian = obsidian(&alice);
    open_vault(&obsidian);
    let folder = format!("{VAULT}/rs-test-folder-V1StGXR8_Z5jdHi6B-myT/");
    obsidian.asks(&format!("MKCOL {folder}"), &[], "").gets(201);
    stat(&obsidian, &folder).gets(207);
    let file = format!("{folder}rs-test-file-uakgb_J5m9g-0JDMbcJqL");
    for size in [100, 200] {
        obsidian
            .asks(&format!("PUT {file}"), &["Content-Type: application/octet-stream"], vec![0; size])
            .gets_one_of(&[201, 204]);
        written(&obsidian, &file, size);
    }
    obsidian.asks(&format!("GET {file}"), &["Accept: text/plain"], "").gets(200).has_body(&[0; 200]);
    obsidian.asks(&format!("DELETE {file}"), &[], "").gets(204);
    obsidian.asks(&format!("DELETE {folder}"), &[], "").gets(204);
    assert_eq!(alice.names(), ["My vault"]);
}

#[test]
fn a_vault_is_walked_and_changed() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let obsidian = obsidian(&alice);
    open_vault(&obsidian);
    obsidian.asks(&format!("MKCOL {VAULT}/Daily/"), &[], "").gets(201);
    for (name, text) in
        [("Daily/2026-11-24.md", "rain"), ("Idee%20%26%20Skizze.md", "a & b"), ("%F0%9F%8C%B1.md", "seed")]
    {
        obsidian.asks(&format!("PUT {VAULT}/{name}"), &["Content-Type: application/octet-stream"], text).gets(201);
        written(&obsidian, &format!("{VAULT}/{name}"), text.len());
    }
    // Folder by folder, since most servers refuse to be walked at once.
    let list = |path: &str| {
        let told = obsidian.asks(&format!("PROPFIND {path}"), &["Accept: text/plain,application/xml", "Depth: 1"], "");
        told.gets(207).members()
    };
    assert_eq!(list(VAULT).len(), 3);
    assert_eq!(list(&format!("{VAULT}/Daily")), [format!("{VAULT}/Daily/2026-11-24.md")]);
    let destination = obsidian.destination(&format!("{VAULT}/Daily/Regen.md"));
    obsidian.asks(&format!("MOVE {VAULT}/Daily/2026-11-24.md"), &[&destination], "").gets(201);
    assert_eq!(alice.bytes("My vault/Daily/Regen.md"), b"rain");
    assert_eq!(alice.bytes("My vault/Idee & Skizze.md"), b"a & b");
    assert_eq!(alice.names().len(), 5);
}

/// Above 10 MB, in pieces of 5 MB each put to the end, since OPTIONS says that they are taken.
#[test]
fn a_large_attachment_is_sent_in_pieces() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let obsidian = obsidian(&alice);
    open_vault(&obsidian);
    assert!(takes_pieces(&obsidian));
    let bytes = pattern(11 * 1024 * 1024);
    let file = format!("{VAULT}/Lecture.mp4");
    obsidian.asks(&format!("PUT {file}"), &[], "").gets(201);
    written(&obsidian, &file, 0);
    for piece in bytes.chunks(5 * 1024 * 1024) {
        let headers = ["X-Update-Range: append", "Content-Type: application/x-sabredav-partialupdate"];
        obsidian.asks(&format!("PATCH {file}"), &headers, piece).gets_one_of(&[200, 204]);
    }
    written(&obsidian, &file, bytes.len());
    obsidian.asks(&format!("GET {file}"), &[], "").gets(200).has_body(&bytes);
    assert!(alice.bytes("My vault/Lecture.mp4") == bytes);
}

/// R15: Obsidian before 0.13.25 asks as a page; its origins have schemes of their own.
#[test]
fn the_origins_of_an_old_obsidian_are_let_in() {
    let origins = ["app://obsidian.md", "capacitor://localhost", "http://localhost"];
    let list = origins.map(|origin| format!("{origin:?}")).join(", ");
    let server = TestServer::with_config(&format!("{CHEAP}[web]\ncors_origins = [{list}]\n"));
    let alice = server.person("alice");
    alice.client().send("MKCOL", VAULT, &[], b"");
    for origin in origins {
        preflight(&server, origin, &format!("PROPFIND {VAULT}/"), "authorization,cache-control,depth");
        preflight(&server, origin, &format!("MKCOL {VAULT}/a/"), "authorization,cache-control");
        preflight(&server, origin, &format!("PUT {VAULT}/a.md"), "authorization,cache-control,content-type");
        preflight(&server, origin, &format!("MOVE {VAULT}/a.md"), "authorization,cache-control,destination");
        preflight(&server, origin, &format!("OPTIONS {VAULT}/"), "authorization,cache-control");
        let header = format!("Origin: {origin}");
        let obsidian = obsidian(&alice).always(&[&header]);
        let told = obsidian.asks(&format!("OPTIONS {VAULT}/"), &[], "").gets(200);
        shown_to(&told, origin, &["dav", "etag"]);
        let told = obsidian.asks(&format!("PUT {VAULT}/a.md"), &[], origin).gets_one_of(&[201, 204]);
        shown_to(&told, origin, &["etag"]);
        assert_eq!(alice.bytes("My vault/a.md"), origin.as_bytes());
    }
}
