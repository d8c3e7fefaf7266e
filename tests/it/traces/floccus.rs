//! Floccus: bookmarks of browsers in one file.
//!
//! Source: floccusaddon/floccus, `src/lib/adapters/WebDav.ts`: the lock file and its age, `uploadBookmarkFile` (beside,
//! its size asked for, moved over, its size asked for again), `getFileSizeWeb` (how the size is read), `moveFileWeb`,
//! `redirect: manual` (a redirect is an error), `credentials: omit`.

use super::{Device, Told, preflight, shown_to};
use crate::harness::{CHEAP, Person, TestServer};

const FILE: &str = "/dav/bookmarks.xbel";
const XBEL: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xbel version=\"1.0\">\n<bookmark href=\"https://example.org\"/>\n</xbel>";

/// The size as it is read: the text after the first `getcontentlength`, without an XML parser.
fn size(floccus: &Device, path: &str) -> usize {
    let text = floccus.asks(&format!("PROPFIND {path}"), &["Depth: 0"], "").gets(207).answer.text();
    let (_, rest) = text.split_once("getcontentlength").expect("a size");
    let (_, rest) = rest.split_once('>').expect("a size");
    rest.split('<').next().and_then(|digits| digits.parse().ok()).expect("digits")
}

fn synchronise(floccus: &Device, bookmarks: &str) -> Vec<Told> {
    let lock = format!("{FILE}.lock");
    let temporary = format!("{FILE}.temp");
    let locked = floccus.asks(&format!("GET {lock}"), &[], "").gets(404);
    let html = "<html><body>I am a lock file</body></html>";
    let put = floccus.asks(&format!("PUT {lock}"), &["Content-Type: text/html"], html).gets(201);
    // Somebody else reads its age, and goes away while it is young.
    let seen = floccus.asks(&format!("GET {lock}"), &[], "").gets(200);
    seen.header("Last-Modified");
    let old = floccus.asks(&format!("GET {FILE}"), &[], "").gets_one_of(&[200, 404]);
    if old.answer.status == 200 {
        assert_eq!(size(floccus, FILE), old.answer.body.len());
    }
    floccus.asks(&format!("PUT {temporary}"), &["Content-Type: application/xml"], bookmarks).gets(201);
    assert_eq!(size(floccus, &temporary), bookmarks.len());
    let destination = floccus.destination(FILE);
    let moved =
        floccus.asks(&format!("MOVE {temporary}"), &[&destination, "Overwrite: T"], "").gets_one_of(&[201, 204]);
    assert_eq!(size(floccus, FILE), bookmarks.len());
    let freed = floccus.asks(&format!("DELETE {lock}"), &[], "").gets(204);
    vec![locked, put, seen, old, moved, freed]
}

fn check(alice: &Person, bookmarks: &str) {
    assert_eq!(alice.bytes("bookmarks.xbel"), bookmarks.as_bytes());
    assert_eq!(alice.names(), ["bookmarks.xbel"], "neither lock nor temporary file is left");
}

#[test]
fn bookmarks_are_synchronised_behind_a_lock_file() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let floccus = Device::of(&alice, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
    synchronise(&floccus, XBEL);
    check(&alice, XBEL);
    let more = XBEL.replace("example.org", "example.org/a?b=1&amp;c");
    synchronise(&floccus, &more);
    check(&alice, &more);
}

/// R15: where the extension has no permission for the host, the browser asks first, without the password.
#[test]
fn the_browser_asks_first_without_the_password() {
    let origin = "moz-extension://3f1a2b4c-5d6e-4f70-8192-a3b4c5d6e7f8";
    let server = TestServer::with_config(&format!("{CHEAP}[web]\ncors_origins = [\"{origin}\"]\n"));
    let alice = server.person("alice");
    for (what, headers) in [
        ("GET /dav/bookmarks.xbel.lock", "authorization"),
        ("PUT /dav/bookmarks.xbel.lock", "authorization,content-type"),
        ("PROPFIND /dav/bookmarks.xbel", "authorization,depth"),
        ("MOVE /dav/bookmarks.xbel.temp", "authorization,destination,overwrite"),
        ("DELETE /dav/bookmarks.xbel.lock", "authorization"),
    ] {
        preflight(&server, origin, what, headers);
    }
    let header = format!("Origin: {origin}");
    let floccus = Device::of(&alice, "Mozilla/5.0").always(&[&header]);
    for told in synchronise(&floccus, XBEL) {
        shown_to(&told, origin, &["etag", "last-modified"]);
        // Its setting to send cookies as well, for a proxy's sign-in in front.
        told.with("Access-Control-Allow-Credentials", "true");
    }
    check(&alice, XBEL);
}
