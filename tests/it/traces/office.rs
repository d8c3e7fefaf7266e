//! Microsoft Office: a document opened from its address (`ms-word:ofe|u|…`) and one opened on a mapped drive.
//!
//! Sources: Microsoft, MS-OCPROTO §2.1.2.1.2 (OPTIONS of the folder; what decides between reading and editing).
//! mikedeboer/jsDAV issue 129 (a log of Word: its agents, headers, the empty `Bearer`), npm-WebDAV-Server issue 37 (Word
//! on a mapped drive: the owner file), sabre-io/dav issues 955 (LOCK's body) and 537, FubarDevelopment/WebDavServer issue
//! 24 (a renewed lock keeps its token), sabre.io/dav/clients/msoffice (HEAD of folders, a lock asked for again and again).
//! How Word and Excel save: Microsoft knowledge base articles 211632 and "Description of the way that Excel saves files".

use super::{DAV, Device, Told, colleagues, inside, pattern, propfind};
use crate::harness::{Person, TestServer};

const DISCOVERY: &str = "Microsoft Office Protocol Discovery";
const EXISTENCE: &str = "Microsoft Office Existence Discovery";
const WORD: &str = "Microsoft Office Word 2014";
const XML: &str = "Content-Type: text/xml; charset=\"utf-8\"";
const DOCUMENT: &str = "/dav/Reports/Year%202026.docx";

fn word(person: &Person) -> Device {
    Device::of(person, WORD).always(&["X-Office-Major-Version: 16", "X-FeatureVersion: 1", "translate: f"])
}

fn lock(word: &Device, path: &str, owner: &str) -> Told {
    let body = format!(
        "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype><D:owner>\
         <D:href>{owner}</D:href></D:owner></D:lockinfo>"
    );
    word.asks(&format!("LOCK {path}"), &[XML, "Depth: 0", "Timeout: Second-3600"], body)
}

fn office() -> (TestServer, Person, Person) {
    let server = TestServer::start();
    let [alice, bob] = colleagues(&server);
    alice.client().send("MKCOL", "/dav/Reports", &[], b"");
    alice.client().put(DOCUMENT, b"draft");
    (server, alice, bob)
}

#[test]
fn a_document_is_opened_edited_and_saved_from_its_address() {
    let (server, alice, _) = office();
    // Word asks with an empty token of Microsoft's own sign-in first; it must be told that a password is wanted.
    let stranger = Device::without_password(&server, DISCOVERY).always(&["Authorization: Bearer"]);
    stranger.asks("OPTIONS /dav/Reports/", &[], "").gets(401).with("WWW-Authenticate", "Basic").without("Location");
    let told = Device::of(&alice, DISCOVERY).asks("OPTIONS /dav/Reports/", &[], "").gets(200);
    // With the one it locks; the other would have it speak SharePoint's protocol.
    told.with("MS-Author-Via", "DAV").with("Allow", "LOCK").without("X-MSFSSHTTP");
    Device::of(&alice, EXISTENCE).asks(&format!("HEAD {DOCUMENT}"), &[], "").gets(200);
    Device::of(&alice, EXISTENCE).asks("HEAD /dav/Reports/", &[], "").gets(200);
    let word = word(&alice);
    let token = lock(&word, DOCUMENT, "PC-7/alice").gets(200).token();
    let told = word.asks(&format!("GET {DOCUMENT}"), &[XML, "Depth: 0"], "").gets(200).has_body(b"draft");
    told.header("ETag");
    let names = propfind(&["lockdiscovery", "supportedlock", "getlastmodified"]);
    let resource = word.asks(&format!("PROPFIND {DOCUMENT}"), &[XML, "Depth: 0"], names).resource();
    assert_eq!(resource.status(DAV, "supportedlock"), Some(200));
    let bytes = pattern(120_000);
    word.asks(&format!("PUT {DOCUMENT}"), &[&format!("If: (<{token}>)")], &bytes).gets(204);
    word.asks(&format!("PUT {DOCUMENT}"), &[], "without the lock").gets(423);
    word.asks(&format!("UNLOCK {DOCUMENT}"), &[&format!("Lock-Token: <{token}>")], "").gets(204);
    assert!(alice.bytes("Reports/Year 2026.docx") == bytes);
}

/// R16: the second one is told who edits, opens a copy to read, and can edit when the first has closed.
#[test]
fn the_second_office_is_told_who_edits() {
    let (_server, alice, bob) = office();
    let (first, second) = (word(&alice), word(&bob));
    let token = lock(&first, DOCUMENT, "PC-7/alice").gets(200).token();
    lock(&second, DOCUMENT, "PC-9/bob").gets(423).lacks(&token);
    let names = propfind(&["lockdiscovery"]);
    let told = second.asks(&format!("PROPFIND {DOCUMENT}"), &[XML, "Depth: 0"], &names).gets(207).lacks(&token);
    let top = told.xml();
    let path = ["response", "propstat", "prop", "lockdiscovery", "activelock", "owner", "href"];
    assert_eq!(inside(&top, &path).and_then(xmltree::Element::get_text).as_deref(), Some("PC-7/alice"));
    second.asks(&format!("GET {DOCUMENT}"), &[], "").gets(200).has_body(b"draft");
    second.asks(&format!("PUT {DOCUMENT}"), &[], "mine").gets(423);
    second.asks(&format!("DELETE {DOCUMENT}"), &[], "").gets(423);
    second.asks(&format!("UNLOCK {DOCUMENT}"), &[&format!("Lock-Token: <{token}>")], "").gets(403);
    first.asks(&format!("PUT {DOCUMENT}"), &[&format!("If: (<{token}>)")], "of alice").gets(204);
    first.asks(&format!("UNLOCK {DOCUMENT}"), &[&format!("Lock-Token: <{token}>")], "").gets(204);
    // It looks every few seconds whether it may.
    let token = lock(&second, DOCUMENT, "PC-9/bob").gets(200).token();
    second.asks(&format!("GET {DOCUMENT}"), &[], "").gets(200).has_body(b"of alice");
    second.asks(&format!("PUT {DOCUMENT}"), &[&format!("If: (<{token}>)")], "of both").gets(204);
    second.asks(&format!("UNLOCK {DOCUMENT}"), &[&format!("Lock-Token: <{token}>")], "").gets(204);
    assert_eq!(alice.bytes("Reports/Year 2026.docx"), b"of both");
}

/// R16: a document stays open for a day, over a crash of the server too; the lock is the same one all the time.
#[test]
fn a_lock_is_renewed_for_hours() {
    let (mut server, alice, bob) = office();
    let token = lock(&word(&alice), DOCUMENT, "PC-7/alice").gets(200).token();
    let renew = |word: &Device| {
        let condition = format!("If: (<{token}>)");
        let told = word.asks(&format!("LOCK {DOCUMENT}"), &[&condition, "Timeout: Second-3600"], "").gets(200);
        told.says("Second-3600").says(&token)
    };
    for _ in 0..50 {
        renew(&word(&alice));
    }
    server.crash_and_restart();
    let [alice, bob] = [alice, bob].map(|person| Person { addr: server.addr, ..person });
    lock(&word(&bob), DOCUMENT, "PC-9/bob").gets(423);
    renew(&word(&alice));
    let condition = format!("If: (<{token}>)");
    word(&alice).asks(&format!("PUT {DOCUMENT}"), &[&condition], "after the crash").gets(204);
    assert_eq!(alice.bytes("Reports/Year 2026.docx"), b"after the crash");
    word(&alice).asks(&format!("UNLOCK {DOCUMENT}"), &[&format!("Lock-Token: <{token}>")], "").gets(204);
    lock(&word(&bob), DOCUMENT, "PC-9/bob").gets(200);
}

/// On a mapped drive Word writes beside and renames twice; Excel writes beside, deletes, and renames.
#[test]
fn a_document_on_a_drive_is_saved_by_a_temporary_file() {
    let (_server, alice, bob) = office();
    let drive = Device::of(&alice, "Microsoft-WebDAV-MiniRedir/10.0.22621").always(&["translate: f"]);
    let put = |path: &str, bytes: &[u8]| {
        drive.asks(&format!("PROPFIND {path}"), &["Depth: 0"], "").gets(404);
        drive.asks(&format!("PUT {path}"), &[], "").gets(201);
        let token = lock(&drive, path, "OFFICE\\alice").gets(200).token();
        drive.asks(&format!("HEAD {path}"), &[], "").gets(200);
        drive.asks(&format!("PUT {path}"), &[&format!("If: (<{token}>)")], bytes).gets(204);
        drive.asks(&format!("UNLOCK {path}"), &[&format!("Lock-Token: <{token}>")], "").gets(204);
    };
    let rename = |from: &str, to: &str| {
        drive.asks(&format!("PROPFIND {to}"), &["Depth: 0"], "").gets(404);
        drive.asks(&format!("MOVE {from}"), &[&drive.destination(to), "Overwrite: F"], "").gets(201);
    };
    put("/dav/Reports/~%24ar%202026.docx", b"\x05Alice");
    let other = Device::of(&bob, "Microsoft-WebDAV-MiniRedir/10.0.22621");
    other.asks("GET /dav/Reports/~%24ar%202026.docx", &[], "").gets(200).has_body(b"\x05Alice");

    let bytes = pattern(90_000);
    put("/dav/Reports/~WRD0001.tmp", &bytes);
    rename(DOCUMENT, "/dav/Reports/~WRL0002.tmp");
    rename("/dav/Reports/~WRD0001.tmp", DOCUMENT);
    drive.asks("DELETE /dav/Reports/~WRL0002.tmp", &[], "").gets(204);
    drive.asks("DELETE /dav/Reports/~%24ar%202026.docx", &[], "").gets(204);
    assert!(alice.bytes("Reports/Year 2026.docx") == bytes);

    alice.client().put("/dav/Reports/Sums.xlsx", b"1");
    put("/dav/Reports/Cedd4100", b"2");
    drive.asks("DELETE /dav/Reports/Sums.xlsx", &[], "").gets(204);
    rename("/dav/Reports/Cedd4100", "/dav/Reports/Sums.xlsx");
    assert_eq!(alice.bytes("Reports/Sums.xlsx"), b"2");
    assert_eq!(alice.names(), ["Reports", "Reports/Sums.xlsx", "Reports/Year 2026.docx"]);
}
