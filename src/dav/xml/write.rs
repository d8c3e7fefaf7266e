//! Writes an element anew, so that it stands by itself in any answer.

use std::collections::BTreeMap;

use super::names::is_name_char;
use super::{Element, Node};

/// Namespaces declared around an element, by prefix, and whether the element uses them.
type Outer<'e> = BTreeMap<&'e str, (&'e str, bool)>;

impl Element<'_> {
    /// The element by itself, with all namespaces it uses declared, and the language that held around it
    /// (RFC 4918 §4.3). Prefixes and declarations within it stay, since text may speak of them; comments and
    /// processing instructions do not.
    #[must_use]
    pub fn standalone(&self) -> String {
        let mut text = String::new();
        self.write(&self.outer(), &mut text);
        text
    }

    /// What has to be said on the element of what was said around it, as attributes.
    fn outer(&self) -> String {
        let mut outer = Outer::new();
        for known in self.scope.chain().skip(1).flat_map(|scope| &scope.declared) {
            outer.entry(known.prefix).or_insert((&known.uri, false));
        }
        for own in &self.scope.declared {
            outer.remove(own.prefix);
        }
        outer.remove("xml");
        self.mark(&mut outer);
        let mut text = String::new();
        for (prefix, (uri, used)) in outer {
            if used && !uri.is_empty() {
                declare(prefix, uri, &mut text);
            }
        }
        if let Some(lang) = self.scope.lang().filter(|_| self.scope.lang.is_none()) {
            attribute("xml", "lang", lang, &mut text);
        }
        text
    }

    /// Marks what the element and all in it use. One too many does no harm, so declarations within are not looked at.
    fn mark(&self, outer: &mut Outer<'_>) {
        mark(self.prefix, outer);
        for attribute in &self.attributes {
            if !attribute.name.prefix.is_empty() {
                mark(attribute.name.prefix, outer);
            }
            mark_mentioned(&attribute.value, outer);
        }
        for node in &self.content {
            if let Node::Text(text) = node {
                mark_mentioned(text, outer);
            }
        }
        for child in &self.children {
            child.mark(outer);
        }
    }

    fn write(&self, outer: &str, text: &mut String) {
        text.push('<');
        qualified(self.prefix, &self.name, text);
        for own in &self.scope.declared {
            declare(own.prefix, &own.uri, text);
        }
        text.push_str(outer);
        for own in &self.attributes {
            attribute(own.name.prefix, own.name.local, &own.value, text);
        }
        if self.content.is_empty() {
            text.push_str("/>");
            return;
        }
        text.push('>');
        let mut children = self.children.iter();
        for node in &self.content {
            match node {
                Node::Text(own) => push(own, false, text),
                Node::Child => children.by_ref().take(1).for_each(|child| child.write("", text)),
            }
        }
        text.push_str("</");
        qualified(self.prefix, &self.name, text);
        text.push('>');
    }
}

fn mark(prefix: &str, outer: &mut Outer<'_>) {
    if let Some((_, used)) = outer.get_mut(prefix) {
        *used = true;
    }
}

/// Marks what may be the prefix of a name in text, as in `xsi:type="xs:string"`.
fn mark_mentioned(text: &str, outer: &mut Outer<'_>) {
    let Some((before, _)) = text.rsplit_once(':') else {
        return;
    };
    for piece in before.split(':') {
        if let Some(prefix) = piece.rsplit(|c| !is_name_char(c)).next().filter(|prefix| !prefix.is_empty()) {
            mark(prefix, outer);
        }
    }
}

fn qualified(prefix: &str, local: &str, text: &mut String) {
    if !prefix.is_empty() {
        text.push_str(prefix);
        text.push(':');
    }
    text.push_str(local);
}

fn attribute(prefix: &str, local: &str, value: &str, text: &mut String) {
    text.push(' ');
    qualified(prefix, local, text);
    text.push_str("=\"");
    push(value, true, text);
    text.push('"');
}

fn declare(prefix: &str, uri: &str, text: &mut String) {
    if prefix.is_empty() { attribute("", "xmlns", uri, text) } else { attribute("xmlns", prefix, uri, text) }
}

/// Writes text so that it is read back as it is. A reader makes spaces and ends of lines alike, but not where they
/// are references (XML 1.0 §2.11, §3.3.3).
fn push(own: &str, quoted: bool, text: &mut String) {
    for c in own.chars() {
        match c {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '\r' => text.push_str("&#13;"),
            '"' if quoted => text.push_str("&quot;"),
            '\t' if quoted => text.push_str("&#9;"),
            '\n' if quoted => text.push_str("&#10;"),
            c => text.push(c),
        }
    }
}
