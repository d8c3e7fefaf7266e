//! COPY and MOVE (RFC 4918 §9.8, §9.9): what is at the destination is replaced, never deleted first (R26, R27).

use axum::body::Body;
use http::{Response, StatusCode};

use super::commit::Unsettled;
use super::conditions::Conditions;
use super::error::{Error, Result};
use super::headers::{Address, Depth, Overwrite};
use super::locks::{self, NEW, REPLACED, WHOLE};
use super::put::no_parent;
use super::quota;
use super::request::DavRequest;
use super::view::Found;
use crate::files::{self, Kind as What, Meta, Place, Root, copy_to_place, fingerprint};
use crate::store::pending_change::{Change, Kind};

pub(super) fn copy(request: &DavRequest<'_>) -> Result<Response<Body>> {
    request.without_body()?;
    by_copy(request, Method::Copy)
}

pub(super) fn move_(request: &DavRequest<'_>) -> Result<Response<Body>> {
    request.without_body()?;
    let ends = Ends::read(request, Method::Move)?;
    if !ends.source.shares_mount_with(&ends.target)? {
        return by_copy(request, Method::Move);
    }
    match by_rename(request) {
        // As on an overlay, whose lower layer's folders cannot be renamed.
        Err(Error::Files(files::Error::Boundary)) => by_copy(request, Method::Move),
        other => other,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Copy,
    Move,
}

/// A MOVE within one file system.
fn by_rename(request: &DavRequest<'_>) -> Result<Response<Body>> {
    let inner = request.inner();
    let mut commit = inner.begin_commit()?;
    let mut ends = Ends::read(request, Method::Move)?;
    let meta = *ends.source.any_meta().ok_or(Error::NotFound)?;
    let is_over = ends.target.any_meta().is_some();
    let change = ends.change(Kind::Move, &meta);
    let gone = ends.target.any_meta().copied();
    let old = inner.with_followers(&mut commit, &change, || {
        let replaced = ends.source.move_to(&mut ends.target)?;
        quota::note(inner, &ends.target, (0, 0), gone.as_ref());
        if inner.durable {
            ends.target.sync()?;
            ends.source.sync()?;
        }
        Ok(replaced)
    })?;
    drop(commit);
    drop(old);
    Ok(done(is_over))
}

/// A COPY, or a MOVE between file systems: the copy is made first, beside the target and seen by nobody.
///
/// A MOVE then takes the source away, and only if nothing in it has changed since the copying began: the commit lock
/// keeps everybody from changing it while it is compared. A crash between the two steps leaves both.
fn by_copy(request: &DavRequest<'_>, method: Method) -> Result<Response<Body>> {
    let inner = request.inner();
    let before = Ends::read(request, method)?;
    let mark = if method == Method::Move { Some(fingerprint(&before.source)?) } else { None };
    let mut room = quota::reserve(request, &before.root, 0)?;
    // A replaced file gives its bytes back; of a replaced tree nobody knows how many there are.
    let given_back = bytes_of_file(before.target.any_meta());
    let mut allow = |bytes: u64| match method {
        Method::Copy => room.cover(request.now, bytes.saturating_sub(given_back)),
        Method::Move => Ok(()),
    };
    let made = copy_to_place(&before.source, &before.target, before.deep, inner.durable, &mut allow)?;
    let mut commit = inner.begin_commit()?;
    if !request.principal.is_still_let_in() {
        return Err(Error::LetInNoMore);
    }
    let mut ends = Ends::read(request, method)?;
    if method == Method::Copy {
        // What was to be replaced may have been moved away meanwhile: then it gives nothing back.
        room.cover_as_known(made.bytes.saturating_sub(bytes_of_file(ends.target.any_meta())))?;
    }
    let same = |meta: Option<&Meta>| meta.map(|meta| (meta.device, meta.inode));
    let is_same = ends.source.key() == before.source.key()
        && same(ends.source.any_meta()) == same(before.source.any_meta())
        && (mark.is_none() || mark == Some(fingerprint(&ends.source)?));
    if !is_same {
        return Err(Error::Files(files::Error::Changed));
    }
    let is_over = ends.target.any_meta().is_some();
    let change = ends.change(Kind::Copy, made.meta());
    let gone = ends.target.any_meta().copied();
    let came = (made.bytes, made.files);
    let old = inner.with_followers(&mut commit, &change, || {
        let replaced = made.put(&mut ends.target)?;
        quota::note(inner, &ends.target, came, gone.as_ref());
        if inner.durable {
            ends.target.sync()?;
        }
        Ok(replaced)
    })?;
    let moved = if method == Method::Move { Some(ends.remove_source(request, &mut commit)?) } else { None };
    drop(commit);
    drop((old, moved, room));
    Ok(done(is_over))
}

fn bytes_of_file(meta: Option<&Meta>) -> u64 {
    meta.filter(|meta| meta.kind == What::File).map_or(0, |meta| meta.size)
}

/// Both ends of a COPY or MOVE, and all that was checked of them.
struct Ends {
    /// What the source was found through.
    root: Root,
    source: Place,
    target: Place,
    deep: bool,
}

impl Ends {
    /// Finds both and checks everything that forbids the deed: before a copy is made, and again at the commit.
    ///
    /// What is moved is a link itself, what is copied is what it leads to.
    fn read(request: &DavRequest<'_>, method: Method) -> Result<Self> {
        let follow = method == Method::Copy;
        let depth = request.depth()?;
        let overwrite = Overwrite::read(request.headers())?;
        let conditions = Conditions::read(request.headers())?;
        let destination: Address = request.inner().addresses.destination(request.headers())??;
        let Found { root, place: source } = request.place(follow)?;
        let meta = *source.any_meta().filter(|meta| meta.kind != What::Other).ok_or(Error::NotFound)?;
        if follow && source.meta().is_none() {
            return Err(Error::NotFound);
        }
        let outside = Error::Forbidden("the destination is outside of this application password's folders");
        let found = request.view.find_place(&destination.path, false).map_err(|error| match error {
            Error::NotFound => outside,
            other => no_parent(other),
        })?;
        let Found { place: mut target, .. } = found;
        if method == Method::Move && target.path() == source.path() && destination.path != request.address.path {
            // The same in another Unicode form: it shall be spelled so.
            target = request.view.find_anew(&destination.path)?.place;
        }
        request.inner().refuse_apple_file(&target)?;
        let deep = check_depth(method, depth, &meta)?;
        let ends = Self { root, source, target, deep };
        ends.check_sense(&meta)?;
        conditions.check(request, &ends.source)?;
        if ends.target.any_meta().is_some() && !overwrite.0 {
            return Err(Error::PreconditionFailed);
        }
        ends.check_locks(request, &conditions, method)?;
        Ok(ends)
    }

    /// Whether source and target make sense together.
    fn check_sense(&self, meta: &Meta) -> Result<()> {
        if self.target.is_root() {
            return Err(Error::Forbidden("the topmost folder cannot be replaced"));
        }
        let (from, to) = (self.source.path(), self.target.path());
        if from == to {
            return Err(Error::Forbidden("source and destination are the same"));
        }
        if meta.is_folder() && self.deep && to.beneath(from).is_some() {
            return Err(Error::Forbidden("a folder cannot be copied or moved into itself"));
        }
        if from.beneath(to).is_some() {
            return Err(Error::Forbidden("a folder cannot be replaced by what is in it"));
        }
        Ok(())
    }

    fn check_locks(&self, request: &DavRequest<'_>, conditions: &Conditions, method: Method) -> Result<()> {
        let tokens = conditions.tokens();
        if method == Method::Move {
            if self.source.is_root() {
                return Err(Error::Forbidden("the topmost folder cannot be moved"));
            }
            locks::require(request, &tokens, &self.source, WHOLE)?;
        }
        let need = if self.target.any_meta().is_some() { REPLACED } else { NEW };
        locks::require(request, &tokens, &self.target, need)
    }

    fn change(&self, kind: Kind, comes: &Meta) -> Change {
        let (source, target) = (self.source.key(), self.target.key());
        Change { kind, source, target, device: comes.device, inode: comes.inode }
    }

    /// The second step of a MOVE between file systems.
    fn remove_source(&mut self, request: &DavRequest<'_>, commit: &mut Unsettled) -> Result<files::Replaced> {
        let inner = request.inner();
        let key = self.source.key();
        let meta = *self.source.any_meta().ok_or(Error::NotFound)?;
        let (device, inode) = (meta.device, meta.inode);
        let change = Change { kind: Kind::Remove, source: key.clone(), target: key, device, inode };
        inner.with_followers(commit, &change, || {
            let removed = self.source.remove()?;
            quota::note(inner, &self.source, (0, 0), Some(&meta));
            if inner.durable {
                self.source.sync()?;
            }
            Ok(removed)
        })
    }
}

/// Whether members go along. A file has none, and `Depth` means nothing for it (RFC 4918 §10.2).
fn check_depth(method: Method, depth: Option<Depth>, source: &Meta) -> Result<bool> {
    match (method, depth) {
        _ if !source.is_folder() => Ok(true),
        // The RFC knows 0 and infinity for COPY; the Python library webdavclient3 says 1 and means the whole.
        (_, None | Some(Depth::Infinity)) | (Method::Copy, Some(Depth::One)) => Ok(true),
        (Method::Copy, Some(Depth::Zero)) => Ok(false),
        (Method::Move, Some(_)) => {
            Err(Error::BadRequest("MOVE takes a folder with all beneath it: Depth is infinity".to_owned()))
        }
    }
}

fn done(replaced: bool) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = if replaced { StatusCode::NO_CONTENT } else { StatusCode::CREATED };
    response
}
