//! Request bodies in XML: read into elements, within bounds, and every odd thing refused (S15).
//!
//! What a client stores as a dead property stands later in answers to others, so an element is never kept as it was
//! written: it is read by the letter of XML 1.0 and Namespaces in XML 1.0, and written anew from what was read. A
//! parser that forgives would let one property make a whole folder unreadable for clients that do not. That is also
//! why the reading is done here: the libraries at hand forgive too much (quick-xml) or set no bounds on what they
//! build (xmltree). The latter is the judge in the tests.
//!
//! A document type is refused outright, so no entity is ever expanded. Nothing is looked up in a table that grows
//! with the square of the body, and what a body can make in memory is bounded by the limits on elements, attributes,
//! declarations, names and URIs.

mod cursor;
mod names;
mod parser;
mod scope;
#[cfg(test)]
mod tests;
mod write;

use std::borrow::Cow;
use std::rc::Rc;

use names::QName;
pub use names::is_xml_char;
use scope::Scope;

/// Largest body, in bytes; what dav-server takes as well.
pub const LARGEST: usize = 64 * 1024;

/// Namespace of RFC 4918.
pub const DAV: &str = "DAV:";

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Not UTF-8, not well-formed, or with wrong namespaces.
    #[error("the body is not well-formed XML with namespaces")]
    NotWellFormed,
    /// A document type.
    #[error("the body has a document type, which is not taken")]
    DocumentType,
    /// Too deep, too many elements or the like, or too long a name.
    #[error("the body is too deep, or has too many elements, attributes or namespaces, or too long a name")]
    TooMuch,
}

/// An element.
#[derive(Debug, Clone)]
pub struct Element<'a> {
    /// Namespace; empty for none.
    pub namespace: String,
    /// Local name.
    pub name: String,
    /// Child elements.
    pub children: Vec<Self>,
    /// Empty for none.
    prefix: &'a str,
    /// Attributes without declarations of namespaces.
    attributes: Vec<Attribute<'a>>,
    /// Text and child elements in their order.
    content: Vec<Node<'a>>,
    /// What the element declares, and what holds around it.
    scope: Rc<Scope<'a>>,
}

/// An attribute. Its namespace is what the prefix means in the scope of the element.
#[derive(Debug, Clone)]
struct Attribute<'a> {
    name: QName<'a>,
    value: Cow<'a, str>,
}

/// A piece of what is in an element.
#[derive(Debug, Clone)]
enum Node<'a> {
    /// The next one of the children.
    Child,
    /// Text, references resolved.
    Text(Cow<'a, str>),
}

impl<'a> Element<'a> {
    /// Reads a body with one element at its top.
    ///
    /// # Errors
    /// See [`XmlError`].
    pub fn parse(body: &'a [u8]) -> Result<Self, XmlError> {
        let text = std::str::from_utf8(body).map_err(|_| XmlError::NotWellFormed)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.chars().all(is_xml_char) { parser::parse(text) } else { Err(XmlError::NotWellFormed) }
    }

    /// Whether it has this name in the namespace of RFC 4918.
    #[must_use]
    pub fn is_dav(&self, name: &str) -> bool {
        self.namespace == DAV && self.name == name
    }

    /// The first child of this name in the namespace of RFC 4918.
    #[must_use]
    pub fn dav_child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.is_dav(name))
    }

    /// Its own text, without that of its children and without white space around it.
    #[must_use]
    pub fn text(&self) -> String {
        let text: String = self
            .content
            .iter()
            .filter_map(|node| match node {
                Node::Text(text) => Some(text.as_ref()),
                Node::Child => None,
            })
            .collect();
        text.trim().to_owned()
    }
}

/// Text that stands safely in XML and HTML, between tags and in quoted attributes. What no document can hold is
/// replaced (S16).
#[must_use]
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c if is_xml_char(c) => safe.push(c),
            _ => safe.push('\u{fffd}'),
        }
    }
    safe
}
