//! An account is confirmed, unconfirmed, suspended, and alive again.

use std::time::Duration;

use chrono::TimeDelta;

use super::*;
use crate::auth::company::recheck_ldap::Lost;

const GRACE: Duration = Duration::from_hours(72);

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_account_opens_nothing_and_its_passwords_work_again_afterwards() {
    let scene = scene();
    let alice = arrive(&scene, "contoso", &person("contoso", "1", "alice")).expect("let in");
    let header = issue(&scene, &alice);
    let session = let_in(&scene, &alice);
    assert!(opens(&scene, &header).await && is_open(&scene, &session));
    end(&scene, &alice, Ending::Disabled);
    assert!(!opens(&scene, &header).await, "also a remembered password");
    assert!(!is_open(&scene, &session));
    let suspended = reload(&scene, &alice).suspended.expect("suspended");
    assert_eq!(suspended.because, Ending::Disabled);
    let again = arrive(&scene, "contoso", &person("contoso", "1", "alice")).expect("the provider lets her in again");
    assert_eq!((again.id, again.suspended), (alice.id, None));
    assert!(opens(&scene, &header).await, "nothing was revoked");
    assert!(!is_open(&scene, &session), "sessions had ended");
    let kinds = audit_kinds(&scene);
    assert!(kinds.contains(&"user.suspend".to_owned()) && kinds.contains(&"user.resume".to_owned()), "{kinds:?}");
}

#[test]
fn a_word_against_somebody_at_the_sign_in_counts_at_once() {
    let scene = scene();
    let alice = arrive_from_ldap(&scene, &member("a", "alice"));
    let disabled = Person { ending: Some(Ending::Disabled), ..member("a", "alice") };
    let told = refusal(scene.auth.arrive(source(&scene, DirectoryKind::Ldap, "staff"), &disabled, None, AT));
    assert_eq!(told.to_string(), "Your account at staff is disabled.");
    assert_eq!(reload(&scene, &alice).suspended.map(|suspended| suspended.because), Some(Ending::Disabled));
    // Nobody is made an account of for being turned away.
    let stranger = Person { ending: Some(Ending::NotAllowed), ..member("b", "bob") };
    refusal(scene.auth.arrive(source(&scene, DirectoryKind::Ldap, "staff"), &stranger, None, AT));
    assert!(scene.auth.user("bob").is_err());
}

#[test]
fn who_is_shown_no_more_at_a_sign_in_is_refused_and_left_to_the_looks() {
    let scene = scene();
    let alice = arrive_from_ldap(&scene, &member("a", "alice"));
    let told = |ending| {
        let person = Person { ending: Some(ending), ..member("a", "alice") };
        refusal(scene.auth.arrive(source(&scene, DirectoryKind::Ldap, "staff"), &person, None, AT)).to_string()
    };
    assert_eq!(told(Ending::NotAllowed), "Your account at staff is not among those who may use this server.");
    assert!(reload(&scene, &alice).is_active(), "it may be everybody, so the looks decide");
    assert!(told(Ending::Gone).starts_with("Your account at staff "));
    assert!(reload(&scene, &alice).is_active());
    assert_eq!(link_of(&scene, &alice).missing, 0, "nor does it count as a look");
    for ending in [Ending::Expired, Ending::Disabled] {
        arrive_from_ldap(&scene, &member("a", "alice"));
        assert!(reload(&scene, &alice).is_active());
        told(ending);
        assert_eq!(reload(&scene, &alice).suspended.map(|suspended| suspended.because), Some(ending));
    }
    // A provider says it of one person alone.
    let bob = arrive(&scene, "contoso", &person("contoso", "2", "bob")).expect("let in");
    let out = Person { ending: Some(Ending::NotAllowed), ..person("contoso", "2", "bob") };
    refusal(arrive(&scene, "contoso", &out));
    assert_eq!(reload(&scene, &bob).suspended.map(|suspended| suspended.because), Some(Ending::NotAllowed));
}

#[test]
fn an_unconfirmed_account_goes_on_for_the_grace_and_no_longer() {
    let scene = scene();
    let alice = arrive(&scene, "contoso", &person("contoso", "1", "alice")).expect("let in");
    let look = || {
        let mut link = link_of(&scene, &alice);
        let now = scene.auth.0.clock.now_in_millis();
        scene.auth.0.store.write(|tx| scene.auth.unconfirm(tx, &mut link, "the token is good no more", GRACE, now))
    };
    look().expect("written");
    let since = link_of(&scene, &alice).unconfirmed_since.expect("unconfirmed");
    let company = scene.auth.company_account(&alice).expect("read").expect("hers");
    assert_eq!(company.sign_in_before, Some(since + TimeDelta::hours(72)), "she is told");
    scene.pass(TimeDelta::hours(71));
    look().expect("written");
    assert_eq!(link_of(&scene, &alice).unconfirmed_since, Some(since), "counted from the first time");
    assert!(reload(&scene, &alice).is_active());
    scene.pass(TimeDelta::hours(1));
    look().expect("written");
    assert_eq!(reload(&scene, &alice).suspended.map(|suspended| suspended.because), Some(Ending::Unconfirmed));
    assert_eq!(audit_kinds(&scene).iter().filter(|kind| *kind == "user.unconfirmed").count(), 1, "said once");
    let again = arrive(&scene, "contoso", &person("contoso", "1", "alice")).expect("a sign-in lifts it");
    assert!(again.is_active() && link_of(&scene, &alice).unconfirmed_since.is_none());
}

/// Accounts of the LDAP directory, by the letters of their names.
fn members(scene: &Scene, names: &str) -> Vec<User> {
    names.chars().map(|name| arrive_from_ldap(scene, &member(&name.to_string(), &name.to_string()))).collect()
}

/// A pass in which these are not shown any more.
async fn pass(scene: &Scene, lost: &[(&User, Ending)], active: usize) -> Option<String> {
    let lost = lost.iter().map(|(user, because)| Lost { link: link_of(scene, user), because: *because }).collect();
    scene.auth.lose(lost, active, scene.auth.0.clock.now_in_millis()).await.expect("written")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_gone_is_suspended_after_two_looks_in_a_row() {
    let scene = scene();
    let all = members(&scene, "abcde");
    assert_eq!(pass(&scene, &[(&all[0], Ending::Gone)], 5).await, None);
    assert!(reload(&scene, &all[0]).is_active(), "once may be a mistake");
    // Seen again in between: counted from the start.
    arrive_from_ldap(&scene, &member("a", "a"));
    pass(&scene, &[(&all[0], Ending::Gone)], 5).await;
    assert!(reload(&scene, &all[0]).is_active());
    pass(&scene, &[(&all[0], Ending::Gone)], 5).await;
    assert_eq!(reload(&scene, &all[0]).suspended.map(|suspended| suspended.because), Some(Ending::Gone));
    pass(&scene, &[(&all[1], Ending::NotAllowed)], 4).await;
    assert!(!reload(&scene, &all[1]).is_active(), "out of the group counts at once");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_more_than_a_fifth_vanishes_nobody_is_suspended() {
    let scene = scene();
    let all = members(&scene, "abcdefghij");
    let three: Vec<(&User, Ending)> = all.iter().take(3).map(|user| (user, Ending::Gone)).collect();
    for _ in 0..4 {
        let alarm = pass(&scene, &three, 10).await.expect("an administrator is told");
        assert!(alarm.starts_with("3 of 10 accounts"), "{alarm}");
    }
    let groups: Vec<(&User, Ending)> = all.iter().map(|user| (user, Ending::NotAllowed)).collect();
    pass(&scene, &groups, 10).await.expect("the group was renamed, and everybody is out of it");
    assert!(all.iter().all(|user| reload(&scene, user).is_active()));
    // A fifth is not more than a fifth.
    for _ in 0..2 {
        assert_eq!(pass(&scene, &three[..2], 10).await, None);
    }
    assert!(!reload(&scene, &all[0]).is_active() && !reload(&scene, &all[1]).is_active());
    assert!(reload(&scene, &all[2]).is_active());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_does_not_answer_changes_nothing_and_is_told() {
    let scene = scene();
    let alice = arrive_from_ldap(&scene, &member("a", "alice"));
    let bob = arrive(&scene, "contoso", &person("contoso", "2", "bob")).expect("let in");
    let sealed = scene.auth.seal_refresh_token(&secret("refresh me")).expect("sealed");
    let link = link_of(&scene, &bob);
    let keep = |tx: &rusqlite::Transaction<'_>| store::identity::set_refresh_token(tx, link.id, Some(&sealed));
    scene.auth.0.store.write(keep).expect("kept");
    for _ in 0..3 {
        scene.pass(TimeDelta::hours(2));
        for directory in scene.auth.directory_refs() {
            scene.auth.look_after(&directory).await.expect("looked");
        }
    }
    assert!(reload(&scene, &alice).is_active() && reload(&scene, &bob).is_active());
    assert_eq!(link_of(&scene, &alice).missing, 0);
    assert_eq!(link_of(&scene, &bob).unconfirmed_since, None);
    let told = scene.auth.directories().expect("read");
    for name in ["staff", "contoso"] {
        let one = told.iter().find(|one| one.name == name).expect("listed");
        assert!(one.state.failing.is_some(), "{one:?}");
        assert_eq!((one.accounts, one.suspended, one.unconfirmed), (1, 0, 0));
    }
}

#[test]
fn a_look_that_took_a_while_says_nothing_about_who_has_signed_in_meanwhile() {
    let scene = scene();
    let alice = arrive(&scene, "contoso", &person("contoso", "1", "alice")).expect("let in");
    let seen = link_of(&scene, &alice);
    let still =
        |seen: &CompanyLink| scene.auth.0.store.write(|tx| crate::auth::Auth::still(tx, seen)).expect("read").is_some();
    assert!(still(&seen));
    scene.pass(TimeDelta::seconds(5));
    arrive(&scene, "contoso", &person("contoso", "1", "alice")).expect("let in");
    assert!(!still(&seen), "what was seen is older than the sign-in");
    let seen = link_of(&scene, &alice);
    scene.auth.unlink_user("alice", &Actor::cli()).expect("taken apart");
    assert!(!still(&seen), "the account is of this server now");
}

#[test]
fn whoever_is_put_back_into_a_group_needs_no_sign_in() {
    let scene = scene();
    let alice = arrive(&scene, "contoso", &person("contoso", "1", "alice")).expect("let in");
    let sealed = scene.auth.seal_refresh_token(&secret("refresh me")).expect("sealed");
    let link = link_of(&scene, &alice);
    let token = || scene.auth.0.store.read(|c| store::identity::refresh_token(c, link.id)).expect("read");
    let keep = |tx: &rusqlite::Transaction<'_>| store::identity::set_refresh_token(tx, link.id, Some(&sealed));
    scene.auth.0.store.write(keep).expect("kept");
    end(&scene, &alice, Ending::NotAllowed);
    assert!(token().is_some(), "there is something to ask by");
    end(&scene, &alice, Ending::Disabled);
    assert!(token().is_none(), "this takes a sign-in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_wrong_keeps_nobody_from_being_looked_at() {
    let scene = scene();
    let alice = arrive(&scene, "contoso", &person("contoso", "1", "alice")).expect("let in");
    scene.pass(TimeDelta::days(-400));
    let now = scene.auth.0.clock.now_in_millis();
    let due = |before| {
        let all = |c: &rusqlite::Connection| store::identity::due(c, DirectoryKind::Oidc, "contoso", before, now, 10);
        scene.auth.0.store.read(all).expect("read").len()
    };
    assert_eq!(due(now - TimeDelta::hours(1)), 1, "{}", alice.name);
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_go_with_their_issuer_only_when_no_entry_of_their_name_is_left() {
    let scene = scene();
    let come_by = |subject: &str, provider: &str, directory: &str| {
        let user = arrive(&scene, provider, &person(provider, subject, subject)).expect("let in");
        let mut link = link_of(&scene, &user);
        directory.clone_into(&mut link.directory);
        scene.auth.0.store.write(|tx| store::identity::update(tx, &link)).expect("written");
        user
    };
    let renamed = come_by("renamed", "contoso", "old-name");
    let kept = come_by("kept", "contoso", "fabrikam");
    let elsewhere = come_by("elsewhere", "contoso", "old-name");
    let issuer = |tx: &rusqlite::Transaction<'_>| {
        let sql = "UPDATE identity SET issuer = 'https://login.elsewhere.example' WHERE user_id = ?1";
        tx.execute(sql, [elsewhere.id]).map_err(store::Error::from)
    };
    assert_eq!(scene.auth.0.store.write(issuer).expect("written"), 1);
    let directory = |user: &User| link_of(&scene, user).directory;
    for directory in scene.auth.directory_refs() {
        scene.auth.look_after(&directory).await.expect("looked");
    }
    assert_eq!(directory(&renamed), "contoso", "the entry has another name, and is the same provider");
    assert_eq!(directory(&kept), "fabrikam", "there is an entry of that name");
    assert_eq!(directory(&elsewhere), "old-name", "nobody is handed to a provider that does not know them");
}
