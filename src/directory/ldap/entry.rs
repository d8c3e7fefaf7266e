//! From an entry to a person. Whatever stands in a directory may be anything.

use super::failure::{Failure, printable};
use super::search::Found;
use super::{Entry, Ldap, account, groups, id};
use crate::directory::Person;
use crate::model::{Ending, Identity, Time, is_unseen};

/// Bytes of the longest value that a login name is made of, and of the longest e-mail address (RFC 5321 §4.5.3.1).
const LONGEST: usize = 254;
/// Characters of a name that is shown.
const SHOWN: usize = 200;

impl Ldap {
    /// What is read of a person.
    pub(super) fn attributes(&self) -> Vec<String> {
        let config = &self.config;
        let own =
            [&config.id_attribute, &config.name_attribute, &config.display_name_attribute, &config.email_attribute];
        let mut names: Vec<String> = own.into_iter().chain(&config.login_attributes).cloned().collect();
        let more = [&["uid", "userPrincipalName"], account::attributes(config.preset), groups::attributes(config)];
        names.extend(more.concat().into_iter().map(str::to_owned));
        names.sort_by_key(|name| name.to_ascii_lowercase());
        names.dedup_by_key(|name| name.to_ascii_lowercase());
        names
    }

    /// Who that is, and whether the account is alive.
    pub(super) async fn entry(&self, found: Found, counts: bool, now: Time) -> Result<Entry, Failure> {
        let id = &self.config.id_attribute;
        let subject = id::subject(id, &found).map_err(|why| {
            Failure::last(format!("{id} of {} {why}", printable(&found.dn, SHOWN)))
                .with_advice("check id_attribute, and that the account in bind_dn may read it")
        })?;
        let mut ending = account::ending(self.config.preset, &found, now)?;
        let mut is_admin = None;
        // Whoever is not alive is not asked about groups, so that trouble with groups keeps nobody alive.
        if ending.is_none() && counts {
            let membership = self.membership(&found).await?;
            is_admin = membership.is_admin;
            ending = (!membership.allowed).then_some(Ending::NotAllowed);
        } else if ending.is_none() {
            ending = Some(Ending::NotAllowed);
        }
        let person = Person {
            identity: Identity { issuer: self.issuer(), subject },
            login_names: self.login_names(&found),
            display_name: found
                .text(&self.config.display_name_attribute)
                .map(|text| printable(text, SHOWN))
                .unwrap_or_default(),
            email: found.text(&self.config.email_attribute).and_then(plain).filter(|text| text.contains('@')),
            is_admin,
            shown: shown(&found),
            ending,
        };
        Ok(Entry { dn: found.dn, person })
    }

    fn login_names(&self, found: &Found) -> Vec<String> {
        let local = |address: &str| address.split_once('@').map(|(local, _)| local.to_owned());
        let own = [self.config.name_attribute.as_str(), "uid"].into_iter().filter_map(|name| found.text(name));
        let mut names: Vec<String> = own.filter_map(plain).collect();
        names.extend(found.text(&self.config.email_attribute).and_then(plain).and_then(|email| local(&email)));
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }
}

/// A value that is short and of one piece; others are passed over, not mended.
fn plain(text: &str) -> Option<String> {
    let text = text.trim();
    let fine = !text.is_empty() && text.len() <= LONGEST && !text.contains(is_unseen);
    fine.then(|| text.to_owned())
}

fn shown(found: &Found) -> String {
    printable(found.text("userPrincipalName").unwrap_or(&found.dn), SHOWN)
}
