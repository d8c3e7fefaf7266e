//! dav-server's lock system: the locks in the store, under the rules of `dav::locks`.

use std::future::ready;
use std::time::{Duration, SystemTime};

use dav_server::davpath::DavPath;
use dav_server::ls::{DavLock, DavLockSystem, LsFuture};
use xmltree::Element;

use super::{Cause, LockOrder, find};
use crate::auth::Principal;
use crate::clock::seconds;
use crate::dav::Dav;
use crate::dav::error::{Code, Error, Result};
use crate::dav::locks::{CONTENT, WHOLE, covering, require_for};
use crate::dav::names::Names;
use crate::secret;
use crate::store::lock::{self, Lock};

/// The locks as one request of one person sees them.
#[derive(Debug, Clone)]
pub(super) struct LatchkeyLocks {
    pub(super) dav: Dav,
    pub(super) names: Names,
    pub(super) principal: Principal,
    pub(super) tokens: Vec<String>,
    pub(super) order: Option<LockOrder>,
    pub(super) cause: Cause,
}

impl LatchkeyLocks {
    fn key(&self, path: &DavPath) -> Result<Vec<u8>> {
        Ok(find(&self.dav, self.names, &self.principal, path)?.place.key())
    }

    fn order(&self) -> Result<&LockOrder> {
        self.order.as_ref().ok_or_else(|| Error::Internal("no lock was ordered".to_owned()))
    }

    /// Makes a lock, unless another is in the way (RFC 4918 §6.2): exclusive ones stand alone.
    fn make(&self, path: &DavPath, shared: bool, deep: bool) -> Result<Lock> {
        let inner = &self.dav.0;
        let now = inner.clock.now();
        let key = self.key(path)?;
        let mut near = covering(inner, &key, now)?;
        if deep {
            near.extend(inner.store.read(|c| lock::below(c, &key, now))?);
        }
        let mut roots: Vec<String> =
            near.into_iter().filter(|other| !shared || !other.shared).map(|other| other.href).collect();
        if !roots.is_empty() {
            roots.sort();
            roots.dedup();
            return Err(Error::LockConflict { roots });
        }
        let order = self.order()?;
        let made = Lock {
            token: new_token(),
            resource: key,
            deep,
            shared,
            user_id: self.principal.user().id,
            owner: order.owner.to_string(),
            href: order.href.to_string(),
            timeout_s: order.timeout_s,
            expires_at: now + seconds(order.timeout_s.into()),
        };
        inner.store.write(|tx| lock::insert(tx, &made))?;
        Ok(made)
    }

    fn prolong(&self, token: &str) -> Result<Lock> {
        let inner = &self.dav.0;
        let now = inner.clock.now();
        let timeout_s = self.order()?.timeout_s;
        let found = inner.store.read(|c| lock::by_token(c, token, now))?;
        let own = found.filter(|lock| lock.user_id == self.principal.user().id);
        let mut lock = own.ok_or(Error::Condition(Code::LockTokenMatchesRequestUri))?;
        lock.timeout_s = timeout_s;
        lock.expires_at = now + seconds(timeout_s.into());
        inner.store.write(|tx| lock::refresh(tx, token, timeout_s, lock.expires_at))?;
        Ok(lock)
    }

    fn end(&self, token: &str) -> Result<()> {
        let inner = &self.dav.0;
        let found = inner.store.read(|c| lock::by_token(c, token, inner.clock.now()))?;
        match found {
            Some(lock) if lock.user_id == self.principal.user().id => {
                Ok(inner.store.write(|tx| lock::delete(tx, token))?)
            }
            _ => Err(Error::Condition(Code::LockTokenMatchesRequestUri)),
        }
    }

    /// What dav-server knows of a lock.
    fn told(&self, lock: &Lock, path: &DavPath) -> DavLock {
        let own = lock.user_id == self.principal.user().id;
        DavLock {
            token: if own { lock.token.clone() } else { String::new() },
            path: Box::new(path.clone()),
            principal: own.then(|| self.principal.user().name.to_string()),
            owner: Element::parse(lock.owner.as_bytes()).ok().map(Box::new),
            timeout_at: Some(SystemTime::from(lock.expires_at)),
            timeout: Some(Duration::from_secs(lock.timeout_s.into())),
            shared: lock.shared,
            deep: lock.deep,
        }
    }

    /// dav-server wants a lock as the reason of each refusal; the real one is the noted cause.
    fn refusal(&self, path: &DavPath, error: Error) -> DavLock {
        self.cause.note(error);
        DavLock {
            token: String::new(),
            path: Box::new(path.clone()),
            principal: None,
            owner: None,
            timeout_at: None,
            timeout: None,
            shared: false,
            deep: false,
        }
    }
}

impl DavLockSystem for LatchkeyLocks {
    fn lock(
        &'_ self,
        path: &DavPath,
        _principal: Option<&str>,
        owner: Option<&Element>,
        _timeout: Option<Duration>,
        shared: bool,
        deep: bool,
    ) -> LsFuture<'_, std::result::Result<DavLock, DavLock>> {
        let made = self.make(path, shared, deep);
        let told = made.map(|lock| DavLock { owner: owner.cloned().map(Box::new), ..self.told(&lock, path) });
        Box::pin(ready(told.map_err(|error| self.refusal(path, error))))
    }

    fn unlock(&'_ self, _path: &DavPath, token: &str) -> LsFuture<'_, std::result::Result<(), ()>> {
        Box::pin(ready(self.end(token).map_err(|error| self.cause.note(error))))
    }

    fn refresh(
        &'_ self,
        path: &DavPath,
        token: &str,
        _timeout: Option<Duration>,
    ) -> LsFuture<'_, std::result::Result<DavLock, ()>> {
        let lock = self.prolong(token).map(|lock| self.told(&lock, path));
        Box::pin(ready(lock.map_err(|error| self.cause.note(error))))
    }

    fn check(
        &'_ self,
        path: &DavPath,
        _principal: Option<&str>,
        ignore_principal: bool,
        deep: bool,
        submitted_tokens: &[String],
    ) -> LsFuture<'_, std::result::Result<(), DavLock>> {
        let inner = &self.dav.0;
        let now = inner.clock.now();
        let checked = || -> Result<()> {
            let place = find(&self.dav, self.names, &self.principal, path)?.place;
            if ignore_principal {
                // dav-server asks so whether a state token of `If` is of this resource.
                let covering = covering(inner, &place.key(), now)?;
                let known = covering.iter().any(|lock| submitted_tokens.contains(&lock.token));
                return if known { Ok(()) } else { Err(Error::PreconditionFailed) };
            }
            let tokens: Vec<&str> = self.tokens.iter().chain(submitted_tokens).map(String::as_str).collect();
            let need = if deep || place.meta().is_none() { WHOLE } else { CONTENT };
            require_for(inner, self.principal.user().id, &tokens, &place, need, now)
        };
        Box::pin(ready(checked().map_err(|error| self.refusal(path, error))))
    }

    fn discover(&'_ self, path: &DavPath) -> LsFuture<'_, Vec<DavLock>> {
        let inner = &self.dav.0;
        let found = self.key(path).and_then(|key| covering(inner, &key, inner.clock.now()));
        let told = match found {
            Ok(locks) => locks.iter().map(|lock| self.told(lock, path)).collect(),
            Err(error) => {
                self.cause.note(error);
                Vec::new()
            }
        };
        Box::pin(ready(told))
    }

    fn delete(&'_ self, path: &DavPath) -> LsFuture<'_, std::result::Result<(), ()>> {
        let deleted = self.key(path).and_then(|key| Ok(self.dav.0.store.write(|tx| lock::delete_tree(tx, &key))?));
        Box::pin(ready(deleted.map_err(|error| self.cause.note(error))))
    }
}

/// A version 4 UUID (RFC 9562 §5.4) as a URN.
fn new_token() -> String {
    let mut bytes = secret::random::<16>();
    if let Some(byte) = bytes.get_mut(6) {
        *byte = (*byte & 0x0f) | 0x40;
    }
    if let Some(byte) = bytes.get_mut(8) {
        *byte = (*byte & 0x3f) | 0x80;
    }
    let hex = bytes.map(|byte| format!("{byte:02x}")).concat();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("urn:uuid:{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
