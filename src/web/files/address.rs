//! Where in a person's files a page's address points.

use crate::files::{self, Path};
use crate::web::error::Error;

/// What stands before every path.
const PREFIX: &str = "/files";

/// An address beneath `/files`.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) path: Path,
    /// Whether it ends in a slash, as those of folders do.
    pub(super) slash: bool,
}

impl Address {
    /// Takes the path of a request as it was sent: names need not be UTF-8.
    pub(super) fn of(path: &str) -> Result<Self, Error> {
        let rest = path.strip_prefix(PREFIX).ok_or(Error::NotFound)?;
        let path = Path::from_url(rest).map_err(|_| Error::NotFound)?;
        Ok(Self { path, slash: rest.ends_with('/') })
    }

    /// The folder's own address.
    pub(super) fn of_folder(&self) -> String {
        of_folder(&self.path)
    }
}

/// A folder's address.
pub(super) fn of_folder(path: &Path) -> String {
    let url = path.to_url();
    if path.is_root() { format!("{PREFIX}{url}") } else { format!("{PREFIX}{url}/") }
}

/// A name as form values carry it.
pub(super) fn item(name: &[u8]) -> String {
    files::encode(name).collect()
}

/// The name that a form value carries.
pub(super) fn name_of(item: &str) -> Result<Vec<u8>, Error> {
    let wrong = || Error::BadForm("it names no file".to_owned());
    let path = Path::from_url(&format!("/{item}")).map_err(|_| wrong())?;
    let mut names = path.names();
    match (names.next(), names.next()) {
        (Some(name), None) => Ok(name.to_vec()),
        _ => Err(wrong()),
    }
}

/// A name as people read it.
pub(super) fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_bytes_go_to_an_address_and_back() {
        for name in [&b"a b"[..], b"%2e%2e", b"#?&=+", b"<script>", b"\xff\xfe", "\u{202e}gpj".as_bytes(), b".hidden"] {
            assert_eq!(name_of(&item(name)).expect("a name"), name);
            let address = Address::of(&format!("/files/{}", item(name))).expect("an address");
            assert_eq!((address.path.name(), address.slash), (name, false));
        }
        for bad in ["", "..", "%2e%2e", ".", "a/b", "a%2fb", "%00", "%zz", ".latchkey-tmp"] {
            assert!(name_of(bad).is_err(), "{bad}");
        }
        assert_eq!(Address::of("/files/").expect("the root").of_folder(), "/files/");
        for bad in ["/files/../x", "/files/a%2fb", "/files/.latchkey-tmp/", "/filesx"] {
            assert!(Address::of(bad).is_err(), "{bad}");
        }
    }
}
