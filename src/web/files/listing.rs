//! A page of a folder, in order, however large the folder is.
//!
//! The folder is read once, entry by entry, and only the entries of the page are kept: those that come next after the
//! place that the reader has reached. So memory is bounded by the page, and time by one look at each entry. The place
//! is an entry's rank in the order and not a number, so that nothing is skipped or shown twice when files come and go.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::address::{item, name_of, shown};
use crate::config::AppleFiles;
use crate::files::{Entry, Listing, Meta};

/// Entries of a page.
pub(super) const PAGE: usize = 40;

/// What is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Name,
    Size,
    Date,
}

impl By {
    pub(super) const ALL: [Self; 3] = [Self::Name, Self::Size, Self::Date];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Size => "size",
            Self::Date => "date",
        }
    }
}

/// The order of a listing; folders always come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) by: By,
    pub(super) down: bool,
}

impl Order {
    /// As an address asks for it; whatever it does not know is by name.
    pub(super) fn of(by: &str, direction: &str) -> Self {
        let by = By::ALL.into_iter().find(|known| known.word() == by).unwrap_or(By::Name);
        Self { by, down: direction == "down" }
    }

    /// The query that asks for it; empty for the usual one.
    pub(super) fn query(self) -> String {
        match (self.by, self.down) {
            (By::Name, false) => String::new(),
            (by, false) => format!("?sort={}", by.word()),
            (by, true) => format!("?sort={}&order=down", by.word()),
        }
    }

    fn rank(self, is_folder: bool, value: i64, name: &[u8]) -> Rank {
        let name = (shown(name).to_lowercase(), name.to_vec());
        let (value, name) = match (self.by, self.down) {
            (By::Name, false) => (0, Name::Up(name)),
            (By::Name, true) => (0, Name::Down(Reverse(name))),
            (_, false) => (i128::from(value), Name::Up(name)),
            (_, true) => (-i128::from(value), Name::Up(name)),
        };
        Rank { is_file: !is_folder, value, name }
    }

    /// What of an entry the order looks at besides its name.
    fn value(self, meta: &Meta) -> i64 {
        match self.by {
            By::Name => 0,
            // What a folder takes on the disk says nothing.
            By::Size if meta.is_folder() => 0,
            By::Size => i64::try_from(meta.size).unwrap_or(i64::MAX),
            By::Date => meta.modified_s,
        }
    }
}

/// Where in an order an entry comes. Two names that differ in case only are still told apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_file: bool,
    value: i128,
    name: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Up((String, Vec<u8>)),
    Down(Reverse<(String, Vec<u8>)>),
}

/// A place in a listing, which an address carries: the entry that the reader has reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    is_folder: bool,
    value: i64,
    name: Vec<u8>,
}

impl Mark {
    /// As an address carries it; `None` for what no page of ours has written.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (is_folder, rest) = match (text.strip_prefix('d'), text.strip_prefix('f')) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return None,
        };
        let (value, name) = rest.split_once('.')?;
        Some(Self { is_folder, value: value.parse().ok()?, name: name_of(name).ok()? })
    }

    /// The same as the value of a query.
    pub(super) fn query(&self) -> String {
        let kind = if self.is_folder { 'd' } else { 'f' };
        utf8_percent_encode(&format!("{kind}{}.{}", self.value, item(&self.name)), NON_ALPHANUMERIC).collect()
    }
}

/// Which part of a listing is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum From {
    Start,
    After(Mark),
    Before(Mark),
}

/// A part of a folder's entries, in order.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// How many come before, and how many there are in all.
    pub(super) before: usize,
    pub(super) all: usize,
    pub(super) first: Option<Mark>,
    pub(super) last: Option<Mark>,
}

impl Page {
    /// Reads a folder through, but for what the drive does not list either. Blocks.
    pub(super) fn read(listing: &mut Listing, apple_files: AppleFiles, order: Order, from: &From) -> Self {
        let mut gathering = Gathering::new(order, from);
        while let Some(entry) = listing.next_entry() {
            if !apple_files.hides(&entry.name) {
                gathering.take(entry);
            }
        }
        gathering.end()
    }

    /// Whether there is more behind it.
    pub(super) fn is_last(&self) -> bool {
        self.before + self.entries.len() >= self.all
    }
}

struct Gathering<'a> {
    order: Order,
    from: &'a From,
    reached: Option<Rank>,
    kept: BTreeMap<Rank, Entry>,
    /// Entries before the place that was reached, it counted in when going on from it.
    before: usize,
    all: usize,
}

impl<'a> Gathering<'a> {
    fn new(order: Order, from: &'a From) -> Self {
        let reached = match from {
            From::Start => None,
            From::After(mark) | From::Before(mark) => Some(order.rank(mark.is_folder, mark.value, &mark.name)),
        };
        Self { order, from, reached, kept: BTreeMap::new(), before: 0, all: 0 }
    }

    fn take(&mut self, entry: Entry) {
        self.all += 1;
        let rank = self.order.rank(entry.meta.is_folder(), self.order.value(&entry.meta), &entry.name);
        let is_before = match (self.from, &self.reached) {
            (From::After(_), Some(reached)) => rank <= *reached,
            (From::Before(_), Some(reached)) => rank < *reached,
            _ => false,
        };
        self.before += usize::from(is_before);
        let backwards = matches!(self.from, From::Before(_));
        if is_before != backwards {
            return;
        }
        self.kept.insert(rank, entry);
        if self.kept.len() > PAGE {
            if backwards {
                self.kept.pop_first()
            } else {
                self.kept.pop_last()
            };
        }
    }

    fn end(self) -> Page {
        let order = self.order;
        let mark = |entry: &Entry| Mark {
            is_folder: entry.meta.is_folder(),
            value: order.value(&entry.meta),
            name: entry.name.clone(),
        };
        let entries: Vec<Entry> = self.kept.into_values().collect();
        let before = match self.from {
            From::Before(_) => self.before.saturating_sub(entries.len()),
            _ => self.before,
        };
        let (first, last) = (entries.first().map(mark), entries.last().map(mark));
        Page { entries, before, all: self.all, first, last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Kind;

    fn entry(name: &str, size: u64, folder: bool) -> Entry {
        let kind = if folder { Kind::Folder } else { Kind::File };
        let meta = Meta {
            kind,
            size,
            modified_s: -i64::try_from(size).expect("small"),
            modified_ns: 0,
            created_s: None,
            device: 1,
            inode: 1,
            mode: 0,
            owner: (0, 0),
        };
        Entry { name: name.as_bytes().to_vec(), meta, linked: false, key: Vec::new() }
    }

    fn read(entries: &[Entry], order: Order, from: &From) -> Page {
        let mut gathering = Gathering::new(order, from);
        for entry in entries {
            gathering.take(entry.clone());
        }
        gathering.end()
    }

    fn names(page: &Page) -> Vec<String> {
        page.entries.iter().map(|entry| shown(&entry.name)).collect()
    }

    #[test]
    fn folders_come_first_in_every_order() {
        let entries = [entry("b", 1, false), entry("A", 3, false), entry("z", 9, true), entry("c", 2, false)];
        let ordered = |by, down| names(&read(&entries, Order { by, down }, &From::Start)).concat();
        assert_eq!(ordered(By::Name, false), "zAbc");
        assert_eq!(ordered(By::Name, true), "zcbA");
        assert_eq!(ordered(By::Size, false), "zbcA");
        assert_eq!(ordered(By::Size, true), "zAcb");
        assert_eq!(ordered(By::Date, false), "zAcb");
    }

    #[test]
    fn pages_follow_each_other_without_a_gap_in_both_directions() {
        let entries: Vec<Entry> = (0..2 * PAGE + PAGE / 4)
            .map(|n| entry(&format!("{:04}", n * 7919 % 10_000), n as u64 % 13, n % 5 == 0))
            .collect();
        for (by, down) in By::ALL.into_iter().flat_map(|by| [(by, false), (by, true)]) {
            let order = Order { by, down };
            let mut pages = vec![read(&entries, order, &From::Start)];
            while let Some(page) = pages.last().filter(|page| !page.is_last()) {
                let mark = Mark::parse(&decoded(&page.last.as_ref().expect("a last").query())).expect("a mark");
                pages.push(read(&entries, order, &From::After(mark)));
            }
            let all: Vec<String> = pages.iter().flat_map(names).collect();
            assert_eq!((all.len(), pages.len()), (entries.len(), 3));
            assert_eq!(pages.iter().map(|page| page.before).collect::<Vec<_>>(), [0, PAGE, 2 * PAGE]);
            let back = read(&entries, order, &From::Before(pages[2].first.clone().expect("a first")));
            assert_eq!((names(&back), back.before), (names(&pages[1]), PAGE));
        }
    }

    fn decoded(text: &str) -> String {
        percent_encoding::percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned()
    }

    #[test]
    fn a_mark_that_is_none_is_the_start() {
        for bad in ["", "f", "x1.a", "f1", "fx.a", "f1.", "f1.a/b", "d1..."] {
            assert_eq!(Mark::parse(bad), None, "{bad}");
        }
    }
}
