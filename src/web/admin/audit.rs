//! `/admin/audit`: who did what to whom.

use askama::Template;
use askama::filters::Safe;
use axum::extract::{Query, State};
use axum::response::Response;
use chrono::{Days, NaiveDate, NaiveTime};
use serde::Deserialize;

use super::form::Wrong;
use super::kinds::{self, GROUPS, Group};
use crate::model::{AuditFilter, AuditLine, Time};
use crate::web::caller::Admin;
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread, show};

/// Lines on a page.
const PER_PAGE: u32 = 100;

/// What the address asks for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    person: String,
    kind: String,
    from: String,
    to: String,
    before: Option<i64>,
}

impl Wanted {
    /// The filter, for page and export alike.
    pub(super) fn filter(&self) -> Result<AuditFilter, Wrong> {
        let person = self.person.trim().to_lowercase();
        Ok(AuditFilter {
            person: (!person.is_empty()).then_some(person),
            kinds: kinds::asked_for(self.kind.trim()),
            from: day("from", &self.from, 0)?,
            // The day itself is in it.
            until: day("to", &self.to, 1)?,
        })
    }

    /// As part of an address.
    fn query(&self, before: Option<i64>) -> String {
        let fields = [("person", &self.person), ("kind", &self.kind), ("from", &self.from), ("to", &self.to)];
        let mut values: Vec<(&str, String)> = fields
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name, value.clone()))
            .collect();
        values.extend(before.map(|id| ("before", id.to_string())));
        serde_html_form::to_string(values).unwrap_or_default()
    }
}

/// The start of a day in UTC, or of the one so many days later.
fn day(field: &'static str, text: &str, later: u64) -> Result<Option<Time>, Wrong> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let read = NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d").ok();
    let date = read.and_then(|date| date.checked_add_days(Days::new(later)));
    let date = date.ok_or_else(|| Wrong::field(field, "write a day like 2026-01-31"))?;
    Ok(Some(date.and_time(NaiveTime::MIN).and_utc()))
}

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct AuditPage {
    frame: Frame,
    part: &'static str,
    wanted: Wanted,
    groups: &'static [Group],
    is_filtered: bool,
    lines: Vec<Line>,
    /// The query of the page with older lines.
    older: Option<String>,
    export: String,
    wrong: Wrong,
}

struct Line {
    at: Safe<String>,
    sentence: String,
    kind: String,
    is_bad: bool,
    actor: &'static str,
    actor_name: String,
    user: String,
    subject: String,
    detail: String,
    address: String,
}

impl Line {
    fn new(line: AuditLine) -> Self {
        // Those that are no person are told in words.
        let (actor, actor_name) = match (line.actor.as_str(), &line.address) {
            ("cli", None) => ("command line", String::new()),
            ("server", None) => ("server", String::new()),
            ("nobody", _) => ("nobody signed in", String::new()),
            _ => ("", line.actor),
        };
        Self {
            at: show::time(&line.at),
            sentence: kinds::sentence(&line.kind).to_owned(),
            is_bad: line.kind == "sign-in.failed",
            kind: line.kind,
            actor,
            actor_name,
            user: line.user.unwrap_or_default(),
            subject: line.subject.unwrap_or_default(),
            detail: line.detail.unwrap_or_default(),
            address: line.address.unwrap_or_default(),
        }
    }
}

pub(super) async fn show(
    Admin(caller): Admin,
    State(web): State<Web>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    let mut wanted = wanted;
    let (filter, wrong) = match wanted.filter() {
        Ok(filter) => (Some(filter), Wrong::none()),
        Err(wrong) => (None, wrong),
    };
    // A field for days takes nothing but a day.
    for (name, day) in [("from", &mut wanted.from), ("to", &mut wanted.to)] {
        if wrong.at(name).is_some() {
            day.clear();
        }
    }
    let (auth, before) = (web.auth().clone(), wanted.before);
    let mut lines = off_thread(move || match filter {
        // One more tells whether there are older ones.
        Some(filter) => auth.audit_lines(&filter, before, PER_PAGE + 1),
        None => Ok(Vec::new()),
    })
    .await?;
    let has_older = lines.len() > PER_PAGE as usize;
    lines.truncate(PER_PAGE as usize);
    let older = lines.last().filter(|_| has_older).map(|line| wanted.query(Some(line.id)));
    let page = AuditPage {
        frame: Frame::new(&caller.visit, "admin"),
        part: "audit",
        groups: &GROUPS,
        is_filtered: !wanted.query(None).is_empty(),
        lines: lines.into_iter().map(Line::new).collect(),
        older,
        export: wanted.query(None),
        wanted,
        wrong,
    };
    page::render(page.wrong.status(), &page)
}
