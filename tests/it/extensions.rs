//! What WebDAV has beside RFC 4918: who one is and what one may (RFC 3744, 5397), fewer words (RFC 8144), whole trees.

use std::fs;

use crate::harness::{CHEAP, Person, TestServer};
use crate::http::Answer;

fn propfind(person: &Person, path: &str, headers: &[(&str, &str)], prop: &str) -> Answer {
    let body = format!("<D:propfind xmlns:D=\"DAV:\"><D:prop>{prop}</D:prop></D:propfind>");
    let headers = [headers, &[("Content-Type", "application/xml")]].concat();
    person.client().send("PROPFIND", path, &headers, body.as_bytes())
}

const ZERO: (&str, &str) = ("Depth", "0");
const ONE: (&str, &str) = ("Depth", "1");

#[test]
fn everybody_is_told_who_they_are() {
    let server = TestServer::start();
    server.ok(&["user", "add", "alice", "--display-name", "Alice & Co", "--email", "alice@example.org"]);
    let alice = server.person("alice");
    let bob = server.person("bob");
    for path in ["/dav/", "/"] {
        let text = propfind(&alice, path, &[ZERO], "<D:current-user-principal/>").text();
        let wanted = "<D:current-user-principal><D:href>/principals/alice/</D:href></D:current-user-principal>";
        assert!(text.contains(wanted), "{path}: {text}");
    }
    let names = "<D:resourcetype/><D:displayname/><D:principal-URL/><D:alternate-URI-set/><D:group-membership/>\
                 <D:current-user-principal/><D:getetag/>";
    for path in ["/principals/alice/", "/principals/alice"] {
        let answer = propfind(&alice, path, &[ZERO], names);
        let text = answer.text();
        assert_eq!(answer.status, 207, "{text}");
        for part in [
            "<D:resourcetype><D:principal/></D:resourcetype>",
            "<D:displayname>Alice &amp; Co</D:displayname>",
            "<D:principal-URL><D:href>/principals/alice/</D:href></D:principal-URL>",
            "mailto:alice@example.org",
            "<D:prop><D:getetag/></D:prop><D:status>HTTP/1.1 404 Not Found</D:status>",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    assert_eq!(alice.client().send("PROPFIND", "/principals/alice/", &[], b"").status, 207);
    // Nobody learns who else is here.
    for path in ["/principals/alice/", "/principals/nobody/", "/principals/", "/principals/bob/x"] {
        assert_eq!(propfind(&bob, path, &[ZERO], names).status, 404, "{path}");
    }
    let stranger = server.stranger().send("PROPFIND", "/principals/alice/", &[], b"");
    assert_eq!(stranger.status, 401);
    assert_eq!(bob.client().get("/principals/bob/").status, 405);
    assert_eq!(bob.client().send("PROPFIND", "/principals/bob/", &[], b"<x").status, 400);
}

#[test]
fn everybody_is_told_what_they_may_do() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"x");
    let privileges = |person: &Person, path: &str| -> Vec<String> {
        let text = propfind(person, path, &[ZERO], "<D:current-user-privilege-set/>").text();
        let parts = text.split("<D:privilege><D:").skip(1);
        parts.map(|part| part.split('/').next().unwrap_or_default().to_owned()).collect()
    };
    let all = privileges(&alice, "/dav/");
    for one in ["read", "write", "write-content", "write-properties", "bind", "unbind", "unlock"] {
        assert!(all.iter().any(|known| known == one), "{one} in {all:?}");
    }
    assert!(!privileges(&alice, "/dav/f").iter().any(|known| known == "bind"));
    let reader = server.person_with("alice", &["--read-only"]);
    assert_eq!(privileges(&reader, "/dav/f"), ["read", "read-current-user-privilege-set"]);
    let confined = server.person_with("alice", &["--folder", "/deep/in"]);
    for way in ["/dav/", "/dav/deep/", "/"] {
        assert_eq!(privileges(&confined, way), ["read", "read-current-user-privilege-set"], "{way}");
    }
    assert!(privileges(&confined, "/dav/deep/in/").iter().any(|known| known == "bind"));
    let uploader = server.person_with("alice", &["--upload-only"]);
    assert_eq!(privileges(&uploader, "/dav/"), ["bind", "read-current-user-privilege-set"]);
    assert_eq!(privileges(&uploader, "/dav/f"), ["read-current-user-privilege-set"]);
}

/// RFC 8144 §2.1, §2.3.
#[test]
fn a_listing_says_less_where_less_is_preferred() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"x");
    let props = "<D:getcontentlength/><D:nonsense/>";
    let full = propfind(&alice, "/dav/", &[ONE], props);
    assert!(full.text().contains("404 Not Found") && full.header("preference-applied").is_none());
    let minimal = propfind(&alice, "/dav/", &[ONE, ("Prefer", "return=minimal")], props);
    assert_eq!(minimal.header("preference-applied"), Some("return=minimal"));
    let text = minimal.text();
    assert!(!text.contains("404") && text.contains("<D:getcontentlength>1</D:getcontentlength>"), "{text}");
    assert_eq!(text.matches("<D:propstat>").count(), 2, "each response has one: {text}");
    let members = propfind(&alice, "/dav/", &[ONE, ("Prefer", "depth-noroot, return=minimal")], props);
    assert_eq!(members.header("preference-applied"), Some("return=minimal, depth-noroot"));
    let text = members.text();
    assert!(text.matches("<D:response>").count() == 1 && text.contains("/dav/f"), "{text}");
    // Of a single resource there is nothing to leave out.
    let zero = propfind(&alice, "/dav/", &[ZERO, ("Prefer", "depth-noroot")], props);
    assert!(zero.header("preference-applied").is_none() && zero.text().contains("<D:response>"));
}

/// RFC 4918 §9.1 with the bound that RFC 5323 §2.3.1 knows for answers that are too long.
#[test]
fn a_whole_tree_is_told_up_to_a_bound() {
    let server = TestServer::with_config(&format!("{CHEAP}[dav]\ndepth_infinity_max = 500\n"));
    let alice = server.person("alice");
    for folder in 0..10 {
        fs::create_dir_all(alice.file(&format!("tree/{folder}"))).expect("a folder");
        for file in 0..40 {
            fs::write(alice.file(&format!("tree/{folder}/{file}")), b"x").expect("a file");
        }
    }
    let whole = propfind(&alice, "/dav/tree/", &[("Depth", "infinity")], "<D:getetag/><D:displayname/><D:owner/>");
    assert!(whole.header("content-length").is_none(), "it is sent as it is read");
    let whole = whole.text();
    assert!(whole.len() > 100_000, "{}", whole.len());
    assert_eq!(whole.matches("<D:response>").count(), 1 + 10 + 400);
    assert!(!whole.contains("507 Insufficient"));
    for file in 0..200 {
        fs::write(alice.file(&format!("tree/{file}.txt")), b"x").expect("a file");
    }
    let answer = propfind(&alice, "/dav/tree/", &[("Depth", "infinity")], "<D:getetag/>");
    let text = answer.text();
    assert_eq!(answer.status, 207);
    assert_eq!(text.matches("<D:response>").count(), 1 + 500 + 1);
    let end = "<D:response><D:href>/dav/tree/</D:href><D:status>HTTP/1.1 507 Insufficient Storage</D:status>\
               <D:error><D:number-of-matches-within-limits/></D:error></D:response></D:multistatus>";
    assert!(text.trim_end().ends_with(end), "{}", &text[text.len() - 600..]);
    // One folder is told whole, however many are in it.
    for file in 0..600 {
        fs::write(alice.file(&format!("tree/0/more-{file}")), b"x").expect("a file");
    }
    let one = propfind(&alice, "/dav/tree/0/", &[ONE], "<D:getetag/>").text();
    assert_eq!(one.matches("<D:response>").count(), 1 + 640);
}

/// RFC 4918 §16: what failed is said by its code; and 405 says what would go.
#[test]
fn failures_say_their_condition() {
    let server = TestServer::with_config(&format!("{CHEAP}[dav]\ndepth_infinity = false\n"));
    let alice = server.person("alice");
    let client = alice.client();
    client.put("/dav/f", b"x");
    client.send("MKCOL", "/dav/d", &[], b"");
    let lock = "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>\
                </D:lockinfo>";
    assert_eq!(client.send("LOCK", "/dav/f", &[], lock.as_bytes()).status, 200);
    let protected = "<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop><D:getetag>x</D:getetag></D:prop></D:set>\
                     </D:propertyupdate>";
    let with_type = "<!DOCTYPE x SYSTEM \"http://192.0.2.1/x\"><D:propfind xmlns:D=\"DAV:\"><D:allprop/></D:propfind>";
    for (method, path, headers, body, status, code) in [
        ("PUT", "/dav/f", vec![], "y", 423, "<D:lock-token-submitted><D:href>/dav/f</D:href>"),
        ("LOCK", "/dav/f", vec![], lock, 423, "<D:no-conflicting-lock><D:href>/dav/f</D:href>"),
        ("UNLOCK", "/dav/d", vec![("Lock-Token", "<urn:uuid:1>")], "", 409, "<D:lock-token-matches-request-uri/>"),
        ("PROPFIND", "/dav/", vec![("Depth", "infinity")], "", 403, "<D:propfind-finite-depth/>"),
        ("PROPFIND", "/dav/", vec![ZERO], with_type, 400, "<D:no-external-entities/>"),
        ("PROPPATCH", "/dav/d/", vec![], protected, 207, "<D:cannot-modify-protected-property/>"),
    ] {
        let answer = client.send(method, path, &headers, body.as_bytes());
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert!(answer.text().contains(code), "{method} {path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/xml; charset=utf-8"), "{method} {path}");
    }
    for (method, path) in
        [("PUT", "/dav/d"), ("MKCOL", "/dav/d"), ("POST", "/dav/d/"), ("PATCH", "/dav/d"), ("PUT", "/")]
    {
        let headers = [("Content-Type", "application/x-sabredav-partialupdate"), ("X-Update-Range", "append")];
        let answer = client.send(method, path, &headers, b"");
        assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text());
        let allow = answer.header("allow").unwrap_or_default();
        assert!(allow.contains("OPTIONS") && allow.contains("PROPFIND"), "{method} {path}: {allow}");
        assert!(!allow.split(", ").any(|one| one == method), "{method} {path}: {allow}");
    }
}

const XML: (&str, &str) = ("Content-Type", "application/xml; charset=\"utf-8\"");

fn mkcol(person: &Person, path: &str, headers: &[(&str, &str)], prop: &str) -> Answer {
    let body = format!("<D:mkcol xmlns:D=\"DAV:\"><D:set><D:prop>{prop}</D:prop></D:set></D:mkcol>");
    person.client().send("MKCOL", path, &[headers, &[XML]].concat(), body.as_bytes())
}

/// RFC 5689: a folder comes with its properties, or not at all.
#[test]
fn a_folder_is_made_with_its_properties() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let options = alice.client().send("OPTIONS", "/dav/", &[], b"");
    assert!(options.header("dav").is_some_and(|classes| classes.contains("extended-mkcol")));
    let plain = "<D:resourcetype><D:collection/></D:resourcetype><D:displayname>Photos</D:displayname>\
                 <x:colour xmlns:x=\"urn:x\">blue</x:colour>";
    let answer = mkcol(&alice, "/dav/d", &[], plain);
    let text = answer.text();
    assert_eq!(answer.status, 201, "{text}");
    assert!(text.contains("<D:mkcol-response") && text.contains("HTTP/1.1 200 OK"), "{text}");
    let props = propfind(&alice, "/dav/d/", &[ZERO], "<D:displayname/><D:resourcetype/><x:colour xmlns:x=\"urn:x\"/>");
    let text = props.text();
    assert!(text.contains(">Photos<") && text.contains(">blue<") && text.contains("<D:collection/>"), "{text}");
    let minimal = mkcol(&alice, "/dav/e", &[("Prefer", "return=minimal")], plain);
    assert_eq!((minimal.status, minimal.header("preference-applied")), (201, Some("return=minimal")));
    assert!(minimal.body.is_empty());
    // Without a kind it is a plain folder; without anything, too.
    assert_eq!(mkcol(&alice, "/dav/f", &[], "<D:displayname>F</D:displayname>").status, 201);
    assert_eq!(mkcol(&alice, "/dav/g", &[], "").status, 201);
    assert_eq!(mkcol(&alice, "/dav/d", &[], plain).status, 405);
    assert_eq!(mkcol(&alice, "/dav/none/d", &[], plain).status, 409);
    assert_eq!(alice.names(), ["d", "e", "f", "g"]);
}

#[test]
fn a_folder_that_cannot_be_as_asked_is_not_made() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let name = "<D:displayname>x</D:displayname>";
    for (prop, code) in [
        (
            format!("<D:resourcetype><D:collection/><x:calendar xmlns:x=\"urn:x\"/></D:resourcetype>{name}"),
            "valid-resourcetype",
        ),
        (format!("<D:resourcetype/>{name}"), "valid-resourcetype"),
        (format!("{name}<D:getetag>x</D:getetag>"), "cannot-modify-protected-property"),
    ] {
        let answer = mkcol(&alice, "/dav/d", &[], &prop);
        let text = answer.text();
        assert_eq!(answer.status, 403, "{text}");
        assert!(text.contains(&format!("<D:error><D:{code}/></D:error>")), "{text}");
        assert!(text.contains("<D:displayname/></D:prop><D:status>HTTP/1.1 424 Failed Dependency"), "{text}");
    }
    let client = alice.client();
    for (headers, body, status) in [
        (vec![], "<D:mkcol xmlns:D=\"DAV:\"/>", 415),
        (vec![("Content-Type", "text/plain")], "<D:mkcol xmlns:D=\"DAV:\"/>", 415),
        (vec![XML], "<D:propfind xmlns:D=\"DAV:\"/>", 415),
        (vec![XML], "<D:mkcol", 400),
        (vec![XML], "<D:mkcol xmlns:D=\"DAV:\"><D:set/></D:mkcol>", 400),
        (vec![XML, ("If-Match", "*")], "<D:mkcol xmlns:D=\"DAV:\"/>", 412),
    ] {
        assert_eq!(client.send("MKCOL", "/dav/d", &headers, body.as_bytes()).status, status, "{headers:?} {body}");
    }
    let reader = server.person_with("alice", &["--read-only"]);
    assert_eq!(mkcol(&reader, "/dav/d", &[], name).status, 403);
    assert_eq!(alice.names(), Vec::<String>::new());
    // Nothing of it clings to what comes later.
    assert_eq!(client.send("MKCOL", "/dav/d", &[], b"").status, 201);
    assert!(propfind(&alice, "/dav/d/", &[ZERO], "<D:displayname/>").text().contains(">d<"));
}

/// RFC 8144 §2.2: no word where all went well, all of them where it did not.
#[test]
fn a_change_of_properties_says_less_where_less_is_preferred() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"x");
    let set = |prop: &str| {
        let body =
            format!("<D:propertyupdate xmlns:D=\"DAV:\"><D:set><D:prop>{prop}</D:prop></D:set></D:propertyupdate>");
        alice.client().send("PROPPATCH", "/dav/f", &[("Prefer", "return=minimal"), XML], body.as_bytes())
    };
    let fine = set("<D:displayname>F</D:displayname>");
    assert_eq!((fine.status, fine.header("preference-applied")), (200, Some("return=minimal")));
    assert!(fine.body.is_empty());
    assert!(propfind(&alice, "/dav/f", &[ZERO], "<D:displayname/>").text().contains(">F<"));
    let refused = set("<D:getetag>x</D:getetag>");
    assert!(refused.status == 207 && refused.text().contains("403 Forbidden"), "{}", refused.text());
}
