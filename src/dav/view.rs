//! What an application password sees of the home: all of it, or its folders and the ways to them.

use std::collections::BTreeSet;

use super::error::{Error, Result};
use crate::files::{self, Path, Place, Root};

/// The visible part of a home.
#[derive(Debug, Clone)]
pub(super) struct View {
    home: Root,
    folders: Vec<Path>,
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
    pub(super) fn new(home: Root, folders: &[String]) -> Result<Self> {
        let folders = folders.iter().map(|folder| Path::from_plain(folder)).collect::<std::result::Result<_, _>>();
        Ok(Self { home, folders: folders.map_err(|error| Error::Internal(error.to_string()))? })
    }

    /// The whole home.
    pub(super) fn home(&self) -> &Root {
        &self.home
    }

    /// Finds what a path names.
    pub(super) fn find(&self, path: &Path, follow: bool) -> Result<Spot> {
        if self.folders.is_empty() {
            return Ok(Spot::Real(find_in(self.home.clone(), path, follow)?));
        }
        // The innermost of the folders that hold the path counts.
        let holding = self.folders.iter().filter_map(|folder| Some((folder, path.beneath(folder)?)));
        if let Some((folder, rest)) = holding.max_by_key(|(folder, _)| folder.as_bytes().len()) {
            let root = match self.home.confined_to(folder) {
                Err(files::Error::NoParent | files::Error::NotFound) => return Err(Error::NotFound),
                other => other?,
            };
            return Ok(Spot::Real(find_in(root, &rest, follow)?));
        }
        let next = |folder: &Path| folder.beneath(path)?.names().next().map(<[u8]>::to_vec);
        let names: BTreeSet<Vec<u8>> = self.folders.iter().filter_map(next).collect();
        if names.is_empty() { Err(Error::NotFound) } else { Ok(Spot::Way(names)) }
    }

    /// The same for methods that need a place of the person's own.
    pub(super) fn find_place(&self, path: &Path, follow: bool) -> Result<Found> {
        match self.find(path, follow)? {
            Spot::Real(found) => Ok(found),
            Spot::Way(_) => Err(Error::NotFound),
        }
    }
}

fn find_in(root: Root, path: &Path, follow: bool) -> Result<Found> {
    let place = root.find(path, follow)?;
    Ok(Found { root, place })
}
