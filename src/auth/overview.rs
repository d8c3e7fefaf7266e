//! What administrators see at a glance, the list of people, and the audit log.

use chrono::TimeDelta;

use super::{Auth, Result};
use crate::clock::seconds;
use crate::model::{AuditFilter, AuditLine, Usage, User};
use crate::store::{self, people};

pub use people::{Order as PeopleOrder, Person};

/// The server at a glance.
#[derive(Debug)]
pub struct Overview {
    /// Accounts.
    pub people: u64,
    /// Those of them that are disabled.
    pub disabled: u64,
    /// Application passwords that are neither revoked nor over.
    pub connections: u64,
    /// Those of them that were used within a day.
    pub used: u64,
    /// Live sessions of the pages.
    pub sessions: u64,
    /// Bytes of all files that were measured.
    pub bytes: u64,
    /// Accounts whose files were measured.
    pub measured: u64,
    /// The accounts whose files take most.
    pub largest: Vec<(User, Usage)>,
}

/// Accounts shown with what their files take.
const MOST_LARGEST: u32 = 10;

/// Which part of the list of people is wanted.
#[derive(Debug, Clone)]
pub struct PeopleQuery {
    /// Text that name, display name or e-mail address holds, in any case; empty for everybody.
    pub search: String,
    /// By what it is sorted.
    pub order: PeopleOrder,
    /// The other way round.
    pub descending: bool,
    /// The page, from 1 on.
    pub page: u64,
    /// People on a page.
    pub per_page: u32,
}

/// A part of the list of people.
#[derive(Debug)]
pub struct People {
    /// The people.
    pub rows: Vec<Person>,
    /// How many the search finds in all.
    pub total: u64,
    /// The page that this is: the last one where there are fewer.
    pub page: u64,
    /// How many pages there are; at least one.
    pub pages: u64,
}

impl Auth {
    /// The server at a glance.
    ///
    /// # Errors
    /// The database's.
    pub fn overview(&self) -> Result<Overview> {
        let now = self.0.clock.now();
        let idle_since = now - seconds(self.0.config.session_idle_timeout.as_secs());
        Ok(self.0.store.read(|c| {
            let (people, disabled) = store::user::count(c)?;
            let (connections, used) = store::app_password::count_all_live(c, now, now - TimeDelta::days(1))?;
            let sessions = store::session::count_live(c, now, idle_since)?;
            let (bytes, measured) = store::usage::total(c)?;
            let largest = store::usage::largest(c, MOST_LARGEST)?;
            Ok(Overview { people, disabled, connections, used, sessions, bytes, measured, largest })
        })?)
    }

    /// A part of the list of people.
    ///
    /// # Errors
    /// The database's.
    pub fn people(&self, query: &PeopleQuery) -> Result<People> {
        let now = self.0.clock.now();
        let search = query.search.trim().to_lowercase();
        let per_page = u64::from(query.per_page.max(1));
        Ok(self.0.store.read(|c| {
            let total = people::count(c, &search)?;
            let pages = total.div_ceil(per_page).max(1);
            let page = query.page.clamp(1, pages);
            let part = people::Part {
                search: &search,
                order: query.order,
                descending: query.descending,
                offset: (page - 1) * per_page,
                limit: query.per_page.max(1),
            };
            Ok(People { rows: people::list(c, &part, now)?, total, page, pages })
        })?)
    }

    /// Lines of the audit log, the latest first, from the one before `before` on.
    ///
    /// # Errors
    /// The database's.
    pub fn audit_lines(&self, filter: &AuditFilter, before: Option<i64>, limit: u32) -> Result<Vec<AuditLine>> {
        Ok(self.0.store.read(|c| store::audit::list(c, filter, before, limit))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::for_tests::Scene;
    use crate::auth::{AccountChange, Actor};

    fn names(scene: &Scene, search: &str, order: PeopleOrder, descending: bool) -> Vec<String> {
        let query = PeopleQuery { search: search.to_owned(), order, descending, page: 1, per_page: 50 };
        let found = scene.auth.people(&query).expect("read");
        found.rows.iter().map(|person| person.user.name.to_string()).collect()
    }

    #[test]
    fn people_are_found_by_any_of_their_names_in_any_case() {
        let scene = Scene::new();
        for name in ["carol", "alice", "bob"] {
            scene.add(name);
            scene.pass(TimeDelta::seconds(1));
        }
        let change = AccountChange {
            display_name: Some("Ärztin ÖZGE 100%".to_owned()),
            email: Some(Some("Oe@Example.org".to_owned())),
            ..AccountChange::default()
        };
        scene.auth.change_user("alice", &change, &Actor::cli()).expect("changed");
        for search in ["ärztin", "özge", "ALIC", "example.ORG", "100%", " Özge "] {
            assert_eq!(names(&scene, search, PeopleOrder::Name, false), ["alice"], "{search}");
        }
        assert!(names(&scene, "_", PeopleOrder::Name, false).is_empty(), "nothing is a pattern");
        assert_eq!(names(&scene, "", PeopleOrder::Name, true), ["carol", "bob", "alice"]);
        assert_eq!(names(&scene, "", PeopleOrder::Created, false), ["carol", "alice", "bob"]);
        assert_eq!(names(&scene, "", PeopleOrder::DisplayName, true).first().map(String::as_str), Some("alice"));
        let query =
            PeopleQuery { search: String::new(), order: PeopleOrder::Name, descending: false, page: 99, per_page: 2 };
        let last = scene.auth.people(&query).expect("read");
        assert_eq!((last.page, last.pages, last.total, last.rows.len()), (2, 2, 3, 1));
    }
}
