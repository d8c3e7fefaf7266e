//! The second factor: what is kept of it, whom it is required of, and that a proof of ten minutes ago changes none.

use std::time::Duration;

use latchkey::auth::{Actor, NewAccount};
use latchkey::secret::PlainSecret;
use sha2::{Digest, Sha256};

use super::client::{PASSWORD, Page};
use super::{between, qr};
use crate::browser::{Bound, Clocked, totp};
use crate::harness::{CHEAP, file_with};

/// Binds an authenticator application by the code that it shows now.
pub fn bind_codes(page: &mut Page, server: &Clocked) -> Bound {
    let html = page.look("/profile/second-factor/totp");
    let secret = between(&html, "id=\"totp-secret\">", "<").replace(' ', "");
    let code = totp(&secret, server.unix_time());
    let html = page.post("/profile/second-factor/totp", &[("code", &code)]).text();
    let codes = html.split("<li><code>").skip(1).map(|rest| between(rest, "", "<").to_owned()).collect();
    Bound { secret, codes }
}

/// A person who has bound codes, in the browser that did it.
fn with_codes() -> (Clocked, Page, Bound) {
    let server = Clocked::start();
    server.account("alice");
    let mut page = Page::at(server.addr).let_in("alice");
    let bound = bind_codes(&mut page, &server);
    assert_eq!(bound.codes.len(), 10);
    (server, page, bound)
}

#[test]
fn the_qr_code_holds_what_the_text_says() {
    let server = Clocked::start();
    server.account("alice");
    let mut page = Page::at(server.addr).let_in("alice");
    let html = page.look("/profile/second-factor/totp");
    let secret = between(&html, "id=\"totp-secret\">", "<").replace(' ', "");
    let url = qr::read(&html);
    let (label, parameters) = url.split_once('?').expect("an address with parameters");
    assert_eq!(label, "otpauth://totp/Latchkey:alice");
    let mut parameters: Vec<&str> = parameters.split('&').collect();
    parameters.sort_unstable();
    // What is left out is RFC 6238's: SHA-1, 6 digits, 30 seconds.
    assert_eq!(parameters, ["issuer=Latchkey", &format!("secret={secret}")]);
}

#[test]
fn the_bytes_of_the_secret_are_in_no_file() {
    let (server, _, bound) = with_codes();
    let bytes = base32(&bound.secret);
    assert_eq!(bytes.len(), 20);
    assert_eq!(file_with(&server.storage(), &bytes), None);
    assert_eq!(file_with(&server.storage(), bound.secret.as_bytes()), None);
    assert!(file_with(&server.storage(), b"alice").is_some(), "what is kept in the clear is found");
}

/// The bytes that RFC 4648's base32 writes so.
fn base32(text: &str) -> Vec<u8> {
    let digit = |letter| b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter);
    let bits: Vec<usize> = text
        .bytes()
        .flat_map(|letter| {
            let digit = digit(letter).expect("a digit of base32");
            (0..5).rev().map(move |place| digit >> place & 1)
        })
        .collect();
    let byte = |bits: &[usize]| u8::try_from(bits.iter().fold(0, |byte, bit| byte << 1 | bit)).expect("8 bits");
    bits.chunks_exact(8).map(byte).collect()
}

#[test]
fn recovery_codes_are_kept_as_digests_alone() {
    let (server, _, bound) = with_codes();
    for code in &bound.codes {
        let bare = code.replace('-', "");
        assert!(code.len() == 19 && bare.len() == 16, "{code}");
        for text in [code, &bare, &bare.to_uppercase()] {
            assert_eq!(file_with(&server.storage(), text.as_bytes()), None, "{text}");
        }
        let digest = Sha256::digest(code.as_bytes());
        assert!(file_with(&server.storage(), &digest).is_some(), "the digest of {code} is what is kept");
    }
}

#[test]
fn codes_are_turned_off_by_the_profiles_form() {
    let (server, mut page, bound) = with_codes();
    assert_eq!(Page::at(server.addr).sign_in("alice", PASSWORD).location(), "/login/code?next=%2Fprofile");
    assert!(page.look("/profile").contains("Turn codes off"));
    let off = page.post("/profile/second-factor/totp/remove", &[]);
    assert_eq!(off.location(), "/profile?done=totp-removed#second-factor");
    let profile = page.look("/profile?done=totp-removed");
    assert!(profile.contains("No codes are asked for any more."));
    assert!(!profile.contains("Turn codes off") && profile.contains("Set up codes"));
    assert!(Page::at(server.addr).let_in("alice").look("/profile").contains("No second factor is set up"));
    // What came with them is gone, and does not come back with the next ones.
    assert_eq!(server.auth().second_factors("alice").expect("read").recovery_codes, 0);
    let again = bind_codes(&mut page, &server);
    assert!(again.secret != bound.secret && !again.codes.contains(&bound.codes[0]));
    let mut other = Page::at(server.addr);
    other.sign_in("alice", PASSWORD);
    assert_eq!(other.submit("/login/code", "/login/code", &[("code", &bound.codes[0])]).status, 422);
    assert_eq!(other.post("/login/code", &[("code", &again.codes[0])]).location(), "/profile");
}

#[test]
fn a_second_factor_can_be_required_of_administrators_alone() {
    let server = Clocked::with_config(&format!("{CHEAP}second_factor_for = \"administrators\"\n"));
    server.account("alice");
    let password = Some(PlainSecret::new(PASSWORD.to_owned()));
    let boss = NewAccount { password, is_admin: true, ..NewAccount::named("boss") };
    server.auth().add_user(&boss, &Actor::cli()).expect("added");
    let mut alice = Page::at(server.addr);
    assert_eq!(alice.sign_in("alice", PASSWORD).location(), "/profile");
    assert_eq!(alice.get("/profile").status, 200);
    let mut boss = Page::at(server.addr);
    assert_eq!(boss.sign_in("boss", PASSWORD).location(), "/login/next");
    assert_eq!(boss.get("/login/next").location(), "/profile/second-factor");
    for page in ["/profile", "/admin", "/files/"] {
        assert_eq!(boss.get(page).location(), "/login/next", "{page}");
    }
    bind_codes(&mut boss, &server);
    assert_eq!(boss.get("/login/next").location(), "/profile");
    assert_eq!(boss.get("/admin").status, 200);
}

/// Where a browser is led that has to prove anew who sits at it.
fn is_led_to_prove(page: &mut Page, method: &str, path: &str, fields: &[(&str, &str)]) {
    let answer = if method == "GET" { page.get(path) } else { page.submit("/profile", path, fields) };
    assert!(answer.location().starts_with("/reauthenticate?next=%2Fprofile"), "{path}: {}", answer.location());
}

#[test]
fn after_ten_minutes_nothing_is_bound_without_a_fresh_proof() {
    let server = Clocked::start();
    server.account("alice");
    let mut page = Page::at(server.addr).let_in("alice");
    let html = page.look("/profile/second-factor/totp");
    let secret = between(&html, "id=\"totp-secret\">", "<").replace(' ', "");
    server.advance(Duration::from_mins(9));
    assert_eq!(page.get("/profile/passkeys/new").status, 200);
    assert_eq!(page.talk("/profile/passkeys/start", "{}").status, 200);
    server.advance(Duration::from_secs(61));
    let code = totp(&secret, server.unix_time());
    is_led_to_prove(&mut page, "GET", "/profile/second-factor/totp", &[]);
    is_led_to_prove(&mut page, "POST", "/profile/second-factor/totp", &[("code", &code)]);
    is_led_to_prove(&mut page, "GET", "/profile/passkeys/new", &[]);
    for step in ["start", "finish"] {
        page.look("/profile");
        let answer = page.talk(&format!("/profile/passkeys/{step}"), "{\"credential\":{}}");
        assert!(answer.location().starts_with("/reauthenticate?next="), "{step}");
    }
    assert!(!server.auth().second_factors("alice").expect("read").any());
    let proof = page.submit("/reauthenticate", "/reauthenticate", &[("password", PASSWORD)]);
    assert_eq!(proof.location(), "/profile");
    bind_codes(&mut page, &server);
    assert!(server.auth().second_factors("alice").expect("read").any());
}

#[test]
fn after_ten_minutes_nothing_is_unbound_and_no_codes_are_made_without_a_fresh_proof() {
    let (server, mut page, bound) = with_codes();
    let before = server.auth().second_factors("alice").expect("read");
    server.advance(Duration::from_secs(601));
    page.look("/profile");
    let form = page.hidden("form").expect("a form id");
    is_led_to_prove(&mut page, "POST", "/profile/second-factor/totp/remove", &[]);
    is_led_to_prove(&mut page, "POST", "/profile/second-factor/recovery-codes", &[("form", &form)]);
    is_led_to_prove(&mut page, "POST", "/profile/passkeys/1/remove", &[]);
    let after = server.auth().second_factors("alice").expect("read");
    assert_eq!((after.totp_since, after.recovery_codes), (before.totp_since, before.recovery_codes));
    let proof = [("password", PASSWORD), ("code", &bound.code(server.unix_time()))];
    assert_eq!(page.submit("/reauthenticate", "/reauthenticate", &proof).location(), "/profile");
    page.look("/profile");
    let form = page.hidden("form").expect("a form id");
    let made = page.post("/profile/second-factor/recovery-codes", &[("form", &form)]);
    assert_eq!((made.status, made.text().matches("<li><code>").count()), (200, 10));
    page.look("/profile");
    assert_eq!(page.post("/profile/second-factor/totp/remove", &[]).status, 303);
    assert!(!server.auth().second_factors("alice").expect("read").any());
}
