//! Names that Unicode spells in two ways: a letter with an accent is one character (NFC) or two (NFD), which a disk
//! takes for two names (R17).

use unicode_normalization::{UnicodeNormalization, is_nfc, is_nfd};

use super::{Error, Path, Place, Result, Root};

impl Root {
    /// Finds a member of a folder by its name, links followed, in whichever of Unicode's forms it is there. Where it is
    /// there in none, this is an empty place of the name as it is written.
    ///
    /// The path beside the place is the one it was found by: it goes through links as `folder` does.
    ///
    /// # Errors
    /// Those of [`Root::find`].
    pub fn find_member(&self, folder: &Path, name: &[u8]) -> Result<(Path, Place)> {
        let path = folder.join(name);
        let found = self.find(&path, true);
        let is_missing = match &found {
            Ok(place) => place.any_meta().is_none(),
            Err(error) => matches!(error, Error::NameTooLong),
        };
        if is_missing {
            for form in other_forms(name) {
                let path = folder.join(&form);
                if self.find(&path, false).is_ok_and(|place| place.any_meta().is_some()) {
                    let place = self.find(&path, true)?;
                    return Ok((path, place));
                }
            }
        }
        Ok((path, found?))
    }
}

/// The forms of a name besides the one that it is written in; none of a name that is ASCII or no text.
#[must_use]
pub fn other_forms(name: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = Vec::new();
    if let Ok(text) = std::str::from_utf8(name) {
        if !is_nfc(text) {
            forms.push(text.nfc().collect::<String>().into_bytes());
        }
        if !is_nfd(text) {
            forms.push(text.nfd().collect::<String>().into_bytes());
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_as_many_other_forms_as_it_can_be_spelled_in() {
        assert_eq!(other_forms("\u{e9}".as_bytes()), ["e\u{301}".as_bytes()]);
        assert_eq!(other_forms("e\u{301}".as_bytes()), ["\u{e9}".as_bytes()]);
        let mixed = other_forms("\u{e9}e\u{301}".as_bytes());
        assert_eq!(mixed, ["\u{e9}\u{e9}".as_bytes(), "e\u{301}e\u{301}".as_bytes()]);
        for other in [b"e".as_slice(), b"\xe9", "\u{65e5}".as_bytes()] {
            assert!(other_forms(other).is_empty());
        }
    }
}
