//! What a client asks for: the body of a sync-collection report (RFC 6578 §6.1).

use super::token::Token;
use crate::dav::error::{Code, Error, Result};
use crate::dav::headers::Depth;
use crate::dav::propfind::Wanted;
use crate::dav::xml::Element;

/// A sync-collection report, as asked for.
#[derive(Debug)]
pub(super) struct Asked {
    /// What the client knows; `None` for nothing yet.
    pub(super) token: Option<Token>,
    /// Whether all beneath the collection is meant, and not its members alone.
    pub(super) deep: bool,
    /// Most members in the answer.
    pub(super) limit: Option<usize>,
    pub(super) wanted: Wanted,
}

impl Asked {
    /// Reads the body. A token that cannot be read is told to be none of ours; all else must be as the RFC has it.
    pub(super) fn read(body: &[u8], depth: Option<Depth>) -> Result<Self> {
        let top = Element::parse(body)?;
        if !top.is_dav("sync-collection") {
            return Err(Error::Condition(Code::SupportedReport));
        }
        let deep = read_level(&top, depth)?;
        let limit = match top.dav_child("limit") {
            None => None,
            Some(limit) => Some(read_limit(limit)?),
        };
        let prop = top.dav_child("prop").ok_or_else(|| wrong("sync-collection holds a prop"))?;
        let text = top.dav_child("sync-token").ok_or_else(|| wrong("sync-collection holds a sync-token"))?.text();
        let token = match text.as_str() {
            "" => None,
            text => Some(Token::parse(text).ok_or(Error::Condition(Code::ValidSyncToken))?),
        };
        Ok(Self { token, deep, limit, wanted: Wanted::of_prop(prop) })
    }
}

/// Drafts of the RFC had the level in `Depth` (appendix A); the RFC has it in the body, and `Depth` is 0 then (§3.2).
fn read_level(top: &Element<'_>, depth: Option<Depth>) -> Result<bool> {
    let Some(level) = top.dav_child("sync-level") else {
        return match depth {
            Some(Depth::One) => Ok(false),
            Some(Depth::Infinity) => Ok(true),
            Some(Depth::Zero) | None => Err(wrong("sync-collection holds a sync-level")),
        };
    };
    if !matches!(depth, None | Some(Depth::Zero)) {
        return Err(wrong("the Depth of this report is 0; how far it reaches is said by sync-level"));
    }
    match level.text().as_str() {
        "1" => Ok(false),
        // The second as PROPFIND has it, and as some clients write it.
        "infinite" | "infinity" => Ok(true),
        _ => Err(wrong("sync-level is 1 or infinite")),
    }
}

/// RFC 5323 §5.17.
fn read_limit(limit: &Element<'_>) -> Result<usize> {
    let text = limit.dav_child("nresults").map(Element::text).unwrap_or_default();
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain {
        return Err(wrong("limit holds an nresults, which is a number"));
    }
    // More than can be counted is no limit.
    Ok(text.parse().unwrap_or(usize::MAX))
}

fn wrong(sentence: &str) -> Error {
    Error::BadRequest(sentence.to_owned())
}
