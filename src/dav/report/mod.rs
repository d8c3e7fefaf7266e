//! REPORT (RFC 3253 §3.6), with the one report there is: sync-collection (RFC 6578), by which a client asks what has
//! changed since it last asked. See `docs/decisions/0012-sync.md`.

mod answer;
mod asked;
mod known;
mod look;
mod property;
mod state;
mod token;
mod tree;

pub(super) use look::Budget;
pub(super) use property::SyncTokens;
pub(super) use tree::Looks;

use axum::body::Body;
use http::Response;

use super::conditions::Conditions;
use super::error::{Code, Error, Result};
use super::headers::Prefer;
use super::propfind::{Writer, multistatus};
use super::request::DavRequest;
use super::stream::gathered;
use super::view::{Found, Spot};
use crate::files::{Meta, Path};
use crate::store::sync::{self, Position, Scope};
use answer::{Answer, Plan};
use asked::Asked;
use token::Token;
use tree::{Target, Tree};

/// `supported-report-set` of a folder (RFC 3253 §3.1.5).
pub(super) const SUPPORTED: &str = "<D:supported-report><D:report><D:sync-collection/></D:report></D:supported-report>";

pub(super) fn report(request: &DavRequest<'_>) -> Result<Response<Body>> {
    let depth = request.depth()?;
    let asked = Asked::read(request.body, depth)?;
    let not_here = Error::Condition(Code::SupportedReport);
    let found = match request.spot()? {
        Spot::Real(found) => found,
        Spot::Way(_) => return Err(not_here),
    };
    if !found.place.meta().ok_or(Error::NotFound)?.is_folder() {
        return Err(not_here);
    }
    Conditions::read(request.headers())?.check(request, &found.place)?;
    let body = gathered(answer(request, &found, asked)?).map_err(|error| Error::Internal(error.to_string()))?;
    let mut response = multistatus(body);
    let prefer = Prefer::read(request.headers());
    Prefer { no_root: false, ..prefer }.tell(response.headers_mut());
    Ok(response)
}

fn answer(request: &DavRequest<'_>, found: &Found, asked: Asked) -> Result<Answer> {
    let inner = request.inner();
    let target = Target::new(found).ok_or_else(|| Error::Internal("a place beyond its root".to_owned()))?;
    let known = match &asked.token {
        None => None,
        Some(token) => Some(check(request, &target, token)?),
    };
    let scope = Scope { folder: target.folder.clone(), deep: asked.deep };
    let start = Position { folder: target.folder.clone(), name: Vec::new() };
    let (tree, token, since, behind, goes_on) = match (asked.token, known) {
        // What is left of an earlier answer. What changed after that is told when it is through.
        (Some(Token { rest: Some(rest), .. }), Some((tree, whole))) => {
            (tree, whole, rest.since, rest.behind, Some(target))
        }
        (given, _) => {
            let since = given.map_or(0, |given| given.up_to);
            let tree = target.look(inner, asked.deep, request.now)?;
            let up_to = tree.newest(inner, &target.folder)?.max(since);
            let token = Token::make(&inner.store, &tree, &target.collection, up_to)?;
            (tree, token, since, start, None)
        }
    };
    if asked.limit == Some(0) {
        let range = (since, token.up_to);
        let any = inner.store.read(|c| sync::changed(c, tree.id, &scope, &behind, range, 1))?;
        if !any.is_empty() {
            return Err(Error::Condition(Code::NumberOfMatchesWithinLimits));
        }
    }
    let mut writer = Writer::new(request.dav, request.principal, asked.wanted, request.now);
    writer.root = Some(found.root.clone());
    writer.minimal = Prefer::read(request.headers()).minimal;
    writer.look_at_home(&found.root)?;
    writer.look_for_tokens(found)?;
    writer.look_ahead(found.place.home_key())?;
    let shown = request.address.path.clone();
    Ok(Answer::new(Plan { writer, tree, scope, shown, token, since, behind, limit: asked.limit, goes_on }))
}

/// The tree that a token is of, and the token of the whole that it stands for.
fn check(request: &DavRequest<'_>, target: &Target, token: &Token) -> Result<(Tree, Token)> {
    let inner = request.inner();
    let tree = target.tree(inner)?.ok_or(Error::Condition(Code::ValidSyncToken))?;
    token.check(&inner.store, &tree, &target.collection)?;
    let whole = token.with_rest(&inner.store, &tree, None)?;
    Ok((tree, whole))
}

/// Whether a sync token in `If` holds (RFC 6578 §5): nothing has changed in the collection, or beneath it, since the
/// token was given. `None` where it is no sync token of this server.
///
/// The disk is looked at, and nothing written down: this is asked while everybody's changes wait. So a collection
/// for which the budget is too small counts as changed.
pub(super) fn holds(request: &DavRequest<'_>, path: &Path, text: &str, budget: &mut Budget) -> Result<Option<bool>> {
    if !Token::is_one(text) {
        return Ok(None);
    }
    // What is not found, or not this password's to see, holds nothing.
    let (Ok(found), Some(token)) = (request.view.find_place(path, true), Token::parse(text)) else {
        return Ok(Some(false));
    };
    let Some(target) = Target::new(&found).filter(|_| found.place.meta().is_some_and(Meta::is_folder)) else {
        return Ok(Some(false));
    };
    budget.once(&found.place.key(), text, |budget| is_unchanged(request, &target, &token, budget)).map(Some)
}

fn is_unchanged(request: &DavRequest<'_>, target: &Target, token: &Token, budget: &mut Budget) -> Result<bool> {
    let inner = request.inner();
    let tree = match check(request, target, token) {
        Ok((tree, _)) if token.rest.is_none() => tree,
        Ok(_) | Err(Error::Condition(_)) => return Ok(false),
        Err(other) => return Err(other),
    };
    // First what has a bound: the other goes through all that is known beneath.
    let is_as_known = look::is_as_known(inner, &tree, &target.folder, budget)?;
    Ok(is_as_known && tree.newest(inner, &target.folder)? <= token.up_to)
}
