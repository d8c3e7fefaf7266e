//! What earlier looks found in one folder, in little memory: a folder may have a million members.

use crate::dav::error::Result;
use crate::store::Store;
use crate::store::sync;

/// The known members of a folder, in the order of their names.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Names and states, one behind the other.
    bytes: Vec<u8>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    start: usize,
    name_end: usize,
    /// `None` where it is gone.
    state_end: Option<usize>,
    is_folder: bool,
    is_seen: bool,
}

impl Known {
    /// All of them, or so many at most.
    pub(super) fn read(store: &Store, tree_id: i64, folder: &[u8], most: Option<usize>) -> Result<Self> {
        let mut known = Self::default();
        let add = |name: &[u8], state: Option<&str>, is_folder| known.add(name, state, is_folder);
        store.read(|c| sync::each_in(c, tree_id, folder, most, add))?;
        Ok(known)
    }

    fn add(&mut self, name: &[u8], state: Option<&str>, is_folder: bool) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        let name_end = self.bytes.len();
        let state_end = state.map(|state| {
            self.bytes.extend_from_slice(state.as_bytes());
            self.bytes.len()
        });
        self.rows.push(Row { start, name_end, state_end, is_folder, is_seen: false });
    }

    /// How many there are, with those that are gone.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The place of a name in the order.
    pub(super) fn find(&self, name: &[u8]) -> Option<usize> {
        let found = self.rows.binary_search_by(|row| {
            let own = self.bytes.get(row.start..row.name_end).unwrap_or_default();
            own.cmp(name)
        });
        found.ok()
    }

    pub(super) fn name(&self, place: usize) -> &[u8] {
        self.rows.get(place).and_then(|row| self.bytes.get(row.start..row.name_end)).unwrap_or_default()
    }

    /// What it was found as; `None` where it is gone.
    pub(super) fn state(&self, place: usize) -> Option<&str> {
        let row = self.rows.get(place)?;
        std::str::from_utf8(self.bytes.get(row.name_end..row.state_end?)?).ok()
    }

    pub(super) fn is_folder(&self, place: usize) -> bool {
        self.rows.get(place).is_some_and(|row| row.is_folder)
    }

    pub(super) fn see(&mut self, place: usize) {
        if let Some(row) = self.rows.get_mut(place) {
            row.is_seen = true;
        }
    }

    pub(super) fn is_seen(&self, place: usize) -> bool {
        self.rows.get(place).is_some_and(|row| row.is_seen)
    }

    /// The places of those that are not gone and were not seen.
    pub(super) fn unseen(&self) -> Vec<usize> {
        let is_missing = |row: &Row| row.state_end.is_some() && !row.is_seen;
        self.rows.iter().enumerate().filter(|(_, row)| is_missing(row)).map(|(place, _)| place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_the_missing_told() {
        let mut known = Known::default();
        for (name, state) in [("a", Some("1")), ("ab", None), ("b", Some("")), ("\u{e4}", Some("4"))] {
            known.add(name.as_bytes(), state, name == "b");
        }
        let states = ["a", "ab", "b", "\u{e4}"].map(|name| {
            let place = known.find(name.as_bytes()).expect("known");
            assert_eq!(known.name(place), name.as_bytes());
            known.state(place).map(str::to_owned)
        });
        assert_eq!(states, [Some("1".to_owned()), None, Some(String::new()), Some("4".to_owned())]);
        assert!(known.find(b"aa").is_none() && known.find(b"").is_none());
        let b = known.find(b"b").expect("known");
        assert!(known.is_folder(b) && !known.is_seen(b));
        known.see(b);
        assert_eq!(known.unseen(), [0, 3]);
    }
}
