//! What is told of wrong `[[oidc]]` and `[[ldap]]`, and what comes of right ones.

mod ldap;
mod oidc;
mod shared;
mod shipped;

use crate::config::Config;
use crate::config::file::tests::load_beside;

/// An `[[oidc]]` with what is needed; keys that are given go before those.
fn oidc(keys: &str) -> String {
    with_needed("oidc", &["label = \"Acme\"", "issuer = \"https://id.acme.example\"", "client_id = \"latchkey\""], keys)
}

/// An `[[ldap]]` with what is needed.
fn ldap(keys: &str) -> String {
    let needed = ["label = \"Acme\"", "urls = [\"ldaps://dc.acme.example\"]", "user_base = \"dc=acme,dc=example\""];
    with_needed("ldap", &needed, keys)
}

fn with_needed(section: &str, needed: &[&str], keys: &str) -> String {
    let has = |line: &str| {
        let key = line.split('=').next().expect("a key");
        keys.lines().any(|given| given.starts_with(key))
    };
    let needed: Vec<&str> = needed.iter().copied().filter(|line| !has(line)).collect();
    format!("[[{section}]]\n{}\n{keys}\n", needed.join("\n"))
}

/// What is told of a file, which has to be refused.
fn told(text: &str) -> Vec<String> {
    load_beside(text, &[]).expect_err(text)
}

/// What comes of a file, which has to be right.
fn good(text: &str) -> Config {
    load_beside(text, &[]).unwrap_or_else(|told| panic!("{told:?}\n{text}"))
}

/// Each of these keys makes the one problem beside it, and no other.
fn each_is_told(entry: impl Fn(&str) -> String, cases: &[(&str, &str)]) {
    for (keys, expected) in cases {
        assert_eq!(told(&entry(keys)), [expected.to_string()], "{keys}");
    }
}
