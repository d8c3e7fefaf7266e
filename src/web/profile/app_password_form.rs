//! The form by which a person asks for an application password, and what it means.

use std::time::Duration;

use serde::Deserialize;

use crate::auth::{Error as AuthError, Expiry, NewAppPassword, Policy};
use crate::files::{Listing, Path};
use crate::model::{Scope, Time, User};
use crate::web::Web;
use crate::web::error::Error;

/// Lifetimes that are offered, in days, as far as they are allowed.
const DAYS: [u64; 6] = [7, 30, 90, 180, 366, 730];
/// Folders that are offered to be picked.
const MOST_FOLDERS: usize = 100;
/// Entries of a home that are looked at for them.
const MOST_LOOKED_AT: usize = 10_000;
const DAY_S: u64 = 86_400;

/// What was filled in.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct FormInput {
    /// The id of a form that is carried out once.
    #[serde(default)]
    pub(super) form: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    access: String,
    /// Folders that were picked.
    #[serde(default)]
    folder: Vec<String>,
    /// Folders that were written, one in a line.
    #[serde(default)]
    folders: String,
    /// Seconds, `default`, `never`, or `day`.
    #[serde(default)]
    expires: String,
    #[serde(default)]
    day: String,
    /// Networks, with commas, spaces or line ends between.
    #[serde(default)]
    networks: String,
}

/// A lifetime to choose.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) shown: String,
    pub(super) chosen: bool,
}

/// The form as the page shows it.
pub(super) struct FormView {
    pub(super) input: FormInput,
    pub(super) lifetimes: Vec<Choice>,
    /// Latest day that may be chosen.
    pub(super) last_day: String,
    /// Names of the person's own folders, and whether each was picked.
    pub(super) own_folders: Vec<(String, bool)>,
    /// What cannot be taken: which field, and the sentence.
    pub(super) wrong: Option<(&'static str, String)>,
}

impl FormView {
    /// A new form. Blocks.
    pub(super) fn empty(web: &Web, user: &User) -> Result<Self, Error> {
        Self::new(web, user, FormInput { form: super::new_form_id(), ..FormInput::default() }, None)
    }

    /// The form as it was filled in, with what is wrong in it. Blocks.
    pub(super) fn new(
        web: &Web,
        user: &User,
        input: FormInput,
        wrong: Option<(&'static str, String)>,
    ) -> Result<Self, Error> {
        let policy = web.auth().policy()?;
        let last = policy.latest_end(web.0.clock.now());
        Ok(Self {
            lifetimes: lifetimes(&policy, &input.expires),
            last_day: last.format("%Y-%m-%d").to_string(),
            own_folders: own_folders(web, user, &input.folder),
            wrong,
            input,
        })
    }

    pub(super) fn label(&self) -> &str {
        &self.input.label
    }

    pub(super) fn is_access(&self, word: &str) -> bool {
        self.input.access == word || (self.input.access.is_empty() && word == Scope::ReadWrite.as_str())
    }

    /// What is wrong with a field.
    pub(super) fn wrong_in(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, sentence)| sentence.as_str())
    }

    /// Whether the fields that are folded away have to be seen.
    pub(super) fn is_unfolded(&self) -> bool {
        self.wrong.as_ref().is_some_and(|(field, _)| *field != "label")
    }

    pub(super) fn written_folders(&self) -> &str {
        &self.input.folders
    }

    pub(super) fn networks(&self) -> &str {
        &self.input.networks
    }

    pub(super) fn day(&self) -> &str {
        &self.input.day
    }
}

fn lifetimes(policy: &Policy, chosen: &str) -> Vec<Choice> {
    let days = |duration: Duration| duration.as_secs() / DAY_S;
    let mut all: Vec<u64> = DAYS.into_iter().filter(|&count| count <= days(policy.max_ttl)).collect();
    all.push(days(policy.max_ttl));
    all.retain(|&count| count > 0 && count != days(policy.ttl));
    all.sort_unstable();
    all.dedup();
    let usual = Choice {
        value: "default".to_owned(),
        shown: format!("{} (usual)", crate::web::show::span(policy.ttl.as_secs())),
        chosen: matches!(chosen, "" | "default"),
    };
    let fixed = all.into_iter().map(|count| {
        let value = (count * DAY_S).to_string();
        Choice { shown: crate::web::show::span(count * DAY_S), chosen: value == chosen, value }
    });
    let never = policy.allow_never.then(|| Choice {
        value: "never".to_owned(),
        shown: "for ever".to_owned(),
        chosen: chosen == "never",
    });
    let day = Choice { value: "day".to_owned(), shown: "until a day…".to_owned(), chosen: chosen == "day" };
    std::iter::once(usual).chain(fixed).chain(never).chain([day]).collect()
}

/// The topmost folders of a home; none where it cannot be read, which is not this page's matter.
fn own_folders(web: &Web, user: &User, picked: &[String]) -> Vec<(String, bool)> {
    let read = || -> crate::files::Result<Vec<String>> {
        let root = web.0.storage.homes().open(&user.home)?;
        let mut listing = Listing::open(&root.find(&Path::root(), true)?, &root)?;
        let entries = std::iter::from_fn(|| listing.next_entry()).take(MOST_LOOKED_AT);
        let folders = entries.filter(|entry| entry.meta.is_folder() && !entry.linked);
        Ok(folders.filter_map(|entry| String::from_utf8(entry.name).ok()).take(MOST_FOLDERS).collect())
    };
    let mut names = read().unwrap_or_default();
    names.sort_unstable();
    names.into_iter().map(|name| (name.clone(), picked.contains(&format!("/{name}")))).collect()
}

impl FormInput {
    /// What is asked for.
    pub(super) fn read(&self, now: Time) -> Result<NewAppPassword, AuthError> {
        let invalid = |field, reason: String| AuthError::Invalid { field, reason };
        let scope = match self.access.as_str() {
            "" => Scope::ReadWrite,
            word => Scope::parse(word).ok_or_else(|| invalid("access", "is none that can be chosen".to_owned()))?,
        };
        let expiry = match self.expires.as_str() {
            "" | "default" => Expiry::Default,
            "never" => Expiry::Never,
            "day" => Expiry::At(end_of_day(&self.day, now).map_err(|reason| invalid("expires", reason))?),
            seconds => Expiry::After(Duration::from_secs(
                seconds.parse().map_err(|_| invalid("expires", "is none that can be chosen".to_owned()))?,
            )),
        };
        let written = self.folders.lines().map(str::trim).filter(|line| !line.is_empty());
        let written = written.map(|line| if line.starts_with('/') { line.to_owned() } else { format!("/{line}") });
        let networks = self.networks.split([',', ' ', '\n', '\r', '\t']).filter(|text| !text.is_empty());
        let network = |text: &str| -> Result<ipnet::IpNet, AuthError> {
            text.parse::<ipnet::IpNet>()
                .or_else(|_| text.parse::<std::net::IpAddr>().map(ipnet::IpNet::from))
                .map_err(|_| invalid("networks", format!("{text:?} is no network like 192.0.2.0/24 and no address")))
        };
        Ok(NewAppPassword {
            label: self.label.clone(),
            expiry,
            scope,
            folders: self.folder.iter().cloned().chain(written).collect(),
            networks: networks.map(network).collect::<Result<_, _>>()?,
        })
    }
}

/// The last second of a day, in UTC; today's is the earliest.
fn end_of_day(text: &str, now: Time) -> Result<Time, String> {
    let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| "needs a day".to_owned())?;
    let end = day.and_hms_opt(23, 59, 59).map(|end| end.and_utc()).filter(|end| *end > now);
    end.ok_or_else(|| "is not in the future".to_owned())
}
