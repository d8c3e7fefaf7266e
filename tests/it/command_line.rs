//! The command line beside a running server, and the configuration it reads.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::harness::{Person, TestServer};

fn latchkey(folder: &std::path::Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_latchkey"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command runs");
    let _ = child.stdin.take().expect("stdin").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

#[test]
fn the_first_start_prints_what_is_needed_once() {
    let mut server = TestServer::start();
    let log = server.log();
    let key = log.split_whitespace().find(|word| word.starts_with("lk-")).expect("an application password").to_owned();
    assert!(log.contains("user                  admin"));
    for line in [
        "curl -u admin:lk-",
        "rclone config create latchkey webdav",
        &format!("http://{}/dav/", server.addr),
        "file manager",
    ] {
        assert!(log.contains(line), "{line} in {log}");
    }
    let admin = Person {
        name: "admin".to_owned(),
        key: key.clone(),
        home: server.storage().join("files/admin"),
        addr: server.addr,
    };
    assert_eq!(admin.client().put("/dav/README.md", b"x").status, 201);
    let listed: serde_json::Value =
        serde_json::from_str(&server.ok(&["app-password", "list", "admin", "--json"])).expect("JSON");
    let days = |name: &str| {
        listed[0][name].as_str().expect("a time").parse::<chrono::DateTime<chrono::Utc>>().expect("RFC 3339")
    };
    assert_eq!((days("expires_at") - days("created_at")).num_days(), 7);
    let account = log.split_whitespace().skip_while(|word| *word != "password").nth(1).expect("a password");
    assert_eq!(server.stranger().with_basic("admin", account).get("/dav/").status, 401, "it opens no drive");
    let before = server.log().len();
    server.crash_and_restart();
    assert!(!server.log()[before..].contains("lk-"), "only once");
}

#[test]
fn curl_lines_work_when_pasted() {
    let server = TestServer::start();
    let lines: Vec<String> =
        server.log().lines().map(str::trim).filter(|line| line.contains("curl -u")).map(ToOwned::to_owned).collect();
    assert_eq!(lines.len(), 2);
    let outputs: Vec<Output> = lines
        .iter()
        .map(|line| {
            Command::new("sh").args(["-c", line]).current_dir(server.folder.path()).output().expect("curl runs")
        })
        .collect();
    assert!(outputs.iter().all(|output| output.status.success()));
    assert_eq!(outputs[1].stdout, b"hello\n");
}

#[test]
fn storage_is_private_and_locked() {
    use std::os::unix::fs::PermissionsExt;
    let server = TestServer::start();
    let mode = |path: &str| server.storage().join(path).metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!([mode(""), mode("files"), mode("keys"), mode("files/admin")], [0o700; 4]);
    assert_eq!([mode("latchkey.sqlite3"), mode("latchkey.sqlite3-wal"), mode("lock")], [0o600; 3]);
    let second = server.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!((second.status.code(), second.stdout.len()), (Some(1), 0));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another server runs on"));
}

#[test]
fn users_are_managed() {
    let server = TestServer::start();
    let folder = server.folder.path();
    let added = latchkey(
        folder,
        &[
            "user",
            "add",
            "alice",
            "--admin",
            "--display-name",
            "Alice A.",
            "--email",
            "a@example.org",
            "--password-stdin",
        ],
        "correct horse battery\n",
    );
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    assert!(added.stdout.is_empty(), "nothing was asked for");
    let shown: serde_json::Value =
        serde_json::from_str(&server.ok(&["user", "show", "alice", "--json"])).expect("JSON");
    assert_eq!((shown["admin"].as_bool(), shown["display_name"].as_str()), (Some(true), Some("Alice A.")));
    assert!(server.ok(&["user", "list"]).contains("Alice A."));
    for (arguments, input, reason) in [
        (vec!["user", "add", "alice"], "", "is taken"),
        (vec!["user", "add", "Bad Name"], "", "must have 1 to 64 characters"),
        (vec!["user", "add", "b", "--email", "A@example.org"], "", "is taken"),
        (vec!["user", "add", "b", "--password-stdin"], "short\n", "at least 8"),
        (vec!["user", "add", "b", "--home", "storage"], "", "reserved"),
        (vec!["user", "add", "b", "--home", "storage/files"], "", "reserved"),
        (vec!["user", "add", "b", "--home", "storage/files/alice"], "", "another user's"),
        (vec!["user", "add", "b", "--home", "no/such/parent"], "", "does not exist"),
        (vec!["user", "show", "nobody"], "", "there is no user"),
        (vec!["user", "disable", "nobody"], "", "there is no user"),
        (vec!["app-password", "revoke", "zzzzz"], "", "there is no application password"),
        (vec!["api-token", "revoke", "77"], "", "there is no API token"),
    ] {
        let output = latchkey(folder, &arguments, input);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{arguments:?}");
        assert!(stderr.contains(reason), "{arguments:?}: {stderr}");
    }
    let bad = latchkey(folder, &["frobnicate"], "");
    assert_eq!((bad.status.code(), bad.stdout.len()), (Some(2), 0));
}

/// A folder that is there already is nobody's without `--home`.
#[test]
fn a_leftover_home_is_not_adopted_by_accident() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/private", b"x");
    server.ok(&["user", "delete", "alice"]);
    assert!(alice.file("private").is_file(), "deleting an account keeps its files");
    let again = server.person("alice");
    assert_eq!(again.client().get("/dav/private").status, 404);
    assert!(server.storage().join("files/alice-2").is_dir());
    let home = alice.home.to_str().expect("UTF-8");
    server.ok(&["user", "add", "heir", "--home", home]);
    assert_eq!(server.person("heir").client().get("/dav/private").body, b"x");
}

#[test]
fn configuration_errors_end_with_64_before_anything_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |text: &str| std::fs::write(folder.path().join("webdav.toml"), text).expect("written");
    write("[server]\nlisten = \"here\"\nlissten = 1\n[storage]\ndurability = \"maybe\"\n");
    for arguments in [vec!["serve"], vec!["config", "check"], vec!["user", "list"], vec![]] {
        let output = latchkey(folder.path(), &arguments, "");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(64), 0), "{arguments:?}");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        for line in [
            "webdav.toml: server.listen = \"here\": not an address",
            "webdav.toml: server.lissten: unknown key, did you mean `listen`?",
            "webdav.toml: storage.durability = \"maybe\"",
        ] {
            assert!(stderr.contains(line), "{line} in {stderr}");
        }
    }
    write("[server]\nlisten = \"0.0.0.0:0\"\n");
    let plain = latchkey(folder.path(), &["serve"], "");
    assert_eq!(plain.status.code(), Some(64), "plain HTTP beyond loopback");
    assert!(String::from_utf8_lossy(&plain.stderr).contains("web.allow_plain_http"));
    let absent = latchkey(folder.path(), &["serve", "--config", "absent.toml"], "");
    assert_eq!(absent.status.code(), Some(64));
    assert!(!folder.path().join("storage").exists(), "nothing was made");
    write("");
    let printed = latchkey(folder.path(), &["config", "print"], "");
    assert!(String::from_utf8_lossy(&printed.stdout).contains("listen = \"127.0.0.1:4918\""));
    assert_eq!(latchkey(folder.path(), &["config", "check"], "").status.code(), Some(0));
}

#[test]
fn relative_paths_start_at_the_files_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("etc")).expect("a folder");
    std::fs::write(folder.path().join("etc/my.toml"), "[storage]\npath = \"data\"\n").expect("written");
    let output = latchkey(folder.path(), &["user", "add", "alice", "--config", "etc/my.toml"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(folder.path().join("etc/data/files/alice").is_dir());
    let output = latchkey(folder.path(), &["user", "add", "bob", "--storage", "elsewhere"], "");
    assert!(output.status.success());
    assert!(folder.path().join("elsewhere/files/bob").is_dir());
}

#[test]
fn the_doctor_finds_what_is_wrong() {
    use std::os::unix::fs::PermissionsExt;
    let server = TestServer::start();
    let alice = server.person("alice");
    assert!(server.ok(&["doctor"]).contains("ok  database"));
    std::fs::set_permissions(server.storage().join("latchkey.sqlite3"), std::fs::Permissions::from_mode(0o644))
        .expect("set");
    std::fs::rename(&alice.home, alice.home.with_extension("away")).expect("moved");
    let output = server.run(&["doctor"]);
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout.contains("BAD others can reach") && stdout.contains("BAD home of alice"), "{stdout}");
}

/// Certificate and key are read before anything is bound or made.
#[test]
fn a_wrong_certificate_ends_with_64() {
    let folder = tempfile::tempdir().expect("a folder");
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("good.pem", &signed.cert.pem());
    write("key.pem", &signed.signing_key.serialize_pem());
    write("other.pem", &other.signing_key.serialize_pem());
    write("empty.pem", "");
    for (certificate, key, told) in [
        ("absent.pem", "key.pem", "server.tls_certificate"),
        ("empty.pem", "key.pem", "server.tls_certificate"),
        ("good.pem", "absent.pem", "server.tls_key"),
        ("good.pem", "empty.pem", "server.tls_key"),
        ("good.pem", "other.pem", "server.tls_key"),
    ] {
        write("webdav.toml", &format!("[server]\ntls_certificate = \"{certificate}\"\ntls_key = \"{key}\"\n"));
        for arguments in [["serve", "--listen=127.0.0.1:0"].as_slice(), &["config", "check"]] {
            let output = latchkey(folder.path(), arguments, "");
            let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!((output.status.code(), output.stdout.len()), (Some(64), 0), "{certificate} {key}: {stderr}");
            assert!(stderr.contains("webdav.toml: ") && stderr.contains(told), "{stderr}");
        }
    }
    write("webdav.toml", "[server]\ntls_certificate = \"good.pem\"\ntls_key = \"key.pem\"\n");
    assert_eq!(latchkey(folder.path(), &["config", "check"], "").status.code(), Some(0));
    assert!(!folder.path().join("storage").exists());
}

#[test]
fn a_password_is_revoked_by_whatever_part_of_it_is_at_hand() {
    let server = TestServer::start();
    let keys: Vec<String> = (0..3).map(|_| server.person("alice").key).collect();
    server.ok(&["app-password", "revoke", &keys[0]]);
    server.ok(&["app-password", "revoke", &keys[1][..8].to_uppercase()]);
    server.ok(&["app-password", "revoke", &keys[2][3..8]]);
    for key in &keys {
        assert_eq!(server.stranger().with_basic("alice", key).get("/dav/").status, 401);
        let again = server.run(&["app-password", "revoke", key]);
        let stderr = String::from_utf8_lossy(&again.stderr).into_owned();
        assert!(!again.status.success() && !stderr.contains(&key[9..]), "the secret is not repeated: {stderr}");
    }
}
