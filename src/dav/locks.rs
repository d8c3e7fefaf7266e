//! The rules of write locks (RFC 4918 §6, §7).
//!
//! A lock covers its root and, where it is deep, all beneath. A lock on a folder also guards the names in it. Who
//! writes submits a token of his own; a token of somebody else's counts for nothing.

use super::Inner;
use super::error::{Error, Result};
use super::request::DavRequest;
use crate::files::{Place, Root};
use crate::model::Time;
use crate::store::lock::{self, Lock};

/// What a method needs to be free of other people's locks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need {
    /// A name is added to or taken from the folder.
    pub(super) membership: bool,
    /// All beneath is touched.
    pub(super) subtree: bool,
}

/// Contents or properties of the resource change.
pub(super) const CONTENT: Need = Need { membership: false, subtree: false };
/// The resource comes into being.
pub(super) const NEW: Need = Need { membership: true, subtree: false };
/// The resource goes away, or is replaced, with all beneath it.
pub(super) const WHOLE: Need = Need { membership: true, subtree: true };
/// The resource is replaced where it stands; its name stays.
pub(super) const REPLACED: Need = Need { membership: false, subtree: true };

/// Live locks that cover a resource.
pub(super) fn covering(inner: &Inner, key: &[u8], now: Time) -> Result<Vec<Lock>> {
    Ok(inner.store.read(|c| {
        // Most drives have no lock at all, and a path may have two thousand names.
        if !lock::any(c, now)? {
            return Ok(Vec::new());
        }
        let mut locks = lock::at(c, key, now)?;
        let above: Vec<&[u8]> = ancestors(key).collect();
        locks.extend(lock::at_any(c, &above, now)?.into_iter().filter(|lock| lock.deep));
        Ok(locks)
    })?)
}

/// Whether a lock's root lies in what a password may reach: one beyond it is neither its to see the token of nor to end.
pub(super) fn is_within(root: &Root, lock: &Lock) -> bool {
    let top = root.key();
    match lock.resource.strip_prefix(top.as_slice()) {
        Some(rest) => rest.is_empty() || rest.starts_with(b"/"),
        None => false,
    }
}

/// The keys above a key, nearest first.
fn ancestors(key: &[u8]) -> impl Iterator<Item = &[u8]> {
    let cuts = key.iter().enumerate().rev().filter(|&(at, &byte)| byte == b'/' && at > 0).map(|(at, _)| at);
    cuts.filter_map(|at| key.get(..at))
}

/// Checks that a method may go on, given the submitted tokens.
///
/// # Errors
/// [`Error::Locked`] with the roots of the locks in the way. Where the database fails, the answer is an error, not
/// "free": locks fail closed.
pub(super) fn require(request: &DavRequest<'_>, tokens: &[&str], place: &Place, need: Need) -> Result<()> {
    require_for(request.inner(), request.principal.user().id, tokens, place, need, request.now)
}

pub(super) fn require_for(
    inner: &Inner,
    user_id: i64,
    tokens: &[&str],
    place: &Place,
    need: Need,
    now: Time,
) -> Result<()> {
    if !inner.store.read(|c| lock::any(c, now))? {
        return Ok(());
    }
    let key = place.key();
    let mut groups = vec![covering(inner, &key, now)?];
    if need.membership
        && let Some(parent) = ancestors(&key).next()
    {
        groups.push(covering(inner, parent, now)?);
    }
    if need.subtree {
        let below = inner.store.read(|c| lock::below(c, &key, now))?;
        // Each locked resource beneath stands for itself.
        for lock in below {
            match groups.iter_mut().find(|group| group.first().is_some_and(|first| first.resource == lock.resource)) {
                Some(group) => group.push(lock),
                None => groups.push(vec![lock]),
            }
        }
    }
    let held = |group: &Vec<Lock>| {
        group.is_empty() || group.iter().any(|lock| lock.user_id == user_id && tokens.contains(&lock.token.as_str()))
    };
    let mut roots: Vec<String> =
        groups.iter().filter(|group| !held(group)).flatten().map(|lock| lock.href.clone()).collect();
    if roots.is_empty() {
        return Ok(());
    }
    roots.sort();
    roots.dedup();
    Err(Error::Locked { roots })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_are_whole_names() {
        let above = |key: &'static [u8]| ancestors(key).collect::<Vec<_>>();
        assert_eq!(above(b"files/a/b"), [b"files/a".as_slice(), b"files"]);
        assert_eq!(above(b"/srv/x"), [b"/srv".as_slice()]);
        assert!(above(b"files").is_empty());
    }
}
