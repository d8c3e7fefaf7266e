//! Refresh tokens and what comes with them: whom they are shown to, and what follows where they say little or nothing.

use super::*;

const ALICE: &str = "1234";
const BOB: &str = "5678";
const UNCONFIRMED: &str = "an account is not confirmed any more";

impl Told {
    /// Alice and Bob have signed in, and all refreshes are answered alike; these further lines of the configuration hold
    /// only from then on, so that no refresh gets the answer to a sign-in.
    fn with_both(more: &str, answer: &Value) -> (Self, Person, Person) {
        let mut told = Self::start("");
        for (name, subject) in [("alice", ALICE), ("bob", BOB)] {
            told.let_in(name, subject, &json!({}));
        }
        told.answer(answer);
        told.start_again_with(|config| format!("{config}{more}"));
        let (alice, bob) = (told.server.person("alice"), told.server.person("bob"));
        (told, alice, bob)
    }

    /// Somebody signs in.
    fn let_in(&self, name: &str, subject: &str, more: &Value) {
        let (mut page, state, nonce) = self.leave();
        let mut claims = self.claims(&nonce, more);
        claims["sub"] = json!(subject);
        claims["preferred_username"] = json!(name);
        claims["email"] = json!(format!("{name}@example.org"));
        self.give(&self.signer.sign(&claims), &format!("token-of-{name}"));
        assert_eq!(Self::come_back(&mut page, &state).location(), "/profile");
    }

    /// The server begins anew by another configuration.
    fn start_again_with(&mut self, change: impl FnOnce(&str) -> String) {
        self.server.terminate();
        let file = self.server.folder.path().join("webdav.toml");
        let config = std::fs::read_to_string(&file).expect("read");
        std::fs::write(&file, change(&config)).expect("written");
        self.server.start_again();
    }

    /// What a refresh is answered, to everybody alike.
    fn answer(&self, more: &Value) {
        let mut tokens = json!({ "access_token": "an access token", "token_type": "Bearer" });
        tokens.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        self.replay.set_json("/token", &tokens);
    }

    /// Refreshes by somebody's first token.
    fn refreshes(&self, name: &str) -> usize {
        let token = format!("refresh_token=token-of-{name}");
        self.replay.seen("/token").iter().filter(|seen| seen.body.contains(&token)).count()
    }

    /// Waits for so many more refreshes of somebody.
    fn wait_for_refreshes(&self, name: &str, more: usize) {
        let before = self.refreshes(name);
        eventually(&format!("{more} refreshes of {name}"), || self.refreshes(name) >= before + more);
    }

    /// Lines of the log that say that somebody is confirmed no more.
    fn unconfirmed(&self, name: &str) -> usize {
        let (log, user) = (self.server.log(), format!("\"{name}\""));
        log.lines().filter(|line| line.contains(UNCONFIRMED) && line.contains(&user)).count()
    }
}

#[test]
fn consent_in_vain_is_not_asked_for_again_right_away() {
    let told = Told::start("");
    let (mut page, state, nonce) = told.leave();
    told.give(&told.signer.sign(&told.claims(&nonce, &json!({}))), "");
    let url = Told::come_back(&mut page, &state).location().to_owned();
    assert!(url.starts_with(&told.replay.url("/authorize")) && url.contains("prompt=consent"), "{url}");
    let (state, nonce) = Told::sent_along(&url);
    told.give(&told.signer.sign(&told.claims(&nonce, &json!({}))), "");
    assert_eq!(Told::come_back(&mut page, &state).location(), "/profile");
    let (mut page, state, nonce) = told.leave();
    told.give(&told.signer.sign(&told.claims(&nonce, &json!({}))), "");
    assert_eq!(Told::come_back(&mut page, &state).location(), "/profile", "it was in vain a moment ago");
    // Somebody else has not been asked yet.
    let (mut page, state, nonce) = told.leave();
    told.give(&told.signer.sign(&told.claims(&nonce, &json!({ "sub": BOB }))), "");
    assert!(Told::come_back(&mut page, &state).location().contains("prompt=consent"));
}

#[test]
fn a_refresh_token_is_never_shown_to_another_provider_of_the_same_name() {
    let mut told = Told::start("recheck = \"1s\"\nmax_signin_age = \"1s\"\n");
    told.let_in("alice", ALICE, &json!({}));
    told.answer(&json!({}));
    told.wait_for_refreshes("alice", 1);
    let other = Replay::start();
    other.describe(&other.url(""), &[told.signer.jwk()]);
    other.set("/token", Reply::json(400, &json!({ "error": "invalid_grant" })));
    let (from, to) = (told.replay.url(""), other.url(""));
    told.start_again_with(|config| config.replace(&from, &to));
    // Two looks, neither of which has anything to go by but the last sign-in.
    told.server.wait_for_log(UNCONFIRMED);
    let looks = || other.seen("/.well-known/openid-configuration").len();
    let before = looks();
    eventually("another look", || {
        assert!(other.seen("/token").is_empty(), "{:?}", other.seen("/token"));
        looks() > before
    });
    assert!(opens(&told.server.person("alice")), "the grace has begun");
}

#[test]
fn a_refresh_token_that_cannot_be_read_holds_nobody_up() {
    let (told, alice, bob) = Told::with_both("recheck = \"1s\"\n", &json!({}));
    let database = rusqlite::Connection::open(told.server.storage().join("latchkey.sqlite3")).expect("opened");
    let spoil = "UPDATE identity SET refresh_token = x'00' WHERE subject = ?1";
    assert_eq!(database.execute(spoil, [ALICE]).expect("spoilt"), 1);
    told.server.wait_for_log("a refresh token cannot be read");
    let before = told.refreshes("alice");
    told.wait_for_refreshes("bob", 3);
    assert_eq!(told.refreshes("alice"), before, "there is nothing to ask by");
    assert!(opens(&alice) && opens(&bob));
    assert_eq!((told.unconfirmed("alice"), told.unconfirmed("bob")), (0, 0), "she has signed in just now");
}

#[test]
fn out_of_the_group_and_back_takes_no_sign_in() {
    let company = Company::start(Style::Plain, "generic", "required_groups = [\"staff\"]\nrecheck = \"1s\"\n");
    for name in ["alice", "bob"] {
        company.provider.account(name, &json!({ "groups": ["staff"] }));
    }
    let (alice, bob) = (company.person("alice"), company.person("bob"));
    assert!(opens(&alice) && opens(&bob));
    for _ in 0..2 {
        company.provider.account("alice", &json!({ "groups": ["guests"] }));
        eventually("the drive is closed", || !opens(&alice));
        assert_eq!(show(&company.server, "alice")["suspended_because"], "not-allowed");
        company.provider.account("alice", &json!({ "groups": ["guests", "staff"] }));
        eventually("the drive is open again", || opens(&alice));
        assert!(opens(&bob), "nobody else's has changed");
    }
}

#[test]
fn nonsense_for_one_account_counts_only_while_others_are_answered() {
    let more = "recheck = \"1s\"\nmax_signin_age = \"2s\"\nunconfirmed_grace = \"1h\"\n";
    let (told, alice, bob) = Told::with_both(more, &json!({ "id_token": "nonsense" }));
    told.wait_for_refreshes("alice", 4);
    told.wait_for_refreshes("bob", 1);
    assert_eq!((told.unconfirmed("alice"), told.unconfirmed("bob")), (0, 0), "it answers nobody");
    // Good for Alice, and about somebody else for Bob.
    let claims = told.claims("", &json!({ "sub": ALICE, "nonce": null }));
    told.answer(&json!({ "id_token": told.signer.sign(&claims) }));
    eventually("Bob is not confirmed any more", || told.unconfirmed("bob") == 1);
    told.wait_for_refreshes("alice", 2);
    assert_eq!(told.unconfirmed("alice"), 0);
    assert!(opens(&alice) && opens(&bob), "the grace has begun");
}

#[test]
fn who_must_be_in_a_group_is_confirmed_for_a_while_by_refreshes_that_say_nothing_of_groups() {
    let more = "recheck = \"1s\"\nmax_signin_age = \"6s\"\nunconfirmed_grace = \"1s\"\nrequired_groups = [\"staff\"]\n";
    let told = Told::start(more);
    told.let_in("alice", ALICE, &json!({ "groups": ["staff"] }));
    told.answer(&json!({}));
    let alice = told.server.person("alice");
    told.wait_for_refreshes("alice", 2);
    assert_eq!(told.unconfirmed("alice"), 0, "her sign-in has said it");
    assert!(opens(&alice));
    eventually("she is not confirmed any more", || told.unconfirmed("alice") == 1);
    eventually("the drive is closed", || !opens(&alice));
    assert_eq!(show(&told.server, "alice")["suspended_because"], "unconfirmed");
}

#[test]
fn a_session_is_as_old_as_the_proof_that_the_provider_tells_of() {
    let told = Told::start("");
    let now = chrono::Utc::now().timestamp();
    let form = "/profile/app-passwords/new";
    let (mut page, answer) = told.sign_in(&json!({ "auth_time": now - 1800 }));
    assert_eq!(answer.location(), "/profile");
    assert_eq!(page.get("/profile").status, 200, "she is in");
    let answer = page.get(form);
    assert!(answer.location().starts_with("/reauthenticate"), "{}", answer.location());
    let (mut page, _) = told.sign_in(&json!({ "auth_time": now }));
    assert_eq!(page.get(form).status, 200);
}

#[test]
fn a_logout_token_is_good_once() {
    let told = Told::start("");
    let now = chrono::Utc::now().timestamp();
    let token = told.signer.sign(&json!({ "iss": told.replay.url(""), "aud": "latchkey", "iat": now, "exp": now + 120,
        "jti": "a logout", "sub": ALICE, "sid": "session-1",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} } }));
    let body = format!("logout_token={token}");
    let head = [("Content-Type", "application/x-www-form-urlencoded")];
    let tell = || told.server.stranger().send("POST", "/login/oidc/company/logout", &head, body.as_bytes()).status;
    let (mut first, _) = told.sign_in(&json!({ "sid": "session-1" }));
    assert_eq!(first.get("/profile").status, 200);
    assert_eq!(tell(), 200);
    assert_eq!(first.get("/profile").status, 303, "the session has ended");
    let (mut second, _) = told.sign_in(&json!({ "sid": "session-1" }));
    assert_eq!(tell(), 400, "it was taken already");
    assert_eq!(second.get("/profile").status, 200);
}
