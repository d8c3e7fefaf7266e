//! What an application password sees of the home: all of it, or its folders and the ways to them.

use std::collections::BTreeSet;

use super::error::{Error, Result};
use super::names::Names;
use crate::files::{self, Path, Place, Root};

/// The visible part of a home.
#[derive(Debug, Clone)]
pub(super) struct View {
    home: Root,
    folders: Vec<Path>,
    /// How the client's names are read.
    names: Names,
}

/// What a path names.
#[derive(Debug)]
pub(super) enum Spot {
    /// A place in the home, or in a confining folder.
    Real(Found),
    /// A folder on the way to confining ones: it lists only the next names of the ways.
    Way(BTreeSet<Vec<u8>>),
}

/// A place, and the root it was found through.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) root: Root,
    pub(super) place: Place,
}

impl View {
    pub(super) fn new(home: Root, folders: &[String], names: Names) -> Result<Self> {
        let folders = folders.iter().map(|folder| Path::from_plain(folder)).collect::<std::result::Result<_, _>>();
        Ok(Self { home, folders: folders.map_err(|error| Error::Internal(error.to_string()))?, names })
    }

    /// The whole home.
    pub(super) fn home(&self) -> &Root {
        &self.home
    }

    /// Finds what a path names.
    pub(super) fn find(&self, path: &Path, follow: bool) -> Result<Spot> {
        if let Some((root, rest)) = self.root_of(path)? {
            let place = self.names.find(&root, &rest, follow)?;
            return Ok(Spot::Real(Found { root, place }));
        }
        let next = |folder: &Path| self.names.beneath(folder, path)?.names().next().map(<[u8]>::to_vec);
        let names: BTreeSet<Vec<u8>> = self.folders.iter().filter_map(next).collect();
        if names.is_empty() { Err(Error::NotFound) } else { Ok(Spot::Way(names)) }
    }

    /// The root that holds a path, and the path in it; `None` where no folder does.
    fn root_of(&self, path: &Path) -> Result<Option<(Root, Path)>> {
        if self.folders.is_empty() {
            return Ok(Some((self.home.clone(), path.clone())));
        }
        // The innermost of the folders that hold the path counts, and one of just this form before one of another.
        let holding = |beneath: &dyn Fn(&Path) -> Option<Path>| {
            let holding = self.folders.iter().filter_map(|folder| Some((folder, beneath(folder)?)));
            holding.max_by_key(|(folder, _)| folder.as_bytes().len())
        };
        let found =
            holding(&|folder| path.beneath(folder)).or_else(|| holding(&|folder| self.names.beneath(path, folder)));
        let Some((folder, rest)) = found else {
            return Ok(None);
        };
        match self.home.confined_to(&self.names.of_the_server().on_disk(&self.home, folder)) {
            Err(files::Error::NoParent | files::Error::NotFound) => Err(Error::NotFound),
            other => Ok(Some((other?, rest))),
        }
    }

    /// Finds a place for a name that shall be spelled anew, as where something is moved to another form of its name.
    pub(super) fn find_anew(&self, path: &Path) -> Result<Found> {
        let (root, rest) = self.root_of(path)?.ok_or(Error::NotFound)?;
        let place = self.names.find_anew(&root, &rest)?;
        Ok(Found { root, place })
    }

    /// The same for methods that need a place of the person's own.
    pub(super) fn find_place(&self, path: &Path, follow: bool) -> Result<Found> {
        match self.find(path, follow)? {
            Spot::Real(found) => Ok(found),
            Spot::Way(_) => Err(Error::NotFound),
        }
    }
}
