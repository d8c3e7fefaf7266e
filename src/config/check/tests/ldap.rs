//! `[[ldap]]`

use super::{each_is_told, good, ldap, told};
use crate::config::{GroupsFrom, LdapConfig};

fn one(keys: &str) -> LdapConfig {
    good(&ldap(keys)).ldap.remove(0)
}

#[test]
fn each_preset_has_defaults_of_its_own() {
    for (preset, filter, login, id, name, shown) in [
        ("openldap", "(objectClass=inetOrgPerson)", vec!["uid", "mail"], "entryUUID", "uid", "cn"),
        (
            "active-directory",
            "(&(objectCategory=person)(objectClass=user))",
            vec!["sAMAccountName", "userPrincipalName", "mail"],
            "objectGUID",
            "sAMAccountName",
            "displayName",
        ),
        (
            "freeipa",
            "(objectClass=posixAccount)",
            vec!["uid", "mail", "krbPrincipalName"],
            "ipaUniqueID",
            "uid",
            "displayName",
        ),
        ("lldap", "(objectClass=person)", vec!["uid", "mail"], "entryUUID", "uid", "displayName"),
    ] {
        let config = one(&format!("preset = \"{preset}\""));
        assert_eq!(config.user_filter, filter, "{preset}");
        assert_eq!(config.login_attributes, login, "{preset}");
        assert_eq!([&config.id_attribute, &config.name_attribute], [id, name], "{preset}");
        assert_eq!([&config.display_name_attribute, &config.email_attribute], [shown, "mail"], "{preset}");
        assert_eq!(config.groups_from, GroupsFrom::MemberOf, "{preset}");
        assert!(config.nested_groups && config.bind.is_none() && !config.starttls, "{preset}");
        assert_eq!((config.wrong_passwords, config.wrong_passwords_window.as_secs()), (4, 1800), "{preset}");
    }
    let reason = "not one of \"openldap\", \"active-directory\", \"freeipa\", \"lldap\"";
    each_is_told(ldap, &[("preset = \"ad\"", &format!("ldap[1].preset = \"ad\": {reason}"))]);
}

#[test]
fn what_is_given_goes_before_the_preset() {
    let config = one("user_filter = \"(a=b)\"\nlogin_attributes = [\"cn\"]\nid_attribute = \"nsUniqueId\"\n\
                      groups_from = \"member\"\ngroup_base = \"ou=groups\"\ngroup_member_attribute = \"uniqueMember\"");
    assert_eq!((config.user_filter.as_str(), config.id_attribute.as_str()), ("(a=b)", "nsUniqueId"));
    assert_eq!(config.login_attributes, ["cn"]);
    let expected = GroupsFrom::Members { base: "ou=groups".to_owned(), attribute: "uniqueMember".to_owned() };
    assert_eq!(config.groups_from, expected);
    let GroupsFrom::Members { attribute, .. } = one("groups_from = \"member\"\ngroup_base = \"ou=g\"").groups_from
    else {
        panic!("in the groups' entries")
    };
    assert_eq!(attribute, "member");
}

#[test]
fn passwords_go_in_clear_only_where_that_is_said() {
    let clear = "would carry passwords in clear: write ldaps://, set starttls = true, or, on a network that nobody listens \
                 to, allow_plain = true";
    let no_url = "not a URL like ldaps://dc1.example.org or ldap://dc1.example.org:389";
    let wrong = |keys: &str| told(&ldap(keys)).join("\n");
    assert_eq!(wrong("urls = [\"ldap://dc\"]"), format!("ldap[1].urls = \"ldap://dc\": {clear}"));
    assert_eq!(
        wrong("urls = [\"ldaps://dc\"]\nstarttls = true"),
        "ldap[1].urls = \"ldaps://dc\": speaks TLS from the start: starttls is for ldap:// alone"
    );
    assert_eq!(wrong("urls = [\"https://dc\"]"), "ldap[1].urls = \"https://dc\": not an ldaps or ldap URL");
    for url in [
        "ldaps://reader:hunter2@dc",
        "ldaps://dc/dc=acme,dc=example",
        "ldaps://dc/?x",
        "ldaps://dc#x",
        "ldaps://dc:0",
        "ldaps://dc:70000",
        "ldaps://",
        "ldaps:///",
        "dc.acme.example",
        "two words",
    ] {
        let told = wrong(&format!("urls = [\"{url}\"]"));
        assert!(
            told == format!("ldap[1].urls = {url:?}: {no_url}") || told.contains("not an ldaps or ldap URL"),
            "{told}"
        );
    }
    for keys in [
        "urls = [\"ldaps://dc1.acme.example\", \"ldaps://dc2.acme.example:3269/\"]",
        "urls = [\"ldap://dc:389\"]\nstarttls = true",
        "urls = [\"ldap://dc\"]\nallow_plain = true",
        "urls = [\"ldaps://[::1]:636\"]",
    ] {
        good(&ldap(keys));
    }
}

#[test]
fn who_searches_needs_a_password() {
    let bind = one("bind_dn = \"reader@acme.example\"\nbind_password = \"s3\"").bind.expect("one");
    assert_eq!((bind.0.as_str(), bind.1.expose()), ("reader@acme.example", "s3"));
    let reason = "is needed along with bind_dn: a bind without a password is anonymous";
    each_is_told(
        ldap,
        &[
            ("bind_dn = \"cn=reader\"", &format!("ldap[1].bind_password = \"\": {reason}")),
            ("bind_password = \"s3\"", "ldap[1].bind_dn = \"\": is needed along with bind_password"),
            (
                "bind_dn = \"cn=reader\"\nbind_password = \"s3\"\nbind_password_file = \"secret\"",
                "ldap[1].bind_password_file = \"secret\": stands beside bind_password: one of the two is enough",
            ),
            (
                "bind_dn = \"cn=a\\u0000b\"\nbind_password = \"s3\"",
                "ldap[1].bind_dn = \"cn=a\\0b\": is longer than 1024 bytes, or has a control character",
            ),
        ],
    );
    let absent = told(&ldap("bind_dn = \"cn=reader\"\nbind_password_file = \"absent\""));
    assert_eq!(absent.len(), 1, "once is enough: {absent:?}");
}

#[test]
fn places_and_filters_are_such() {
    let no_dn = "is no DN like ou=people,dc=example,dc=org";
    each_is_told(
        ldap,
        &[
            ("user_base = \"\"", "ldap[1].user_base = \"\": is needed: the DN beneath which people are"),
            ("user_base = \"people\"", &format!("ldap[1].user_base = \"people\": {no_dn}")),
            ("groups_from = \"member\"", "ldap[1].group_base = \"\": is needed with groups_from = \"member\""),
            ("groups_from = \"member\"\ngroup_base = \"groups\"", &format!("ldap[1].group_base = \"groups\": {no_dn}")),
            ("groups_from = \"memberof\"", "ldap[1].groups_from = \"memberof\": not one of \"memberOf\", \"member\""),
            (
                "user_filter = \"objectClass=person)\"",
                "ldap[1].user_filter = \"objectClass=person)\": is no filter like (objectClass=person)",
            ),
            ("user_filter = \"(&(a=b)\"", "ldap[1].user_filter = \"(&(a=b)\": is no filter like (objectClass=person)"),
        ],
    );
}

#[test]
fn attributes_have_names_of_attributes() {
    for key in ["id_attribute", "name_attribute", "display_name_attribute", "email_attribute"] {
        for name in ["a b", "a)(b", "-a", "1a", "a;lang-de", "a_b", "1..2", "ä", "*"] {
            let reason = format!("ldap[1].{key} = {name:?}: is no name of an attribute");
            each_is_told(ldap, &[(&format!("{key} = \"{name}\""), &reason)]);
        }
        good(&ldap(&format!("{key} = \"1.3.6.1.4.1\"")));
    }
    each_is_told(
        ldap,
        &[
            ("login_attributes = [\"uid\", \"a=b\"]", "ldap[1].login_attributes = \"a=b\": is no name of an attribute"),
            ("login_attributes = [\"uid\", \"\"]", "ldap[1].login_attributes = \"\": is empty"),
        ],
    );
}

#[test]
fn an_id_is_no_name() {
    let reason = "is a name, which can change and be given to somebody else: an account needs what never does";
    for name in ["uid", "mail", "CN", "dn", "samaccountname", "userPrincipalName"] {
        let expected = format!("ldap[1].id_attribute = {name:?}: {reason}");
        each_is_told(ldap, &[(&format!("id_attribute = \"{name}\""), &expected)]);
    }
}
