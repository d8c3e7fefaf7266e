//! Who gets in, who does not, and what it costs.

use base64::Engine;

use crate::harness::{CHEAP, TestServer, eventually};

/// Methods that a client could think of.
const METHODS: [&str; 17] = [
    "GET",
    "HEAD",
    "PUT",
    "DELETE",
    "OPTIONS",
    "POST",
    "PATCH",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "REPORT",
    "SEARCH",
    "TRACE",
];

/// Every route × method without credentials: what is open is listed, all else is closed (S17).
#[test]
fn nothing_is_open_but_what_is_listed() {
    let server = TestServer::start();
    let paths = [
        "/",
        "/dav",
        "/dav/",
        "/dav/a",
        "/dav/a/b",
        "/healthz",
        "/api",
        "/api/",
        "/api/openapi.json",
        "/api/v1/users",
        "/api/v1/users/admin",
        "/api/v1/users/admin/app-passwords",
        "/api/v1/app-passwords/00000",
        "/davx",
        "/loginx",
        "/remote.php/dav",
        "/metrics",
    ];
    for path in paths {
        for method in METHODS {
            let answer = server.stranger().send(method, path, &[("Depth", "0")], b"");
            let open = match (path, method) {
                ("/", "GET" | "HEAD") => vec![303],
                ("/", "OPTIONS") | ("/healthz", _) | ("/api/openapi.json", "GET" | "HEAD") => {
                    vec![200]
                }
                ("/", "PROPFIND") => vec![401],
                (path, _) if path == "/dav" || path.starts_with("/dav/") => vec![401],
                (path, _) if path.starts_with("/api/v1") => vec![401, 405],
                _ => vec![404, 405],
            };
            assert!(open.contains(&answer.status), "{method} {path} answered {}", answer.status);
        }
    }
}

/// Every page × method without a session: the sign-in, or nothing at all.
#[test]
fn no_page_opens_without_a_session() {
    let server = TestServer::start();
    let open = ["/login", "/welcome"];
    let pages = [
        "/login/next",
        "/login/new-password",
        "/reauthenticate",
        "/profile",
        "/profile/second-factor",
        "/profile/second-factor/totp",
        "/profile/passkeys/new",
        "/profile/app-passwords",
        "/profile/app-passwords/new",
        "/profile/app-passwords/00000/replace",
        "/connect",
    ];
    let deeds = [
        "/logout",
        "/login/code/passkey/start",
        "/login/code/passkey/finish",
        "/login/passkey/start",
        "/login/passkey/finish",
        "/reauthenticate/passkey/start",
        "/reauthenticate/passkey/finish",
        "/profile/password",
        "/profile/second-factor/totp/remove",
        "/profile/second-factor/recovery-codes",
        "/profile/passkeys/start",
        "/profile/passkeys/finish",
        "/profile/passkeys/1/remove",
        "/profile/sessions/1/end",
        "/profile/sessions/end-others",
        "/profile/app-passwords/00000/revoke",
    ];
    for path in open.iter().chain(&pages).chain(&deeds) {
        for method in METHODS {
            let answer = server.stranger().send(method, path, &[], b"");
            let expected: &[u16] = match method {
                "GET" | "HEAD" if *path == "/login" => &[200],
                "GET" | "HEAD" if *path == "/welcome" => &[404],
                "GET" | "HEAD" if pages.contains(path) => &[303],
                "GET" | "HEAD" | "OPTIONS" => &[405],
                // Without an origin of ours, nothing that could change something is looked at.
                _ => &[403],
            };
            assert!(expected.contains(&answer.status), "{method} {path} answered {}", answer.status);
            if answer.status == 303 {
                let to = answer.header("location").unwrap_or_default();
                assert!(to.starts_with("/login?next="), "{method} {path} leads to {to}");
            }
        }
    }
}

#[test]
fn the_challenge_says_in_words_what_is_needed() {
    let server = TestServer::start();
    let answer = server.stranger().get("/dav/");
    assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"Latchkey\", charset=\"UTF-8\""));
    assert!(answer.text().contains("application password"), "{}", answer.text());
    assert!(answer.text().contains("under Profile"), "it says where to get one");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

/// R4, S1: nothing but an application password opens the drive.
#[test]
fn everything_that_is_no_application_password_is_refused() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let add = std::process::Command::new("sh")
        .args(["-c", "echo 'correct horse battery staple' | $0 user set-password alice --password-stdin"])
        .arg(env!("CARGO_BIN_EXE_latchkey"))
        .current_dir(server.folder.path())
        .status()
        .expect("set-password runs");
    assert!(add.success());
    let token = server.ok(&["api-token", "issue", "t", "--scope", "users", "--scope", "app-passwords"]);
    let stranger = server.stranger();
    for password in ["correct horse battery staple", &token, "", "alice", &alice.key[..alice.key.len() - 1]] {
        let answer = stranger.clone().with_basic("alice", password).get("/dav/");
        assert_eq!(answer.status, 401, "{password}");
    }
    let schemes = [
        format!("Bearer {token}"),
        format!("Bearer {}", alice.key),
        format!("Digest {}", alice.key),
        "Basic".to_owned(),
        "Basic !".to_owned(),
        "Basic YWxpY2U=".to_owned(),
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode("alice:\u{1}")),
        "\u{ff}".to_owned(),
        "Basic ".to_owned() + &"A".repeat(10_000),
    ];
    for value in schemes {
        let answer = stranger.clone().with("Authorization", &value).get("/dav/");
        assert!(matches!(answer.status, 401 | 431), "{value}: {}", answer.status);
    }
    assert_eq!(stranger.with("Cookie", &format!("session={}", alice.key)).get("/dav/").status, 401);
    assert_eq!(alice.client().get("/dav/").status, 200);
}

#[test]
fn an_application_password_opens_no_api() {
    let server = TestServer::start();
    let admin = server.ok(&["app-password", "issue", "admin", "mine"]);
    for value in [
        format!("Bearer {admin}"),
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("admin:{admin}"))),
    ] {
        let answer = server.stranger().with("Authorization", &value).send(
            "POST",
            "/api/v1/users/admin/app-passwords",
            &[("Content-Type", "application/json")],
            br#"{"label":"x"}"#,
        );
        assert_eq!(answer.status, 401);
    }
}

#[test]
fn the_user_id_is_the_owners_name_or_address_in_any_case() {
    let server = TestServer::start();
    server.ok(&["user", "add", "alice", "--email", "Alice@Example.org"]);
    let alice = server.person("alice");
    let bob = server.person("bob");
    let status = |user: &str, key: &str| server.stranger().with_basic(user, key).get("/dav/").status;
    for name in ["alice", "ALICE", "alice@example.org", "Alice@EXAMPLE.org"] {
        assert_eq!(status(name, &alice.key), 200, "{name}");
    }
    for name in ["bob", "", "admin", "alic", "alice ", "alice@example.com"] {
        assert_eq!(status(name, &alice.key), 401, "{name}");
    }
    assert_eq!(status("alice", &bob.key), 401);
    let sloppy = alice.key.to_uppercase().replace('-', " ").replace('0', "o").replace('1', "I");
    assert_eq!(status("alice", &sloppy), 200, "reading is forgiving");
    assert_eq!(status("alice", &alice.key.replace('-', "")), 200);
}

/// S9: what another process changes holds from the next request on.
#[test]
fn revocation_disabling_and_deletion_act_on_the_next_request() {
    let server = TestServer::start();
    let alice = server.person("alice");
    let second = server.person("alice");
    assert_eq!((alice.client().get("/dav/").status, second.client().get("/dav/").status), (200, 200));
    server.ok(&["app-password", "revoke", &alice.key[3..8]]);
    assert_eq!((alice.client().get("/dav/").status, second.client().get("/dav/").status), (401, 200));
    server.ok(&["user", "disable", "alice"]);
    assert_eq!(second.client().get("/dav/").status, 401);
    server.ok(&["user", "enable", "alice"]);
    assert_eq!((alice.client().get("/dav/").status, second.client().get("/dav/").status), (401, 200));
    server.ok(&["app-password", "revoke", "--all", "alice"]);
    assert_eq!(second.client().get("/dav/").status, 401);
    let third = server.person("alice");
    assert_eq!(third.client().get("/dav/").status, 200);
    server.ok(&["user", "delete", "alice"]);
    assert_eq!(third.client().get("/dav/").status, 401);
    server.ok(&["user", "add", "alice"]);
    assert_eq!(third.client().get("/dav/").status, 401, "a new account does not revive old passwords");
}

#[test]
fn expiry_is_checked_at_use() {
    let server = TestServer::start();
    let alice = server.person_with("alice", &["--expires", "2s"]);
    assert_eq!(alice.client().get("/dav/").status, 200);
    eventually("the password to end", || alice.client().get("/dav/").status == 401);
}

#[test]
fn a_password_is_bound_to_its_networks() {
    let server = TestServer::start();
    let here = server.person_with("alice", &["--from", "10.0.0.0/8", "--from", "127.0.0.1"]);
    let elsewhere = server.person_with("alice", &["--from", "192.0.2.0/24"]);
    assert_eq!((here.client().get("/dav/").status, elsewhere.client().get("/dav/").status), (200, 401));
}

#[test]
fn the_last_use_is_written_down() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().with("User-Agent", "rclone/v1.60.1").get("/dav/");
    let listed = || -> serde_json::Value {
        serde_json::from_str(&server.ok(&["app-password", "list", "alice", "--json"])).expect("JSON")
    };
    eventually("the use", || !listed()[0]["last_used_at"].is_null());
    let row = listed()[0].clone();
    assert_eq!(
        (row["last_used_from"].as_str(), row["application"].as_str()),
        (Some("127.0.0.1"), Some("rclone 1.60.1"))
    );
    let noted = row["last_used_at"].clone();
    alice.client().get("/dav/");
    server.ok(&["user", "list"]);
    assert_eq!(listed()[0]["last_used_at"], noted, "at most once a minute");
}

/// R20: guessing is slowed, the good password never.
#[test]
fn a_guesser_is_slowed_and_a_good_password_is_not() {
    let server = TestServer::with_config(&format!("{CHEAP}throttle_failures = 5\n"));
    let alice = server.person("alice");
    assert_eq!(alice.client().get("/dav/").status, 200, "the password is remembered");
    let guess = |number: usize| {
        let answer = server.stranger().with_basic("alice", &format!("guess-{number}")).get("/dav/");
        (answer.status, answer.header("retry-after").map(ToOwned::to_owned))
    };
    for number in 0..5 {
        assert_eq!(guess(number).0, 401);
    }
    for number in 5..20 {
        let (status, retry) = guess(number);
        assert_eq!(status, 429);
        let seconds: u64 = retry.expect("Retry-After").parse().expect("seconds");
        assert!((1..=300).contains(&seconds));
    }
    assert_eq!(guess(0).0, 401, "the same wrong password counts once");
    for _ in 0..20 {
        assert_eq!(alice.client().get("/dav/").status, 200);
        assert_eq!(server.stranger().get("/dav/").status, 401, "no credentials are no failure");
    }
    let bob = server.person("bob");
    assert_eq!(bob.client().get("/dav/").status, 200, "what passes the cheap checks gets its computation");
    let mut wrong_secret = 0;
    for letter in "bcdefghjkm".chars() {
        let forged = forge(&bob.key, letter);
        if forged == bob.key.replace('-', "") {
            continue;
        }
        match server.stranger().with_basic("bob", &forged).get("/dav/").status {
            401 | 429 => wrong_secret += 1,
            503 => {}
            other => panic!("{other}"),
        }
    }
    assert!(wrong_secret <= 5, "few failures a minute for one selector: {wrong_secret}");
    assert_eq!(bob.client().get("/dav/").status, 200);
}

/// The same selector with another secret and a right checksum.
fn forge(key: &str, letter: char) -> String {
    const ALPHABET: &str = "0123456789abcdefghjkmnpqrstvwxyz";
    let plain: String = key[3..].replace('-', "");
    let digits: Vec<usize> = plain[..23].chars().chain([letter]).map(|c| ALPHABET.find(c).expect("a digit")).collect();
    let sum: usize = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| if place % 2 == 0 { digit * 2 } else { *digit })
        .map(|product| product / 32 + product % 32)
        .sum();
    let check = ALPHABET.chars().nth((32 - sum % 32) % 32).expect("a digit");
    format!("lk{}{letter}{check}", &plain[..23])
}

/// The secret stands nowhere but in the answer that shows it.
#[test]
fn no_secret_is_kept_or_logged() {
    let server = TestServer::with_config(&format!("{CHEAP}[log]\nlevel = \"trace\"\n"));
    let alice = server.person("alice");
    alice.client().put("/dav/a.txt", b"x");
    server.stranger().with_basic("alice", "a-wrong-password-in-clear").get("/dav/");
    server.wait_for_log("status=401");
    let secret = &alice.key[9..];
    let bare = secret.replace('-', "");
    let mut haystack = server.log().into_bytes();
    for name in ["latchkey.sqlite3", "latchkey.sqlite3-wal"] {
        haystack.extend(std::fs::read(server.storage().join(name)).unwrap_or_default());
    }
    for needle in [
        secret,
        &bare,
        "a-wrong-password-in-clear",
        &base64::engine::general_purpose::STANDARD.encode(format!("alice:{}", alice.key)),
    ] {
        let found = haystack.windows(needle.len()).any(|window| window == needle.as_bytes());
        assert!(!found, "{needle}");
    }
    assert!(!server.ok(&["app-password", "list", "alice", "--json"]).contains("argon2"));
}

/// A database that fails is our trouble, not a wrong password; and nothing is taken for unlocked.
#[test]
fn a_failing_database_is_503_and_locks_fail_closed() {
    let server = TestServer::start();
    let alice = server.person("alice");
    alice.client().put("/dav/f", b"old");
    let database = rusqlite::Connection::open(server.storage().join("latchkey.sqlite3")).expect("opened");
    let rename = |from: &str, to: &str| {
        database.execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}")).expect("renamed");
    };
    rename("lock", "lock_away");
    for (method, path) in [("PUT", "/dav/f"), ("PUT", "/dav/new"), ("DELETE", "/dav/f"), ("MKCOL", "/dav/d")] {
        let answer = alice.client().send(method, path, &[], if method == "PUT" { b"new" } else { b"" });
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")), "{method} {path}");
        assert!(!answer.text().contains("table"), "{}", answer.text());
    }
    rename("lock_away", "lock");
    assert_eq!(server.stranger().get("/healthz").status, 200);
    rename("user", "user_away");
    assert_eq!(server.stranger().get("/healthz").status, 503);
    rename("user_away", "user");
    rename("app_password", "app_password_away");
    assert_eq!(alice.client().get("/dav/f").status, 503);
    rename("app_password_away", "app_password");
    assert_eq!(alice.client().get("/dav/f").body, b"old");
    assert_eq!(alice.names(), ["f"]);
}
