//! One search, and what is found by it.

use std::collections::HashMap;

use ldap3::asn1::StructureTag;
use ldap3::{LdapResult, ResultEntry, Scope, SearchOptions};

use super::failure::{Failure, told};

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Search {
    pub base: String,
    pub scope: Scope,
    pub filter: String,
    pub attributes: Vec<String>,
    /// Entries that are taken at most.
    pub most: usize,
}

impl Search {
    /// Beneath a base.
    pub fn beneath(base: &str, filter: String, attributes: Vec<String>, most: usize) -> Self {
        Self { base: base.to_owned(), scope: Scope::Subtree, filter, attributes, most }
    }

    /// One entry, by its DN.
    pub fn entry(dn: &str, filter: &str, attributes: Vec<String>) -> Self {
        Self { base: dn.to_owned(), scope: Scope::Base, filter: filter.to_owned(), attributes, most: 1 }
    }

    /// Asks on that connection. References to other servers are passed over: referrals are not followed.
    pub async fn ask(&self, ldap: &mut ldap3::Ldap, seconds: i32) -> Result<Answer, Failure> {
        let broken = |error: ldap3::LdapError| Failure::of_connection(&error);
        let most = i32::try_from(self.most).unwrap_or(i32::MAX);
        let options = SearchOptions::new().sizelimit(most).timelimit(seconds);
        let mut stream = ldap
            .with_search_options(options)
            .streaming_search(&self.base, self.scope, &self.filter, self.attributes.clone())
            .await
            .map_err(broken)?;
        let mut entries = Vec::new();
        while let Some(found) = stream.next().await.map_err(broken)? {
            if found.is_ref() || found.is_intermediate() {
                continue;
            }
            if entries.len() == self.most {
                return Err(Failure::elsewhere("it answers with more entries than it was asked for"));
            }
            entries.push(Found::read(found).ok_or_else(|| Failure::elsewhere("its answer cannot be read"))?);
        }
        Answer::of(entries, &stream.finish().await)
    }
}

/// What a search has found.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub entries: Vec<Found>,
    /// There are more than were asked for.
    pub more: bool,
    /// The base does not exist, or may not be seen.
    pub no_base: bool,
}

impl Answer {
    fn of(entries: Vec<Found>, result: &LdapResult) -> Result<Self, Failure> {
        match result.rc {
            0 => Ok(Self { entries, ..Self::default() }),
            // RFC 4511 §4.1.9: sizeLimitExceeded, noSuchObject.
            4 => Ok(Self { entries, more: true, no_base: false }),
            32 => Ok(Self { no_base: true, ..Self::default() }),
            10 => Err(Failure::last("it refers to another server, and referrals are not followed")),
            // operationsError is what Active Directory says to who has not bound.
            1 => Err(Failure::last(format!("the search was refused: {}", told(result)))
                .with_advice("set bind_dn and bind_password: this directory is not searched by strangers")),
            50 => Err(Failure::last(format!("the search was refused: {}", told(result)))
                .with_advice("give the account in bind_dn the right to read people and groups")),
            51 | 52 => Err(Failure::elsewhere(format!("the search failed: {}", told(result)))),
            _ => Err(Failure::last(format!("the search failed: {}", told(result)))),
        }
    }
}

/// An entry that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub dn: String,
    /// By name in lower case; options (`;range=…`) are part of the name.
    attributes: HashMap<String, Vec<Vec<u8>>>,
}

impl Found {
    /// Reads a `SearchResultEntry` (RFC 4511 §4.5.2). The library's own reader panics at what it does not expect.
    fn read(entry: ResultEntry) -> Option<Self> {
        let mut parts = entry.0.match_id(4)?.expect_constructed()?.into_iter();
        let dn = String::from_utf8(parts.next()?.expect_primitive()?).ok()?;
        let mut attributes = HashMap::new();
        for attribute in parts.next()?.expect_constructed()? {
            let mut parts = attribute.expect_constructed()?.into_iter();
            let name = String::from_utf8(parts.next()?.expect_primitive()?).ok()?;
            let values = parts.next()?.expect_constructed()?.into_iter();
            let values = values.map(StructureTag::expect_primitive).collect::<Option<Vec<_>>>()?;
            attributes.insert(name.to_ascii_lowercase(), values);
        }
        Some(Self { dn, attributes })
    }

    /// All values of an attribute; none where it is absent.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        self.attributes.get(&name.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// Those values that are text.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.values(name).iter().filter_map(|value| str::from_utf8(value).ok())
    }

    /// The first value that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts(name).next()
    }

    #[cfg(test)]
    pub fn of(dn: &str, attributes: &[(&str, &str)]) -> Self {
        let mut found = Self { dn: dn.to_owned(), attributes: HashMap::new() };
        for (name, value) in attributes {
            found.attributes.entry(name.to_ascii_lowercase()).or_default().push(value.as_bytes().to_vec());
        }
        found
    }
}

/// Bytes for a filter (RFC 4515 §3).
pub(super) fn escaped(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
}
