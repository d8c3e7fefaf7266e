//! Properties that a client sets or removes: what PROPPATCH (RFC 4918 §9.2) and an extended MKCOL (RFC 5689) ask for, and
//! what becomes of it.

use rusqlite::Transaction;

use super::error::{Code, Error, Result};
use super::live::Live;
use super::modified;
use super::propfind::empty;
use super::xml::{DAV, Element};
use crate::store::property::{self, Property};

/// Dead properties of one resource.
const MOST: usize = 500;

/// Changes in the order of the document.
pub(super) struct Changes(Vec<Change>);

/// One property to be set or removed.
struct Change {
    namespace: String,
    name: String,
    /// The element, where it is set.
    set: Option<String>,
    verdict: Verdict,
    /// Where it sets the time of modification: seconds since 1970.
    modified: Option<i64>,
}

/// What becomes of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Fine,
    /// The property is the server's own.
    Protected,
    /// The value is no time.
    NoTime,
    /// Collections of that kind are not made here.
    NoSuchKind,
}

impl Verdict {
    /// The status, and what is said besides.
    fn told(self, all_fine: bool) -> (&'static str, String) {
        let code = |code: Code| format!("<D:error><D:{}/></D:error>", code.element());
        match self {
            Self::Fine if all_fine => ("200 OK", String::new()),
            Self::Fine => ("424 Failed Dependency", String::new()),
            Self::Protected => ("403 Forbidden", code(Code::CannotModifyProtectedProperty)),
            Self::NoSuchKind => ("403 Forbidden", code(Code::ValidResourcetype)),
            Self::NoTime => (
                "409 Conflict",
                "<D:responsedescription>this is neither an HTTP date nor seconds since 1970</D:responsedescription>"
                    .to_owned(),
            ),
        }
    }
}

impl Changes {
    /// Reads the body of PROPPATCH.
    pub(super) fn of_proppatch(top: &Element<'_>) -> Result<Self> {
        Self::read(top, "propertyupdate", "the body of PROPPATCH is a propertyupdate with set or remove", false)
    }

    /// Reads the body of an extended MKCOL, which sets and removes nothing.
    pub(super) fn of_mkcol(top: &Element<'_>) -> Result<Self> {
        if !top.is_dav("mkcol") {
            return Err(Error::UnsupportedBody);
        }
        Self::read(top, "mkcol", "the body of MKCOL is a mkcol with set", true)
    }

    fn read(top: &Element<'_>, expected: &str, sentence: &str, is_new: bool) -> Result<Self> {
        let wrong = || Error::BadRequest(sentence.to_owned());
        if !top.is_dav(expected) {
            return Err(wrong());
        }
        let mut changes = Vec::new();
        for instruction in &top.children {
            let sets = instruction.is_dav("set");
            if !sets && (is_new || !instruction.is_dav("remove")) {
                continue;
            }
            let prop = instruction.dav_child("prop").ok_or_else(wrong)?;
            changes.extend(prop.children.iter().map(|property| Change::read(property, sets, is_new)));
        }
        if changes.is_empty() && !is_new { Err(wrong()) } else { Ok(Self(changes)) }
    }

    /// Whether all of it can be done; otherwise nothing is.
    pub(super) fn are_fine(&self) -> bool {
        self.0.iter().all(|change| change.verdict == Verdict::Fine)
    }

    /// The time of modification that is to be set: the last one counts.
    pub(super) fn modified(&self) -> Option<i64> {
        self.0.iter().rev().find_map(|change| change.modified)
    }

    /// Writes the dead ones down.
    ///
    /// # Errors
    /// [`crate::files::Error::NoSpace`] where the resource would have too many.
    pub(super) fn apply(&self, tx: &Transaction<'_>, key: &[u8]) -> Result<()> {
        for change in &self.0 {
            let is_live = change.modified.is_some() || change.is_kind();
            match &change.set {
                // What is live is told from the file; an old word of a client's must not contradict it.
                Some(element) if !is_live => property::set(tx, key, &change.property(element.clone()))?,
                _ => property::remove(tx, key, &change.namespace, &change.name)?,
            }
        }
        if property::of(tx, key)?.len() > MOST { Err(Error::Files(crate::files::Error::NoSpace)) } else { Ok(()) }
    }

    /// A `propstat` for each of what became of them.
    pub(super) fn propstats(&self) -> String {
        let all_fine = self.are_fine();
        let mut xml = String::new();
        for verdict in [Verdict::Protected, Verdict::NoSuchKind, Verdict::NoTime, Verdict::Fine] {
            let mut names = String::new();
            for change in self.0.iter().filter(|change| change.verdict == verdict) {
                let mut name = String::new();
                empty(&mut name, &change.namespace, &change.name);
                if !names.contains(&name) {
                    names.push_str(&name);
                }
            }
            if !names.is_empty() {
                let (status, more) = verdict.told(all_fine);
                xml.push_str(&format!(
                    "<D:propstat><D:prop>{names}</D:prop><D:status>HTTP/1.1 {status}</D:status>{more}</D:propstat>"
                ));
            }
        }
        xml
    }
}

impl Change {
    fn read(property: &Element<'_>, sets: bool, is_new: bool) -> Self {
        let is_time = sets && modified::sets_modified(&property.namespace, &property.name);
        let modified = if is_time { modified::read(property) } else { None };
        let mut change = Self {
            namespace: property.namespace.clone(),
            name: property.name.clone(),
            set: sets.then(|| property.standalone()),
            verdict: Verdict::Fine,
            modified,
        };
        let is_protected = Live::by_name(&change.namespace, &change.name).is_some_and(Live::is_protected);
        change.verdict = match modified {
            _ if is_new && change.is_kind() => kind(property),
            None if is_time => Verdict::NoTime,
            None if is_protected => Verdict::Protected,
            _ => Verdict::Fine,
        };
        change
    }

    fn is_kind(&self) -> bool {
        self.namespace == DAV && self.name == Live::ResourceType.name()
    }

    fn property(&self, element: String) -> Property {
        Property { namespace: self.namespace.clone(), name: self.name.clone(), element }
    }
}

/// Plain collections are all that is made here (RFC 5689 §3.3).
fn kind(resource_type: &Element<'_>) -> Verdict {
    let is_plain = matches!(resource_type.children.as_slice(), [only] if only.is_dav("collection"));
    if is_plain { Verdict::Fine } else { Verdict::NoSuchKind }
}
