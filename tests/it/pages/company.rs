//! Company accounts on the pages, as far as no directory has to answer. What needs one is in `browser/company`.

use std::time::Duration;

use latchkey::auth::{Actor, NewAccount};
use latchkey::secret::PlainSecret;
use serde_json::{Value, json};

use super::admin::link_on;
use super::between;
use super::client::{PASSWORD, Page, add, plain};
use crate::browser::Clocked;
use crate::harness::{CHEAP, TestServer};

/// Two providers and a directory at which nobody listens.
const DIRECTORIES: &str = "
[[oidc]]
label = \"Acme\"
issuer = \"http://127.0.0.1:1\"
client_id = \"latchkey\"
[[oidc]]
label = \"Old & Co.\"
name = \"old\"
button = \"Enter by Old & Co.\"
issuer = \"http://127.0.0.1:1/old\"
client_id = \"latchkey\"
provision = \"off\"
[[ldap]]
label = \"Staff\"
urls = [\"ldap://127.0.0.1:1\"]
allow_plain = true
user_base = \"dc=acme\"
";
const WRONG: &str =
    "The name or the password is not right. A company account is locked for a while after many wrong tries.";

fn server() -> TestServer {
    TestServer::with_config(&format!("{CHEAP}{DIRECTORIES}"))
}

/// The server with an administrator `rosa`, signed in, and `alice`.
fn scene() -> (TestServer, Page) {
    let server = server();
    add(&server, "rosa", &["--admin"]);
    add(&server, "alice", &[]);
    let rosa = Page::signed_in(&server, "rosa");
    (server, rosa)
}

/// The text of a failure or a notice.
fn alert(html: &str) -> String {
    plain(between(html, "role=\"alert\"", "</p>").split_once('>').expect("an element").1)
}

#[test]
fn the_sign_in_offers_each_provider_by_a_link() {
    let server = server();
    let html = Page::of(&server).look("/login?next=%2Ffiles%2Fa%3Fb");
    assert!(html.contains("href=\"/login/oidc/acme?next=%2Ffiles%2Fa%3Fb\">Sign in with Acme</a>"), "{html}");
    assert!(plain(&html).contains("href=\"/login/oidc/old?next=%2Ffiles%2Fa%3Fb\">Enter by Old & Co.</a>"), "{html}");
    assert!(html.contains("company account (Staff)"), "{html}");
    assert_eq!(html.matches("<form").count(), 1, "a form that leads to a provider would be stopped by form-action");
    let plain = Page::of(&TestServer::start()).look("/login");
    assert!(!plain.contains("/login/oidc") && !plain.contains("company") && !plain.contains("class=\"or\""), "{plain}");
}

#[test]
fn accounts_of_this_server_sign_in_while_no_directory_answers() {
    let server = server();
    add(&server, "alice", &[]);
    Page::signed_in(&server, "alice");
    let mut page = Page::of(&server);
    let wrong = page.sign_in("alice", "something else");
    assert_eq!((wrong.status, alert(&wrong.text()).as_str()), (422, WRONG));
    let unknown = page.sign_in("nobody", "something else");
    assert_eq!(unknown.status, 503);
    assert!(alert(&unknown.text()).starts_with("Staff does not answer right now."), "{}", unknown.text());
}

#[test]
fn addresses_of_no_provider_lead_nowhere() {
    let server = server();
    let mut page = Page::of(&server);
    let unknown = ["/login/oidc/none", "/login/oidc/none/callback?state=x&code=y", "/logout/none", "/login/oidc/staff"];
    for path in unknown.into_iter().chain(["/welcome/oidc/none?token=x", "/login/oidc/acme/else", "/login/oidc"]) {
        assert_eq!(page.get(path).status, 404, "{path}");
    }
}

#[test]
fn a_provider_that_does_not_answer_is_told_where_the_person_was() {
    let server = server();
    let mut page = Page::of(&server);
    let answer = page.get("/login/oidc/acme?next=%2Fconnect");
    assert_eq!(answer.status, 503);
    assert!(alert(&answer.text()).starts_with("Acme does not answer right now."), "{}", answer.text());
    assert!(answer.text().contains("href=\"/login/oidc/acme?next=%2Fconnect\""), "there is a way to begin again");
    assert_eq!(page.get("/logout/acme").location(), "/login?done=signed-out");
    let left = page.look("/login?done=signed-out&from=acme");
    assert!(left.contains("You are signed out of Latchkey. Acme knows you still."), "{left}");
    assert!(!left.contains("/logout/acme"), "there is no place to sign out that is known: {left}");
}

#[test]
fn the_way_to_a_provider_stays_on_our_pages_after_it() {
    let server = server();
    let mut page = Page::of(&server);
    for bad in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2Flogin%2Foidc%2Facme", "%2Freauthenticate"] {
        let html = page.get(&format!("/login/oidc/acme?next={bad}")).text();
        assert!(html.contains("href=\"/login/oidc/acme?next=%2Fprofile\""), "{bad}: {html}");
    }
}

#[test]
fn an_answer_that_nobody_waits_for_signs_nobody_in() {
    let server = server();
    let mut page = Page::of(&server);
    for query in ["", "?state=&code=x", "?state=xyzzy%3Cb%3E&code=plugh", "?error=plugh&state=xyzzy"] {
        let answer = page.get(&format!("/login/oidc/acme/callback{query}"));
        assert_eq!(answer.status, 422, "{query}");
        let html = answer.text();
        assert!(alert(&html).contains("has taken too long. Please begin again."), "{html}");
        assert!(!html.contains("xyzzy") && !html.contains("plugh"), "{html}");
    }
    assert!(!page.cookies().contains("session"), "{}", page.cookies());
}

#[test]
fn a_provider_s_answer_is_neither_endless_nor_ambiguous() {
    let server = server();
    let mut page = Page::of(&server);
    for name in ["state", "code", "error", "error_description", "iss"] {
        let long = page.get(&format!("/login/oidc/acme/callback?{name}={}", "x".repeat(8 * 1024 + 1)));
        assert_eq!(long.status, 400, "{name}");
        let twice = page.get(&format!("/login/oidc/acme/callback?{name}=a&{name}=b"));
        assert_eq!(twice.status, 400, "{name}");
    }
    let of_others = page.get("/login/oidc/acme/callback?state=a&code=b&session_state=c&scope=d&hd=e&prompt=none");
    assert_eq!(of_others.status, 422, "what some send besides is nobody's business");
}

#[test]
fn rubbish_by_the_back_channel_ends_nothing_and_is_told_nothing() {
    let server = server();
    let send = |path: &str, body: &[u8]| {
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        server.stranger().with_host("latchkey.internal:8080").send("POST", path, &headers, body)
    };
    let path = "/login/oidc/acme/logout";
    let large = [b"logout_token=".to_vec(), vec![b'x'; 64 * 1024]].concat();
    let bodies: [&[u8]; 6] = [b"", b"logout_token=", b"logout_token=a.b.c", b"token=x", b"\xff\xfe=", &large];
    for body in bodies {
        let answer = send(path, body);
        let shown = String::from_utf8_lossy(body).chars().take(20).collect::<String>();
        assert_eq!(answer.status, 400, "{shown}: {}", answer.text());
        assert_eq!(answer.json(), json!({ "error": "invalid_request" }), "{shown}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(answer.header("set-cookie").is_none());
    }
    assert_eq!(send("/login/oidc/none/logout", b"logout_token=a.b.c").status, 400);
    // A token that could be the provider's cannot be checked while that does not answer: it may come again.
    let token = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjEifQ.c2ln";
    assert_eq!(send(path, format!("logout_token={token}").as_bytes()).status, 503);
    // Nothing else is to be had without the guard.
    for other in ["/login", "/login/oidc/acme/logout/", "/login/oidc/acme/callback", "/logout"] {
        let answer = send(other, b"logout_token=a.b.c");
        assert_eq!(answer.status, 421, "{other}: {}", answer.text());
    }
    assert_eq!(server.stranger().get(path).status, 405);
}

#[test]
fn whoever_is_invited_may_use_a_company_account() {
    let (server, mut rosa) = scene();
    server.ok(&["user", "add", "bob"]);
    rosa.look("/admin/users/bob");
    let form = rosa.hidden("form").expect("an id");
    let link = link_on(&rosa.post("/admin/users/bob/link", &[("form", &form)]).text());
    let (_, token) = link.split_once("token=").expect("a token");
    let mut bob = Page::of(&server);
    let html = bob.look(&link);
    assert!(html.contains("Use your company account") && html.contains(">Use Acme</a>"), "{html}");
    assert!(!html.contains("Old &"), "where nobody joins, nobody is offered to: {html}");
    let way = plain(between(&html, "href=\"/welcome/oidc/acme?", "\""));
    let (_, csrf) = way.split_once("csrf=").expect("the browser's token");

    let unasked = Page::of(&server).get(&format!("/welcome/oidc/acme?token={token}"));
    assert_eq!(unasked.status, 403, "no stranger's link joins somebody's company account to the stranger's");
    assert_eq!(Page::of(&server).get(&format!("/welcome/oidc/acme?token={token}&csrf={csrf}")).status, 403);
    let silent = bob.get(&format!("/welcome/oidc/acme?{way}"));
    assert_eq!(silent.status, 503);
    assert!(silent.text().contains("Your user name is <strong>bob</strong>"), "{}", silent.text());
    assert_eq!(bob.get(&format!("/welcome/oidc/acme?token=gone&csrf={csrf}")).status, 404);

    let fields = [("token", token), ("name", "bob"), ("password", "something")];
    let silent = bob.submit(&link, "/welcome/ldap", &fields);
    assert_eq!(silent.status, 503);
    assert!(alert(&silent.text()).starts_with("Staff does not answer"), "{}", silent.text());
    let gone = bob.submit(&link, "/welcome/ldap", &[("token", "gone"), ("name", "bob"), ("password", "something")]);
    assert_eq!(gone.status, 404);
    let chosen = bob.submit(&link, "/welcome", &[("token", token), ("password", PASSWORD), ("again", PASSWORD)]);
    assert_eq!(chosen.location(), "/login?done=password", "none of this has used the link up");
}

#[test]
fn an_administrator_joins_an_account_and_takes_it_apart_again() {
    let (server, mut rosa) = scene();
    let mut alice = Page::signed_in(&server, "alice");
    let key = server.ok(&["app-password", "issue", "alice", "x"]);
    let html = rosa.look("/admin/users/alice");
    assert!(html.contains("<option value=\"oidc:acme\">Acme (OpenID Connect)</option>"), "{html}");
    assert!(html.contains("<option value=\"ldap:staff\">Staff (LDAP)</option>"), "{html}");

    for (directory, who, status, wrong) in [
        ("", "x", 422, "Choose one of the directories."),
        ("oidc:none", "x", 422, "is not in the configuration"),
        ("oidc:acme", " ", 422, "must have 1 to 255 characters"),
        ("ldap:staff", "alice", 422, "Staff does not answer right now: nothing was changed."),
    ] {
        let fields = [("directory", directory), ("who", who)];
        let answer = rosa.submit("/admin/users/alice", "/admin/users/alice/company", &fields);
        assert_eq!(answer.status, status, "{directory}: {}", answer.text());
        assert!(answer.text().contains(wrong), "{directory}: {}", answer.text());
    }
    let joined = rosa.submit(
        "/admin/users/alice",
        "/admin/users/alice/company",
        &[("directory", "oidc:acme"), ("who", "subject <1>")],
    );
    assert_eq!(joined.location(), "/admin/users/alice?done=joined");
    assert_eq!(alice.get("/profile").location(), "/login?next=%2Fprofile", "her sessions end");
    assert_eq!(
        Page::of(&server).sign_in("alice", PASSWORD).status,
        503,
        "her password is none of this server any more"
    );
    assert_eq!(server.stranger().with_basic("alice", &key).get("/dav/").status, 200, "application passwords go on");

    let html = plain(&rosa.look("/admin/users/alice"));
    assert!(html.contains("<code>subject <1></code>") && html.contains("<code>http://127.0.0.1:1</code>"), "{html}");
    assert!(!html.contains("/admin/users/alice/link") && html.contains("Acme keeps it, so no link"), "{html}");
    let shown: Value = serde_json::from_str(&server.ok(&["user", "show", "alice", "--json"])).expect("JSON");
    assert_eq!((&shown["source"], &shown["confirmed_at"]), (&json!("oidc:acme"), &Value::Null));
    assert!(server.ok(&["user", "list"]).contains("oidc:acme"), "{}", server.ok(&["user", "list"]));
    let taken = rosa.submit(
        "/admin/users/rosa",
        "/admin/users/rosa/company",
        &[("directory", "oidc:acme"), ("who", "subject <1>")],
    );
    assert_eq!(taken.status, 422, "nobody joins their own account");

    let html = rosa.look("/admin/users/alice/unlink");
    assert!(html.contains("Application passwords go on working"), "{html}");
    let apart = rosa.post("/admin/users/alice/unlink", &[]);
    assert_eq!(apart.location(), "/admin/users/alice?done=unlinked");
    let html = rosa.look("/admin/users/alice?done=unlinked");
    assert!(
        html.contains("make an invitation link and hand it over") && html.contains("Make an invitation link"),
        "{html}"
    );
    assert_eq!(server.stranger().with_basic("alice", &key).get("/dav/").status, 200);
    assert_eq!(
        rosa.get("/admin/users/alice/unlink").location(),
        "/admin/users/alice",
        "there is nothing to take apart"
    );
    let audit = rosa.look("/admin/audit?kind=company");
    assert!(audit.contains("Joined an account to a company account"), "{audit}");
    assert!(audit.contains("Took an account and its company account apart"), "{audit}");
}

#[test]
fn the_overview_tells_of_every_directory() {
    let (server, mut rosa) = scene();
    let html = plain(&rosa.look("/admin"));
    for label in ["Acme", "Old & Co.", "Staff"] {
        assert!(html.contains(&format!("<th scope=\"row\">{label}<small>")), "{label}: {html}");
    }
    drop(server);
    let (_server, mut rosa) = {
        let server = TestServer::start();
        add(&server, "rosa", &["--admin"]);
        let rosa = Page::signed_in(&server, "rosa");
        (server, rosa)
    };
    assert!(!rosa.look("/admin").contains("Company directories"));
    assert!(!rosa.look("/admin/users/rosa").contains("Company account"));
}

#[test]
fn none_of_it_is_for_people_who_administer_nothing() {
    let (server, _) = scene();
    let mut alice = Page::signed_in(&server, "alice");
    assert_eq!(alice.get("/admin/users/alice/unlink").status, 403);
    alice.look("/profile");
    for action in ["/admin/users/alice/company", "/admin/users/alice/unlink"] {
        assert_eq!(alice.post(action, &[("directory", "oidc:acme"), ("who", "x")]).status, 403, "{action}");
    }
    assert_eq!(alice.get("/reauthenticate/oidc?next=%2Fconnect").location(), "/reauthenticate?next=%2Fconnect");
    assert!(alice.look("/profile").contains("kept on this server"));
}

#[test]
fn joining_and_taking_apart_need_a_fresh_proof() {
    let server = Clocked::with_config(&format!("{CHEAP}{DIRECTORIES}"));
    let password = || Some(PlainSecret::new(PASSWORD.to_owned()));
    let rosa = NewAccount { is_admin: true, password: password(), ..NewAccount::named("rosa") };
    for account in [rosa, NewAccount { password: password(), ..NewAccount::named("alice") }] {
        server.auth().add_user(&account, &Actor::cli()).expect("added");
    }
    let mut rosa = Page::at(server.addr).let_in("rosa");
    let is_joined = || {
        let alice = server.auth().user("alice").expect("an account");
        server.auth().company_link(&alice).expect("read").is_some()
    };
    let fields = [("directory", "oidc:acme"), ("who", "1")];
    let (page, join, unlink) = ("/admin/users/alice", "/admin/users/alice/company", "/admin/users/alice/unlink");
    server.advance(Duration::from_mins(11));
    let asked = rosa.submit(page, join, &fields);
    assert_eq!(asked.location(), "/reauthenticate?next=%2Fadmin%2Fusers%2Falice");
    assert!(!is_joined());
    assert_eq!(rosa.submit("/reauthenticate", "/reauthenticate", &[("password", PASSWORD)]).status, 303);
    assert_eq!(rosa.submit(page, join, &fields).location(), "/admin/users/alice?done=joined");
    assert!(is_joined());
    rosa.look(unlink);
    server.advance(Duration::from_mins(11));
    assert_eq!(rosa.get(unlink).location(), "/reauthenticate?next=%2Fadmin%2Fusers%2Falice%2Funlink");
    assert_eq!(rosa.submit(page, unlink, &[]).location(), "/reauthenticate?next=%2Fadmin%2Fusers%2Falice%2Funlink");
    assert!(is_joined());
}
