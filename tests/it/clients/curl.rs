//! curl, over HTTP/1.1 and HTTP/2, in clear and by TLS.

use std::fs;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::tls::{self, authority, with_tls};
use super::{client, pattern, run, write};
use crate::harness::{Person, TestServer};

/// curl with somebody's credentials; it prints status and protocol after the body.
fn curl(person: &Person) -> Command {
    let mut curl = client("curl");
    curl.args(["--disable", "--silent", "--show-error", "--noproxy", "*"]);
    curl.args(["--user", &format!("{}:{}", person.name, person.key)]);
    curl
}

/// Runs it, and gives body, status and protocol.
fn ask(curl: &mut Command) -> (Vec<u8>, String) {
    let output = curl.args(["--write-out", "\n%{http_code} %{http_version}"]).output().expect("curl runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let end = output.stdout.iter().rposition(|&byte| byte == b'\n').expect("the last line is ours");
    let (body, line) = output.stdout.split_at(end);
    (body.to_vec(), String::from_utf8_lossy(line).trim().to_owned())
}

/// Uploads with length and in pieces of unknown length, replaces, downloads, and takes ranges.
fn both_ways(alice: &Person, base: &str, options: &[&str], protocol: &str) {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let local = scratch.path().join("local.bin");
    let url = format!("{base}file.bin");
    let bytes = pattern(3_000_000, 5);
    let call = |arguments: &[&str]| ask(curl(alice).args(options).args(arguments));
    for (bytes, status) in [(pattern(1000, 9), 201), (bytes.clone(), 204)] {
        write(&local, &bytes);
        let (_, line) = call(&["--upload-file", local.to_str().expect("UTF-8"), &url]);
        assert_eq!(line, format!("{status} {protocol}"));
        assert_eq!(alice.bytes("file.bin"), bytes);
    }
    let input = fs::File::open(&local).expect("the file");
    let piped = format!("{base}piped.bin");
    let (_, line) = ask(curl(alice).args(options).args(["--upload-file", "-", &piped]).stdin(Stdio::from(input)));
    assert_eq!(line, format!("201 {protocol}"));
    assert_eq!(alice.bytes("piped.bin"), bytes);

    let (body, line) = call(&[&url]);
    assert!(body == bytes, "the download differs");
    assert_eq!(line, format!("200 {protocol}"));
    for (range, expected) in [("0-99", &bytes[..100]), ("-100", &bytes[2_999_900..]), ("2999000-", &bytes[2_999_000..])]
    {
        let (body, line) = call(&["--range", range, &url]);
        assert!(body == expected, "{range}");
        assert_eq!(line, format!("206 {protocol}"), "{range}");
    }
    let (body, line) = call(&["--range", "0-9,1000-1019", &url]);
    assert_eq!(line, format!("206 {protocol}"));
    for part in [&bytes[..10], &bytes[1000..1020]] {
        assert!(body.windows(part.len()).any(|window| window == part), "both ranges are in the answer");
    }
    assert_eq!(call(&["--range", "3000000-", &url]).1, format!("416 {protocol}"));
    assert_eq!(call(&["--head", &url]).1, format!("200 {protocol}"));
}

#[test]
fn in_clear() {
    let server = TestServer::start();
    let alice = server.person("alice");
    both_ways(&alice, &alice.url(), &["--http1.1"], "1.1");
}

#[test]
fn http_2_by_prior_knowledge() {
    let server = TestServer::start();
    let alice = server.person("alice");
    both_ways(&alice, &alice.url(), &["--http2-prior-knowledge"], "2");
}

/// What a broken download left is fetched from there on.
#[test]
fn a_download_is_resumed() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let bytes = pattern(500_000, 3);
    alice.client().put("/dav/a.bin", &bytes);
    let part = scratch.path().join("a.bin");
    write(&part, &bytes[..200_001]);
    let url = format!("{}a.bin", alice.url());
    let (_, line) = ask(curl(&alice).args(["--continue-at", "-", "--output"]).arg(&part).arg(&url));
    assert_eq!(line, "206 1.1");
    assert!(fs::read(&part).expect("the file") == bytes, "the joined file differs");
}

/// What a broken upload left on the drive is completed: curl tells by `Content-Range` which part it sends.
#[test]
fn an_upload_is_resumed() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let local = scratch.path().join("local.bin");
    let bytes = pattern(500_000, 7);
    write(&local, &bytes);
    let resume = |offset: &str, name: &str, protocol: &str| {
        let mut upload = curl(&alice);
        upload.args([protocol, "--continue-at", offset, "--upload-file"]).arg(&local);
        ask(upload.arg(format!("{}{name}", alice.url()))).1
    };
    for (offset, name, protocol) in
        [(200_001, "one.bin", "--http1.1"), (499_999, "two.bin", "--http1.1"), (1, "h2.bin", "--http2-prior-knowledge")]
    {
        assert_eq!(alice.client().put(&format!("/dav/{name}"), &bytes[..offset]).status, 201);
        assert!(resume(&offset.to_string(), name, protocol).starts_with("204"), "{name}");
        assert!(alice.bytes(name) == bytes, "{name} differs");
    }
    // Left to find out by itself, it sends the whole as a range from the first byte on.
    alice.client().put("/dav/found.bin", &bytes[..1000]);
    assert_eq!(resume("-", "found.bin", "--http1.1"), "204 1.1");
    assert_eq!(resume("-", "new.bin", "--http1.1"), "201 1.1");
    for name in ["found.bin", "new.bin"] {
        assert!(alice.bytes(name) == bytes, "{name} differs");
    }
    // Where less is there than it believes, nothing is made up in between.
    alice.client().put("/dav/short.bin", &bytes[..10]);
    assert_eq!(resume("200001", "short.bin", "--http1.1"), "416 1.1");
    assert_eq!(alice.bytes("short.bin"), &bytes[..10]);
    assert_eq!(alice.names(), ["found.bin", "h2.bin", "new.bin", "one.bin", "short.bin", "two.bin"]);
}

/// A log that grows: SabreDAV's PATCH, told by headers.
#[test]
fn bytes_are_appended_by_patch() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/log.txt", b"first\n");
    let append = |line: &str, name: &str, headers: &[&str]| {
        let mut patch = curl(&alice);
        patch.args(["--request", "PATCH", "--data-binary", line]);
        for header in headers {
            patch.args(["--header", header]);
        }
        ask(patch.arg(format!("{}{name}", alice.url()))).1
    };
    let kind = "Content-Type: application/x-sabredav-partialupdate";
    for line in ["second\n", "third, which is longer\n"] {
        assert_eq!(append(line, "log.txt", &[kind, "X-Update-Range: append"]), "204 1.1");
    }
    assert_eq!(append("FIRST", "log.txt", &[kind, "X-Update-Range: bytes=0-4"]), "204 1.1");
    assert_eq!(append("x", "missing.txt", &[kind, "X-Update-Range: append"]), "404 1.1");
    assert_eq!(append("x", "log.txt", &["X-Update-Range: append"]), "415 1.1", "curl's own type says nothing of parts");
    assert_eq!(alice.bytes("log.txt"), b"FIRST\nsecond\nthird, which is longer\n");
    assert_eq!(alice.names(), ["log.txt"]);
}

/// A digest sent along is checked, kept, and answered (RFC 9530).
#[test]
fn a_digest_sent_along_is_checked() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let local = scratch.path().join("local.bin");
    let bytes = pattern(300_000, 2);
    write(&local, &bytes);
    let digest = |bytes: &[u8]| format!("Repr-Digest: sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)));
    let right = digest(&bytes);
    let upload = |header: &str| {
        let mut upload = curl(&alice);
        upload.args(["--header", header, "--upload-file"]).arg(&local);
        ask(upload.arg(format!("{}file.bin", alice.url()))).1
    };
    assert_eq!(upload(&digest(b"other bytes")), "400 1.1");
    assert_eq!(alice.names(), Vec::<String>::new());
    assert_eq!(upload(&right), "201 1.1");
    assert!(alice.bytes("file.bin") == bytes, "the upload differs");
    let (head, _) = ask(curl(&alice).args(["--head", &format!("{}file.bin", alice.url())]));
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    assert!(head.contains(&right.to_ascii_lowercase()), "{head}");
}

#[test]
fn tls_with_http_2_by_alpn() {
    let server = with_tls();
    let alice = server.person("alice");
    both_ways(&alice, &tls::url(&server), &["--cacert", &authority(&server)], "2");
}

#[test]
fn tls_with_http_1() {
    let server = with_tls();
    let alice = server.person("alice");
    both_ways(&alice, &tls::url(&server), &["--cacert", &authority(&server), "--http1.1"], "1.1");
}

/// The two above prove something only if curl does check the certificate, and if TLS is all that is spoken.
#[test]
fn tls_is_checked_and_nothing_else_is_spoken() {
    let server = with_tls();
    let alice = server.person("alice");
    let unknown = run(curl(&alice).arg(tls::url(&server)));
    assert_eq!(unknown.status.code(), Some(60), "an unknown authority: {}", unknown.text);
    let clear = run(curl(&alice).arg("--fail").arg(alice.url()));
    assert!(!clear.status.success(), "{}", clear.text);
}

/// HTTP/2 names the host in `:authority`; a `Destination` is judged by it.
#[test]
fn a_move_by_http_2_finds_its_destination() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/a", b"x");
    let destination = format!("Destination: http://{}/dav/b", server.addr);
    let moved = curl(&alice)
        .args(["--http2-prior-knowledge", "--request", "MOVE", "--header", &destination])
        .args(["--write-out", "%{http_code} %{http_version}"])
        .arg(format!("{}a", alice.url()))
        .output()
        .expect("curl runs");
    assert_eq!(String::from_utf8_lossy(&moved.stdout), "201 2");
    assert_eq!(alice.names(), ["b"]);
}

/// What a large upload costs when it is refused: nothing, for curl asks first and waits for an answer.
#[test]
fn an_upload_asks_first_and_is_refused_before_the_bytes() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let reader = server.person_with("alice", &["--read-only"]);
    let wrong = Person { key: "wrong".to_owned(), ..alice.clone() };
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let local = scratch.path().join("local.bin");
    let bytes = pattern(3_000_000, 4);
    write(&local, &bytes);
    alice.client().put("/dav/there.bin", b"there");
    alice.client().put("/dav/locked.bin", b"locked");
    let lock = r#"<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>"#;
    assert_eq!(alice.client().send("LOCK", "/dav/locked.bin", &[], lock.as_bytes()).status, 200);
    // Long enough that curl does not send the bytes after all while it waits for an answer.
    let upload = |person: &Person, name: &str, more: &[&str]| {
        let output = curl(person)
            .args(["--http1.1", "--expect100-timeout", "30", "--header", "Expect: 100-continue", "--upload-file"])
            .arg(&local)
            .args(more)
            .args(["--output", "/dev/null", "--write-out", "%{http_code} %{size_upload}"])
            .arg(format!("{}{name}", alice.url()))
            .output()
            .expect("curl runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert_eq!(upload(&wrong, "new.bin", &[]), "401 0");
    assert_eq!(upload(&reader, "new.bin", &[]), "403 0");
    assert_eq!(upload(&alice, "missing/new.bin", &[]), "409 0");
    assert_eq!(upload(&alice, "there.bin", &["--header", "If-None-Match: *"]), "412 0");
    assert_eq!(upload(&alice, "locked.bin", &[]), "423 0");
    assert_eq!(upload(&alice, "new.bin", &[]), "201 3000000");
    assert!(alice.bytes("new.bin") == bytes, "the upload differs");
    assert_eq!(alice.names(), ["locked.bin", "new.bin", "there.bin"]);
    assert_eq!((alice.bytes("there.bin"), alice.bytes("locked.bin")), (b"there".to_vec(), b"locked".to_vec()));
}

/// `--anyauth` shows no password until the server has said how it wants it; the upload is then sent a second time.
fn upload_by_any_authentication(alice: &Person, base: &str, options: &[&str], protocol: &str) {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let local = scratch.path().join("local.bin");
    for (size, name) in [(10, "small.bin"), (3_000_000, "large.bin")] {
        let bytes = pattern(size, 6);
        write(&local, &bytes);
        let url = format!("{base}{name}");
        let mut upload = curl(alice);
        upload.args(options).args(["--anyauth", "--upload-file", local.to_str().expect("UTF-8"), &url]);
        assert_eq!(ask(&mut upload).1, format!("201 {protocol}"), "{name}");
        assert!(alice.bytes(name) == bytes, "{name} differs");
        let (body, line) = ask(curl(alice).args(options).args(["--anyauth", &url]));
        assert_eq!(line, format!("200 {protocol}"));
        assert!(body == bytes, "the download of {name} differs");
    }
    assert_eq!(alice.names(), ["large.bin", "small.bin"]);
}

#[test]
fn any_authentication_finds_basic_and_uploads() {
    let server = TestServer::start();
    let alice = server.person("alice");
    upload_by_any_authentication(&alice, &alice.url(), &["--http1.1"], "1.1");
    let refused = server.log().matches("status=401").count();
    assert_eq!(refused, 4, "each was asked for without a password first");
}

/// Over HTTP/1.1: with HTTP/2, curl 7.88 may hang by itself where it has begun to send before it learns that a password
/// is asked for, and wants to begin anew.
#[test]
fn any_authentication_finds_basic_and_uploads_over_tls() {
    let server = with_tls();
    let alice = server.person("alice");
    upload_by_any_authentication(&alice, &tls::url(&server), &["--http1.1", "--cacert", &authority(&server)], "1.1");
}

/// HTTP/2 has no way to ask first: the bytes are on their way when the answer comes, and it must not be lost.
#[test]
fn a_refusal_arrives_over_http2_while_the_bytes_are_on_their_way() {
    let server = with_tls();
    let alice = server.person("alice");
    let wrong = Person { key: "wrong".to_owned(), ..alice.clone() };
    let base = tls::url(&server);
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let local = scratch.path().join("local.bin");
    write(&local, &pattern(3_000_000, 6));
    let local = local.to_str().expect("UTF-8").to_owned();
    let certificate = authority(&server);
    let put = |person: &Person, name: &str, header: &str| {
        let url = format!("{base}{name}");
        let mut upload = curl(person);
        let upload = upload.args(["--cacert", &certificate, "--header", header, "--upload-file", &local, &url]);
        ask(upload).1
    };
    assert_eq!(put(&alice, "there", "X-Nothing: 0"), "201 2");
    for _ in 0..3 {
        assert_eq!(put(&wrong, "new", "X-Nothing: 0"), "401 2");
        assert_eq!(put(&alice, "none/new", "X-Nothing: 0"), "409 2");
        assert_eq!(put(&alice, "there", "If-None-Match: *"), "412 2");
    }
    assert_eq!(alice.names(), ["there"]);
}
