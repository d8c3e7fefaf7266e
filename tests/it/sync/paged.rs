//! Answers in parts, large folders, and looks while everything changes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::client::{SyncClient, body, report};
use super::{mkcol, put};
use crate::harness::{CHEAP, Person, TestServer, eventually};

#[test]
fn parts_are_complete_though_the_tree_changes_between_them() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for folder in ["a", "b", "c"] {
        std::fs::create_dir(alice.file(folder)).expect("a folder");
        for number in 0..10 {
            std::fs::write(alice.file(folder).join(format!("f{number}")), b"1").expect("a file");
        }
    }
    let first = report(&alice, "/dav/", "", "infinite", Some(5));
    assert_eq!((first.members.len(), first.is_cut), (5, true));
    assert!(!report(&alice, "/dav/", "", "infinite", Some(33)).is_cut, "exactly all is not cut");
    let mut other = SyncClient::new("/dav/", "infinite");
    let mut pages = SyncClient::new("/dav/", "infinite").with_limit(4);
    let mut count = 0;
    while pages.step(&alice) {
        match count {
            // What was told already, what is to come, and what is neither.
            0 => std::fs::write(alice.file("a/f0"), b"longer").expect("written"),
            1 => std::fs::remove_file(alice.file("c/f9")).expect("removed"),
            2 => std::fs::rename(alice.file("b"), alice.file("z")).expect("renamed"),
            3 => std::fs::write(alice.file("0"), b"").expect("a file"),
            4 => other.check(&alice),
            _ => {}
        }
        count += 1;
        assert!(count < 60, "it comes to an end");
    }
    assert!(count > 4);
    assert_eq!(pages.known, pages.truth(&alice));
    other.check(&alice);
}

/// What the look found and the answer does not: it may be again what the look found when the next one comes.
#[test]
fn what_is_away_while_its_part_is_told_is_told_when_it_is_back() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let aside = server.folder.path().join("aside");
    let mut client = SyncClient::new("/dav/", "infinite").with_limit(1);
    // For who knows nothing, and for who is told that it is gone and throws it away.
    for content in ["1", "longer"] {
        for name in ["a", "b", "c", "d"] {
            std::fs::write(alice.file(name), content).expect("a file");
        }
        assert!(client.step(&alice));
        std::fs::rename(alice.file("b"), &aside).expect("moved away");
        assert!(client.step(&alice), "there is more, so nobody looks");
        assert!(!client.known.contains_key("/dav/b"));
        std::fs::rename(&aside, alice.file("b")).expect("moved back");
        client.check(&alice);
    }
}

#[test]
fn a_limit_that_cannot_be_kept_is_told() {
    let server = TestServer::start();
    let alice = server.person("alice");
    put(&alice, "/dav/f", b"1");
    let none = alice.client().send("REPORT", "/dav/", &[], body("", "1", Some(0)).as_bytes());
    assert!(none.status == 507 && none.text().contains("<D:number-of-matches-within-limits/>"), "{}", none.text());
    let token = report(&alice, "/dav/", "", "1", Some(1));
    assert!(!token.is_cut);
    assert!(report(&alice, "/dav/", &token.token, "1", Some(0)).members.is_empty(), "nothing fits");
}

/// R28: the answer is streamed, whole or broken off.
#[test]
fn a_folder_of_ten_thousand_is_told_whole() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for number in 0..10_000 {
        std::fs::write(alice.file(&format!("f{number}")), b"").expect("a file");
    }
    let mut client = SyncClient::new("/dav/", "infinite");
    client.check(&alice);
    assert_eq!(client.known.len(), 10_000);
    std::fs::write(alice.file("f77"), b"1").expect("written");
    std::fs::remove_file(alice.file("f78")).expect("removed");
    let next = report(&alice, "/dav/", &client.token, "infinite", None);
    assert_eq!(next.hrefs(), ["/dav/f77", "/dav/f78"]);
    mkcol(&alice, "/dav/sub");
    client.check(&alice);
    for number in 0..10_000 {
        drop(std::fs::remove_file(alice.file(&format!("f{number}"))));
    }
    client.check(&alice);
    assert_eq!(client.known.len(), 1);
}

/// Writers that never rest, from inside and outside, beside clients that synchronise, and the server killed in the midst
/// of their looks. What each knows in the end is what there is, and a file that was there all the time is never told
/// to be gone.
#[test]
fn clients_come_to_the_truth_under_load_and_after_a_kill() {
    let mut server = TestServer::with_config(&format!("{CHEAP}[log]\naccess = false\n"));
    let mut alice = server.person("alice");
    for number in 0..300 {
        std::fs::write(alice.file(&format!("still-{number}")), b"1").expect("a file");
        std::fs::write(alice.file(&format!("busy-{number}")), b"1").expect("a file");
    }
    let mut clients = [
        SyncClient::new("/dav/", "infinite"),
        SyncClient::new("/dav/", "1"),
        SyncClient::new("/dav/", "infinite").with_limit(37),
    ];
    for _ in 0..2 {
        under_load(&server, &alice, &mut clients);
        server.crash_and_restart();
        alice.addr = server.addr;
        for client in &mut clients {
            client.check(&alice);
        }
    }
}

fn under_load(server: &TestServer, alice: &Person, clients: &mut [SyncClient]) {
    let stop = AtomicBool::new(false);
    let rounds = std::sync::atomic::AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| write_inside(alice, &stop));
        }
        scope.spawn(|| write_outside(alice, &stop));
        for client in clients {
            let (stop, rounds) = (&stop, &rounds);
            scope.spawn(move || {
                while ask(client, alice) && !stop.load(Ordering::SeqCst) {
                    rounds.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        eventually("enough looks", || rounds.load(Ordering::SeqCst) >= 60);
        server.signal("KILL");
        stop.store(true, Ordering::SeqCst);
    });
}

/// One request; `false` where the server is gone.
fn ask(client: &mut SyncClient, alice: &Person) -> bool {
    let Ok(stream) = std::net::TcpStream::connect(alice.addr) else { return false };
    drop(stream);
    let known = alice.client();
    let mut connection = known.connect();
    let body = client.body();
    connection.try_write(&known.head("REPORT", "/dav/", &[], Some(body.len())));
    connection.try_write(body.as_bytes());
    let Some(answer) = connection.try_answer("REPORT") else { return false };
    assert_eq!(answer.status, 207, "{}", answer.text());
    let report = super::client::read(&answer.text());
    for (href, told) in &report.members {
        assert!(!href.contains("still-") || *told != super::client::Told::Gone, "{href} was there all the time");
    }
    client.apply(&report);
    true
}

fn write_inside(alice: &Person, stop: &AtomicBool) {
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = std::net::TcpStream::connect(alice.addr) else { return };
        drop(stream);
        let client = alice.client();
        let mut connection = client.connect();
        // Replaced in place, as clients do it all day.
        let path = format!("/dav/still-{}", number % 300);
        connection.try_write(&client.head("PUT", &path, &[], Some(1)));
        connection.try_write(b"x");
        if connection.try_answer("PUT").is_none() {
            return;
        }
    }
}

fn write_outside(alice: &Person, stop: &AtomicBool) {
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let (from, to) = (format!("busy-{}", number % 300), format!("busy-{}", (number * 7) % 400));
        drop(std::fs::rename(alice.file(&from), alice.file(&to)));
        drop(std::fs::create_dir(alice.file(&from)));
        drop(std::fs::write(alice.file(&from).join("inner"), b"1"));
        drop(std::fs::remove_dir_all(alice.file(&format!("busy-{}", (number + 5) % 300))));
    }
}
