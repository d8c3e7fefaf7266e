//! GET and HEAD: files whole and in parts, folders as a page, nothing that runs in a browser.

use std::io::Write;

use crate::harness::TestServer;

#[test]
fn head_says_what_get_would() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let put = alice.client().put("/dav/a.txt", b"hello");
    let (get, head) = (alice.client().get("/dav/a.txt"), alice.client().send("HEAD", "/dav/a.txt", &[], b""));
    for name in ["content-length", "content-type", "etag", "last-modified", "accept-ranges"] {
        assert_eq!(get.header(name), head.header(name), "{name}");
    }
    assert_eq!((get.status, head.status, head.body.len()), (200, 200, 0));
    assert_eq!(get.etag(), put.etag());
    let listing = alice.client().send("PROPFIND", "/dav/a.txt", &[("Depth", "0")], b"");
    assert!(listing.text().contains(&format!("<D:getetag>{}</D:getetag>", put.etag())), "R24");
    assert_eq!(alice.client().get("/dav/absent").status, 404);
    assert_eq!(alice.client().get("/dav/a.txt/").status, 404);
}

#[test]
fn single_ranges_are_parts_of_the_file() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let body: Vec<u8> = (0..200_000_u32).map(|at| u8::try_from(at % 253).expect("small")).collect();
    alice.client().put("/dav/f", &body);
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=199999-", 199_999, 200_000),
        ("bytes=-5", 199_995, 200_000),
        ("bytes=10-150000", 10, 150_001),
        ("bytes=5-99999999999999999999", 5, 200_000),
    ] {
        let answer = alice.client().send("GET", "/dav/f", &[("Range", range)], b"");
        assert_eq!(answer.status, 206, "{range}");
        assert_eq!(answer.body, body[from..to], "{range}");
        assert_eq!(answer.header("content-range"), Some(&*format!("bytes {from}-{}/200000", to - 1)));
    }
    let head = alice.client().send("HEAD", "/dav/f", &[("Range", "bytes=0-0")], b"");
    assert_eq!((head.status, head.header("content-length")), (200, Some("200000")), "Range is for GET alone");
    let beyond = alice.client().send("GET", "/dav/f", &[("Range", "bytes=200000-")], b"");
    assert_eq!((beyond.status, beyond.header("content-range")), (416, Some("bytes */200000")));
    assert_eq!(alice.client().send("GET", "/dav/f", &[("Range", "lines=1-2")], b"").status, 200);
    let stale = alice.client().send("GET", "/dav/f", &[("Range", "bytes=0-0"), ("If-Range", "\"other\"")], b"");
    assert_eq!((stale.status, stale.body.len()), (200, 200_000));
    let etag = alice.client().get("/dav/f").etag();
    let fresh = alice.client().send("GET", "/dav/f", &[("Range", "bytes=0-0"), ("If-Range", &etag)], b"");
    assert_eq!(fresh.status, 206);
}

/// RFC 9110 §14.6: CRLF between the parts, and the length is right.
#[test]
fn several_ranges_are_a_multipart() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f.txt", b"0123456789");
    let answer = alice.client().send("GET", "/dav/f.txt", &[("Range", "bytes=0-1, 4-5, -1")], b"");
    assert_eq!(answer.status, 206);
    let kind = answer.header("content-type").expect("a type");
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").expect("a boundary");
    let part = |range: &str, bytes: &str| {
        format!("--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes {range}/10\r\n\r\n{bytes}\r\n")
    };
    let expected = format!("{}{}{}--{boundary}--\r\n", part("0-1", "01"), part("4-5", "45"), part("9-9", "9"));
    assert_eq!(answer.text(), expected);
}

#[test]
fn conditional_requests_save_the_download() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let etag = alice.client().put("/dav/f", b"x").etag();
    let get = |name: &str, value: &str| alice.client().send("GET", "/dav/f", &[(name, value)], b"");
    let same = get("If-None-Match", &etag);
    assert_eq!((same.status, same.etag(), same.body.len()), (304, etag.clone(), 0));
    assert_eq!(same.header("cache-control"), alice.client().get("/dav/f").header("cache-control"));
    assert_eq!(get("If-None-Match", "\"other\"").status, 200);
    assert_eq!(get("If-None-Match", &format!("W/{etag}")).status, 304);
    assert_eq!(get("If-None-Match", "*").status, 304);
    let date = alice.client().get("/dav/f").header("last-modified").expect("a date").to_owned();
    assert_eq!(get("If-Modified-Since", &date).status, 304);
    assert_eq!(get("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT").status, 200);
    assert_eq!(get("If-Modified-Since", "not a date").status, 200);
    assert_eq!(get("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT").status, 412);
    assert_eq!(get("If-Match", "\"other\"").status, 412);
    assert_eq!(get("If-Match", &etag).status, 200);
}

/// A file that another program cuts while it is sent: the connection ends, nothing is padded.
#[test]
fn a_truncated_file_is_not_padded() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let size = 64 * 1024 * 1024;
    let file = std::fs::File::create(alice.file("big")).expect("a file");
    file.set_len(size).expect("a size");
    let client = alice.client();
    let mut connection = client.connect();
    connection.write(&client.head("GET", "/dav/big", &[], Some(0)));
    // The kernel's buffers hold a few megabytes; the rest is not read yet when the file is cut.
    let mut first = [0; 1024];
    std::io::Read::read_exact(&mut connection.stream, &mut first).expect("the answer begins");
    assert!(first.starts_with(b"HTTP/1.1 200"));
    file.set_len(1000).expect("cut");
    let mut rest = Vec::new();
    let _ = std::io::Read::read_to_end(&mut connection.stream, &mut rest);
    assert!(((rest.len() + first.len()) as u64) < size, "the connection ended early");
    server.wait_for_log("whole=false");
}

#[test]
fn a_folder_is_a_plain_page_in_a_browser() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().send("MKCOL", "/dav/d", &[], b"");
    assert_eq!(alice.client().put("/dav/d/%3Cb%3E%22'&.html", b"x").status, 201);
    for path in ["/dav/d", "/dav/d/"] {
        let page = alice.client().get(path);
        assert_eq!(page.status, 200);
        assert!(page.header("content-type").expect("a type").starts_with("text/html"));
        assert!(page.text().contains("href=\"/dav/d/%3Cb%3E%22%27%26.html\""), "{}", page.text());
        assert!(!page.text().contains("<b>"), "names are escaped");
        guarded(&page);
    }
}

fn guarded(answer: &crate::http::Answer) {
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("content-security-policy"), Some("sandbox; default-src 'none'"));
}

/// S13: what could run in a browser is a download, and sandboxed besides.
#[test]
fn files_cannot_run_on_the_pages_origin() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for (name, kind, inline) in [
        ("a.html", "text/html", false),
        ("a.svg", "image/svg+xml", false),
        ("a.js", "text/javascript", false),
        ("a.xml", "text/xml", false),
        ("a.unknown", "application/octet-stream", false),
        ("a.png", "image/png", true),
        ("a.txt", "text/plain", true),
    ] {
        alice.client().put(&format!("/dav/{name}"), b"<script>alert(1)</script>");
        let answer = alice.client().get(&format!("/dav/{name}"));
        guarded(&answer);
        assert_eq!(answer.header("content-type"), Some(kind), "{name}");
        assert_eq!(answer.header("content-disposition").is_none(), inline, "{name}");
    }
    alice.client().put("/dav/x%22%0d%0aSet-Cookie:%20a=b.html", b"x");
    let answer = alice.client().get("/dav/x%22%0d%0aSet-Cookie:%20a=b.html");
    assert_eq!(answer.header("set-cookie"), None);
    assert_eq!(answer.status, 200);
}

#[test]
fn reads_see_one_version_while_it_is_replaced() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let version = |byte: u8| vec![byte; 300_000];
    alice.client().put("/dav/f", &version(0));
    let writer = {
        let alice = alice.clone();
        std::thread::spawn(move || {
            for byte in 1..60 {
                assert_eq!(alice.client().put("/dav/f", &version(byte)).status, 204);
            }
        })
    };
    while !writer.is_finished() {
        let body = alice.client().get("/dav/f").body;
        assert_eq!(body.len(), 300_000);
        assert!(body.iter().all(|byte| *byte == body[0]), "never half");
    }
    writer.join().expect("all writes are done");
    std::io::stdout().flush().expect("flushed");
}
