//! A look: goes through a folder, or all beneath it, and writes down what differs from what earlier looks found.
//!
//! Nothing is noted when something is changed. So whatever was changed, by whom and how often, and whatever crashed
//! meanwhile, is the same case: the disk is compared with the table. What makes this exact:
//!
//! - A look has a number greater than any before, and no token has it before the look is over.
//! - Where a folder's row is that of a folder, those of all folders above it are, too; where it is gone, or another kind
//!   of thing, all beneath are gone. So what comes back is found anew down to the last file.
//! - What is not found in a folder's listing is looked for by its name before it counts as gone: a file that is
//!   replaced while a folder is read may be missed. Where the disk does not answer, nothing counts as gone.

use super::known::Known;
use super::state::{State, join, split};
use super::token::MARK;
use super::tree::{self, Doubt, Opened, Tree};
use crate::dav::Inner;
use crate::dav::error::{Error, Result};
use crate::files::{Entry, Listing};
use crate::model::Time;
use crate::secret;
use crate::store::sync::{self, Member, Position, Scope};

/// Most rows written in one transaction: nobody else can write meanwhile.
const BATCH: usize = 2000;

/// Most sync tokens that are looked into for one request.
const TOKENS: usize = 4;

/// How much may still be compared for one request, while everybody's changes wait for it: rows of the table, and with
/// them members.
pub(in crate::dav) struct Budget {
    rows: usize,
    /// The collections and tokens that were asked about, and what was found.
    answers: Vec<(Vec<u8>, String, bool)>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { rows: 10_000, answers: Vec::new() }
    }
}

impl Budget {
    /// Whether a collection's token holds, found out once for each, and for a few at most: more count as changed.
    pub(super) fn once(
        &mut self,
        collection: &[u8],
        token: &str,
        find_out: impl FnOnce(&mut Self) -> Result<bool>,
    ) -> Result<bool> {
        let same = |answer: &&(Vec<u8>, String, bool)| answer.0 == collection && answer.1 == token;
        if let Some((_, _, holds)) = self.answers.iter().find(same) {
            return Ok(*holds);
        }
        if self.rows == 0 || self.answers.len() >= TOKENS {
            return Ok(false);
        }
        let holds = find_out(self)?;
        self.answers.push((collection.to_vec(), token.to_owned(), holds));
        Ok(holds)
    }

    /// Reads what is known of a folder; `None` where that is more than may be compared.
    fn read(&mut self, inner: &Inner, tree: &Tree, folder: &[u8]) -> Result<Option<Known>> {
        let known = Known::read(&inner.store, tree.id, folder, Some(self.rows + 1))?;
        // An empty folder is opened as well.
        let left = self.rows.checked_sub(known.len().max(1));
        self.rows = left.unwrap_or(0);
        Ok(left.map(|_| known))
    }
}

/// A look that is under way.
pub(super) struct Look<'l> {
    inner: &'l Inner,
    tree: &'l Tree,
    now: Time,
    /// Its number, once there is something to write down.
    sequence: Option<i64>,
    found: Vec<Member>,
}

impl<'l> Look<'l> {
    pub(super) fn new(inner: &'l Inner, tree: &'l Tree, now: Time) -> Self {
        Self { inner, tree, now, sequence: None, found: Vec::new() }
    }

    /// Looks; what is found is in the database afterwards.
    ///
    /// # Errors
    /// Where the folder is not there any more, or the database fails. What was written until then is no harm.
    pub(super) fn run(mut self, scope: &Scope) -> Result<()> {
        self.folders_above(&scope.folder)?;
        let mut ahead = vec![scope.folder.clone()];
        while let Some(folder) = ahead.pop() {
            let opened = if folder == scope.folder {
                Opened::Listing(Box::new(self.tree.open(&folder)?))
            } else {
                self.tree.open_if_there(&folder)?
            };
            match opened {
                Opened::Listing(listing) => self.folder(*listing, &folder, scope.deep, &mut ahead)?,
                // Gone meanwhile, or not to be read: its own folder's next look tells.
                Opened::Gone | Opened::Unknown => {}
            }
        }
        self.write()
    }

    /// Sees to it that the folders on the way have rows, so that their end is noticed.
    fn folders_above(&mut self, folder: &[u8]) -> Result<()> {
        let mut path = folder;
        while !path.is_empty() {
            let at = split(path);
            let known = self.inner.store.read(|c| sync::member(c, self.tree.id, &at))?;
            if !known.is_some_and(|known| known.state.is_some() && known.is_folder) {
                self.note(Member { folder: at.folder, name: at.name, state: Some(String::new()), is_folder: true })?;
            }
            path = path.iter().rposition(|&byte| byte == b'/').and_then(|cut| path.get(..cut)).unwrap_or_default();
        }
        Ok(())
    }

    fn folder(&mut self, mut listing: Listing, folder: &[u8], deep: bool, ahead: &mut Vec<Vec<u8>>) -> Result<()> {
        let mut known = Known::read(&self.inner.store, self.tree.id, folder, None)?;
        while let Some(entry) = listing.next_entry() {
            let place = known.find(&entry.name);
            if place.is_some_and(|place| known.is_seen(place)) {
                continue;
            }
            self.compare(&mut known, place, folder, &entry)?;
            descend(folder, &entry, deep, ahead);
        }
        for place in known.unseen() {
            let name = known.name(place).to_vec();
            match tree::member(&listing, &name) {
                Ok(Some(entry)) => {
                    self.compare(&mut known, Some(place), folder, &entry)?;
                    descend(folder, &entry, deep, ahead);
                }
                Ok(None) => {
                    let is_folder = known.is_folder(place);
                    self.end_beneath(is_folder, folder, &name)?;
                    self.note(Member { folder: folder.to_vec(), name, state: None, is_folder })?;
                }
                Err(error) if Doubt::of(&error) == Doubt::Fails => return Err(error.into()),
                Err(error) => tracing::debug!(%error, "a member could not be looked at"),
            }
        }
        Ok(())
    }

    /// Compares a member with what is known of it.
    fn compare(&mut self, known: &mut Known, place: Option<usize>, folder: &[u8], entry: &Entry) -> Result<()> {
        let state = State::of(&self.inner.store, entry)?;
        if let Some(place) = place {
            known.see(place);
            if known.state(place) == Some(&state.text) && known.is_folder(place) == state.is_folder {
                return Ok(());
            }
            let was_folder = known.state(place).is_some() && known.is_folder(place);
            self.end_beneath(was_folder && !state.is_walked, folder, &entry.name)?;
        }
        self.note(Member {
            folder: folder.to_vec(),
            name: entry.name.clone(),
            state: Some(state.text),
            is_folder: state.is_folder,
        })
    }

    /// All beneath a folder that is one no more is gone. Before the folder's own row says so: if the server ends
    /// between the two, the next look finds the rest.
    fn end_beneath(&mut self, ended: bool, folder: &[u8], name: &[u8]) -> Result<()> {
        if !ended {
            return Ok(());
        }
        let scope = Scope { folder: join(folder, name), deep: true };
        let mut behind = Position { folder: scope.folder.clone(), name: Vec::new() };
        loop {
            let rows =
                self.inner.store.read(|c| sync::changed(c, self.tree.id, &scope, &behind, (-1, i64::MAX), BATCH))?;
            let Some(last) = rows.last() else {
                return Ok(());
            };
            behind = Position { folder: last.folder.clone(), name: last.name.clone() };
            for row in rows.into_iter().filter(|row| row.state.is_some()) {
                self.note(Member { state: None, ..row })?;
            }
        }
    }

    fn note(&mut self, member: Member) -> Result<()> {
        self.found.push(member);
        if self.found.len() >= BATCH { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<()> {
        if self.found.is_empty() {
            return Ok(());
        }
        let sequence = self.inner.store.write(|tx| {
            let sequence = match self.sequence {
                Some(sequence) => sequence,
                None => sync::begin_look(tx, self.tree.id, &secret::random::<MARK>(), self.now)?,
            };
            for member in &self.found {
                sync::put(tx, self.tree.id, sequence, member)?;
            }
            Ok::<_, Error>(sequence)
        })?;
        self.sequence = Some(sequence);
        self.found.clear();
        Ok(())
    }
}

/// Folders reached by a link are told, but not gone through: links can go in circles.
fn descend(folder: &[u8], entry: &Entry, deep: bool, ahead: &mut Vec<Vec<u8>>) {
    if deep && entry.meta.is_folder() && !entry.linked {
        ahead.push(join(folder, &entry.name));
    }
}

/// Whether all beneath a folder is as earlier looks found it; nothing is written down.
pub(super) fn is_as_known(inner: &Inner, tree: &Tree, top: &[u8], budget: &mut Budget) -> Result<bool> {
    let mut ahead = vec![top.to_vec()];
    while let Some(folder) = ahead.pop() {
        let Some(mut known) = budget.read(inner, tree, &folder)? else {
            return Ok(false);
        };
        let Ok(mut listing) = tree.open(&folder) else {
            return Ok(false);
        };
        if known.is_empty() && folder != top {
            // Empty, or never looked at, since nobody asked for more than the members of one above it. What comes to it
            // changes its own tag.
            continue;
        }
        while let Some(entry) = listing.next_entry() {
            let state = State::of(&inner.store, &entry)?;
            let Some(place) = known.find(&entry.name).filter(|place| known.state(*place) == Some(&state.text)) else {
                return Ok(false);
            };
            known.see(place);
            descend(&folder, &entry, true, &mut ahead);
        }
        if !known.unseen().is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_looked_into_once_and_few_at_all() {
        let mut budget = Budget::default();
        let mut asked = Vec::new();
        for token in ["a", "b", "a", "b", "c", "d", "e", "f", "a"] {
            let find_out = |_: &mut Budget| {
                asked.push(token);
                Ok(true)
            };
            let holds = budget.once(b"files/alice", token, find_out).expect("found out");
            assert_eq!(holds, !matches!(token, "e" | "f"), "{token}");
        }
        assert_eq!(asked, ["a", "b", "c", "d"]);
        assert!(!budget.once(b"files/bob", "a", |_| Ok(true)).expect("refused"), "another collection's");
        let mut spent = Budget { rows: 0, answers: Vec::new() };
        assert!(!spent.once(b"", "a", |_| Err(Error::NotFound)).expect("not looked into"));
    }
}
