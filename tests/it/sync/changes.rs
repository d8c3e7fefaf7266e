//! What has changed is told, whoever changed it and however.

use std::os::unix::fs::symlink;

use super::client::{SyncClient, Told, report};
use super::{delete, done, mkcol, put, rename, set_property};
use crate::harness::{Person, TestServer};

/// A client that is up to date with the whole drive.
fn client_of(alice: &Person) -> SyncClient {
    let mut client = SyncClient::new("/dav/", "infinite");
    client.check(alice);
    client
}

/// What the client is told next; it is up to date afterwards.
fn told(client: &mut SyncClient, alice: &Person) -> Vec<(String, bool)> {
    let next = report(alice, "/dav/", &client.token, "infinite", None);
    client.apply(&next);
    client.check(alice);
    let mut told: Vec<_> = next.members.into_iter().map(|(href, told)| (href, told != Told::Gone)).collect();
    told.sort();
    told
}

fn is(list: &[(&str, bool)]) -> Vec<(String, bool)> {
    list.iter().map(|(href, there)| ((*href).to_owned(), *there)).collect()
}

#[test]
fn at_first_everything_is_told_and_then_nothing() {
    let server = TestServer::start();
    let alice = server.person("alice");
    mkcol(&alice, "/dav/d");
    put(&alice, "/dav/d/f", b"1");
    put(&alice, "/dav/g", b"2");
    let all = report(&alice, "/dav/", "", "infinite", None);
    let etag = |path: &str| Told::Here(alice.client().get(path).etag());
    let hrefs: Vec<&str> = all.members.iter().map(|(href, _)| href.as_str()).collect();
    assert_eq!(hrefs, ["/dav/d/", "/dav/g", "/dav/d/f"], "folders before what is in them");
    assert_eq!((&all.members[1].1, &all.members[2].1), (&etag("/dav/g"), &etag("/dav/d/f")));
    let members = report(&alice, "/dav/", "", "1", None);
    assert_eq!(members.hrefs(), ["/dav/d/", "/dav/g"]);
    for token in [&all.token, &members.token] {
        for level in ["1", "infinite"] {
            let none = report(&alice, "/dav/", token, level, None);
            assert_eq!((none.members.len(), &none.token), (0, token), "{level}");
        }
    }
    let empty = report(&server.person("bob"), "/dav/", "", "infinite", None);
    assert!(empty.members.is_empty() && !empty.token.is_empty());
}

#[test]
fn what_this_server_changes_is_told() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for folder in ["/dav/a", "/dav/a/b"] {
        mkcol(&alice, folder);
    }
    put(&alice, "/dav/a/b/f", b"1");
    put(&alice, "/dav/g", b"1");
    let mut client = client_of(&alice);
    put(&alice, "/dav/g", b"2");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/g", true)]));
    put(&alice, "/dav/a/b/new", b"1");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/a/b/", true), ("/dav/a/b/new", true)]));
    rename(&alice, "/dav/g", "/dav/h");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/g", false), ("/dav/h", true)]));
    done(&alice, "COPY", "/dav/a/b", &[("Destination", "/dav/copy")], b"");
    let copied = told(&mut client, &alice);
    assert_eq!(copied, is(&[("/dav/copy/", true), ("/dav/copy/f", true), ("/dav/copy/new", true)]));
    rename(&alice, "/dav/a/b", "/dav/b");
    let moved = told(&mut client, &alice);
    let expected =
        [("/dav/a/", true), ("/dav/a/b/", false), ("/dav/b/", true), ("/dav/b/f", true), ("/dav/b/new", true)];
    assert_eq!(moved, is(&expected), "what was in it is not told to be gone by itself");
    delete(&alice, "/dav/b/f");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/b/", true), ("/dav/b/f", false)]));
    put(&alice, "/dav/passing", b"");
    delete(&alice, "/dav/passing");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/passing", false)]), "who made it is told of its end");
}

/// Who adds something knows of it without a report; its end is told, though no report has seen it (RFC 6578 §3.5.2).
#[test]
fn what_a_client_added_and_another_program_removed_is_told() {
    let server = TestServer::start();
    let alice = server.person("alice");
    mkcol(&alice, "/dav/old");
    put(&alice, "/dav/old/f", b"1");
    put(&alice, "/dav/old/g", b"1");
    let mut client = client_of(&alice);
    put(&alice, "/dav/new", b"1");
    std::fs::remove_file(alice.file("new")).expect("removed");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/new", false)]));
    mkcol(&alice, "/dav/d");
    mkcol(&alice, "/dav/d/e");
    put(&alice, "/dav/d/e/f", b"1");
    std::fs::remove_dir_all(alice.file("d/e")).expect("removed");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/d/", true), ("/dav/d/e", false)]));
    done(&alice, "COPY", "/dav/old", &[("Destination", "/dav/copy")], b"");
    rename(&alice, "/dav/old", "/dav/moved");
    for file in ["copy/f", "moved/g"] {
        std::fs::remove_file(alice.file(file)).expect("removed");
    }
    let next = told(&mut client, &alice);
    for gone in ["/dav/copy/f", "/dav/moved/g"] {
        assert!(next.contains(&(gone.to_owned(), false)), "{gone} in {next:?}");
    }
    // A folder that nobody has looked at yet, made by another program, and gone with what a client put in it.
    std::fs::create_dir(alice.file("theirs")).expect("a folder");
    put(&alice, "/dav/theirs/f", b"1");
    std::fs::remove_dir_all(alice.file("theirs")).expect("removed");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/theirs/", false)]));
}

#[test]
fn a_property_is_a_change_by_whatever_way_the_file_is_reached() {
    let server = TestServer::start();
    let alice = server.person("alice");
    mkcol(&alice, "/dav/d");
    put(&alice, "/dav/d/f", b"1");
    put(&alice, "/dav/g", b"1");
    symlink("d/f", alice.file("link")).expect("a link");
    let mut client = client_of(&alice);
    set_property(&alice, "/dav/g", "1");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/g", true)]));
    set_property(&alice, "/dav/link", "1");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/d/f", true), ("/dav/link", true)]));
    set_property(&alice, "/dav/d", "1");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/d/", true)]));
    // A copy has the time of its source, and so its tag; its properties are others.
    done(&alice, "COPY", "/dav/g", &[("Destination", "/dav/twin")], b"");
    told(&mut client, &alice);
    set_property(&alice, "/dav/g", "2");
    told(&mut client, &alice);
    done(&alice, "COPY", "/dav/g", &[("Destination", "/dav/twin")], b"");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/twin", true)]));
}

#[test]
fn what_other_programs_change_is_told() {
    let server = TestServer::start();
    let alice = server.person("alice");
    std::fs::create_dir_all(alice.file("a/b")).expect("folders");
    std::fs::write(alice.file("a/b/f"), b"1").expect("a file");
    std::fs::write(alice.file("g"), b"1").expect("a file");
    let mut client = client_of(&alice);
    std::fs::write(alice.file("g"), b"longer").expect("written");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/g", true)]));
    std::fs::remove_file(alice.file("g")).expect("removed");
    std::fs::write(alice.file("a/new"), b"1").expect("a file");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/a/", true), ("/dav/a/new", true), ("/dav/g", false)]));
    std::fs::rename(alice.file("a"), alice.file("z")).expect("renamed");
    let moved = told(&mut client, &alice);
    assert!(moved.contains(&("/dav/a/".to_owned(), false)) && moved.contains(&("/dav/z/b/f".to_owned(), true)));
    assert_eq!(moved.len(), 5, "{moved:?}");
    std::fs::remove_dir_all(alice.file("z")).expect("removed");
    std::fs::write(alice.file("z"), b"a file now").expect("a file");
    let replaced = told(&mut client, &alice);
    assert_eq!(replaced[0], ("/dav/z".to_owned(), true), "{replaced:?}");
    std::fs::remove_file(alice.file("z")).expect("removed");
    std::fs::create_dir(alice.file("z")).expect("a folder");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/z/", true)]));
}

/// A folder that comes back with fewer members, and with the same files: whoever was told that it is gone has thrown
/// them away.
#[test]
fn a_folder_that_comes_back_is_told_down_to_the_last_file() {
    let server = TestServer::start();
    let alice = server.person("alice");
    std::fs::create_dir_all(alice.file("a/b/c")).expect("folders");
    for file in ["a/one", "a/two", "a/b/three", "a/b/c/four"] {
        std::fs::write(alice.file(file), file).expect("a file");
    }
    let mut slow = client_of(&alice);
    let mut quick = slow.clone();
    let mut flat = SyncClient::new("/dav/", "1");
    flat.check(&alice);
    std::fs::rename(alice.file("a"), server.folder.path().join("aside")).expect("moved away");
    assert_eq!(told(&mut quick, &alice), is(&[("/dav/a/", false)]));
    let mut late = client_of(&alice);
    std::fs::remove_file(server.folder.path().join("aside/two")).expect("removed");
    std::fs::rename(server.folder.path().join("aside"), alice.file("a")).expect("moved back");
    // Who asks for the members alone does not see what is in it; that must not hide it from the others.
    flat.check(&alice);
    let all = ["/dav/a/", "/dav/a/b/", "/dav/a/b/c/", "/dav/a/b/c/four", "/dav/a/b/three", "/dav/a/one"];
    assert_eq!(
        told(&mut quick, &alice).into_iter().filter(|(_, there)| *there).map(|(href, _)| href).collect::<Vec<_>>(),
        all
    );
    late.check(&alice);
    let back = told(&mut slow, &alice);
    assert!(back.contains(&("/dav/a/two".to_owned(), false)), "who was not told of its end is told what is missing");
    // And between two looks, without anybody having seen it gone.
    delete(&alice, "/dav/a");
    mkcol(&alice, "/dav/a");
    put(&alice, "/dav/a/one", b"new");
    let anew = told(&mut slow, &alice);
    assert_eq!(anew, is(&[("/dav/a/", true), ("/dav/a/b/", false), ("/dav/a/one", true)]));
}

/// A part of a tree may have been looked at before the rest of it was.
#[test]
fn a_part_that_was_looked_at_before_is_not_forgotten() {
    let server = TestServer::start();
    let alice = server.person("alice");
    std::fs::create_dir_all(alice.file("a/b")).expect("folders");
    std::fs::write(alice.file("a/b/f"), b"1").expect("a file");
    for (path, level) in [("/dav/a/b/", "1"), ("/dav/a/", "1")] {
        SyncClient::new(path, level).check(&alice);
    }
    let aside = server.folder.path().join("aside");
    std::fs::rename(alice.file("a"), &aside).expect("moved away");
    let mut whole = client_of(&alice);
    assert!(whole.known.is_empty());
    std::fs::rename(&aside, alice.file("a")).expect("moved back");
    SyncClient::new("/dav/", "1").check(&alice);
    whole.check(&alice);
    assert_eq!(whole.known.len(), 3);
    // The same where the top was looked at while the rest was there.
    std::fs::rename(alice.file("a"), &aside).expect("moved away");
    whole.check(&alice);
    std::fs::rename(&aside, alice.file("a")).expect("moved back");
    let mut part = SyncClient::new("/dav/a/b/", "infinite");
    part.check(&alice);
    whole.check(&alice);
    part.check(&alice);
}

#[test]
fn links_are_told_as_what_they_lead_to_and_not_gone_through() {
    let server = TestServer::start();
    let alice = server.person("alice");
    std::fs::create_dir_all(alice.file("d/sub")).expect("folders");
    std::fs::write(alice.file("d/f"), b"1").expect("a file");
    std::fs::write(alice.file("d/g"), b"22").expect("a file");
    for (target, link) in [("d/f", "file"), ("d", "folder"), ("..", "d/sub/up"), ("nowhere", "lost"), ("/etc", "out")] {
        symlink(target, alice.file(link)).expect("a link");
    }
    let mut client = client_of(&alice);
    let apart = client.known.iter().filter(|(_, etag)| *etag == "apart").map(|(key, _)| key.as_str());
    assert_eq!(apart.collect::<Vec<_>>(), ["/dav/d/sub/up", "/dav/folder"]);
    let flat = report(&alice, "/dav/", "", "1", None);
    assert!(flat.members.iter().all(|(_, told)| matches!(told, Told::Here(_))), "by itself it is a folder like others");
    let through = report(&alice, "/dav/folder/", "", "1", None);
    assert_eq!(through.hrefs(), ["/dav/folder/f", "/dav/folder/g", "/dav/folder/sub/"]);
    assert_eq!(report(&alice, "/dav/d/", &through.token, "1", None).members, [], "it is the same collection");
    let point = |target: &str, link: &str| {
        std::fs::remove_file(alice.file(link)).expect("removed");
        symlink(target, alice.file(link)).expect("a link");
    };
    point("d/g", "file");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/file", true)]));
    point("d", "lost");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/lost/", true)]));
    point("/etc/hosts", "file");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/file", false)]), "it leads out now");
    // A folder of the same name in a link's place, and the other way round.
    std::fs::remove_file(alice.file("folder")).expect("removed");
    std::fs::create_dir(alice.file("folder")).expect("a folder");
    std::fs::write(alice.file("folder/own"), b"x").expect("a file");
    assert_eq!(told(&mut client, &alice), is(&[("/dav/folder/", true), ("/dav/folder/own", true)]));
    std::fs::remove_dir_all(alice.file("folder")).expect("removed");
    symlink("d", alice.file("folder")).expect("a link");
    client.sync(&alice);
    assert!(client.known.get("/dav/folder").is_some_and(|etag| etag == "apart"));
}

#[test]
fn names_of_any_kind_are_told() {
    use std::os::unix::ffi::OsStrExt;
    let server = TestServer::start();
    let alice = server.person("alice");
    let names: [&[u8]; 8] =
        [b"a b", b"100%", "\u{e4}\u{f6}\u{fc}".as_bytes(), b"\xff\xfe", b"<&>\"'", b"\x01\n", b"a", b"a!"];
    for name in names {
        let folder = alice.home.join(std::ffi::OsStr::from_bytes(name));
        std::fs::create_dir(&folder).expect("a folder");
        for inner in names {
            std::fs::write(folder.join(std::ffi::OsStr::from_bytes(inner)), b"x").expect("a file");
        }
    }
    let mut client = client_of(&alice);
    assert_eq!(client.known.len(), 8 + 64);
    let mut pages = SyncClient::new("/dav/", "infinite").with_limit(3);
    pages.check(&alice);
    for name in names {
        let mut part = SyncClient::new(&format!("/dav/{}/", percent(name)), "infinite");
        part.check(&alice);
        assert_eq!(part.known.len(), 8, "{name:?}");
        std::fs::remove_file(alice.home.join(std::ffi::OsStr::from_bytes(name)).join("a")).expect("removed");
        part.check(&alice);
        client.check(&alice);
    }
    std::fs::remove_dir_all(alice.file("a")).expect("removed");
    client.check(&alice);
    pages.check(&alice);
}

fn percent(name: &[u8]) -> String {
    percent_encoding::percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}
