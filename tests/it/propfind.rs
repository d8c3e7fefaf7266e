//! PROPFIND and PROPPATCH: what is told of a resource, and what a client keeps with it.

use crate::harness::{CHEAP, Person, TestServer};

fn propfind(alice: &Person, path: &str, depth: &str, body: &str) -> (u16, String) {
    let answer = alice.client().send("PROPFIND", path, &[("Depth", depth)], body.as_bytes());
    (answer.status, answer.text())
}

fn named(names: &str) -> String {
    format!("<D:propfind xmlns:D=\"DAV:\" xmlns:x=\"urn:x\"><D:prop>{names}</D:prop></D:propfind>")
}

fn patch(alice: &Person, path: &str, inner: &str) -> (u16, String) {
    let body = format!("<D:propertyupdate xmlns:D=\"DAV:\" xmlns:x=\"urn:x\">{inner}</D:propertyupdate>");
    let answer = alice.client().send("PROPPATCH", path, &[], body.as_bytes());
    (answer.status, answer.text())
}

fn set(alice: &Person, path: &str, value: &str) {
    let (status, text) = patch(alice, path, &format!("<D:set><D:prop><x:p>{value}</x:p></D:prop></D:set>"));
    assert!(status == 207 && text.contains("200 OK"), "{text}");
}

fn value(alice: &Person, path: &str) -> Option<String> {
    let (_, text) = propfind(alice, path, "0", &named("<x:p/>"));
    let (_, rest) = text.split_once("<x:p xmlns:x=\"urn:x\">")?;
    Some(rest.split_once("</x:p>")?.0.to_owned())
}

/// What the drive says of itself to who asks.
const CLASSES: &str = "1, 2, 3, extended-mkcol, sabredav-partialupdate";

#[test]
fn depth_decides_how_far_it_reaches() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().send("MKCOL", "/dav/d", &[], b"");
    alice.client().put("/dav/d/f", b"12345");
    let hrefs = |path: &str, depth: &str| propfind(&alice, path, depth, "").1.matches("<D:href>/dav").count();
    assert_eq!((hrefs("/dav/", "0"), hrefs("/dav/", "1"), hrefs("/dav/d", "1"), hrefs("/dav/d/f", "1")), (1, 2, 2, 1));
    for headers in [vec![("Depth", "infinity")], vec![]] {
        let answer = alice.client().send("PROPFIND", "/dav/", &headers, b"");
        assert_eq!((answer.status, answer.text().matches("<D:href>/dav").count()), (207, 3), "{headers:?}");
    }
    assert_eq!(propfind(&alice, "/dav/d/f", "infinity", "").0, 207, "a file has nothing beneath it");
    assert_eq!(propfind(&alice, "/dav/d", "2", "").0, 400);
    assert_eq!(propfind(&alice, "/dav/absent", "0", "").0, 404);
}

#[test]
fn infinity_is_a_setting_and_links_do_not_go_in_circles() {
    let off = TestServer::with_config(&format!("{CHEAP}[dav]\ndepth_infinity = false\n"));
    let bob = off.person("bob");
    bob.client().put("/dav/f", b"x");
    for headers in [vec![("Depth", "infinity")], vec![]] {
        let answer = bob.client().send("PROPFIND", "/dav/", &headers, b"");
        assert_eq!(answer.status, 403, "what a missing Depth means, too");
        assert!(answer.text().contains("<D:propfind-finite-depth/>"), "{}", answer.text());
        assert_eq!(bob.client().send("PROPFIND", "/dav/f", &headers, b"").status, 207, "a file has nothing beneath it");
    }
    let server = TestServer::start();
    let alice = server.person("alice");
    std::fs::create_dir_all(alice.file("a/b/c")).expect("folders");
    std::fs::write(alice.file("a/b/c/f"), b"x").expect("a file");
    std::os::unix::fs::symlink("..", alice.file("a/b/up")).expect("a link");
    let (status, text) = propfind(&alice, "/dav/", "infinity", "");
    assert_eq!(status, 207);
    for path in ["/dav/", "/dav/a/", "/dav/a/b/", "/dav/a/b/c/", "/dav/a/b/c/f", "/dav/a/b/up/"] {
        assert_eq!(text.matches(&format!("<D:href>{path}</D:href>")).count(), 1, "{path}");
    }
    assert_eq!(text.matches("<D:response>").count(), 6);
}

#[test]
fn live_properties_are_those_of_the_file() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/a.txt", b"12345");
    let (_, text) = propfind(&alice, "/dav/a.txt", "0", "");
    for part in [
        "<D:resourcetype/>",
        "<D:getcontentlength>5</D:getcontentlength>",
        "<D:getcontenttype>text/plain</D:getcontenttype>",
        "<D:displayname>a.txt</D:displayname>",
        "<D:lockentry><D:lockscope><D:exclusive/>",
        "<D:lockdiscovery/>",
        "<D:getlastmodified>",
        "<D:creationdate>",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let (_, folder) = propfind(&alice, "/dav/", "0", "");
    assert!(folder.contains("<D:resourcetype><D:collection/></D:resourcetype>"));
    assert!(folder.contains("<D:getetag>\"d-"), "folders have tags, too");
    assert!(!folder.contains("getcontentlength"));
    let (_, names) = propfind(&alice, "/dav/a.txt", "0", "<propfind xmlns='DAV:'><propname/></propfind>");
    assert!(names.contains("<D:getetag/>") && !names.contains("12345"));
    let include = "<propfind xmlns='DAV:'><allprop/><include><getetag/><absent xmlns='urn:x'/></include></propfind>";
    let (_, more) = propfind(&alice, "/dav/a.txt", "0", include);
    assert!(more.contains("12345") || more.contains("<D:getcontentlength>5<"));
    assert!(more.contains("<absent xmlns=\"urn:x\"/></D:prop><D:status>HTTP/1.1 404 Not Found"), "{more}");
    let (_, some) = propfind(&alice, "/dav/a.txt", "0", &named("<D:getcontentlength/><x:absent/><D:getetag/>"));
    assert!(some.contains("<D:status>HTTP/1.1 404 Not Found</D:status>") && some.contains("<absent xmlns=\"urn:x\"/>"));
    assert!(!some.contains("displayname"));
}

#[test]
fn dead_properties_are_kept_as_written_and_over_a_restart() {
    let mut server = TestServer::start();
    let mut alice = server.person("alice");
    alice.client().put("/dav/f", b"x");
    let inner = "<D:set xml:lang=\"de\"><D:prop><x:p a=\"1\">ä<b xmlns=\"\"><![CDATA[<&]]></b><!-- c --></x:p></D:prop></D:set>";
    assert_eq!(patch(&alice, "/dav/f", inner).0, 207);
    server.crash_and_restart();
    alice.addr = server.addr;
    let (_, text) = propfind(&alice, "/dav/f", "0", &named("<x:p/>"));
    let kept = "<x:p xmlns:x=\"urn:x\" xml:lang=\"de\" a=\"1\">ä<b xmlns=\"\">&lt;&amp;</b></x:p>";
    assert!(text.contains(kept), "{text}");
    assert!(propfind(&alice, "/dav/f", "0", "").1.contains(kept), "allprop tells it, too");
    patch(&alice, "/dav/f", "<D:remove><D:prop><x:p/></D:prop></D:remove>");
    assert!(!propfind(&alice, "/dav/f", "0", "").1.contains("urn:x"));
}

#[test]
fn properties_follow_their_resource() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let send = |method: &str, from: &str, to: &str| {
        let answer = alice.client().send(method, from, &[("Destination", to)], b"");
        assert!(matches!(answer.status, 201 | 204), "{method} {from} {}", answer.status);
    };
    alice.client().send("MKCOL", "/dav/d", &[], b"");
    alice.client().put("/dav/d/f", b"x");
    alice.client().put("/dav/other", b"y");
    set(&alice, "/dav/d", "folder");
    set(&alice, "/dav/d/f", "file");
    set(&alice, "/dav/other", "other");
    send("COPY", "/dav/d", "/dav/copy");
    send("MOVE", "/dav/d", "/dav/moved");
    for top in ["copy", "moved"] {
        assert_eq!(value(&alice, &format!("/dav/{top}")).as_deref(), Some("folder"));
        assert_eq!(value(&alice, &format!("/dav/{top}/f")).as_deref(), Some("file"));
    }
    send("COPY", "/dav/copy/f", "/dav/other");
    assert_eq!(value(&alice, "/dav/other").as_deref(), Some("file"), "those of what was replaced are gone");
    alice.client().put("/dav/other", b"z");
    assert_eq!(value(&alice, "/dav/other").as_deref(), Some("file"), "new content is the same resource");
    alice.client().send("DELETE", "/dav/other", &[], b"");
    alice.client().put("/dav/other", b"new");
    assert_eq!(value(&alice, "/dav/other"), None, "a new resource starts without");
    alice.client().send("MKCOL", "/dav/d", &[], b"");
    assert_eq!(value(&alice, "/dav/d"), None);
    std::fs::remove_file(alice.file("moved/f")).expect("removed by another program");
    alice.client().put("/dav/moved/f", b"new");
    assert_eq!(value(&alice, "/dav/moved/f"), None, "also where another program deleted the old");
}

#[test]
fn a_change_is_whole_or_not_done() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"x");
    let both = "<D:set><D:prop><x:p>1</x:p><D:getetag>mine</D:getetag></D:prop></D:set>";
    let (status, text) = patch(&alice, "/dav/f", both);
    assert_eq!(status, 207);
    assert!(text.contains("<D:getetag/></D:prop><D:status>HTTP/1.1 403 Forbidden</D:status>"), "{text}");
    assert!(text.contains("<D:cannot-modify-protected-property/>"));
    assert!(
        text.contains("<p xmlns=\"urn:x\"/></D:prop><D:status>HTTP/1.1 424 Failed Dependency</D:status>"),
        "{text}"
    );
    assert_eq!(value(&alice, "/dav/f"), None);
    let order = "<D:set><D:prop><x:p>1</x:p></D:prop></D:set><D:remove><D:prop><x:p/></D:prop></D:remove>\
                 <D:set><D:prop><x:p>2</x:p></D:prop></D:set>";
    patch(&alice, "/dav/f", order);
    assert_eq!(value(&alice, "/dav/f").as_deref(), Some("2"), "in the order of the document");
    patch(&alice, "/dav/f", "<D:set><D:prop><D:displayname>Mine</D:displayname></D:prop></D:set>");
    assert!(propfind(&alice, "/dav/f", "0", "").1.contains(">Mine</D:displayname>"));
    for bad in ["", "<D:set/>", "<D:set><D:prop/></D:set>", "<D:nothing/>"] {
        assert_eq!(patch(&alice, "/dav/f", bad).0, 400, "{bad}");
    }
    assert_eq!(patch(&alice, "/dav/absent", order).0, 404);
}

/// R28, R30: a large folder is streamed, and odd entries do not break it.
#[test]
fn a_large_and_odd_folder_is_listed_whole() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for number in 0..3000 {
        std::fs::write(alice.file(&format!("f{number}")), b"").expect("a file");
    }
    let odd = std::ffi::OsString::from(String::from_utf8_lossy(b"\x01\x7f").into_owned());
    std::fs::write(alice.home.join(odd), b"").expect("an odd name");
    let invalid: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"\xff\xfe");
    std::fs::write(alice.home.join(invalid), b"").expect("an odd name");
    std::os::unix::fs::symlink("/etc/passwd", alice.file("out")).expect("a link");
    std::os::unix::fs::symlink("nowhere", alice.file("dangling")).expect("a link");
    std::os::unix::fs::symlink("loop", alice.file("loop")).expect("a link");
    let pipe = std::process::Command::new("mkfifo").arg(alice.file("pipe")).status().expect("mkfifo runs");
    assert!(pipe.success());
    let (status, text) = propfind(&alice, "/dav/", "1", "");
    assert_eq!(status, 207);
    assert_eq!(text.matches("<D:response>").count(), 3003);
    assert!(text.ends_with("</D:multistatus>\n"));
    for hidden in ["out", "dangling", "loop", "pipe", ".latchkey-tmp"] {
        assert!(!text.contains(&format!("/dav/{hidden}<")), "{hidden}");
        assert!(matches!(alice.client().get(&format!("/dav/{hidden}")).status, 403 | 404), "{hidden}");
    }
}

#[test]
fn the_entrance_leads_to_the_drive() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let options = server.stranger().send("OPTIONS", "/", &[], b"");
    assert_eq!((options.status, options.header("dav")), (200, Some(CLASSES)));
    let (status, text) = propfind(&alice, "/", "1", "");
    assert_eq!(status, 207);
    assert!(text.contains("<D:href>/</D:href>") && text.contains("<D:href>/dav/</D:href>"), "{text}");
    let options = alice.client().send("OPTIONS", "/dav/", &[], b"");
    assert_eq!((options.status, options.header("dav")), (200, Some(CLASSES)));
    assert!(options.header("allow").expect("Allow").contains("PROPFIND"));
}

/// A link is told with what belongs to the place it leads to.
#[test]
fn a_link_shows_the_properties_and_locks_of_its_place() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().send("MKCOL", "/dav/d", &[], b"");
    alice.client().put("/dav/d/f", b"x");
    std::os::unix::fs::symlink("d/f", alice.file("link")).expect("a link");
    set(&alice, "/dav/d/f", "mine");
    let lockinfo = "<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>";
    assert_eq!(alice.client().send("LOCK", "/dav/d/f", &[], lockinfo.as_bytes()).status, 200);
    let (_, text) = propfind(&alice, "/dav/", "1", "");
    let (_, link) = text.split_once("<D:href>/dav/link</D:href>").expect("listed");
    let (link, _) = link.split_once("</D:response>").expect("whole");
    assert!(link.contains(">mine</x:p>") && link.contains("activelock"), "{link}");
    assert_eq!(alice.client().put("/dav/link", b"y").status, 423, "the lock holds by whatever way");
}

/// What the database cannot take after a move was done is written down before anything else is.
#[test]
fn properties_follow_later_where_the_database_failed() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"x");
    set(&alice, "/dav/f", "mine");
    let database = rusqlite::Connection::open(server.storage().join("latchkey.sqlite3")).expect("opened");
    let trigger = "CREATE TRIGGER no BEFORE INSERT ON property BEGIN SELECT RAISE(ABORT, 'full'); END";
    database.execute_batch(trigger).expect("made");
    assert_eq!(alice.client().send("MOVE", "/dav/f", &[("Destination", "/dav/g")], b"").status, 503);
    assert_eq!(alice.client().put("/dav/f", b"new").status, 503, "nothing goes on before that is settled");
    assert_eq!(alice.client().get("/dav/g").body, b"x", "reading does");
    database.execute_batch("DROP TRIGGER no").expect("dropped");
    assert_eq!(alice.client().put("/dav/f", b"new").status, 201);
    assert_eq!((value(&alice, "/dav/g").as_deref(), value(&alice, "/dav/f")), (Some("mine"), None));
}
