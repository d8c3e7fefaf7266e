//! Who is in which group, at OpenLDAP.

use latchkey::model::Ending;

use super::assert_unreachable;
use super::slapd::{SUFFIX, Slapd};

/// ada is in `drive`, `drive` is in `staff`, `staff` is in `company`, and `company` in `drive` again. bob is in `admins`.
fn start() -> Slapd {
    let server = Slapd::start();
    let group = |name: &str, member: &str| {
        format!("dn: cn={name},ou=groups,{SUFFIX}\nobjectClass: groupOfNames\ncn: {name}\nmember: {member}\n\n")
    };
    server.add(&group("drive", &format!("uid=ada,ou=people,{SUFFIX}")));
    server.add(&group("staff", &format!("cn=drive,ou=groups,{SUFFIX}")));
    server.add(&group("company", &format!("cn=staff,ou=groups,{SUFFIX}")));
    server.add(&group("admins", &format!("uid=bob,ou=people,{SUFFIX}")));
    server.add(&group("empty", &format!("cn=latchkey,{SUFFIX}")));
    server.modify(&format!(
        "dn: cn=drive,ou=groups,{SUFFIX}\nchangetype: modify\nadd: member\nmember: cn=company,ou=groups,{SUFFIX}\n"
    ));
    server.add(&format!(
        "dn: cn=posix,ou=groups,{SUFFIX}\nobjectClass: posixGroup\ncn: posix\ngidNumber: 9\nmemberUid: ada\n"
    ));
    server
}

const BY_MEMBER: &str = "groups_from = \"member\"\ngroup_base = \"ou=groups,dc=example,dc=test\"\n";

#[tokio::test]
async fn who_is_in_no_required_group_is_not_allowed() {
    let server = start();
    for from in ["", BY_MEMBER] {
        for name in ["drive", "CN=Drive, OU=groups, DC=example,DC=test"] {
            let office = server.office_with(&format!("{from}required_groups = [\"{name}\"]\nnested_groups = false"));
            assert_eq!(office.ending("ada").await, None, "{name} {from}");
            assert_eq!(office.ending("bob").await, Some(Ending::NotAllowed), "{name} {from}");
            let bob = office.get("bob").await;
            assert_eq!(office.by_id(&bob.person.identity).await, bob);
        }
        let either = server.office_with(&format!("{from}required_groups = [\"drive\", \"admins\"]"));
        assert_eq!((either.ending("ada").await, either.ending("bob").await), (None, None));
    }
}

#[tokio::test]
async fn groups_in_groups_count_where_the_configuration_says_so() {
    let server = start();
    for from in ["", BY_MEMBER] {
        for name in ["staff", "company", "cn=company,ou=groups,dc=example,dc=test"] {
            let office = server.office_with(&format!("{from}required_groups = [\"{name}\"]"));
            assert_eq!(office.ending("ada").await, None, "{name} {from}");
            assert_eq!(office.ending("bob").await, Some(Ending::NotAllowed), "{name} {from}");
            let flat = server.office_with(&format!("{from}required_groups = [\"{name}\"]\nnested_groups = false"));
            assert_eq!(flat.ending("ada").await, Some(Ending::NotAllowed), "{name} {from}");
        }
        // The groups go round in a circle.
        let office = server.office_with(&format!("{from}required_groups = [\"empty\"]"));
        assert_eq!(office.ending("ada").await, Some(Ending::NotAllowed));
    }
}

#[tokio::test]
async fn groups_nested_too_deep_turn_nobody_out() {
    let server = start();
    for depth in 0..12 {
        let member = if depth == 0 {
            format!("uid=ada,ou=people,{SUFFIX}")
        } else {
            format!("cn=g{},ou=groups,{SUFFIX}", depth - 1)
        };
        server.add(&format!(
            "dn: cn=g{depth},ou=groups,{SUFFIX}\nobjectClass: groupOfNames\ncn: g{depth}\nmember: {member}\n"
        ));
    }
    for from in ["", BY_MEMBER] {
        let office = server.office_with(&format!("{from}required_groups = [\"g10\"]"));
        assert_eq!(office.ending("ada").await, None, "{from}");
        let office = server.office_with(&format!("{from}required_groups = [\"g11\"]"));
        assert_unreachable(office.try_find("ada").await, "nested deeper than 10");
        assert_eq!(office.ending("bob").await, Some(Ending::NotAllowed), "who has few groups is judged");
    }
}

#[tokio::test]
async fn groups_that_name_people_by_login_name_count_too() {
    let server = start();
    let posix = format!("{BY_MEMBER}group_member_attribute = \"memberUid\"\nrequired_groups = [\"posix\"]");
    let office = server.office_with(&posix);
    assert_eq!((office.ending("ada").await, office.ending("bob").await), (None, Some(Ending::NotAllowed)));
}

#[tokio::test]
async fn who_is_in_a_group_of_administrators_is_one() {
    let server = start();
    for from in ["", BY_MEMBER] {
        let office = server.office_with(&format!("{from}admin_groups = [\"cn=admins,ou=groups,dc=example,dc=test\", \"cn=gone,dc=example,dc=test\"]"));
        assert_eq!(office.get("ada").await.person.is_admin, Some(false), "{from}");
        assert_eq!(office.get("bob").await.person.is_admin, Some(true), "{from}");
        assert_eq!(office.ending("ada").await, None);
    }
    assert_eq!(server.office().get("bob").await.person.is_admin, None, "the directory does not say");
}

#[tokio::test]
async fn groups_that_cannot_be_seen_turn_nobody_out() {
    let server = start();
    let gone = server.office_with("required_groups = [\"cn=gone,ou=groups,dc=example,dc=test\"]");
    assert_unreachable(gone.try_find("ada").await, "no group cn=gone");
    let both = server.office_with("required_groups = [\"cn=gone,ou=groups,dc=example,dc=test\", \"drive\"]");
    assert_eq!(both.ending("ada").await, None, "the other one is enough");
    assert_unreachable(both.try_find("bob").await, "no group cn=gone");
    let base = server.office_with(
        "groups_from = \"member\"\ngroup_base = \"ou=gone,dc=example,dc=test\"\nrequired_groups = [\"drive\"]",
    );
    assert_unreachable(base.try_find("ada").await, "ou=gone");
    let ended = format!(
        "dn: uid=ada,ou=people,{SUFFIX}\nchangetype: modify\nreplace: pwdAccountLockedTime\npwdAccountLockedTime: 000001010000Z\n"
    );
    server.modify(&ended);
    assert_eq!(base.ending("ada").await, Some(Ending::Disabled), "trouble with groups keeps nobody alive");
}
