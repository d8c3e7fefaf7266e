//! The smallest pieces of a document, read from its front.

use std::borrow::Cow;

use super::XmlError;
use super::names::{QName, is_name, is_name_char, is_space, is_xml_char};

type Result<T, E = XmlError> = std::result::Result<T, E>;

/// Longest name, prefix and colon among it.
const LONGEST_NAME: usize = 256;

/// What is left of the document.
pub(super) struct Cursor<'a> {
    pub rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// Takes this where it comes next.
    pub fn take(&mut self, what: &str) -> bool {
        match self.rest.strip_prefix(what) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, what: &str) -> Result<()> {
        if self.take(what) { Ok(()) } else { Err(XmlError::NotWellFormed) }
    }

    /// Takes everything up to this, and this.
    pub fn until(&mut self, end: &str) -> Result<&'a str> {
        let (taken, rest) = self.rest.split_once(end).ok_or(XmlError::NotWellFormed)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Takes all characters of a kind that come next.
    fn run_of(&mut self, kind: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !kind(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// Takes white space; whether there was any.
    pub fn space(&mut self) -> bool {
        !self.run_of(is_space).is_empty()
    }

    /// Text up to the next markup, as it stands.
    pub fn text(&mut self) -> &'a str {
        self.run_of(|c| c != '<')
    }

    /// The name of an element or attribute.
    pub fn name(&mut self) -> Result<QName<'a>> {
        let name = self.run_of(|c| c == ':' || is_name_char(c));
        if name.len() > LONGEST_NAME { Err(XmlError::TooMuch) } else { QName::read(name) }
    }

    /// An equals sign and a quoted value, as it stands.
    fn value(&mut self) -> Result<&'a str> {
        self.space();
        self.expect("=")?;
        self.space();
        let quote = if self.take("\"") { "\"" } else { "'" };
        if quote == "'" {
            self.expect("'")?;
        }
        self.until(quote)
    }

    pub fn attribute(&mut self) -> Result<(QName<'a>, Cow<'a, str>)> {
        let name = self.name()?;
        let raw = self.value()?;
        if raw.contains('<') {
            return Err(XmlError::NotWellFormed);
        }
        let spaced = |c| if is_space(c) { ' ' } else { c };
        Ok((name, resolve(raw, spaced)?))
    }

    /// The rest of an end tag.
    pub fn end_tag(&mut self) -> Result<QName<'a>> {
        let name = self.name()?;
        self.space();
        self.expect(">")?;
        Ok(name)
    }

    /// The rest of a comment (XML 1.0 §2.5), in which no two hyphens follow each other.
    pub fn comment(&mut self) -> Result<()> {
        self.until("--")?;
        self.expect(">")
    }

    /// The rest of a processing instruction (XML 1.0 §2.6). Its target has no colon, and is not `xml`.
    pub fn instruction(&mut self) -> Result<()> {
        let inner = self.until("?>")?;
        let target = inner.split(is_space).next().unwrap_or_default();
        if is_name(target) && !target.eq_ignore_ascii_case("xml") { Ok(()) } else { Err(XmlError::NotWellFormed) }
    }

    /// The XML declaration (XML 1.0 §2.8), where there is one. A body that says it is not UTF-8 is not guessed at.
    pub fn declaration(&mut self) -> Result<()> {
        let whole = self.rest;
        if !self.take("<?xml") || !self.rest.starts_with(is_space) {
            self.rest = whole;
            return Ok(());
        }
        let mut inner = Self { rest: self.until("?>")? };
        let version = inner.pseudo_attribute("version")?.and_then(|version| version.strip_prefix("1."));
        let encoding = inner.pseudo_attribute("encoding")?.unwrap_or("utf-8");
        let standalone = inner.pseudo_attribute("standalone")?.unwrap_or("no");
        inner.space();
        let known = version.is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|b| b.is_ascii_digit()))
            && (encoding.eq_ignore_ascii_case("utf-8")
                || (encoding.eq_ignore_ascii_case("us-ascii") && whole.is_ascii()))
            && matches!(standalone, "yes" | "no")
            && inner.rest.is_empty();
        if known { Ok(()) } else { Err(XmlError::NotWellFormed) }
    }

    fn pseudo_attribute(&mut self, name: &str) -> Result<Option<&'a str>> {
        let whole = self.rest;
        if self.space() && self.take(name) {
            return self.value().map(Some);
        }
        self.rest = whole;
        Ok(None)
    }
}

/// Text with its references resolved. Characters that stand there themselves go through `literal`, after the ends of
/// lines are made one (XML 1.0 §2.11).
pub(super) fn resolve(raw: &str, literal: impl Fn(char) -> char) -> Result<Cow<'_, str>> {
    if !raw.contains(['&', '\r', '\n', '\t']) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut text = String::with_capacity(raw.len());
    let mut left = Cursor { rest: raw };
    while let Some(c) = left.rest.chars().next() {
        if left.take("&") {
            text.push(reference(left.until(";")?)?);
        } else if left.take("\r\n") || left.take("\r") {
            text.push(literal('\n'));
        } else {
            left.rest = left.rest.get(c.len_utf8()..).unwrap_or_default();
            text.push(literal(c));
        }
    }
    Ok(Cow::Owned(text))
}

/// CDATA, in which nothing but the ends of lines is changed.
pub(super) fn lines(raw: &str) -> Cow<'_, str> {
    if raw.contains('\r') { Cow::Owned(raw.replace("\r\n", "\n").replace('\r', "\n")) } else { Cow::Borrowed(raw) }
}

/// The character that a reference stands for (XML 1.0 §4.1 and §4.6); no entity is declared here.
fn reference(name: &str) -> Result<char> {
    let number = |digits: &str, radix| {
        let plain = digits.chars().all(|c| c.is_digit(radix));
        u32::from_str_radix(digits, radix).ok().filter(|_| plain).and_then(char::from_u32).filter(|c| is_xml_char(*c))
    };
    let found = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        name => match name.strip_prefix('#').map(|digits| (digits, digits.strip_prefix('x'))) {
            Some((_, Some(digits))) => number(digits, 16),
            Some((digits, None)) => number(digits, 10),
            None => None,
        },
    };
    found.ok_or(XmlError::NotWellFormed)
}
