//! `/files/`: people's own files in a browser.

mod hostile;
mod transfers;

use std::fs;
use std::os::unix::fs::symlink;

use super::client::{self, Page, plain};
use crate::harness::{CHEAP, Person, TestServer};
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

/// What macOS lays beside files is shown as the drive shows it: unless it is refused, it is there.
#[test]
fn what_macos_lays_beside_files_is_left_out_where_it_is_refused() {
    for refused in [false, true] {
        let setting = if refused { "[dav]\napple_files = \"refuse\"\n" } else { "" };
        let server = TestServer::with_config(&format!("{CHEAP}{setting}"));
        client::add(&server, "alice", &[]);
        let mut page = Page::signed_in(&server, "alice");
        let drive = server.person("alice");
        for name in ["._folder", "folder/._in"] {
            fs::create_dir_all(drive.file(name)).expect("folders");
        }
        for name in [".DS_Store", "._photo.jpg", "photo.jpg", "folder/.DS_Store"] {
            fs::write(drive.file(name), b"x").expect("a file");
        }
        let html = page.look("/files/");
        let all: &[&str] = &["._folder", "folder", "._photo.jpg", ".DS_Store", "photo.jpg"];
        assert_eq!(names(&html), if refused { &["folder", "photo.jpg"] } else { all });
        assert!(html.contains(if refused { "2 entries" } else { "5 entries" }), "{html}");
        let html = page.look("/files/folder/");
        assert_eq!(html.contains("This folder is empty"), refused, "{html}");
        let html = page.look("/files/?do=move&item=photo.jpg");
        assert_eq!(html.contains("/._folder"), !refused, "where it can be moved to: {html}");
        assert!(html.contains("/folder"), "{html}");
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
    assert_eq!(pages.len(), 12);
    let last = page.look(&pages[11]);
    assert!(last.contains("441 to 450 of 450 entries"));
    let (_, rest) = last.split_once("rel=\"prev\" href=\"").expect("a way back");
    let back = plain(rest.split('"').next().expect("an end"));
    assert_eq!(names(&page.look(&back)).first().map(String::as_str), Some("400"));
    let down = page.look("/files/?sort=name&order=down");
    assert_eq!(names(&down).first().map(String::as_str), Some("449"));
    assert!(page.look("/files/?after=nonsense").contains("1 to 40 of 450"));
    // With style, script and icon, which a browser keeps, it is less than 100 KiB.
    assert!(page.look("/files/").len() < 50 * 1024, "{} bytes", page.look("/files/").len());
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
