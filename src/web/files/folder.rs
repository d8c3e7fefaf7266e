//! A folder's page: what is in it, and everything that can be done there.

use askama::Template;
use askama::filters::Safe;
use axum::response::Response;
use chrono::DateTime;
use serde::Deserialize;

use super::address::{self, Address, item, shown};
use super::listing::{By, From, Mark, Order, Page};
use crate::files::{self, Entry, Listing, Path};
use crate::web::caller::SignedIn;
use crate::web::error::Error;
use crate::web::page::{self, Frame};
use crate::web::{Web, off_thread, show};

/// What an address asks for besides the folder.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    sort: String,
    #[serde(default)]
    order: String,
    /// Where to go on, forwards or backwards.
    after: Option<String>,
    before: Option<String>,
    /// What was just done.
    #[serde(default)]
    done: String,
    /// A deed to be asked about, and with what.
    #[serde(rename = "do", default)]
    pub(super) deed: String,
    #[serde(default)]
    pub(super) item: String,
    /// Whether a file is to be saved and not shown.
    pub(super) download: Option<String>,
}

impl Asked {
    pub(super) fn order(&self) -> Order {
        Order::of(&self.sort, &self.order)
    }

    fn from(&self) -> From {
        let mark = |text: &Option<String>| text.as_deref().and_then(Mark::parse);
        match (mark(&self.after), mark(&self.before)) {
            (Some(mark), _) => From::After(mark),
            (None, Some(mark)) => From::Before(mark),
            (None, None) => From::Start,
        }
    }

    /// Only these sentences can be made to appear by an address.
    fn notice(&self) -> Option<&'static str> {
        match self.done.as_str() {
            "uploaded" => Some("Uploaded."),
            "folder" => Some("The folder is there."),
            "renamed" => Some("Renamed."),
            "moved" => Some("Moved."),
            "deleted" => Some("Deleted."),
            "nothing" => Some("Nothing was chosen, so nothing was done."),
            _ => None,
        }
    }
}

/// The way from the top to a folder.
#[derive(Debug)]
pub(super) struct Crumb {
    pub(super) name: String,
    pub(super) href: String,
}

/// Where a page is, as its head shows it and its forms need it.
pub(super) struct Top {
    /// The folders above, the topmost first.
    pub(super) above: Vec<Crumb>,
    /// The folder's own name.
    pub(super) title: String,
    /// The folder's address.
    pub(super) here: String,
    /// The query of the order, kept by what is done here.
    pub(super) query: String,
}

impl Top {
    pub(super) fn new(folder: &Address, asked: &Asked) -> Self {
        let mut above = vec![Crumb { name: "Files".to_owned(), href: address::of_folder(&Path::root()) }];
        let mut here = Path::root();
        for name in folder.path.names() {
            here = here.join(name);
            above.push(Crumb { name: shown(name), href: address::of_folder(&here) });
        }
        let title = above.pop().map_or_else(String::new, |crumb| crumb.name);
        Self { above, title, here: folder.of_folder(), query: asked.order().query() }
    }

    /// The query that asks about something, but for what.
    fn ask(&self) -> String {
        format!("{}do", lead(&self.query))
    }
}

/// A query with the sign behind it that goes before the next value.
fn lead(query: &str) -> String {
    if query.is_empty() { "?".to_owned() } else { format!("{query}&") }
}

/// A file or folder in the table.
struct Row {
    name: String,
    /// The name as form values carry it.
    item: String,
    /// Relative to the folder's address, since a page has many of them.
    href: String,
    is_folder: bool,
    size: String,
    changed: Safe<String>,
}

impl Row {
    fn new(entry: &Entry) -> Self {
        let is_folder = entry.meta.is_folder();
        let item = item(&entry.name);
        let changed = DateTime::from_timestamp(entry.meta.modified_s, 0);
        Self {
            name: shown(&entry.name),
            href: if is_folder { format!("{item}/") } else { item.clone() },
            item,
            is_folder,
            size: if is_folder { String::new() } else { show::size(entry.meta.size) },
            changed: changed.map_or_else(|| Safe(String::new()), |time| show::time(&time)),
        }
    }

    /// The name within a query: percent signs are encoded once more.
    fn query_item(&self) -> String {
        self.item.replace('%', "%25")
    }
}

/// A column's head, which sorts by it.
struct Column {
    label: &'static str,
    query: String,
    /// `ascending`, `descending`, or empty for a column that is not sorted by.
    sorted: &'static str,
    is_number: bool,
}

fn columns(now: Order) -> [Column; 3] {
    By::ALL.map(|by| {
        let is_now = now.by == by;
        // Another click turns the order round. What is large or new is looked for first.
        let down = if is_now { !now.down } else { by != By::Name };
        let query = Order { by, down }.query();
        Column {
            label: match by {
                By::Name => "Name",
                By::Size => "Size",
                By::Date => "Changed",
            },
            query: if query.is_empty() { "?".to_owned() } else { query },
            sorted: match (is_now, now.down) {
                (false, _) => "",
                (true, false) => "ascending",
                (true, true) => "descending",
            },
            is_number: by == By::Size,
        }
    })
}

#[derive(Template)]
#[template(path = "files/folder.html")]
struct FolderPage {
    frame: Frame,
    top: Top,
    ask: String,
    rows: Vec<Row>,
    columns: [Column; 3],
    count: String,
    previous: Option<String>,
    next: Option<String>,
}

/// The page of the folder at an address.
pub(super) async fn show(web: &Web, caller: &SignedIn, at: &Address, asked: &Asked) -> Result<Response, Error> {
    let order = asked.order();
    let listed = list(web, caller, &at.path, order, asked.from()).await?;
    let top = Top::new(at, asked);
    let part = |word: &str, mark: &Option<Mark>| {
        mark.as_ref().map(|mark| format!("{}{word}={}", lead(&top.query), mark.query()))
    };
    page::ok(&FolderPage {
        frame: Frame::new(&caller.visit, "files").with_notice(asked.notice()),
        ask: top.ask(),
        rows: listed.entries.iter().map(Row::new).collect(),
        columns: columns(order),
        count: count(&listed),
        previous: part("before", &listed.first).filter(|_| listed.before > 0),
        next: part("after", &listed.last).filter(|_| !listed.is_last()),
        top,
    })
}

/// Reads the part that is asked for. What lies before an early entry may be less than a page: then it is the first.
async fn list(web: &Web, caller: &SignedIn, path: &Path, order: Order, from: From) -> Result<Page, Error> {
    let (web, home, path) = (web.clone(), caller.user().home.clone(), path.clone());
    off_thread(move || {
        let root = web.0.storage.homes().open(&home)?;
        let place = root.find(&path, true)?;
        let read = |from: &From| {
            let mut listing = Listing::open(&place, &root)?;
            Ok::<_, files::Error>(Page::read(&mut listing, web.0.apple_files, order, from))
        };
        let listed = read(&from)?;
        let is_stump = matches!(from, From::Before(_)) && listed.before == 0;
        // Also where all that came behind has gone meanwhile.
        let is_past = listed.entries.is_empty() && listed.all > 0;
        if is_stump || is_past { read(&From::Start) } else { Ok(listed) }
    })
    .await
}

fn count(listed: &Page) -> String {
    let shown = listed.entries.len();
    match listed.all {
        1 => "1 entry".to_owned(),
        all if shown == all => format!("{all} entries"),
        all => format!("{} to {} of {all} entries", listed.before + 1, listed.before + shown),
    }
}
