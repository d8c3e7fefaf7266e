//! TLS to directories.

use super::slapd::{BASE, SERVICE, Slapd};
use super::{Office, assert_unreachable, certify};

const OWN: &str = "ca_file = \"authority.pem\"\n";

#[tokio::test]
async fn starttls_goes_over_to_tls_before_anything_is_said() {
    let server = Slapd::start();
    let office = server.office_at(&format!("urls = [\"{}\"]\nstarttls = true\n{OWN}{SERVICE}", server.url()));
    assert!(office.find("ada").await.is_some());
    let service = "BIND dn=\"cn=latchkey,dc=example,dc=test\" mech=SIMPLE bind_ssf=0 ssf=";
    assert_eq!((server.logged(service), server.logged(&format!("{service}0"))), (1, 0), "the bind was within TLS");
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused_before_a_password_is_sent() {
    let server = Slapd::start();
    let other = tempfile::tempdir().expect("a scratch folder");
    certify(other.path(), &["127.0.0.1"]);
    let theirs = format!("ca_file = {:?}\n", other.path().join("authority.pem"));
    for ca in ["", theirs.as_str()] {
        for (url, starttls) in [(server.tls_url(), false), (server.url(), true)] {
            let lines = format!("urls = [\"{url}\"]\nstarttls = {starttls}\n{ca}{SERVICE}");
            assert_unreachable(server.office_at(&lines).try_find("ada").await, "does not know");
        }
    }
    assert_eq!(server.binds("cn=latchkey,dc=example,dc=test"), 0);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let server = Slapd::certified_for(&["directory.example.test"]);
    for (url, starttls) in [(server.tls_url(), false), (server.url(), true)] {
        let lines = format!("urls = [\"{url}\"]\nstarttls = {starttls}\n{OWN}{SERVICE}");
        assert_unreachable(server.office_at(&lines).try_find("ada").await, "another name");
    }
    assert_eq!(server.binds("cn=latchkey,dc=example,dc=test"), 0);
}

#[tokio::test]
async fn nothing_goes_in_clear_unless_the_configuration_says_so() {
    let server = Slapd::start();
    let lines = format!("{BASE}urls = [\"{}\"]\n{SERVICE}", server.url());
    let problems = Office::load(server.folder.path(), &lines).err().expect("it is refused");
    assert!(problems.contains("would carry passwords in clear"), "{problems}");
    let office = Office::of(server.folder.path(), &format!("{lines}allow_plain = true\n"));
    assert!(office.find("ada").await.is_some());
}

#[tokio::test]
async fn a_server_that_has_no_tls_is_not_spoken_to_in_clear() {
    let server = Slapd::start();
    let lines = format!("urls = [\"ldaps://127.0.0.1:{}\"]\n{OWN}{SERVICE}", server.port);
    let answer = server.office_at(&lines).try_find("ada").await;
    assert!(answer.is_err(), "{answer:?}");
    assert_eq!(server.binds("cn=latchkey,dc=example,dc=test"), 0);
}
