//! The examples of `[[oidc]]` and `[[ldap]]` in the shipped file.

use toml::Table;

use super::good;
use crate::config::raw_directories::{RawLdap, RawOidc};

/// The shipped file with its examples: a line of theirs has no space behind its `#`.
fn uncommented() -> String {
    let lines = include_str!("../../../../webdav.toml").lines();
    let line = |line: &'static str| match line.strip_prefix('#') {
        Some(example) if !example.starts_with(' ') => example,
        _ => line,
    };
    lines.map(line).collect::<Vec<_>>().join("\n")
}

/// Each key stands there with its default; only those that are needed stand there with something else.
fn shows_all(kind: &str, defaults: &str, needed: &[&str]) {
    let file: Table = uncommented().parse().expect("TOML");
    let entries = file[kind].as_array().expect("a list");
    assert_eq!(entries.len(), 1, "one example");
    let shown = entries[0].as_table().expect("an entry");
    let all: Table = defaults.parse().expect("TOML");
    assert_eq!(
        shown.keys().collect::<Vec<_>>(),
        all.keys().collect::<Vec<_>>(),
        "no key is left out, and none too many"
    );
    for (key, default) in &all {
        let is_default = shown[key] == *default;
        assert_eq!(is_default, !needed.contains(&key.as_str()), "{kind}.{key} = {}, not {default}", shown[key]);
    }
}

#[test]
fn every_key_of_an_openid_provider_is_shown_with_its_default() {
    let defaults = toml::to_string(&RawOidc::default()).expect("TOML");
    shows_all("oidc", &defaults, &["label", "issuer", "client_id"]);
}

#[test]
fn every_key_of_an_ldap_directory_is_shown_with_its_default() {
    let defaults = toml::to_string(&RawLdap::default()).expect("TOML");
    shows_all("ldap", &defaults, &["label", "urls", "user_base"]);
}

#[test]
fn every_key_of_the_examples_has_an_explanation_above_it() {
    let shipped = include_str!("../../../../webdav.toml");
    let is_example = |line: &str| line.starts_with('#') && !line.starts_with("# ") && !line.starts_with("#[");
    let lines: Vec<&str> = shipped.lines().collect();
    let mut explained = 0;
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| is_example(line)) {
        let above: Vec<&&str> = lines[..index].iter().rev().take_while(|above| is_example(above)).collect();
        let words = lines[index - above.len() - 1];
        assert!(words.starts_with("# ") && above.len() < 3, "{line} follows {words}");
        explained += 1;
    }
    assert!(explained > 50, "the examples were found: {explained}");
}

#[test]
fn the_examples_are_right_as_they_stand() {
    let config = good(&uncommented());
    assert_eq!((config.oidc.len(), config.ldap.len()), (1, 1));
    assert_eq!(config.oidc[0].common.name, "example");
}
