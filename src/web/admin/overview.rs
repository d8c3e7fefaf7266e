//! `/admin`: the server at a glance.

use askama::Template;
use askama::filters::Safe;
use axum::extract::State;
use axum::response::Response;

use super::chart;
use super::company::word;
use super::person::path_of;
use crate::auth::{DirectoryOverview, Overview};
use crate::model::{Quarter, Time};
use crate::web::caller::Admin;
use crate::web::error::Error;
use crate::web::page::{self, Frame, shown_name};
use crate::web::{Web, off_thread, show};

#[derive(Template)]
#[template(path = "admin/overview.html")]
struct OverviewPage {
    frame: Frame,
    part: &'static str,
    overview: Overview,
    stored: String,
    storage: Vec<StorageRow>,
    charts: Vec<ChartCard>,
    hours: Vec<Quarter>,
    directories: Vec<DirectoryRow>,
}

/// A company directory at a glance.
struct DirectoryRow {
    label: String,
    kind: &'static str,
    is_configured: bool,
    accounts: u64,
    suspended: u64,
    unconfirmed: u64,
    passed: Option<Safe<String>>,
    answered: Option<Safe<String>>,
    /// Since when, and why, it does not answer.
    failing: Option<(Safe<String>, String)>,
    /// Since when, and what, an administrator has to look at.
    alarm: Option<(Safe<String>, String)>,
}

impl DirectoryRow {
    fn new(directory: DirectoryOverview) -> Self {
        let told = |(at, why): (Time, String)| (show::time(&at), why);
        let state = directory.state;
        Self {
            label: directory.label,
            kind: word(directory.kind),
            is_configured: directory.is_configured,
            accounts: directory.accounts,
            suspended: directory.suspended,
            unconfirmed: directory.unconfirmed,
            passed: state.passed_at.as_ref().map(show::time),
            answered: state.answered_at.as_ref().map(show::time),
            failing: state.failing.map(told),
            alarm: state.alarm.map(told),
        }
    }
}

/// What somebody's files take.
struct StorageRow {
    path: String,
    shown: String,
    name: String,
    bytes: u64,
    /// What the bar is full at: the quota, or what the largest takes.
    full: u64,
    size: String,
    quota: Option<String>,
    files: u64,
    measured: Safe<String>,
}

struct ChartCard {
    title: &'static str,
    total: u64,
    hint: &'static str,
    svg: Safe<String>,
}

pub(super) async fn show(Admin(caller): Admin, State(web): State<Web>) -> Result<Response, Error> {
    let auth = web.auth().clone();
    let read = move || Ok::<_, Error>((auth.overview()?, auth.traffic()?, auth.directories()?));
    let (overview, day, directories) = off_thread(read).await?;
    let largest = overview.largest.first().map_or(0, |(_, usage)| usage.bytes);
    let storage = overview.largest.iter().map(|(user, usage)| StorageRow {
        path: path_of(user.name.as_str()),
        shown: shown_name(user),
        name: user.name.to_string(),
        bytes: usage.bytes,
        full: user.quota.filter(|quota| *quota > 0).unwrap_or(largest).max(1),
        size: show::size(usage.bytes),
        quota: user.quota.map(show::size),
        files: usage.files,
        measured: show::time(&usage.measured_at),
    });
    page::ok(&OverviewPage {
        frame: Frame::new(&caller.visit, "admin"),
        part: "overview",
        storage: storage.collect(),
        charts: charts(&day),
        hours: hours(&day),
        directories: directories.into_iter().map(DirectoryRow::new).collect(),
        stored: show::size(overview.bytes),
        overview,
    })
}

fn charts(day: &[Quarter]) -> Vec<ChartCard> {
    let chart = |what: &str, title: &'static str, hint: &'static str, of: fn(&Quarter) -> u64| {
        let counts: Vec<u64> = day.iter().map(of).collect();
        let total = counts.iter().sum();
        let most = counts.iter().copied().max().unwrap_or(0);
        let said = format!("{total} within the last 24 hours, at most {most} in a quarter of an hour.");
        ChartCard { title, total, hint, svg: chart::of_a_day(&counts, what, title, &said) }
    };
    vec![
        chart("requests", "Requests", "All that were answered: drive, pages and API.", |quarter| quarter.requests),
        chart("refused", "Refused", "Wrong or revoked credentials, too many attempts, not allowed.", |quarter| {
            quarter.refused
        }),
        chart("failed", "Failed", "The server's own failures. Its log says why.", |quarter| quarter.failed),
    ]
}

/// Four quarters together.
fn hours(day: &[Quarter]) -> Vec<Quarter> {
    let hours = day.chunks(4).filter_map(|quarters| {
        let first = quarters.first()?;
        let sum = |of: fn(&Quarter) -> u64| quarters.iter().map(of).sum();
        Some(Quarter {
            at: first.at,
            requests: sum(|q| q.requests),
            refused: sum(|q| q.refused),
            failed: sum(|q| q.failed),
        })
    });
    let mut hours: Vec<Quarter> = hours.collect();
    hours.reverse();
    hours
}
