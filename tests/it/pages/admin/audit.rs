//! The audit log, its filters and exports, and the counters of the overview.

use super::super::client::{PASSWORD, Page, add};
use super::scene;

/// The kinds on a page, from the top.
fn kinds(page: &str) -> Vec<String> {
    let cells = page.split("<small><code>").skip(1);
    cells.map(|cell| cell.split('<').next().expect("a kind").to_owned()).collect()
}

#[test]
fn lines_are_filtered_by_person_kind_and_time() {
    let (server, mut root) = scene();
    add(&server, "alice", &[]);
    add(&server, "bob", &[]);
    server.ok(&["app-password", "issue", "alice", "Notes"]);
    Page::signed_in(&server, "alice");
    Page::of(&server).sign_in("bob", "wrong password");
    root.submit("/admin/users/bob", "/admin/users/bob/general", &[("display_name", "B"), ("state", "disabled")]);
    let mut listed = |query: &str| kinds(&root.look(&format!("/admin/audit?{query}")));
    let all = listed("");
    assert_eq!(all[..4], ["user.disable", "sign-in.failed", "sign-in", "app-password.issue"]);
    assert_eq!(listed("person=alice"), ["sign-in", "app-password.issue", "user.add"]);
    assert_eq!(listed("person=+ALICE+&kind=app-passwords"), ["app-password.issue"]);
    assert_eq!(listed("person=root&kind=administration"), ["user.disable", "user.add"], "done by root, and to root");
    assert_eq!(listed("kind=sign-in.failed"), ["sign-in.failed"]);
    assert!(listed("kind=second-factor").is_empty());
    let today = chrono::Utc::now().format("%Y-%m-%d").to_string();
    assert!(!listed(&format!("from={today}")).is_empty() || !listed("").is_empty());
    assert_eq!(listed("to=2020-01-01"), Vec::<String>::new());
    assert_eq!(listed("from=2020-01-01&to=2999-12-31").len(), all.len());
    let wrong = root.get("/admin/audit?from=yesterday");
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("Write a day like 2026-01-31"));
    assert!(root.look("/admin/audit").contains("Failed to sign in"));
    assert!(!root.look("/admin/audit").contains(PASSWORD));
}

#[test]
fn older_lines_are_on_further_pages_and_all_are_exported() {
    let (server, mut root) = scene();
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
        let page = root.look(&path);
        assert_eq!(kinds(&page).len(), expected);
        seen += expected;
        if seen < 250 {
            let next = super::between(&page, "rel=\"next\" href=\"", "\"");
            path = next.replace("&#38;", "&").replace("&amp;", "&");
        } else {
            assert!(!page.contains("rel=\"next\""));
        }
    }
    let csv = root.get("/admin/audit.csv?kind=user.change");
    assert_eq!((csv.status, csv.header("content-type")), (200, Some("text/csv; charset=utf-8")));
    let disposition = csv.header("content-disposition").expect("a name");
    assert!(disposition.starts_with("attachment; filename=\"latchkey-audit-2") && disposition.ends_with(".csv\""));
    assert_eq!(csv.text().lines().count(), 251);
    assert!(
        csv.text().starts_with("time,kind,what,actor,user,subject,detail,address\r\n")
            || csv.text().starts_with("time,kind")
    );
    let json = root.get("/admin/audit.json");
    let lines = json.json();
    assert!(lines.as_array().expect("an array").len() > 250);
    assert_eq!(lines[0]["kind"], "user.change");
    assert_eq!(lines[0]["actor"], "api-token:1");
}

#[test]
fn a_spreadsheet_takes_no_cell_for_a_formula() {
    let (server, mut root) = scene();
    let formula = "=HYPERLINK(\"http://evil.example\")";
    server.ok(&["user", "add", "alice"]);
    // Sent by a stranger, and kept: a setting's value is what an administrator typed.
    let set = root.submit("/admin/configuration", "/admin/configuration", &[("app_credentials_ttl", "+90d")]);
    assert!(set.status == 422 || set.status == 303);
    let mut alice = Page::of(&server);
    alice.sign_in(formula, PASSWORD);
    let text = root.get("/admin/audit.csv").text();
    for line in text.lines() {
        for cell in line.split(',') {
            let cell = cell.trim_start_matches('"');
            assert!(!cell.starts_with(['=', '+', '-', '@']), "{line}");
        }
    }
}

#[test]
fn the_overview_counts_people_connections_and_requests() {
    let (server, mut root) = scene();
    let alice = server.person("alice");
    assert_eq!(alice.client().put("/dav/f", &[b'x'; 12_000]).status, 201);
    server.stranger().get("/dav/");
    server.stranger().with_basic("alice", "lk-wrong").get("/dav/");
    let page = root.look("/admin");
    assert!(page.contains("<strong>3</strong> <span>people"), "{page}");
    assert!(page.contains("Refused: 1"), "being asked for credentials is no refusal: {page}");
    assert!(page.contains("Failed: 0") && page.matches("role=\"img\"").count() == 3);
    assert!(page.contains("within the last 24 hours, at most"));
    crate::harness::eventually("the first measurement", || root.clone().look("/admin").contains("12 KB"));
    let shown = root.look("/admin/users/alice");
    assert!(shown.contains("12 KB in 1 file"), "{shown}");
}
