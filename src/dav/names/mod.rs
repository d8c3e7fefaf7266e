//! Names as clients write them and as they lie on the disk (R17, R30).
//!
//! A letter with an accent is one character or two (Unicode's forms NFC and NFD); macOS sends the one, most others the
//! other, and a disk takes them for two names. So a name that is not there byte for byte is looked for in the other
//! form, and nothing new comes beside it. Windows sees, and sends, names that it cannot take in a mapped form. What is
//! found is a [`Place`] like any other: rules, locks and properties go by the name on the disk.

mod windows;

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::client::Client;
use crate::config::NormalizeNames;
use crate::files::{Error, Path, Place, Result, Root, other_forms};

/// How a client's names are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Names {
    /// Whether new names are stored composed.
    composes: bool,
    /// Whether what Windows cannot take is mapped.
    maps: bool,
}

impl Names {
    /// Those of a client.
    pub(super) fn of(client: Client, config: NormalizeNames) -> Self {
        let composes = match config {
            NormalizeNames::Always => true,
            NormalizeNames::MacOs => client.sends_decomposed_names(),
            NormalizeNames::Never => false,
        };
        Self { composes, maps: client.needs_mapped_names() }
    }

    /// The same for names that no client has written, such as those of confining folders: nothing is mapped in them.
    pub(super) fn of_the_server(self) -> Self {
        Self { maps: false, ..self }
    }

    /// The name by which a member is listed.
    pub(super) fn shown(self, name: &[u8]) -> Cow<'_, [u8]> {
        if self.maps { windows::mapped(name) } else { name.into() }
    }

    /// What a mapped name stands for, where that is a name at all.
    fn unmapped(self, name: &[u8]) -> Option<Vec<u8>> {
        let plain = if self.maps { windows::unmapped(name) } else { None };
        plain.filter(|plain| Path::root().push(plain).is_ok())
    }

    /// [`Root::find`] for a path as the client writes it: what is there in another form of a name is found, too.
    ///
    /// A path of ASCII costs nothing more, nor does one that is there as it is written; a new name costs two looks
    /// more.
    pub(super) fn find(self, root: &Root, path: &Path, follow: bool) -> Result<Place> {
        let found = root.find(path, follow);
        let parent_is_there = match &found {
            Ok(place) if place.any_meta().is_none() => true,
            Err(Error::NoParent | Error::NameTooLong) => false,
            _ => return found,
        };
        if path.as_bytes().is_ascii() {
            return found;
        }
        match self.resolve(root, path, parent_is_there) {
            Some(resolved) if resolved != *path => root.find(&resolved, follow),
            _ => found,
        }
    }

    /// The same for a folder by itself: its path as it lies on the disk.
    pub(super) fn on_disk(self, root: &Root, folder: &Path) -> Path {
        match root.find(folder, true) {
            Err(Error::NoParent) if !folder.as_bytes().is_ascii() => self.resolve(root, folder, false),
            Ok(place) if place.any_meta().is_none() && !folder.as_bytes().is_ascii() => {
                self.resolve(root, folder, true)
            }
            _ => None,
        }
        .unwrap_or_else(|| folder.clone())
    }

    /// Finds the place for a name that shall be spelled anew, in a folder that is there in whatever form.
    pub(super) fn find_anew(self, root: &Root, path: &Path) -> Result<Place> {
        let Some((parent, name)) = path.split_last() else {
            return root.find(path, false);
        };
        let mut anew = self.on_disk(root, &parent);
        anew.push(&self.new_name(name)).map_err(|_| Error::Reserved)?;
        root.find(&anew, false)
    }

    /// The rest of `path` beneath `ancestor`, by whole names in whatever form.
    pub(super) fn beneath(self, path: &Path, ancestor: &Path) -> Option<Path> {
        if path.as_bytes().is_ascii() {
            return path.beneath(ancestor);
        }
        let mut names = path.names();
        for known in ancestor.names() {
            let name = names.next()?;
            if name != known && self.common_form(name) != self.common_form(known) {
                return None;
            }
        }
        Some(names.fold(Path::root(), |rest, name| rest.join(name)))
    }

    /// The path with each name in the form in which something of that name is there; `None` where a folder on the way
    /// is not. The last name is a new one where nothing is there.
    fn resolve(self, root: &Root, path: &Path, parent_is_there: bool) -> Option<Path> {
        let (parent, name) = path.split_last()?;
        let mut resolved = if parent_is_there { parent } else { self.resolve_folders(root, &parent)? };
        let form = self.form_there(root, &resolved, name, parent_is_there);
        resolved.push(&form.unwrap_or_else(|| self.new_name(name).into_owned())).ok()?;
        Some(resolved)
    }

    fn resolve_folders(self, root: &Root, path: &Path) -> Option<Path> {
        let mut resolved = Path::root();
        for name in path.names() {
            if name.is_ascii() {
                resolved = resolved.join(name);
            } else {
                resolved.push(&self.form_there(root, &resolved, name, false)?).ok()?;
            }
        }
        Some(resolved)
    }

    /// The form of a name in which something is there. What is no path, such as a reserved name, never is; what cannot
    /// be looked at is left for the caller to stumble over.
    fn form_there(self, root: &Root, folder: &Path, name: &[u8], skips_literal: bool) -> Option<Vec<u8>> {
        let is_there = |form: &[u8]| {
            let mut path = folder.clone();
            path.push(form).is_ok()
                && match root.find(&path, false) {
                    Ok(place) => place.any_meta().is_some(),
                    Err(Error::NoParent | Error::NotFound | Error::NameTooLong) => false,
                    Err(_) => true,
                }
        };
        if !skips_literal && is_there(name) {
            return Some(name.to_vec());
        }
        self.other_forms(name).into_iter().find(|form| is_there(form))
    }

    /// The forms of a name besides the one that it is written in.
    fn other_forms(self, name: &[u8]) -> Vec<Vec<u8>> {
        let mut forms = other_forms(name);
        if let Some(plain) = self.unmapped(name) {
            let more = other_forms(&plain);
            forms.push(plain);
            forms.extend(more);
        }
        forms
    }

    /// The form in which names are compared.
    fn common_form(self, name: &[u8]) -> Cow<'_, [u8]> {
        match self.unmapped(name) {
            Some(plain) => composed(&plain).into_owned().into(),
            None => composed(name),
        }
    }

    /// The form in which a new name is stored: a mapped one as what it stands for, since that is how others see it.
    fn new_name(self, name: &[u8]) -> Cow<'_, [u8]> {
        match self.unmapped(name) {
            Some(plain) if self.composes => composed(&plain).into_owned().into(),
            Some(plain) => plain.into(),
            None if self.composes => composed(name),
            None => name.into(),
        }
    }
}

fn composed(name: &[u8]) -> Cow<'_, [u8]> {
    match std::str::from_utf8(name) {
        Ok(text) if !is_nfc(text) => text.nfc().collect::<String>().into_bytes().into(),
        _ => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NFC: &str = "/B\u{fc}cher/\u{e9}";
    const NFD: &str = "/Bu\u{308}cher/e\u{301}";

    #[test]
    fn folders_are_compared_in_a_common_form_and_by_whole_names() {
        let names = Names::of(Client::Other, NormalizeNames::MacOs);
        let path = |text: &str| Path::from_plain(text).expect("a path");
        let rest = |text: &str, ancestor: &str| names.beneath(&path(text), &path(ancestor)).map(|rest| rest.to_plain());
        assert_eq!(rest(NFD, NFC).as_deref(), Some("/"));
        assert_eq!(rest(NFC, NFD).as_deref(), Some("/"));
        assert_eq!(rest(&format!("{NFD}/x/y"), NFC).as_deref(), Some("/x/y"));
        assert_eq!(rest("/Bu\u{308}cher", NFC), None);
        assert_eq!(rest("/Bu\u{308}cher2/e\u{301}", NFC), None);
        assert_eq!(rest("/ascii/x", "/ascii").as_deref(), Some("/x"));
        assert_eq!(rest("/asciix", "/ascii"), None);
    }

    #[test]
    fn the_setting_says_whose_new_names_are_composed() {
        let stored = |client, config| {
            let name = Names::of(client, config).new_name("e\u{301}".as_bytes()).into_owned();
            if name == "\u{e9}".as_bytes() { "composed" } else { "as sent" }
        };
        assert_eq!(stored(Client::MacOs, NormalizeNames::MacOs), "composed");
        assert_eq!(stored(Client::Other, NormalizeNames::MacOs), "as sent");
        assert_eq!(stored(Client::Other, NormalizeNames::Always), "composed");
        assert_eq!(stored(Client::MacOs, NormalizeNames::Never), "as sent");
        let invalid = Names::of(Client::MacOs, NormalizeNames::Always);
        assert_eq!(invalid.new_name(b"\xff"), b"\xff".as_slice());
    }
}
