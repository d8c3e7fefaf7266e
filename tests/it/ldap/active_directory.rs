//! Active Directory: Samba's domain controller. It is root's alone, so elsewhere each test says that it did not run.

use latchkey::directory::ldap::{Lookup, PasswordAnswer};
use latchkey::model::Ending;

use super::samba::{PASSWORD, SUFFIX, Samba};
use super::{assert_unreachable, now};

fn dn(name: &str) -> String {
    format!("CN={name},CN=Users,{SUFFIX}")
}

fn replace(dn: &str, attribute: &str, value: &str) -> String {
    format!("dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n")
}

#[tokio::test]
async fn names_passwords_and_ids_at_active_directory() {
    let Some(mut server) = Samba::start("Active Directory: names, passwords and ids") else { return };
    server.add_user("carol", &["--mail-address=carol@example.test", "--given-name=Carol", "--surname=Danvers"]);
    let office = server.office("");

    let carol = office.get("carol").await;
    for name in ["CAROL", "carol@ad.latchkey.test", "carol@example.test", "ADTEST\\carol", "adtest\\CAROL"] {
        assert_eq!(office.get(name).await, carol, "{name}");
    }
    for name in ["*", "ADTEST\\*", "ADTEST\\", "\\", "car*", "carol)(cn=*", "carol@elsewhere.test", "ADTEST\\\\carol"] {
        assert_eq!(office.find(name).await, None, "{name}");
    }
    let guid = &carol.person.identity.subject;
    let dashes: Vec<usize> = guid.match_indices('-').map(|(at, _)| at).collect();
    assert_eq!((guid.len(), dashes.as_slice()), (36, [8, 13, 18, 23].as_slice()), "{guid}");
    // The form in which Active Directory takes a GUID for a base is the printed one.
    let search = format!("<GUID={guid}>");
    assert_eq!(server.dn_of(&search).to_lowercase(), carol.dn.to_lowercase());
    assert_eq!(carol.person.login_names, ["carol"]);
    assert_eq!(carol.person.display_name, "Carol Danvers");
    assert_eq!(carol.person.email.as_deref(), Some("carol@example.test"));
    assert_eq!((carol.person.shown.as_str(), carol.person.ending), ("carol@ad.latchkey.test", None));

    assert_eq!(office.password("carol", PASSWORD).await, PasswordAnswer::Right);
    assert_eq!(office.password("ADTEST\\carol", PASSWORD).await, PasswordAnswer::Right);
    assert_eq!(office.password("carol", "wrong").await, PasswordAnswer::Wrong);
    assert_eq!(office.password("carol", "").await, PasswordAnswer::Wrong);

    server.restart();
    assert_eq!(office.by_id(&carol.person.identity).await, carol, "a restart goes unnoticed");
    server.modify(&format!("dn: {}\nchangetype: modrdn\nnewrdn: CN=Captain\ndeleteoldrdn: 1\n", carol.dn));
    server.modify(&replace(&dn("Captain"), "sAMAccountName", "captain"));
    let captain = office.by_id(&carol.person.identity).await;
    assert_eq!(
        (captain.dn.to_lowercase(), captain.person.login_names),
        (dn("captain").to_lowercase(), vec!["captain".into(), "carol".into()])
    );
    assert_eq!(office.find("ADTEST\\carol").await, None);
    server.tool(&["user", "delete", "captain"]);
    assert_eq!(office.look_up(&carol.person.identity).await, Ok(Lookup::Gone));
    server.add_user("carol", &[]);
    assert_ne!(office.get("carol").await.person.identity, carol.person.identity);
    assert_eq!(office.look_up(&carol.person.identity).await, Ok(Lookup::Gone));

    let lines = server.lines();
    let plain = lines.replace("ldaps:", "ldap:");
    let in_clear = super::Office::of(server.folder.path(), &format!("{plain}allow_plain = true\n"));
    assert_unreachable(in_clear.try_find("carol").await, "it wants TLS before a bind");
    let starttls = super::Office::of(server.folder.path(), &format!("{plain}starttls = true\n"));
    assert_eq!(starttls.password("carol", PASSWORD).await, PasswordAnswer::Right);
    let anonymous = lines
        .replace("bind_dn = \"latchkey@ad.latchkey.test\"\n", "")
        .replace(&format!("bind_password = \"{PASSWORD}\"\n"), "");
    let anonymous = super::Office::of(server.folder.path(), &anonymous);
    assert_unreachable(anonymous.look_up(&carol.person.identity).await, "refused");
    let nowhere = super::Office::of(server.folder.path(), &lines.replace(SUFFIX, &format!("OU=Gone,{SUFFIX}")));
    assert_unreachable(nowhere.look_up(&carol.person.identity).await, "there is no OU=Gone");
}

#[tokio::test]
async fn accounts_end_at_active_directory_but_not_by_lockouts() {
    let Some(server) = Samba::start("Active Directory: disabled, expired and locked accounts") else { return };
    for name in ["carol", "dave", "erin", "frank"] {
        server.add_user(name, &[]);
    }
    let office = server.office("");
    let carol = office.get("carol").await;
    server.tool(&["user", "disable", "carol"]);
    assert_eq!(office.ending("carol").await, Some(Ending::Disabled));
    assert_eq!(office.by_id(&carol.person.identity).await.person.ending, Some(Ending::Disabled));
    assert_eq!(office.password("carol", PASSWORD).await, PasswordAnswer::Ended(Ending::Disabled));
    assert_eq!(office.password("carol", "wrong").await, PasswordAnswer::Wrong, "who does not know it learns nothing");
    server.tool(&["user", "enable", "carol"]);
    assert_eq!(office.by_id(&carol.person.identity).await, carol);
    assert_eq!(office.password("carol", PASSWORD).await, PasswordAnswer::Right);
    // Administrators often leave out who is disabled by the filter.
    let enabled =
        server.office("user_filter = \"(&(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))\"\n");
    server.tool(&["user", "disable", "carol"]);
    assert_eq!(enabled.find("carol").await, None);
    assert_eq!(enabled.by_id(&carol.person.identity).await.person.ending, Some(Ending::Disabled));

    server.modify(&replace(&dn("dave"), "accountExpires", "132000000000000000"));
    assert_eq!(office.ending("dave").await, Some(Ending::Expired));
    assert_eq!(office.password("dave", PASSWORD).await, PasswordAnswer::Ended(Ending::Expired));
    let tomorrow = (now().timestamp() + 86_400 + 11_644_473_600) * 10_000_000;
    server.modify(&replace(&dn("dave"), "accountExpires", &tomorrow.to_string()));
    assert_eq!(office.ending("dave").await, None);

    server.modify(&replace(&dn("erin"), "pwdLastSet", "0"));
    assert_eq!(office.password("erin", PASSWORD).await, PasswordAnswer::Expired);
    assert_eq!(office.password("erin", "wrong").await, PasswordAnswer::Wrong);
    assert_eq!(office.ending("erin").await, None);

    let settings = ["domain", "passwordsettings", "set", "--account-lockout-threshold=3"];
    server.tool(&settings);
    for _ in 0..3 {
        assert_eq!(office.password("frank", "wrong").await, PasswordAnswer::Wrong);
    }
    assert_eq!(office.password("frank", PASSWORD).await, PasswordAnswer::Wrong, "it is locked");
    assert_eq!(office.ending("frank").await, None, "which ends nothing");

    let findings = office.ldap().examine().await;
    let lockout = findings.last().expect("findings");
    assert!(lockout.what.contains("after 3 wrong passwords"), "{lockout:?}");
    assert!(lockout.advice.as_ref().is_some_and(|advice| advice.contains("wrong_passwords below 3")), "{lockout:?}");
    let careful = server.office("wrong_passwords = 2\n").ldap().examine().await;
    assert!(careful.iter().all(|finding| finding.advice.is_none()), "{careful:?}");
    assert!(careful.iter().any(|finding| finding.what.contains("all of them have objectGUID")), "{careful:?}");
}

#[tokio::test]
async fn groups_at_active_directory() {
    let Some(server) = Samba::start("Active Directory: groups in groups") else { return };
    for name in ["carol", "dave"] {
        server.add_user(name, &[]);
    }
    server.add_group("Inner", &["carol"]);
    server.add_group("Middle", &["Inner"]);
    server.add_group("Outer", &["Middle"]);
    server.add_group("Other", &["dave"]);
    // In a circle, and with the primary group, which nobody has in `memberOf`.
    server.tool(&["group", "addmembers", "Inner", "Outer"]);
    server.add_group("Everybody", &["Domain Users"]);
    let ending = async |name: &str, lines: &str| server.office(lines).ending(name).await;
    for group in ["Inner", "Middle", "Outer", "outer", &dn("outer")] {
        let lines = format!("required_groups = [\"{group}\"]\n");
        assert_eq!(ending("carol", &lines).await, None, "{group}");
        assert_eq!(ending("dave", &lines).await, Some(Ending::NotAllowed), "{group}");
        let flat = format!("{lines}nested_groups = false\n");
        let expected = (group != "Inner").then_some(Ending::NotAllowed);
        assert_eq!(ending("carol", &flat).await, expected, "{group}");
        let by_member = format!("{lines}groups_from = \"member\"\ngroup_base = \"{SUFFIX}\"\n");
        assert_eq!(ending("carol", &by_member).await, None, "{group}");
        assert_eq!(ending("dave", &by_member).await, Some(Ending::NotAllowed), "{group}");
        let flat = format!("{by_member}nested_groups = false\n");
        assert_eq!(ending("carol", &flat).await, expected, "{group}");
    }
    for (group, is_flat) in [("Domain Users", true), ("Domain Users", false), ("Everybody", false)] {
        let lines = format!("required_groups = [\"{group}\"]\nnested_groups = {}\n", !is_flat);
        assert_eq!(ending("dave", &lines).await, None, "{group}");
    }
    let office = server.office(&format!("admin_groups = [\"CN=Outer,CN=Users,{SUFFIX}\"]\nrequired_groups = [\"Domain Users\"]\n"));
    assert_eq!(office.get("carol").await.person.is_admin, Some(true));
    assert_eq!(office.get("dave").await.person.is_admin, Some(false));
    for gone in ["Gone", &dn("Gone")] {
        let office = server.office(&format!("required_groups = [\"{gone}\"]\n"));
        assert_unreachable(office.try_find("carol").await, "there is no group");
    }
    let office = server.office("required_groups = [\"Inner\"]\n");
    let carol = office.get("carol").await;
    server.tool(&["group", "removemembers", "Inner", "carol"]);
    assert_eq!(office.by_id(&carol.person.identity).await.person.ending, Some(Ending::NotAllowed));
    server.tool(&["group", "addmembers", "Inner", "carol"]);
    assert_eq!(office.by_id(&carol.person.identity).await, carol);
}
