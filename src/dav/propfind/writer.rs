//! Writes one response element after the other (RFC 4918 §14.24).

use super::wanted::Wanted;
use crate::auth::Principal;
use crate::dav::digest::Kept;
use crate::dav::error::Result;
use crate::dav::live::{self, Live, ON_REQUEST};
use crate::dav::principal;
use crate::dav::quota::Quota;
use crate::dav::report::{self, SyncTokens};
use crate::dav::request::permit;
use crate::dav::view::Found;
use crate::dav::xml::{DAV, escape};
use crate::dav::{Dav, locks};
use crate::files::{Meta, Root};
use crate::model::{Scope, Time};
use crate::store::lock::{self, Lock};
use crate::store::property::{self, Property};

/// What is written about.
struct Item<'a> {
    name: &'a [u8],
    meta: &'a Meta,
    key: &'a [u8],
    dead: &'a [Property],
    locks: &'a [Lock],
}

/// Writes one response element after the other.
pub(in crate::dav) struct Writer {
    pub(in crate::dav) dav: Dav,
    wanted: Wanted,
    principal: Principal,
    /// What the password may reach; absent where nothing of it is listed.
    pub(in crate::dav) root: Option<Root>,
    now: Time,
    /// Whether there are any locks or dead properties to look for in the listed tree.
    any_locks: bool,
    any_dead: bool,
    /// Where it is asked for: the same for every folder of the home.
    quota: Option<Quota>,
    /// Nothing is said about what is not there (RFC 8144 §2.1).
    pub(in crate::dav) minimal: bool,
    /// Where it is asked for: what clients go on synchronising with.
    tokens: Option<SyncTokens>,
    /// Whether `allprop` leaves out what says the same of every member.
    pub(super) brief: bool,
}

impl Writer {
    pub(in crate::dav) fn new(dav: &Dav, principal: &Principal, wanted: Wanted, now: Time) -> Self {
        let (dav, principal) = (dav.clone(), principal.clone());
        Self {
            dav,
            wanted,
            principal,
            root: None,
            now,
            any_locks: false,
            any_dead: false,
            quota: None,
            minimal: false,
            tokens: None,
            brief: false,
        }
    }

    /// Asks once what every folder of a home would be asked for.
    pub(in crate::dav) fn look_at_home(&mut self, home: &Root) -> Result<()> {
        if self.wanted.names(Live::QuotaAvailable) || self.wanted.names(Live::QuotaUsed) {
            self.quota = Some(Quota::of(&self.dav.0, self.principal.user(), home, self.now)?);
        }
        Ok(())
    }

    /// Looks at a folder and all beneath it, where sync tokens are asked for.
    pub(in crate::dav) fn look_for_tokens(&mut self, found: &Found) -> Result<()> {
        let is_folder = found.place.meta().is_some_and(Meta::is_folder);
        if is_folder && self.wanted.names(Live::SyncToken) && self.has_reports() {
            self.tokens = Some(SyncTokens::look(&self.dav, found, self.now)?);
        }
        Ok(())
    }

    fn has_reports(&self) -> bool {
        self.root.is_some() && permit(self.principal.scope(), "REPORT").is_ok()
    }

    /// Asks once what every entry would be asked for.
    pub(in crate::dav) fn look_ahead(&mut self, home: &[u8]) -> Result<()> {
        let store = &self.dav.0.store;
        self.any_locks = self.wanted.wants_locks() && store.read(|c| lock::any(c, self.now))?;
        // A link among the members may lead anywhere in the home.
        self.any_dead = self.wanted.wants_dead() && store.read(|c| property::any_in_tree(c, home))?;
        Ok(())
    }

    /// One resource: its address, what stands there, its key in the store.
    pub(in crate::dav) fn response(
        &self,
        xml: &mut String,
        href: &str,
        name: &[u8],
        meta: &Meta,
        key: &[u8],
    ) -> Result<()> {
        let store = &self.dav.0.store;
        let dead = if self.any_dead { store.read(|c| property::of(c, key))? } else { Vec::new() };
        let locks = if self.any_locks { locks::covering(&self.dav.0, key, self.now)? } else { Vec::new() };
        let item = Item { name, meta, key, dead: &dead, locks: &locks };
        xml.push_str("<D:response><D:href>");
        xml.push_str(&escape(href));
        xml.push_str("</D:href>");
        let mut found = String::new();
        let mut missing = String::new();
        match &self.wanted {
            Wanted::All(included) => {
                for live in live::ALL.into_iter().filter(|live| !self.leaves_out(*live, &locks)) {
                    self.live(&mut found, live, &item)?;
                }
                dead.iter().filter(|one| is_dead(one)).for_each(|one| found.push_str(&one.element));
                for (namespace, wanted, live) in included {
                    let is_there = match live {
                        Some(live) if ON_REQUEST.contains(live) => self.live(&mut found, *live, &item)?,
                        Some(live) => has(*live, name, meta),
                        None => dead.iter().any(|one| one.namespace == *namespace && one.name == *wanted),
                    };
                    if !is_there {
                        empty(&mut missing, namespace, wanted);
                    }
                }
            }
            Wanted::Names => {
                for live in live::ALL.into_iter().filter(|live| has(*live, name, meta)) {
                    found.push_str(&format!("<D:{}/>", live.name()));
                }
                for one in dead.iter().filter(|one| is_dead(one)) {
                    empty(&mut found, &one.namespace, &one.name);
                }
            }
            Wanted::Named(named) => {
                for (namespace, name_wanted, live) in named {
                    let there = match live {
                        Some(live) => self.live(&mut found, *live, &item)?,
                        None => dead
                            .iter()
                            .find(|one| one.namespace == *namespace && one.name == *name_wanted)
                            .map(|one| found.push_str(&one.element))
                            .is_some(),
                    };
                    if !there {
                        empty(&mut missing, namespace, name_wanted);
                    }
                }
            }
        }
        if !found.is_empty() || missing.is_empty() || self.minimal {
            propstat(xml, &found, "200 OK");
        }
        if !missing.is_empty() && !self.minimal {
            propstat(xml, &missing, "404 Not Found");
        }
        xml.push_str("</D:response>");
        Ok(())
    }

    fn leaves_out(&self, live: Live, locks: &[Lock]) -> bool {
        self.brief
            && match live {
                // The same for all, or to be seen by the name.
                Live::SupportedLock | Live::DisplayName | Live::ContentType => true,
                Live::LockDiscovery => locks.is_empty(),
                _ => false,
            }
    }

    /// Writes a live property; `false` where the resource has none.
    fn live(&self, xml: &mut String, live: Live, item: &Item<'_>) -> Result<bool> {
        if live == Live::DisplayName
            && let Some(own) = item.dead.iter().find(|one| is_live(one))
        {
            xml.push_str(&own.element);
            return Ok(true);
        }
        let value = match live {
            Live::LockDiscovery => Some(self.lock_discovery(item.locks)),
            live if ON_REQUEST.contains(&live) => self.on_request(live, item)?,
            other => other.value(item.meta, item.name),
        };
        let Some(value) = value else {
            return Ok(false);
        };
        let element = live.name();
        if live.namespace() != DAV {
            xml.push_str(&format!("<{element} xmlns=\"{}\">{value}</{element}>", live.namespace()));
        } else if value.is_empty() {
            xml.push_str(&format!("<D:{element}/>"));
        } else {
            xml.push_str(&format!("<D:{element}>{value}</D:{element}>"));
        }
        Ok(true)
    }

    /// The value of a property that is told only to who asks for it by name.
    fn on_request(&self, live: Live, item: &Item<'_>) -> Result<Option<String>> {
        let is_folder = item.meta.is_folder();
        Ok(match live {
            Live::QuotaAvailable => self.quota.filter(|_| is_folder).map(|quota| quota.available.to_string()),
            Live::QuotaUsed => self.quota.filter(|_| is_folder).map(|quota| quota.used.to_string()),
            Live::CurrentUserPrincipal => {
                let href = principal::href(&self.dav.0.addresses, self.principal.user());
                Some(format!("<D:href>{}</D:href>", escape(&href)))
            }
            // On the way to confining folders, and at `/`, there is nothing but to look.
            Live::CurrentUserPrivilegeSet if self.root.is_none() => {
                Some(principal::privileges(Scope::ReadOnly, is_folder))
            }
            Live::CurrentUserPrivilegeSet => Some(principal::privileges(self.principal.scope(), is_folder)),
            Live::Checksums if !is_folder => Kept::of(&self.dav.0, item.key, &item.meta.etag())?
                .oc_checksums()
                .map(|checksums| format!("<checksum>{checksums}</checksum>")),
            Live::SupportedReportSet if is_folder && self.has_reports() => Some(report::SUPPORTED.to_owned()),
            Live::SupportedReportSet => Some(String::new()),
            Live::SyncToken if is_folder => match &self.tokens {
                Some(tokens) => tokens.of(&self.dav, item.name, item.key)?,
                None => None,
            },
            other => other.value(item.meta, item.name),
        })
    }

    /// The token is shown to the lock's owner alone (S7).
    fn lock_discovery(&self, locks: &[Lock]) -> String {
        let mut xml = String::new();
        for lock in locks {
            let scope = if lock.shared { "shared" } else { "exclusive" };
            let depth = if lock.deep { "infinity" } else { "0" };
            let left = (lock.expires_at - self.now).num_seconds().max(0);
            xml.push_str(&format!(
                "<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:{scope}/></D:lockscope>\
                 <D:depth>{depth}</D:depth>{}<D:timeout>Second-{left}</D:timeout>",
                lock.owner
            ));
            let within = self.root.as_ref().is_none_or(|root| locks::is_within(root, lock));
            if lock.user_id == self.principal.user().id && within {
                let token = escape(&lock.token);
                xml.push_str(&format!("<D:locktoken><D:href>{token}</D:href></D:locktoken>"));
            }
            let root = escape(&lock.href);
            xml.push_str(&format!("<D:lockroot><D:href>{root}</D:href></D:lockroot></D:activelock>"));
        }
        xml
    }
}

/// A dead property that stands for a live one: a display name of the client's own.
fn is_live(property: &Property) -> bool {
    property.namespace == DAV && property.name == Live::DisplayName.name()
}

/// One that stands for itself: what has become a live property since it was kept is told from the resource.
fn is_dead(property: &Property) -> bool {
    Live::by_name(&property.namespace, &property.name).is_none()
}

fn has(live: Live, name: &[u8], meta: &Meta) -> bool {
    live == Live::LockDiscovery || live.value(meta, name).is_some()
}

fn propstat(xml: &mut String, properties: &str, status: &str) {
    xml.push_str("<D:propstat><D:prop>");
    xml.push_str(properties);
    xml.push_str("</D:prop><D:status>HTTP/1.1 ");
    xml.push_str(status);
    xml.push_str("</D:status></D:propstat>");
}

/// An empty element of any namespace.
pub(in crate::dav) fn empty(xml: &mut String, namespace: &str, name: &str) {
    if namespace == DAV {
        xml.push_str(&format!("<D:{name}/>"));
    } else {
        xml.push_str(&format!("<{name} xmlns=\"{}\"/>", escape(namespace)));
    }
}
