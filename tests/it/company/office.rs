//! People of a directory that speaks LDAP: what their sign-in page says, and when their drive ends.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::*;
use crate::ldap::samba::{self, Samba};
use crate::ldap::slapd::{BASE, SERVICE, SUFFIX, Slapd};

pub(super) const ADA: &str = "uid=ada,ou=people,dc=example,dc=test";
pub(super) const WRONG: &str = "The name or the password is not right.";

/// A server whose people are in that directory.
pub(super) fn office(slapd: &Slapd, more: &str) -> TestServer {
    let authority = slapd.folder.path().join("authority.pem");
    TestServer::with_config(&format!(
        "{CHEAP}[[ldap]]\nname = \"office\"\nlabel = \"The office\"\n{BASE}{SERVICE}urls = [\"{}\"]\nca_file = \"{}\"\n{more}",
        slapd.tls_url(),
        authority.display(),
    ))
}

fn replace(dn: &str, attribute: &str, value: &str) -> String {
    format!("dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n")
}

fn delete(dn: &str, attribute: &str) -> String {
    format!("dn: {dn}\nchangetype: modify\ndelete: {attribute}\n")
}

pub(super) fn sign_in(server: &TestServer, name: &str, password: &str) -> (Page, Answer) {
    let mut page = Page::of(server);
    let answer = page.sign_in(name, password);
    (page, answer)
}

/// Somebody signs in for the first time and has an application password issued.
pub(super) fn person(server: &TestServer, name: &str, password: &str) -> Person {
    let (_, answer) = sign_in(server, name, password);
    assert_eq!(answer.location(), "/profile");
    server.person(name)
}

pub(super) fn refused(server: &TestServer, name: &str, password: &str, status: u16, told: &str) {
    let (page, answer) = sign_in(server, name, password);
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.text().contains(told), "{told}\nis not told in\n{}", answer.text());
    assert!(!page.cookies().contains("__Host-latchkey-session="), "nobody is signed in");
}

/// The drive stays open through three looks at the directory.
pub(super) fn stays_open(person: &Person) {
    let begun = Instant::now();
    eventually("three looks", || {
        assert!(opens(person), "nothing has ended");
        begun.elapsed() > Duration::from_millis(3500)
    });
}

#[test]
fn right_wrong_and_everything_else_at_openldap() {
    let mut slapd = Slapd::start();
    let people = format!("cn=staff,ou=groups,{SUFFIX}");
    slapd.add(&format!("dn: {people}\nobjectClass: groupOfNames\ncn: staff\nmember: {ADA}\n"));
    let server = office(&slapd, "required_groups = [\"staff\"]\nwrong_passwords = 100\n");
    for name in ["ada", "ADA", "countess@example.test"] {
        let (mut page, answer) = sign_in(&server, name, "ada's own");
        assert_eq!(answer.location(), "/profile", "{name}");
        let profile = page.look("/profile");
        assert!(profile.contains("Ada Lovelace") && profile.contains("The office"), "{profile}");
    }
    assert_eq!(show(&server, "ada")["source"], "ldap:office");
    refused(&server, "ada", "not ada's own", 422, WRONG);
    refused(&server, "nobody", "whatever", 422, WRONG);
    refused(&server, "*", "whatever", 422, WRONG);
    let before = slapd.binds("");
    refused(&server, "ada", "", 422, WRONG);
    assert_eq!(slapd.binds(""), before, "nobody binds without a password");
    let ended = |told: &str| format!("Your account at The office {told}.");
    refused(&server, "bob", "bob's own", 403, &ended("is not among those who may use this server"));
    slapd.modify(&replace(ADA, "pwdAccountLockedTime", "000001010000Z"));
    refused(&server, "ada", "ada's own", 422, WRONG);
    slapd.modify(&delete(ADA, "pwdAccountLockedTime"));
    slapd.modify(&replace(ADA, "shadowExpire", "1000"));
    refused(&server, "ada", "ada's own", 403, &ended("has expired"));
    slapd.modify(&delete(ADA, "shadowExpire"));
    slapd.modify(&replace(ADA, "pwdReset", "TRUE"));
    let change = "Your password at The office has expired. Change it there, then sign in here.";
    refused(&server, "ada", "ada's own", 422, change);
    slapd.modify(&delete(ADA, "pwdReset"));
    slapd.stop();
    let down = "The office does not answer right now. Please try again later. Application passwords go on working.";
    refused(&server, "ada", "ada's own", 503, down);
    slapd.start_again();
    assert_eq!(sign_in(&server, "ada", "ada's own").1.location(), "/profile", "once it answers again");
    server.assert_absent("ada's own");
    server.assert_absent("the service's");
}

#[test]
fn a_directory_that_is_slow_is_told_as_such_and_holds_nobody_else_up() {
    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = TestServer::with_config(&format!(
        "{CHEAP}[[ldap]]\nname = \"office\"\nlabel = \"The office\"\nurls = [\"ldap://{}\"]\nallow_plain = true\n\
         user_base = \"dc=example\"\ntimeout = \"1s\"\n",
        silent.local_addr().expect("an address")
    ));
    crate::pages::client::add(&server, "root", &[]);
    refused(&server, "ada", "ada's own", 503, "The office does not answer right now.");
    Page::signed_in(&server, "root");
}

#[test]
fn an_account_that_ends_in_the_directory_ends_here_and_comes_back_by_itself() {
    let slapd = Slapd::start();
    let people = format!("cn=staff,ou=groups,{SUFFIX}");
    slapd.add(&format!("dn: {people}\nobjectClass: groupOfNames\ncn: staff\nmember: {ADA}\n"));
    let server = office(&slapd, "recheck = \"1s\"\nrequired_groups = [\"staff\"]\n");
    let ada = person(&server, "ada", "ada's own");
    assert!(opens(&ada));
    let round = |why: &str, end: &str, resume: &str| {
        slapd.modify(end);
        eventually(why, || !opens(&ada));
        assert_eq!(show(&server, "ada")["suspended_because"], why);
        slapd.modify(resume);
        eventually("it works again without a sign-in", || opens(&ada));
    };
    let locked = replace(ADA, "pwdAccountLockedTime", "000001010000Z");
    round("disabled", &locked, &delete(ADA, "pwdAccountLockedTime"));
    round("expired", &replace(ADA, "shadowExpire", "1000"), &delete(ADA, "shadowExpire"));
    let bob = format!("uid=bob,ou=people,{SUFFIX}");
    round("not-allowed", &replace(&people, "member", &bob), &replace(&people, "member", ADA));
    let leave = |to: &str, from: &str| {
        format!(
            "dn: uid=ada,ou={from},{SUFFIX}\nchangetype: moddn\nnewrdn: uid=ada\ndeleteoldrdn: 0\nnewsuperior: ou={to},{SUFFIX}\n"
        )
    };
    round("gone", &leave("left", "people"), &leave("people", "left"));
}

#[test]
fn an_outage_a_lockout_and_another_password_end_nothing() {
    let mut slapd = Slapd::start();
    let server = office(&slapd, "recheck = \"1s\"\n");
    let ada = person(&server, "ada", "ada's own");
    slapd.modify(&replace(ADA, "userPassword", "another one"));
    stays_open(&ada);
    // A lockout that strangers have caused elsewhere passes.
    slapd.modify(&replace(ADA, "pwdAccountLockedTime", "20200101000000Z"));
    stays_open(&ada);
    slapd.stop();
    server.wait_for_log("a directory does not answer: nothing ends by that");
    stays_open(&ada);
    slapd.start_again();
    server.wait_for_log("a directory answers again");
    assert!(opens(&ada));
    assert_eq!(show(&server, "ada")["suspended_at"], Value::Null);
}

#[test]
fn a_thousand_wrong_passwords_on_the_drive_are_no_bind_at_all() {
    let slapd = Slapd::start();
    let server = office(&slapd, "");
    let ada = person(&server, "ada", "ada's own");
    let binds = || slapd.logged(" BIND dn=");
    let before = binds();
    assert!(before > 0, "binds are seen in the log");
    // The selector is right, and of the secret all but its first letter.
    let (selector, rest) = ada.key.split_at(9);
    let other = if rest.starts_with('3') { '4' } else { '3' };
    let nearly = format!("{selector}{other}{}", &rest[1..]);
    assert_ne!(nearly, ada.key);
    let client = crate::http::Client::new(server.addr);
    for number in 0..1000 {
        let wrong = match number % 4 {
            0 => "ada's own".to_owned(),
            1 => format!("guess-{number}"),
            2 => nearly.clone(),
            _ => String::new(),
        };
        let status = client.clone().with_basic("ada", &wrong).send("PROPFIND", "/dav/", &[("Depth", "0")], b"").status;
        assert!([401, 429, 503].contains(&status), "{status} for {wrong:?}");
    }
    assert!(opens(&ada), "who has the right one is not slowed");
    assert_eq!(binds(), before, "no wrong password of a drive reaches the directory");
}

#[test]
fn guessing_on_the_page_locks_no_company_account() {
    let slapd = Slapd::start();
    // The directory locks after three; so fewer are tried.
    let server = office(&slapd, "wrong_passwords = 2\n");
    let before = slapd.binds(ADA);
    for number in 0..12 {
        let name = ["ada", "ADA", "countess@example.test", "Countess@Example.test"][number % 4];
        let (_, answer) = sign_in(&server, name, &format!("guess {number}"));
        assert!([422, 429].contains(&answer.status), "{}", answer.text());
    }
    assert!(slapd.binds(ADA) - before <= 2, "the directory has seen {} of twelve", slapd.binds(ADA) - before);
    // Whoever comes elsewhere, with the right password, gets in.
    let bind = crate::clients::run(std::process::Command::new("ldapwhoami").args([
        "-x",
        "-H",
        &slapd.url(),
        "-D",
        ADA,
        "-w",
        "ada's own",
    ]));
    assert!(bind.ok().contains("ada"), "the account is not locked");
}

#[test]
fn active_directory_from_the_page_to_the_drive() {
    let Some(samba) = Samba::start("Active Directory: from the page to the drive") else { return };
    samba.add_user("carol", &["--mail-address=carol@example.test"]);
    samba.add_user("dave", &[]);
    samba.add_group("Inner", &["carol"]);
    samba.add_group("Drive users", &["Inner"]);
    let authority = samba.folder.path().join("authority.pem");
    let lines = samba.lines().replace("\"authority.pem\"", &format!("{:?}", authority.display().to_string()));
    let server = TestServer::with_config(&format!(
        "{CHEAP}[[ldap]]\nname = \"ad\"\nlabel = \"Contoso\"\n{lines}recheck = \"1s\"\nrequired_groups = [\"Drive users\"]\n"
    ));
    for name in ["carol", "carol@ad.latchkey.test", "ADTEST\\carol", "carol@example.test"] {
        assert_eq!(sign_in(&server, name, samba::PASSWORD).1.location(), "/profile", "{name}");
    }
    refused(
        &server,
        "dave",
        samba::PASSWORD,
        403,
        "Your account at Contoso is not among those who may use this server.",
    );
    let carol = server.person("carol");
    assert!(opens(&carol));
    samba.tool(&["user", "disable", "carol"]);
    eventually("the drive is closed", || !opens(&carol));
    assert_eq!(show(&server, "carol")["suspended_because"], "disabled");
    refused(&server, "carol", samba::PASSWORD, 403, "Your account at Contoso is disabled.");
    samba.tool(&["user", "enable", "carol"]);
    eventually("it works again without a sign-in", || opens(&carol));
    samba.tool(&["user", "setpassword", "carol", "--newpassword=An0ther!word"]);
    stays_open(&carol);
    samba.tool(&["group", "removemembers", "Inner", "carol"]);
    eventually("the drive is closed", || !opens(&carol));
    assert_eq!(show(&server, "carol")["suspended_because"], "not-allowed");
}
