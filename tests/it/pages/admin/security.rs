//! What administrators see of people's connections, and cut.

use std::time::Duration;

use super::super::client::{PASSWORD, Page, add, plain};
use super::{administrator, scene};
use crate::browser::{Clocked, totp};

#[test]
fn a_connection_is_seen_and_cut() {
    let (server, mut rosa) = scene();
    add(&server, "alice", &[]);
    let key = server.ok(&["app-password", "issue", "alice", "My WebDAV", "--folder", "/Notes", "--expires", "10d"]);
    let other = server.ok(&["app-password", "issue", "alice", "Phone"]);
    let client = server.stranger().with_basic("alice", &key).with("User-Agent", "rclone/v1.60.1");
    assert_eq!(client.get("/dav/Notes/").status, 200);
    let path = "/admin/users/alice/security";
    crate::harness::eventually("the last use", || rosa.clone().look(path).contains("rclone 1.60.1"));
    let page = rosa.look(path);
    for text in ["My WebDAV", "rclone 1.60.1", "/Notes", "By administrator", "on the command line", "Soon", "127.0.0.1"]
    {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(page.contains("No method configured."));
    let users = rosa.look("/admin/users?q=alice");
    assert!(users.contains("data-label=\"Connections\">2<"), "{users}");
    // Another person's page does not reach it.
    add(&server, "bob", &[]);
    let astray =
        rosa.submit("/admin/users/bob/security", "/admin/users/bob/app-passwords/revoke", &[("selector", &key[3..8])]);
    assert_eq!((astray.status, client.get("/dav/Notes/").status), (404, 200));
    let cut = rosa.submit(path, "/admin/users/alice/app-passwords/revoke", &[("selector", &key[3..8])]);
    assert_eq!(cut.location(), "/admin/users/alice/security?done=revoked");
    assert_eq!(client.get("/dav/Notes/").status, 401, "its next request");
    assert!(rosa.look(path).contains("Ended (1)"));
    let second = server.ok(&["app-password", "issue", "alice", "Tablet"]);
    assert_eq!(rosa.submit(path, "/admin/users/alice/app-passwords/revoke-all", &[]).status, 303);
    for key in [other, second] {
        assert_eq!(server.stranger().with_basic("alice", &key).get("/dav/").status, 401);
    }
    assert!(rosa.look(path).contains("No program is connected."));
    // It is only seen and cut here.
    assert_eq!(rosa.submit(path, "/admin/users/alice/app-passwords", &[("label", "x")]).status, 404);
}

#[test]
fn sessions_are_seen_and_ended() {
    let (server, mut rosa) = scene();
    add(&server, "alice", &[]);
    let mut first = Page::signed_in(&server, "alice");
    let mut second = Page::of(&server)
        .with_agent("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36")
        .let_in("alice");
    let page = rosa.look("/admin/users/alice/security");
    assert!(page.contains("Firefox 133 on Linux") && page.contains("Chrome 131 on Windows"), "{page}");
    let rows: Vec<&str> = page.split("name=\"id\" value=\"").skip(1).collect();
    let chrome = page.find("Chrome 131").expect("shown") < page.find("Firefox 133").expect("shown");
    let id = rows[usize::from(!chrome)].split('"').next().expect("an id");
    assert_eq!(rosa.post("/admin/users/alice/sessions/end", &[("id", id)]).status, 303);
    assert_eq!((first.get("/profile").status, second.get("/profile").status), (200, 303));
    assert_eq!(rosa.submit("/admin", "/admin/users/alice/sessions/end-all", &[]).status, 303);
    assert_eq!(first.get("/profile").status, 303);
    let mut elsewhere = Page::signed_in(&server, "rosa");
    assert_eq!(rosa.submit("/admin", "/admin/users/rosa/sessions/end-all", &[]).status, 303);
    assert_eq!((rosa.get("/admin").status, elsewhere.get("/admin").status), (200, 303), "one's own stays");
    assert_eq!(rosa.submit("/admin", "/admin/users/alice/sessions/end", &[("id", "999")]).status, 404);
}

#[test]
fn nobody_resets_their_own_second_factor_here() {
    let (server, mut rosa) = scene();
    let refused = rosa.submit("/admin/users/rosa/security", "/admin/users/rosa/second-factor/reset", &[]);
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert_eq!(rosa.get("/admin").status, 200);
    add(&server, "alice", &[]);
    let done = rosa.submit("/admin", "/admin/users/alice/second-factor/reset", &[]);
    assert_eq!(done.location(), "/admin/users/alice/security?done=reset");
    server.ok(&["user", "reset-second-factor", "alice"]);
    assert_eq!(server.run(&["user", "reset-second-factor", "nobody"]).status.code(), Some(1));
}

#[test]
fn a_reset_of_the_second_factor_signs_the_person_out_everywhere() {
    let server = Clocked::start();
    server.account("alice");
    administrator(&server);
    let mut rosa = Page::at(server.addr).let_in("rosa");
    let mut first = Page::at(server.addr).let_in("alice");
    let (secret, _) = first.bind_totp(server.unix_time());
    let begin = || {
        server.advance(Duration::from_secs(30));
        let mut page = Page::at(server.addr);
        assert_eq!(page.sign_in("alice", PASSWORD).location(), "/login/code?next=%2Fprofile");
        page.get("/login/code");
        page
    };
    let mut second = begin();
    assert_eq!(second.post("/login/code", &[("code", &totp(&secret, server.unix_time()))]).location(), "/profile");
    let mut half_way = begin();
    for page in [&mut first, &mut second] {
        page.look("/profile");
    }
    let path = "/admin/users/alice/security";
    let done = rosa.submit(path, "/admin/users/alice/second-factor/reset", &[]);
    assert_eq!(done.location(), "/admin/users/alice/security?done=reset");
    for page in [&mut first, &mut second] {
        assert_eq!(page.get("/profile").location(), "/login?next=%2Fprofile");
    }
    let late = half_way.post("/login/code", &[("code", &totp(&secret, server.unix_time()))]);
    assert_eq!(late.status, 422, "{}", late.text());
    assert!(!half_way.cookies().contains("session"), "a code of what was reset opens nothing");
    assert!(server.auth().sessions("alice").expect("read").is_empty());
    rosa.look(path);
    assert_eq!(Page::at(server.addr).sign_in("alice", PASSWORD).location(), "/profile", "the password is enough");
}

/// Whatever a person or a client can fill in is text on every page.
#[test]
fn stored_script_is_text_everywhere() {
    const SCRIPT: &str = "\"><script>alert(1)</script>'&";
    let (server, mut rosa) = scene();
    add(&server, "alice", &["--display-name", SCRIPT, "--email", "<script>@evil.example"]);
    let key = server.ok(&["app-password", "issue", "alice", &format!("x{SCRIPT}"), "--folder", "/a<script>b"]);
    let agent = format!("<script>{SCRIPT}/1.0");
    let client = server.stranger().with_basic("alice", &key).with("User-Agent", &agent);
    client.get("/dav/");
    let alice = Page::of(&server).with_agent(&agent).let_in("alice");
    Page::of(&server).with_agent(&agent).sign_in("<script>nobody", PASSWORD);
    let security = "/admin/users/alice/security";
    crate::harness::eventually("the last use", || !rosa.clone().look(security).contains("Not yet"));
    let mut pages = vec![
        rosa.look("/admin"),
        rosa.look("/admin/users"),
        rosa.look("/admin/users?q=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E"),
        rosa.look("/admin/users/alice?done=%3Cscript%3E"),
        rosa.look(security),
        rosa.look("/admin/users/alice/delete"),
        rosa.look("/admin/audit?person=%22%3E%3Cscript%3E&kind=%22%3E%3Cscript%3E"),
        rosa.look("/admin/audit"),
        rosa.look("/admin/configuration"),
    ];
    let bad = [("name", SCRIPT), ("display_name", SCRIPT), ("email", SCRIPT), ("quota", SCRIPT), ("form", SCRIPT)];
    rosa.look("/admin/users/new");
    pages.push(rosa.post("/admin/users/new", &bad).text());
    rosa.look("/admin/users/alice");
    let form = rosa.hidden("form").expect("an id");
    pages.push(rosa.post("/admin/users/alice/link", &[("form", &form)]).text());
    pages.push(rosa.submit("/admin/users/alice", "/admin/users/alice/general", &bad).text());
    pages.push(rosa.submit("/admin/configuration", "/admin/configuration", &[("app_credentials_ttl", SCRIPT)]).text());
    pages.push(rosa.get(&format!("/admin/users/{}", "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E")).text());
    for page in &pages {
        // The layout's own script has an address.
        assert!(!page.contains("<script>"), "{page}");
        assert!(!page.contains(SCRIPT), "{page}");
    }
    assert!(plain(&pages[4]).contains(&format!("x{SCRIPT}")), "it is shown as it is");
    drop(alice);
}
