//! Reads `webdav.toml` and finds everything that is wrong in it, not only the first thing.

#![expect(clippy::disallowed_methods, reason = "the one place outside files/ that reads a file: the configuration")]

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::checked::Config;
use super::raw::{Raw, RawDav, RawLog, RawSecurity, RawServer, RawStorage, RawWeb};
use super::raw_directories::{RawLdap, RawOidc};
use super::{Problem, Problems};

/// What the command line says instead of the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--listen ADDR`
    pub listen: Option<String>,
    /// `--storage DIR`, relative to the working folder.
    pub storage: Option<PathBuf>,
}

/// Reads, overrides and checks the configuration.
///
/// Without a named file, `webdav.toml` in the working folder is read where there is one; otherwise the built-in
/// defaults hold. Relative paths in the file start at the file's folder.
///
/// # Errors
/// All problems at once.
pub fn load(named: Option<&Path>, overrides: &Overrides) -> Result<Config, Problems> {
    let file = named.map_or_else(|| PathBuf::from("webdav.toml"), Path::to_path_buf);
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => String::new(),
        Err(error) => return Err(whole_file(&file, &format!("cannot be read: {error}"))),
    };
    let mut problems = Vec::new();
    let mut raw = read(&text, &mut problems).map_err(|reason| whole_file(&file, &reason))?;
    if let Some(listen) = &overrides.listen {
        raw.server.listen.clone_from(listen);
    }
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let base = file.parent().map_or_else(|| here.clone(), |folder| here.join(folder));
    if let Some(storage) = &overrides.storage {
        raw.storage.path = here.join(storage).to_string_lossy().into_owned();
    }
    let printed = toml::to_string(&raw).unwrap_or_default();
    let checked = Config::check(&raw, &base, printed, &mut problems);
    match checked {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(Problems { file, problems }),
    }
}

/// Largest file with a secret or with certificates, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// Reads a file that the configuration names.
pub(super) fn read_small(path: &Path) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST { Err("it is larger than 1 MiB".to_owned()) } else { Ok(bytes) }
}

/// The built-in defaults as a file.
#[must_use]
pub fn default_text() -> String {
    toml::to_string(&Raw::default()).unwrap_or_default()
}

fn whole_file(file: &Path, reason: &str) -> Problems {
    let problem = Problem { key: String::new(), value: String::new(), reason: reason.to_owned() };
    Problems { file: file.to_path_buf(), problems: vec![problem] }
}

/// Reads the text; a syntax error is the only one that hides all others.
fn read(text: &str, problems: &mut Vec<Problem>) -> Result<Raw, String> {
    let mut table: Table = text.parse().map_err(|error| syntax(text, &error))?;
    let defaults: Table = default_text().parse().unwrap_or_default();
    let mut known = defaults.clone();
    known.extend(["oidc", "ldap"].map(|name| (name.to_owned(), Value::Array(Vec::new()))));
    for name in table.keys().filter(|name| !known.contains_key(*name)) {
        problems.push(unknown(name, &known, ""));
    }
    Ok(Raw {
        server: section::<RawServer>("server", &mut table, &defaults, problems),
        storage: section::<RawStorage>("storage", &mut table, &defaults, problems),
        security: section::<RawSecurity>("security", &mut table, &defaults, problems),
        dav: section::<RawDav>("dav", &mut table, &defaults, problems),
        web: section::<RawWeb>("web", &mut table, &defaults, problems),
        log: section::<RawLog>("log", &mut table, &defaults, problems),
        oidc: entries::<RawOidc>("oidc", &mut table, problems),
        ldap: entries::<RawLdap>("ldap", &mut table, problems),
    })
}

/// A syntax error with its line; the line itself is not shown where it may hold a secret.
fn syntax(text: &str, error: &toml::de::Error) -> String {
    let full = error.to_string();
    // A text over several lines may have begun before the line that is wrong.
    let mut said = text.lines().filter(|line| !line.starts_with('#'));
    if !said.any(|line| ["secret", "pass"].iter().any(|word| line.to_lowercase().contains(word))) {
        return full.trim_end().to_owned();
    }
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let first = error.message().lines().next().unwrap_or_default();
    format!("TOML parse error at line {line}: {first}")
}

/// Whether the value of a key is a secret.
fn is_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    (key.contains("secret") || key.contains("pass")) && !key.contains("file") && !key.contains("wrong")
}

/// Reads one section key by key, so that each wrong key is told.
fn section<T: DeserializeOwned + Default>(
    name: &str,
    table: &mut Table,
    defaults: &Table,
    problems: &mut Vec<Problem>,
) -> T {
    let known = defaults.get(name).and_then(Value::as_table).cloned().unwrap_or_default();
    match table.remove(name) {
        None => T::default(),
        Some(Value::Table(given)) => keys(name, given, &known, problems),
        Some(other) => {
            let reason = format!("is a section: write [{name}] and its keys below it");
            problems.push(Problem { key: name.to_owned(), value: other.to_string(), reason });
            T::default()
        }
    }
}

/// Reads the entries `[[name]]`, each key by key.
fn entries<T: DeserializeOwned + Serialize + Default>(
    name: &str,
    table: &mut Table,
    problems: &mut Vec<Problem>,
) -> Vec<T> {
    let known = toml::to_string(&T::default()).ok().and_then(|text| text.parse().ok()).unwrap_or_default();
    let given = match table.remove(name) {
        None => return Vec::new(),
        Some(Value::Array(given)) => given,
        Some(other) => {
            let reason = format!("is a list of entries: write [[{name}]] and the keys of one below it");
            problems.push(Problem { key: name.to_owned(), value: String::new(), reason });
            if !other.is_table() {
                return Vec::new();
            }
            vec![other]
        }
    };
    let mut found = Vec::new();
    for (index, entry) in given.into_iter().enumerate() {
        let place = format!("{name}[{}]", index + 1);
        if let Value::Table(entry) = entry {
            found.push(keys(&place, entry, &known, problems));
        } else {
            let reason = format!("is no entry: write [[{name}]] and its keys below it");
            problems.push(Problem { key: place, value: String::new(), reason });
        }
    }
    found
}

fn keys<T: DeserializeOwned + Default>(name: &str, given: Table, known: &Table, problems: &mut Vec<Problem>) -> T {
    let mut good = Table::new();
    for (key, value) in given {
        if !known.contains_key(&key) {
            problems.push(unknown(&key, known, name));
            continue;
        }
        let alone = Table::from_iter([(key.clone(), value.clone())]);
        match alone.try_into::<T>() {
            Ok(_) => {
                good.insert(key, value);
            }
            Err(error) => {
                let hidden = is_secret(&key);
                let value = if hidden { "…".to_owned() } else { value.to_string() };
                // The message, too, may repeat the value.
                let reason = if hidden { "must be a text in quotation marks" } else { error.message() };
                problems.push(Problem { key: format!("{name}.{key}"), value, reason: reason.to_owned() });
            }
        }
    }
    good.try_into().unwrap_or_default()
}

fn unknown(key: &str, known: &Table, section: &str) -> Problem {
    let dotted = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
    let what = if section.is_empty() { "section" } else { "key" };
    let nearest = known.keys().map(|name| (strsim::damerau_levenshtein(name, key), name)).min();
    let reason = match nearest {
        Some((distance, name)) if distance <= 3 => format!("unknown {what}, did you mean `{name}`?"),
        _ => format!("unknown {what}"),
    };
    Problem { key: dotted, value: String::new(), reason }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Loads a configuration that stands in a folder with these files, and gives what is told of it, a line for each
    /// problem, without the file's name.
    pub(in crate::config) fn load_beside(text: &str, files: &[(&str, &[u8])]) -> Result<Config, Vec<String>> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).expect("written");
        }
        let file = folder.path().join("webdav.toml");
        std::fs::write(&file, text).expect("written");
        load(Some(&file), &Overrides::default()).map_err(|problems| {
            let told = problems.to_string();
            told.split(&format!("{}: ", file.display())).skip(1).map(|line| line.trim_end().to_owned()).collect()
        })
    }

    /// The shipped file shows each key once, with its default.
    #[test]
    fn the_shipped_file_is_the_defaults() {
        let shipped = include_str!("../../webdav.toml");
        let mut problems = Vec::new();
        let raw = read(shipped, &mut problems).expect("valid TOML");
        assert_eq!(problems, []);
        assert_eq!(raw, Raw::default());
        let shown: Table = shipped.parse().expect("valid TOML");
        let all: Table = default_text().parse().expect("valid TOML");
        assert_eq!(shown, all, "webdav.toml leaves no key out");
    }

    #[test]
    fn all_problems_are_told_at_once_with_key_value_and_reason() {
        let text = "[server]\nlisten = 5\nlissten = \"x\"\n[storage]\ndurability = \"maybe\"\n[serve]\n[security]\n\
                    app_credentials_ttl = \"soon\"\nargon2_iterations = 0\n";
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("webdav.toml");
        std::fs::write(&file, text).expect("written");
        let told = load(Some(&file), &Overrides::default()).expect_err("refused").to_string();
        let name = file.display();
        for line in [
            format!("{name}: serve: unknown section, did you mean `server`?"),
            format!("{name}: server.lissten: unknown key, did you mean `listen`?"),
            format!("{name}: server.listen = 5: invalid type: integer `5`, expected a string"),
            format!("{name}: storage.durability = \"maybe\": not one of \"fsync\", \"none\""),
            format!("{name}: security.argon2_iterations = 0: must be at least 1"),
        ] {
            assert!(told.lines().any(|told| told == line), "{line}\nis not in\n{told}");
        }
        assert!(told.contains("security.app_credentials_ttl = \"soon\": not a duration"), "{told}");
    }

    #[test]
    fn a_broken_file_is_told_with_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("webdav.toml");
        std::fs::write(&file, "[server\n").expect("written");
        let told = load(Some(&file), &Overrides::default()).expect_err("refused").to_string();
        assert!(told.contains("line 1"), "{told}");
        let told = load(Some(&folder.path().join("absent.toml")), &Overrides::default()).expect_err("refused");
        assert!(told.to_string().contains("cannot be read"));
    }

    #[test]
    fn a_broken_file_is_told_without_the_secrets_that_are_in_it() {
        for text in [
            "[[oidc]]\nclient_secret = \"hunter2\n",
            "[[ldap]]\nbind_password = hunter2\n",
            "[[ldap]]\nbind_password = \"\"\"\nhunter2\n\\z\"\"\"\n",
            "oidc = [{ client_secret = \"hunter2\" ]\n",
        ] {
            let told = load_beside(text, &[]).expect_err("refused").join("\n");
            assert!(told.contains("TOML parse error at line "), "{told}");
            assert!(!told.contains("hunter"), "{told}");
        }
        let wrong = "[[oidc]]\nclient_secret = [\"hunter2\"]\n[[ldap]]\nbind_password = 12345678\n";
        let told = load_beside(wrong, &[]).expect_err("refused").join("\n");
        for key in ["oidc[1].client_secret", "ldap[1].bind_password"] {
            assert!(told.contains(&format!("{key} = …: must be a text in quotation marks")), "{told}");
        }
        assert!(!told.contains("hunter") && !told.contains("12345678"), "{told}");
    }
}
