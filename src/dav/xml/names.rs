//! Which characters and names XML allows: the tables of the recommendation, so that what is kept is a document for
//! every client and not only for a forgiving one.

use super::XmlError;

/// A character that XML 1.0 §2.2 allows.
pub fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// White space (XML 1.0 §2.3).
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// What a name starts with (XML 1.0, fifth edition, §2.3), without the colon, which parts prefix and local name.
fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}'
        | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}'
        | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

/// What a name goes on with, again without the colon.
pub(super) fn is_name_char(c: char) -> bool {
    is_name_start(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// A name without colon (Namespaces in XML 1.0 §3).
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(is_name_start) && text.chars().all(is_name_char)
}

/// The name of an element or attribute, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct QName<'a> {
    /// Empty for none.
    pub prefix: &'a str,
    pub local: &'a str,
}

impl<'a> QName<'a> {
    pub fn read(text: &'a str) -> Result<Self, XmlError> {
        let name = match text.split_once(':') {
            Some((prefix, local)) if is_name(prefix) => Self { prefix, local },
            Some(_) => return Err(XmlError::NotWellFormed),
            None => Self { prefix: "", local: text },
        };
        if is_name(name.local) { Ok(name) } else { Err(XmlError::NotWellFormed) }
    }

    /// The prefix that an attribute of this name declares, which is empty for the default namespace.
    pub fn declares(self) -> Option<&'a str> {
        match (self.prefix, self.local) {
            ("", "xmlns") => Some(""),
            ("xmlns", prefix) => Some(prefix),
            _ => None,
        }
    }
}
