//! `/files/`: people's own files in a browser.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use super::client::{self, Page, plain};
use crate::harness::{Person, TestServer, eventually};
use crate::http::{Answer, Client};

const BOUNDARY: &str = "----latchkey-test";
const LOCK: &str = "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/>\
                    </D:locktype></D:lockinfo>";

/// A server, Alice in a browser, and her drive.
fn alice() -> (TestServer, Page, Person) {
    let server = TestServer::start();
    client::add(&server, "alice", &[]);
    let page = Page::signed_in(&server, "alice");
    let drive = server.person("alice");
    (server, page, drive)
}

/// A part of a form of files.
struct Part<'a> {
    name: &'a str,
    file: Option<&'a str>,
    bytes: &'a [u8],
}

fn field<'a>(name: &'a str, value: &'a str) -> Part<'a> {
    Part { name, file: None, bytes: value.as_bytes() }
}

fn file<'a>(name: &'a str, bytes: &'a [u8]) -> Part<'a> {
    Part { name: "file", file: Some(name), bytes }
}

fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        let file = part.file.map_or_else(String::new, |file| format!("; filename=\"{file}\""));
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"{file}\r\n\r\n", part.name);
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(part.bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// The browser's connection for what is no text.
fn raw(server: &TestServer, page: &Page) -> Client {
    let host = page.origin().strip_prefix("http://").expect("an origin");
    server.stranger().with_host(host).with("Cookie", &page.cookies()).with("Origin", page.origin())
}

fn send_form(server: &TestServer, page: &Page, folder: &str, parts: &[Part<'_>], script: bool) -> Answer {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let mut headers = vec![("Content-Type", kind.as_str())];
    if script {
        headers.push(("X-Requested-With", "fetch"));
    }
    raw(server, page).send("POST", folder, &headers, &form(parts))
}

fn upload(server: &TestServer, page: &mut Page, folder: &str, files: Vec<Part<'_>>, script: bool) -> Answer {
    page.look(folder);
    let csrf = page.hidden("csrf").expect("a token");
    let parts: Vec<Part<'_>> = std::iter::once(field("csrf", &csrf)).chain(files).collect();
    send_form(server, page, folder, &parts, script)
}

/// The names in a folder's table, in order.
fn names(html: &str) -> Vec<String> {
    let rows = html.split("<bdi>").skip(1).filter_map(|rest| rest.split_once("</bdi></a></td>"));
    rows.map(|(name, _)| name).filter(|name| !name.contains('<')).map(plain).collect()
}

#[test]
fn a_folder_shows_what_is_in_it_and_nothing_else() {
    let (server, mut page, drive) = alice();
    assert!(page.look("/files/").contains("This folder is empty"), "an empty folder says so");
    fs::create_dir_all(drive.file("Notes/Old")).expect("folders");
    fs::write(drive.file("b.txt"), b"12345").expect("a file");
    fs::write(drive.file("A.txt"), vec![b'x'; 12_345]).expect("a file");
    fs::write(server.folder.path().join("secret"), b"secret").expect("a file elsewhere");
    symlink(server.folder.path().join("secret"), drive.file("out")).expect("a link out");
    symlink("../../..", drive.file("up")).expect("a link out");
    symlink("b.txt", drive.file("inner")).expect("a link within");
    fs::create_dir_all(drive.file(".latchkey-tmp")).expect("the hidden folder");
    let html = page.look("/files/");
    assert_eq!(names(&html), ["Notes", "A.txt", "b.txt", "inner"]);
    assert!(html.contains("5 bytes") && html.contains("12 KB") && html.contains("<time datetime="), "{html}");
    assert_eq!(names(&page.look("/files/?sort=size&order=down")), ["Notes", "A.txt", "b.txt", "inner"]);
    assert_eq!(names(&page.look("/files/?sort=name&order=down")), ["Notes", "inner", "b.txt", "A.txt"]);
    assert_eq!(names(&page.look("/files/?sort=size")), ["Notes", "b.txt", "inner", "A.txt"]);

    assert_eq!(page.get("/files").location(), "/files/");
    assert_eq!(page.get("/files/Notes").location(), "/files/Notes/");
    let html = page.look("/files/Notes/Old/");
    assert!(html.contains("href=\"/files/\"") && html.contains("href=\"/files/Notes/\""), "breadcrumbs: {html}");
    for missing in ["/files/b.txt/", "/files/nothing", "/files/nothing/", "/files/.latchkey-tmp/", "/files/b.txt/x"] {
        assert_eq!(page.get(missing).status, 404, "{missing}");
    }
    for outside in ["/files/out", "/files/up/", "/files/up/latchkey.sqlite3"] {
        let answer = page.get(outside);
        assert!(matches!(answer.status, 403 | 404), "{outside}: {}", answer.status);
        assert!(!answer.text().contains("secret"), "{outside}");
    }
    for path in ["/files/../alice/", "/files/%2e%2e/", "/files/a%2fb", "/files/%00"] {
        assert_eq!(page.get(path).status, 404, "{path}");
    }
}

#[test]
fn files_are_uploaded_and_replaced_only_where_that_is_chosen() {
    let (server, mut page, drive) = alice();
    fs::create_dir(drive.file("in")).expect("a folder");
    let files = vec![file("a.txt", b"one"), file("b b.txt", b""), file("", b"")];
    let answer = upload(&server, &mut page, "/files/in/", files, false);
    assert_eq!(answer.location(), "/files/in/?done=uploaded");
    assert_eq!((drive.bytes("in/a.txt"), drive.bytes("in/b b.txt")), (b"one".to_vec(), Vec::new()));
    assert!(page.look("/files/in/?done=uploaded").contains("Uploaded."));

    // One is there already: the other is stored, and the page says which was not.
    let files = vec![file("a.txt", b"two"), file("c.txt", b"three")];
    let answer = upload(&server, &mut page, "/files/in/", files, false);
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("a.txt") && answer.text().contains("is there already"), "{}", answer.text());
    assert!(answer.text().contains("The other file was uploaded"));
    assert_eq!((drive.bytes("in/a.txt"), drive.bytes("in/c.txt")), (b"one".to_vec(), b"three".to_vec()));

    let refused = upload(&server, &mut page, "/files/in/", vec![file("a.txt", b"two")], true);
    assert_eq!((refused.status, refused.json()["ok"].as_bool()), (412, Some(false)));
    assert_eq!(refused.json()["error"], "Something with this name is there already.");
    let replaced = vec![field("replace", "yes"), file("a.txt", b"two")];
    let answer = upload(&server, &mut page, "/files/in/", replaced, true);
    assert_eq!((answer.status, answer.json()), (200, serde_json::json!({"ok": true})));
    assert_eq!(drive.bytes("in/a.txt"), b"two");

    // Never a folder.
    let replaced = vec![field("replace", "yes"), file("in", b"two")];
    let answer = upload(&server, &mut page, "/files/", replaced, true);
    assert_eq!((answer.status, drive.bytes("in/a.txt")), (405, b"two".to_vec()));
    // Only the last name of what a browser sends, and only what can be one.
    let answer = upload(&server, &mut page, "/files/", vec![file("../../../x.txt", b"x")], true);
    assert_eq!((answer.status, drive.bytes("x.txt")), (200, b"x".to_vec()));
    let before = drive.names();
    let long = "l".repeat(256);
    for bad in ["..", "x/.", ".latchkey-tmp", long.as_str()] {
        let answer = upload(&server, &mut page, "/files/", vec![file(bad, b"x")], true);
        assert_eq!(answer.status, 422, "{bad}: {}", answer.text());
        assert!(answer.json()["error"].as_str().is_some_and(|error| error.contains("name")), "{}", answer.text());
    }
    assert_eq!(upload(&server, &mut page, "/files/", vec![file("", b"")], true).status, 400, "nothing was chosen");
    assert_eq!(upload(&server, &mut page, "/files/in/", vec![], false).status, 400);
    let nowhere = page.hidden("csrf").expect("a token");
    let answer = send_form(&server, &page, "/files/no/", &[field("csrf", &nowhere), file("a", b"a")], true);
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert_eq!(drive.names(), before);
}

#[test]
fn folders_are_made_and_things_renamed_moved_and_deleted() {
    let (_server, mut page, drive) = alice();
    let deed = |page: &mut Page, ask: &str, fields: &[(&str, &str)]| page.submit(ask, "/files/", fields);
    let answer = deed(&mut page, "/files/?do=new-folder", &[("deed", "new-folder"), ("name", "Letters")]);
    assert_eq!(answer.location(), "/files/?done=folder");
    assert!(drive.file("Letters").is_dir());
    fs::write(drive.file("a.txt"), b"a").expect("a file");
    drive.client().send("PROPPATCH", "/dav/a.txt", &[], PROPERTY.as_bytes());

    let ask = page.look("/files/?do=rename&item=a.txt");
    assert!(ask.contains("value=\"a.txt\""), "{ask}");
    let fields = [("deed", "rename"), ("item", "a.txt"), ("name", " b#?%.txt ")];
    assert_eq!(deed(&mut page, "/files/?do=rename&item=a.txt", &fields).location(), "/files/?done=renamed");
    assert_eq!(drive.bytes("b#?%.txt"), b"a");

    let ask = page.look("/files/?do=move&item=b%2523%253F%2525.txt");
    assert!(ask.contains("<option value=\"/Letters\">"), "{ask}");
    let fields = [("deed", "move"), ("item", "b%23%3F%25.txt"), ("to", "/Letters")];
    assert_eq!(page.post("/files/?sort=size", &fields).location(), "/files/?sort=size&done=moved");
    assert_eq!(drive.names(), ["Letters", "Letters/b#?%.txt"]);
    let properties = drive.client().send("PROPFIND", "/dav/Letters/b%23%3F%25.txt", &[("Depth", "0")], b"").text();
    assert!(properties.contains("kept"), "a property goes along: {properties}");

    let ask = page.look("/files/?do=delete&item=Letters");
    assert!(ask.contains("with everything in it"), "{ask}");
    assert_eq!(drive.names().len(), 2, "asking deletes nothing");
    assert_eq!(page.post("/files/", &[("deed", "delete"), ("item", "Letters")]).location(), "/files/?done=deleted");
    assert_eq!(drive.names(), Vec::<String>::new());
    assert_eq!(page.get("/files/?do=delete&item=Letters").status, 404);
    let gone = deed(&mut page, "/files/", &[("deed", "delete"), ("item", "Letters")]);
    assert_eq!(gone.location(), "/files/?done=deleted", "gone is gone");
}

const PROPERTY: &str = "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><x xmlns=\"urn:x\">kept</x></D:prop></D:set>\
                        </D:propertyupdate>";

#[test]
fn several_are_moved_and_deleted_at_once_and_what_is_refused_is_said() {
    let (_server, mut page, drive) = alice();
    for folder in ["to", "from"] {
        fs::create_dir(drive.file(folder)).expect("a folder");
    }
    for name in ["from/a", "from/b", "from/c", "to/b"] {
        fs::write(drive.file(name), name).expect("a file");
    }
    let all = [("item", "a"), ("item", "b"), ("item", "c")];
    let ask = page.submit("/files/from/", "/files/from/", &[&[("deed", "choose-move")][..], &all].concat());
    assert_eq!((ask.status, ask.text().matches("type=\"hidden\" name=\"item\"").count()), (200, 3));
    let answer = page.post("/files/from/", &[&[("deed", "move"), ("to", "to")][..], &all].concat());
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("<bdi>b</bdi></strong>: Something with this name"), "{}", answer.text());
    assert_eq!(answer.text().matches("type=\"hidden\" name=\"item\"").count(), 1, "what is left can be tried again");
    assert_eq!(drive.names(), ["from", "from/b", "to", "to/a", "to/b", "to/c"]);
    assert_eq!(drive.bytes("to/b"), b"to/b");

    let ask = page.submit("/files/to/", "/files/to/", &[&[("deed", "choose-delete")][..], &all].concat());
    assert_eq!((ask.status, drive.names().len()), (200, 6));
    assert_eq!(page.post("/files/to/", &[&[("deed", "delete")][..], &all].concat()).status, 303);
    assert_eq!(drive.names(), ["from", "from/b", "to"]);
    assert_eq!(page.submit("/files/", "/files/", &[("deed", "choose-delete")]).location(), "/files/?done=nothing");
}

#[test]
fn nothing_is_replaced_by_a_rename_a_move_or_a_new_folder() {
    let (_server, mut page, drive) = alice();
    fs::create_dir_all(drive.file("d/e")).expect("folders");
    for name in ["a", "b", "d/a"] {
        fs::write(drive.file(name), name).expect("a file");
    }
    let before = drive.names();
    let long = "l".repeat(256);
    let mut refused = |fields: &[(&str, &str)], why: &str| {
        let answer = page.submit("/files/", "/files/", fields);
        assert_eq!(answer.status, 422, "{fields:?}: {}", answer.text());
        assert!(plain(&answer.text()).contains(why), "{fields:?}: {why} in {}", answer.text());
    };
    let there = "Something with this name is there already.";
    refused(&[("deed", "rename"), ("item", "a"), ("name", "b")], there);
    refused(&[("deed", "rename"), ("item", "a"), ("name", "d")], there);
    refused(&[("deed", "move"), ("item", "a"), ("to", "/d")], there);
    refused(&[("deed", "new-folder"), ("name", "a")], there);
    refused(&[("deed", "new-folder"), ("name", "d")], there);
    refused(&[("deed", "new-folder"), ("name", "  ")], "A name cannot be empty");
    refused(&[("deed", "new-folder"), ("name", "x/y")], "has no “/” in it");
    refused(&[("deed", "new-folder"), ("name", "..")], "A name cannot be “.”");
    refused(&[("deed", "new-folder"), ("name", ".latchkey-TMP")], "kept for the server");
    refused(&[("deed", "rename"), ("item", "a"), ("name", &long)], "The name is too long.");
    refused(&[("deed", "move"), ("item", "a"), ("to", "/nowhere")], "There is no such folder.");
    refused(&[("deed", "move"), ("item", "a"), ("to", "/b")], "There is no such folder.");
    refused(&[("deed", "move"), ("item", "a"), ("to", "../..")], "This is no path of a folder.");
    refused(&[("deed", "move"), ("item", "a"), ("to", "/")], "that it is in already");
    refused(&[("deed", "move"), ("item", "d"), ("to", "/d/e")], "cannot be copied or moved into itself");
    for item in ["..", "%2e%2e", "d%2fa", "", "d/a", ".latchkey-tmp"] {
        let answer = page.post("/files/", &[("deed", "delete"), ("item", item)]);
        assert_eq!(answer.status, 400, "{item}: {}", answer.text());
        page.look("/files/");
    }
    let same = page.post("/files/", &[("deed", "rename"), ("item", "a"), ("name", "a")]);
    assert_eq!(same.status, 303, "nothing to do is done");
    assert_eq!(page.submit("/files/", "/files/", &[("deed", "explode"), ("item", "a")]).status, 400);
    assert_eq!(page.submit("/files/", "/files/a", &[("deed", "delete"), ("item", "a")]).status, 404);
    assert_eq!(drive.names(), before);
    assert_eq!(drive.bytes("b"), b"b");
}

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
fn what_another_program_has_locked_stays_as_it_is() {
    let (server, mut page, drive) = alice();
    fs::create_dir(drive.file("d")).expect("a folder");
    fs::write(drive.file("a.txt"), b"old").expect("a file");
    let locked = drive.client().send("LOCK", "/dav/a.txt", &[], LOCK.as_bytes());
    assert_eq!(locked.status, 200);
    let before = drive.names();
    let deeds: [&[(&str, &str)]; 3] = [
        &[("deed", "rename"), ("item", "a.txt"), ("name", "b.txt")],
        &[("deed", "move"), ("item", "a.txt"), ("to", "/d")],
        &[("deed", "delete"), ("item", "a.txt")],
    ];
    for deed in deeds {
        let answer = page.submit("/files/", "/files/", deed);
        assert_eq!(answer.status, 422, "{deed:?}");
        assert!(answer.text().contains("has locked it"), "{deed:?}: {}", answer.text());
        assert!(!answer.text().contains("urn:uuid"), "no token is told");
    }
    let parts = vec![field("replace", "yes"), file("a.txt", b"new")];
    let answer = upload(&server, &mut page, "/files/", parts, true);
    assert_eq!(answer.status, 423, "{}", answer.text());
    assert!(answer.json()["error"].as_str().is_some_and(|error| error.contains("has locked it")));
    assert_eq!((drive.names(), drive.bytes("a.txt")), (before, b"old".to_vec()));
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

#[test]
fn a_large_folder_is_shown_page_by_page() {
    let (_server, mut page, drive) = alice();
    for n in 0..450 {
        fs::write(drive.file(&format!("{n:03}")), "").expect("a file");
    }
    let mut address = "/files/".to_owned();
    let mut all = Vec::new();
    let mut pages = Vec::new();
    loop {
        let html = page.look(&address);
        all.extend(names(&html));
        pages.push(address);
        match html.split_once("rel=\"next\" href=\"") {
            Some((_, rest)) => address = plain(rest.split('"').next().expect("an end")),
            None => break,
        }
    }
    assert_eq!(all, (0..450).map(|n| format!("{n:03}")).collect::<Vec<_>>());
    assert_eq!(pages.len(), 3);
    let last = page.look(&pages[2]);
    assert!(last.contains("401 to 450 of 450 entries"));
    let (_, rest) = last.split_once("rel=\"prev\" href=\"").expect("a way back");
    let back = plain(rest.split('"').next().expect("an end"));
    assert_eq!(names(&page.look(&back)).first().map(String::as_str), Some("200"));
    let down = page.look("/files/?sort=name&order=down");
    assert_eq!(names(&down).first().map(String::as_str), Some("449"));
    assert!(page.look("/files/?after=nonsense").contains("1 to 200 of 450"));
}

#[test]
fn a_home_that_is_missing_is_a_failure_and_not_an_empty_folder() {
    let (_server, mut page, drive) = alice();
    page.look("/files/");
    fs::rename(&drive.home, drive.home.with_extension("away")).expect("the home is moved away");
    assert_eq!(page.post("/files/", &[("deed", "new-folder"), ("name", "x")]).status, 503);
    assert_eq!(page.get("/files/").status, 503);
    assert_eq!(page.get("/files/a").status, 503);
    assert!(!drive.home.exists(), "it is not made anew");
}
