//! What a provider says of somebody (claims), made into a person.

use serde_json::{Map, Value};

use super::http::Silence;
use super::people::Unsaid;
use crate::config::{OidcConfig, OidcPreset, ProviderSecondFactor};
use crate::directory::Person;
use crate::model::{Ending, Identity, Time, is_unseen};

/// Longest subject, in bytes (OpenID Connect Core 1.0 §2: `sub`).
const LONGEST_SUBJECT: usize = 255;
/// Longest text that is taken from a claim, in characters. Longer ones are no names of anybody.
const LONGEST_TEXT: usize = 255;
/// Most groups that are looked at.
const MOST_GROUPS: usize = 20_000;

/// Claims of an ID token, filled up by those of userinfo.
#[derive(Debug, Clone)]
pub(super) struct Claims {
    /// What was signed.
    signed: Map<String, Value>,
    /// What userinfo said besides.
    besides: Map<String, Value>,
}

/// What is known of somebody's groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Groups {
    /// These are all.
    All(Vec<String>),
    /// Nothing is said.
    Unsaid,
    /// There are more than a token holds; they are to be asked for (`hasgroups`, `_claim_names`).
    Elsewhere,
}

impl Claims {
    pub(super) fn new(signed: Map<String, Value>) -> Self {
        Self { signed, besides: Map::new() }
    }

    /// Adds what userinfo says.
    pub(super) fn add(&mut self, besides: Map<String, Value>) {
        self.besides = besides;
    }

    /// A text of the signed claims.
    pub(super) fn signed_text(&self, name: &str) -> Option<&str> {
        self.signed.get(name).and_then(Value::as_str)
    }

    /// An instant of the signed claims.
    pub(super) fn signed_time(&self, name: &str) -> Option<Time> {
        super::id_token::time(&self.signed, name)
    }

    /// A text, from wherever it is said.
    fn text(&self, path: &str) -> Option<&str> {
        let usable = |text: &&str| !text.trim().is_empty() && text.chars().count() <= LONGEST_TEXT;
        self.find(path).and_then(Value::as_str).filter(usable)
    }

    fn find(&self, path: &str) -> Option<&Value> {
        let said = |map| lookup(map, path).filter(|value| !value.is_null());
        said(&self.signed).or_else(|| said(&self.besides))
    }

    /// The subject, which is the key of an account.
    ///
    /// # Errors
    /// A text for people, where there is none that can be one.
    pub(super) fn subject(&self) -> Result<&str, &'static str> {
        let sub = self.signed_text("sub").ok_or("it names nobody (sub)")?;
        let fits = !sub.is_empty() && sub.len() <= LONGEST_SUBJECT && !sub.chars().any(char::is_control);
        if fits { Ok(sub) } else { Err("its subject (sub) is empty, too long or unprintable") }
    }

    /// Whether userinfo may know more than the ID token, of what is wanted here.
    pub(super) fn lack(&self, config: &OidcConfig) -> bool {
        let texts = [config.login_claim.as_str(), "email", "name"];
        let lacks_groups = needs_groups(config) && self.groups(&config.groups_claim) == Groups::Unsaid;
        lacks_groups || texts.iter().any(|name| self.text(name).is_none())
    }

    /// Groups or roles. A claim's name may itself have dots, as the names of some providers are addresses.
    pub(super) fn groups(&self, path: &str) -> Groups {
        match self.find(path) {
            Some(Value::String(one)) => return Groups::All(vec![one.clone()]),
            Some(Value::Array(many)) => {
                let texts = many.iter().take(MOST_GROUPS).filter_map(Value::as_str);
                return Groups::All(texts.map(ToOwned::to_owned).collect());
            }
            _ => {}
        }
        // "Access token claims reference" (Microsoft identity platform): groups that are too many; `hasgroups` says only
        // that there are some.
        let is_elsewhere = self.find("_claim_names.groups").is_some()
            || self.find("hasgroups").is_some_and(|value| value == &Value::Bool(true) || value == "true");
        if path == "groups" && is_elsewhere { Groups::Elsewhere } else { Groups::Unsaid }
    }

    /// Whether the provider had a second factor, and that counts (RFC 8176: `amr`; OpenID Connect Core 1.0 §2: `acr`).
    pub(super) fn has_second_factor(&self, counts: &ProviderSecondFactor) -> bool {
        let ProviderSecondFactor::Provider { amr, acr } = counts else { return false };
        let methods = match self.signed.get("amr") {
            Some(Value::Array(methods)) => methods.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(method)) => vec![method.as_str()],
            _ => Vec::new(),
        };
        let context = self.signed_text("acr");
        methods.iter().any(|method| amr.iter().any(|counts| counts == method))
            || context.is_some_and(|context| acr.iter().any(|counts| counts == context))
    }

    /// The person, as far as groups are known.
    pub(super) fn person(
        &self,
        config: &OidcConfig,
        identity: Identity,
        groups: Option<&[String]>,
        unsaid: Unsaid,
    ) -> Person {
        let any = ["preferred_username", "upn", "email", "name"];
        let mut login_names: Vec<String> = Vec::new();
        for name in std::iter::once(config.login_claim.as_str()).chain(any) {
            if let Some(text) = self.text(name).filter(|text| !login_names.iter().any(|known| known == text)) {
                login_names.push(text.to_owned());
            }
        }
        let shown = any.iter().take(3).find_map(|name| self.text(name)).unwrap_or(&identity.subject);
        let shown = printable(shown);
        let is_in = |wanted: &[String]| groups.is_some_and(|groups| any_group(config.preset, groups, wanted));
        let lacks_group = !config.common.required_groups.is_empty() && !is_in(&config.common.required_groups);
        let ending = (self.is_of_other_domain(config, unsaid) || (groups.is_some() && lacks_group))
            .then_some(Ending::NotAllowed);
        let says_admin = !config.common.admin_groups.is_empty() && groups.is_some();
        Person {
            identity,
            login_names,
            display_name: self.text("name").map(printable).unwrap_or_default(),
            email: self.email(),
            is_admin: says_admin.then(|| is_in(&config.common.admin_groups)),
            shown,
            ending,
        }
    }

    /// Google: whether the account is not of the configured domain. A missing `hd` is a private account's
    /// ("OpenID Connect", Google Identity: an ID token's payload).
    fn is_of_other_domain(&self, config: &OidcConfig, unsaid: Unsaid) -> bool {
        let Some(wanted) = &config.hosted_domain else { return false };
        self.signed_text("hd").map_or(unsaid == Unsaid::Nothing, |domain| !domain.eq_ignore_ascii_case(wanted))
    }

    /// The address, unless the provider says that nobody has verified it. Some write `false` as a text.
    fn email(&self) -> Option<String> {
        let denied = match self.find("email_verified") {
            Some(Value::Bool(verified)) => !verified,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("false"),
            _ => false,
        };
        let plain = |text: &&str| !text.chars().any(|c| c.is_control() || c.is_whitespace()) && text.contains('@');
        self.text("email").filter(plain).filter(|_| !denied).map(ToOwned::to_owned)
    }
}

/// Whether somebody's groups are asked at all.
pub(super) fn needs_groups(config: &OidcConfig) -> bool {
    !config.common.required_groups.is_empty() || !config.common.admin_groups.is_empty()
}

/// The value at a path of names with dots between. A name may hold dots itself: the longest that is there is taken.
fn lookup<'m>(map: &'m Map<String, Value>, path: &str) -> Option<&'m Value> {
    if let Some(value) = map.get(path) {
        return Some(value);
    }
    path.rmatch_indices('.').find_map(|(at, _)| {
        let (first, rest) = (path.get(..at)?, path.get(at + 1..)?);
        lookup(map.get(first)?.as_object()?, rest)
    })
}

/// Whether one of the groups is wanted.
fn any_group(preset: OidcPreset, groups: &[String], wanted: &[String]) -> bool {
    let same = |group: &String, wanted: &String| match preset {
        // Object IDs are hexadecimal, in whatever case.
        OidcPreset::Entra => group.eq_ignore_ascii_case(wanted),
        // Keycloak's group mapper writes a group's path, `/staff`, or, by a switch, its name.
        OidcPreset::Keycloak | OidcPreset::Generic => without_slash(group) == without_slash(wanted),
        OidcPreset::Google => group == wanted,
    };
    groups.iter().any(|group| wanted.iter().any(|wanted| same(group, wanted)))
}

fn without_slash(group: &str) -> &str {
    group.strip_prefix('/').unwrap_or(group)
}

/// For showing: without what cannot be seen, or turns the text around it about.
fn printable(text: &str) -> String {
    text.chars().filter(|&c| !is_unseen(c)).collect::<String>().trim().to_owned()
}

/// Reads what userinfo answers: it must be of the same person (OpenID Connect Core 1.0 §5.3.2).
pub(super) fn same_person(userinfo: &Map<String, Value>, subject: &str) -> bool {
    userinfo.get("sub").and_then(Value::as_str) == Some(subject)
}

/// Why groups are not known although they are needed.
pub(super) fn unsaid(config: &OidcConfig) -> Silence {
    Silence(format!("it says nothing in the claim {:?} of who is in which group", config.groups_claim))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn found(map: &Value, path: &str) -> Option<Value> {
        lookup(map.as_object().expect("an object"), path).cloned()
    }

    #[test]
    fn a_path_leads_into_objects_and_names_may_have_dots() {
        let map = json!({ "a": { "b": 1, "c.d": 2 }, "a.b": 3, "x.y": { "z": 4 }, "n": 5 });
        for (path, value) in [("a.b", Some(3)), ("a.c.d", Some(2)), ("x.y.z", Some(4)), ("n", Some(5)), ("n.o", None)] {
            assert_eq!(found(&map, path), value.map(Value::from), "{path}");
        }
        for path in ["", ".", "..", "a.", ".a", "a..b", "missing"] {
            assert_eq!(found(&map, path), None, "{path}");
        }
    }

    #[test]
    fn groups_elsewhere_are_told_from_none() {
        let groups = |claims: Value| Claims::new(claims.as_object().expect("an object").clone()).groups("groups");
        assert_eq!(groups(json!({})), Groups::Unsaid);
        assert_eq!(groups(json!({ "groups": null, "hasgroups": false })), Groups::Unsaid);
        assert_eq!(groups(json!({ "hasgroups": true })), Groups::Elsewhere);
        assert_eq!(groups(json!({ "_claim_names": { "groups": "src1" } })), Groups::Elsewhere);
        assert_eq!(groups(json!({ "_claim_names": { "roles": "src1" } })), Groups::Unsaid);
        assert_eq!(groups(json!({ "groups": ["a"], "hasgroups": true })), Groups::All(vec!["a".to_owned()]));
    }

    proptest! {
        #[test]
        fn any_path_is_looked_up_without_panic(path in "[a.é]{0,12}") {
            let map = json!({ "a": { "a": { "é": { "a": 1 } } }, "a.a": { "": 2 } });
            let _ = found(&map, &path);
        }

        #[test]
        fn what_is_shown_has_nothing_hidden(text in "\\PC{0,40}|.{0,40}") {
            let shown = printable(&text);
            let is_hidden = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
            prop_assert!(!shown.chars().any(is_hidden));
        }
    }
}
