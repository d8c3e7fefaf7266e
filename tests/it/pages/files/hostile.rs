//! What strangers, other people, odd names and cut lines make of the file pages.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use super::super::client::{self, Page, plain};
use super::{BOUNDARY, Part, alice, field, file, form, names, raw, send_form};
use crate::harness::eventually;

#[test]
fn forms_of_others_change_nothing() {
    let (server, mut page, drive) = alice();
    client::add(&server, "mallory", &[]);
    fs::write(drive.file("a"), b"a").expect("a file");
    let mut other = Page::signed_in(&server, "mallory");
    other.look("/files/");
    let (of_other, own) = (other.hidden("csrf").expect("a token"), {
        page.look("/files/");
        page.hidden("csrf").expect("a token")
    });
    let origin = page.origin().to_owned();
    let deeds: [&[(&str, &str)]; 4] = [
        &[("deed", "new-folder"), ("name", "x")],
        &[("deed", "rename"), ("item", "a"), ("name", "x")],
        &[("deed", "move"), ("item", "a"), ("to", "/")],
        &[("deed", "delete"), ("item", "a")],
    ];
    for deed in deeds {
        for token in [None, Some(""), Some("wrong"), Some(of_other.as_str())] {
            let csrf: Vec<(&str, &str)> = token.map(|token| ("csrf", token)).into_iter().collect();
            assert_eq!(page.post_with("/files/", &[&csrf, deed].concat(), &origin).status, 403, "{deed:?} {token:?}");
        }
        for foreign in ["https://evil.example", "null", ""] {
            let answer = page.post_with("/files/", &[&[("csrf", own.as_str())], deed].concat(), foreign);
            assert_eq!(answer.status, 403, "{deed:?} from {foreign}");
        }
    }
    let forms: [Vec<Part<'_>>; 6] = [
        vec![file("x", b"x")],
        vec![field("csrf", "wrong"), file("x", b"x")],
        vec![field("csrf", &of_other), file("x", b"x")],
        vec![file("x", b"x"), field("csrf", &own)],
        vec![field("replace", "yes"), field("csrf", &own), file("x", b"x")],
        vec![],
    ];
    for parts in &forms {
        for script in [false, true] {
            assert_eq!(send_form(&server, &page, "/files/", parts, script).status, 403);
        }
    }
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let body = form(&[field("csrf", &own), file("x", b"x")]);
    let host = origin.strip_prefix("http://").expect("an origin");
    let from_elsewhere = server.stranger().with_host(host).with("Cookie", &page.cookies());
    let answer = from_elsewhere.send("POST", "/files/", &[("Content-Type", &kind), ("Origin", "null")], &body);
    assert_eq!(answer.status, 403);
    assert_eq!(drive.names(), ["a"]);
}

#[test]
fn names_of_any_kind_are_text_and_lead_to_their_files() {
    let (_server, mut page, drive) = alice();
    let odd: [&[u8]; 12] = [
        b"<script>alert(1)<&",
        b"\"quoted\" & 'single'",
        b"100%",
        b"%2e%2e",
        b"a#b?c=d&e",
        b"two  spaces",
        b".hidden",
        "\u{202e}gpj.exe".as_bytes(),
        b"latin-\xe9\xff",
        b"new\nline",
        "ünï-日本".as_bytes(),
        b"{{ 7 * 7 }}",
    ];
    for (index, name) in odd.iter().enumerate() {
        fs::write(drive.home.join(OsStr::from_bytes(name)), index.to_string()).expect("a file");
    }
    let html = page.look("/files/");
    assert!(!html.contains("<script>alert"), "{html}");
    assert_eq!(html.matches("<script").count(), 1, "the pages' own");
    let shown = names(&html);
    let links: Vec<String> = html.split("/></svg><a").skip(1).map(|row| attribute(row, "href")).collect();
    assert_eq!((shown.len(), links.len()), (odd.len(), odd.len()));
    for (index, name) in odd.iter().enumerate() {
        let lossy = String::from_utf8_lossy(name).into_owned();
        let at = shown.iter().position(|known| *known == lossy).unwrap_or_else(|| panic!("{lossy:?} in {shown:?}"));
        let link = &links[at];
        assert!(link.bytes().all(|byte| byte.is_ascii_graphic()), "{link}");
        let answer = page.get(&format!("/files/{link}"));
        assert_eq!((answer.status, answer.text()), (200, index.to_string()), "{link}");
        // Every way to ask about it leads to it, too.
        let row = html.split("<tr>").find(|row| row.contains(&format!("<a href=\"{link}\""))).expect("a row");
        for ask in ["rename", "move", "delete"] {
            let (_, rest) = row.split_once(&format!("?do={ask}&amp;item=")).expect("a link");
            let query = rest.split('"').next().expect("an end");
            let asked = page.look(&format!("/files/?do={ask}&item={query}"));
            assert!(plain(&asked).contains(&lossy), "{ask} {lossy:?}");
            assert!(!asked.contains("<script>alert"));
        }
        let item = attribute(row, "value");
        let to = format!("named-{index}");
        let renamed = page.submit("/files/", "/files/", &[("deed", "rename"), ("item", &item), ("name", &to)]);
        assert_eq!(renamed.status, 303, "{lossy:?}: {}", renamed.text());
        assert_eq!(drive.bytes(&to), index.to_string().into_bytes());
    }
    assert_eq!(drive.names().len(), odd.len());
}

fn attribute(html: &str, name: &str) -> String {
    let (_, rest) = html.split_once(&format!(" {name}=\"")).expect("the attribute");
    plain(rest.split('"').next().expect("an end"))
}

#[test]
fn peoples_files_run_nothing_on_the_pages_origin() {
    let (_server, mut page, drive) = alice();
    for (name, inline) in [
        ("a.html", false),
        ("a.svg", false),
        ("a.xhtml", false),
        ("a.pdf", false),
        ("a.js", false),
        ("a", false),
        ("a.txt", true),
        ("a.png", true),
    ] {
        fs::write(drive.file(name), b"<script>alert(1)</script>").expect("a file");
        let answer = page.get(&format!("/files/{name}"));
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-security-policy"), Some("sandbox; default-src 'none'"), "{name}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{name}");
        let disposition = answer.header("content-disposition");
        assert_eq!(disposition.is_none(), inline, "{name}: {disposition:?}");
        let saved = page.get(&format!("/files/{name}?download"));
        let expected = format!("attachment; filename*=UTF-8''{name}");
        assert_eq!(saved.header("content-disposition"), Some(expected.as_str()));
        assert_eq!(saved.header("content-security-policy"), Some("sandbox; default-src 'none'"));
    }
    fs::write(drive.file("long.txt"), b"0123456789").expect("a file");
    let whole = page.get("/files/long.txt");
    let part = page.send("GET", "/files/long.txt", &[("Range", "bytes=2-4")], "");
    assert_eq!((part.status, part.text().as_str()), (206, "234"));
    let etag = whole.etag();
    let same = page.send("GET", "/files/long.txt", &[("If-None-Match", &etag)], "");
    assert_eq!((same.status, same.body.len()), (304, 0));
    assert_eq!(page.send("GET", "/files/long.txt", &[("Range", "bytes=99-")], "").status, 416);
    let head = page.send("HEAD", "/files/long.txt", &[], "");
    assert_eq!((head.status, head.header("content-length")), (200, Some("10")));
}

#[test]
fn an_upload_that_is_cut_leaves_nothing() {
    let (server, mut page, drive) = alice();
    fs::write(drive.file("a.txt"), b"old").expect("a file");
    page.look("/files/");
    let csrf = page.hidden("csrf").expect("a token");
    let bytes = vec![b'x'; 3_000_000];
    let whole = form(&[field("csrf", &csrf), field("replace", "yes"), file("a.txt", &bytes)]);
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let client = raw(&server, &page);
    // The line is cut, or the connection ends in good order in the middle; or the body ends without its last boundary.
    for reset in [true, false] {
        let mut connection = client.connect();
        connection.write(&client.head("POST", "/files/", &[("Content-Type", &kind)], Some(whole.len())));
        connection.write(&whole[..2_000_000]);
        eventually(": the upload has begun", || drive.names().len() > 1);
        if reset {
            connection.reset()
        } else {
            drop(connection)
        }
        eventually(": no trace is left", || drive.names() == ["a.txt"]);
    }
    for length in [whole.len() - 40, 2_000_000, whole.len() - BOUNDARY.len() - 8] {
        let answer = client.send("POST", "/files/", &[("Content-Type", &kind)], &whole[..length]);
        assert_eq!(answer.status, 400, "{length}: {}", answer.text());
    }
    assert_eq!((drive.names(), drive.bytes("a.txt")), (vec!["a.txt".to_owned()], b"old".to_vec()));
    // A head without an end is not gathered for ever.
    let mut endless = form(&[field("csrf", &csrf)]);
    endless.truncate(endless.len() - 4);
    endless.extend_from_slice(b"\r\nX-Endless: ");
    endless.resize(8_000_000, b'x');
    assert_eq!(client.send("POST", "/files/", &[("Content-Type", &kind)], &endless).status, 400);
    assert_eq!(client.send("POST", "/files/", &[("Content-Type", &kind)], &whole).status, 303);
    assert_eq!(drive.bytes("a.txt"), bytes);
}

#[test]
fn a_session_opens_the_pages_and_not_the_drive() {
    let (server, mut page, drive) = alice();
    fs::write(drive.file("a"), b"a").expect("a file");
    let cookies = page.cookies();
    let token = cookies.split("__Host-latchkey-session=").nth(1).and_then(|rest| rest.split(';').next());
    let token = token.expect("a session").to_owned();
    for method in ["GET", "PUT", "DELETE", "PROPFIND", "MKCOL", "MOVE"] {
        assert_eq!(page.send(method, "/dav/a", &[], "").status, 401, "{method} by cookie");
        assert_eq!(server.stranger().with_basic("alice", &token).send(method, "/dav/a", &[], b"").status, 401);
        let bearer = format!("Bearer {token}");
        assert_eq!(server.stranger().send(method, "/dav/a", &[("Authorization", &bearer)], b"").status, 401);
    }
    let mut stranger = Page::of(&server);
    assert_eq!(stranger.get("/files/a?download").location(), "/login?next=%2Ffiles%2Fa%3Fdownload");
    assert_eq!(stranger.get("/files/").location(), "/login?next=%2Ffiles%2F");
    stranger.get("/login");
    assert_eq!(stranger.post("/files/", &[("deed", "delete"), ("item", "a")]).location(), "/login");
    assert_eq!(send_form(&server, &stranger, "/files/", &[file("x", b"x")], false).location(), "/login");
    // An application password is none for the pages.
    assert_eq!(drive.client().with_host("localhost").get("/files/a").status, 303);
    // Another person's pages show another person's files.
    client::add(&server, "bob", &[]);
    let mut bob = Page::signed_in(&server, "bob");
    assert_eq!(bob.get("/files/a").status, 404);
    assert_eq!(drive.names(), ["a"]);
}
