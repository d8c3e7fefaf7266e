//! The audit log, its filters and exports, and the counters of the overview.

use std::time::Duration;

use latchkey::auth::Actor;

use super::super::client::{PASSWORD, Page, add};
use super::{administrator, scene};
use crate::browser::Clocked;
use crate::harness::CHEAP;

/// The kinds on a page, from the top.
fn kinds(page: &str) -> Vec<String> {
    let cells = page.split("<small><code>").skip(1);
    cells.map(|cell| cell.split('<').next().expect("a kind").to_owned()).collect()
}

#[test]
fn lines_are_filtered_by_person_kind_and_time() {
    let (server, mut rosa) = scene();
    add(&server, "alice", &[]);
    add(&server, "bob", &[]);
    server.ok(&["app-password", "issue", "alice", "Notes"]);
    Page::signed_in(&server, "alice");
    Page::of(&server).sign_in("bob", "wrong password");
    rosa.submit("/admin/users/bob", "/admin/users/bob/general", &[("display_name", "B"), ("state", "disabled")]);
    let mut listed = |query: &str| kinds(&rosa.look(&format!("/admin/audit?{query}")));
    let all = listed("");
    assert_eq!(all[..4], ["user.disable", "sign-in.failed", "sign-in", "app-password.issue"]);
    assert_eq!(listed("person=alice"), ["sign-in", "app-password.issue", "user.add"]);
    assert_eq!(listed("person=+ALICE+&kind=app-passwords"), ["app-password.issue"]);
    assert_eq!(listed("person=rosa&kind=administration"), ["user.disable", "user.add"], "done by rosa, and to rosa");
    assert_eq!(listed("kind=sign-in.failed"), ["sign-in.failed"]);
    assert!(listed("kind=second-factor").is_empty());
    let today = chrono::Utc::now().format("%Y-%m-%d").to_string();
    let tomorrow = (chrono::Utc::now() + chrono::TimeDelta::days(1)).format("%Y-%m-%d").to_string();
    // The day may have changed since the first line was written.
    assert_eq!(listed(&format!("from={today}"))[..4], all[..4], "the day itself is in it");
    assert_eq!(listed(&format!("to={tomorrow}")), all);
    assert_eq!(listed(&format!("from={tomorrow}")), Vec::<String>::new());
    assert_eq!(listed("to=2020-01-01"), Vec::<String>::new());
    assert_eq!(listed("from=2020-01-01&to=2999-12-31").len(), all.len());
    let wrong = rosa.get("/admin/audit?from=yesterday");
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("Write a day like 2026-01-31"));
    assert!(rosa.look("/admin/audit").contains("Failed to sign in"));
    assert!(!rosa.look("/admin/audit").contains(PASSWORD));
}

#[test]
fn older_lines_are_on_further_pages_and_all_are_exported() {
    let (server, mut rosa) = scene();
    let api = server.ok(&["api-token", "issue", "test", "--scope", "users"]);
    let client = server.stranger().with("Authorization", &format!("Bearer {api}"));
    server.ok(&["user", "add", "alice"]);
    for number in 0..250 {
        let body = format!("{{\"display_name\": \"A{number}\"}}");
        let json = [("Content-Type", "application/json")];
        assert_eq!(client.send("PATCH", "/api/v1/users/alice", &json, body.as_bytes()).status, 200);
    }
    let mut path = "/admin/audit?kind=user.change".to_owned();
    let mut seen = 0;
    for expected in [100, 100, 50] {
        let page = rosa.look(&path);
        assert_eq!(kinds(&page).len(), expected);
        seen += expected;
        if seen < 250 {
            let next = super::between(&page, "rel=\"next\" href=\"", "\"");
            path = next.replace("&#38;", "&").replace("&amp;", "&");
        } else {
            assert!(!page.contains("rel=\"next\""));
        }
    }
    let csv = rosa.get("/admin/audit.csv?kind=user.change");
    assert_eq!((csv.status, csv.header("content-type")), (200, Some("text/csv; charset=utf-8")));
    let disposition = csv.header("content-disposition").expect("a name");
    assert!(disposition.starts_with("attachment; filename=\"latchkey-audit-2") && disposition.ends_with(".csv\""));
    assert_eq!(csv.text().lines().count(), 251);
    assert_eq!(csv.text().lines().next(), Some("time,kind,what,actor,user,subject,detail,address"));
    let json = rosa.get("/admin/audit.json");
    let lines = json.json();
    assert!(lines.as_array().expect("an array").len() > 250);
    assert_eq!(lines[0]["kind"], "user.change");
    assert_eq!(lines[0]["actor"], "api-token:1");
}

/// Splits a line of the exported CSV, in which no cell of these tests has a line break.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(String::new()),
            other => cells.last_mut().expect("a cell").push(other),
        }
    }
    cells
}

#[test]
fn a_spreadsheet_takes_no_cell_for_a_formula() {
    let (_server, mut rosa) = scene();
    let path = "/admin/configuration";
    // A sign is a way to write a number, and the beginning of a formula.
    assert_eq!(rosa.submit(path, path, &[("app_credentials_max_per_user", "+199")]).status, 303);
    let json = rosa.get("/admin/audit.json?kind=settings").json();
    assert_eq!(json[0]["detail"], "+199", "it is kept as it was sent");
    let text = rosa.get("/admin/audit.csv").text();
    let set: Vec<_> = text.lines().map(cells).filter(|cells| cells[1] == "setting.set").collect();
    assert_eq!(set.len(), 1, "{text}");
    assert_eq!(set[0][5..7], ["app_credentials_max_per_user", "'+199"]);
    for cell in text.lines().flat_map(cells) {
        assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
    }
}

/// What the log says of each deed, the first one first: kind, who, whom, which, from where.
fn told(rosa: &mut Page, query: &str) -> Vec<[String; 5]> {
    let lines = rosa.get(&format!("/admin/audit.json?{query}")).json();
    let text = |line: &serde_json::Value, key: &str| line[key].as_str().unwrap_or("-").to_owned();
    let read = |line| ["kind", "actor", "user", "subject", "address"].map(|key| text(line, key));
    lines.as_array().expect("a list").iter().rev().map(read).collect()
}

/// A server that trusts the proxy before it, an administrator and `alice`, each with an address of their own.
fn behind_a_proxy() -> (Clocked, Page, Page) {
    let server = Clocked::with_config(&format!("[server]\ntrusted_proxies = [\"127.0.0.1\"]\n{CHEAP}"));
    administrator(&server);
    server.account("alice");
    let rosa = Page::at(server.addr).coming_from("198.51.100.9").let_in("rosa");
    let alice = Page::at(server.addr).coming_from("192.0.2.7").let_in("alice");
    (server, rosa, alice)
}

#[test]
fn each_change_of_a_second_factor_is_told_with_who_and_from_where() {
    let (server, mut rosa, mut alice) = behind_a_proxy();
    let (_, codes) = alice.bind_totp(server.unix_time());
    let code = super::between(&codes, "<li><code>", "</code>").to_owned();
    let mut elsewhere = Page::at(server.addr).coming_from("203.0.113.4");
    assert_eq!(elsewhere.sign_in("alice", PASSWORD).location(), "/login/code?next=%2Fprofile");
    assert_eq!(elsewhere.submit("/login/code", "/login/code", &[("code", &code)]).location(), "/profile");
    let form = [("form", "AAAAAAAAAAAAAAAAAAAAAA")];
    assert_eq!(alice.submit("/profile", "/profile/second-factor/recovery-codes", &form).status, 200);
    assert_eq!(alice.submit("/profile", "/profile/second-factor/totp/remove", &[]).status, 303);
    server.advance(Duration::from_secs(30));
    alice.bind_totp(server.unix_time());
    assert_eq!(rosa.submit("/admin", "/admin/users/alice/second-factor/reset", &[]).status, 303);
    let (here, there) = ("192.0.2.7", "203.0.113.4");
    let lines = [
        ["totp.bind", "alice", "alice", "-", here],
        ["recovery-codes.new", "alice", "alice", "-", here],
        ["recovery-code.use", "alice", "alice", "-", there],
        ["recovery-codes.new", "alice", "alice", "-", here],
        ["totp.unbind", "alice", "alice", "-", here],
        ["totp.bind", "alice", "alice", "-", here],
        ["recovery-codes.new", "alice", "alice", "-", here],
        ["second-factor.reset", "rosa", "alice", "-", "198.51.100.9"],
    ];
    assert_eq!(told(&mut rosa, "kind=second-factor"), lines);
    // The page has the same in words, the latest first.
    let page = rosa.look("/admin/audit?kind=second-factor");
    let places: Vec<&str> = page.split("data-label=\"From where\">").skip(1).collect();
    let places: Vec<&str> = places.iter().filter_map(|rest| rest.split('<').next()).collect();
    assert_eq!(places, lines.iter().rev().map(|line| line[4]).collect::<Vec<_>>());
    assert!(!page.contains(&code), "what opens the pages is in no log");
}

#[test]
fn replacing_and_revoking_are_told_with_who_which_and_from_where() {
    let (server, mut rosa, mut alice) = behind_a_proxy();
    let mut ask = |action: &str, form: &str, fields: &[(&str, &str)]| {
        let answer = alice.submit("/profile", action, &[&[("form", form)], fields].concat());
        assert!(matches!(answer.status, 200 | 303), "{}", answer.text());
        answer.text().split_once("id=\"issued-password\">lk-").map(|(_, key)| key[..5].to_owned()).unwrap_or_default()
    };
    let path = "/profile/app-passwords";
    let first = ask(path, "AAAAAAAAAAAAAAAAAAAAAA", &[("label", "Notes")]);
    let second = ask(&format!("{path}/{first}/replace"), "AAAAAAAAAAAAAAAAAAAAAQ", &[("overlap", "0")]);
    ask(&format!("{path}/{second}/revoke"), "", &[]);
    let third = ask(path, "AAAAAAAAAAAAAAAAAAAAAg", &[("label", "Phone")]);
    let of_alice = "/admin/users/alice/app-passwords";
    assert_eq!(rosa.submit("/admin", &format!("{of_alice}/revoke"), &[("selector", &third)]).status, 303);
    assert_eq!(rosa.submit("/admin", &format!("{of_alice}/revoke-all"), &[]).status, 303);
    let on_the_command_line = server.auth().revoke_app_passwords_of("alice", &Actor::cli());
    on_the_command_line.expect("revoked");
    let (here, office) = ("192.0.2.7", "198.51.100.9");
    let lines = [
        ["app-password.issue", "alice", "alice", &first, here],
        ["app-password.replace", "alice", "alice", &first, here],
        ["app-password.issue", "alice", "alice", &second, here],
        ["app-password.revoke", "alice", "alice", &second, here],
        ["app-password.issue", "alice", "alice", &third, here],
        ["app-password.revoke", "rosa", "alice", &third, office],
        ["app-password.revoke-all", "rosa", "alice", "-", office],
        ["app-password.revoke-all", "cli", "alice", "-", "-"],
    ];
    assert_eq!(told(&mut rosa, "kind=app-passwords"), lines);
    let page = rosa.look("/admin/audit?kind=app-password.replace");
    assert!(page.contains(&format!("data-label=\"Which\">{first}<")), "{page}");
    assert!(page.contains(&format!("data-label=\"From where\">{here}<")), "{page}");
}

#[test]
fn the_overview_counts_people_connections_and_requests() {
    let (server, mut rosa) = scene();
    let alice = server.person("alice");
    assert_eq!(alice.client().put("/dav/f", &[b'x'; 12_000]).status, 201);
    server.stranger().get("/dav/");
    server.stranger().with_basic("alice", "lk-wrong").get("/dav/");
    let page = rosa.look("/admin");
    assert!(page.contains("<strong>3</strong> <span>people"), "{page}");
    assert!(page.contains("Refused: 1"), "being asked for credentials is no refusal: {page}");
    assert!(page.contains("Failed: 0") && page.matches("role=\"img\"").count() == 3);
    assert!(page.contains("within the last 24 hours, at most"));
    crate::harness::eventually("the first measurement", || rosa.clone().look("/admin").contains("12 KB"));
    let shown = rosa.look("/admin/users/alice");
    assert!(shown.contains("12 KB in 1 file"), "{shown}");
}

#[test]
fn the_overview_counts_connections_that_are_live_and_those_that_were_used() {
    let server = Clocked::start();
    administrator(&server);
    let day = Duration::from_hours(24);
    let [alice, _bob, carol, _dave] = ["alice", "bob", "carol", "dave"].map(|name| {
        let lifetime = if name == "bob" { Duration::from_hours(1) } else { day * 30 };
        server.person(name, lifetime)
    });
    let shown = || {
        let page = Page::at(server.addr).let_in("rosa").look("/admin");
        let (before, _) = page.split_once(" used within 24 hours").expect("told");
        before.rsplit("<strong>").next().expect("a number").replace("</strong> <span>", " ")
    };
    assert_eq!(shown(), "4 connections, 0");
    for person in [&alice, &carol] {
        assert_eq!(person.client().get("/dav/").status, 200);
    }
    server.auth().write_last_uses().expect("written");
    assert_eq!(shown(), "4 connections, 2");
    server.auth().revoke_app_passwords_of("carol", &Actor::cli()).expect("revoked");
    assert_eq!(shown(), "3 connections, 1", "what is revoked is none, though it was used");
    server.advance(Duration::from_hours(1));
    assert_eq!(shown(), "2 connections, 1", "what is over is none");
    server.advance(day);
    assert_eq!(shown(), "2 connections, 0", "the use was more than a day ago");
}
