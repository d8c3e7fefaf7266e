//! Sync tokens (RFC 6578 §3.2): which look a client knows, of which collection.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::tree::Tree;
use crate::dav::error::{Code, Error, Result};
use crate::store::sync::{self, Position};
use crate::store::{self, Store};

/// What all tokens begin with.
const PREFIX: &str = "urn:latchkey:sync:";
/// Bytes of a look's mark: the key under which its tokens are sealed.
pub(super) const MARK: usize = 32;
/// Bytes of a seal: HMAC-SHA-256, cut short.
const SEAL: usize = 16;
/// Longest token, in bytes; one within a page has a path in it.
const LONGEST: usize = 8 * 1024;

/// A sync token: a URI that says how much its client knows.
///
/// `urn:latchkey:sync:LOOK:SEAL:COLLECTION`, and `:SINCE:BEHIND` where the client has been told only a part. The seal
/// covers all of it, under the look's mark. That is random, so that tokens of a look that a restored database knows
/// nothing of fit to none that it makes later; and it is never shown, so that nobody makes up a token of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// The look up to which the client knows everything, or will when it has been told the rest.
    pub(super) up_to: i64,
    seal: [u8; SEAL],
    collection: [u8; 8],
    /// Where it has been told a part.
    pub(super) rest: Option<Rest>,
}

/// What the client has not been told yet: the changes after a look, behind a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rest {
    pub(super) since: i64,
    pub(super) behind: Position,
}

/// A collection as tokens name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Collection {
    hash: [u8; 8],
}

impl Collection {
    /// By the key of the tree's top and the path beneath it.
    pub(super) fn new(top: &[u8], folder: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(top).chain_update([0]).chain_update(folder).finalize();
        let mut hash = [0; 8];
        hash.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self { hash }
    }
}

impl Token {
    /// Whether a state token of `If` is meant to be one of ours.
    pub(super) fn is_one(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Makes a token of a look that is known.
    pub(super) fn make(store: &Store, tree: &Tree, collection: &Collection, up_to: i64) -> Result<Self> {
        Self { up_to, seal: [0; SEAL], collection: collection.hash, rest: None }.with_rest(store, tree, None)
    }

    /// The token of a client that has been told all but the rest.
    pub(super) fn with_rest(&self, store: &Store, tree: &Tree, rest: Option<Rest>) -> Result<Self> {
        let mark = store.read(|c| sync::mark(c, tree.id, self.up_to))?;
        let mark = mark.ok_or(Error::Store(store::Error::Unreadable("look")))?;
        let mut token = Self { rest, ..self.clone() };
        token.seal = token.sealed(&mark);
        Ok(token)
    }

    /// The seal over everything that the token says.
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn sealed(&self, mark: &[u8]) -> [u8; SEAL] {
        let mut mac = Hmac::<Sha256>::new_from_slice(mark).expect("a key of any length is taken");
        mac.update(format!("{}:{}{}", self.up_to, hex(&self.collection), self.rest_text()).as_bytes());
        let mut seal = [0; SEAL];
        seal.iter_mut().zip(mac.finalize().into_bytes()).for_each(|(to, from)| *to = from);
        seal
    }

    fn rest_text(&self) -> String {
        self.rest.as_ref().map_or_else(String::new, |Rest { since, behind }| {
            let path = [behind.folder.as_slice(), b"/", &behind.name].concat();
            format!(":{since}:{}", URL_SAFE_NO_PAD.encode(path))
        })
    }

    /// Reads a token that this server may have made; whether it has, [`Token::check`] says.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let mut parts = text.strip_prefix(PREFIX)?.split(':');
        let up_to = parts.next()?.parse().ok()?;
        let (seal, collection) = (from_hex(parts.next()?)?, from_hex(parts.next()?)?);
        let rest = match parts.next() {
            None => None,
            Some(since) => {
                let path = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
                let cut = path.iter().rposition(|&byte| byte == b'/')?;
                let (folder, name) = (path.get(..cut)?.to_vec(), path.get(cut + 1..)?.to_vec());
                Some(Rest { since: since.parse().ok()?, behind: Position { folder, name } })
            }
        };
        let token = Self { up_to, seal, collection, rest };
        // Written in one way only, so that nobody is surprised by a second.
        (token.to_string() == text).then_some(token)
    }

    /// Checks that the token was made for this collection, by a look that is still known.
    ///
    /// # Errors
    /// `valid-sync-token` (RFC 6578 §3.2).
    pub(super) fn check(&self, store: &Store, tree: &Tree, collection: &Collection) -> Result<()> {
        self.check_kept(store, tree.id, tree.floor, collection)
    }

    fn check_kept(&self, store: &Store, tree_id: i64, floor: i64, collection: &Collection) -> Result<()> {
        let since = self.since();
        let is_kept = self.up_to >= floor && (since == 0 || since >= floor) && since <= self.up_to;
        let mark = store.read(|c| sync::mark(c, tree_id, self.up_to))?;
        let is_sealed = mark.is_some_and(|mark| self.sealed(&mark).ct_eq(&self.seal).into());
        let is_ours = is_sealed && self.collection == collection.hash;
        if is_kept && is_ours { Ok(()) } else { Err(Error::Condition(Code::ValidSyncToken)) }
    }

    /// The look after which something must have changed for the client to be told.
    pub(super) fn since(&self) -> i64 {
        self.rest.as_ref().map_or(self.up_to, |rest| rest.since)
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{PREFIX}{}:{}:{}{}", self.up_to, hex(&self.seal), hex(&self.collection), self.rest_text())
    }
}

/// As lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let plain = text.len() == 2 * N && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = text.as_bytes().chunks(2).filter(|_| plain);
    let bytes: Option<Vec<u8>> =
        digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(rest: Option<Rest>) -> Token {
        Token { up_to: 12, seal: [0xab; SEAL], collection: Collection::new(b"files/alice", b"a").hash, rest }
    }

    #[test]
    fn tokens_are_read_as_they_are_written() {
        let behind = |folder: &[u8], name: &[u8]| Position { folder: folder.to_vec(), name: name.to_vec() };
        for rest in [
            None,
            Some(Rest { since: 0, behind: behind(b"", b"x") }),
            Some(Rest { since: 7, behind: behind(b"a b/\xff:%", b"\n<&>") }),
        ] {
            let token = token(rest);
            let text = token.to_string();
            assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b":-_".contains(&b)), "a URI: {text}");
            assert_eq!(Token::parse(&text), Some(token));
        }
    }

    #[test]
    fn a_token_is_valid_for_three_months() {
        let (_folder, store) = store::for_tests();
        let day = |count: i64| crate::clock::from_millis(count * 24 * 3600 * 1000);
        let look = |tree_id, now| {
            store.write(|tx| {
                sync::note_look(tx, tree_id, now)?;
                sync::begin_look(tx, tree_id, &[1; MARK], now)
            })
        };
        let id = store.write(|tx| sync::make_tree(tx, b"files/alice", &[0; MARK], day(0))).expect("made").id;
        let known = || store.read(|c| sync::tree(c, b"files/alice")).expect("read").expect("there");
        let collection = Collection::new(b"files/alice", b"");
        let up_to = look(id, day(1)).expect("one");
        let mut old = Token { up_to, seal: [0; SEAL], collection: collection.hash, rest: None };
        old.seal = old.sealed(&[1; MARK]);
        look(id, day(2)).expect("another");
        for (now, is_valid) in [(3, true), (91, true), (93, false)] {
            // Others go on asking.
            store.write(|tx| sync::note_look(tx, id, day(now))).expect("noted");
            while store.write(|tx| sync::clear(tx, day(now))).expect("cleared") {}
            let checked = old.check_kept(&store, id, known().floor, &collection);
            assert_eq!(checked.is_ok(), is_valid, "day {now}");
        }
    }

    #[test]
    fn the_seal_covers_everything() {
        let rest =
            |since, name: &[u8]| Some(Rest { since, behind: Position { folder: Vec::new(), name: name.to_vec() } });
        let other = |token: Token| token.sealed(&[1; MARK]);
        let seals = [
            other(token(None)),
            token(None).sealed(&[2; MARK]),
            other(Token { up_to: 13, ..token(None) }),
            other(Token { collection: [0; 8], ..token(None) }),
            other(token(rest(0, b"x"))),
            other(token(rest(1, b"x"))),
            other(token(rest(0, b"y"))),
        ];
        let different: std::collections::BTreeSet<_> = seals.iter().collect();
        assert_eq!(different.len(), seals.len(), "{seals:?}");
    }

    #[test]
    fn anything_else_is_no_token() {
        let good = token(None).to_string();
        let paged = token(Some(Rest { since: 1, behind: Position { folder: Vec::new(), name: b"x".to_vec() } }));
        let paged = paged.to_string();
        for bad in [
            String::new(),
            "urn:latchkey:sync:".to_owned(),
            good.replace(":12:", ":012:"),
            good.replace(":12:", ":+12:"),
            good.replace(":12:", "::"),
            good.replace(":12:", ":99999999999999999999:"),
            good.to_uppercase(),
            format!("{good}:"),
            format!("{good}:3"),
            format!("{good}:3:!"),
            format!("{paged}:1"),
            format!(" {good}"),
            format!("{good}{}", "0".repeat(9000)),
        ] {
            assert_eq!(Token::parse(&bad), None, "{bad}");
        }
    }
}
