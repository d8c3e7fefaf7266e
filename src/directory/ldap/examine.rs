//! Everything that can be wrong with a directory, step by step, for `latchkey doctor`.

use std::time::Duration;

use super::Ldap;
use super::failure::{Failure, printable};
use super::groups::wanted;
use super::search::{Found, Search};
use super::{account, dn, id};
use crate::config::{GroupsFrom, LdapPreset};
use crate::directory::Finding;

/// Entries that are looked at.
const SAMPLE: usize = 20;

impl Ldap {
    /// Looks at everything that can be wrong, for `latchkey doctor`; ends after what makes the rest impossible.
    pub async fn examine(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let Some(url) = self.examine_urls(&mut findings).await else { return findings };
        if !self.examine_bind(&url, &mut findings).await || !self.examine_base(&mut findings).await {
            return findings;
        }
        self.examine_people(&mut findings).await;
        self.examine_groups(&mut findings).await;
        if self.config.preset == LdapPreset::ActiveDirectory {
            findings.push(self.examine_lockout().await);
        }
        findings
    }

    /// Gives the first server that answers.
    async fn examine_urls(&self, findings: &mut Vec<Finding>) -> Option<String> {
        let mut first = None;
        for url in self.connections.urls() {
            match self.connections.try_open(url).await {
                Ok(()) => {
                    let is_plain = !self.config.starttls && !url.to_ascii_lowercase().starts_with("ldaps:");
                    findings.push(Finding::good(if is_plain {
                        format!("{url} answers, in clear: who can listen reads passwords")
                    } else {
                        format!("{url} answers, and its certificate is trusted")
                    }));
                    first = first.or_else(|| Some(url.clone()));
                }
                Err(failure) => findings.push(bad(
                    url,
                    &failure,
                    "check the name and port in urls, and that no firewall is between",
                )),
            }
        }
        first
    }

    async fn examine_bind(&self, url: &str, findings: &mut Vec<Finding>) -> bool {
        let what = match &self.config.bind {
            Some((dn, _)) => format!("bind as {dn}"),
            None => "anonymous bind (bind_dn is not set)".to_owned(),
        };
        match self.connections.bound(url).await {
            Ok(_) => findings.push(Finding::good(format!("{what}: accepted"))),
            Err(failure) => {
                findings.push(bad(&what, &failure, "look into the directory's log"));
                return false;
            }
        }
        true
    }

    async fn examine_base(&self, findings: &mut Vec<Finding>) -> bool {
        let mut bases = vec![self.config.user_base.clone()];
        if let GroupsFrom::Members { base, .. } = &self.config.groups_from {
            bases.push(base.clone());
        }
        let mut all = true;
        for base in bases {
            let search = Search::entry(&base, "(objectClass=*)", vec![super::NOTHING.to_owned()]);
            let found = match self.connections.search(&search).await {
                Ok(answer) if answer.entries.is_empty() => Err(self.no_base()),
                Ok(_) => Ok(()),
                Err(failure) => Err(failure),
            };
            match found {
                Ok(()) => findings.push(Finding::good(format!("{base} can be read"))),
                Err(failure) => {
                    findings.push(bad(&base, &failure, "check that the account in bind_dn may read it"));
                    all = false;
                }
            }
        }
        all
    }

    async fn examine_people(&self, findings: &mut Vec<Finding>) {
        let filter = self.user_filter();
        let search = Search::beneath(&self.config.user_base, filter.clone(), self.attributes(), SAMPLE);
        let people = match self.connections.search(&search).await {
            Ok(answer) => answer.entries,
            Err(failure) => {
                findings.push(bad(&format!("search for {filter}"), &failure, "check user_filter"));
                return;
            }
        };
        if people.is_empty() {
            findings.push(Finding::bad(
                format!("search for {filter}: nobody"),
                "check user_base and user_filter, and that the account in bind_dn may read people",
            ));
            return;
        }
        findings.push(Finding::good(format!("search for {filter}: {} looked at", people.len())));
        findings.push(self.examine_ids(&people));
        findings.extend(self.examine_names(&people));
    }

    /// Whether people can sign in, and be named here. Not all have every attribute, and some directories have none of one.
    fn examine_names(&self, people: &[Found]) -> Vec<Finding> {
        let config = &self.config;
        let having = |name: &String| people.iter().filter(|found| found.text(name).is_some()).count();
        let signing_in = config.login_attributes.iter().any(|name| having(name) > 0);
        let mut findings = Vec::new();
        for name in &config.login_attributes {
            let what = format!("{} of {} have {name}, to sign in by", having(name), people.len());
            findings.push(if signing_in {
                Finding::good(what)
            } else {
                Finding::bad(what, format!("check login_attributes, and that {name} may be read"))
            });
        }
        let name = &config.name_attribute;
        let what = format!("{} of {} have {name}, to be named by here", having(name), people.len());
        findings.push(if having(name) > 0 {
            Finding::good(what)
        } else {
            Finding::bad(what, format!("check name_attribute, and that {name} may be read"))
        });
        findings
    }

    /// Whether everybody has an id, and says whether the account is alive.
    fn examine_ids(&self, people: &[Found]) -> Finding {
        let name = &self.config.id_attribute;
        for found in people {
            let dn = printable(&found.dn, 200);
            if let Err(why) = id::subject(name, found) {
                let advice = format!(
                    "set id_attribute to what never changes and is never given again, and let the account in bind_dn \
                     read it; without it nobody can sign in (looked at {dn})"
                );
                return Finding::bad(format!("{name} {why}"), advice);
            }
            if let Err(failure) = account::ending(self.config.preset, found, chrono::DateTime::UNIX_EPOCH) {
                return bad(&dn, &failure, "check that the account in bind_dn may read it");
            }
        }
        Finding::good(format!("all of them have {name}, by which they are known"))
    }

    async fn examine_groups(&self, findings: &mut Vec<Finding>) {
        let common = &self.config.common;
        for (key, groups) in [("required_groups", &common.required_groups), ("admin_groups", &common.admin_groups)] {
            for group in wanted(groups) {
                let name = printable(group.text(), 200);
                let found = match self.exists(&group).await {
                    Ok(Some(found)) => Ok(found),
                    Ok(None) => self.called(group.text()).await.map(|groups| !groups.is_empty()),
                    Err(failure) => Err(failure),
                };
                findings.push(match found {
                    Ok(true) => Finding::good(format!("{key}: there is a group {name}")),
                    Ok(false) => Finding::bad(
                        format!("{key}: no group {name} is to be seen"),
                        format!("correct {key}, or let the account in bind_dn read the group"),
                    ),
                    Err(failure) => bad(&format!("{key}: {name}"), &failure, "check how groups are found"),
                });
            }
        }
    }

    /// Active Directory locks accounts for wrong passwords. Who guesses here must not get so far (MS-ADA1 §2.368,
    /// §2.370).
    async fn examine_lockout(&self) -> Finding {
        let base = dn::domain(&self.config.user_base).unwrap_or_else(|| self.config.user_base.clone());
        let names = ["lockoutThreshold", "lockOutObservationWindow"].map(str::to_owned).to_vec();
        let answer = self.connections.search(&Search::entry(&base, "(objectClass=*)", names)).await;
        let found = match answer {
            Ok(answer) => answer.entries.into_iter().next().unwrap_or_default(),
            Err(failure) => return bad("lockout policy", &failure, "check that the account in bind_dn may read it"),
        };
        lockout(self.config.wrong_passwords, self.config.wrong_passwords_window, &found)
    }
}

fn lockout(tries: u32, window: Duration, domain: &Found) -> Finding {
    let number = |name: &str| domain.text(name).and_then(|text| text.parse::<i64>().ok());
    let Some(threshold) = number("lockoutThreshold") else {
        return Finding::bad(
            "the domain's lockoutThreshold cannot be read",
            format!("see in the group policy that it is 0 or above {tries}, which is wrong_passwords"),
        );
    };
    if threshold == 0 {
        return Finding::good("the domain locks no account for wrong passwords");
    }
    // Negative, in 100 ns.
    let theirs = number("lockOutObservationWindow").map_or(0, i64::unsigned_abs) / 10_000_000;
    let seen = format!(
        "the domain locks an account after {threshold} wrong passwords within {} min; here {tries} are tried within {} min",
        theirs.div_ceil(60),
        window.as_secs() / 60
    );
    if i64::from(tries) >= threshold {
        let advice =
            format!("set wrong_passwords below {threshold}: else strangers can lock company accounts from here");
        return Finding::bad(seen, advice);
    }
    if window.as_secs() < theirs {
        let advice =
            format!("set wrong_passwords_window to \"{}m\" at least: the domain remembers longer", theirs.div_ceil(60));
        return Finding::bad(seen, advice);
    }
    Finding::good(seen)
}

fn bad(what: &str, failure: &Failure, advice: &str) -> Finding {
    let what =
        if failure.reason.starts_with(what) { failure.reason.clone() } else { format!("{what}: {}", failure.reason) };
    Finding::bad(what, failure.advice.as_deref().unwrap_or(advice))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_passwords_are_tried_here_than_lock_an_account_there() {
        let said = |threshold: &str, window: &str| {
            let domain = Found::of("dc=a", &[("lockoutThreshold", threshold), ("lockOutObservationWindow", window)]);
            lockout(4, Duration::from_mins(30), &domain).advice
        };
        assert_eq!(said("0", "-18000000000"), None);
        assert_eq!(said("5", "-18000000000"), None);
        assert!(said("4", "-18000000000").is_some_and(|advice| advice.contains("wrong_passwords below 4")));
        assert!(said("5", "-36000000000").is_some_and(|advice| advice.contains("\"60m\"")));
        assert!(lockout(4, Duration::ZERO, &Found::default()).advice.is_some());
    }
}
