//! `If` (RFC 4918 §10.4): lists of conditions on state tokens and entity tags.

use http::HeaderMap;

use super::Malformed;

/// Longest value that is looked at, in bytes, and most conditions in it.
const LONGEST: usize = 16 * 1024;
const MOST_CONDITIONS: usize = 64;

/// The header: it holds where one of its lists does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct If(pub Vec<List>);

/// A list: it holds where all of its conditions do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The URI the list is about; absent for that of the request.
    pub tag: Option<String>,
    /// At least one.
    pub conditions: Vec<Condition>,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Whether it holds where the test does not.
    pub not: bool,
    /// What is tested.
    pub test: Test,
}

/// What is tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// The resource is locked with this token.
    StateToken(String),
    /// The resource has this entity tag, with quotation marks and, where weak, `W/`.
    EntityTag(String),
}

impl If {
    /// Whether it does nothing but submit lock tokens for the request's own address.
    #[must_use]
    pub fn has_only_tokens(&self) -> bool {
        let is_token = |condition: &Condition| !condition.not && matches!(condition.test, Test::StateToken(_));
        self.0.iter().all(|list| list.tag.is_none() && list.conditions.iter().all(is_token))
    }

    /// Reads the header; `None` where it is absent.
    ///
    /// # Errors
    /// For anything that is not the grammar of RFC 4918 §10.4.2: it is never taken as absent (R23).
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, Malformed> {
        let mut values = headers.get_all("if").iter();
        let Some(first) = values.next() else {
            return Ok(None);
        };
        let mut text = String::from_utf8_lossy(first.as_bytes()).into_owned();
        for value in values {
            text.push(' ');
            text.push_str(&String::from_utf8_lossy(value.as_bytes()));
        }
        Self::parse(&text).map(Some).ok_or(Malformed { name: "If", expected: "lists of state tokens and entity tags" })
    }

    /// Reads the header's text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let mut input = Input(text);
        let mut lists = Vec::new();
        let mut tag = None;
        let mut fresh_tag = false;
        let mut count = 0;
        loop {
            input.skip_blanks();
            if input.0.is_empty() {
                break;
            }
            if input.0.starts_with('<') {
                // Tagged and untagged lists do not mix, and a tag stands before at least one list.
                if fresh_tag || (tag.is_none() && !lists.is_empty()) {
                    return None;
                }
                tag = Some(input.coded_url()?);
                fresh_tag = true;
                continue;
            }
            let conditions = input.list()?;
            count += conditions.len();
            if count > MOST_CONDITIONS {
                return None;
            }
            lists.push(List { tag: tag.clone(), conditions });
            fresh_tag = false;
        }
        (!lists.is_empty() && !fresh_tag).then_some(Self(lists))
    }

    /// All state tokens in it: those count as submitted, wherever they stand (RFC 4918 §10.4.1).
    pub fn submitted(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(|list| &list.conditions).filter_map(|condition| match &condition.test {
            Test::StateToken(token) => Some(token.as_str()),
            Test::EntityTag(_) => None,
        })
    }
}

/// What is left to read.
struct Input<'t>(&'t str);

impl Input<'_> {
    fn skip_blanks(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    fn take(&mut self, expected: char) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// `"<" … ">"`
    fn coded_url(&mut self) -> Option<String> {
        self.take('<')?;
        let (inner, rest) = self.0.split_once('>')?;
        if inner.is_empty() || inner.contains('<') || inner.contains(char::is_whitespace) {
            return None;
        }
        self.0 = rest;
        Some(inner.to_owned())
    }

    /// `"(" 1*Condition ")"`
    fn list(&mut self) -> Option<Vec<Condition>> {
        self.take('(')?;
        let mut conditions = Vec::new();
        loop {
            self.skip_blanks();
            if self.take(')').is_some() {
                return (!conditions.is_empty()).then_some(conditions);
            }
            conditions.push(self.condition()?);
        }
    }

    fn condition(&mut self) -> Option<Condition> {
        let not = self.0.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("not"));
        if not {
            self.0 = self.0.get(3..)?;
            self.skip_blanks();
        }
        let test = if self.0.starts_with('<') {
            Test::StateToken(self.coded_url()?)
        } else {
            self.take('[')?;
            let (inner, rest) = self.0.split_once(']')?;
            self.0 = rest;
            let tag = inner.trim();
            let opaque = tag.strip_prefix("W/").unwrap_or(tag);
            let quoted = opaque.strip_prefix('"')?.strip_suffix('"')?;
            if quoted.contains('"') {
                return None;
            }
            Test::EntityTag(tag.to_owned())
        };
        Some(Condition { not, test })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn token(not: bool, token: &str) -> Condition {
        Condition { not, test: Test::StateToken(token.to_owned()) }
    }

    fn etag(not: bool, tag: &str) -> Condition {
        Condition { not, test: Test::EntityTag(tag.to_owned()) }
    }

    #[test]
    fn examples_of_the_rfc_are_read() {
        let read = If::parse("(<urn:uuid:181d4fae> [\"I am an ETag\"]) ([\"I am another ETag\"])").expect("valid");
        assert_eq!(read.0[0].conditions, [token(false, "urn:uuid:181d4fae"), etag(false, "\"I am an ETag\"")]);
        assert_eq!(read.0[1].conditions, [etag(false, "\"I am another ETag\"")]);
        let read = If::parse("(Not <urn:uuid:181d4fae> <urn:uuid:58f202ac>)").expect("valid");
        assert_eq!(read.0[0].conditions, [token(true, "urn:uuid:181d4fae"), token(false, "urn:uuid:58f202ac")]);
        assert_eq!(read.submitted().count(), 2);
        let read = If::parse("(<urn:uuid:181d4fae>) (Not <DAV:no-lock>)").expect("valid");
        assert_eq!(read.0[1].conditions, [token(true, "DAV:no-lock")]);
        let read =
            If::parse("</resource1> (<urn:uuid:181d4fae> [W/\"A weak ETag\"]) ([\"strong ETag\"])").expect("valid");
        assert_eq!(read.0.len(), 2);
        assert!(read.0.iter().all(|list| list.tag.as_deref() == Some("/resource1")));
        let read = If::parse("<http://h/a> ([\"1\"]) <http://h/b> ([\"2\"])").expect("valid");
        assert_eq!(read.0[1].tag.as_deref(), Some("http://h/b"));
    }

    #[test]
    fn what_is_not_the_grammar_is_an_error() {
        for bad in [
            "",
            "()",
            "(",
            "<a:b>",
            "(<a:b>) <c:d> (<e:f>)",
            "<a> <b> (<c:d>)",
            "(a)",
            "(<a:b)",
            "([a])",
            "([\"a)",
            "(Not)",
            "(<a:b>) x",
            "(<>)",
            "([\"a\"b\"])",
            "(<a b>)",
            "(<a:b>",
        ] {
            assert_eq!(If::parse(bad), None, "{bad}");
        }
        assert_eq!(If::parse(&"(<a:b>)".repeat(65)), None);
        assert_eq!(If::parse(&format!("(<a:{}>)", "b".repeat(20_000))), None);
    }

    proptest! {
        #[test]
        fn anything_is_read_without_panic(text in "[()<>\\[\\]\"Notä a:/W]{0,60}") {
            let _ = If::parse(&text);
        }
    }
}
