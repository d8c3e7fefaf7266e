//! Who becomes which account, and how the two are joined and taken apart.

use super::*;
use crate::auth::{AccountChange, Error, LinkKind, LinkTo, NewAccount};
use crate::model::Home;

#[test]
fn the_key_is_issuer_and_subject_and_never_an_address() {
    let scene = scene();
    let with_email = |provider, subject| Person {
        email: Some("Alice@Example.org".to_owned()),
        ..person(provider, subject, "alice")
    };
    let first = arrive(&scene, "contoso", &with_email("contoso", "1")).expect("let in");
    let second = arrive_from_ldap(&scene, &Person { email: Some("alice@example.org".into()), ..member("1", "alice") });
    assert_ne!(first.id, second.id, "the same address at two directories is two people");
    assert_eq!((first.name.as_str(), first.email.as_deref()), ("alice", Some("alice@example.org")));
    assert_eq!((second.name.as_str(), second.email), ("alice-2", None));
    let renamed = Person { login_names: vec!["alicia".to_owned()], ..with_email("contoso", "1") };
    assert_eq!(arrive(&scene, "contoso", &renamed).expect("let in").id, first.id, "a rename keeps the account");
    let other = arrive(&scene, "contoso", &with_email("contoso", "2")).expect("let in");
    assert_eq!(other.name.as_str(), "alice-3", "made again under the same name is somebody else");
}

#[test]
fn an_account_follows_the_provider_but_takes_nobodys_address() {
    let scene = scene();
    let bob = Person { email: Some("bob@example.org".to_owned()), ..person("contoso", "2", "bob") };
    arrive(&scene, "contoso", &bob).expect("let in");
    let said = |shown: &str, display_name: &str, email: Option<&str>| Person {
        shown: shown.to_owned(),
        display_name: display_name.to_owned(),
        email: email.map(ToOwned::to_owned),
        ..person("contoso", "1", "alice")
    };
    let known = |person: &Person| {
        let alice = arrive(&scene, "contoso", person).expect("let in");
        assert_eq!(alice.name.as_str(), "alice", "the folder and the password of a drive go by it");
        (link_of(&scene, &alice).shown, alice.display_name, alice.email)
    };
    let expected = |shown: &str, name: &str, email: &str| (shown.to_owned(), name.to_owned(), Some(email.to_owned()));
    let first = known(&said("alice", "Alice Miller", Some("alice@example.org")));
    assert_eq!(first, expected("alice", "Alice Miller", "alice@example.org"));
    let married = known(&said("alice.smith", "Alice Smith", Some("Smith@Example.org")));
    assert_eq!(married, expected("alice.smith", "Alice Smith", "smith@example.org"));
    let taken = known(&said("alice.smith", "Alice Jones", Some("BOB@example.org")));
    assert_eq!(taken, expected("alice.smith", "Alice Jones", "smith@example.org"), "Bob has that one");
    let silent = known(&said("alice.smith", "", None));
    assert_eq!(silent, expected("alice.smith", "Alice Jones", "smith@example.org"), "what is not said stays");
    assert_eq!(scene.auth.user("bob").expect("there").email.as_deref(), Some("bob@example.org"));
}

#[test]
fn a_hostile_name_from_a_claim_becomes_a_harmless_folder() {
    let scene = scene();
    for (subject, login, expected) in [("1", "../../etc", "etc"), ("2", "..", "user"), ("3", "a/../../b", "a-b")] {
        let user = arrive(&scene, "contoso", &person("contoso", subject, login)).expect("let in");
        assert_eq!(user.name.as_str(), expected);
        assert_eq!(user.home, Home::Inside(expected.to_owned()));
        assert!(scene.folder.path().join("storage/files").join(expected).is_dir());
    }
    let shown = Person { display_name: "A\u{202e}da\0 \r\nSet-Cookie".to_owned(), ..person("contoso", "4", "ada") };
    let ada = arrive(&scene, "contoso", &shown).expect("let in");
    assert_eq!(ada.display_name, "Ada Set-Cookie");
}

#[test]
fn only_where_it_is_allowed_does_a_sign_in_make_an_account() {
    let scene = scene();
    for provider in ["fabrikam", "closed"] {
        let told = refusal(arrive(&scene, provider, &person(provider, "1", "alice")));
        assert!(matches!(told, CompanyRefusal::NoAccount), "{told:?}");
    }
    assert!(scene.auth.users().expect("listed").is_empty());
    let bob = scene.add("bob");
    let token = scene.auth.password_link("bob", LinkKind::Invitation, &Actor::cli()).expect("made");
    let join = |provider: &str, subject: &str| {
        let source = source(&scene, DirectoryKind::Oidc, provider);
        scene.auth.join_by_link(token.expose(), source, &person(provider, subject, "b"), None, AT)
    };
    assert!(matches!(refusal(join("closed", "9")), CompanyRefusal::NoAccount), "off is off");
    assert_eq!(join("fabrikam", "7").expect("joined").id, bob.id);
    assert!(matches!(refusal(join("fabrikam", "8")), CompanyRefusal::LinkEnded), "a link is good once");
    let again = arrive(&scene, "fabrikam", &person("fabrikam", "7", "b")).expect("let in");
    assert_eq!(again.name.as_str(), "bob");
    let off = LinkTo::Oidc { provider: "closed".to_owned(), subject: "sub-1".to_owned() };
    scene.add("carol");
    scene.auth.link_user("carol", &off, &Actor::cli()).expect("an administrator may");
    let carol = arrive(&scene, "closed", &person("closed", "sub-1", "whoever")).expect("let in");
    assert_eq!(carol.name.as_str(), "carol");
}

#[test]
fn a_company_account_has_no_password_of_its_own() {
    let scene = scene();
    scene.add_admin("root");
    scene.auth.set_password("root", &secret("vermilion otter"), &Actor::cli()).expect("set");
    scene.add("alice");
    scene.auth.set_password("alice", &secret("cobalt teapot"), &Actor::cli()).expect("set");
    let to = LinkTo::Oidc { provider: "contoso".to_owned(), subject: "1".to_owned() };
    scene.auth.link_user("alice", &to, &Actor::cli()).expect("joined");
    let alice = scene.auth.user("alice").expect("there");
    assert!(!scene.auth.has_password(&alice).expect("read"));
    let refused = scene.auth.set_password("alice", &secret("cobalt teapot"), &Actor::cli());
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    let refused = scene.auth.password_link("alice", LinkKind::Reset, &Actor::cli());
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    let taken = scene.auth.link_user("root", &to, &Actor::cli());
    assert!(matches!(refusal(taken), CompanyRefusal::Taken));
    let other = LinkTo::Oidc { provider: "contoso".to_owned(), subject: "2".to_owned() };
    let refused = scene.auth.link_user("root", &other, &Actor::cli());
    assert!(
        matches!(refused, Err(SignInRefusal::Failed(Error::Refused(_)))),
        "an administrator whose password is kept here is always left: {refused:?}"
    );
    for subject in ["", "a\0b", &"x".repeat(256)] {
        let bad = LinkTo::Oidc { provider: "contoso".to_owned(), subject: subject.to_owned() };
        let refused = scene.auth.link_user("alice", &bad, &Actor::cli());
        assert!(matches!(refused, Err(SignInRefusal::Failed(Error::Invalid { .. }))), "{subject:?}");
    }
}

#[test]
fn taken_apart_what_the_directory_has_ended_stays_ended() {
    let scene = scene();
    let alice = arrive(&scene, "contoso", &person("contoso", "1", "alice")).expect("let in");
    let bob = arrive(&scene, "contoso", &person("contoso", "2", "bob")).expect("let in");
    end(&scene, &alice, Ending::Disabled);
    let after = scene.auth.unlink_user("alice", &Actor::cli()).expect("taken apart");
    assert!(after.disabled_at.is_some() && after.suspended.is_none());
    let after = scene.auth.unlink_user("bob", &Actor::cli()).expect("taken apart");
    assert!(after.is_active());
    assert!(matches!(scene.auth.unlink_user("bob", &Actor::cli()), Err(Error::Refused(_))));
    scene.auth.password_link("bob", LinkKind::Reset, &Actor::cli()).expect("an account of this server again");
    let new = arrive(&scene, "contoso", &person("contoso", "2", "bob")).expect("let in");
    assert_ne!(new.id, bob.id, "the company account gets one of its own");
}

#[test]
fn the_directory_says_who_administers() {
    let scene = scene();
    let admin = |is_admin| Person { is_admin, ..person("contoso", "1", "alice") };
    assert!(arrive(&scene, "contoso", &admin(Some(true))).expect("let in").is_admin);
    assert!(arrive(&scene, "contoso", &admin(None)).expect("let in").is_admin, "it says nothing");
    assert!(!arrive(&scene, "contoso", &admin(Some(false))).expect("let in").is_admin);
    let disabled = AccountChange { enabled: Some(false), ..AccountChange::default() };
    scene.auth.change_user("alice", &disabled, &Actor::cli()).expect("disabled");
    let told = refusal(arrive(&scene, "contoso", &admin(Some(true))));
    assert!(matches!(told, CompanyRefusal::DisabledHere), "the directory does not enable what is disabled here");
    assert!(!scene.auth.user("alice").expect("there").is_admin);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_of_this_server_is_never_shown_to_a_directory() {
    let scene = scene();
    let new = NewAccount { password: Some(secret("vermilion otter ladder")), ..NewAccount::named("root") };
    scene.auth.add_user(&new, &Actor::cli()).expect("added");
    let auth = scene.auth.clone();
    let sign_in = move |name: &'static str, password: &'static str| {
        let auth = auth.clone();
        async move {
            let work = move || auth.sign_in(name, &secret(password), Browser::default(), AT).map(|_| ());
            tokio::task::spawn_blocking(work).await.expect("done")
        }
    };
    // The directory is down; whoever is kept here gets in, and is told that a password is wrong.
    sign_in("root", "vermilion otter ladder").await.expect("let in");
    assert!(matches!(sign_in("root", "cobalt teapot").await, Err(SignInRefusal::Wrong)));
    let told = refusal(sign_in("somebody", "cobalt teapot").await);
    assert_eq!(
        told.to_string(),
        "staff does not answer right now. Please try again later. Application passwords go on working."
    );
    assert!(matches!(sign_in("somebody", "").await, Err(SignInRefusal::Wrong)), "an empty one is asked of nobody");
}

#[test]
fn another_entry_of_the_same_issuer_neither_ends_nor_frees_an_account() {
    let second = "[[oidc]]\nname = \"visitors\"\nlabel = \"Visitors\"\nissuer = \"https://login.contoso.example\"\n\
                  client_id = \"latchkey\"\n";
    let scene = Scene::with(&format!("{DIRECTORIES}{second}"));
    let alice = arrive(&scene, "contoso", &person("contoso", "1", "alice")).expect("let in");
    let outside = Person { ending: Some(Ending::NotAllowed), ..person("contoso", "1", "alice") };
    for by_the_other in [outside.clone(), person("contoso", "1", "alice")] {
        let told = refusal(arrive(&scene, "visitors", &by_the_other));
        assert_eq!(told.to_string(), "Your account comes from contoso. Please sign in with it.");
        assert!(reload(&scene, &alice).is_active(), "nothing has ended");
    }
    refusal(arrive(&scene, "contoso", &outside));
    refusal(arrive(&scene, "visitors", &person("contoso", "1", "alice")));
    assert!(!reload(&scene, &alice).is_active(), "what its own entry has ended is not lifted by the other");
    assert_eq!(link_of(&scene, &alice).directory, "contoso");
}

#[test]
fn a_link_joins_no_account_that_it_could_not_open_alone() {
    let scene = scene();
    let root = NewAccount { is_admin: true, password: Some(secret("vermilion otter")), ..NewAccount::named("root") };
    scene.auth.add_user(&root, &Actor::cli()).expect("added");
    let join = |user: &str, subject: &str| {
        let token = scene.auth.password_link(user, LinkKind::Reset, &Actor::cli()).expect("made");
        let source = source(&scene, DirectoryKind::Oidc, "contoso");
        scene.auth.join_by_link(token.expose(), source, &person("contoso", subject, user), None, AT)
    };
    let refused = join("root", "1");
    assert!(
        matches!(refused, Err(SignInRefusal::Failed(Error::Refused(_)))),
        "the last local administrator: {refused:?}"
    );
    let bob = scene.add("bob");
    let now = scene.auth.0.clock.now();
    let bind = |tx: &rusqlite::Transaction<'_>| store::second_factor::bind_totp(tx, bob.id, b"sealed", 0, now);
    assert!(scene.auth.0.store.write(bind).expect("bound"));
    let refused = join("bob", "2");
    assert!(matches!(refused, Err(SignInRefusal::Failed(Error::Refused(_)))), "it has a second factor: {refused:?}");
    assert!(scene.auth.link_of(&bob).expect("read").is_none());
}

/// A sign-in by a provider that does not say when it asked for a proof.
#[test]
fn going_to_a_silent_provider_and_back_makes_an_open_browser_no_fresher() {
    let scene = scene();
    let alice = arrive(&scene, "contoso", &person("contoso", "1", "alice")).expect("let in");
    let first = let_in(&scene, &alice).new.session;
    assert!(scene.auth.is_fresh(&first));
    scene.pass(chrono::TimeDelta::minutes(30));
    assert!(!scene.auth.is_fresh(&first));
    let company = crate::auth::company::CompanyEntry { provider: Some("contoso".to_owned()), ..Default::default() };
    let browser = Browser { session: Some(&first), ..Browser::default() };
    let again = scene.auth.company_let_in(&alice, "oidc:contoso", company, browser, AT).expect("let in");
    let SignIn::Done(again) = again else { panic!("no second factor is bound") };
    assert!(!scene.auth.is_fresh(&again.new.session), "nothing was proven");
}
