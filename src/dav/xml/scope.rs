//! The namespaces that hold at an element.
//!
//! Each element knows what it declares itself and, by a link, what holds around it. A copy of all that is in scope
//! for each element would make hundreds of megabytes of a small body that declares something everywhere.

use std::borrow::Cow;
use std::rc::Rc;

use super::XmlError;
use super::names::QName;

/// Most declarations of a document, and the longest URI: both are looked through and copied for each element.
const MOST: usize = 256;
const LONGEST_URI: usize = 512;

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// A namespace and its prefix, which is empty for the default namespace.
#[derive(Debug, Clone)]
pub(super) struct Declaration<'a> {
    pub prefix: &'a str,
    /// Empty where the default namespace is taken back.
    pub uri: Cow<'a, str>,
}

/// What an element declares, and what holds around it.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope<'a> {
    pub parent: Option<Rc<Self>>,
    pub declared: Vec<Declaration<'a>>,
    /// Its `xml:lang`.
    pub lang: Option<Cow<'a, str>>,
}

impl<'a> Scope<'a> {
    /// Takes a declaration; `count` is of the document.
    pub fn declare(&mut self, prefix: &'a str, uri: Cow<'a, str>, count: &mut usize) -> Result<(), XmlError> {
        *count += 1;
        if *count > MOST || uri.len() > LONGEST_URI {
            return Err(XmlError::TooMuch);
        }
        // Namespaces in XML 1.0 §3 and §5: a prefix cannot be taken back, two prefixes and their URIs are reserved.
        let allowed = match (prefix, uri.as_ref()) {
            ("xmlns", _) | (_, XMLNS) => false,
            ("xml", uri) => uri == XML,
            (_, XML) => false,
            (prefix, "") => prefix.is_empty(),
            (_, uri) => uri.chars().all(is_uri_char),
        };
        if !allowed || self.declared.iter().any(|known| known.prefix == prefix) {
            return Err(XmlError::NotWellFormed);
        }
        self.declared.push(Declaration { prefix, uri });
        Ok(())
    }

    /// The scope itself and those around it, innermost first.
    pub fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |scope| scope.parent.as_deref())
    }

    /// The language that holds.
    pub fn lang(&self) -> Option<&str> {
        self.chain().find_map(|scope| scope.lang.as_deref())
    }

    /// The namespace of an element or attribute. The default namespace is for elements alone, and that of `xml` for
    /// attributes: no element is defined in it, and it could not be told as the namespace of an unprefixed name.
    pub fn resolve(&self, name: QName<'_>, element: bool) -> Result<&str, XmlError> {
        match name.prefix {
            "xml" if element => Err(XmlError::NotWellFormed),
            "xml" => Ok(XML),
            "" if !element => Ok(""),
            prefix => self
                .chain()
                .flat_map(|scope| &scope.declared)
                .find(|known| known.prefix == prefix)
                .map(|known| known.uri.as_ref())
                .or_else(|| prefix.is_empty().then_some(""))
                .ok_or(XmlError::NotWellFormed),
        }
    }
}

/// Strict parsers put URI and name together with a character that no URI has, and refuse the whole document where
/// it has one: those that RFC 3986 leaves out are refused here. Others than ASCII are taken, as in IRIs.
fn is_uri_char(c: char) -> bool {
    !c.is_ascii() || (c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}'))
}
