//! Signing in: throttles, cookies, and what a stranger can learn or break.

use latchkey::auth::{AccountChange, Actor, NewAccount};
use latchkey::secret::PlainSecret;

use super::admin::link_on;
use super::client::{PASSWORD, Page, add};
use crate::browser::Clocked;
use crate::harness::{CHEAP, TestServer};

#[test]
fn a_guesser_is_told_to_wait_and_for_how_long() {
    let server = TestServer::with_config(&format!("{CHEAP}throttle_failures = 5\n"));
    add(&server, "alice", &[]);
    let mut guesser = Page::of(&server);
    for guess in 0..5 {
        assert_eq!(guesser.sign_in("alice", &format!("guess {guess}")).status, 422);
    }
    let told = guesser.sign_in("alice", "another guess");
    assert_eq!(told.status, 429);
    assert!(told.text().contains("Too many attempts. Please wait"), "{}", told.text());
    assert!(told.header("retry-after").is_some());
    // The right password does not help a network that is over its limit: it would only confirm a guess.
    assert_eq!(guesser.sign_in("alice", PASSWORD).status, 429);
}

#[test]
fn a_stranger_cannot_lock_a_person_out() {
    let server = TestServer::with_config(&format!("{CHEAP}throttle_failures = 1000\n"));
    add(&server, "alice", &["--email", "alice@example.org"]);
    let mut alice = Page::signed_in(&server, "alice");
    alice.submit("/profile", "/logout", &[]);
    let mut stranger = Page::of(&server);
    for guess in 0..10 {
        let name = if guess % 2 == 0 { "alice" } else { "Alice" };
        assert_eq!(stranger.sign_in(name, &format!("guess {guess}")).status, 422);
    }
    assert_eq!(stranger.sign_in("alice", "one more").status, 429, "from browsers that nobody knows, enough is enough");
    assert_eq!(Page::of(&server).sign_in("alice", PASSWORD).status, 429);
    let alice = alice.let_in("alice");
    assert!(alice.cookies().contains("__Host-latchkey-session="), "from her own browser, Alice comes in all the same");
}

#[test]
fn a_known_browser_that_guesses_is_slowed_itself() {
    let server = TestServer::with_config(&format!("{CHEAP}throttle_failures = 1000\n"));
    add(&server, "alice", &[]);
    let mut stolen = Page::signed_in(&server, "alice");
    stolen.submit("/profile", "/logout", &[]);
    for guess in 0..10 {
        assert_eq!(stolen.sign_in("alice", &format!("guess {guess}")).status, 422);
    }
    assert_eq!(stolen.sign_in("alice", PASSWORD).status, 429);
    Page::signed_in(&server, "alice");
}

#[test]
fn unknown_accounts_are_told_and_cost_the_same() {
    let server = Clocked::with_config(&format!("{CHEAP}throttle_failures = 1000\n"));
    let add = |name: &str, password: Option<&str>| {
        let password = password.map(|text| PlainSecret::new(text.to_owned()));
        let account = NewAccount { password, ..NewAccount::named(name) };
        server.auth().add_user(&account, &Actor::cli()).expect("added");
    };
    add("alice", Some(PASSWORD));
    add("invited", None);
    add("gone", Some(PASSWORD));
    let disable = AccountChange { enabled: Some(false), ..AccountChange::default() };
    server.auth().change_user("gone", &disable, &Actor::cli()).expect("disabled");
    let mut page = Page::at(server.addr);
    // Not even the right password tells a stranger that a disabled account is there.
    let tries = [("alice", "a guess"), ("nobody", "a guess"), ("invited", ""), ("gone", "a guess"), ("gone", PASSWORD)];
    for (name, password) in tries {
        let before = server.auth().hasher().runs();
        let answer = page.sign_in(name, password);
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.text().contains("The name or the password is not right."), "{name}");
        assert_eq!(server.auth().hasher().runs() - before, 1, "{name} costs one computation, like everybody");
    }
}

#[test]
fn an_account_without_a_password_has_none() {
    let server = TestServer::start();
    server.ok(&["user", "add", "invited"]);
    for password in ["", " ", "null"] {
        assert_eq!(Page::of(&server).sign_in("invited", password).status, 422, "{password:?}");
    }
}

#[test]
fn cookies_are_bound_to_this_host_and_kept_from_scripts() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let mut page = Page::of(&server);
    let answer = page.sign_in("alice", PASSWORD);
    let cookies: Vec<&str> = answer
        .headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"))
        .map(|(_, value)| value.as_str())
        .collect();
    assert!(cookies.iter().any(|cookie| cookie.starts_with("__Host-latchkey-session=lks-")), "{cookies:?}");
    assert!(cookies.iter().any(|cookie| cookie.starts_with("__Host-latchkey-device=lkd-")), "{cookies:?}");
    for cookie in cookies {
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
            assert!(cookie.split("; ").any(|found| found == attribute), "{cookie} lacks {attribute}");
        }
    }
}

#[test]
fn a_session_that_was_planted_before_is_not_taken_over() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let mut attacker = Page::signed_in(&server, "alice");
    let planted = attacker.cookie("session");
    attacker.submit("/profile", "/logout", &[]);
    let mut page = Page::of(&server);
    page.plant("__Host-latchkey-session", &planted);
    let page = page.let_in("alice");
    assert_ne!(page.cookie("session"), planted);
}

#[test]
fn what_opens_the_pages_opens_no_drive() {
    // Whoever is slowed is answered otherwise.
    let server = TestServer::with_config(&format!("{CHEAP}throttle_failures = 1000\n"));
    add(&server, "alice", &[]);
    add(&server, "bob", &[]);
    let mut page = Page::signed_in(&server, "alice");
    page.look("/profile");
    let csrf = page.hidden("csrf").expect("a token");
    let api = server.ok(&["api-token", "issue", "test", "--scope", "users", "--scope", "app-passwords"]);
    let mut stranger = Page::of(&server);
    stranger.look("/login");
    let tokens = [
        page.cookie("session"),
        page.cookie("device"),
        stranger.cookie("visit"),
        waiting_for_a_code(&server),
        link_for(&server, "alice"),
        link_for(&server, "bob"),
        csrf,
        api,
        PASSWORD.to_owned(),
    ];
    for token in &tokens {
        opens_no_drive(&server, token, &page.cookies());
    }
    for name in ["alice", "bob"] {
        assert!(!server.storage().join("files").join(name).join("file").exists());
    }
    let key = server.ok(&["app-password", "issue", "alice", "x"]);
    assert_eq!(
        server.stranger().with_basic("alice", &key).get("/dav/").status,
        200,
        "what does open it still opens it"
    );
}

/// Tries a token in all ways in which a client can send one, beside all cookies that a browser has.
fn opens_no_drive(server: &TestServer, token: &str, cookies: &str) {
    let client = || server.stranger().with_host(&format!("localhost:{}", server.addr.port()));
    let named = ["session", "device", "visit", "sign-in"].map(|name| format!("__Host-latchkey-{name}={token}"));
    let ways = [
        ("as Basic password of alice", client().with_basic("alice", token)),
        ("as Basic password of bob", client().with_basic("bob", token)),
        ("as Basic password without a name", client().with_basic("", token)),
        ("as Basic name", client().with_basic(token, token)),
        ("as Bearer", client().with("Authorization", &format!("Bearer {token}"))),
        ("as cookie", client().with("Cookie", &named.join("; "))),
        ("beside the cookies", client().with("Cookie", cookies)),
    ];
    for (way, client) in ways {
        for method in ["GET", "PROPFIND", "PUT", "OPTIONS"] {
            for path in ["/dav/", "/dav/file"] {
                let answer = client.send(method, path, &[], b"");
                assert_eq!(answer.status, 401, "{method} {path} with {token} {way}");
            }
        }
    }
}

/// The token of a link by which somebody chooses a password.
fn link_for(server: &TestServer, name: &str) -> String {
    if !server.run(&["user", "show", "root"]).status.success() {
        add(server, "root", &["--admin"]);
    }
    let mut root = Page::signed_in(server, "root");
    root.look(&format!("/admin/users/{name}"));
    let form = root.hidden("form").expect("an id");
    let link = link_on(&root.post(&format!("/admin/users/{name}/link"), &[("form", &form)]).text());
    let token = link.split_once('=').expect("a token").1.to_owned();
    assert!(token.starts_with("lki-"), "{token}");
    token
}

/// The token of a sign-in that lacks its second factor.
fn waiting_for_a_code(server: &TestServer) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    Page::signed_in(server, "bob").bind_totp(now);
    let mut again = Page::of(server);
    assert_eq!(again.sign_in("bob", PASSWORD).location(), "/login/code?next=%2Fprofile");
    assert!(!again.cookies().contains("session"), "half a sign-in is none");
    again.cookie("sign-in")
}

#[test]
fn tokens_are_kept_as_digests_alone() {
    let server = TestServer::start();
    add(&server, "alice", &[]);
    let page = Page::signed_in(&server, "alice");
    for name in ["session", "device"] {
        let token = page.cookie(name);
        server.assert_absent(&token);
        server.assert_absent(&token[4..]);
    }
    server.assert_absent(PASSWORD);
}
