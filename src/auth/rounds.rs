//! What time does by itself: unused application passwords are revoked, and what is over is forgotten.

use std::time::Duration;

use chrono::TimeDelta;

use super::{Actor, Auth, Error, Result};
use crate::clock::{from_millis, seconds, to_millis};
use crate::model::Time;
use crate::store::{self, setting};

/// When the server last said that it runs, in the table of settings.
const ALIVE_AT: &str = "alive_at";
/// Since when it has run without a long break.
const UP_SINCE: &str = "up_since";
/// A break longer than this is one in which nobody could use anything.
const LONG_BREAK: TimeDelta = TimeDelta::days(1);
/// The shortest time without use that counts: uses are written down a minute late.
const LEAST_UNUSED: Duration = Duration::from_hours(1);

impl Auth {
    /// Says that the server runs, and gives since when it has, long breaks apart. Blocks.
    ///
    /// # Errors
    /// The database's.
    pub fn note_alive(&self) -> Result<Time> {
        let now = self.0.clock.now_in_millis();
        let by = &server().name;
        self.0.store.write(|tx| {
            let read = |name| -> store::Result<Option<Time>> {
                let kept = setting::get(tx, name)?;
                Ok(kept.and_then(|kept| kept.value.parse().ok()).map(from_millis))
            };
            let was_alive = read(ALIVE_AT)?.is_some_and(|at| now < at + LONG_BREAK);
            let since = read(UP_SINCE)?.filter(|since| was_alive && *since <= now);
            if since.is_none() {
                setting::set(tx, UP_SINCE, &to_millis(now).to_string(), now, by)?;
            }
            setting::set(tx, ALIVE_AT, &to_millis(now).to_string(), now, by)?;
            Ok(since.unwrap_or(now))
        })
    }

    /// Revokes application passwords that were not used for as long as the policy says, and tells how many. Time in
    /// which the server did not run does not count. Blocks.
    ///
    /// # Errors
    /// The database's.
    pub fn revoke_unused(&self) -> Result<usize> {
        let since = self.note_alive()?;
        let Some(unused_after) = self.policy()?.unused_after else {
            return Ok(0);
        };
        // What was used a moment ago is not written down yet.
        self.write_last_uses()?;
        let now = self.0.clock.now_in_millis();
        let before = now - seconds(unused_after.max(LEAST_UNUSED).as_secs());
        if before < since {
            return Ok(0);
        }
        let actor = server();
        self.0.store.write(|tx| {
            let revoked = store::app_password::revoke_unused(tx, before, now, &actor.name)?;
            for (selector, owner) in &revoked {
                self.audit(tx, &actor, "app-password.revoke-unused", Some(owner), Some(selector))?;
            }
            Ok(revoked.len())
        })
    }

    /// Forgets what is over: sessions, links, old lines of the audit log, old counts. Blocks.
    ///
    /// # Errors
    /// The database's.
    pub fn clear_up(&self) -> Result<()> {
        self.clear_sessions()?;
        self.clear_traffic()?;
        let now = self.0.clock.now();
        let kept_since = now - seconds(self.0.config.audit_keep.as_secs());
        self.0.store.write(|tx| {
            store::password_link::delete_ended(tx, now)?;
            store::audit::delete_before(tx, kept_since)?;
            Ok::<_, Error>(())
        })
    }
}

pub(super) fn server() -> Actor {
    Actor { name: "server".to_owned(), address: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::for_tests::Scene;
    use crate::auth::{Answered, Expiry, LinkKind, NewAppPassword, SettingName};
    use crate::model::{AuditFilter, Scope, User};

    fn issue(scene: &Scene, label: &str) -> String {
        let new = NewAppPassword {
            label: label.to_owned(),
            expiry: Expiry::Default,
            scope: Scope::ReadWrite,
            folders: Vec::new(),
            networks: Vec::new(),
        };
        scene.auth.issue_app_password("alice", &new, &Actor::cli()).expect("issued").row.selector
    }

    fn revoke_after(scene: &Scene, time: &str) {
        let change = [(SettingName::UnusedAfter, Some(time.to_owned()))];
        scene.auth.change_settings(&change, &Actor::cli()).expect("set");
    }

    fn live(scene: &Scene) -> Vec<String> {
        let all = scene.auth.app_passwords("alice").expect("listed");
        all.into_iter().filter(|row| row.revoked_at.is_none()).map(|row| row.label).collect()
    }

    /// The server runs on for so many hours.
    fn run_for(scene: &Scene, hours: i64) {
        for _ in 0..hours {
            scene.auth.note_alive().expect("noted");
            scene.pass(TimeDelta::hours(1));
        }
    }

    #[test]
    fn what_is_not_used_is_revoked_and_audited() {
        let scene = Scene::new();
        scene.add("alice");
        issue(&scene, "old");
        run_for(&scene, 20);
        issue(&scene, "new");
        run_for(&scene, 10);
        assert_eq!(scene.auth.revoke_unused().expect("a round"), 0, "off by default");
        revoke_after(&scene, "1d");
        assert_eq!(scene.auth.revoke_unused().expect("a round"), 1);
        assert_eq!(live(&scene), ["new"]);
        let filter = AuditFilter { kinds: vec!["app-password.revoke-unused".to_owned()], ..AuditFilter::default() };
        let lines = scene.auth.audit_lines(&filter, None, 10).expect("read");
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].actor.as_str(), lines[0].user.as_deref()), ("server", Some("alice")));
    }

    #[test]
    fn time_in_which_the_server_was_down_does_not_count() {
        let scene = Scene::new();
        scene.add("alice");
        revoke_after(&scene, "2d");
        issue(&scene, "notes");
        run_for(&scene, 5);
        scene.pass(TimeDelta::days(30));
        assert_eq!(scene.auth.revoke_unused().expect("a round"), 0, "it was down");
        run_for(&scene, 40);
        assert_eq!(scene.auth.revoke_unused().expect("a round"), 0, "not long enough since");
        scene.pass(TimeDelta::hours(10));
        assert_eq!(scene.auth.revoke_unused().expect("a round"), 1, "a short break counts");
        assert!(live(&scene).is_empty());
    }

    #[test]
    fn old_lines_of_the_audit_log_go() {
        let scene = Scene::new();
        scene.add("alice");
        let all = || scene.auth.audit_lines(&AuditFilter::default(), None, 10).expect("read").len();
        scene.pass(TimeDelta::days(300));
        scene.auth.clear_up().expect("cleared");
        assert_eq!(all(), 1);
        scene.pass(TimeDelta::days(66));
        scene.auth.clear_up().expect("cleared");
        assert_eq!(all(), 0);
    }

    #[test]
    fn links_for_a_password_go_when_they_have_ended() {
        let scene = Scene::new();
        let (alice, bob) = (scene.add("alice"), scene.add("bob"));
        let is_kept = |user: &User| {
            scene.auth.clear_up().expect("cleared");
            let kept = scene.auth.0.store.read(|c| store::password_link::of_user(c, user.id)).expect("read");
            kept.is_some()
        };
        scene.auth.password_link("alice", LinkKind::Reset, &Actor::cli()).expect("a link");
        scene.pass(TimeDelta::hours(71));
        scene.auth.password_link("bob", LinkKind::Invitation, &Actor::cli()).expect("a link");
        assert_eq!((is_kept(&alice), is_kept(&bob)), (true, true));
        scene.pass(TimeDelta::hours(1));
        assert_eq!((is_kept(&alice), is_kept(&bob)), (false, true));
        scene.pass(TimeDelta::hours(71));
        assert!(!is_kept(&bob));
    }

    #[test]
    fn counts_of_requests_go_after_eight_days() {
        let scene = Scene::new();
        let count = || {
            scene.auth.note_answer(Answered::Told);
            scene.auth.write_traffic().expect("written");
        };
        let kept = || {
            scene.auth.clear_up().expect("cleared");
            scene.auth.0.store.read(|c| store::traffic::since(c, from_millis(0))).expect("read").len()
        };
        count();
        scene.pass(TimeDelta::days(7) + TimeDelta::hours(23));
        count();
        assert_eq!(kept(), 2);
        scene.pass(TimeDelta::hours(1) + TimeDelta::minutes(15));
        assert_eq!(kept(), 1, "the older one is gone");
        scene.pass(TimeDelta::days(8));
        assert_eq!(kept(), 0);
    }
}
