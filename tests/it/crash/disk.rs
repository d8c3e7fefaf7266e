//! A full disk, and disks mounted within a home.

use std::path::PathBuf;

use tempfile::TempDir;

use super::mounts::Tmpfs;
use super::{color, names, paint};
use crate::harness::{Person, TestServer};
use crate::http::Answer;

/// Somebody whose home is a disk of 4 MiB. The order of the fields is the order in which they go.
struct Small {
    server: TestServer,
    alice: Person,
    _disk: Tmpfs,
    _folder: TempDir,
}

impl Small {
    fn start(test: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let home = folder.path().join("home");
        let disk = Tmpfs::mount(test, &home, "4m")?;
        let server = TestServer::start();
        server.ok(&["user", "add", "alice", "--home", home.to_str().expect("UTF-8")]);
        let alice = Person { home, ..server.person("alice") };
        Some(Self { server, alice, _disk: disk, _folder: folder })
    }
}

const MIB: usize = 1024 * 1024;

/// Sends a chunked body as far as the server takes it.
fn put_chunked(alice: &Person, path: &str, body: &[u8]) -> Answer {
    let client = alice.client();
    let mut connection = client.connect();
    connection.write(&client.head("PUT", path, &[], None));
    for piece in body.chunks(64 * 1024) {
        connection.try_write(format!("{:x}\r\n", piece.len()).as_bytes());
        connection.try_write(piece);
        connection.try_write(b"\r\n");
    }
    connection.try_write(b"0\r\n\r\n");
    connection.answer("PUT")
}

fn to(alice: &Person, method: &str, source: &str, target: &str) -> u16 {
    alice.client().send(method, source, &[("Destination", target)], b"").status
}

#[test]
fn an_upload_that_does_not_fit_changes_nothing() {
    let Some(small) = Small::start("full disk") else { return };
    let alice = &small.alice;
    assert_eq!(alice.client().put("/dav/a.bin", &vec![1; MIB]).status, 201);
    paint(alice, "/dav/a.bin", "blue");
    let before = alice.client().send("HEAD", "/dav/a.bin", &[], b"").etag();
    let large = vec![2; 8 * MIB];
    for path in ["/dav/a.bin", "/dav/new.bin"] {
        let refused = alice.client().put(path, &large);
        assert_eq!(refused.status, 507, "{path}");
        assert!(refused.text().contains("<D:sufficient-disk-space/>"), "{}", refused.text());
        assert_eq!(names(alice), ["a.bin"], "{path}");
        assert_eq!(put_chunked(alice, path, &large).status, 507, "{path}");
        assert_eq!(names(alice), ["a.bin"], "{path}");
    }
    assert!(alice.bytes("a.bin") == vec![1; MIB], "the old bytes are whole");
    assert_eq!(alice.client().send("HEAD", "/dav/a.bin", &[], b"").etag(), before);
    assert_eq!(color(alice, "/dav/a.bin").as_deref(), Some("blue"));
    assert_eq!(alice.client().put("/dav/small.txt", b"fits").status, 201);
    assert_eq!(alice.client().put("/dav/a.bin", &vec![3; 2 * MIB]).status, 204, "all space is free again");
    assert_eq!(names(alice), ["a.bin", "small.txt"]);
    assert_eq!(small.server.stranger().get("/healthz").status, 200);
}

#[test]
fn a_copy_that_does_not_fit_changes_nothing() {
    let Some(small) = Small::start("full disk") else { return };
    let alice = &small.alice;
    for folder in ["/dav/from", "/dav/to"] {
        assert_eq!(alice.client().send("MKCOL", folder, &[], b"").status, 201);
        paint(alice, folder, folder.trim_start_matches("/dav/"));
    }
    for (path, size) in [("/dav/from/a.bin", MIB), ("/dav/from/b.bin", 3 * MIB / 2), ("/dav/to/old.bin", MIB / 4)] {
        assert_eq!(alice.client().put(path, &vec![7; size]).status, 201);
    }
    let all = ["from", "from/a.bin", "from/b.bin", "to", "to/old.bin"];
    for (source, target) in [
        ("/dav/from", "/dav/new"),
        ("/dav/from", "/dav/to"),
        ("/dav/from/b.bin", "/dav/to/old.bin"),
        ("/dav/from/b.bin", "/dav/to/new.bin"),
    ] {
        assert_eq!(to(alice, "COPY", source, target), 507, "{source} {target}");
        assert_eq!(names(alice), all, "{source} {target}");
    }
    assert_eq!(alice.bytes("from/b.bin").len(), 3 * MIB / 2);
    assert!(alice.bytes("to/old.bin") == vec![7; MIB / 4], "the target is whole");
    assert_eq!((color(alice, "/dav/from").as_deref(), color(alice, "/dav/to").as_deref()), (Some("from"), Some("to")));
    // Moving takes no space.
    assert_eq!(to(alice, "MOVE", "/dav/from", "/dav/to"), 204);
    assert_eq!(names(alice), ["to", "to/a.bin", "to/b.bin"]);
    assert_eq!(color(alice, "/dav/to").as_deref(), Some("from"));
}

/// Somebody in whose home a disk of 4 MiB is mounted, at `mnt`.
struct Across {
    alice: Person,
    _server: TestServer,
    _disk: Tmpfs,
    _folder: TempDir,
}

impl Across {
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let home: PathBuf = folder.path().join("home");
        std::fs::create_dir(&home).expect("a folder");
        let disk = Tmpfs::mount("mount within a home", &home.join("mnt"), "4m")?;
        let server = TestServer::start();
        server.ok(&["user", "add", "alice", "--home", home.to_str().expect("UTF-8")]);
        let alice = Person { home, ..server.person("alice") };
        Some(Self { alice, _server: server, _disk: disk, _folder: folder })
    }
}

/// A folder with a member, both with a property.
fn make_folder(alice: &Person, path: &str, member: &[u8]) {
    assert_eq!(alice.client().send("MKCOL", path, &[], b"").status, 201, "{path}");
    assert_eq!(alice.client().put(&format!("{path}/member"), member).status, 201, "{path}");
    paint(alice, path, "folder");
    paint(alice, &format!("{path}/member"), "member");
}

#[test]
fn files_and_folders_go_from_one_disk_to_another() {
    let Some(across) = Across::start() else { return };
    let alice = &across.alice;
    assert_eq!(alice.client().put("/dav/a.txt", b"file").status, 201);
    paint(alice, "/dav/a.txt", "file");
    make_folder(alice, "/dav/d", b"in it");
    // Each comes to a free name, then over something with a property of its own.
    for round in 0..2 {
        let status = [201, 204][round];
        for (method, source, target) in [
            ("COPY", "/dav/a.txt", "/dav/mnt/copied.txt"),
            ("COPY", "/dav/d", "/dav/mnt/copied"),
            ("COPY", "/dav/mnt/copied.txt", "/dav/back.txt"),
            ("COPY", "/dav/mnt/copied", "/dav/back"),
        ] {
            assert_eq!(to(alice, method, source, target), status, "{method} {source} {target}");
        }
        let all = ["a.txt", "back", "back.txt", "back/member", "d", "d/member", "mnt"];
        let mounted = ["mnt/copied", "mnt/copied.txt", "mnt/copied/member"];
        assert_eq!(names(alice), [&all[..], &mounted[..]].concat());
        for file in ["/dav/a.txt", "/dav/mnt/copied.txt", "/dav/back.txt"] {
            assert_eq!(alice.client().get(file).body, b"file");
            assert_eq!(color(alice, file).as_deref(), Some("file"), "{file}");
            paint(alice, file, if file == "/dav/a.txt" { "file" } else { "to be replaced" });
        }
        for folder in ["/dav/d", "/dav/mnt/copied", "/dav/back"] {
            assert_eq!(alice.client().get(&format!("{folder}/member")).body, b"in it");
            assert_eq!(color(alice, folder).as_deref(), Some("folder"), "{folder}");
            assert_eq!(color(alice, &format!("{folder}/member")).as_deref(), Some("member"), "{folder}");
        }
    }
    for (source, target, status) in [
        ("/dav/a.txt", "/dav/mnt/copied.txt", 204),
        ("/dav/d", "/dav/mnt/moved", 201),
        ("/dav/mnt/copied.txt", "/dav/a2.txt", 201),
        ("/dav/mnt/moved", "/dav/back", 204),
    ] {
        assert_eq!(to(alice, "MOVE", source, target), status, "{source} {target}");
    }
    assert_eq!(names(alice), ["a2.txt", "back", "back.txt", "back/member", "mnt", "mnt/copied", "mnt/copied/member"]);
    assert_eq!(color(alice, "/dav/a2.txt").as_deref(), Some("file"));
    assert_eq!(color(alice, "/dav/back").as_deref(), Some("folder"));
    assert_eq!(color(alice, "/dav/back/member").as_deref(), Some("member"));
    assert_eq!(alice.client().put("/dav/a.txt", b"another").status, 201);
    assert_eq!(color(alice, "/dav/a.txt"), None, "the property has moved away");
}

#[test]
fn a_move_that_does_not_fit_leaves_both_ends_whole() {
    let Some(across) = Across::start() else { return };
    let alice = &across.alice;
    make_folder(alice, "/dav/d", &vec![5; 6 * MIB]);
    make_folder(alice, "/dav/mnt/old", b"old");
    let all = ["d", "d/member", "mnt", "mnt/old", "mnt/old/member"];
    for method in ["MOVE", "COPY"] {
        for (source, target) in [
            ("/dav/d", "/dav/mnt/d"),
            ("/dav/d", "/dav/mnt/old"),
            ("/dav/d/member", "/dav/mnt/m.bin"),
            ("/dav/d/member", "/dav/mnt/old/member"),
        ] {
            assert_eq!(to(alice, method, source, target), 507, "{method} {source} {target}");
            assert_eq!(names(alice), all, "{method} {source} {target}");
        }
    }
    assert!(alice.bytes("d/member") == vec![5; 6 * MIB], "the source is whole");
    assert_eq!(alice.bytes("mnt/old/member"), b"old");
    for (path, value) in [("/dav/d", "folder"), ("/dav/d/member", "member"), ("/dav/mnt/old/member", "member")] {
        assert_eq!(color(alice, path).as_deref(), Some(value), "{path}");
    }
    assert_eq!(alice.client().put("/dav/mnt/large.bin", &vec![6; 3 * MIB]).status, 201, "all space is free again");
}

/// Neither the mount point nor a folder around it is a client's to delete, move or replace.
#[test]
fn a_mount_point_stays() {
    let Some(across) = Across::start() else { return };
    let alice = &across.alice;
    assert_eq!(alice.client().put("/dav/mnt/a.txt", b"on the disk").status, 201);
    assert_eq!(alice.client().put("/dav/b.txt", b"beside it").status, 201);
    assert_eq!(alice.client().send("DELETE", "/dav/mnt", &[], b"").status, 403);
    assert_eq!(alice.client().send("DELETE", "/dav/mnt/", &[], b"").status, 403);
    assert_eq!(to(alice, "MOVE", "/dav/mnt", "/dav/elsewhere"), 403);
    assert_eq!(to(alice, "MOVE", "/dav/b.txt", "/dav/mnt"), 403);
    assert_eq!(to(alice, "COPY", "/dav/b.txt", "/dav/mnt"), 403);
    assert_eq!(names(alice), ["b.txt", "mnt", "mnt/a.txt"]);
    assert_eq!(to(alice, "COPY", "/dav/mnt", "/dav/copy"), 201, "a copy of it is no mount point");
    assert_eq!(alice.client().send("DELETE", "/dav/copy", &[], b"").status, 204);
    assert_eq!(
        alice.client().send("DELETE", "/dav/mnt/a.txt", &[], b"").status,
        204,
        "what is in it is like any other"
    );
}

/// The same for a mount point that is further down.
#[test]
fn a_folder_around_a_mount_point_stays() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let home = folder.path().join("home");
    std::fs::create_dir_all(home.join("outer")).expect("a folder");
    let Some(_disk) = Tmpfs::mount("mount within a home", &home.join("outer/in ner"), "1m") else { return };
    let server = TestServer::start();
    server.ok(&["user", "add", "alice", "--home", home.to_str().expect("UTF-8")]);
    let alice = Person { home, ..server.person("alice") };
    assert_eq!(alice.client().put("/dav/outer/in%20ner/a.txt", b"on the disk").status, 201);
    assert_eq!(alice.client().send("DELETE", "/dav/outer", &[], b"").status, 403);
    assert_eq!(to(&alice, "MOVE", "/dav/outer", "/dav/elsewhere"), 403);
    assert_eq!(alice.bytes("outer/in ner/a.txt"), b"on the disk");
    assert_eq!(names(&alice), ["outer", "outer/in ner", "outer/in ner/a.txt"]);
}
