//! People, names and passwords at OpenLDAP.

use latchkey::directory::ldap::{Lookup, PasswordAnswer};
use latchkey::model::Ending;

use super::assert_unreachable;
use super::slapd::{SUFFIX, Slapd};

const ADA: &str = "uid=ada,ou=people,dc=example,dc=test";
const BOB: &str = "uid=bob,ou=people,dc=example,dc=test";

fn replace(dn: &str, attribute: &str, value: &str) -> String {
    format!("dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n")
}

#[tokio::test]
async fn somebody_signs_in_by_login_name_or_address() {
    let server = Slapd::start();
    let office = server.office();
    let ada = office.get("ada").await;
    assert_eq!(office.get("countess@example.test").await, ada);
    assert_eq!(office.get(" ADA ").await, ada, "case and spaces around mean nothing to a directory");
    assert_eq!(ada.dn, ADA);
    assert_eq!(ada.person.identity.issuer, "ldap:office");
    assert_eq!(ada.person.identity.subject.len(), 36, "an entryUUID");
    assert_eq!(ada.person.login_names, ["ada", "countess"]);
    assert_eq!(ada.person.display_name, "Ada Lovelace");
    assert_eq!(ada.person.email.as_deref(), Some("countess@example.test"));
    assert_eq!((ada.person.is_admin, ada.person.ending, ada.person.shown.as_str()), (None, None, ADA));
    assert_eq!(office.password("ada", "ada's own").await, PasswordAnswer::Right);
    assert_eq!(office.password("countess@example.test", "ada's own").await, PasswordAnswer::Right);
    assert_eq!(office.password("ada", "bob's own").await, PasswordAnswer::Wrong);
    assert_eq!(office.find("nobody").await, None);
    let bob = office.get("bob").await;
    assert_eq!((bob.person.email, bob.person.login_names.as_slice()), (None, ["bob".to_owned()].as_slice()));
}

#[tokio::test]
async fn what_is_typed_is_never_read_as_a_filter() {
    let server = Slapd::start();
    let office = server.office();
    for name in
        ["*", "a*", "ada)(uid=*", ")(uid=*", "*)(|(uid=*", "ada\0", "\0", "\\61da", "a\\64a", "ada)", "(ada", "&", "|"]
    {
        assert_eq!(office.find(name).await, None, "{name:?}");
    }
    assert_eq!(office.find("").await, None);
    assert_eq!(office.find("  ").await, None);
    assert_eq!(office.find(&"a".repeat(100_000)).await, None);
    server.add(&format!(
        "dn: uid=odd,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: odd\nuid: a*(b)\\c\ncn: o\nsn: o\n"
    ));
    assert_eq!(office.get("a*(b)\\c").await.dn, format!("uid=odd,ou=people,{SUFFIX}"));
}

#[tokio::test]
async fn a_name_of_two_people_is_nobodys() {
    let server = Slapd::start();
    let office = server.office();
    server.modify(&replace(BOB, "mail", "countess@example.test"));
    assert_eq!(office.find("countess@example.test").await, None);
    assert!(office.find("ada").await.is_some() && office.find("bob").await.is_some());
    for name in ["c", "d"] {
        server.add(&format!("dn: uid={name},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: x\nsn: x\nmail: countess@example.test\n"));
    }
    assert_eq!(office.find("countess@example.test").await, None, "more than were asked for");
}

#[tokio::test]
async fn somebody_elses_login_name_for_an_address_keeps_nobody_out() {
    let server = Slapd::start();
    let office = server.office();
    server.modify(&replace(BOB, "mail", "ada"));
    assert_eq!(office.get("ada").await.dn, ADA);
    assert_eq!(office.password("ada", "bob's own").await, PasswordAnswer::Wrong);
}

#[tokio::test]
async fn an_empty_password_never_reaches_the_directory() {
    let server = Slapd::start();
    let office = server.office();
    assert_eq!(office.password("ada", "").await, PasswordAnswer::Wrong);
    assert_eq!((server.binds(ADA), server.binds("")), (0, 0));
    assert_eq!(office.password("ada", "no").await, PasswordAnswer::Wrong);
    assert_eq!(server.binds(ADA), 1, "binds are counted");
}

#[tokio::test]
async fn wrong_passwords_lock_an_account_for_a_while_and_end_nothing() {
    let server = Slapd::start();
    let office = server.office();
    for tried in 1..=3 {
        assert_eq!(office.password("ada", "wrong").await, PasswordAnswer::Wrong);
        assert_eq!(server.binds(ADA), tried, "each is one bind, at one server");
    }
    assert_eq!(office.password("ada", "ada's own").await, PasswordAnswer::Wrong, "it is locked");
    let ada = office.get("ada").await;
    assert_eq!(ada.person.ending, None);
    assert_eq!(office.by_id(&ada.person.identity).await.person.ending, None);
    server.modify(&replace(ADA, "pwdAccountLockedTime", "000001010000Z"));
    assert_eq!(office.ending("ada").await, Some(Ending::Disabled), "an administrator has locked it");
    assert_eq!(office.by_id(&ada.person.identity).await.person.ending, Some(Ending::Disabled));
}

#[tokio::test]
async fn an_account_ends_by_its_dates() {
    let server = Slapd::start();
    let office = server.office();
    server.modify(&replace(ADA, "shadowExpire", "19000"));
    assert_eq!(office.ending("ada").await, Some(Ending::Expired));
    server.modify(&replace(ADA, "shadowExpire", "40000"));
    assert_eq!(office.ending("ada").await, None);
    server.modify(&replace(ADA, "pwdEndTime", "20200101000000Z"));
    assert_eq!(office.ending("ada").await, Some(Ending::Expired));
    server.modify(&replace(ADA, "pwdEndTime", "20900101000000Z"));
    assert_eq!(office.ending("ada").await, None);
    server.modify(&replace(ADA, "pwdStartTime", "20890101000000Z"));
    assert_eq!(office.ending("ada").await, Some(Ending::NotAllowed));
}

#[tokio::test]
async fn a_password_that_must_be_changed_is_right_but_lets_nobody_in() {
    let server = Slapd::start();
    let office = server.office();
    server.modify(&replace(ADA, "pwdReset", "TRUE"));
    assert_eq!(office.password("ada", "ada's own").await, PasswordAnswer::Expired);
    assert_eq!(office.password("ada", "wrong").await, PasswordAnswer::Wrong);
    assert_eq!(office.ending("ada").await, None, "the account goes on");
    server.modify(&replace(&format!("cn=policy,{SUFFIX}"), "pwdMaxAge", "1"));
    server.modify(&replace(BOB, "userPassword", "bob's own"));
    // The directory's own clock has to pass a whole second, and it says nothing when it does.
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(office.password("bob", "bob's own").await, PasswordAnswer::Expired);
    assert_eq!(office.password("bob", "wrong").await, PasswordAnswer::Wrong);
    assert_eq!(office.ending("bob").await, None);
}

#[tokio::test]
async fn a_person_is_known_by_the_id_whatever_the_name() {
    let server = Slapd::start();
    let office = server.office();
    let ada = office.get("ada").await;
    server.modify(&format!("dn: {ADA}\nchangetype: modrdn\nnewrdn: uid=king\ndeleteoldrdn: 1\n"));
    assert_eq!(office.find("ada").await, None);
    let king = office.by_id(&ada.person.identity).await;
    assert_eq!(king.dn, format!("uid=king,ou=people,{SUFFIX}"));
    assert_eq!(king, office.get("king").await);
    assert_eq!(king.person.login_names, ["king", "countess"]);

    server.modify(&format!("dn: {}\nchangetype: delete\n", king.dn));
    assert_eq!(office.look_up(&ada.person.identity).await, Ok(Lookup::Gone));
    server.add(&format!("dn: {ADA}\nobjectClass: inetOrgPerson\nuid: ada\ncn: Another\nsn: Ada\n"));
    assert_ne!(office.get("ada").await.person.identity, ada.person.identity, "the name was given to somebody else");
    assert_eq!(office.look_up(&ada.person.identity).await, Ok(Lookup::Gone));

    let bob = office.get("bob").await;
    server.modify(&format!(
        "dn: {BOB}\nchangetype: modrdn\nnewrdn: uid=bob\ndeleteoldrdn: 1\nnewsuperior: ou=left,{SUFFIX}\n"
    ));
    assert_eq!(office.look_up(&bob.person.identity).await, Ok(Lookup::Gone), "moved to where nobody counts");
}

#[tokio::test]
async fn who_does_not_match_the_filter_any_more_is_not_gone_but_not_allowed() {
    let server = Slapd::start();
    let office = server.office_with("user_filter = \"(&(objectClass=inetOrgPerson)(!(title=former)))\"");
    let ada = office.get("ada").await;
    server.modify(&replace(ADA, "title", "former"));
    assert_eq!(office.find("ada").await, None);
    assert_eq!(office.by_id(&ada.person.identity).await.person.ending, Some(Ending::NotAllowed));
    server.modify(&replace(ADA, "pwdAccountLockedTime", "000001010000Z"));
    assert_eq!(office.by_id(&ada.person.identity).await.person.ending, Some(Ending::Disabled), "the more exact reason");
}

#[tokio::test]
async fn nobody_is_gone_while_the_place_to_look_at_cannot_be_seen() {
    let server = Slapd::start();
    let ada = server.office().get("ada").await;
    let blind = server.office_at(&format!(
        "urls = [\"{}\"]\nca_file = \"authority.pem\"\nbind_dn = \"cn=blind,{SUFFIX}\"\nbind_password = \"the service's\"\n",
        server.tls_url()
    ));
    assert_unreachable(blind.look_up(&ada.person.identity).await, "cannot be read");
    assert_unreachable(blind.try_find("ada").await, "cannot be read");
    let nobody = server.office_at(&format!("urls = [\"{}\"]\nca_file = \"authority.pem\"\n", server.tls_url()));
    assert_unreachable(nobody.look_up(&ada.person.identity).await, "cannot be read");
    let elsewhere = server.office_with("");
    server.modify(&format!(
        "dn: {ADA}\nchangetype: delete\n\ndn: {BOB}\nchangetype: delete\n\ndn: ou=people,{SUFFIX}\nchangetype: delete\n"
    ));
    assert_unreachable(elsewhere.look_up(&ada.person.identity).await, "there is no ou=people");
}

#[tokio::test]
async fn an_id_of_another_directory_is_no_word_against_anybody() {
    let server = Slapd::start();
    let office = server.office();
    let mut identity = office.get("ada").await.person.identity;
    identity.issuer = "ldap:other".to_owned();
    assert_unreachable(office.look_up(&identity).await, "no entryUUID of this directory");
    let by_guid = server.office_with("id_attribute = \"objectGUID\"");
    identity.issuer = "ldap:office".to_owned();
    identity.subject = "not a GUID".to_owned();
    assert_unreachable(by_guid.look_up(&identity).await, "no objectGUID of this directory");
    assert_unreachable(by_guid.try_find("ada").await, "may not be read");
}

#[tokio::test]
async fn hostile_values_are_cut_or_passed_over() {
    let server = Slapd::start();
    let office = server.office();
    server.add(&format!(
        "dn: uid=eve,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: eve\ncn: {}\nsn: x\nmail: no address\n",
        "x".repeat(5000)
    ));
    let eve = office.get("eve").await.person;
    assert_eq!(eve.display_name.chars().count(), 201, "cut, with an ellipsis");
    assert_eq!(eve.email, None);
    // A line turned from right to left, and one that is broken in two.
    server.add(&format!("dn: uid=mal,ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: mal\ncn:: TWFsCuKArm9yeQ==\nsn: x\nmail:: YUBiCi5j\n"));
    let mal = office.get("mal").await.person;
    assert_eq!((mal.display_name.as_str(), mal.email, mal.login_names), ("Malory", None, vec!["mal".to_owned()]));
}
