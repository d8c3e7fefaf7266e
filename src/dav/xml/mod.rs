//! Request bodies in XML: read into elements, within bounds, and every odd thing refused (S15).
//!
//! A document type is refused outright, so no entity is ever expanded. An element keeps its text as the client
//! wrote it; that is how dead properties are stored.

use std::rc::Rc;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

/// Largest body, in bytes; what dav-server takes as well.
pub const LARGEST: usize = 64 * 1024;
/// Deepest nesting.
const DEEPEST: usize = 32;
/// Most elements, and most attributes of one.
const MOST_ELEMENTS: usize = 2000;
const MOST_ATTRIBUTES: usize = 64;

/// Namespace of RFC 4918.
pub const DAV: &str = "DAV:";
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// Why a body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Not UTF-8, not well-formed, or with wrong namespaces.
    #[error("the body is not well-formed XML with namespaces")]
    NotWellFormed,
    /// A document type.
    #[error("the body has a document type, which is not taken")]
    DocumentType,
    /// Too deep, or too many elements.
    #[error("the body is too deep or has too many elements")]
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
    /// Text directly in it, entities resolved.
    pub text: String,
    /// The element as the client wrote it.
    raw: &'a str,
    /// Length of the name at the start of `raw`.
    name_length: usize,
    /// Declarations on the element itself.
    declared: Vec<String>,
    /// Prefixes in scope, innermost last.
    scope: Scope,
    has_lang: bool,
    inherited_lang: Option<Rc<str>>,
}

type Scope = Rc<Vec<(String, String)>>;

impl<'a> Element<'a> {
    /// Reads a body with one element at its top.
    ///
    /// # Errors
    /// See [`XmlError`].
    pub fn parse(body: &'a [u8]) -> Result<Self, XmlError> {
        let text = std::str::from_utf8(body).map_err(|_| XmlError::NotWellFormed)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if !text.chars().all(is_xml_char) {
            return Err(XmlError::NotWellFormed);
        }
        Parser { reader: Reader::from_str(text), text, stack: Vec::new(), top: None, count: 0 }.run()
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

    /// The element as the client wrote it, with all namespaces it uses declared on itself, and the language that
    /// held around it (RFC 4918 §4.3).
    #[must_use]
    pub fn standalone(&self) -> String {
        let (head, tail) = self.raw.split_at_checked(1 + self.name_length).unwrap_or((self.raw, ""));
        let mut text = head.to_owned();
        let mut done: Vec<&str> = self.declared.iter().map(String::as_str).collect();
        for (prefix, uri) in self.scope.iter().rev() {
            if done.contains(&prefix.as_str()) {
                continue;
            }
            done.push(prefix);
            if prefix.is_empty() && !uri.is_empty() {
                text.push_str(&format!(" xmlns=\"{}\"", escape(uri)));
            } else if !prefix.is_empty() && self.raw.contains(&format!("{prefix}:")) {
                text.push_str(&format!(" xmlns:{prefix}=\"{}\"", escape(uri)));
            }
        }
        if let Some(lang) = self.inherited_lang.as_deref().filter(|_| !self.has_lang) {
            text.push_str(&format!(" xml:lang=\"{}\"", escape(lang)));
        }
        text.push_str(tail);
        text
    }
}

/// An element that is not closed yet.
struct Open<'a> {
    element: Element<'a>,
    start: usize,
    lang: Option<Rc<str>>,
}

struct Parser<'a> {
    reader: Reader<&'a [u8]>,
    text: &'a str,
    stack: Vec<Open<'a>>,
    top: Option<Element<'a>>,
    count: usize,
}

impl<'a> Parser<'a> {
    fn run(mut self) -> Result<Element<'a>, XmlError> {
        loop {
            let start = self.position();
            match self.reader.read_event().map_err(|_| XmlError::NotWellFormed)? {
                Event::Start(tag) => self.open(&tag, start)?,
                Event::Empty(tag) => {
                    self.open(&tag, start)?;
                    self.close()?;
                }
                Event::End(_) => self.close()?,
                Event::Text(text) => self.add_text(&text)?,
                Event::CData(text) => self.add_text(&text)?,
                Event::GeneralRef(name) => {
                    let entity = format!("&{};", &*name);
                    let plain = unescape(&entity).map_err(|_| XmlError::NotWellFormed)?;
                    if !plain.chars().all(is_xml_char) {
                        return Err(XmlError::NotWellFormed);
                    }
                    self.add_text(&plain)?;
                }
                Event::DocType(_) => return Err(XmlError::DocumentType),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        match self.top {
            Some(top) if self.stack.is_empty() => Ok(top),
            _ => Err(XmlError::NotWellFormed),
        }
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(usize::MAX)
    }

    fn open(&mut self, tag: &BytesStart<'_>, start: usize) -> Result<(), XmlError> {
        self.count += 1;
        if self.count > MOST_ELEMENTS || self.stack.len() >= DEEPEST {
            return Err(XmlError::TooMuch);
        }
        if self.stack.is_empty() && self.top.is_some() {
            return Err(XmlError::NotWellFormed);
        }
        let parent = self.stack.last();
        let mut scope = parent.map(|open| Rc::clone(&open.element.scope)).unwrap_or_default();
        let inherited_lang = parent.and_then(|open| open.lang.clone());
        let attributes = Attributes::read(tag, &mut scope)?;
        let full = tag.name();
        let full = full.as_ref();
        let (namespace, name) = resolve(full, &scope, true)?;
        let lang = attributes.lang.map(Rc::from).or_else(|| inherited_lang.clone());
        let element = Element {
            namespace,
            name,
            children: Vec::new(),
            text: String::new(),
            raw: "",
            name_length: full.len(),
            declared: attributes.declared,
            scope,
            has_lang: lang != inherited_lang,
            inherited_lang,
        };
        self.stack.push(Open { element, start, lang });
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        let end = self.position();
        let mut open = self.stack.pop().ok_or(XmlError::NotWellFormed)?;
        open.element.raw = self.text.get(open.start..end).ok_or(XmlError::NotWellFormed)?;
        match self.stack.last_mut() {
            Some(parent) => parent.element.children.push(open.element),
            None => self.top = Some(open.element),
        }
        Ok(())
    }

    fn add_text(&mut self, text: &str) -> Result<(), XmlError> {
        match self.stack.last_mut() {
            Some(open) => open.element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(XmlError::NotWellFormed),
        }
        Ok(())
    }
}

/// What the attributes of a tag say.
struct Attributes {
    declared: Vec<String>,
    lang: Option<String>,
}

impl Attributes {
    /// Reads the attributes and brings the namespaces they declare into scope.
    fn read(tag: &BytesStart<'_>, scope: &mut Scope) -> Result<Self, XmlError> {
        let mut declared = Vec::new();
        let mut lang = None;
        let mut prefixed = Vec::new();
        for (count, attribute) in tag.attributes().enumerate() {
            if count >= MOST_ATTRIBUTES {
                return Err(XmlError::TooMuch);
            }
            let attribute = attribute.map_err(|_| XmlError::NotWellFormed)?;
            let key: &str = attribute.key.as_ref();
            let raw: &str = attribute.value.as_ref();
            let value = unescape(raw).map_err(|_| XmlError::NotWellFormed)?;
            if raw.contains('<') || !value.chars().all(is_xml_char) {
                return Err(XmlError::NotWellFormed);
            }
            let prefix = if key == "xmlns" { Some("") } else { key.strip_prefix("xmlns:") };
            match prefix {
                Some(prefix) => {
                    // Namespaces in XML 1.0 §3 and §5: a prefix cannot be undeclared, two are reserved.
                    let reserved = matches!(prefix, "xmlns" | "xml");
                    if reserved || (value.is_empty() && !prefix.is_empty()) || (key.ends_with(':')) {
                        return Err(XmlError::NotWellFormed);
                    }
                    declared.push(prefix.to_owned());
                    Rc::make_mut(scope).push((prefix.to_owned(), value.into_owned()));
                }
                None if key == "xml:lang" => lang = Some(value.into_owned()),
                None => prefixed.push(key.to_owned()),
            }
        }
        for key in prefixed.iter().filter(|key| key.contains(':')) {
            resolve(key, scope, false)?;
        }
        Ok(Self { declared, lang })
    }
}

/// Namespace and local name of a qualified name.
fn resolve(name: &str, scope: &Scope, element: bool) -> Result<(String, String), XmlError> {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    if !is_name(local) || (name.contains(':') && !is_name(prefix)) {
        return Err(XmlError::NotWellFormed);
    }
    let found = scope.iter().rev().find(|(known, _)| known == prefix).map(|(_, uri)| uri.as_str());
    let uri = match (prefix, found) {
        ("xml", _) => XML,
        ("", _) if !element => "",
        ("", found) => found.unwrap_or(""),
        (_, Some(uri)) => uri,
        (_, None) => return Err(XmlError::NotWellFormed),
    };
    Ok((uri.to_owned(), local.to_owned()))
}

/// A name without colon (Namespaces in XML §3), near enough: what could break a document is out.
fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    let starts = |c: char| c.is_alphabetic() || c == '_' || !c.is_ascii();
    characters.next().is_some_and(starts)
        && characters.all(|c| starts(c) || c.is_ascii_digit() || matches!(c, '-' | '.'))
}

/// A character that XML 1.0 §2.2 allows.
pub fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(text: &str) -> Option<XmlError> {
        Element::parse(text.as_bytes()).err()
    }

    #[test]
    fn names_are_resolved() {
        let body = br#"<?xml version="1.0"?><D:a xmlns:D="DAV:" xmlns="urn:x"><b/><D:c xmlns:D="urn:y">t&amp;<![CDATA[<]]></D:c></D:a>"#;
        let top = Element::parse(body).expect("valid");
        assert!(top.is_dav("a"));
        assert_eq!((top.children[0].namespace.as_str(), top.children[0].name.as_str()), ("urn:x", "b"));
        assert_eq!((top.children[1].namespace.as_str(), top.children[1].text.as_str()), ("urn:y", "t&<"));
    }

    #[test]
    fn a_property_keeps_its_text_and_takes_its_namespaces_along() {
        let body = r#"<D:prop xmlns:D="DAV:" xmlns:n="urn:n" xmlns:unused="urn:u" xml:lang="de"><n:a x="1" n:y="2"><b>ä<!--c--></b></n:a></D:prop>"#;
        let top = Element::parse(body.as_bytes()).expect("valid");
        let alone = top.children[0].standalone();
        assert_eq!(alone, r#"<n:a xmlns:n="urn:n" xml:lang="de" x="1" n:y="2"><b>ä<!--c--></b></n:a>"#);
        let again = Element::parse(alone.as_bytes()).expect("valid");
        assert_eq!(again.namespace, "urn:n");
        assert_eq!(again.standalone(), alone);
        let empty = Element::parse(br#"<p xmlns="urn:d"><q/></p>"#).expect("valid");
        assert_eq!(empty.children[0].standalone(), r#"<q xmlns="urn:d"/>"#);
    }

    #[test]
    fn document_types_are_refused() {
        for text in [
            "<!DOCTYPE a><a/>",
            "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
            "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><l>&b;</l>",
        ] {
            assert_eq!(error(text), Some(XmlError::DocumentType), "{text}");
        }
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for text in [
            "",
            "text",
            "<a>",
            "</a>",
            "<a></b>",
            "<a/><b/>",
            "<a/>x",
            "<b:a/>",
            "<a xmlns:b=''/>",
            "<a b:c='1'/>",
            "<a>&nope;</a>",
            "<a>&#1;</a>",
            "<a b='&x;'/>",
            "<a \u{1}/>",
            "<a b='1' b='2'/>",
            "<a xmlns:xml='urn:x'/>",
            "<1a/>",
            "<a b='<'/>",
            "<:a/>",
            "<a:/>",
            "<a xmlns:='urn:x'/>",
        ] {
            assert_eq!(error(text), Some(XmlError::NotWellFormed), "{text}");
        }
        assert_eq!(Element::parse(b"<a>\xff</a>").err(), Some(XmlError::NotWellFormed));
    }

    #[test]
    fn depth_and_number_are_bounded() {
        assert_eq!(error(&format!("{}{}", "<a>".repeat(40), "</a>".repeat(40))), Some(XmlError::TooMuch));
        assert_eq!(error(&format!("<a>{}</a>", "<b/>".repeat(3000))), Some(XmlError::TooMuch));
    }

    #[test]
    fn escaping_leaves_nothing_that_ends_a_tag() {
        assert_eq!(escape("<a href='\"&\u{0}\u{1b}'>"), "&lt;a href=&#39;&quot;&amp;\u{fffd}\u{fffd}&#39;&gt;");
    }

    proptest! {
        #[test]
        fn anything_is_read_without_panic(text in "[<>/a:b='\" &;!\\[\\]x#1\u{e4}?-]{0,80}") {
            if let Ok(element) = Element::parse(text.as_bytes()) {
                let alone = element.standalone();
                prop_assert!(Element::parse(alone.as_bytes()).is_ok(), "{}", alone);
            }
        }
    }
}
