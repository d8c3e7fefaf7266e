//! What `latchkey doctor` finds out about a directory, and what it says to do.

use latchkey::directory::Finding;

use super::slapd::{SERVICE, SUFFIX, Slapd};
use super::{Office, certify, free_port};

const OWN: &str = "ca_file = \"authority.pem\"\n";

async fn examined(office: &Office) -> Vec<Finding> {
    office.ldap().examine().await
}

/// The last finding, which must be bad and say this, with that advice.
fn assert_ends_badly(findings: &[Finding], what: &str, advice: &str) {
    let last = findings.last().expect("findings");
    assert!(last.what.contains(what), "{findings:?}");
    assert!(last.advice.as_ref().is_some_and(|told| told.contains(advice)), "{findings:?}");
}

#[tokio::test]
async fn all_is_in_order() {
    let server = Slapd::start();
    server.add(&format!(
        "dn: cn=drive,ou=groups,{SUFFIX}\nobjectClass: groupOfNames\ncn: drive\nmember: uid=ada,ou=people,{SUFFIX}\n"
    ));
    let office =
        server.office_with(&format!("required_groups = [\"drive\"]\nadmin_groups = [\"cn=drive,ou=groups,{SUFFIX}\"]"));
    let findings = examined(&office).await;
    assert!(findings.iter().all(|finding| finding.advice.is_none()), "{findings:?}");
    let all: String = findings.iter().map(|finding| format!("{}\n", finding.what)).collect();
    for part in [
        "its certificate is trusted",
        "accepted",
        "ou=people,dc=example,dc=test can be read",
        "2 looked at",
        "have entryUUID",
        "2 of 2 have uid",
        "1 of 2 have mail",
        "group drive",
        "group cn=drive",
    ] {
        assert!(all.contains(part), "{part} in {all}");
    }
}

#[tokio::test]
async fn each_step_says_what_to_do() {
    let server = Slapd::start();
    let url = format!("urls = [\"{}\"]\n", server.tls_url());
    let at = |lines: String| server.office_at(&lines);
    let down = at(format!("urls = [\"ldaps://127.0.0.1:{}\"]\n{OWN}{SERVICE}", free_port()));
    assert_ends_badly(&examined(&down).await, "refused", "firewall");
    assert_ends_badly(&examined(&at(format!("{url}{SERVICE}"))).await, "does not know", "set ca_file");
    let wrong = at(format!("{url}{OWN}{}", SERVICE.replace("the service's", "another")));
    let findings = examined(&wrong).await;
    assert_ends_badly(&findings, "invalid credentials", "check bind_dn and bind_password");
    assert!(!format!("{findings:?}").contains("another"), "{findings:?}");
    let base = Office::of(
        server.folder.path(),
        &format!("preset = \"openldap\"\nuser_base = \"ou=gone,{SUFFIX}\"\n{url}{OWN}{SERVICE}"),
    );
    assert_ends_badly(&examined(&base).await, "ou=gone", "check user_base");
    let nobody = at(format!("{url}{OWN}{SERVICE}user_filter = \"(objectClass=device)\""));
    assert_ends_badly(&examined(&nobody).await, "nobody", "user_filter");
    let group = at(format!("{url}{OWN}{SERVICE}required_groups = [\"gone\"]"));
    assert_ends_badly(&examined(&group).await, "no group gone", "correct required_groups");
    let id = examined(&at(format!("{url}{OWN}{SERVICE}id_attribute = \"objectGUID\""))).await;
    assert!(id.iter().any(|one| one.what.contains("objectGUID is not in the entry") && one.advice.is_some()), "{id:?}");
    let login = examined(&at(format!("{url}{OWN}{SERVICE}login_attributes = [\"employeeNumber\"]"))).await;
    assert!(
        login.iter().any(|one| one.what.contains("0 of 2 have employeeNumber") && one.advice.is_some()),
        "{login:?}"
    );
    let plain = examined(&at(format!("urls = [\"{}\"]\nallow_plain = true\n{SERVICE}", server.url()))).await;
    assert!(plain.iter().any(|one| one.what.contains("in clear")), "{plain:?}");
}

#[tokio::test]
async fn one_server_of_several_that_is_down_is_told_and_the_rest_goes_on() {
    let server = Slapd::start();
    let urls = format!("urls = [\"ldaps://127.0.0.1:{}\", \"{}\"]\n", free_port(), server.tls_url());
    let findings = examined(&server.office_at(&format!("{urls}{OWN}{SERVICE}"))).await;
    let bad: Vec<_> = findings.iter().filter(|finding| finding.advice.is_some()).collect();
    assert!(bad.len() == 1 && bad[0].what.contains("refused"), "{findings:?}");
    assert!(findings.iter().any(|finding| finding.what.contains("2 looked at")), "{findings:?}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_explained() {
    let server = Slapd::certified_for(&["directory.example.test"]);
    let office = server.office();
    assert_ends_badly(&examined(&office).await, "directory.example.test", "subjectAltName");
    certify(server.folder.path(), &["127.0.0.1"]);
    let office = server.office();
    assert_ends_badly(&examined(&office).await, "does not know", "set ca_file");
}
