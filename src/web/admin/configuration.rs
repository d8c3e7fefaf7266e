//! `/admin/configuration`: what the file says about security, and what is set here instead.

use std::collections::HashMap;

use askama::Template;
use askama::filters::Safe;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::Done;
use super::form::Wrong;
use crate::auth::{self, SettingName, SettingShown};
use crate::model::SecondFactorFor;
use crate::web::caller::{Admin, SignedIn};
use crate::web::csrf::Csrf;
use crate::web::error::{Error, sentence};
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread, show};

#[derive(Template)]
#[template(path = "admin/configuration.html")]
struct ConfigurationPage {
    frame: Frame,
    part: &'static str,
    fields: Vec<Field>,
    wrong: Wrong,
}

struct Field {
    key: &'static str,
    label: &'static str,
    hint: &'static str,
    /// What can be chosen; empty where it is typed.
    choices: Vec<(&'static str, &'static str)>,
    value: String,
    file: String,
    /// When it was set here, and by whom.
    set: Option<(Safe<String>, String)>,
    wrong: Option<String>,
}

impl Field {
    /// A value of the file in the words of the page.
    fn file_shown(&self) -> &str {
        self.choices.iter().find(|(value, _)| *value == self.file).map_or(&self.file, |(_, shown)| shown)
    }

    fn new(shown: &SettingShown, typed: Option<&String>, wrong: &Wrong) -> Self {
        let key = shown.name.as_str();
        let (label, hint) = words(shown.name);
        Self {
            key,
            label,
            hint,
            choices: choices(shown.name),
            value: typed.map_or_else(|| shown.effective().to_owned(), Clone::clone),
            file: shown.file.clone(),
            set: shown.set.as_ref().map(|set| (show::time(&set.changed_at), set.changed_by.clone())),
            wrong: wrong.at(key).map(ToOwned::to_owned),
        }
    }
}

fn words(name: SettingName) -> (&'static str, &'static str) {
    match name {
        SettingName::Ttl => {
            ("Lifetime of an application password", "Where nothing else is asked for. A time such as 180d or 12h.")
        }
        SettingName::MaxTtl => {
            ("Longest lifetime", "The longest that may be asked for. Those issued before keep theirs.")
        }
        SettingName::AllowNever => (
            "Application passwords that never expire",
            "A lost device keeps its access until somebody notices. Better not, but for services.",
        ),
        SettingName::MaxPerUser => ("Application passwords for each person", "Live ones at a time, from 1 to 100000."),
        SettingName::UnusedAfter => (
            "Revoke when unused for",
            "A time such as 90d, or never. Looked after every ten minutes; days on which this server was down do not count.",
        ),
        SettingName::SecondFactorFor => (
            "Second factor required for",
            "Whoever has none is asked to bind one at the next sign-in. Application passwords need none in any case.",
        ),
    }
}

fn choices(name: SettingName) -> Vec<(&'static str, &'static str)> {
    match name {
        SettingName::AllowNever => vec![("false", "Not allowed"), ("true", "Allowed")],
        SettingName::SecondFactorFor => SecondFactorFor::ALL
            .into_iter()
            .map(|who| {
                let shown = match who {
                    SecondFactorFor::Nobody => "Nobody: each person decides",
                    SecondFactorFor::Administrators => "Administrators",
                    SecondFactorFor::Everybody => "Everybody",
                };
                (who.as_str(), shown)
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn render(
    caller: &SignedIn,
    web: &Web,
    typed: &HashMap<String, String>,
    wrong: Wrong,
    notice: Option<&'static str>,
) -> Result<Response, Error> {
    let settings = web.auth().settings()?;
    let page = ConfigurationPage {
        frame: Frame::new(&caller.visit, "admin").with_notice(notice),
        part: "configuration",
        fields: settings.iter().map(|shown| Field::new(shown, typed.get(shown.name.as_str()), &wrong)).collect(),
        wrong,
    };
    page::render(page.wrong.status(), &page)
}

pub(super) async fn show(
    Admin(caller): Admin,
    State(web): State<Web>,
    Query(done): Query<Done>,
) -> Result<Response, Error> {
    render(&caller, &web, &HashMap::new(), Wrong::none(), done.sentence())
}

#[derive(Debug, Deserialize)]
pub(super) struct SettingsForm {
    /// The one setting that shall be the file's again; nothing else is changed then.
    clear: Option<String>,
    #[serde(flatten)]
    values: HashMap<String, String>,
}

pub(super) async fn change(
    Admin(caller): Admin,
    State(web): State<Web>,
    Csrf(form): Csrf<SettingsForm>,
) -> Result<Response, Error> {
    caller.require_fresh(&web, "/admin/configuration")?;
    let (auth, actor, sent) = (web.auth().clone(), caller.actor(), form.values.clone());
    let outcome = off_thread(move || {
        let changes = match &form.clear {
            Some(key) => {
                SettingName::ALL.into_iter().filter(|name| name.as_str() == key).map(|name| (name, None)).collect()
            }
            None => changes(&auth.settings()?, &form.values),
        };
        Ok::<_, Error>(auth.change_settings(&changes, &actor))
    });
    match outcome.await? {
        Ok(()) => Ok(page::see(caller.visit.site(), "/admin/configuration?done=settings")),
        Err(auth::Error::Invalid { field, reason }) => {
            let wrong = Wrong::field(field, &sentence(&format!("this {reason}")));
            render(&caller, &web, &sent, wrong, None)
        }
        Err(other) => Err(other.into()),
    }
}

/// What differs from what holds now: to save a page that was only looked at sets nothing.
fn changes(settings: &[SettingShown], sent: &HashMap<String, String>) -> Vec<(SettingName, Option<String>)> {
    let changed = settings.iter().filter_map(|shown| {
        let value = sent.get(shown.name.as_str())?.trim();
        (value != shown.effective()).then(|| (shown.name, Some(value.to_owned())))
    });
    changed.collect()
}
