//! Writes one response element after the other (RFC 4918 §14.24).

use super::wanted::Wanted;
use crate::auth::Principal;
use crate::dav::error::Result;
use crate::dav::live::{self, Live};
use crate::dav::xml::{DAV, escape};
use crate::dav::{Dav, locks};
use crate::files::{Meta, Root};
use crate::model::Time;
use crate::store::lock::{self, Lock};
use crate::store::property::{self, Property};

/// Writes one response element after the other.
pub(super) struct Writer {
    pub(super) dav: Dav,
    wanted: Wanted,
    principal: Principal,
    /// What the password may reach; absent where nothing of it is listed.
    pub(super) root: Option<Root>,
    now: Time,
    /// Whether there are any locks or dead properties to look for in the listed tree.
    any_locks: bool,
    any_dead: bool,
    /// Whether `allprop` leaves out what says the same of every member.
    pub(super) brief: bool,
}

impl Writer {
    pub(super) fn new(dav: &Dav, principal: &Principal, wanted: Wanted, now: Time) -> Self {
        let (dav, principal) = (dav.clone(), principal.clone());
        Self { dav, wanted, principal, root: None, now, any_locks: false, any_dead: false, brief: false }
    }

    /// Asks once what every entry would be asked for.
    pub(super) fn look_ahead(&mut self, home: &[u8]) -> Result<()> {
        let store = &self.dav.0.store;
        self.any_locks = self.wanted.wants_locks() && store.read(|c| lock::any(c, self.now))?;
        // A link among the members may lead anywhere in the home.
        self.any_dead = self.wanted.wants_dead() && store.read(|c| property::any_in_tree(c, home))?;
        Ok(())
    }

    /// One resource: its address, what stands there, its key in the store.
    pub(super) fn response(&self, xml: &mut String, href: &str, name: &[u8], meta: &Meta, key: &[u8]) -> Result<()> {
        let store = &self.dav.0.store;
        let dead = if self.any_dead { store.read(|c| property::of(c, key))? } else { Vec::new() };
        let locks = if self.any_locks { locks::covering(&self.dav.0, key, self.now)? } else { Vec::new() };
        xml.push_str("<D:response><D:href>");
        xml.push_str(&escape(href));
        xml.push_str("</D:href>");
        let mut found = String::new();
        let mut missing = String::new();
        match &self.wanted {
            Wanted::All(included) => {
                for live in live::ALL.into_iter().filter(|live| !self.leaves_out(*live, &locks)) {
                    self.live(&mut found, live, name, meta, &dead, &locks);
                }
                dead.iter().filter(|one| is_dead(one)).for_each(|one| found.push_str(&one.element));
                for (namespace, wanted, live) in included {
                    let is_dead = dead.iter().any(|one| one.namespace == *namespace && one.name == *wanted);
                    if !is_dead && !live.is_some_and(|live| has(live, name, meta)) {
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
                        Some(live) => self.live(&mut found, *live, name, meta, &dead, &locks),
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
        if !found.is_empty() || missing.is_empty() {
            propstat(xml, &found, "200 OK");
        }
        if !missing.is_empty() {
            propstat(xml, &missing, "404 Not Found");
        }
        xml.push_str("</D:response>");
        Ok(())
    }

    fn leaves_out(&self, live: Live, locks: &[Lock]) -> bool {
        self.brief
            && match live {
                Live::SupportedLock | Live::DisplayName => true,
                Live::LockDiscovery => locks.is_empty(),
                _ => false,
            }
    }

    /// Writes a live property; `false` where the resource has none.
    fn live(&self, xml: &mut String, live: Live, name: &[u8], meta: &Meta, dead: &[Property], locks: &[Lock]) -> bool {
        if live == Live::DisplayName
            && let Some(own) = dead.iter().find(|one| is_live(one))
        {
            xml.push_str(&own.element);
            return true;
        }
        let value = match live {
            Live::LockDiscovery => Some(self.lock_discovery(locks)),
            other => other.value(meta, name),
        };
        let Some(value) = value else {
            return false;
        };
        let element = live.name();
        if live.namespace() != DAV {
            xml.push_str(&format!("<{element} xmlns=\"{}\">{value}</{element}>", live.namespace()));
        } else if value.is_empty() {
            xml.push_str(&format!("<D:{element}/>"));
        } else {
            xml.push_str(&format!("<D:{element}>{value}</D:{element}>"));
        }
        true
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
