//! LOCK and UNLOCK (RFC 4918 §9.10, §9.11): headers, body and rights checked here, done by dav-server over our locks.

use std::sync::Arc;

use axum::body::Body;
use http::Response;

use super::conditions::Conditions;
use super::engine::{self, LockOrder, Orders};
use super::error::{Code, Error, Result};
use super::headers::{Depth, LockToken, Timeout};
use super::locks::{self, NEW};
use super::put::no_parent;
use super::request::DavRequest;
use super::view::Found;
use super::xml::Element;
use crate::files::{Meta, Root};
use crate::store::lock as table;

/// Longest `owner` that is kept, in bytes.
const LONGEST_OWNER: usize = 8 * 1024;

pub(super) fn lock(request: &DavRequest<'_>) -> Result<Response<Body>> {
    // A refresh ignores it (RFC 4918 §9.10.2).
    let depth = request.depth()?;
    let inner = request.inner();
    let wish = Timeout::read(request.headers())?;
    let timeout_s = Timeout::granted(wish, inner.config.max_lock_timeout);
    let conditions = Conditions::read(request.headers())?;
    let asked = if request.body.trim_ascii().is_empty() { None } else { Some(Asked::read(request.body)?) };
    let _commit = inner.begin_commit()?;
    let Found { root, place } = request.place(true).map_err(no_parent)?;
    if place.any_meta().is_some() && place.meta().is_none() {
        return Err(Error::Forbidden("what is at this address is no regular file"));
    }
    conditions.check(request, &place)?;
    let Some(asked) = asked else {
        return refresh(request, &conditions.tokens(), &root, &place.key(), timeout_s);
    };
    inner.refuse_apple_file(&place)?;
    let deep = match depth {
        None | Some(Depth::Infinity) => true,
        Some(Depth::Zero) => false,
        Some(Depth::One) => return Err(Error::BadRequest("LOCK takes Depth 0 or infinity".to_owned())),
    };
    if place.meta().is_none() {
        locks::require(request, &conditions.tokens(), &place, NEW)?;
        inner.forget_stale_properties(&place.key())?;
    }
    let user_id = request.principal.user().id;
    inner.store.write(|tx| table::delete_expired(tx, request.now))?;
    if inner.store.read(|c| table::count_of_user(c, user_id, request.now))? >= inner.config.max_locks_per_user {
        return Err(Error::TooManyLocks);
    }
    let order = LockOrder {
        owner: Arc::from(asked.owner.as_str()),
        href: Arc::from(request.href(&request.address.path, place.meta().is_some_and(Meta::is_folder))),
        timeout_s,
    };
    engine::run(request, Orders { lock: Some(order), body: asked.canonical(), depth: Some(deep), ..Orders::default() })
}

/// A LOCK without a body makes a lock of one's own last longer (RFC 4918 §9.10.2).
fn refresh(
    request: &DavRequest<'_>,
    tokens: &[&str],
    root: &Root,
    key: &[u8],
    timeout_s: u32,
) -> Result<Response<Body>> {
    if tokens.is_empty() {
        return Err(Error::BadRequest("LOCK without a body names the lock to refresh in If".to_owned()));
    }
    let user_id = request.principal.user().id;
    let covering = locks::covering(request.inner(), key, request.now)?;
    let own = covering
        .iter()
        .filter(|lock| locks::is_within(root, lock))
        .find(|lock| lock.user_id == user_id && tokens.contains(&lock.token.as_str()));
    let own = own.ok_or(Error::PreconditionFailed)?;
    let order = LockOrder { owner: Arc::from(""), href: Arc::from(own.href.as_str()), timeout_s };
    engine::run(request, Orders { lock: Some(order), refresh: Some(own.token.clone()), ..Orders::default() })
}

pub(super) fn unlock(request: &DavRequest<'_>) -> Result<Response<Body>> {
    request.without_body()?;
    let LockToken(token) = LockToken::read(request.headers())?;
    let conditions = Conditions::read(request.headers())?;
    let inner = request.inner();
    let _commit = inner.begin_commit()?;
    let Found { root, place } = request.place(true).map_err(no_parent)?;
    conditions.check(request, &place)?;
    let covering = locks::covering(inner, &place.key(), request.now)?;
    match covering.iter().find(|lock| lock.token == token) {
        None => Err(Error::Condition(Code::LockTokenMatchesRequestUri)),
        Some(lock) if lock.user_id != request.principal.user().id => {
            Err(Error::Forbidden("this lock is somebody else's"))
        }
        Some(lock) if !locks::is_within(&root, lock) => {
            Err(Error::Forbidden("this lock reaches beyond the folders of this application password"))
        }
        Some(_) => engine::run(request, Orders { unlock: Some(token), ..Orders::default() }),
    }
}

/// A lock that is asked for. What is not known in it is ignored (RFC 4918 §17).
struct Asked {
    shared: bool,
    owner: String,
}

impl Asked {
    fn read(body: &[u8]) -> Result<Self> {
        let wrong = || Error::BadRequest("the body of LOCK is a lockinfo with scope and type".to_owned());
        let top = Element::parse(body)?;
        let scope = top.dav_child("lockscope").filter(|_| top.is_dav("lockinfo")).ok_or_else(wrong)?;
        let write = top.dav_child("locktype").is_some_and(|kind| kind.dav_child("write").is_some());
        let exclusive = scope.dav_child("exclusive").is_some();
        let shared = scope.dav_child("shared").is_some();
        if !write || exclusive == shared {
            return Err(wrong());
        }
        let owner = top.dav_child("owner").map(Element::standalone).unwrap_or_default();
        if owner.len() > LONGEST_OWNER {
            return Err(Error::TooLarge);
        }
        Ok(Self { shared, owner })
    }

    /// The body that dav-server reads, which takes no unknown element.
    fn canonical(&self) -> String {
        let scope = if self.shared { "shared" } else { "exclusive" };
        format!(
            "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:{scope}/></D:lockscope><D:locktype><D:write/></D:locktype>\
             {}</D:lockinfo>",
            self.owner
        )
    }
}
