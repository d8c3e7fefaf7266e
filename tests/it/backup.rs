//! Backups: everything comes back, nobody can stop them, and nothing but a whole backup is restored.

mod damage;
mod hostile;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, Timespec, Timestamps, mkdirat, openat, utimensat};
use tempfile::TempDir;

use crate::crash::mounts::Tmpfs;
use crate::harness::{CHEAP, Person, TestServer};
use crate::http::Client;

/// A folder to restore into, with a configuration in it.
fn fresh() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("webdav.toml"), CHEAP).expect("written");
    folder
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.current_dir(folder);
    command
}

fn restore(folder: &Path, file: &Path) -> Output {
    command(folder).arg("restore").arg(file).output().expect("the command runs")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Restores what must be a backup, and starts a server on it.
fn restored(file: &Path) -> TestServer {
    let folder = fresh();
    let output = restore(folder.path(), file);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(names(folder.path()), ["storage", "webdav.toml"], "nothing else is left");
    TestServer::on(folder)
}

/// The same person on another server.
fn there(person: &Person, server: &TestServer) -> Person {
    let home = server.storage().join("files").join(&person.name);
    Person { addr: server.addr, home, ..person.clone() }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A backup of what the server holds.
fn backup(server: &TestServer) -> PathBuf {
    server.ok(&["backup", "all.tar.gz"]);
    server.folder.path().join("all.tar.gz")
}

/// Bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..length).map(|_| next()).collect()
}

/// A restored backup is the same drive: accounts, passwords, files, properties, and entity tags.
#[test]
fn a_backup_brings_everything_back() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(120));
    fs::create_dir(alice.file(&"d".repeat(120))).expect("a folder");
    let etag = alice.client().put(&format!("/dav/{long}"), b"deep").etag();
    let dated = alice.client().send("PUT", "/dav/a", &[("X-OC-Mtime", "1600000000")], b"x").etag();
    symlink("a", alice.file("link")).expect("a link");
    let update = "<propertyupdate xmlns='DAV:'><set><prop><p xmlns='urn:x'>kept</p></prop></set></propertyupdate>";
    assert_eq!(alice.client().send("PROPPATCH", "/dav/a", &[], update.as_bytes()).status, 207);
    let folder_tag = |client: &Client| {
        let text = client.send("PROPFIND", "/dav/", &[("Depth", "0")], b"").text();
        text.split_once("<D:getetag>").and_then(|(_, rest)| rest.split_once('<')).map(|(tag, _)| tag.to_owned())
    };
    let file = backup(&server);
    assert_eq!(file.metadata().expect("there").permissions().mode() & 0o777, 0o600);
    let before = folder_tag(&alice.client());
    let second = restored(&file);
    let refused = restore(second.folder.path(), &file);
    assert_eq!(refused.status.code(), Some(1), "never over what is there");
    assert!(stderr(&refused).contains("storage: is not empty"), "{}", stderr(&refused));
    let alice = there(&alice, &second);
    assert_eq!(alice.client().get(&format!("/dav/{long}")).etag(), etag);
    assert_eq!(alice.client().get("/dav/a").etag(), dated);
    assert_eq!(alice.client().get("/dav/link").body, b"x");
    assert_eq!(folder_tag(&alice.client()), before);
    assert!(alice.client().send("PROPFIND", "/dav/a", &[("Depth", "0")], b"").text().contains(">kept<"));
}

/// What a tar is bad at: sizes, names that are no text, names that end in `..` where a header does, times before 1970.
#[test]
fn a_backup_keeps_odd_names_sizes_links_and_times() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let mut odd: Vec<(Vec<u8>, Vec<u8>)> = vec![
        (b"empty".to_vec(), vec![]),
        (b"one".to_vec(), vec![7]),
        (b"block".to_vec(), noise(512)),
        (b"limit".to_vec(), noise(1024 * 1024)),
        (b"large".to_vec(), noise(5 * 1024 * 1024 + 1)),
        (b"zeros".to_vec(), vec![0; 2 * 1024 * 1024]),
        (b"not \xff\xfe text".to_vec(), b"bytes".to_vec()),
        (b"line\nbreak \\ and \r".to_vec(), b"escaped".to_vec()),
        (b" manifest".to_vec(), b"space".to_vec()),
    ];
    // `files/alice/` is 12 bytes long; the names go over the header's limit at each of their bytes.
    for length in 80..95 {
        odd.push(([vec![b'n'; length], b"/..x\xffy".to_vec()].concat(), b"dots".to_vec()));
        fs::create_dir(alice.file(&"n".repeat(length))).expect("a folder");
    }
    let path = |home: &Path, name: &[u8]| home.join(OsStr::from_bytes(name));
    for (name, content) in &odd {
        fs::write(path(&alice.home, name), content).expect("written");
    }
    fs::set_permissions(alice.file("one"), fs::Permissions::from_mode(0o440)).expect("set");
    let old = Timespec { tv_sec: -100, tv_nsec: 5 };
    utimensat(CWD, alice.file("one"), &Timestamps { last_access: old, last_modification: old }, AtFlags::empty())
        .expect("set");
    let targets = ["./a/../a//", "/nowhere/at all", &"t/".repeat(150), &"x".repeat(100), &"x".repeat(99)];
    for (index, target) in targets.iter().enumerate() {
        symlink(target, alice.file(&format!("link{index}"))).expect("a link");
    }
    let second = restored(&backup(&server));
    let again = there(&alice, &second);
    for (name, content) in &odd {
        let (before, after) = (path(&alice.home, name), path(&again.home, name));
        assert!(&fs::read(&after).expect("read") == content, "{after:?}");
        let (before, after) = (before.metadata().expect("there"), after.metadata().expect("there"));
        assert_eq!((before.mtime(), before.mtime_nsec()), (after.mtime(), after.mtime_nsec()));
        assert_eq!(before.mode(), after.mode());
    }
    for (index, target) in targets.iter().enumerate() {
        assert_eq!(fs::read_link(again.file(&format!("link{index}"))).expect("a link"), Path::new(target));
    }
    assert_eq!(again.names(), alice.names());
}

/// A backup is an ordinary archive, and its manifest is what `sha256sum` checks.
#[test]
fn other_tools_read_a_backup() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/a", &noise(2 * 1024 * 1024));
    fs::write(alice.file("b\\c\n"), b"escaped").expect("written");
    fs::create_dir(alice.file(&"d".repeat(200))).expect("a folder");
    fs::write(alice.file(&format!("{0}/{0}", "d".repeat(200))), b"long").expect("written");
    let file = backup(&server);
    let folder = tempfile::tempdir().expect("a folder");
    for (program, arguments) in
        [("tar", vec!["-xzf", file.to_str().expect("UTF-8")]), ("sha256sum", vec!["-c", "manifest"])]
    {
        let output = Command::new(program).args(arguments).current_dir(folder.path()).output().expect("it runs");
        assert!(output.status.success() && output.stderr.is_empty(), "{program}: {}", stderr(&output));
    }
    assert_eq!(fs::read(folder.path().join("files/alice/b\\c\n")).expect("read"), b"escaped");
    let found = folder.path().join("files/alice/a").metadata().expect("there").mtime_nsec();
    assert_eq!(found, alice.file("a").metadata().expect("there").mtime_nsec());
}

/// Nobody's folders can stop the backup: what does not fit is left out and told, all else is there.
#[test]
fn a_backup_leaves_out_too_long_paths_only() {
    let server = TestServer::start();
    let (alice, mallory) = (server.person("alice"), server.person("mallory"));
    alice.client().put("/dav/a", b"precious");
    let mut url = "/dav".to_owned();
    for _ in 0..16 {
        url = format!("{url}/{}", "m".repeat(250));
        assert_eq!(mallory.client().send("MKCOL", &url, &[], b"").status, 201);
    }
    rustix::fs::mknodat(CWD, mallory.file("pipe"), rustix::fs::FileType::Fifo, Mode::RWXU, 0).expect("a pipe");
    // Down to the limit: `files/alice` and 996 folders and `/last` are 4000 bytes.
    let mut folder = openat(CWD, &alice.home, OFlags::DIRECTORY, Mode::empty()).expect("opened");
    for _ in 0..996 {
        mkdirat(&folder, "ddd", Mode::RWXU).expect("a folder");
        folder = openat(&folder, "ddd", OFlags::DIRECTORY, Mode::empty()).expect("opened");
    }
    for name in ["last", "last1"] {
        openat(&folder, name, OFlags::CREATE | OFlags::WRONLY, Mode::RWXU).expect("a file");
    }
    let output = server.run(&["backup", "all.tar.gz"]);
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 4, "{told}");
    for (line, start, end) in [(lines[0], "files/alice/ddd/ddd", "ddd/last1"), (lines[1], "files/mallory/mmm", "mmm")] {
        assert!(line.starts_with(&format!("left out: \"{start}")), "{told}");
        assert!(line.ends_with(&format!("{end}\": its path is longer than 4000 bytes")), "{told}");
    }
    assert_eq!(lines[2..], ["written to all.tar.gz", "2 entries were left out, see above"]);
    let second = restored(&server.folder.path().join("all.tar.gz"));
    assert_eq!(there(&alice, &second).client().get("/dav/a").body, b"precious");
    let mut folder = openat(CWD, &there(&alice, &second).home, OFlags::DIRECTORY, Mode::empty()).expect("opened");
    for _ in 0..996 {
        folder = openat(&folder, "ddd", OFlags::DIRECTORY, Mode::empty()).expect("opened");
    }
    openat(&folder, "last", OFlags::RDONLY, Mode::empty()).expect("the last file");
    assert_eq!(names(&there(&mallory, &second).home), ["m".repeat(250)]);
    for left in [server.storage(), second.storage()] {
        assert!(names(&left).iter().all(|name| !name.contains("snapshot") && !name.contains("part")));
    }
}

/// What the system does not let the server read is told with its name, which cannot steer the terminal.
#[test]
fn a_backup_leaves_out_what_cannot_be_read() {
    let mut server = TestServer::start();
    let alice = server.person("alice");
    server.kill();
    fs::write(alice.file("good"), b"good").expect("written");
    for name in ["no\n\u{1b}[2Jfile", "no folder/inner"] {
        fs::create_dir_all(alice.file(name).parent().expect("a parent")).expect("a folder");
        fs::write(alice.file(name), b"secret").expect("written");
    }
    for name in ["no\n\u{1b}[2Jfile", "no folder"] {
        fs::set_permissions(alice.file(name), fs::Permissions::from_mode(0o000)).expect("set");
    }
    let folder = server.folder.path();
    let mut backup = command(folder);
    backup.args(["backup", "all.tar.gz"]);
    if rustix::process::geteuid().is_root() {
        // Nothing is kept from root.
        let chown = Command::new("chown").args(["-R", "65534:65534"]).arg(folder).status().expect("chown runs");
        assert!(chown.success());
        backup.uid(65534).gid(65534);
    }
    let output = backup.output().expect("the command runs");
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    let expected = "left out: \"files/alice/no\\n\\u{1b}[2Jfile\": Permission denied (os error 13)\n\
                    left out: \"files/alice/no folder\": Permission denied (os error 13)\n\
                    written to all.tar.gz\n2 entries were left out, see above\n";
    assert_eq!(told, expected);
    let second = restored(&folder.join("all.tar.gz"));
    assert_eq!(there(&alice, &second).names(), ["good"]);
    // So that the folder can be removed.
    fs::set_permissions(alice.file("no folder"), fs::Permissions::from_mode(0o700)).expect("set");
}

/// Files that are replaced while the backup runs are in it whole, in one of their forms.
#[test]
fn a_backup_taken_while_clients_write_has_whole_files() {
    let server = TestServer::start();
    let alice = server.person("alice");
    // The content says how long it is.
    let content = |kind: usize, turn: u8| vec![turn; kind + usize::from(turn) * 1000];
    let kinds = [("small", 100), ("large", 2 * 1024 * 1024)];
    let stop = AtomicBool::new(false);
    let mut files = Vec::new();
    std::thread::scope(|scope| {
        for (name, size) in kinds {
            alice.client().put(&format!("/dav/{name}"), &content(size, 0));
            let (stop, alice, content) = (&stop, &alice, &content);
            scope.spawn(move || {
                for turn in (1..=255).cycle() {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    alice.client().put(&format!("/dav/{name}"), &content(size, turn));
                    alice.client().put(&format!("/dav/{name}-{turn}"), b"more");
                    alice.client().send("DELETE", &format!("/dav/{name}-{turn}"), &[], b"");
                }
            });
        }
        for turn in 0..4 {
            let output = server.run(&["backup", &format!("{turn}.tgz")]);
            if !output.status.success() {
                stop.store(true, Ordering::Relaxed);
                panic!("{}", stderr(&output));
            }
            files.push(server.folder.path().join(format!("{turn}.tgz")));
        }
        stop.store(true, Ordering::Relaxed);
    });
    for file in files {
        let second = restored(&file);
        for (name, size) in kinds {
            let found = there(&alice, &second).bytes(name);
            assert!(found == content(size, found[0]), "{name} is torn");
        }
    }
}

/// A storage that is a file system of its own cannot be replaced by a rename.
#[test]
fn a_backup_is_restored_into_a_mounted_folder() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/a", &noise(100_000));
    let file = backup(&server);
    let folder = fresh();
    let storage = folder.path().join("storage");
    let Some(_mounted) = Tmpfs::mount("a_backup_is_restored_into_a_mounted_folder", &storage, "8m") else {
        return;
    };
    let mut bytes = fs::read(&file).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let damaged = folder.path().join("damaged");
    fs::write(&damaged, bytes).expect("written");
    assert_eq!(restore(folder.path(), &damaged).status.code(), Some(1));
    assert_eq!(names(&storage), Vec::<String>::new());
    let output = restore(folder.path(), &file);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(names(&storage), ["files", "keys", "latchkey.sqlite3"]);
    let mut second = TestServer::on(folder);
    assert_eq!(there(&alice, &second).client().get("/dav/a").body, noise(100_000));
    second.kill();
}

/// Each message says which file it is about, and nothing is left of a restore that did not work.
#[test]
fn a_backup_that_fails_says_which_file_it_was() {
    let server = TestServer::start();
    let file = backup(&server);
    let output = server.run(&["backup", "/nope/x.tgz"]);
    assert_eq!(
        (output.status.code(), stderr(&output)),
        (Some(1), "/nope/x.tgz: No such file or directory (os error 2)\n".to_owned())
    );
    let folder = fresh();
    let real = fs::canonicalize(folder.path()).expect("real");
    fs::create_dir(real.join("empty")).expect("a folder");
    fs::create_dir(real.join("dir")).expect("a folder");
    fs::write(real.join("junk"), b"this is no backup").expect("written");
    fs::write(real.join("dir/x"), b"x").expect("written");
    let before = names(&real);
    for (arguments, reason) in [
        (["junk", "storage"], "junk: this is no backup, or a damaged one (invalid gzip header)".to_owned()),
        (["junk", "new/deep/storage"], "junk: this is no backup, or a damaged one (invalid gzip header)".to_owned()),
        (["absent", "storage"], "absent: No such file or directory (os error 2)".to_owned()),
        (["empty", "storage"], "empty: this is no backup, or a damaged one (Is a directory (os error 21))".to_owned()),
        (
            [file.to_str().expect("UTF-8"), "empty/../dir"],
            format!("{}/dir: is not empty: restore into a new folder", real.display()),
        ),
        ([file.to_str().expect("UTF-8"), "junk"], format!("{}/junk: Not a directory (os error 20)", real.display())),
    ] {
        let output =
            command(&real).args(["restore", arguments[0], "--storage", arguments[1]]).output().expect("it runs");
        assert_eq!((output.status.code(), stderr(&output).trim_end()), (Some(1), reason.as_str()));
        assert_eq!(names(&real), before);
    }
    let inner = real.join("dir");
    let output = command(&inner).args(["restore", "--storage", "../new/deep"]).arg(&file).output().expect("it runs");
    assert_eq!(stderr(&output), format!("restored to {}/new/deep\n", real.display()));
    let mode = |path: &str| real.join(path).metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!([mode("new"), mode("new/deep"), mode("new/deep/files")], [0o700; 3]);
}
