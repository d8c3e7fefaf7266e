//! LOCK and UNLOCK, and what locks mean for everybody else.

use crate::harness::{CHEAP, Person, TestServer, eventually};

const EXCLUSIVE: &str = "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/>\
                         </D:locktype><D:owner><D:href>mailto:alice</D:href></D:owner></D:lockinfo>";
const SHARED: &str = "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/>\
                      </D:locktype></D:lockinfo>";

struct Held {
    status: u16,
    token: String,
    body: String,
}

fn lock(person: &Person, path: &str, body: &str, headers: &[(&str, &str)]) -> Held {
    let answer = person.client().send("LOCK", path, headers, body.as_bytes());
    let token = answer.header("lock-token").unwrap_or_default().trim_matches(['<', '>']).to_owned();
    Held { status: answer.status, token, body: answer.text() }
}

fn send(person: &Person, method: &str, path: &str, token: &str, headers: &[(&str, &str)]) -> u16 {
    let condition = format!("(<{token}>)");
    let mut all = headers.to_vec();
    if !token.is_empty() {
        all.push(("If", &condition));
    }
    person.client().send(method, path, &all, if method == "PUT" { b"new" } else { b"" }).status
}

fn unlock(person: &Person, path: &str, token: &str) -> u16 {
    person.client().send("UNLOCK", path, &[("Lock-Token", &format!("<{token}>"))], b"").status
}

/// Two people who share a folder.
fn shared_folder(server: &TestServer) -> (Person, Person) {
    let folder = server.folder.path().join("shared");
    let folder = folder.to_str().expect("UTF-8");
    for name in ["alice", "bob"] {
        server.ok(&["user", "add", name, "--home", folder]);
    }
    let mut people = ["alice", "bob"].map(|name| server.person(name));
    for person in &mut people {
        person.home = folder.into();
    }
    let [alice, bob] = people;
    (alice, bob)
}

#[test]
fn an_exclusive_lock_keeps_everybody_out_but_its_owner() {
    let server = TestServer::start();
    let (alice, bob) = shared_folder(&server);
    alice.client().put("/dav/f", b"old");
    let held = lock(&alice, "/dav/f", EXCLUSIVE, &[("Timeout", "Second-3600")]);
    assert_eq!(held.status, 200);
    assert!(held.token.starts_with("urn:uuid:"));
    for part in ["<D:activelock>", "Second-3600", "mailto:alice", &held.token, "/dav/f"] {
        assert!(held.body.contains(part), "{part} in {}", held.body);
    }
    for (person, token) in [(&alice, ""), (&bob, ""), (&bob, held.token.as_str()), (&alice, "urn:uuid:other")] {
        let expected = if token.is_empty() || person.name == "bob" { 423 } else { 412 };
        assert_eq!(send(person, "PUT", "/dav/f", token, &[]), expected, "{} {token}", person.name);
        assert_eq!(send(person, "DELETE", "/dav/f", token, &[]), expected);
        assert_eq!(send(person, "MOVE", "/dav/f", token, &[("Destination", "/dav/g")]), expected);
    }
    let refused = bob.client().put("/dav/f", b"x");
    assert!(refused.text().contains("<D:lock-token-submitted><D:href>/dav/f</D:href>"), "{}", refused.text());
    assert!(!refused.text().contains(&held.token), "S7");
    assert_eq!(send(&alice, "PUT", "/dav/f", &held.token, &[]), 204);
    assert_eq!(bob.client().get("/dav/f").body, b"new", "reading is free");
    assert_eq!(send(&bob, "COPY", "/dav/f", "", &[("Destination", "/dav/copy")]), 201);
    assert_eq!(send(&bob, "PUT", "/dav/copy", "", &[]), 204, "locks do not go along");
    let other = server.person("alice");
    assert_eq!(send(&other, "PUT", "/dav/f", &held.token, &[]), 204, "another password of the same person");
    assert_eq!(unlock(&alice, "/dav/f", &held.token), 204);
    assert_eq!(send(&bob, "PUT", "/dav/f", "", &[]), 204);
}

/// S7: only the owner unlocks and refreshes, and others do not see the token.
#[test]
fn a_lock_is_its_owners_alone() {
    let server = TestServer::start();
    let (alice, bob) = shared_folder(&server);
    alice.client().put("/dav/f", b"x");
    let held = lock(&alice, "/dav/f", EXCLUSIVE, &[]);
    assert_eq!(unlock(&bob, "/dav/f", &held.token), 403);
    assert_eq!(unlock(&alice, "/dav/f", "urn:uuid:00000000-0000-4000-8000-000000000000"), 409);
    assert_eq!(unlock(&alice, "/dav/g", &held.token), 409, "not of this resource");
    let refresh = |person: &Person| send(person, "LOCK", "/dav/f", &held.token, &[("Timeout", "Second-100")]);
    assert_eq!((refresh(&bob), refresh(&alice)), (412, 200));
    let deep = send(&alice, "LOCK", "/dav/f", &held.token, &[("Depth", "1")]);
    assert_eq!(deep, 200, "a refresh ignores Depth");
    assert_eq!(lock(&bob, "/dav/f", EXCLUSIVE, &[]).status, 423);
    assert_eq!(lock(&bob, "/dav/f", SHARED, &[]).status, 423);
    let see = |person: &Person| person.client().send("PROPFIND", "/dav/f", &[("Depth", "0")], b"").text();
    assert!(see(&alice).contains(&held.token) && see(&alice).contains("mailto:alice"));
    assert!(!see(&bob).contains(&held.token) && see(&bob).contains("mailto:alice"), "R16: the owner is named");
    assert_eq!(unlock(&alice, "/dav/f", &held.token), 204);
    assert!(!see(&alice).contains("activelock"));
}

#[test]
fn shared_locks_live_side_by_side() {
    let server = TestServer::start();
    let (alice, bob) = shared_folder(&server);
    alice.client().put("/dav/f", b"x");
    let (one, two) = (lock(&alice, "/dav/f", SHARED, &[]), lock(&bob, "/dav/f", SHARED, &[]));
    assert_eq!((one.status, two.status), (200, 200));
    assert_eq!(lock(&alice, "/dav/f", EXCLUSIVE, &[]).status, 423);
    assert_eq!((send(&alice, "PUT", "/dav/f", "", &[]), send(&alice, "PUT", "/dav/f", &one.token, &[])), (423, 204));
    assert_eq!(send(&bob, "PUT", "/dav/f", &two.token, &[]), 204);
    assert_eq!(send(&bob, "PUT", "/dav/f", &one.token, &[]), 423, "somebody else's token counts for nothing");
}

#[test]
fn a_deep_lock_covers_all_beneath_and_a_flat_one_the_names() {
    let server = TestServer::start();
    let (alice, bob) = shared_folder(&server);
    alice.client().send("MKCOL", "/dav/d", &[], b"");
    alice.client().put("/dav/d/f", b"x");
    let deep = lock(&alice, "/dav/d", EXCLUSIVE, &[("Depth", "infinity")]);
    for (method, path) in [
        ("PUT", "/dav/d/f"),
        ("PUT", "/dav/d/new"),
        ("DELETE", "/dav/d/f"),
        ("MKCOL", "/dav/d/e"),
        ("DELETE", "/dav/d"),
    ] {
        assert_eq!(send(&bob, method, path, "", &[]), 423, "{method} {path}");
    }
    assert_eq!(lock(&bob, "/dav/d/f", EXCLUSIVE, &[]).status, 423);
    assert_eq!(lock(&bob, "/dav/d/unmapped", EXCLUSIVE, &[]).status, 423);
    assert_eq!(send(&alice, "PUT", "/dav/d/new", &deep.token, &[]), 201);
    assert_eq!(unlock(&alice, "/dav/d/f", &deep.token), 204, "any resource it covers will do");
    let flat = lock(&alice, "/dav/d", EXCLUSIVE, &[("Depth", "0")]);
    assert_eq!(send(&bob, "PUT", "/dav/d/f", "", &[]), 204, "contents of members are free");
    for (method, path) in [("PUT", "/dav/d/more"), ("DELETE", "/dav/d/f"), ("MKCOL", "/dav/d/e")] {
        assert_eq!(send(&bob, method, path, "", &[]), 423, "{method} {path}");
    }
    let move_in = send(&bob, "MOVE", "/dav/d/f", "", &[("Destination", "/dav/out")]);
    assert_eq!(move_in, 423);
    assert_eq!(unlock(&alice, "/dav/d", &flat.token), 204);
    let member = lock(&bob, "/dav/d/f", EXCLUSIVE, &[]);
    assert_eq!(lock(&alice, "/dav/d", EXCLUSIVE, &[]).status, 423, "a member is locked");
    assert_eq!(send(&alice, "DELETE", "/dav/d", "", &[]), 423);
    assert_eq!(send(&alice, "COPY", "/dav/d", "", &[("Destination", "/dav/e")]), 201);
    alice.client().put("/dav/x", b"x");
    assert_eq!(send(&alice, "COPY", "/dav/x", "", &[("Destination", "/dav/d")]), 423);
    let tagged = format!("<http://{}/dav/d/f> (<{}>)", alice.addr, member.token);
    assert_eq!(bob.client().send("DELETE", "/dav/d", &[("If", &tagged)], b"").status, 204);
}

/// R10
#[test]
fn locking_nothing_makes_an_empty_resource() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let held = lock(&alice, "/dav/new", EXCLUSIVE, &[]);
    assert_eq!(held.status, 201);
    assert_eq!(alice.bytes("new"), b"");
    assert_eq!(send(&alice, "PUT", "/dav/new", &held.token, &[]), 204);
    assert_eq!(unlock(&alice, "/dav/new", &held.token), 204);
    assert_eq!(alice.bytes("new"), b"new");
    assert_eq!(lock(&alice, "/dav/no/parent", EXCLUSIVE, &[]).status, 409);
    assert_eq!(alice.names(), ["new"]);
}

#[test]
fn locks_outlive_a_crash_and_end_by_themselves() {
    let mut server = TestServer::start();
    let mut alice = server.person("alice");
    alice.client().put("/dav/f", b"x");
    alice.client().put("/dav/g", b"x");
    let long = lock(&alice, "/dav/f", EXCLUSIVE, &[("Timeout", "Second-3600")]);
    lock(&alice, "/dav/g", EXCLUSIVE, &[("Timeout", "Second-1")]);
    server.crash_and_restart();
    alice.addr = server.addr;
    assert_eq!(send(&alice, "PUT", "/dav/f", "", &[]), 423);
    assert_eq!(send(&alice, "PUT", "/dav/f", &long.token, &[]), 204);
    eventually("the short lock to end", || send(&alice, "PUT", "/dav/g", "", &[]) == 204);
    assert_eq!(lock(&alice, "/dav/g", EXCLUSIVE, &[]).status, 200);
}

#[test]
fn a_move_ends_the_locks_of_what_is_moved() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"x");
    let held = lock(&alice, "/dav/f", EXCLUSIVE, &[]);
    assert_eq!(send(&alice, "MOVE", "/dav/f", &held.token, &[("Destination", "/dav/g")]), 201);
    assert_eq!(send(&alice, "PUT", "/dav/g", "", &[]), 204);
    assert_eq!(send(&alice, "PUT", "/dav/f", "", &[]), 201);
    assert_eq!(lock(&alice, "/dav/f", EXCLUSIVE, &[]).status, 200);
}

#[test]
fn what_is_no_lock_is_refused() {
    let server = TestServer::with_config(&format!("{CHEAP}[dav]\nmax_locks_per_user = 2\nmax_lock_timeout = \"1h\"\n"));
    let alice = server.person("alice");
    for body in [
        "<D:lockinfo xmlns:D='DAV:'/>",
        "text",
        "<a/>",
        &EXCLUSIVE.replace("exclusive", "other"),
        &EXCLUSIVE.replace("write", "read"),
    ] {
        assert_eq!(lock(&alice, "/dav/a", body, &[]).status, 400, "{body}");
    }
    for header in [("Depth", "1"), ("Depth", "x"), ("Timeout", "soon")] {
        assert_eq!(lock(&alice, "/dav/a", EXCLUSIVE, &[header]).status, 400, "{header:?}");
    }
    assert_eq!(lock(&alice, "/dav/a", "", &[]).status, 400, "a refresh names its lock");
    assert_eq!(alice.names(), [""; 0]);
    let known = EXCLUSIVE.replace("<D:owner>", "<x:unknown xmlns:x='urn:x'>ignored</x:unknown><D:owner>");
    let held = lock(&alice, "/dav/a", &known, &[("Timeout", "Infinite")]);
    assert_eq!(held.status, 201, "what is not known is ignored");
    assert!(held.body.contains("Second-3600"), "the longest time: {}", held.body);
    assert_eq!(lock(&alice, "/dav/b", EXCLUSIVE, &[]).status, 201);
    assert_eq!(lock(&alice, "/dav/c", EXCLUSIVE, &[]).status, 507, "S21: only so many locks");
    for bad in ["", "uuid", "<>", "<a b>"] {
        assert_eq!(alice.client().send("UNLOCK", "/dav/a", &[("Lock-Token", bad)], b"").status, 400, "{bad}");
    }
}

/// RFC 4918 §9.8.4: what is replaced takes its locks along.
#[test]
fn replacing_a_folder_ends_the_locks_beneath_it() {
    let server = TestServer::start();
    let alice = server.person("alice");
    for path in ["/dav/t", "/dav/s"] {
        alice.client().send("MKCOL", path, &[], b"");
    }
    alice.client().put("/dav/t/x", b"x");
    for method in ["COPY", "MOVE"] {
        let held = lock(&alice, "/dav/t/x", EXCLUSIVE, &[]);
        let tagged = format!("<http://{}/dav/t/x> (<{}>)", alice.addr, held.token);
        let headers = [("Destination", "/dav/t"), ("If", tagged.as_str())];
        assert_eq!(alice.client().send(method, "/dav/s", &headers, b"").status, 204, "{method}");
        assert!(matches!(send(&alice, "PUT", "/dav/t/x", "", &[]), 201 | 204), "{method}");
    }
}

/// A password confined to a folder neither sees nor ends a lock that reaches beyond it.
#[test]
fn a_lock_beyond_the_folder_is_not_a_confined_passwords_to_end() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let confined = server.person_with("alice", &["--folder", "/a"]);
    let held = lock(&alice, "/dav/", EXCLUSIVE, &[]);
    let seen = confined.client().send("PROPFIND", "/dav/a", &[("Depth", "0")], b"").text();
    assert!(seen.contains("activelock") && !seen.contains(&held.token), "{seen}");
    assert_eq!(unlock(&confined, "/dav/a", &held.token), 403);
    assert_eq!(send(&confined, "LOCK", "/dav/a", &held.token, &[("Timeout", "Second-1")]), 412);
    let own = lock(&confined, "/dav/a/f", EXCLUSIVE, &[]);
    assert_eq!(own.status, 423);
    assert_eq!(unlock(&alice, "/dav/a", &held.token), 204);
    let own = lock(&confined, "/dav/a/f", EXCLUSIVE, &[]);
    assert_eq!((own.status, unlock(&confined, "/dav/a/f", &own.token)), (201, 204));
}

/// RFC 4918 §7.6: a lock at the destination stays, as an editor needs that saves by moving a new file over the old.
#[test]
fn a_lock_at_the_destination_outlives_a_replacement() {
    let server = TestServer::start();
    let (alice, bob) = shared_folder(&server);
    alice.client().put("/dav/f", b"old");
    let held = lock(&alice, "/dav/f", EXCLUSIVE, &[]);
    for method in ["COPY", "MOVE"] {
        alice.client().put("/dav/new", method.as_bytes());
        let tagged = format!("<http://{}/dav/f> (<{}>)", alice.addr, held.token);
        let headers = [("Destination", "/dav/f"), ("If", tagged.as_str())];
        assert_eq!(alice.client().send(method, "/dav/new", &headers, b"").status, 204, "{method}");
        assert_eq!(alice.bytes("f"), method.as_bytes());
        assert_eq!(bob.client().put("/dav/f", b"x").status, 423, "{method}");
    }
    assert_eq!(unlock(&alice, "/dav/f", &held.token), 204);
}
