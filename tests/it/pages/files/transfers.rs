//! What takes its time, and what takes room: the same rules as the drive's.

use std::io::Read;
use std::time::{Duration, Instant};

use super::{alice, file, names, raw, upload};
use crate::harness::TestServer;
use crate::pages::client::{self, Page};

#[test]
fn an_upload_beyond_the_quota_is_refused_in_words_and_leaves_nothing() {
    let server = TestServer::start();
    client::add(&server, "alice", &["--quota", "1MB"]);
    let mut page = Page::signed_in(&server, "alice");
    let drive = server.person("alice");
    let fits = upload(&server, &mut page, "/files/", vec![file("fits.bin", &vec![1; 900_000])], true);
    assert!(fits.status < 400, "{}", fits.text());
    let answer = upload(&server, &mut page, "/files/", vec![file("more.bin", &vec![2; 200_000])], true);
    let text = answer.text();
    assert!(text.contains("more space than you may use"), "{} {text}", answer.status);
    assert_eq!(names(&page.look("/files/")), ["fits.bin"]);
    assert_eq!(drive.names(), ["fits.bin"]);
}

/// S9: a download by the pages ends with the session that began it, as one by the drive ends with its password.
#[test]
fn a_download_ends_with_its_session() {
    const SIZE: u64 = 300_000_000;
    let (server, page, drive) = alice();
    let large = std::fs::File::create(drive.file("large")).expect("a file");
    large.set_len(SIZE).expect("a hole");
    let browser = raw(&server, &page);
    let mut connection = browser.connect();
    connection.write(&browser.head("GET", "/files/large", &[], Some(0)));
    let mut some = [0; 10_000];
    connection.stream.read_exact(&mut some).expect("the beginning");
    assert!(some.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&some[..200]));
    server.ok(&["user", "disable", "alice"]);
    let (began, mut came, mut piece) = (Instant::now(), 0, vec![0; 20_000]);
    loop {
        match connection.stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(read) => came += read as u64,
        }
        assert!(began.elapsed() < Duration::from_secs(30), "it goes on and on");
        std::thread::park_timeout(Duration::from_millis(1));
    }
    assert!(came < SIZE / 2, "{came} bytes in {:?}", began.elapsed());
}
