//! What an administrator decides about application passwords and second factors: the file's values, and before them
//! those that were set on the pages and are kept in the database.

use std::time::Duration;

use super::{Actor, Auth, Error, Result};
use crate::clock::seconds;
use crate::model::{SecondFactorFor, Time};
use crate::store::{self, setting::Setting};

/// What is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Lifetime of an application password where none is asked for.
    pub ttl: Duration,
    /// Longest lifetime that may be asked for.
    pub max_ttl: Duration,
    /// Whether an application password may live for ever.
    pub allow_never: bool,
    /// Live application passwords one person may have.
    pub max_per_user: u32,
    /// After how long without use an application password is revoked; absent for never.
    pub unused_after: Option<Duration>,
    /// Who must have a second factor.
    pub second_factor: SecondFactorFor,
}

/// A value that can be set on the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingName {
    /// `app_credentials_ttl`
    Ttl,
    /// `app_credentials_max_ttl`
    MaxTtl,
    /// `app_credentials_allow_never`
    AllowNever,
    /// `app_credentials_max_per_user`
    MaxPerUser,
    /// `app_credentials_unused_after`
    UnusedAfter,
    /// `second_factor_for`
    SecondFactorFor,
}

impl SettingName {
    /// All, in the order of the file.
    pub const ALL: [Self; 6] =
        [Self::Ttl, Self::MaxTtl, Self::AllowNever, Self::MaxPerUser, Self::UnusedAfter, Self::SecondFactorFor];

    /// The key in the file's section `[security]` and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ttl => "app_credentials_ttl",
            Self::MaxTtl => "app_credentials_max_ttl",
            Self::AllowNever => "app_credentials_allow_never",
            Self::MaxPerUser => "app_credentials_max_per_user",
            Self::UnusedAfter => "app_credentials_unused_after",
            Self::SecondFactorFor => "second_factor_for",
        }
    }
}

/// A setting as the administrator sees it.
#[derive(Debug, Clone)]
pub struct SettingShown {
    /// Which.
    pub name: SettingName,
    /// What the file says.
    pub file: String,
    /// What was set on the pages.
    pub set: Option<Setting>,
}

impl SettingShown {
    /// What counts.
    #[must_use]
    pub fn effective(&self) -> &str {
        self.set.as_ref().map_or(&self.file, |set| &set.value)
    }
}

impl Policy {
    /// When an application password of a given lifetime ends at the latest.
    #[must_use]
    pub fn latest_end(&self, now: Time) -> Time {
        now + seconds(self.max_ttl.as_secs())
    }

    fn take(&mut self, name: SettingName, value: &str) -> Result<()> {
        let wrong = |reason: &str| Error::invalid(name.as_str(), reason);
        match name {
            SettingName::Ttl => self.ttl = duration(name, value)?,
            SettingName::MaxTtl => self.max_ttl = duration(name, value)?,
            SettingName::AllowNever => {
                self.allow_never = value.parse().map_err(|_| wrong("is neither true nor false"))?;
            }
            SettingName::MaxPerUser => {
                let most = value.parse().ok().filter(|most| (1..=100_000).contains(most));
                self.max_per_user = most.ok_or_else(|| wrong("is not a number from 1 to 100000"))?;
            }
            SettingName::UnusedAfter if value == NEVER => self.unused_after = None,
            SettingName::UnusedAfter => {
                let after = duration(name, value)?;
                if after < LEAST_UNUSED {
                    return Err(wrong("is less than a day, which would revoke almost all of them"));
                }
                self.unused_after = Some(after);
            }
            SettingName::SecondFactorFor => {
                let who = SecondFactorFor::parse(value);
                self.second_factor = who.ok_or_else(|| wrong("is not one of nobody, administrators, everybody"))?;
            }
        }
        Ok(())
    }

    fn text(&self, name: SettingName) -> String {
        match name {
            SettingName::Ttl => duration_text(self.ttl),
            SettingName::MaxTtl => duration_text(self.max_ttl),
            SettingName::AllowNever => self.allow_never.to_string(),
            SettingName::MaxPerUser => self.max_per_user.to_string(),
            SettingName::UnusedAfter => self.unused_after.map_or_else(|| NEVER.to_owned(), duration_text),
            SettingName::SecondFactorFor => self.second_factor.as_str().to_owned(),
        }
    }

    fn check(&self) -> Result<()> {
        if self.ttl > self.max_ttl {
            return Err(Error::invalid(SettingName::Ttl.as_str(), "is longer than the longest that may be asked for"));
        }
        Ok(())
    }
}

const NEVER: &str = "never";
/// The shortest time without use that revokes: a minute that was meant as a month would cut everybody off.
const LEAST_UNUSED: Duration = Duration::from_hours(24);

/// As the file would have it: `180d`, `1d 12h`.
fn duration_text(duration: Duration) -> String {
    let mut left = duration.as_secs();
    let mut words = Vec::new();
    for (unit, length) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] {
        if left >= length {
            words.push(format!("{}{unit}", left / length));
            left %= length;
        }
    }
    if words.is_empty() { humantime::format_duration(duration).to_string() } else { words.join(" ") }
}

fn duration(name: SettingName, text: &str) -> Result<Duration> {
    let read = humantime::parse_duration(text).ok().filter(|duration| !duration.is_zero());
    read.ok_or_else(|| Error::invalid(name.as_str(), "is not a duration like 90d or 12h"))
}

impl Auth {
    fn file_policy(&self) -> Policy {
        let config = &self.0.config;
        Policy {
            ttl: config.app_credentials_ttl,
            max_ttl: config.app_credentials_max_ttl,
            allow_never: config.app_credentials_allow_never,
            max_per_user: config.app_credentials_max_per_user,
            unused_after: config.app_credentials_unused_after,
            second_factor: config.second_factor_for,
        }
    }

    /// What is in force now.
    ///
    /// # Errors
    /// The database's.
    pub fn policy(&self) -> Result<Policy> {
        let mut policy = self.file_policy();
        self.0.store.read(|c| {
            for name in SettingName::ALL {
                if let Some(set) = store::setting::get(c, name.as_str())? {
                    // What a later version wrote, or the file contradicts, does not count.
                    if let Err(error) = policy.take(name, &set.value) {
                        tracing::warn!(%error, "a setting in the database cannot be used, the file's counts");
                    }
                }
            }
            Ok(())
        })?;
        policy.ttl = policy.ttl.min(policy.max_ttl);
        Ok(policy)
    }

    /// All settings, with what the file says and what was set on the pages.
    ///
    /// # Errors
    /// The database's.
    pub fn settings(&self) -> Result<Vec<SettingShown>> {
        let file = self.file_policy();
        let shown = |name: SettingName| -> store::Result<SettingShown> {
            let set = self.0.store.read(|c| store::setting::get(c, name.as_str()))?;
            Ok(SettingShown { name, file: file.text(name), set })
        };
        Ok(SettingName::ALL.into_iter().map(shown).collect::<store::Result<_>>()?)
    }

    /// Sets values, all of them or none; `None` lets the file's count again. Blocks.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the value that cannot be taken.
    pub fn change_settings(&self, changes: &[(SettingName, Option<String>)], actor: &Actor) -> Result<()> {
        let now = self.0.clock.now_in_millis();
        let file = self.file_policy();
        self.0.store.write(|tx| {
            let mut policy = file.clone();
            for name in SettingName::ALL {
                let old = store::setting::get(tx, name.as_str())?.map(|set| set.value);
                let new = changes.iter().find(|(changed, _)| *changed == name);
                let value = new.map_or(&old, |(_, value)| value);
                if let Some(value) = value
                    && let Err(error) = policy.take(name, value.trim())
                    && new.is_some()
                {
                    return Err(error);
                }
                match new {
                    Some((_, Some(value))) if old.as_deref() != Some(value.trim()) => {
                        store::setting::set(tx, name.as_str(), value.trim(), now, &actor.name)?;
                        self.audit_with(tx, actor, "setting.set", None, Some(name.as_str()), Some(value.trim()))?;
                    }
                    Some((_, None)) if store::setting::clear(tx, name.as_str())? => {
                        self.audit(tx, actor, "setting.clear", None, Some(name.as_str()))?;
                    }
                    _ => {}
                }
            }
            policy.check()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::for_tests::Scene;

    #[test]
    fn durations_are_written_as_in_the_file() {
        for text in ["180d", "366d", "12h", "1d 12h", "90s"] {
            let duration = humantime::parse_duration(text).expect("a duration");
            assert_eq!(humantime::parse_duration(&duration_text(duration)), Ok(duration));
        }
        assert_eq!(duration_text(Duration::from_hours(180 * 24)), "180d");
    }

    #[test]
    fn what_is_set_goes_before_the_file_until_it_is_cleared() {
        let scene = Scene::new();
        let set = |name, value: Option<&str>| {
            scene.auth.change_settings(&[(name, value.map(ToOwned::to_owned))], &Actor::cli())
        };
        set(SettingName::Ttl, Some(" 30d ")).expect("set");
        set(SettingName::SecondFactorFor, Some("everybody")).expect("set");
        let policy = scene.auth.policy().expect("a policy");
        assert_eq!((policy.ttl, policy.second_factor), (Duration::from_hours(720), SecondFactorFor::Everybody));
        let shown = scene.auth.settings().expect("settings");
        assert_eq!((shown[0].effective(), shown[0].file.as_str()), ("30d", "180d"));
        for (name, bad) in [
            (SettingName::Ttl, "soon"),
            (SettingName::Ttl, "400d"),
            (SettingName::MaxTtl, "7d"),
            (SettingName::AllowNever, "perhaps"),
            (SettingName::MaxPerUser, "0"),
            (SettingName::UnusedAfter, "0s"),
            (SettingName::SecondFactorFor, "some"),
        ] {
            assert!(matches!(set(name, Some(bad)), Err(Error::Invalid { .. })), "{bad}");
        }
        assert_eq!(scene.auth.policy().expect("a policy"), policy, "nothing of that was kept");
        set(SettingName::Ttl, None).expect("cleared");
        assert_eq!(scene.auth.policy().expect("a policy").ttl, Duration::from_hours(180 * 24));
    }
}
