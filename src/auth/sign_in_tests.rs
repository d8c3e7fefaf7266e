//! What a second factor, a changed password and a throttle must keep out, as attackers tried it.

use std::net::IpAddr;

use chrono::TimeDelta;

use super::for_tests::Scene;
use super::{
    AccountChange, Actor, Browser, Error, Expiry, LinkKind, NewAccount, NewAppPassword, OneTimeForm, SettingName,
    SignIn, SignInRefusal, SignedIn, Visitor,
};
use crate::model::{Scope, Session, User};
use crate::secret::{PlainSecret, Token};

const PASSWORD: &str = "vermilion otter ladder";
const OTHER: &str = "cobalt teapot meadow";

fn at(last: u8) -> Visitor<'static> {
    Visitor { address: IpAddr::from([192, 0, 2, last]), agent: Some("Mozilla/5.0") }
}

fn secret(text: &str) -> PlainSecret {
    PlainSecret::new(text.to_owned())
}

fn alice(scene: &Scene) -> User {
    let new = NewAccount { password: Some(secret(PASSWORD)), ..NewAccount::named("alice") };
    scene.auth.add_user(&new, &Actor::cli()).expect("added")
}

fn sign_in(scene: &Scene, password: &str) -> Result<SignIn, SignInRefusal> {
    scene.auth.sign_in("alice", &secret(password), Browser::default(), at(1))
}

/// Signs in where no second factor is asked for.
fn let_in(scene: &Scene, password: &str) -> SignedIn {
    match sign_in(scene, password).expect("let in") {
        SignIn::Done(signed_in) => *signed_in,
        SignIn::SecondFactor(_) => panic!("a second factor is asked for"),
    }
}

/// Signs in as far as the second factor.
fn pending(scene: &Scene) -> PlainSecret {
    match sign_in(scene, PASSWORD).expect("the password is right") {
        SignIn::SecondFactor(token) => token,
        SignIn::Done(_) => panic!("no second factor is asked for"),
    }
}

/// The code of a secret, so many steps from now.
fn code(scene: &Scene, base32: &str, steps: i64) -> String {
    let key = totp_rs::Secret::try_from_base32(base32).expect("base32");
    let totp = totp_rs::Builder::new().with_secret(key).with_account_name("alice").build().expect("a generator");
    let now = scene.auth.0.clock.now().timestamp() + steps * 30;
    totp.generate(u64::try_from(now).expect("after 1970")).to_string()
}

/// Binds codes in a session and gives the secret.
fn bind(scene: &Scene, session: &Session) -> (String, Vec<PlainSecret>) {
    let offered = scene.auth.offer_totp(session).expect("offered").secret.expose().to_owned();
    let codes = scene.auth.confirm_totp(session, &code(scene, &offered, 0), &Actor::cli()).expect("bound");
    (offered, codes.expect("recovery codes come with the first one"))
}

fn is_open(scene: &Scene, signed_in: &SignedIn) -> bool {
    scene.auth.session(signed_in.new.token.expose(), at(1)).expect("looked up").is_some()
}

fn issue(scene: &Scene, session: &Session, form: u8) -> Result<(), Error> {
    let new = NewAppPassword {
        label: "drive".to_owned(),
        expiry: Expiry::Default,
        scope: Scope::ReadWrite,
        folders: Vec::new(),
        networks: Vec::new(),
    };
    let form = OneTimeForm { session_id: session.id, id: vec![form] };
    scene.auth.issue_own_app_password(session, &form, &new, &Actor::cli()).map(|_| ())
}

#[test]
fn an_offered_secret_is_its_sessions_own_and_ends() {
    let scene = Scene::new();
    alice(&scene);
    let (thief, owner) = (let_in(&scene, PASSWORD), let_in(&scene, PASSWORD));
    let noted = scene.auth.offer_totp(&thief.new.session).expect("offered").secret;
    let again = scene.auth.offer_totp(&thief.new.session).expect("offered").secret;
    assert_eq!(noted, again, "a page may be loaded twice");
    let bound = scene.auth.offer_totp(&owner.new.session).expect("offered").secret;
    assert_ne!(noted, bound, "what one session has seen is not what another binds");
    scene.pass(TimeDelta::minutes(11));
    let late = scene.auth.confirm_totp(&owner.new.session, &code(&scene, bound.expose(), 0), &Actor::cli());
    assert!(matches!(late, Err(Error::Invalid { field: "code", .. })), "an offer waits ten minutes");
}

#[test]
fn the_first_second_factor_ends_what_was_begun_without_one() {
    let scene = Scene::new();
    alice(&scene);
    let (thief, owner) = (let_in(&scene, PASSWORD), let_in(&scene, PASSWORD));
    bind(&scene, &owner.new.session);
    assert!(is_open(&scene, &owner) && !is_open(&scene, &thief));
}

#[test]
fn a_code_is_good_once_and_a_recovery_code_too() {
    let scene = Scene::new();
    alice(&scene);
    let owner = let_in(&scene, PASSWORD);
    let (secret, codes) = bind(&scene, &owner.new.session);
    let sign_in = |code: &str| {
        scene.auth.sign_in_with_code(pending(&scene).expose(), code, Browser::default(), at(1)).map(|_| ())
    };
    assert!(sign_in(&code(&scene, &secret, 0)).is_err(), "the step that bound it is used up");
    scene.pass(TimeDelta::seconds(30));
    let now = code(&scene, &secret, 0);
    sign_in(&now).expect("let in");
    assert!(matches!(sign_in(&now), Err(SignInRefusal::Wrong)));
    assert!(matches!(sign_in(&code(&scene, &secret, -1)), Err(SignInRefusal::Wrong)), "nor is an earlier one");
    sign_in(codes[0].expose()).expect("let in");
    assert!(matches!(sign_in(codes[0].expose()), Err(SignInRefusal::Wrong)));
    sign_in(&codes[1].expose().to_uppercase().replace('-', " ")).expect("read forgivingly");
}

#[test]
fn half_a_sign_in_waits_ten_minutes_and_its_token_is_good_once() {
    let scene = Scene::new();
    alice(&scene);
    let (key, _) = bind(&scene, &let_in(&scene, PASSWORD).new.session);
    let go_on = |half: &PlainSecret| {
        let now = code(&scene, &key, 0);
        scene.auth.sign_in_with_code(half.expose(), &now, Browser::default(), at(1)).map(|_| ())
    };
    let in_time = pending(&scene);
    scene.pass(TimeDelta::seconds(599));
    go_on(&in_time).expect("nearly ten minutes are not too long");
    scene.pass(TimeDelta::seconds(30));
    assert!(matches!(go_on(&in_time), Err(SignInRefusal::Ended)), "with another code that is right, too");
    let late = pending(&scene);
    scene.pass(TimeDelta::minutes(10));
    assert!(matches!(go_on(&late), Err(SignInRefusal::Ended)));
    assert!(matches!(scene.auth.pending_sign_in(late.expose()), Err(SignInRefusal::Ended)));
    go_on(&pending(&scene)).expect("the code itself was right");
}

#[test]
fn fifty_wrong_codes_are_enough_for_a_day() {
    let scene = Scene::new();
    alice(&scene);
    let (key, _) = bind(&scene, &let_in(&scene, PASSWORD).new.session);
    let give = |code: &str| {
        scene.auth.sign_in_with_code(pending(&scene).expose(), code, Browser::default(), at(1)).map(|_| ())
    };
    for _ in 0..5 {
        for _ in 0..10 {
            assert!(matches!(give("wrong"), Err(SignInRefusal::Wrong)));
        }
        let slowed = give(&code(&scene, &key, 0));
        assert!(matches!(slowed, Err(SignInRefusal::Throttled(wait)) if wait.as_secs() == 15 * 60));
        scene.pass(TimeDelta::minutes(15));
    }
    let slowed = give(&code(&scene, &key, 0));
    let left = 24 * 3600 - 5 * 15 * 60;
    assert!(matches!(slowed, Err(SignInRefusal::Throttled(wait)) if wait.as_secs() == left), "{slowed:?}");
    scene.pass(TimeDelta::seconds(i64::try_from(left).expect("a day")));
    give(&code(&scene, &key, 0)).expect("the first ones are a day old");
}

#[test]
fn without_a_second_factor_no_code_opens_anything() {
    let scene = Scene::new();
    let user = alice(&scene);
    let owner = let_in(&scene, PASSWORD);
    let form = OneTimeForm { session_id: owner.new.session.id, id: vec![1] };
    assert!(scene.auth.new_recovery_codes(&user, &form, &Actor::cli()).is_err());
    bind(&scene, &owner.new.session);
    scene.auth.remove_totp(&user, &Actor::cli()).expect("removed");
    assert_eq!(scene.auth.second_factors("alice").expect("read").recovery_codes, 0);
}

#[test]
fn a_changed_password_is_no_fresh_proof() {
    let scene = Scene::new();
    alice(&scene);
    let owner = let_in(&scene, PASSWORD);
    bind(&scene, &owner.new.session);
    scene.pass(TimeDelta::minutes(11));
    let stale = scene.auth.session(owner.new.token.expose(), at(1)).expect("read").expect("live");
    assert!(matches!(issue(&scene, &stale, 1), Err(Error::Refused(_))));
    let changed = scene.auth.change_password(&stale, &secret(PASSWORD), &secret(OTHER), None, at(1)).expect("changed");
    assert!(!scene.auth.is_fresh(&changed.session), "the second factor was not shown");
    let refused = scene.auth.reauthenticate(&changed.session, &secret(OTHER), "", None, at(1));
    assert!(matches!(refused, Err(SignInRefusal::Wrong)), "the password alone does not do");
}

#[test]
fn a_new_password_ends_all_that_the_old_one_opened() {
    let scene = Scene::new();
    alice(&scene);
    let thief = let_in(&scene, PASSWORD);
    let link = scene.auth.password_link("alice", LinkKind::Reset, &Actor::cli()).expect("a link");
    let device = thief.device.expose();
    scene.auth.set_password("alice", &secret(OTHER), &Actor::cli()).expect("set");
    assert!(!is_open(&scene, &thief));
    assert!(scene.auth.open_password_link(link.expose()).expect("read").is_none());
    let user = scene.auth.user("alice").expect("there");
    assert_eq!(scene.auth.known_device(&user, Some(device)).expect("read"), [0; 32], "the browser is a stranger again");
}

#[test]
fn a_sign_in_under_way_does_not_outlive_its_password() {
    let scene = Scene::new();
    alice(&scene);
    let owner = let_in(&scene, PASSWORD);
    let (secret_key, _) = bind(&scene, &owner.new.session);
    let half = pending(&scene);
    scene.pass(TimeDelta::seconds(60));
    scene.auth.set_password("alice", &secret(OTHER), &Actor::cli()).expect("set");
    let now = code(&scene, &secret_key, 0);
    let refused = scene.auth.sign_in_with_code(half.expose(), &now, Browser::default(), at(1));
    assert!(matches!(refused, Err(SignInRefusal::Ended)));
}

#[test]
fn strangers_do_not_shut_out_a_browser_that_the_person_has_used() {
    let scene = Scene::new();
    alice(&scene);
    let owner = let_in(&scene, PASSWORD);
    let (secret_key, _) = bind(&scene, &owner.new.session);
    // Binding forgot all browsers; this one signs in again.
    scene.pass(TimeDelta::seconds(60));
    let back = scene
        .auth
        .sign_in_with_code(pending(&scene).expose(), &code(&scene, &secret_key, 0), Browser::default(), at(1))
        .expect("let in");
    let known = Browser { device: Some(back.device.expose()), session: None };
    // Passwords by the dozen from the very same network.
    for guess in 0..40 {
        let _ = scene.auth.sign_in("alice", &secret(&format!("guess {guess}")), Browser::default(), at(1));
    }
    let slowed = scene.auth.sign_in("alice", &secret(PASSWORD), Browser::default(), at(1));
    assert!(matches!(slowed, Err(SignInRefusal::Throttled(_))));
    let SignIn::SecondFactor(half) = scene.auth.sign_in("alice", &secret(PASSWORD), known, at(1)).expect("not slowed")
    else {
        panic!("a second factor is bound");
    };
    // And codes, by a thief who has the password.
    for _ in 0..12 {
        let _ = scene.auth.sign_in_with_code(half.expose(), "000000", Browser::default(), at(2));
    }
    let thief = scene.auth.sign_in_with_code(half.expose(), "000000", Browser::default(), at(2));
    assert!(matches!(thief, Err(SignInRefusal::Throttled(_))));
    scene.pass(TimeDelta::seconds(60));
    let now = code(&scene, &secret_key, 0);
    scene.auth.sign_in_with_code(half.expose(), &now, known, at(1)).expect("the owner is let in");
}

#[test]
fn many_guesses_at_once_are_not_more_than_the_limit() {
    let scene = Scene::new();
    alice(&scene);
    let wrong = std::thread::scope(|threads| {
        let guess = |number: u8| {
            let scene = &scene;
            threads.spawn(move || {
                let guess = secret(&format!("guess {number}"));
                let given = scene.auth.sign_in("alice", &guess, Browser::default(), at(number));
                matches!(given, Err(SignInRefusal::Wrong))
            })
        };
        let all: Vec<_> = (0..40).map(guess).collect();
        all.into_iter().filter_map(|thread| thread.join().ok()).filter(|wrong| *wrong).count()
    });
    assert_eq!(wrong, super::sign_in::MOST_PER_ACCOUNT);
}

#[test]
fn signing_in_often_pushes_no_other_browser_out() {
    let scene = Scene::new();
    let user = alice(&scene);
    let phone = let_in(&scene, PASSWORD);
    let mut laptop = let_in(&scene, PASSWORD);
    for _ in 0..30 {
        let browser = Browser { device: Some(laptop.device.expose()), session: Some(&laptop.new.session) };
        let SignIn::Done(next) = scene.auth.sign_in("alice", &secret(PASSWORD), browser, at(1)).expect("let in") else {
            panic!("no second factor is bound");
        };
        laptop = *next;
    }
    let digest = scene.auth.known_device(&user, Some(phone.device.expose())).expect("read");
    assert_ne!(digest, [0; 32], "the telephone is known still");
    let live = scene.auth.sessions("alice").expect("read");
    assert_eq!(live.len(), 2, "a sign-in ends the session that the browser had");
}

#[test]
fn disabling_ends_sessions_and_links_for_good() {
    let scene = Scene::new();
    alice(&scene);
    let owner = let_in(&scene, PASSWORD);
    let link = scene.auth.password_link("alice", LinkKind::Reset, &Actor::cli()).expect("a link");
    for enabled in [false, true] {
        let change = AccountChange { enabled: Some(enabled), ..AccountChange::default() };
        scene.auth.change_user("alice", &change, &Actor::cli()).expect("changed");
        assert!(!is_open(&scene, &owner));
        assert!(scene.auth.open_password_link(link.expose()).expect("read").is_none());
    }
}

#[test]
fn a_link_is_good_once_and_for_three_days() {
    let scene = Scene::new();
    scene.add("bob");
    let link = |kind| scene.auth.password_link("bob", kind, &Actor::cli()).expect("a link");
    let first = link(LinkKind::Invitation);
    let second = link(LinkKind::Reset);
    let open = |token: &PlainSecret| scene.auth.open_password_link(token.expose()).expect("read").is_some();
    assert!(!open(&first) && open(&second), "a later link ends the earlier one");
    scene.auth.use_password_link(second.expose(), &secret(PASSWORD), at(1)).expect("used");
    assert!(scene.auth.use_password_link(second.expose(), &secret(OTHER), at(1)).is_err());
    let third = link(LinkKind::Reset);
    scene.pass(TimeDelta::hours(72));
    assert!(!open(&third));
    for none in ["", "lki-", Token::Link.generate().expose(), Token::Session.generate().expose()] {
        assert!(scene.auth.open_password_link(none).expect("read").is_none());
    }
}

#[test]
fn a_clock_that_was_ahead_locks_nobody_out() {
    let scene = Scene::new();
    alice(&scene);
    scene.pass(TimeDelta::days(2));
    let ahead = let_in(&scene, PASSWORD);
    let (secret_key, _) = bind(&scene, &ahead.new.session);
    scene.pass(TimeDelta::days(-2));
    assert!(!scene.auth.is_fresh(&ahead.new.session), "a proof of a time to come is none");
    let now = code(&scene, &secret_key, 0);
    scene.auth.sign_in_with_code(pending(&scene).expose(), &now, Browser::default(), at(1)).expect("let in");
}

#[test]
fn who_sets_a_password_by_link_is_not_slowed_by_strangers() {
    let scene = Scene::new();
    alice(&scene);
    let link = scene.auth.password_link("alice", LinkKind::Reset, &Actor::cli()).expect("a link");
    for guess in 0..12 {
        let _ = scene.auth.sign_in("alice", &secret(&format!("guess {guess}")), Browser::default(), at(9));
    }
    let device = scene.auth.use_password_link(link.expose(), &secret(OTHER), at(1)).expect("set");
    let stranger = scene.auth.sign_in("alice", &secret(OTHER), Browser::default(), at(1));
    assert!(matches!(stranger, Err(SignInRefusal::Throttled(_))));
    let own = Browser { device: Some(device.expose()), session: None };
    assert!(matches!(scene.auth.sign_in("alice", &secret(OTHER), own, at(1)), Ok(SignIn::Done(_))));
}

#[test]
fn the_last_second_factor_stays_where_one_is_required() {
    let scene = Scene::new();
    let user = alice(&scene);
    let owner = let_in(&scene, PASSWORD);
    bind(&scene, &owner.new.session);
    let require = |who: &str| {
        let change = [(SettingName::SecondFactorFor, Some(who.to_owned()))];
        scene.auth.change_settings(&change, &Actor::cli()).expect("set");
    };
    require("everybody");
    assert!(matches!(scene.auth.remove_totp(&user, &Actor::cli()), Err(Error::Refused(_))));
    let kept = scene.auth.second_factors("alice").expect("read");
    assert!(kept.totp_since.is_some() && kept.recovery_codes == 10, "nothing was taken off");
    require("nobody");
    scene.auth.remove_totp(&user, &Actor::cli()).expect("removed");
    assert!(!scene.auth.second_factors("alice").expect("read").any());
}
