//! `[[ldap]]`: directories that speak LDAP.

use super::Check;
use super::directories::{Common, Entry};
use crate::config::directories::{GroupsFrom, LdapConfig, LdapPreset};
use crate::config::raw_directories::RawLdap;
use crate::secret::PlainSecret;

/// Attributes that are names, and no id.
const NAMES: [&str; 8] =
    ["cn", "displayName", "distinguishedName", "dn", "mail", "sAMAccountName", "uid", "userPrincipalName"];

/// What a preset says where the file says nothing.
struct Preset {
    user_filter: &'static str,
    login: &'static [&'static str],
    id: &'static str,
    name: &'static str,
    display_name: &'static str,
    groups_from: &'static str,
}

fn preset(preset: LdapPreset) -> Preset {
    match preset {
        LdapPreset::ActiveDirectory => Preset {
            user_filter: "(&(objectCategory=person)(objectClass=user))",
            login: &["sAMAccountName", "userPrincipalName", "mail"],
            id: "objectGUID",
            name: "sAMAccountName",
            display_name: "displayName",
            groups_from: "memberOf",
        },
        LdapPreset::OpenLdap => Preset {
            user_filter: "(objectClass=inetOrgPerson)",
            login: &["uid", "mail"],
            id: "entryUUID",
            name: "uid",
            display_name: "cn",
            groups_from: "memberOf",
        },
        LdapPreset::FreeIpa => Preset {
            user_filter: "(objectClass=posixAccount)",
            login: &["uid", "mail", "krbPrincipalName"],
            id: "ipaUniqueID",
            name: "uid",
            display_name: "displayName",
            groups_from: "memberOf",
        },
        LdapPreset::Lldap => Preset {
            user_filter: "(objectClass=person)",
            login: &["uid", "mail"],
            id: "entryUUID",
            name: "uid",
            display_name: "displayName",
            groups_from: "memberOf",
        },
    }
}

impl Check<'_> {
    pub(super) fn ldap(&mut self, raw: &RawLdap, entry: &Entry<'_>) -> LdapConfig {
        let presets = [
            ("openldap", LdapPreset::OpenLdap),
            ("active-directory", LdapPreset::ActiveDirectory),
            ("freeipa", LdapPreset::FreeIpa),
            ("lldap", LdapPreset::Lldap),
        ];
        let whose = self.word(&entry.key("preset"), &raw.preset, &presets).unwrap_or(LdapPreset::OpenLdap);
        let known = preset(whose);
        let common = self.common(
            entry,
            &Common {
                name: &raw.name,
                label: &raw.label,
                preset: &raw.preset,
                ca_file: &raw.ca_file,
                timeout: &raw.timeout,
                provision: &raw.provision,
                recheck: &raw.recheck,
                required_groups: &raw.required_groups,
                admin_groups: &raw.admin_groups,
            },
        );
        for group in raw.admin_groups.iter().filter(|group| !group.contains('=')) {
            let reason =
                "must be a whole DN: else whoever may make a group of that name anywhere administers this server";
            self.wrong(&entry.key("admin_groups"), &format!("{group:?}"), reason);
        }
        self.urls(raw, entry);
        self.base(&entry.key("user_base"), &raw.user_base, "is needed: the DN beneath which people are");
        let user_filter = or(&raw.user_filter, known.user_filter);
        if ldap3::parse_filter(&user_filter).is_err() {
            self.wrong(
                &entry.key("user_filter"),
                &format!("{user_filter:?}"),
                "is no filter like (objectClass=person)",
            );
        }
        let attributes = |check: &mut Self, key: &str, text: &str, default: &str| {
            check.attribute(&entry.key(key), &or(text, default))
        };
        LdapConfig {
            preset: whose,
            urls: raw.urls.clone(),
            starttls: raw.starttls,
            bind: self.bind(raw, entry),
            user_base: raw.user_base.trim().to_owned(),
            user_filter,
            login_attributes: self.login_attributes(raw, &known, entry),
            id_attribute: self.id_attribute(raw, &known, entry),
            name_attribute: attributes(self, "name_attribute", &raw.name_attribute, known.name),
            display_name_attribute: attributes(
                self,
                "display_name_attribute",
                &raw.display_name_attribute,
                known.display_name,
            ),
            email_attribute: attributes(self, "email_attribute", &raw.email_attribute, "mail"),
            groups_from: self.groups_from(raw, &known, entry),
            nested_groups: raw.nested_groups,
            wrong_passwords: self.within(&entry.key("wrong_passwords"), raw.wrong_passwords, 1..=1000),
            wrong_passwords_window: self.time(&entry.key("wrong_passwords_window"), &raw.wrong_passwords_window),
            common,
        }
    }

    fn urls(&mut self, raw: &RawLdap, entry: &Entry<'_>) {
        let key = entry.key("urls");
        if raw.urls.is_empty() {
            self.wrong(&key, "[]", "is needed: one or more like \"ldaps://dc1.example.org\"");
        }
        for url in self.words(&key, &raw.urls, 20).iter().filter(|url| !url.is_empty()) {
            let shown = format!("{url:?}");
            let Some(uri) = server(url) else {
                self.wrong(&key, &shown, "not a URL like ldaps://dc1.example.org or ldap://dc1.example.org:389");
                continue;
            };
            match uri.scheme_str() {
                Some("ldaps") if raw.starttls => {
                    self.wrong(&key, &shown, "speaks TLS from the start: starttls is for ldap:// alone");
                }
                Some("ldaps") => {}
                Some("ldap") if raw.starttls || raw.allow_plain => {}
                Some("ldap") => {
                    let reason = "would carry passwords in clear: write ldaps://, set starttls = true, or, on a network \
                                  that nobody listens to, allow_plain = true";
                    self.wrong(&key, &shown, reason);
                }
                _ => self.wrong(&key, &shown, "not an ldaps or ldap URL"),
            }
        }
    }

    /// The DN of a place in the directory.
    fn base(&mut self, key: &str, dn: &str, needed: &str) {
        if dn.trim().is_empty() {
            self.wrong(key, "\"\"", needed);
        } else if !dn.contains('=') {
            self.wrong(key, &format!("{dn:?}"), "is no DN like ou=people,dc=example,dc=org");
        }
        self.line(key, dn);
    }

    fn id_attribute(&mut self, raw: &RawLdap, known: &Preset, entry: &Entry<'_>) -> String {
        let key = entry.key("id_attribute");
        let name = self.attribute(&key, &or(&raw.id_attribute, known.id));
        if NAMES.iter().any(|given_again| given_again.eq_ignore_ascii_case(&name)) {
            let reason = "is a name, which can change and be given to somebody else: an account needs what never does";
            self.wrong(&key, &format!("{name:?}"), reason);
        }
        name
    }

    fn bind(&mut self, raw: &RawLdap, entry: &Entry<'_>) -> Option<(String, PlainSecret)> {
        let before = self.problems.len();
        self.line(&entry.key("bind_dn"), &raw.bind_dn);
        let password = self.secret(entry, "bind_password", &raw.bind_password, &raw.bind_password_file);
        let has_told = self.problems.len() > before;
        match (raw.bind_dn.is_empty(), password) {
            (true, None) => None,
            (false, Some(password)) => Some((raw.bind_dn.clone(), password)),
            (true, Some(_)) => {
                self.wrong(&entry.key("bind_dn"), "\"\"", "is needed along with bind_password");
                None
            }
            (false, None) if has_told => None,
            (false, None) => {
                let reason = "is needed along with bind_dn: a bind without a password is anonymous";
                self.wrong(&entry.key("bind_password"), "\"\"", reason);
                None
            }
        }
    }

    fn login_attributes(&mut self, raw: &RawLdap, known: &Preset, entry: &Entry<'_>) -> Vec<String> {
        if raw.login_attributes.is_empty() {
            return known.login.iter().map(|name| (*name).to_owned()).collect();
        }
        let key = entry.key("login_attributes");
        let names = self.words(&key, &raw.login_attributes, 20);
        names.iter().map(|name| if name.is_empty() { String::new() } else { self.attribute(&key, name) }).collect()
    }

    fn groups_from(&mut self, raw: &RawLdap, known: &Preset, entry: &Entry<'_>) -> GroupsFrom {
        let from = or(&raw.groups_from, known.groups_from);
        let words = [("memberOf", false), ("member", true)];
        if !self.word(&entry.key("groups_from"), &from, &words).unwrap_or(false) {
            return GroupsFrom::MemberOf;
        }
        self.base(&entry.key("group_base"), &raw.group_base, "is needed with groups_from = \"member\"");
        let attribute = or(&raw.group_member_attribute, "member");
        let attribute = self.attribute(&entry.key("group_member_attribute"), &attribute);
        GroupsFrom::Members { base: raw.group_base.trim().to_owned(), attribute }
    }

    /// RFC 4512 §1.4: a letter, then letters, digits and hyphens; or numbers with dots. Options are of no use here.
    fn attribute(&mut self, key: &str, name: &str) -> String {
        let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_oid = name.contains('.') && name.split('.').all(is_number);
        if name.len() > 128 || !(is_word || is_oid) {
            self.wrong(key, &format!("{name:?}"), "is no name of an attribute");
        }
        name.to_owned()
    }
}

/// A server's URL: nothing but scheme, host and port.
fn server(url: &str) -> Option<http::Uri> {
    let uri = url.parse::<http::Uri>().ok()?;
    let authority = uri.authority()?.as_str();
    let has_port = authority.rsplit_once(']').map_or(authority, |(_, rest)| rest).contains(':');
    let is_plain = !url.contains(['@', '#', '?'])
        && uri.path().trim_matches('/').is_empty()
        && uri.host().is_some_and(|host| !host.is_empty())
        && (!has_port || uri.port_u16().is_some_and(|port| port > 0));
    is_plain.then_some(uri)
}

fn or(text: &str, default: &str) -> String {
    if text.is_empty() { default.to_owned() } else { text.to_owned() }
}
