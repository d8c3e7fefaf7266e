//! Sign-ins under way, and sessions that a provider ends.

use chrono::TimeDelta;

use super::*;
use crate::auth::api_token::digest;
use crate::auth::company::CompanyEntry;
use crate::auth::company::flows::{Flow, Flows, InVain, Purpose};
use crate::directory::oidc::{Intent, Logout, Ticket};

fn flow(scene: &Scene) -> Flow {
    let ticket = Ticket {
        nonce: secret("nonce"),
        verifier: secret("verifier"),
        redirect: "https://drive.example/login/oidc/contoso/callback".to_owned(),
        intent: Intent::SignIn,
        at: scene.auth.0.clock.now(),
    };
    let (provider, next) = ("contoso".to_owned(), "/profile".to_owned());
    Flow { provider, ticket, purpose: Purpose::SignIn, next, browser: digest("hers") }
}

#[test]
fn a_sign_in_under_way_is_good_for_a_quarter_of_an_hour_once_in_its_own_browser() {
    let scene = scene();
    let flows = Flows::default();
    let begin = |state: &str| flows.add(state, flow(&scene));
    let is_taken = |state: &str, provider: &str, browser: &str| {
        flows.take(state, provider, browser, scene.auth.0.clock.now()).is_some()
    };
    begin("in time");
    begin("too late");
    scene.pass(TimeDelta::minutes(15) - TimeDelta::milliseconds(1));
    assert!(!is_taken("another", "contoso", "hers"), "nobody began it");
    assert!(is_taken("in time", "contoso", "hers"));
    assert!(!is_taken("in time", "contoso", "hers"), "once");
    scene.pass(TimeDelta::milliseconds(1));
    assert!(!is_taken("too late", "contoso", "hers"));
    begin("slipped");
    assert!(flows.look_at("slipped", "his", |_| ()).is_none());
    assert!(flows.look_at("slipped", "hers", |_| ()).is_some());
    assert!(!is_taken("slipped", "contoso", "his"), "an answer that is slipped to another browser");
    begin("mixed up");
    assert!(!is_taken("mixed up", "fabrikam", "hers"), "an answer of another provider");
}

#[test]
fn whoever_was_asked_for_consent_in_vain_is_asked_again_after_a_day() {
    let scene = scene();
    let in_vain = InVain::default();
    let [alice, bob] = ["1", "2"].map(|subject| person("contoso", subject, "somebody").identity);
    let was_asked = |identity| in_vain.was_noted(identity, scene.auth.0.clock.now());
    in_vain.note(&alice, scene.auth.0.clock.now());
    assert!(was_asked(&alice) && !was_asked(&bob));
    scene.pass(TimeDelta::days(1) - TimeDelta::milliseconds(1));
    assert!(was_asked(&alice));
    scene.pass(TimeDelta::milliseconds(1));
    assert!(!was_asked(&alice));
}

/// A session that a provider began, by its name for it.
fn begin(scene: &Scene, user: &User, provider: &str, sid: Option<&str>) -> SignedIn {
    let (provider, sid) = (Some(provider.to_owned()), sid.map(ToOwned::to_owned));
    let company = CompanyEntry { provider, sid, ..CompanyEntry::default() };
    match scene.auth.company_let_in(user, "oidc", company, Browser::default(), AT).expect("let in") {
        SignIn::Done(signed_in) => *signed_in,
        SignIn::SecondFactor(_) => panic!("no second factor is bound"),
    }
}

#[test]
fn a_provider_ends_the_session_that_it_names_and_those_without_a_name() {
    let scene = scene();
    let alice = arrive(&scene, "contoso", &person("contoso", "1", "alice")).expect("let in");
    let bob = arrive(&scene, "contoso", &person("contoso", "2", "bob")).expect("let in");
    let all = || {
        let of_alice = [Some("one"), Some("two"), None].map(|sid| begin(&scene, &alice, "contoso", sid));
        let elsewhere = begin(&scene, &alice, "fabrikam", Some("one"));
        let [one, two, nameless] = of_alice;
        [one, two, nameless, elsewhere, begin(&scene, &bob, "contoso", None)]
    };
    let end = |number: &str, identity: bool, sid: Option<&str>| {
        let identity = identity.then(|| person("contoso", "1", "alice").identity);
        let logout = Logout { identity, sid: sid.map(ToOwned::to_owned), jti: number.to_owned() };
        scene.auth.end_by_provider("contoso", &logout, AT).expect("ended")
    };
    let left = |sessions: &[SignedIn; 5]| sessions.each_ref().map(|session| is_open(&scene, session));
    let sessions = all();
    assert_eq!(end("1", true, Some("one")), 2);
    assert_eq!(left(&sessions), [false, true, false, true, true], "a session without a name may be that one");
    let sessions = all();
    assert_eq!(end("2", false, Some("one")), 1);
    assert_eq!(left(&sessions), [false, true, true, true, true], "nobody is named, so nobody's others end");
    assert_eq!(end("3", true, Some("of another browser")), 1);
    assert_eq!(left(&sessions), [false, true, false, true, true]);
    assert_eq!(end("4", true, None), 2, "both that have a name and are left");
    assert_eq!(left(&sessions), [false, false, false, true, true], "without a name, all of hers by this provider");
}

#[test]
fn a_logout_token_is_used_up_by_the_deed_and_not_before() {
    let scene = scene();
    let alice = arrive(&scene, "contoso", &person("contoso", "1", "alice")).expect("let in");
    let session = begin(&scene, &alice, "contoso", Some("one"));
    let logout = Logout { identity: None, sid: Some("one".to_owned()), jti: "jti".to_owned() };
    let end = || scene.auth.end_by_provider("contoso", &logout, AT);
    let is_used_up = |key: &str| scene.auth.0.company.heard.was_taken(key, scene.auth.0.clock.now());
    let rename = |sql: &str| {
        let run = |tx: &rusqlite::Transaction<'_>| tx.execute_batch(sql).map_err(store::Error::from);
        scene.auth.0.store.write(run).expect("renamed");
    };
    rename("ALTER TABLE session RENAME TO elsewhere");
    end().expect_err("the database fails");
    assert!(!is_used_up("contoso jti"), "the provider may tell it again");
    rename("ALTER TABLE elsewhere RENAME TO session");
    assert!(is_open(&scene, &session));
    assert_eq!(end().expect("ended"), 1);
    assert!(is_used_up("contoso jti"));
    assert!(!is_used_up("fabrikam jti"), "each provider counts its own");
    scene.pass(TimeDelta::minutes(15) - TimeDelta::milliseconds(1));
    assert!(is_used_up("contoso jti"), "for longer than the token is good");
}
