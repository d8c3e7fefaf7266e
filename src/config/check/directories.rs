//! `[[oidc]]` and `[[ldap]]`: what both kinds share.

use std::path::Path;
use std::time::Duration;

use super::Check;
use crate::config::directories::{CommonConfig, Provision};
use crate::secret::PlainSecret;

/// Largest file with a secret or with certificates, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// Longest name of a directory.
const LONGEST_NAME: usize = 32;

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
        if label.chars().count() > 64 || label.chars().any(char::is_control) {
            self.wrong(&entry.key("label"), &format!("{label:?}"), "must have at most 64 characters");
        }
        let name = if raw.name.is_empty() { slug(&label) } else { raw.name.to_owned() };
        if !is_name(&name) {
            let reason = format!("must have 1 to {LONGEST_NAME} characters of a-z, 0-9 and '-'");
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
            required_groups: self.groups(&entry.key("required_groups"), raw.required_groups),
            admin_groups: self.groups(&entry.key("admin_groups"), raw.admin_groups),
            recheck: self.duration(&entry.key("recheck"), raw.recheck),
        }
    }

    fn groups(&mut self, key: &str, groups: &[String]) -> Vec<String> {
        if groups.iter().any(|group| group.trim().is_empty()) {
            self.wrong(key, &format!("{groups:?}"), "has an empty name");
        }
        groups.iter().map(|group| group.trim().to_owned()).collect()
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
            (false, true) => Some(PlainSecret::new(inline.to_owned())),
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

#[expect(clippy::disallowed_methods, reason = "the configuration reads the files that it names")]
fn read_small(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST { Err("it is larger than 1 MiB".to_owned()) } else { Ok(bytes) }
}

fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A name for addresses, from one for people.
fn slug(label: &str) -> String {
    let lower = label.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").chars().take(LONGEST_NAME).collect()
}
