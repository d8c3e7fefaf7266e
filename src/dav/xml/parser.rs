//! Builds the elements of a document.

use std::rc::Rc;

use super::cursor::{Cursor, lines, resolve};
use super::names::{QName, is_space};
use super::scope::Scope;
use super::{Attribute, Element, Node, XmlError};

type Result<T, E = XmlError> = std::result::Result<T, E>;

/// Deepest nesting.
const DEEPEST: usize = 32;
/// Most elements, and most attributes of one. Namespaces and the language are not counted among the latter, so that
/// an element is within bounds also where it says by itself what was said around it.
const MOST_ELEMENTS: usize = 2000;
const MOST_ATTRIBUTES: usize = 64;
/// Longest `xml:lang`, as every property takes it along.
const LONGEST_LANG: usize = 256;

pub(super) fn parse(text: &str) -> Result<Element<'_>> {
    let parser = Parser { cursor: Cursor { rest: text }, open: Vec::new(), top: None, elements: 0, declarations: 0 };
    parser.run()
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    /// Elements not closed yet, innermost last.
    open: Vec<Element<'a>>,
    top: Option<Element<'a>>,
    elements: usize,
    declarations: usize,
}

impl<'a> Parser<'a> {
    fn run(mut self) -> Result<Element<'a>> {
        self.cursor.declaration()?;
        while !self.cursor.rest.is_empty() {
            if self.cursor.take("<!--") {
                self.cursor.comment()?;
            } else if self.cursor.take("<?") {
                self.cursor.instruction()?;
            } else if self.cursor.take("<![CDATA[") {
                let text = self.cursor.until("]]>")?;
                self.innermost()?.content.push(Node::Text(lines(text)));
            } else if self.cursor.rest.starts_with("<!DOCTYPE") {
                return Err(XmlError::DocumentType);
            } else if self.cursor.take("</") {
                self.end()?;
            } else if self.cursor.take("<") {
                self.start()?;
            } else {
                self.text()?;
            }
        }
        match self.top {
            Some(top) if self.open.is_empty() => Ok(top),
            _ => Err(XmlError::NotWellFormed),
        }
    }

    fn innermost(&mut self) -> Result<&mut Element<'a>> {
        self.open.last_mut().ok_or(XmlError::NotWellFormed)
    }

    fn text(&mut self) -> Result<()> {
        let raw = self.cursor.text();
        if self.open.is_empty() {
            return if raw.chars().all(is_space) { Ok(()) } else { Err(XmlError::NotWellFormed) };
        }
        if raw.contains("]]>") {
            return Err(XmlError::NotWellFormed);
        }
        self.innermost()?.content.push(Node::Text(resolve(raw, |c| c)?));
        Ok(())
    }

    /// The rest of a start tag.
    fn start(&mut self) -> Result<()> {
        self.elements += 1;
        if self.elements > MOST_ELEMENTS || self.open.len() >= DEEPEST {
            return Err(XmlError::TooMuch);
        }
        if self.top.is_some() {
            return Err(XmlError::NotWellFormed);
        }
        let name = self.cursor.name()?;
        let parent = self.open.last().map(|around| Rc::clone(&around.scope));
        let mut scope = Scope { parent, ..Scope::default() };
        let mut attributes = Vec::new();
        let closed = loop {
            let spaced = self.cursor.space();
            if self.cursor.take(">") {
                break false;
            }
            if self.cursor.take("/>") {
                break true;
            }
            if !spaced {
                return Err(XmlError::NotWellFormed);
            }
            let (name, value) = self.cursor.attribute()?;
            if let Some(prefix) = name.declares() {
                scope.declare(prefix, value, &mut self.declarations)?;
                continue;
            }
            if name == (QName { prefix: "xml", local: "lang" }) {
                if value.len() > LONGEST_LANG {
                    return Err(XmlError::TooMuch);
                }
                if scope.lang.replace(value.clone()).is_some() {
                    return Err(XmlError::NotWellFormed);
                }
            } else if attributes.len() >= MOST_ATTRIBUTES + usize::from(scope.lang.is_some()) {
                return Err(XmlError::TooMuch);
            }
            attributes.push(Attribute { name, value });
        };
        unlike(&attributes, &scope)?;
        let namespace = scope.resolve(name, true)?.to_owned();
        self.open.push(Element {
            namespace,
            name: name.local.to_owned(),
            children: Vec::new(),
            prefix: name.prefix,
            attributes,
            content: Vec::new(),
            scope: Rc::new(scope),
        });
        if closed { self.close() } else { Ok(()) }
    }

    /// The rest of an end tag.
    fn end(&mut self) -> Result<()> {
        let name = self.cursor.end_tag()?;
        let open = self.innermost()?;
        if (open.prefix, open.name.as_str()) != (name.prefix, name.local) {
            return Err(XmlError::NotWellFormed);
        }
        self.close()
    }

    fn close(&mut self) -> Result<()> {
        let element = self.open.pop().ok_or(XmlError::NotWellFormed)?;
        match self.open.last_mut() {
            Some(parent) => {
                parent.content.push(Node::Child);
                parent.children.push(element);
            }
            None => self.top = Some(element),
        }
        Ok(())
    }
}

/// No two attributes of an element have one name in one namespace (Namespaces in XML 1.0 §6.3).
fn unlike(attributes: &[Attribute<'_>], scope: &Scope<'_>) -> Result<()> {
    let mut seen = Vec::with_capacity(attributes.len());
    for attribute in attributes {
        let name = (attribute.name.local, scope.resolve(attribute.name, false)?);
        if seen.contains(&name) {
            return Err(XmlError::NotWellFormed);
        }
        seen.push(name);
    }
    Ok(())
}
