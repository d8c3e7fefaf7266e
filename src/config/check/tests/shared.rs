//! What both kinds share: names, lists, times, files.

use super::{each_is_told, good, ldap, oidc, told};
use crate::config::file::tests::load_beside;
use crate::config::{Config, Provision};

#[test]
fn a_section_instead_of_a_list_is_told_along_with_what_is_wrong_in_it() {
    let told =
        told("[oidc]\nlabel = \"Acme\"\nclient_idd = \"x\"\nclient_id = \"x\"\nissuer = \"https://id.acme.example\"\n");
    assert_eq!(
        told,
        [
            "oidc: is a list of entries: write [[oidc]] and the keys of one below it",
            "oidc[1].client_idd: unknown key, did you mean `client_id`?",
        ]
    );
    assert_eq!(super::told("ldap = 5\n"), ["ldap: is a list of entries: write [[ldap]] and the keys of one below it"]);
    assert_eq!(super::told("ldap = [5]\n"), ["ldap[1]: is no entry: write [[ldap]] and its keys below it"]);
    assert_eq!(super::told("[[odic]]\n"), ["odic: unknown section, did you mean `oidc`?"]);
}

#[test]
fn everything_that_is_wrong_in_several_entries_is_told_at_once() {
    let text = format!(
        "{}{}{}",
        oidc("issuer = \"http://id.acme.example\"\nrecheck = \"soon\"\n"),
        oidc("client_id = \"\"\nlabel = \"Other\"\n"),
        ldap("user_filter = \"(uid=\"\nurls = []\n"),
    );
    assert_eq!(
        told(&text),
        [
            "oidc[1].recheck = \"soon\": not a duration like \"90d\", \"12h\", \"5m\", \"30s\"",
            "oidc[1].issuer = \"http://id.acme.example\": not an https URL",
            "oidc[2].client_id = \"\": is needed: the provider gives it when you register this server",
            "ldap[1].urls = []: is needed: one or more like \"ldaps://dc1.example.org\"",
            "ldap[1].user_filter = \"(uid=\": is no filter like (objectClass=person)",
        ]
    );
}

#[test]
fn a_name_is_made_of_the_label() {
    let name = |label: &str| good(&oidc(&format!("label = \"{label}\""))).oidc[0].common.name.clone();
    assert_eq!(name("Acme"), "acme");
    assert_eq!(name("  Müller & Söhne GmbH "), "muller-sohne-gmbh");
    assert_eq!(name("A very long name of a very long company"), "a-very-long-name-of-a-very-long");
    let given = good(&oidc("name = \"id-1\""));
    assert_eq!((given.oidc[0].common.name.as_str(), given.oidc[0].common.label.as_str()), ("id-1", "Acme"));
    let alone = good(&oidc("name = \"staff\"\nlabel = \"\""));
    assert_eq!(alone.oidc[0].common.label, "staff", "a name does for a label");
    assert_eq!(good(&oidc("label = \"\"")).oidc[0].common.name, "generic", "and the preset for both");
}

#[test]
fn names_and_labels_that_cannot_be_used_are_told() {
    let long = "x".repeat(65);
    each_is_told(
        oidc,
        &[
            ("name = \"Staff\"", "oidc[1].name = \"Staff\": must have 1 to 32 characters of a-z, 0-9 and '-'"),
            ("name = \"a/b\"", "oidc[1].name = \"a/b\": must have 1 to 32 characters of a-z, 0-9 and '-'"),
            (
                "label = \"…\"\nname = \"\"",
                "oidc[1].name = \"\": is needed, since none can be made of the label: 1 to 32 characters of a-z, 0-9 and '-'",
            ),
            (
                &format!("name = \"a\"\nlabel = \"{long}\""),
                &format!("oidc[1].label = \"{long}\": must have at most 64 characters"),
            ),
            ("label = \"a\\tb\"", "oidc[1].label = \"a\\tb\": has a control character"),
            ("label = \"a\\u202Eb\"", "oidc[1].label = \"a\\u{202e}b\": has a control character"),
            ("button = \"a\\nb\"", "oidc[1].button = \"a\\nb\": has a control character"),
        ],
    );
}

#[test]
fn two_of_a_kind_have_different_names() {
    let reason = "is the name of an entry before it: give each its own";
    assert_eq!(told(&format!("{}{}", oidc(""), oidc(""))), [format!("oidc[2].name = \"acme\": {reason}")]);
    assert_eq!(told(&format!("{}{}", ldap(""), ldap(""))), [format!("ldap[2].name = \"acme\": {reason}")]);
    let both = good(&format!("{}{}", oidc(""), ldap("")));
    assert_eq!(both.oidc[0].common.name, both.ldap[0].common.name, "one of each kind may share it");
}

#[test]
fn who_gets_an_account_is_a_word() {
    let provision = |word: &str| good(&oidc(&format!("provision = \"{word}\""))).oidc[0].common.provision;
    assert_eq!(
        [provision("auto"), provision("invited"), provision("off")],
        [Provision::Auto, Provision::Invited, Provision::Off]
    );
    each_is_told(
        ldap,
        &[("provision = \"all\"", "ldap[1].provision = \"all\": not one of \"auto\", \"invited\", \"off\"")],
    );
}

#[test]
fn times_are_neither_nothing_nor_endless() {
    for keys in ["recheck", "max_signin_age", "unconfirmed_grace"] {
        let zero = told(&oidc(&format!("{keys} = \"0s\"")));
        assert!(zero.contains(&format!("oidc[1].{keys} = \"0s\": must be longer than nothing")), "{zero:?}");
        let short = told(&oidc(&format!("{keys} = \"5ms\"")));
        assert!(short.contains(&format!("oidc[1].{keys} = \"5ms\": must be at least a second")), "{short:?}");
        let long = told(&oidc(&format!("{keys} = \"500years\"")));
        assert!(long.contains(&format!("oidc[1].{keys} = \"500years\": must be at most 3660 days")), "{long:?}");
        // More than 64 bits.
        let endless = told(&oidc(&format!("{keys} = \"999999999999999years\"")));
        assert!(endless.iter().any(|told| told.contains("not a duration")), "{endless:?}");
    }
    each_is_told(
        ldap,
        &[
            ("timeout = \"3m\"", "ldap[1].timeout = \"3m\": must be at most 2 minutes"),
            ("timeout = \"0s\"", "ldap[1].timeout = \"0s\": must be longer than nothing"),
            ("wrong_passwords = 0", "ldap[1].wrong_passwords = 0: must be at least 1"),
            (
                "wrong_passwords_window = \"500years\"",
                "ldap[1].wrong_passwords_window = \"500years\": must be at most 3660 days",
            ),
        ],
    );
}

#[test]
fn lists_have_neither_empty_nor_endless_names() {
    let many: Vec<String> = (0..1001).map(|number| format!("\"g{number}\"")).collect();
    let long = "g".repeat(1025);
    each_is_told(
        ldap,
        &[
            ("required_groups = [\"a\", \" \"]", "ldap[1].required_groups = \" \": is empty"),
            ("admin_groups = [\"a\", \"a \"]", "ldap[1].admin_groups = \"a \": stands there twice"),
            (
                "admin_groups = [\"a\\u0000b\"]",
                "ldap[1].admin_groups = \"a\\0b\": is longer than 1024 bytes, or has a control character",
            ),
            (
                &format!("admin_groups = [\"{long}\"]"),
                &format!(
                    "ldap[1].admin_groups = {:?}: is longer than 1024 bytes, or has a control character",
                    &long[..100]
                ),
            ),
            (
                &format!("required_groups = [{}]", many.join(",")),
                "ldap[1].required_groups = 1001 of them: must be at most 1000",
            ),
        ],
    );
    assert_eq!(good(&ldap("required_groups = [\" staff \"]")).ldap[0].common.required_groups, ["staff"]);
}

fn secret_of(file: &[u8]) -> Result<Config, Vec<String>> {
    load_beside(&oidc("client_secret_file = \"secret\""), &[("secret", file)])
}

#[test]
fn a_secret_stands_in_the_file_or_in_one_of_its_own() {
    let secret = |config: Config| config.oidc[0].client_secret.as_ref().map(|secret| secret.expose().to_owned());
    assert_eq!(secret(good(&oidc(""))), None);
    assert_eq!(secret(good(&oidc("client_secret = \"s3\""))).as_deref(), Some("s3"));
    for file in [b"s3".as_slice(), b"s3\n", b"s3\r\n"] {
        assert_eq!(secret(secret_of(file).expect("good")).as_deref(), Some("s3"), "{file:?}");
    }
    assert_eq!(secret(secret_of(b" s 3 \n").expect("good")).as_deref(), Some(" s 3 "), "spaces are part of it");
}

#[test]
fn a_file_with_a_secret_that_cannot_be_used_is_told() {
    let wrong = |file: &[u8]| secret_of(file).expect_err("refused").join("\n");
    assert_eq!(wrong(b""), "oidc[1].client_secret_file = \"secret\": is empty");
    assert_eq!(wrong(b"\n"), "oidc[1].client_secret_file = \"secret\": is empty");
    assert_eq!(wrong(b"\xff\xfe"), "oidc[1].client_secret_file = \"secret\": cannot be read: it is not UTF-8");
    let huge = vec![b'x'; 1024 * 1024 + 1];
    assert_eq!(wrong(&huge), "oidc[1].client_secret_file = \"secret\": cannot be read: it is larger than 1 MiB");
    let absent = told(&oidc("client_secret_file = \"absent\"")).join("\n");
    assert!(absent.starts_with("oidc[1].client_secret_file = \"absent\": cannot be read: No such file"), "{absent}");
    let both = told(&oidc("client_secret = \"s3\"\nclient_secret_file = \"secret\"")).join("\n");
    assert_eq!(both, "oidc[1].client_secret_file = \"secret\": stands beside client_secret: one of the two is enough");
}

#[test]
fn certificates_are_read_and_have_to_be_some() {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (pem, key) = (signed.cert.pem(), signed.signing_key.serialize_pem());
    let with = |file: &str| load_beside(&ldap("ca_file = \"ca.pem\""), &[("ca.pem", file.as_bytes())]);
    assert_eq!(with(&pem).expect("good").ldap[0].common.ca.as_deref(), Some(pem.as_bytes()));
    for none in ["", "a certificate\n", key.as_str()] {
        assert_eq!(with(none).expect_err(none), ["ldap[1].ca_file = \"ca.pem\": holds no certificate in PEM"]);
    }
    let cut = with(&pem[..pem.len() / 2]).expect_err("cut").join("\n");
    assert!(cut.starts_with("ldap[1].ca_file = \"ca.pem\": is no PEM file"), "{cut}");
    let absent = told(&ldap("ca_file = \"ca.pem\"")).join("\n");
    assert!(absent.starts_with("ldap[1].ca_file = \"ca.pem\": cannot be read"), "{absent}");
}

#[test]
fn what_is_printed_has_no_secret_and_says_so_when_it_is_loaded_again() {
    let text = format!(
        "{}{}",
        oidc("client_secret = \"hunter2\""),
        ldap("bind_dn = \"cn=reader\"\nbind_password = \"hunter3\"")
    );
    let config = good(&text);
    assert!(!config.printed.contains("hunter"), "{}", config.printed);
    assert!(!format!("{config:?}").contains("hunter"), "nor does a log of it");
    let reason = "is what `latchkey config print` shows instead: write the";
    assert_eq!(
        told(&config.printed),
        [
            format!("oidc[1].client_secret = \"(not shown)\": {reason} client_secret itself"),
            format!("ldap[1].bind_password = \"(not shown)\": {reason} bind_password itself"),
        ]
    );
}

#[test]
fn what_is_printed_can_be_loaded_again() {
    let text = format!(
        "{}{}{}",
        oidc("client_secret_file = \"secret\"\nrequired_groups = [\"staff\"]"),
        oidc("label = \"Two\"\npreset = \"google\"\nhosted_domain = \"acme.example\""),
        ldap("bind_dn = \"cn=reader\"\nbind_password_file = \"secret\"\nnested_groups = false"),
    );
    let files: [(&str, &[u8]); 1] = [("secret", b"hunter2\n")];
    let first = load_beside(&text, &files).expect("good").printed;
    assert!(first.contains("[[oidc]]") && first.contains("[[ldap]]") && !first.contains("hunter"), "{first}");
    let again = load_beside(&first, &files).expect("what is printed is right");
    let storage = |printed: &str| {
        printed.lines().filter(|line| !line.starts_with("path =")).map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(storage(&again.printed), storage(&first));
    assert_eq!(again.oidc[0].common.required_groups, ["staff"]);
}
