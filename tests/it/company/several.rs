//! Several directories, several people, and several tries.

use super::office::{ADA, WRONG, office, person, refused, sign_in, stays_open};
use super::*;
use crate::ldap::samba::{self, Samba};
use crate::ldap::slapd::{BASE, SERVICE, SUFFIX, Slapd};
use crate::pages::client::add;

fn dn(name: &str) -> String {
    format!("uid={name},ou=people,{SUFFIX}")
}

/// Somebody, as LDIF.
fn entry(name: &str, password: &str) -> String {
    let dn = dn(name);
    format!(
        "dn: {dn}\nobjectClass: inetOrgPerson\nobjectClass: shadowAccount\nuid: {name}\ncn: {name}\nsn: {name}\n\
         userPassword: {password}\n\n"
    )
}

#[test]
fn a_password_is_shown_to_the_directory_of_its_account_and_to_no_other() {
    let (mut first, second) = (Slapd::start(), Slapd::start());
    second.add(&entry("grace", "grace's own"));
    let branch = format!(
        "[[ldap]]\nname = \"branch\"\nlabel = \"The branch\"\n{BASE}{SERVICE}urls = [\"{}\"]\nca_file = \"{}\"\n",
        second.tls_url(),
        second.folder.path().join("authority.pem").display(),
    );
    let server = office(&first, &branch);
    person(&server, "grace", "grace's own");
    assert_eq!(show(&server, "grace")["source"], "ldap:branch");
    assert_eq!((first.binds(&dn("grace")), second.binds(&dn("grace"))), (0, 1));
    // A namesake turns up in the one that strangers are looked for in first.
    first.add(&entry("grace", "another's own"));
    let again = || assert_eq!(sign_in(&server, "grace", "grace's own").1.location(), "/profile");
    again();
    refused(&server, "grace", "another's own", 422, WRONG);
    assert_eq!((first.binds(&dn("grace")), second.binds(&dn("grace"))), (0, 3));
    // Who has no account is the first one's.
    person(&server, "ada", "ada's own");
    assert_eq!(show(&server, "ada")["source"], "ldap:office");
    assert_eq!((first.binds(ADA), second.binds(ADA)), (1, 0));

    first.stop();
    refused(&server, "bob", "bob's own", 503, "The office does not answer right now.");
    assert_eq!(second.binds(&dn("bob")), 0, "he may be the first one's, so his password goes to no namesake");
    refused(&server, "ada", "ada's own", 503, "The office does not answer right now.");
    assert_eq!(second.binds(ADA), 0);
    again();
}

#[test]
fn strangers_leave_a_known_browser_a_try_and_learn_no_names() {
    let slapd = Slapd::start();
    let server = office(&slapd, "wrong_passwords = 3\n");
    let (mut own, answer) = sign_in(&server, "ada", "ada's own");
    assert_eq!(answer.location(), "/profile");
    let mut known = |password: &str| {
        let mut page = Page::of(&server);
        page.plant("__Host-latchkey-device", &own.cookie("device"));
        let status = page.sign_in("ada", password).status;
        // Each sign-in gives it another one.
        own = page;
        status
    };
    let guesses = |name: &str| [0, 1, 2].map(|number| sign_in(&server, name, &format!("guess {number}")).1.status);
    let before = slapd.binds(ADA);
    assert_eq!(guesses("ada"), [422, 422, 429]);
    assert_eq!(guesses("nobody"), [422, 422, 429], "just like somebody whom the directory knows");
    assert_eq!(sign_in(&server, "ada", "ada's own").1.status, 429, "a stranger is not let in, either");
    assert_eq!(slapd.binds(ADA) - before, 2);
    assert_eq!(known("ada's own"), 303);
    assert_eq!(guesses("countess@example.test"), [422, 422, 429], "a right password has it counted from the start");
    assert_eq!(known("mistyped"), 422);
    assert_eq!(known("mistyped again"), 429);
    assert_eq!(slapd.binds(ADA) - before, 6, "the directory has seen no more than three wrong ones in a row");
}

/// The members of the group of those who may use the server.
fn staff(members: &[&str]) -> String {
    members.iter().map(|name| format!("member: {}\n", dn(name))).collect()
}

#[test]
fn when_too_many_leave_the_group_at_once_nobody_ends_and_an_administrator_is_told() {
    let slapd = Slapd::start();
    let names = ["ada", "bob", "carol", "dan", "eve"];
    for name in &names[2..] {
        slapd.add(&entry(name, &format!("{name}'s own")));
    }
    let group = format!("cn=staff,ou=groups,{SUFFIX}");
    slapd.add(&format!("dn: {group}\nobjectClass: groupOfNames\ncn: staff\n{}", staff(&names)));
    let mut server = office(&slapd, "recheck = \"1s\"\nrequired_groups = [\"staff\"]\n");
    add(&server, "root", &["--admin"]);
    let mut people = names.map(|name| person(&server, name, &format!("{name}'s own")));
    // While nobody looks: a look in the midst of it would see one of them alone.
    let mut change = |server: &mut TestServer, members: &[&str]| {
        server.kill();
        slapd.modify(&format!("dn: {group}\nchangetype: modify\nreplace: member\n{}", staff(members)));
        server.start_again();
        for person in &mut people {
            person.addr = server.addr;
        }
        people.clone()
    };
    let told = |server: &TestServer| {
        let overview = Page::signed_in(server, "root").look("/admin");
        let doctor = String::from_utf8(server.run(&["doctor", "--json"]).stdout).expect("text");
        let [page, doctor] = [&overview, &doctor].map(|text| text.contains("2 of 5 accounts are not to be found"));
        assert_eq!(overview.contains("To be looked at"), page);
        (page, doctor)
    };
    let now = change(&mut server, &names[2..]);
    eventually("the alarm", || told(&server) == (true, true));
    stays_open(&now[0]);
    assert!(now.iter().all(opens), "nobody's drive is closed");
    let now = change(&mut server, &names);
    eventually("the alarm is over", || told(&server) == (false, false));
    assert!(now.iter().all(opens));
    // One alone is no disorder.
    let now = change(&mut server, &names[1..]);
    eventually("her drive is closed", || !opens(&now[0]));
    assert_eq!(show(&server, "ada")["suspended_because"], "not-allowed");
    assert!(now[1..].iter().all(opens));
    assert_eq!(told(&server), (false, false));
}

#[test]
fn the_administration_tells_where_an_account_comes_from_and_who_does_not_answer() {
    let mut slapd = Slapd::start();
    let server = office(&slapd, "recheck = \"1s\"\n");
    add(&server, "root", &["--admin"]);
    person(&server, "ada", "ada's own");
    let mut root = Page::signed_in(&server, "root");
    let general = root.look("/admin/users/ada");
    assert!(general.contains("<dt>Comes from</dt><dd>The office <span class=\"muted\">(LDAP)</span>"), "{general}");
    assert!(general.contains("<dt>Last confirmed</dt><dd><time datetime=\""), "{general}");
    let answers = "<span class=\"badge good\">Answers</span>";
    eventually("that it answers is told", || root.look("/admin").contains(answers));
    slapd.stop();
    let silent = "<span class=\"badge bad\">Does not answer</span><small>since <time datetime=\"";
    eventually("its silence is told", || root.look("/admin").contains(silent));
    let overview = root.look("/admin");
    let (_, told) = overview.split_once(silent).expect("told");
    let (_, why) = told.split_once("</time>: ").expect("a reason");
    assert!(why.split_once("</small>").is_some_and(|(why, _)| why.contains("refused")), "{why}");
    assert!(!overview.contains(answers), "{overview}");
    slapd.start_again();
    eventually("it answers again", || root.look("/admin").contains(answers));
}

#[test]
fn expired_and_locked_at_active_directory() {
    let Some(samba) = Samba::start("Active Directory: expired and locked, on the page and the drive") else { return };
    for name in ["carol", "dave"] {
        samba.add_user(name, &[]);
    }
    samba.tool(&["domain", "passwordsettings", "set", "--account-lockout-threshold=3"]);
    let authority = samba.folder.path().join("authority.pem");
    let lines = samba.lines().replace("\"authority.pem\"", &format!("{:?}", authority.display().to_string()));
    let server = TestServer::with_config(&format!(
        "{CHEAP}[[ldap]]\nname = \"ad\"\nlabel = \"Contoso\"\n{lines}recheck = \"1s\"\nwrong_passwords = 2\n"
    ));
    let [carol, dave] = ["carol", "dave"].map(|name| person(&server, name, samba::PASSWORD));
    let bind = |password: &str| {
        let mut search = std::process::Command::new("ldapsearch");
        search.args(["-x", "-H", &samba.url(), "-D", "carol@ad.latchkey.test", "-w", password, "-s", "base", "-b", ""]);
        search.env("LDAPTLS_CACERT", &authority).output().expect("it runs").status.success()
    };
    assert!(bind(samba::PASSWORD));
    for number in 0..3 {
        assert!(!bind(&format!("guess {number}")));
    }
    assert!(!bind(samba::PASSWORD), "the account is locked there");
    refused(&server, "carol", samba::PASSWORD, 422, WRONG);
    stays_open(&carol);
    assert_eq!(show(&server, "carol")["suspended_at"], Value::Null);
    samba.tool(&["user", "setexpiry", "dave", "--days=0"]);
    eventually("his drive is closed", || !opens(&dave));
    assert_eq!(show(&server, "dave")["suspended_because"], "expired");
    refused(&server, "dave", samba::PASSWORD, 403, "Your account at Contoso has expired.");
    samba.tool(&["user", "setexpiry", "dave", "--days=1"]);
    eventually("it works again without a sign-in", || opens(&dave));
}
