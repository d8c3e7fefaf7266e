//! Tokens: what they are good for, and what is none.

use super::client::{SyncClient, refused, report};
use super::{delete, done, mkcol, put, set_property};
use crate::harness::{Person, TestServer};

/// The property `sync-token` of a folder.
fn property(alice: &Person, path: &str) -> String {
    let names = b"<propfind xmlns='DAV:'><prop><sync-token/></prop></propfind>";
    let text = alice.client().send("PROPFIND", path, &[("Depth", "0")], names).text();
    let (_, rest) = text.split_once("<D:sync-token>").unwrap_or_else(|| panic!("a token in {text}"));
    rest.split_once("</D:sync-token>").expect("its end").0.to_owned()
}

#[test]
fn the_property_is_what_a_report_would_give() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for path in ["/dav/a", "/dav/a/b", "/dav/c"] {
        mkcol(&alice, path);
    }
    put(&alice, "/dav/a/b/f", b"1");
    // Who lists in its own way goes on from the property, which was never reported before.
    let begun = property(&alice, "/dav/");
    assert_eq!(report(&alice, "/dav/", "", "infinite", None).token, begun);
    assert!(report(&alice, "/dav/", &begun, "infinite", None).members.is_empty());
    for path in ["/dav/", "/dav/a/", "/dav/a/b/", "/dav/c/"] {
        for level in ["1", "infinite"] {
            assert_eq!(report(&alice, path, "", level, None).token, property(&alice, path), "{path} {level}");
        }
    }
    let before = ["/dav/", "/dav/a/", "/dav/a/b/", "/dav/c/"].map(|path| property(&alice, path));
    std::fs::write(alice.file("a/b/f"), b"longer").expect("written");
    let after = ["/dav/", "/dav/a/", "/dav/a/b/", "/dav/c/"].map(|path| property(&alice, path));
    let moved: Vec<bool> = before.iter().zip(&after).map(|(before, after)| before != after).collect();
    assert_eq!(moved, [true, true, true, false], "deeper changes count, those elsewhere do not");
    // One listing tells those of all folders in it.
    let names = b"<propfind xmlns='DAV:'><prop><sync-token/></prop></propfind>";
    let list = alice.client().send("PROPFIND", "/dav/", &[("Depth", "1")], names).text();
    for token in [&after[0], &after[1], &after[3]] {
        assert!(list.contains(token.as_str()), "{token} in {list}");
    }
    // Deeper there is none in the same answer.
    let deep = alice.client().send("PROPFIND", "/dav/", &[("Depth", "infinity")], names).text();
    for (token, is_told) in [(&after[0], true), (&after[1], true), (&after[2], false), (&after[3], true)] {
        assert_eq!(deep.contains(token.as_str()), is_told, "{token} in {deep}");
    }
    // By a link it is the token of the folder, where that was looked at.
    std::os::unix::fs::symlink("a", alice.file("link")).expect("a link");
    assert_eq!(property(&alice, "/dav/link/"), after[1]);
}

#[test]
fn tokens_outlive_a_restart() {
    let mut server = TestServer::start();
    let mut alice = server.person("alice");
    mkcol(&alice, "/dav/d");
    put(&alice, "/dav/d/f", b"1");
    let mut client = SyncClient::new("/dav/", "infinite");
    let mut pages = SyncClient::new("/dav/", "infinite").with_limit(1);
    client.check(&alice);
    assert!(pages.step(&alice), "there is more");
    delete(&alice, "/dav/d/f");
    put(&alice, "/dav/g", b"1");
    server.crash_and_restart();
    alice.addr = server.addr;
    std::fs::write(alice.file("h"), b"1").expect("a file");
    let next = report(&alice, "/dav/", &client.token, "infinite", None);
    assert_eq!(next.hrefs(), ["/dav/d/", "/dav/d/f", "/dav/g", "/dav/h"]);
    client.check(&alice);
    pages.check(&alice);
    assert!(server.terminate().success());
    server.start_again();
    alice.addr = server.addr;
    assert!(report(&alice, "/dav/", &client.token, "infinite", None).members.is_empty());
}

#[test]
fn what_is_no_token_of_the_collection_is_refused() {
    let server = TestServer::start();
    let alice = server.person("alice");
    assert!(
        refused(&alice, "/dav/", "urn:latchkey:sync:0:00000000000000000000000000000000:0000000000000000"),
        "before any look"
    );
    for path in ["/dav/a", "/dav/b"] {
        mkcol(&alice, path);
        put(&alice, &format!("{path}/f"), b"1");
    }
    let own = report(&alice, "/dav/a/", "", "infinite", None).token;
    let paged = report(&alice, "/dav/", "", "infinite", Some(1)).token;
    assert!(!refused(&alice, "/dav/a/", &own));
    let parts: Vec<&str> = own.rsplitn(4, ':').collect();
    let (number, rest) = (parts[2], format!("{}:{}", parts[1], parts[0]));
    let next = number.parse::<i64>().expect("a number") + 1;
    let mark = |digit: char| own.replace(parts[1], &parts[1].replace(|c: char| c != digit, &digit.to_string()));
    for (path, token) in [
        ("/dav/b/", own.clone()),
        ("/dav/", own.clone()),
        ("/dav/a/", paged.clone()),
        ("/dav/a/", format!("urn:latchkey:sync:{next}:{rest}")),
        ("/dav/a/", format!("urn:latchkey:sync:-{number}:{rest}")),
        ("/dav/a/", format!("urn:latchkey:sync:0:{rest}")),
        ("/dav/a/", mark('0')),
        ("/dav/a/", own.to_uppercase()),
        ("/dav/a/", format!("{own}:0")),
        ("/dav/a/", format!("{own}:99:L2Y")),
        ("/dav/a/", "http://example.com/ns/sync/1234".to_owned()),
        ("/dav/a/", "1".to_owned()),
        ("/dav/a/", "\u{fc}&lt;&amp;'".to_owned()),
        ("/dav/a/", format!("urn:latchkey:sync:{}", "9".repeat(60_000))),
    ] {
        assert!(refused(&alice, path, &token), "{path} {token}");
    }
    let bob = server.person("bob");
    report(&bob, "/dav/", "", "infinite", None);
    let hers = report(&alice, "/dav/", "", "infinite", None).token;
    assert!(refused(&bob, "/dav/", &hers), "somebody else's");
    // What a client makes up within its own tree is no token either: names of long ago are behind it.
    let (whole, behind) = paged.rsplit_once(':').expect("a place");
    let (whole, since) = whole.rsplit_once(':').expect("a look");
    let elsewhere = if behind == "L2E" { "L2I" } else { "L2E" };
    assert!(!refused(&alice, "/dav/", &paged));
    for forged in [
        format!("{own}:0:Lw"),
        format!("{whole}:1:{behind}"),
        format!("{whole}:{since}:{elsewhere}"),
        format!("{whole}:{since}:Lw"),
        whole.to_owned(),
    ] {
        let path = if forged.starts_with(&own) { "/dav/a/" } else { "/dav/" };
        assert!(refused(&alice, path, &forged), "{forged}");
    }
}

/// After a restored backup, a client that was further on must not be taken for one that knows what came after.
#[test]
fn a_restored_backup_refuses_tokens_that_came_after_it() {
    let mut server = TestServer::start();
    let mut alice = server.person("alice");
    put(&alice, "/dav/f", b"1");
    let mut old = SyncClient::new("/dav/", "infinite");
    old.check(&alice);
    let (storage, aside) = (server.storage(), server.folder.path().join("aside"));
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        let done = std::process::Command::new("cp").arg("-a").args([from, to]).status().expect("cp runs");
        assert!(done.success());
    };
    assert!(server.terminate().success());
    copy(&storage, &aside);
    server.start_again();
    alice.addr = server.addr;
    let mut newer = old.clone();
    put(&alice, "/dav/lost", b"1");
    newer.check(&alice);
    assert!(server.terminate().success());
    std::fs::remove_dir_all(&storage).expect("removed");
    copy(&aside, &storage);
    server.start_again();
    alice.addr = server.addr;
    assert!(refused(&alice, "/dav/", &newer.token), "the restored database has not come so far");
    put(&alice, "/dav/other", b"1");
    let mut third = SyncClient::new("/dav/", "infinite");
    third.check(&alice);
    put(&alice, "/dav/another", b"1");
    third.check(&alice);
    assert!(refused(&alice, "/dav/", &newer.token), "nor when it has come as far in another way");
    old.check(&alice);
    newer = SyncClient::new("/dav/", "infinite");
    newer.check(&alice);
}

/// RFC 6578 §5: a change is made only if nothing has changed in the collection.
#[test]
fn a_token_in_if_holds_while_nothing_has_changed() {
    let server = TestServer::start();
    let alice = server.person("alice");
    mkcol(&alice, "/dav/d");
    mkcol(&alice, "/dav/d/sub");
    put(&alice, "/dav/d/sub/f", b"1");
    let with = |method: &str, path: &str, condition: &str| {
        alice.client().send(method, path, &[("If", condition)], if method == "PUT" { b"x" } else { b"" }).status
    };
    let token = || report(&alice, "/dav/d/", "", "infinite", None).token;
    let first = report(&alice, "/dav/d/", "", "1", None).token;
    assert_eq!(with("PUT", "/dav/d/new", &format!("</dav/d/> (<{first}>)")), 201);
    assert_eq!(with("PUT", "/dav/d/new", &format!("</dav/d/> (<{first}>)")), 412, "it has changed by that");
    assert_eq!(with("MKCOL", "/dav/d/child", &format!("</dav/d/> (<{first}>)")), 412);
    let second = token();
    assert_eq!(with("MKCOL", "/dav/d/child", &format!("</dav/d/> (<{second}>)")), 201);
    let third = token();
    std::fs::write(alice.file("d/sub/f"), b"longer").expect("written");
    assert_eq!(with("DELETE", "/dav/d/new", &format!("</dav/d/> (<{third}>)")), 412, "by another program, deeper");
    let fourth = token();
    assert_eq!(
        with("DELETE", "/dav/d/new", &format!("</dav/d/> (<{third}>)")),
        412,
        "also when it was looked at since"
    );
    set_property(&alice, "/dav/d/new", "1");
    assert_eq!(with("DELETE", "/dav/d/new", &format!("</dav/d/> (<{fourth}>)")), 412, "a property is a change");
    let fifth = property(&alice, "/dav/d/");
    assert_eq!(with("PUT", "/dav/d/new", &format!("(<{fifth}>)")), 412, "it is the collection's, not the file's");
    assert_eq!(with("PUT", "/dav/f", &format!("</dav/> (<{fifth}>)")), 412, "nor another collection's");
    assert_eq!(with("GET", "/dav/d/", &format!("(<{fifth}>)")), 200);
    assert_eq!(with("PUT", "/dav/f", &format!("</dav/d/> (Not <{fifth}>)")), 412);
    assert_eq!(with("PUT", "/dav/f", &format!("</dav/d/> (Not <{first}>)")), 201);
    assert_eq!(with("DELETE", "/dav/d/new", &format!("</dav/d/> (<{fifth}>)")), 204);
    let sixth = token();
    let many = |count| (0..count).map(|other| format!("</dav/d/> (<{sixth}> [\"{other}\"]) ")).collect::<String>();
    let others: String = ["/dav/d/sub/", "/dav/d/child/", "/dav/"]
        .map(|path| report(&alice, path, "", "infinite", None).token)
        .iter()
        .map(|token| format!("</dav/d/> (<{token}>) "))
        .collect();
    assert_eq!(with("PUT", "/dav/g", &format!("{}{others}</dav/d/> (<{sixth}>)", many(20))), 201, "once for each");
    let first_others = format!("{others}</dav/d/> (<{first}>) </dav/d/> (<{sixth}>)");
    assert_eq!(with("PUT", "/dav/g", &first_others), 412, "and not many");
    assert_eq!(with("PUT", "/dav/d/g", "</dav/d/> (<urn:latchkey:sync:nonsense>)"), 412);
    done(&alice, "PUT", "/dav/d/g", &[], b"x");
}
