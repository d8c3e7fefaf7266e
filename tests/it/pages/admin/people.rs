//! People are found, added by a link that works once, changed, and deleted with or without their files.

use super::super::client::{PASSWORD, Page, add};
use super::{link_on, scene};
use crate::harness::{CHEAP, TestServer};

const CHOSEN: &str = "cobalt teapot meadow";

/// The names in the list, in its order.
fn names(page: &str) -> Vec<String> {
    let cells = page.split("<th scope=\"row\"><a href=\"/admin/users/").skip(1);
    cells.map(|cell| cell.split(['"', '/']).next().expect("a name").to_owned()).collect()
}

#[test]
fn people_are_searched_sorted_and_paged() {
    let (server, mut rosa) = scene();
    for (name, display, email) in
        [("zoe", "Zoë Ärmel", "zoe@example.org"), ("bob", "", "bob@example.com"), ("amy", "amy b.", "amy@example.org")]
    {
        server.ok(&["user", "add", name, "--display-name", display, "--email", email]);
    }
    let mut listed = |query: &str| names(&rosa.look(&format!("/admin/users?{query}")));
    assert_eq!(listed(""), ["admin", "amy", "bob", "rosa", "zoe"]);
    assert_eq!(listed("sort=-name"), ["zoe", "rosa", "bob", "amy", "admin"]);
    assert_eq!(listed("q=EXAMPLE.ORG"), ["amy", "zoe"]);
    assert_eq!(listed("q=%C3%A4rmel&sort=name"), ["zoe"]);
    assert_eq!(listed("sort=-created")[0], "amy");
    assert_eq!(listed("sort=-seen")[0], "rosa", "who was here a moment ago");
    assert_eq!(listed("sort=nonsense&page=0"), listed("page=99"), "what makes no sense is the default");
    assert!(rosa.look("/admin/users?q=nobody+at+all").contains("Nobody has"));
    for number in 0..60 {
        server.ok(&["user", "add", &format!("u{number:02}")]);
    }
    let first = rosa.look("/admin/users?q=u&sort=-name");
    assert_eq!((names(&first).len(), first.contains("1 to 50 of 60")), (50, true), "{first}");
    let next = super::between(&first, "rel=\"next\" href=\"", "\"").replace("&#38;", "&").replace("&amp;", "&");
    assert_eq!(names(&rosa.look(&next)).last().map(String::as_str), Some("u00"));
}

#[test]
fn an_invitation_is_shown_once_and_works_once() {
    let (server, mut rosa) = scene();
    let new = "/admin/users/new";
    rosa.look(new);
    let form = rosa.hidden("form").expect("an id");
    let fields = [
        ("form", form.as_str()),
        ("name", "Carol"),
        ("display_name", "Carol C."),
        ("email", "carol@example.org"),
        ("role", "user"),
        ("quota", "10 GB"),
    ];
    let shown = rosa.post(new, &fields);
    assert_eq!((shown.status, shown.header("cache-control")), (200, Some("no-store")), "{}", shown.text());
    let link = link_on(&shown.text());
    assert!(shown.text().contains("mailto:carol%40example%2Eorg?subject="));
    let user: serde_json::Value = serde_json::from_str(&server.ok(&["user", "show", "carol", "--json"])).expect("JSON");
    assert_eq!(
        (user["email"].as_str(), user["quota"].as_u64(), user["admin"].as_bool()),
        (Some("carol@example.org"), Some(10_000_000_000), Some(false))
    );
    // The browser loads the answer again.
    assert_eq!(rosa.post(new, &fields).location(), "/admin/users?done=sent");
    assert!(!rosa.look("/admin/users/carol").contains("/welcome?token="), "no later page shows it");
    assert!(rosa.look("/admin/users").contains("Invited"));
    let token = link.split_once('=').expect("a token").1;
    assert!(!server.log().contains(token), "no log knows it");
    assert!(!rosa.look("/admin/audit").contains(token));

    let mut carol = Page::of(&server);
    for _ in 0..2 {
        assert!(carol.look(&link).contains("Your user name is <strong>carol"), "looking does not use it up");
    }
    let choose = [("token", token), ("password", CHOSEN), ("again", CHOSEN)];
    assert_eq!(carol.post("/welcome", &choose).status, 303);
    assert_eq!(carol.sign_in("carol@example.org", CHOSEN).location(), "/profile");
    let mut thief = Page::of(&server);
    assert_eq!(thief.get(&link).status, 404);
    thief.look("/login");
    let answer = thief.post("/welcome", &[("token", token), ("password", PASSWORD), ("again", PASSWORD)]);
    assert!(answer.text().contains("This link is good no more"), "{}", answer.text());
    assert!(!rosa.look("/admin/users").contains("Invited"));
}

#[test]
fn a_link_for_a_new_password_ends_the_one_before_and_is_made_for_others_only() {
    let (server, mut rosa) = scene();
    add(&server, "alice", &[]);
    let mut make = |name: &str| {
        rosa.look(&format!("/admin/users/{name}"));
        let form = rosa.hidden("form").unwrap_or_else(|| "AAAAAAAAAAAAAAAAAAAAAA".to_owned());
        rosa.post(&format!("/admin/users/{name}/link"), &[("form", &form)])
    };
    let first = link_on(&make("alice").text());
    let second = link_on(&make("alice").text());
    assert_eq!(make("rosa").status, 409, "nobody makes one for themselves");
    let mut alice = Page::signed_in(&server, "alice");
    let mut visitor = Page::of(&server);
    assert_eq!(visitor.get(&first).status, 404);
    visitor.look(&second);
    let token = second.split_once('=').expect("a token").1;
    let weak = visitor.post("/welcome", &[("token", token), ("password", "short"), ("again", "short")]);
    assert_eq!(weak.status, 422, "the link is still good");
    let chosen = visitor.post("/welcome", &[("token", token), ("password", CHOSEN), ("again", CHOSEN)]);
    assert_eq!(chosen.status, 303, "{}", chosen.text());
    assert_eq!(alice.get("/profile").status, 303, "old sessions end");
    assert_eq!(Page::of(&server).sign_in("alice", PASSWORD).status, 422);
    // A disabled account's link opens nothing.
    let third = link_on(&make("alice").text());
    server.ok(&["user", "disable", "alice"]);
    assert_eq!(Page::of(&server).get(&third).status, 404);
}

#[test]
fn mistakes_are_told_beside_the_field_and_change_nothing() {
    let (server, mut rosa) = scene();
    add(&server, "alice", &["--email", "a@example.org"]);
    for (fields, sentence) in [
        ([("name", "a b"), ("email", ""), ("quota", "")], "The name must have 1 to 64 characters"),
        ([("name", "alice"), ("email", ""), ("quota", "")], "Is another user"),
        ([("name", "bob"), ("email", "A@Example.org"), ("quota", "")], "Is another user"),
        ([("name", "bob"), ("email", "nonsense"), ("quota", "")], "The email is not an e-mail address."),
        ([("name", "bob"), ("email", ""), ("quota", "much")], "Write a size like 10 GB"),
    ] {
        rosa.look("/admin/users/new");
        let form = rosa.hidden("form").expect("an id");
        let answer = rosa.post("/admin/users/new", &[&[("form", form.as_str())], fields.as_slice()].concat());
        let page = answer.text();
        assert_eq!(answer.status, 422, "{page}");
        assert!(page.contains(sentence) && page.contains("aria-invalid=\"true\""), "{sentence}: {page}");
    }
    let home = [("name", "bob"), ("home", "/etc")];
    rosa.look("/admin/users/new");
    let form = rosa.hidden("form").expect("an id");
    assert_eq!(rosa.post("/admin/users/new", &[&[("form", form.as_str())], home.as_slice()].concat()).status, 422);
    assert!(!server.run(&["user", "show", "bob"]).status.success());
    let bad =
        rosa.submit("/admin/users/alice", "/admin/users/alice/general", &[("email", "x"), ("display_name", "New")]);
    assert_eq!(bad.status, 422);
    assert!(bad.text().contains("value=\"New\""), "what was typed is still there");
    assert!(!server.ok(&["user", "show", "alice"]).contains("New"));
}

#[test]
fn accounts_are_changed_and_disabled() {
    let (server, mut rosa) = scene();
    add(&server, "alice", &[]);
    let key = server.ok(&["app-password", "issue", "alice", "Notes"]);
    let drive = server.stranger().with_basic("alice", &key);
    let mut alice = Page::signed_in(&server, "alice");
    let general = "/admin/users/alice/general";
    let fields = |state: &'static str| {
        [
            ("display_name", "Alice A."),
            ("email", "A@example.org"),
            ("role", "user"),
            ("quota", "1.5 GB"),
            ("state", state),
        ]
    };
    assert_eq!(
        rosa.submit("/admin/users/alice", general, &fields("disabled")).location(),
        "/admin/users/alice?done=disabled"
    );
    assert_eq!((drive.get("/dav/").status, alice.get("/profile").status), (401, 303));
    assert_eq!(
        rosa.submit("/admin/users/alice", general, &fields("enabled")).location(),
        "/admin/users/alice?done=enabled"
    );
    assert_eq!((drive.get("/dav/").status, alice.get("/profile").status), (200, 303), "sessions do not come back");
    let page = rosa.look("/admin/users/alice?done=enabled");
    assert!(page.contains("The account is enabled.") && page.contains("value=\"1500 MB\""), "{page}");
    assert!(page.contains("value=\"a@example.org\""));
    // Without role and state, as the form about oneself has it, they stay.
    assert_eq!(rosa.submit("/admin/users/rosa", "/admin/users/rosa/general", &[]).status, 303);
    assert_eq!(rosa.get("/admin").status, 200);
}

#[test]
fn somebody_is_left_to_administer() {
    let (server, mut rosa) = scene();
    server.ok(&["user", "delete", "admin"]);
    for fields in [[("role", "user"), ("state", "enabled")], [("role", "administrator"), ("state", "disabled")]] {
        let refused = rosa.submit("/admin/users/rosa", "/admin/users/rosa/general", &fields);
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains("Nobody disables, demotes or deletes themselves"), "{}", refused.text());
    }
    let refused = rosa.submit("/admin/users/rosa/delete", "/admin/users/rosa/delete", &[("confirm", "rosa")]);
    assert_eq!(refused.status, 422, "{}", refused.text());
    for arguments in [["user", "disable", "rosa"], ["user", "delete", "rosa"]] {
        let output = server.run(&arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("the last enabled administrator"));
    }
    let api = server.ok(&["api-token", "issue", "test", "--scope", "users"]);
    let client = server.stranger().with("Authorization", &format!("Bearer {api}"));
    let json = [("Content-Type", "application/json")];
    for body in ["{\"admin\": false}", "{\"enabled\": false}"] {
        assert_eq!(client.send("PATCH", "/api/v1/users/rosa", &json, body.as_bytes()).status, 409, "{body}");
    }
    assert_eq!(client.send("DELETE", "/api/v1/users/rosa", &json, b"").status, 409);
    assert_eq!(rosa.get("/admin").status, 200);
}

#[test]
fn who_is_made_an_administrator_administers_until_it_is_taken_away() {
    let (server, mut rosa) = scene();
    add(&server, "alice", &[]);
    let mut alice = Page::signed_in(&server, "alice");
    let mut give = |name: &str, role: &str| {
        let path = format!("/admin/users/{name}");
        let fields = [("display_name", ""), ("role", role), ("state", "enabled")];
        rosa.submit(&path, &format!("{path}/general"), &fields).location().to_owned()
    };
    assert_eq!(alice.get("/admin").status, 403);
    assert_eq!(give("alice", "administrator"), "/admin/users/alice?done=changed");
    assert!(alice.look("/admin/users").contains("href=\"/admin/users/rosa\""), "from the next request on");
    let fields = [("display_name", "Rosa"), ("email", "")];
    let changed = alice.submit("/admin/users/rosa", "/admin/users/rosa/general", &fields);
    assert_eq!(changed.location(), "/admin/users/rosa?done=changed");
    assert_eq!(give("alice", "user"), "/admin/users/alice?done=changed");
    assert_eq!(alice.get("/admin").status, 403);
    assert_eq!(alice.submit("/profile", "/admin/users/rosa/general", &[("display_name", "Ruth")]).status, 403);
    let shown = server.ok(&["user", "show", "rosa", "--json"]);
    assert!(shown.contains("Rosa"), "{shown}");
    let log = rosa.look("/admin/audit?person=alice&kind=user.change");
    assert!(log.contains("made an administrator") && log.contains("administrator no more"), "{log}");
    // It is given with a new account as well.
    rosa.look("/admin/users/new");
    let form = rosa.hidden("form").expect("an id");
    let fields = [("form", form.as_str()), ("name", "carol"), ("role", "administrator")];
    assert_eq!(rosa.post("/admin/users/new", &fields).status, 200);
    let carol: serde_json::Value =
        serde_json::from_str(&server.ok(&["user", "show", "carol", "--json"])).expect("JSON");
    assert_eq!(carol["admin"], true);
}

#[test]
fn an_account_goes_with_its_files_or_without() {
    let (server, mut rosa) = scene();
    for name in ["keeper", "thrower"] {
        let person = server.person(name);
        person.client().put("/dav/f", b"kept");
    }
    let mut delete = |name: &str, confirm: &str, files: &str| {
        let page = format!("/admin/users/{name}/delete");
        rosa.submit(&page, &page, &[("confirm", confirm), ("files", files)])
    };
    let refused = delete("keeper", "thrower", "keep");
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert_eq!(delete("keeper", "keeper", "keep").location(), "/admin/users?done=deleted");
    assert_eq!(std::fs::read(server.storage().join("files/keeper/f")).expect("it stays"), b"kept");
    assert_eq!(delete("thrower", "thrower", "trash").location(), "/admin/users?done=trashed");
    assert!(!server.storage().join("files/thrower").exists());
    let trash = server.storage().join("trash");
    let name = std::fs::read_dir(&trash).expect("a trash").next().expect("a home").expect("read").file_name();
    assert!(name.to_string_lossy().starts_with("thrower-2"), "{name:?}");
    assert_eq!(std::fs::read(trash.join(&name).join("f")).expect("it is there"), b"kept");
    // A backup has the trash in it, and a restore brings it back.
    server.ok(&["backup", "all.tgz"]);
    server.ok(&["restore", "all.tgz", "--storage", "again"]);
    let again = server.folder.path().join("again/trash").join(name).join("f");
    assert_eq!(std::fs::read(again).expect("restored"), b"kept");
    // Who comes under the same name later starts anew.
    assert_eq!(server.person("thrower").client().get("/dav/f").status, 404);
}

#[test]
fn somebody_may_be_called_new() {
    let (server, mut rosa) = scene();
    add(&server, "new", &[]);
    assert!(rosa.look("/admin/users").contains("href=\"/admin/users/new/general\""));
    assert!(rosa.look("/admin/users/new/general").contains("Home folder"));
    let saved = rosa.post("/admin/users/new/general", &[("display_name", "Newton")]);
    assert_eq!(saved.location(), "/admin/users/new/general?done=changed");
}

#[test]
fn homes_are_given_beneath_the_roots_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let roots = folder.path().join("homes");
    std::fs::create_dir(&roots).expect("made");
    let config = format!("{CHEAP}[storage]\nhome_roots = [{:?}]\n", roots.to_str().expect("UTF-8"));
    let server = TestServer::with_config(&config);
    add(&server, "rosa", &["--admin"]);
    let mut rosa = Page::signed_in(&server, "rosa");
    let mut add_at = |home: &str| {
        rosa.look("/admin/users/new");
        let form = rosa.hidden("form").expect("an id");
        rosa.post("/admin/users/new", &[("form", &form), ("name", "bob"), ("home", home)]).status
    };
    assert_eq!(add_at("/etc"), 422);
    assert_eq!(add_at(roots.join("../elsewhere").to_str().expect("UTF-8")), 422);
    assert_eq!(add_at(roots.join("bob").to_str().expect("UTF-8")), 200);
    assert!(roots.join("bob").is_dir());
    let page = rosa.look("/admin/users/bob/delete");
    assert!(page.contains("left alone") && !page.contains("value=\"trash\""));
    let tried = rosa.post("/admin/users/bob/delete", &[("confirm", "bob"), ("files", "trash")]);
    assert_eq!(tried.status, 422);
    assert!(roots.join("bob").is_dir() && server.run(&["user", "show", "bob"]).status.success());
}
