//! A server that is short of something tells no client that files are gone.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use super::client::{body, report};
use super::{mkcol, put};
use crate::harness::{Person, TestServer};

/// How many handles the server may have.
fn allow(server: &TestServer, most: u64) -> Rlimit {
    let pid = Pid::from_raw(i32::try_from(server.pid()).expect("a process")).expect("a process");
    let hard = rustix::process::getrlimit(Resource::Nofile).maximum;
    prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(most), maximum: hard }).expect("limited")
}

/// The limit with which the server can open so many more: each takes the lowest number that is free.
fn limit_for(server: &TestServer, more: usize) -> u64 {
    let handles = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).expect("its handles");
    let taken: Vec<u64> = handles.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    (0..).filter(|number| !taken.contains(number)).nth(more).expect("a number")
}

/// Asks, whatever comes of it.
fn ask(alice: &Person, body: &str) -> String {
    let mut stream = TcpStream::connect(alice.addr).expect("the kernel takes it");
    stream.set_read_timeout(Some(Duration::from_millis(500))).expect("set");
    let head = alice.client().head("REPORT", "/dav/", &[("Connection", "close")], Some(body.len()));
    let (mut text, _) = (Vec::new(), stream.write_all(&[&head, body.as_bytes()].concat()));
    drop(stream.read_to_end(&mut text));
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn what_cannot_be_opened_now_is_not_told_as_gone() {
    let server = TestServer::start();
    let alice = server.person("alice");
    // Who knows nothing yet is never told that something is gone.
    put(&alice, "/dav/known", b"1");
    let begun = report(&alice, "/dav/", "", "infinite", None).token;
    for folder in ["/dav/a", "/dav/a/b", "/dav/a/b/c"] {
        mkcol(&alice, folder);
        put(&alice, &format!("{folder}/f"), b"1");
    }
    // The rest of an answer does not look again; only what it tells is opened.
    let first = report(&alice, "/dav/", &begun, "infinite", Some(1));
    let rest = body(&first.token, "infinite", None);
    let (mut failed, mut told) = (0, 0);
    for more in 1..16 {
        let before = allow(&server, limit_for(&server, more));
        let text = ask(&alice, &rest);
        allow(&server, before.current.expect("a limit"));
        assert!(!text.contains("404 Not Found"), "with {more} more handles: {text}");
        let is_whole = text.contains("</D:multistatus>");
        assert!(!is_whole || text.contains("/dav/a/b/c/f"), "whole without being all: {text}");
        failed += u32::from(!is_whole);
        told += u32::from(is_whole);
    }
    assert!(failed > 0 && told > 0, "{failed} {told}");
    assert_eq!(report(&alice, "/dav/", &first.token, "infinite", None).members.len(), 5);
}
