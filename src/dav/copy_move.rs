//! COPY and MOVE (RFC 4918 §9.8, §9.9): what is at the destination is replaced, never deleted first (R26, R27).

use axum::body::Body;
use http::{Response, StatusCode};

use super::conditions::Conditions;
use super::error::{Error, Result};
use super::headers::{Address, Depth, Overwrite};
use super::locks::{self, NEW, REPLACED, WHOLE};
use super::put::no_parent;
use super::request::DavRequest;
use super::view::Found;
use crate::files::{self, Meta, Place, Replaced, copy_to_place};
use crate::store::pending_change::{Change, Kind};

pub(super) fn copy(request: &DavRequest<'_>) -> Result<Response<Body>> {
    let deep = match request.depth()? {
        None | Some(Depth::Infinity) => true,
        Some(Depth::Zero) => false,
        Some(Depth::One) => return Err(Error::BadRequest("COPY takes Depth 0 or infinity".to_owned())),
    };
    let mut ends = Ends::read(request, true)?;
    ends.check(request, deep)?;
    let change = |made: &Meta, ends: &Ends| ends.change(Kind::Copy, made);
    ends.by_copy(request, deep, change, |_| Ok(()))
}

pub(super) fn move_(request: &DavRequest<'_>) -> Result<Response<Body>> {
    if matches!(request.depth()?, Some(Depth::Zero | Depth::One)) {
        return Err(Error::BadRequest("MOVE takes a folder with all beneath it: Depth is infinity".to_owned()));
    }
    let mut ends = Ends::read(request, false)?;
    if ends.source.is_root() {
        return Err(Error::Forbidden("the topmost folder cannot be moved"));
    }
    ends.check(request, true)?;
    if ends.source.shares_mount_with(&ends.target)? {
        return ends.by_rename(request);
    }
    // Across mounts: a copy first, and only when it stands, the source goes. A link is copied as what it leads to.
    let change = |made: &Meta, ends: &Ends| ends.change(Kind::Move, made);
    ends.by_copy(request, true, change, |source| {
        let removed = source.remove()?;
        source.sync()?;
        drop(removed);
        Ok(())
    })
}

/// Both ends of a COPY or MOVE.
struct Ends {
    source: Place,
    target: Place,
    overwrite: Overwrite,
    conditions: Conditions,
    is_move: bool,
}

impl Ends {
    /// Finds both. What is moved is a link itself, what is copied is what it leads to.
    fn read(request: &DavRequest<'_>, follow: bool) -> Result<Self> {
        let overwrite = Overwrite::read(request.headers())?;
        let conditions = request.conditions()?;
        let destination: Address = request.inner().addresses.destination(request.headers())??;
        let source = request.place(follow)?.place;
        if source.meta().is_none() && (follow || source.any_meta().is_none()) {
            return Err(Error::NotFound);
        }
        let Found { place: target, .. } =
            request.view.find_place(&destination.path, false).map_err(|error| match error {
                Error::NotFound => {
                    Error::Forbidden("the destination is outside of this application password's folders")
                }
                other => no_parent(other),
            })?;
        Ok(Self { source, target, overwrite, conditions, is_move: !follow })
    }

    /// Everything that forbids the deed; looked at before the copying, and again at the commit.
    fn check(&mut self, request: &DavRequest<'_>, deep: bool) -> Result<()> {
        self.source.refresh()?;
        self.target.refresh()?;
        let source = *self.source.any_meta().ok_or(Error::NotFound)?;
        if self.target.is_root() {
            return Err(Error::Forbidden("the topmost folder cannot be replaced"));
        }
        let (from, to) = (self.source.path(), self.target.path());
        if from == to {
            return Err(Error::Forbidden("source and destination are the same"));
        }
        if source.is_folder() && deep && to.beneath(from).is_some() {
            return Err(Error::Forbidden("a folder cannot be copied or moved into itself"));
        }
        if from.beneath(to).is_some() {
            return Err(Error::Forbidden("a folder cannot be replaced by what is in it"));
        }
        self.conditions.check(request, &self.source)?;
        if self.target.any_meta().is_some() && !self.overwrite.0 {
            return Err(Error::PreconditionFailed);
        }
        let tokens = self.conditions.tokens();
        if self.is_move {
            locks::require(request, &tokens, &self.source, WHOLE)?;
        }
        let need = if self.target.any_meta().is_some() { REPLACED } else { NEW };
        locks::require(request, &tokens, &self.target, need)
    }

    fn change(&self, kind: Kind, comes: &Meta) -> Change {
        let (source, target) = (self.source.key(), self.target.key());
        Change { kind, source, target, device: comes.device, inode: comes.inode }
    }

    fn by_rename(mut self, request: &DavRequest<'_>) -> Result<Response<Body>> {
        let inner = request.inner();
        let commit = inner.commit.hold();
        self.check(request, true)?;
        let meta = *self.source.any_meta().ok_or(Error::NotFound)?;
        let is_over = self.target.any_meta().is_some();
        let change = self.change(Kind::Move, &meta);
        let old: Replaced = inner.with_followers(&change, || {
            let replaced = self.source.move_to(&mut self.target)?;
            if inner.durable {
                self.target.sync()?;
                self.source.sync()?;
            }
            Ok(replaced)
        })?;
        drop(commit);
        drop(old);
        Ok(done(is_over))
    }

    fn by_copy(
        mut self,
        request: &DavRequest<'_>,
        deep: bool,
        change: impl Fn(&Meta, &Self) -> Change,
        then: impl FnOnce(&mut Place) -> Result<()>,
    ) -> Result<Response<Body>> {
        let inner = request.inner();
        let made = copy_to_place(&self.source, &self.target, deep, inner.durable)?;
        let before = self.source.any_meta().copied();
        let commit = inner.commit.hold();
        self.check(request, deep)?;
        // A file that changed while it was copied would be lost if it were removed now.
        if self.is_move && self.source.any_meta().copied() != before {
            return Err(Error::Files(files::Error::Changed));
        }
        let is_over = self.target.any_meta().is_some();
        let change = change(made.meta(), &self);
        let old = inner.with_followers(&change, || {
            let replaced = made.put(&mut self.target)?;
            if inner.durable {
                self.target.sync()?;
            }
            then(&mut self.source)?;
            Ok(replaced)
        })?;
        drop(commit);
        drop(old);
        Ok(done(is_over))
    }
}

fn done(replaced: bool) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = if replaced { StatusCode::NO_CONTENT } else { StatusCode::CREATED };
    response
}
