//! What may be asked, and by whom.

use super::client::{Told, body, read, report};
use super::{mkcol, put};
use crate::harness::TestServer;

/// What stands in the body is by the letter; `Depth` is 0 or absent (RFC 6578 §3.2, appendix A).
#[test]
fn the_request_is_read_by_the_letter() {
    let server = TestServer::start();
    let alice = server.person("alice");
    mkcol(&alice, "/dav/d");
    put(&alice, "/dav/d/f", b"1");
    let send = |headers: &[(&str, &str)], body: &str| {
        let answer = alice.client().send("REPORT", "/dav/", headers, body.as_bytes());
        (answer.status, answer.text())
    };
    let whole = |inner: &str| format!("<D:sync-collection xmlns:D=\"DAV:\">{inner}</D:sync-collection>");
    let (token, level, prop) = ("<D:sync-token/>", "<D:sync-level>1</D:sync-level>", "<D:prop><D:getetag/></D:prop>");
    let good = whole(&[token, level, prop].concat());
    for depth in [&[][..], &[("Depth", "0")]] {
        assert_eq!(send(depth, &good).0, 207);
    }
    for depth in ["1", "infinity", "2", ""] {
        assert_eq!(send(&[("Depth", depth)], &good).0, 400, "{depth}");
    }
    // Drafts of the RFC had the level in Depth.
    let old = whole(&[token, prop].concat());
    let members = |depth: &str| read(&send(&[("Depth", depth)], &old).1).members.len();
    assert_eq!((members("1"), members("infinity")), (1, 2));
    assert_eq!((send(&[("Depth", "0")], &old).0, send(&[], &old).0), (400, 400));
    for bad in [
        whole(""),
        whole(&[level, prop].concat()),
        whole(&[token, level].concat()),
        whole(&[token, "<D:sync-level/>", prop].concat()),
        whole(&[token, "<D:sync-level>2</D:sync-level>", prop].concat()),
        whole(&[token, "<D:sync-level>-1</D:sync-level>", prop].concat()),
        whole(&[token, level, prop, "<D:limit/>"].concat()),
        whole(&[token, level, prop, "<D:limit><D:nresults/></D:limit>"].concat()),
        whole(&[token, level, prop, "<D:limit><D:nresults>-1</D:nresults></D:limit>"].concat()),
        whole(&[token, level, prop, "<D:limit><D:nresults>1.5</D:nresults></D:limit>"].concat()),
        whole(&[token, level, prop, "<D:limit><D:nresults>+1</D:nresults></D:limit>"].concat()),
        String::new(),
        "nonsense".to_owned(),
        "<a>".repeat(100),
    ] {
        let (status, text) = send(&[], &bad);
        assert_eq!((status, text.trim_end().lines().count()), (400, 1), "{bad}: {text}");
    }
    let (status, text) = send(&[], &format!("<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{good}"));
    assert!(status == 400 && text.contains("<D:no-external-entities/>"), "{status} {text}");
    let large = good.replace("<D:sync-token/>", &format!("<D:sync-token>{}</D:sync-token>", "x".repeat(70_000)));
    assert_eq!(send(&[], &large).0, 413);
    let many = good.replace("<D:getetag/>", &"<D:a/>".repeat(3000));
    assert_eq!(send(&[], &many).0, 400);
    let endless = whole(
        &[token, level, prop, &format!("<D:limit><D:nresults>{}</D:nresults></D:limit>", "9".repeat(99))].concat(),
    );
    assert_eq!(send(&[], &endless).0, 207, "more than anybody has");
    let spaced = good.replace("<D:sync-token/>", "<D:sync-token>\n </D:sync-token>").replace(">1<", "> 1 <");
    assert_eq!(send(&[], &spaced).0, 207);
    let none = good.replace("<D:getetag/>", "");
    assert!(send(&[], &none).1.contains("<D:propstat>"), "a member that is there has a propstat in any case");
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn only_folders_have_the_report_and_they_say_so() {
    let server = TestServer::start();
    let alice = server.person("alice");
    mkcol(&alice, "/dav/d");
    put(&alice, "/dav/f", b"1");
    let good = body("", "1", None);
    let ask = |path: &str, body: &str| {
        let answer = alice.client().send("REPORT", path, &[], body.as_bytes());
        (answer.status, answer.text())
    };
    let unknown = "<D:version-tree xmlns:D=\"DAV:\"/>";
    for (path, body) in
        [("/dav/f", good.as_str()), ("/dav/d/", unknown), ("/dav/", "<sync-collection xmlns=\"urn:x\"/>")]
    {
        let (status, text) = ask(path, body);
        assert!(status == 403 && text.contains("<D:supported-report/>"), "{path}: {text}");
    }
    assert_eq!(ask("/dav/absent/", &good).0, 404);
    let names = "<propfind xmlns='DAV:'><prop><supported-report-set/><sync-token/></prop></propfind>";
    let told =
        |path: &str, body: &str| alice.client().send("PROPFIND", path, &[("Depth", "0")], body.as_bytes()).text();
    let folder = told("/dav/d/", names);
    let supported = "<D:supported-report-set><D:supported-report><D:report><D:sync-collection/></D:report>\
                     </D:supported-report></D:supported-report-set>";
    assert!(folder.contains(supported) && folder.contains("<D:sync-token>urn:latchkey:sync:"), "{folder}");
    let file = told("/dav/f", names);
    assert!(file.contains("<D:supported-report-set/>"), "{file}");
    assert!(file.contains("<D:sync-token/></D:prop><D:status>HTTP/1.1 404 Not Found"), "{file}");
    for body in ["", "<propfind xmlns='DAV:'><propname/></propfind>"] {
        let all = told("/dav/d/", body);
        assert!(!all.contains("sync-token") && !all.contains("supported-report-set"), "on request only: {all}");
    }
    let include = told("/dav/d/", "<propfind xmlns='DAV:'><allprop/><include><sync-token/></include></propfind>");
    assert!(include.contains("<D:sync-token>urn:"), "{include}");
    let set = "<propertyupdate xmlns='DAV:'><set><prop><sync-token>mine</sync-token></prop></set></propertyupdate>";
    let refused = alice.client().send("PROPPATCH", "/dav/d/", &[], set.as_bytes()).text();
    assert!(refused.contains("<D:cannot-modify-protected-property/>"), "{refused}");
    let options = alice.client().send("OPTIONS", "/dav/", &[], b"");
    assert!(options.header("allow").expect("Allow").contains("REPORT"));
}

#[test]
fn a_report_is_reading_and_what_uploads_only_may_not() {
    let server = TestServer::start();
    let alice = server.person("alice");
    put(&alice, "/dav/f", b"1");
    let reader = server.person_with("alice", &["--read-only"]);
    assert_eq!(report(&reader, "/dav/", "", "infinite", None).hrefs(), ["/dav/f"]);
    let uploader = server.person_with("alice", &["--upload-only"]);
    assert_eq!(uploader.client().send("REPORT", "/dav/", &[], body("", "1", None).as_bytes()).status, 403);
    let names = b"<propfind xmlns='DAV:'><prop><supported-report-set/><sync-token/></prop></propfind>";
    let told = uploader.client().send("PROPFIND", "/dav/", &[("Depth", "0")], names).text();
    assert!(told.contains("<D:supported-report-set/>") && !told.contains("urn:latchkey:sync"), "{told}");
    let bob = server.person("bob");
    assert!(report(&bob, "/dav/", "", "infinite", None).members.is_empty(), "others have drives of their own");
}

/// A password that is confined to a folder sees that alone, and what leads out of it is not there.
#[test]
fn a_confined_password_has_a_tree_of_its_own() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for path in ["/dav/a", "/dav/a/b", "/dav/a/b/in", "/dav/secret"] {
        mkcol(&alice, path);
    }
    put(&alice, "/dav/secret/f", b"SECRET");
    put(&alice, "/dav/a/b/f", b"1");
    for (target, link) in [("f", "here"), ("../../secret/f", "out"), ("../../secret", "in/out")] {
        std::os::unix::fs::symlink(target, alice.file("a/b").join(link)).expect("a link");
    }
    let confined = server.person_with("alice", &["--folder", "/a/b"]);
    let own = report(&confined, "/dav/a/b/", "", "infinite", None);
    assert_eq!(own.hrefs(), ["/dav/a/b/f", "/dav/a/b/here", "/dav/a/b/in/"]);
    let whole = report(&alice, "/dav/a/b/", "", "infinite", None);
    assert!(whole.hrefs().contains(&"/dav/a/b/out"));
    // Neither sees what the other's look found as a change.
    assert!(report(&confined, "/dav/a/b/", &own.token, "infinite", None).members.is_empty());
    assert!(report(&alice, "/dav/a/b/", &whole.token, "infinite", None).members.is_empty());
    for path in ["/dav/", "/dav/a/"] {
        let answer = confined.client().send("REPORT", path, &[], body("", "infinite", None).as_bytes());
        assert!(answer.status == 403 && answer.text().contains("<D:supported-report/>"), "{path}: {}", answer.text());
    }
    assert_eq!(confined.client().send("REPORT", "/dav/secret/", &[], body("", "1", None).as_bytes()).status, 404);
    assert!(super::client::refused(&confined, "/dav/a/b/", &whole.token), "a token of another tree");
    // A link that comes to lead out is gone, and is there again when it leads back.
    let point = |target: &str| {
        std::fs::remove_file(alice.file("a/b/here")).expect("removed");
        std::os::unix::fs::symlink(target, alice.file("a/b/here")).expect("a link");
    };
    point("../../secret/f");
    let out = report(&confined, "/dav/a/b/", &own.token, "infinite", None);
    assert_eq!(out.members.iter().find(|(href, _)| href == "/dav/a/b/here").map(|(_, told)| told), Some(&Told::Gone));
    point("f");
    let back = report(&confined, "/dav/a/b/", &out.token, "infinite", None);
    assert!(back.members.iter().any(|(href, told)| href == "/dav/a/b/here" && matches!(told, Told::Here(_))));
    super::set_property(&alice, "/dav/a/b/f", "1");
    let changed = report(&confined, "/dav/a/b/", &back.token, "infinite", None);
    assert_eq!(changed.hrefs(), ["/dav/a/b/f", "/dav/a/b/here"], "set by another password, told to this one");
}
