//! The trees that clients synchronise, and whose turn it is to look at one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustix::io::Errno;

use super::look::Look;
use super::token::{Collection, MARK};
use crate::clock::seconds;
use crate::dav::Inner;
use crate::dav::error::{Error, Result};
use crate::dav::view::Found;
use crate::files::{self, Entry, Listing, Path, Root};
use crate::model::Time;
use crate::secret;
use crate::store::sync::{self, Scope};

/// Seconds between two notes that a tree is still asked about.
const NOTE: u64 = 3600;
/// Longest name on a disk, in bytes.
const LONGEST_NAME: usize = 255;

/// A tree as it is seen from a root: each root has one of its own, since links that lead out of a confining folder are
/// there for some and not for others.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) id: i64,
    /// The number of the last look that found something changed.
    pub(super) sequence: i64,
    pub(super) floor: i64,
    base: i64,
    pub(super) root: Root,
}

/// A collection that a client synchronises.
#[derive(Debug)]
pub(super) struct Target {
    root: Root,
    /// Key of the root.
    top: Vec<u8>,
    /// Path beneath the root.
    pub(super) folder: Vec<u8>,
    pub(super) collection: Collection,
}

impl Target {
    /// `None` where the place is not in its root.
    pub(super) fn new(found: &Found) -> Option<Self> {
        let (root, top, key) = (found.root.clone(), found.root.key(), found.place.key());
        let folder = beneath(&top, &key)?.to_vec();
        let collection = Collection::new(&top, &folder);
        Some(Self { root, top, folder, collection })
    }

    /// The tree, if anybody has ever looked at it.
    pub(super) fn tree(&self, inner: &Inner) -> Result<Option<Tree>> {
        let tree = inner.store.read(|c| sync::tree(c, &self.top))?;
        Ok(tree.map(|tree| self.of_row(&tree)))
    }

    /// Looks at the collection's members, or all beneath it, and gives the tree as it is known then. Blocks; one at a
    /// time looks at a tree, and who waited takes a look that began meanwhile for their own.
    pub(super) fn look(&self, inner: &Inner, deep: bool, now: Time) -> Result<Tree> {
        let scope = Scope { folder: self.folder.clone(), deep };
        let turn = inner.looks.turn_of(&self.top);
        let came = turn.begun.load(Ordering::SeqCst);
        let mut last = turn.last.lock().unwrap_or_else(PoisonError::into_inner);
        if !last.as_ref().is_some_and(|last| last.number > came && last.covers(&scope)) {
            let tree = self.known(inner, now)?;
            let number = turn.begun.fetch_add(1, Ordering::SeqCst) + 1;
            Look::new(inner, &tree, now).run(&scope)?;
            *last = Some(Done { number, scope });
        }
        // Read while nobody looks: the numbers of a look that is under way are no token's yet.
        self.tree(inner)?.ok_or(Error::NotFound)
    }

    /// The tree's row, made where there is none.
    fn known(&self, inner: &Inner, now: Time) -> Result<Tree> {
        let row = match inner.store.read(|c| sync::tree(c, &self.top))? {
            Some(row) => row,
            None => inner.store.write(|tx| sync::make_tree(tx, &self.top, &secret::random::<MARK>(), now))?,
        };
        if row.looked_at + seconds(NOTE) <= now {
            inner.store.write(|tx| sync::note_look(tx, row.id, now))?;
        }
        Ok(self.of_row(&row))
    }

    fn of_row(&self, row: &sync::Tree) -> Tree {
        Tree { id: row.id, sequence: row.sequence, floor: row.floor, base: row.base, root: self.root.clone() }
    }
}

impl Tree {
    /// Opens a folder by its path beneath the top.
    pub(super) fn open(&self, folder: &[u8]) -> Result<Listing> {
        let path = if folder.is_empty() { Path::root() } else { Path::root().join(folder) };
        // Whoever put a link in a folder's place meanwhile has made another thing of it.
        Ok(Listing::open(&self.root.find(&path, folder.is_empty())?, &self.root)?)
    }

    /// The same; `None` where certainly no such folder is there, or the system refuses it, and what is beneath is then
    /// not known.
    ///
    /// # Errors
    /// Where it is not known now and may be in a moment: out of handles or memory, or the home not there.
    pub(super) fn open_if_there(&self, folder: &[u8]) -> Result<Opened> {
        match self.open(folder) {
            Ok(listing) => Ok(Opened::Listing(Box::new(listing))),
            Err(Error::Files(error)) => match Doubt::of(&error) {
                Doubt::Gone => Ok(Opened::Gone),
                Doubt::Unknown => Ok(Opened::Unknown),
                Doubt::Fails => Err(error.into()),
            },
            Err(other) => Err(other),
        }
    }

    /// The look that a folder's tokens are of: the newest that has to do with it, so that they stay the same while others
    /// change.
    pub(super) fn newest(&self, inner: &Inner, folder: &[u8]) -> Result<i64> {
        Ok(inner.store.read(|c| sync::newest(c, self.id, folder, self.sequence))?.max(self.base).max(self.floor))
    }
}

/// A folder, as far as it could be opened.
#[derive(Debug)]
pub(super) enum Opened {
    Listing(Box<Listing>),
    /// There is certainly no such folder.
    Gone,
    /// Nobody can say what is in it.
    Unknown,
}

/// What is served of a member. What no disk takes as a name is not there, though a client may have asked for it to be
/// made.
pub(super) fn member(listing: &Listing, name: &[u8]) -> files::Result<Option<Entry>> {
    if name.len() > LONGEST_NAME { Ok(None) } else { listing.member(name) }
}

/// What an error says of the thing that was looked for. A client that is told of an end deletes its copy, so nothing
/// counts as gone that may only not have been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It is not there.
    Gone,
    /// It may be there, and nothing is told of it: a folder that is not readable, a disk or mount that fails. These may
    /// stay so for long, and must not keep everything else from being told.
    Unknown,
    /// The server is short of something: an answer now would leave out what another would have.
    Fails,
}

impl Doubt {
    pub(super) fn of(error: &files::Error) -> Self {
        match error {
            files::Error::NotFound | files::Error::NoParent => Self::Gone,
            files::Error::HomeMissing => Self::Fails,
            files::Error::Io(error) => match Errno::from_io_error(error) {
                Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM | Errno::NOBUFS | Errno::INTR) => Self::Fails,
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }
}

/// The path of a key beneath another.
pub(super) fn beneath<'k>(top: &[u8], key: &'k [u8]) -> Option<&'k [u8]> {
    match key.strip_prefix(top)? {
        [] => Some(&[]),
        [b'/', rest @ ..] => Some(rest),
        _ => None,
    }
}

/// Whose turn it is to look, for each tree.
#[derive(Debug, Default)]
pub(in crate::dav) struct Looks(Mutex<HashMap<Vec<u8>, Weak<Turn>>>);

#[derive(Debug, Default)]
struct Turn {
    /// Looks that were begun.
    begun: AtomicU64,
    /// Held while one looks.
    last: Mutex<Option<Done>>,
}

/// A look that is over.
#[derive(Debug)]
struct Done {
    number: u64,
    scope: Scope,
}

impl Done {
    fn covers(&self, scope: &Scope) -> bool {
        let is_beneath = self.scope.folder.is_empty() || beneath(&self.scope.folder, &scope.folder).is_some();
        self.scope == *scope || (self.scope.deep && is_beneath)
    }
}

impl Looks {
    fn turn_of(&self, top: &[u8]) -> Arc<Turn> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(top).and_then(Weak::upgrade) {
            return turn;
        }
        turns.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(Turn::default());
        turns.insert(top.to_vec(), Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certainly_not_there_is_gone() {
        let doubt = |errno: Errno| Doubt::of(&errno.into());
        for errno in [Errno::NOENT, Errno::NOTDIR] {
            assert_eq!(doubt(errno), Doubt::Gone, "{errno}");
        }
        for errno in [Errno::ACCESS, Errno::PERM, Errno::IO, Errno::NOTCONN, Errno::STALE, Errno::NAMETOOLONG] {
            assert_eq!(doubt(errno), Doubt::Unknown, "{errno}");
        }
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOMEM] {
            assert_eq!(doubt(errno), Doubt::Fails, "{errno}");
        }
        assert_eq!(Doubt::of(&files::Error::HomeMissing), Doubt::Fails);
    }

    #[test]
    fn a_look_covers_what_is_beneath_by_whole_names() {
        let scope = |folder: &str, deep| Scope { folder: folder.as_bytes().to_vec(), deep };
        let covers = |done: Scope, asked: &Scope| Done { number: 1, scope: done }.covers(asked);
        assert!(covers(scope("a", true), &scope("a/b", true)) && covers(scope("a", true), &scope("a", false)));
        assert!(covers(scope("a", false), &scope("a", false)));
        assert!(!covers(scope("a", false), &scope("a", true)) && !covers(scope("a", false), &scope("a/b", false)));
        assert!(!covers(scope("a", true), &scope("ab", false)) && !covers(scope("a/b", true), &scope("a", true)));
        assert!(covers(scope("", true), &scope("x/y", true)) && !covers(scope("", false), &scope("x", false)));
    }
}
