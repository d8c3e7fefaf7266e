//! `[[oidc]]` and `[[ldap]]`: what both kinds share.

use std::path::Path;
use std::time::Duration;

use super::Check;
use crate::config::directories::{CommonConfig, Provision};
use crate::config::file::read_small;
use crate::secret::PlainSecret;

/// Longest name of a directory.
const LONGEST_NAME: usize = 32;
/// Longest text that people read, in characters.
const LONGEST_TEXT: usize = 64;
/// Longest name of a group, an answer or the like, in bytes; longer than any DN that somebody has typed.
const LONGEST_WORD: usize = 1024;
/// Longest time between two looks and the like.
const LONGEST_TIME: Duration = Duration::from_hours(24 * 3660);
/// What `config print` shows instead of a secret.
pub(in crate::config) const NOT_SHOWN: &str = "(not shown)";

/// Where in the file an entry stands, and where the file's paths start.
pub(super) struct Entry<'a> {
    /// `oidc` or `ldap`.
    pub(super) kind: &'static str,
    /// Counted from 1, as people count.
    pub(super) number: usize,
    pub(super) base: &'a Path,
}

impl Entry<'_> {
    /// `oidc[1].issuer`
    pub(super) fn key(&self, key: &str) -> String {
        format!("{}[{}].{key}", self.kind, self.number)
    }
}

/// The values that both kinds have.
pub(super) struct Common<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) preset: &'a str,
    pub(super) ca_file: &'a str,
    pub(super) timeout: &'a str,
    pub(super) provision: &'a str,
    pub(super) recheck: &'a str,
    pub(super) required_groups: &'a [String],
    pub(super) admin_groups: &'a [String],
}

impl Check<'_> {
    pub(super) fn common(&mut self, entry: &Entry<'_>, raw: &Common<'_>) -> CommonConfig {
        let label = [raw.label, raw.name, raw.preset].into_iter().find(|text| !text.trim().is_empty());
        let label = label.unwrap_or_default().trim().to_owned();
        self.readable(&entry.key("label"), &label);
        let name = if raw.name.is_empty() { slug(&label) } else { raw.name.to_owned() };
        if !is_name(&name) {
            let reason = if raw.name.is_empty() {
                "is needed, since none can be made of the label: 1 to 32 characters of a-z, 0-9 and '-'"
            } else {
                "must have 1 to 32 characters of a-z, 0-9 and '-'"
            };
            self.wrong(&entry.key("name"), &format!("{name:?}"), reason);
        }
        let words = [("auto", Provision::Auto), ("invited", Provision::Invited), ("off", Provision::Off)];
        let provision = self.word(&entry.key("provision"), raw.provision, &words).unwrap_or(Provision::Off);
        let timeout = self.duration(&entry.key("timeout"), raw.timeout);
        if timeout > Duration::from_mins(2) {
            self.wrong(&entry.key("timeout"), &format!("{:?}", raw.timeout), "must be at most 2 minutes");
        }
        CommonConfig {
            name,
            label,
            ca: self.certificates(entry, raw.ca_file),
            timeout,
            provision,
            required_groups: self.words(&entry.key("required_groups"), raw.required_groups, 1000),
            admin_groups: self.words(&entry.key("admin_groups"), raw.admin_groups, 1000),
            recheck: self.time(&entry.key("recheck"), raw.recheck),
        }
    }

    /// What people read on the pages.
    pub(super) fn readable(&mut self, key: &str, text: &str) {
        let is_hidden = |c: char| {
            c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        if text.chars().count() > LONGEST_TEXT {
            self.wrong(key, &format!("{text:?}"), format!("must have at most {LONGEST_TEXT} characters"));
        }
        if text.chars().any(is_hidden) {
            self.wrong(key, &format!("{text:?}"), "has a control character");
        }
    }

    /// A list of names, without the spaces around them.
    pub(super) fn words(&mut self, key: &str, words: &[String], most: usize) -> Vec<String> {
        if words.len() > most {
            self.wrong(key, &format!("{} of them", words.len()), format!("must be at most {most}"));
        }
        let trimmed = words.iter().map(|word| word.trim().to_owned());
        let mut seen = std::collections::BTreeSet::new();
        for word in words.iter().take(most) {
            let shown = || format!("{:?}", word.chars().take(100).collect::<String>());
            if word.trim().is_empty() {
                self.wrong(key, &shown(), "is empty");
            } else if word.len() > LONGEST_WORD || word.chars().any(char::is_control) {
                self.wrong(key, &shown(), format!("is longer than {LONGEST_WORD} bytes, or has a control character"));
            } else if !seen.insert(word.trim()) {
                self.wrong(key, &shown(), "stands there twice");
            }
        }
        trimmed.collect()
    }

    /// A text that is sent to the directory as it is.
    pub(super) fn line(&mut self, key: &str, text: &str) {
        if text.len() > LONGEST_WORD || text.chars().any(char::is_control) {
            let shown = format!("{:?}", text.chars().take(100).collect::<String>());
            self.wrong(key, &shown, format!("is longer than {LONGEST_WORD} bytes, or has a control character"));
        }
    }

    /// A time that is counted in whole seconds.
    pub(super) fn time(&mut self, key: &str, text: &str) -> Duration {
        let time = self.duration(key, text);
        if time < Duration::from_secs(1) {
            self.wrong(key, &format!("{text:?}"), "must be at least a second");
        }
        if time > LONGEST_TIME {
            self.wrong(key, &format!("{text:?}"), "must be at most 3660 days");
        }
        time.clamp(Duration::from_secs(1), LONGEST_TIME)
    }

    fn certificates(&mut self, entry: &Entry<'_>, file: &str) -> Option<Vec<u8>> {
        use tokio_rustls::rustls::pki_types::CertificateDer;
        use tokio_rustls::rustls::pki_types::pem::PemObject;
        if file.is_empty() {
            return None;
        }
        let (key, value) = (entry.key("ca_file"), format!("{file:?}"));
        let pem = match read_small(&entry.base.join(file)) {
            Ok(pem) => pem,
            Err(reason) => {
                self.wrong(&key, &value, format!("cannot be read: {reason}"));
                return None;
            }
        };
        match CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>() {
            Ok(found) if !found.is_empty() => Some(pem),
            Ok(_) => {
                self.wrong(&key, &value, "holds no certificate in PEM");
                None
            }
            Err(error) => {
                self.wrong(&key, &value, format!("is no PEM file: {error}"));
                None
            }
        }
    }

    /// A secret that stands in the configuration itself, or alone in a file.
    pub(super) fn secret(&mut self, entry: &Entry<'_>, key: &str, inline: &str, file: &str) -> Option<PlainSecret> {
        let file_key = entry.key(&format!("{key}_file"));
        match (inline.is_empty(), file.is_empty()) {
            (true, true) => None,
            (false, true) => {
                if inline == NOT_SHOWN {
                    let reason = format!("is what `latchkey config print` shows instead: write the {key} itself");
                    self.wrong(&entry.key(key), &format!("{inline:?}"), reason);
                }
                Some(PlainSecret::new(inline.to_owned()))
            }
            (false, false) => {
                self.wrong(&file_key, &format!("{file:?}"), format!("stands beside {key}: one of the two is enough"));
                None
            }
            (true, false) => {
                let read = read_small(&entry.base.join(file))
                    .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned()));
                match read.map(|text| text.trim_end_matches(['\r', '\n']).to_owned()) {
                    Ok(text) if !text.is_empty() => Some(PlainSecret::new(text)),
                    Ok(_) => {
                        self.wrong(&file_key, &format!("{file:?}"), "is empty");
                        None
                    }
                    Err(reason) => {
                        self.wrong(&file_key, &format!("{file:?}"), format!("cannot be read: {reason}"));
                        None
                    }
                }
            }
        }
    }

    /// Two entries of one name would be one place in addresses.
    pub(super) fn different_names<'n>(&mut self, kind: &str, names: impl Iterator<Item = &'n str>) {
        let mut seen = std::collections::BTreeSet::new();
        for (index, name) in names.enumerate() {
            if !seen.insert(name) {
                let key = format!("{kind}[{}].name", index + 1);
                self.wrong(&key, &format!("{name:?}"), "is the name of an entry before it: give each its own");
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A name for addresses, from one for people: `Müller & Söhne` is `muller-sohne`.
fn slug(label: &str) -> String {
    let lower = deunicode::deunicode(label).to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name: String = words.collect::<Vec<_>>().join("-").chars().take(LONGEST_NAME).collect();
    name.trim_end_matches('-').to_owned()
}
