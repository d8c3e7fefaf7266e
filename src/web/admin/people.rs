//! `/admin/users`: the list of people.

use askama::Template;
use askama::filters::Safe;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::Done;
use super::person::{path_of, suspended};
use crate::auth::{People, PeopleOrder, PeopleQuery, Person};
use crate::web::caller::Admin;
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread, show};

/// People on a page.
const PER_PAGE: u32 = 50;

/// How the list can be sorted: the address's word, and what it is called.
const SORTS: [(&str, &str); 8] = [
    ("name", "Name, A to Z"),
    ("-name", "Name, Z to A"),
    ("display", "Display name, A to Z"),
    ("-display", "Display name, Z to A"),
    ("-seen", "Last seen, latest first"),
    ("seen", "Last seen, longest ago first"),
    ("-created", "Created, latest first"),
    ("created", "Created, oldest first"),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    q: String,
    sort: String,
    page: Option<u64>,
    done: String,
}

#[derive(Template)]
#[template(path = "admin/people.html")]
struct PeoplePage {
    frame: Frame,
    part: &'static str,
    search: String,
    sort: &'static str,
    sorts: [(&'static str, &'static str); 8],
    rows: Vec<Row>,
    total: u64,
    page: u64,
    pages: u64,
    first: u64,
    last: u64,
}

struct Row {
    path: String,
    name: String,
    display_name: String,
    email: String,
    is_admin: bool,
    is_disabled: bool,
    suspended: Option<String>,
    is_invited: bool,
    connections: u64,
    last_seen: Option<Safe<String>>,
}

impl Row {
    fn new(person: &Person) -> Self {
        let user = &person.user;
        Self {
            path: path_of(user.name.as_str()),
            name: user.name.to_string(),
            display_name: user.display_name.clone(),
            email: user.email.clone().unwrap_or_default(),
            is_admin: user.is_admin,
            is_disabled: user.disabled_at.is_some(),
            suspended: suspended(user),
            is_invited: person.is_invited,
            connections: person.connections,
            last_seen: person.last_seen_at.as_ref().map(show::time),
        }
    }
}

impl PeoplePage {
    /// The list's address with another page or order, the search kept.
    fn link(&self, sort: &str, page: u64) -> String {
        let page = (page > 1).then(|| page.to_string());
        let mut values = vec![("sort", sort)];
        if !self.search.is_empty() {
            values.push(("q", &self.search));
        }
        if let Some(page) = &page {
            values.push(("page", page));
        }
        let query = serde_html_form::to_string(values).unwrap_or_default();
        format!("{}/admin/users?{query}", self.frame.base)
    }

    /// Where the head of a column leads: its own order, or the other way round.
    fn head(&self, column: &str) -> String {
        // When somebody was here last is asked for with the latest first.
        let other_way = format!("-{column}");
        let first = if column == "seen" { other_way.as_str() } else { column };
        let second = if column == "seen" { column } else { other_way.as_str() };
        self.link(if self.sort == first { second } else { first }, 1)
    }

    /// The value of `aria-sort` for a column.
    fn sorted(&self, column: &str) -> &'static str {
        match self.sort.strip_prefix('-') {
            Some(sorted) if sorted == column => "descending",
            None if self.sort == column => "ascending",
            _ => "none",
        }
    }
}

pub(super) async fn show(
    Admin(caller): Admin,
    State(web): State<Web>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Error> {
    let sort = SORTS.iter().find(|(word, _)| *word == wanted.sort).map_or("name", |(word, _)| *word);
    let order = match sort.trim_start_matches('-') {
        "display" => PeopleOrder::DisplayName,
        "seen" => PeopleOrder::LastSeen,
        "created" => PeopleOrder::Created,
        _ => PeopleOrder::Name,
    };
    let search: String = wanted.q.trim().chars().take(128).collect();
    let query = PeopleQuery {
        search: search.clone(),
        order,
        descending: sort.starts_with('-'),
        page: wanted.page.unwrap_or(1),
        per_page: PER_PAGE,
    };
    let auth = web.auth().clone();
    let People { rows, total, page, pages } = off_thread(move || auth.people(&query)).await?;
    let first = (page - 1) * u64::from(PER_PAGE);
    let count = u64::try_from(rows.len()).unwrap_or(0);
    page::ok(&PeoplePage {
        frame: Frame::new(&caller.visit, "admin").with_notice(Done { done: wanted.done }.sentence()),
        part: "users",
        search,
        sort,
        sorts: SORTS,
        rows: rows.iter().map(Row::new).collect(),
        total,
        page,
        pages,
        first: if count == 0 { 0 } else { first + 1 },
        last: first + count,
    })
}
