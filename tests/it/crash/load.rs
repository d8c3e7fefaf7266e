//! kill -9 under load: whatever was acknowledged is there (R33).

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{Line, again, color, set_color};
use crate::harness::{CHEAP, Person, TestServer, eventually};

/// What the server, or the command line, said was done.
#[derive(Default)]
struct Acknowledged {
    files: Mutex<Vec<(String, Vec<u8>)>>,
    passwords: Mutex<Vec<String>>,
    /// Path and token.
    locks: Mutex<Vec<(String, String)>>,
    /// Path and value.
    properties: Mutex<Vec<(String, String)>>,
}

impl Acknowledged {
    fn counts(&self) -> [usize; 4] {
        [
            self.files.lock().expect("no panic").len(),
            self.passwords.lock().expect("no panic").len(),
            self.locks.lock().expect("no panic").len(),
            self.properties.lock().expect("no panic").len(),
        ]
    }
}

const LOCK: &[u8] = b"<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/>\
                      </D:locktype></D:lockinfo>";

/// Small files, until the server is gone.
fn put_files(mut line: Line, worker: usize, done: &Acknowledged) {
    for number in 0.. {
        let (path, bytes) = (format!("file-{worker}-{number}"), format!("{worker} {number}").repeat(number % 100));
        let Some(answer) = line.ask("PUT", &format!("/dav/{path}"), &[], bytes.as_bytes()) else { return };
        assert_eq!(answer.status, 201, "{}", answer.text());
        done.files.lock().expect("no panic").push((path, bytes.into_bytes()));
    }
}

/// Properties on one folder after another, and locks on names where nothing is yet.
fn set_and_lock(mut line: Line, round: usize, done: &Acknowledged) {
    for number in 0.. {
        let path = format!("/dav/locked-{round}-{number}");
        let Some(answer) = line.ask("LOCK", &path, &[("Timeout", "Second-3600")], LOCK) else { return };
        assert_eq!(answer.status, 201, "{}", answer.text());
        let token = answer.header("lock-token").expect("a token").to_owned();
        done.locks.lock().expect("no panic").push((path, token));
        let path = format!("/dav/painted-{round}-{number}/");
        let Some(answer) = line.ask("MKCOL", &path, &[], b"") else { return };
        assert_eq!(answer.status, 201, "{}", answer.text());
        let value = format!("v{number}");
        let Some(answer) = line.ask("PROPPATCH", &path, &[], set_color(&value).as_bytes()) else { return };
        assert!(answer.status == 207 && answer.text().contains("200 OK"), "{}", answer.text());
        done.properties.lock().expect("no panic").push((path, value));
    }
}

/// Application passwords by the admin API, of the server that will be killed.
fn issue_by_api(mut line: Line, done: &Acknowledged) {
    let json = [("Content-Type", "application/json")];
    let path = "/api/v1/users/alice/app-passwords";
    while let Some(answer) = line.ask("POST", path, &json, br#"{"label":"by the API"}"#) {
        assert_eq!(answer.status, 201, "{}", answer.text());
        let password = answer.json()["password"].as_str().expect("a password").to_owned();
        done.passwords.lock().expect("no panic").push(password);
    }
}

/// The same by the command line, another process on the same database.
fn issue_by_command(server: &TestServer, done: &Acknowledged, stop: &AtomicBool) {
    while !stop.load(Ordering::SeqCst) {
        let password = server.ok(&["app-password", "issue", "alice", "by command"]);
        done.passwords.lock().expect("no panic").push(password);
    }
}

/// Kills the server at the end, also when a test gives up: whoever works in a loop ends with it.
struct Killed<'a>(&'a TestServer, &'a AtomicBool);

impl Drop for Killed<'_> {
    fn drop(&mut self) {
        self.0.signal("KILL");
        self.1.store(true, Ordering::SeqCst);
    }
}

/// Everybody works until each has had enough acknowledged; then the server is killed in the midst of it.
fn work_and_kill(server: &TestServer, alice: &Person, token: &str, round: usize, done: &Acknowledged) {
    let before = done.counts();
    let stop = AtomicBool::new(false);
    let api = server.stranger().with("Authorization", &format!("Bearer {token}"));
    thread::scope(|scope| {
        let stop = &stop;
        let killed = Killed(server, stop);
        for worker in 0..3 {
            let line = Line::to(alice);
            scope.spawn(move || put_files(line, round * 10 + worker, done));
        }
        let (line, api) = (Line::to(alice), Line::of(api));
        scope.spawn(move || set_and_lock(line, round, done));
        scope.spawn(move || issue_by_api(api, done));
        scope.spawn(move || issue_by_command(server, done, stop));
        eventually("enough to be acknowledged", || {
            done.counts().iter().zip(before).zip([60, 6, 6, 6]).all(|((now, before), more)| *now >= before + more)
        });
        drop(killed);
    });
}

fn all_is_there(server: &TestServer, alice: &Person, done: &Acknowledged) {
    for (path, bytes) in done.files.lock().expect("no panic").iter() {
        assert!(alice.bytes(path) == *bytes, "{path} differs");
    }
    for key in done.passwords.lock().expect("no panic").iter() {
        let status = Person { key: key.clone(), ..alice.clone() }.client().get("/dav/").status;
        assert_eq!(status, 200, "{key}");
    }
    for (path, token) in done.locks.lock().expect("no panic").iter() {
        assert_eq!(alice.client().put(path, b"without the token").status, 423, "{path}");
        let condition = format!("({token})");
        let answer = alice.client().send("PUT", path, &[("If", &condition)], b"with it");
        assert_eq!(answer.status, 204, "{path}");
    }
    for (path, value) in done.properties.lock().expect("no panic").iter() {
        assert_eq!(color(alice, path).as_ref(), Some(value), "{path}");
    }
    let said = server.ok(&["doctor"]);
    assert!(said.lines().any(|line| line == "ok  database"), "{said}");
    eventually("the litter to be swept", || alice.names().iter().all(|name| !name.starts_with(".latchkey-tmp")));
}

#[test]
fn kill_under_load_loses_nothing_that_was_acknowledged() {
    let mut server = TestServer::with_config(&format!("{CHEAP}app_credentials_max_per_user = 100000\n"));
    let alice = server.person("alice");
    let token = server.ok(&["api-token", "issue", "load", "--scope", "app-passwords"]);
    let done = Acknowledged::default();
    // Several times, since it is chance what the server is at when it is killed.
    for round in 0..3 {
        work_and_kill(&server, &again(&alice, &server), &token, round, &done);
        server.crash_and_restart();
        all_is_there(&server, &again(&alice, &server), &done);
    }
}
