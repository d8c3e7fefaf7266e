//! curl, over HTTP/1.1 and HTTP/2, in clear and by TLS.

use std::fs;
use std::process::{Command, Stdio};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tempfile::TempDir;

use super::{client, pattern, run, write};
use crate::harness::{CHEAP, Person, TestServer};

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

/// A server that speaks TLS with a certificate for 127.0.0.1, and the authority that signed it.
fn with_tls() -> TestServer {
    let folder = TempDir::new().expect("a scratch folder");
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "Authority of the tests");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
    let certificate = server.signed_by(&key, &authority).expect("a certificate");
    write(&folder.path().join("authority.pem"), authority.pem().as_bytes());
    write(&folder.path().join("certificate.pem"), certificate.pem().as_bytes());
    write(&folder.path().join("key.pem"), key.serialize_pem().as_bytes());
    let tls = "[server]\ntls_certificate = \"certificate.pem\"\ntls_key = \"key.pem\"\n";
    write(&folder.path().join("webdav.toml"), format!("{CHEAP}{tls}").as_bytes());
    TestServer::on(folder)
}

#[test]
fn tls_with_http_2_by_alpn() {
    let server = with_tls();
    let alice = server.person("alice");
    let authority = server.folder.path().join("authority.pem");
    let authority = authority.to_str().expect("UTF-8");
    let base = format!("https://{}/dav/", server.addr);
    both_ways(&alice, &base, &["--cacert", authority], "2");
}

#[test]
fn tls_with_http_1() {
    let server = with_tls();
    let alice = server.person("alice");
    let authority = server.folder.path().join("authority.pem");
    let authority = authority.to_str().expect("UTF-8");
    let base = format!("https://{}/dav/", server.addr);
    both_ways(&alice, &base, &["--cacert", authority, "--http1.1"], "1.1");
}

/// The two above prove something only if curl does check the certificate, and if TLS is all that is spoken.
#[test]
fn tls_is_checked_and_nothing_else_is_spoken() {
    let server = with_tls();
    let alice = server.person("alice");
    let unknown = run(curl(&alice).arg(format!("https://{}/dav/", server.addr)));
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
