//! The answer to a sync-collection report (RFC 6578 §3.2): what the table says has changed, as it stands on the disk now.

use std::collections::VecDeque;

use bytes::Bytes;

use super::state::{State, split};
use super::token::{Rest, Token};
use super::tree::{self, Doubt, Opened, Target, Tree, beneath};
use crate::dav::error::{Error, Result};
use crate::dav::propfind::{HEAD, PIECE, TAIL, Writer, too_much};
use crate::dav::request::href;
use crate::dav::stream::Pieces;
use crate::dav::xml::escape;
use crate::files::{self, Entry, Path};
use crate::store::sync::{self, Member, Position, Scope};

/// Rows read at a time.
const ROWS: usize = 500;

/// The answer, as it is made.
pub(super) struct Answer {
    writer: Writer,
    tree: Tree,
    scope: Scope,
    /// The collection's path as the client sees it.
    shown: Path,
    /// The token of the whole answer.
    token: Token,
    since: i64,
    /// Everything up to here is told.
    behind: Position,
    rows: VecDeque<Member>,
    /// The position up to which rows were read.
    read: Position,
    left: Option<usize>,
    /// Where this is what was left of an earlier answer.
    goes_on: Option<Target>,
    /// The folder whose members are told.
    folder: Option<OpenFolder>,
    /// What the table has in another way than it was told: the next look finds it changed.
    doubts: Vec<Position>,
    head: Option<&'static str>,
    ended: bool,
}

/// A folder whose members are told.
struct OpenFolder {
    path: Vec<u8>,
    opened: Opened,
    /// Whether the client is told, or was, that the folder as a whole is gone.
    is_gone: bool,
}

/// What a client is told of a member.
enum Told {
    Here(Entry),
    /// A folder reached by a link: its members are not told with the rest (RFC 6578 §3.3).
    Apart,
    Gone,
}

/// What an answer is made from.
pub(super) struct Plan {
    pub(super) writer: Writer,
    pub(super) tree: Tree,
    pub(super) scope: Scope,
    /// The collection's path as the client sees it.
    pub(super) shown: Path,
    /// The token of the whole answer.
    pub(super) token: Token,
    /// What changed after that look is told.
    pub(super) since: i64,
    /// And what is behind this.
    pub(super) behind: Position,
    /// Most members that are told.
    pub(super) limit: Option<usize>,
    /// Where this is what was left of an earlier answer.
    pub(super) goes_on: Option<Target>,
}

impl Answer {
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            writer: plan.writer,
            tree: plan.tree,
            scope: plan.scope,
            shown: plan.shown,
            token: plan.token,
            since: plan.since,
            read: plan.behind.clone(),
            behind: plan.behind,
            rows: VecDeque::new(),
            left: plan.limit,
            goes_on: plan.goes_on,
            folder: None,
            doubts: Vec::new(),
            head: Some(HEAD),
            ended: false,
        }
    }

    /// Writes the next member; `false` at the end.
    fn step(&mut self, xml: &mut String) -> Result<bool> {
        let Some(row) = self.next_row()? else {
            let is_more = self.is_old()?;
            self.end(xml, is_more, None)?;
            return Ok(false);
        };
        let at = Position { folder: row.folder.clone(), name: row.name.clone() };
        if let Some(told) = self.told(&row)? {
            if self.left == Some(0) {
                let rest = Rest { since: self.since, behind: self.behind.clone() };
                self.end(xml, true, Some(rest))?;
                return Ok(false);
            }
            self.left = self.left.map(|left| left - 1);
            self.write(xml, &row, told)?;
        }
        self.behind = at;
        Ok(true)
    }

    /// Whether there is more that changed while the client went from one part of the answer to the next: told that
    /// this is all, it would take that for the present state.
    fn is_old(&mut self) -> Result<bool> {
        let Some(target) = self.goes_on.take() else {
            return Ok(false);
        };
        let inner = &self.writer.dav.0;
        let tree = target.look(inner, self.scope.deep, inner.clock.now())?;
        Ok(tree.newest(inner, &target.folder)? > self.token.up_to)
    }

    fn next_row(&mut self) -> Result<Option<Member>> {
        if self.rows.is_empty() {
            let range = (self.since, self.token.up_to);
            let store = &self.writer.dav.0.store;
            let rows = store.read(|c| sync::changed(c, self.tree.id, &self.scope, &self.read, range, ROWS))?;
            if let Some(last) = rows.last() {
                self.read = Position { folder: last.folder.clone(), name: last.name.clone() };
            }
            self.rows = rows.into();
        }
        Ok(self.rows.pop_front())
    }

    fn told(&mut self, row: &Member) -> Result<Option<Told>> {
        // Who knows nothing yet is not told what there was once (RFC 6578 §3.4).
        let gone = || (self.since > 0).then_some(Told::Gone);
        let gone = gone();
        // What no listing tells of, this does not either.
        if self.writer.dav.0.hides(&row.name) {
            return Ok(None);
        }
        self.enter(&row.folder)?;
        let Some(folder) = &self.folder else {
            return Ok(None);
        };
        let Some(state) = &row.state else {
            // With a folder goes all that was in it, and that is told once (RFC 6578 §3.5.2).
            return Ok(gone.filter(|_| !folder.is_gone));
        };
        if folder.is_gone {
            // Told with the folder, as far as anybody knows.
            self.doubt(row);
            return Ok(None);
        }
        let member = match &folder.opened {
            Opened::Listing(listing) => tree::member(listing, &row.name),
            Opened::Gone => Ok(None),
            Opened::Unknown => Err(files::Error::Denied),
        };
        let told = match member {
            Ok(Some(entry)) => {
                let now = State::of(&self.writer.dav.0.store, &entry)?;
                if now.text != *state || now.is_folder != row.is_folder {
                    self.doubt(row);
                }
                let is_apart = self.scope.deep && now.is_folder && !now.is_walked;
                Some(if is_apart { Told::Apart } else { Told::Here(entry) })
            }
            // Gone since the look.
            Ok(None) => {
                self.doubt(row);
                gone
            }
            Err(error) if Doubt::of(&error) == Doubt::Fails => return Err(error.into()),
            // Not to be seen right now: told as soon as a look sees it.
            Err(_) => {
                self.doubt(row);
                None
            }
        };
        Ok(told)
    }

    fn enter(&mut self, path: &[u8]) -> Result<()> {
        if self.folder.as_ref().is_some_and(|folder| folder.path == path) {
            return Ok(());
        }
        let store = &self.writer.dav.0.store;
        let is_gone = path != self.scope.folder
            && store.read(|c| sync::member(c, self.tree.id, &split(path)))?.is_none_or(|own| own.state.is_none());
        let opened = if path == self.scope.folder {
            // Without the collection there is no answer.
            Opened::Listing(Box::new(self.tree.open(path)?))
        } else if is_gone {
            Opened::Gone
        } else {
            self.tree.open_if_there(path)?
        };
        self.folder = Some(OpenFolder { path: path.to_vec(), opened, is_gone });
        Ok(())
    }

    fn write(&self, xml: &mut String, row: &Member, told: Told) -> Result<()> {
        let path = super::state::join(&row.folder, &row.name);
        let rest =
            if self.scope.folder.is_empty() { Some(path.as_slice()) } else { beneath(&self.scope.folder, &path) };
        let shown = self.shown.join(rest.unwrap_or_default());
        let href = |is_folder| href(&self.writer.dav.0.addresses, &shown, is_folder);
        let bare = |xml: &mut String, href: &str, rest: &str| {
            xml.push_str(&format!("<D:response><D:href>{}</D:href>{rest}</D:response>", escape(href)));
        };
        match told {
            Told::Here(entry) => {
                let href = href(entry.meta.is_folder());
                self.writer.response(xml, &href, &entry.name, &entry.meta, &entry.key)?;
            }
            Told::Apart => bare(
                xml,
                &href(true),
                "<D:status>HTTP/1.1 403 Forbidden</D:status><D:error><D:sync-traversal-supported/></D:error>",
            ),
            Told::Gone => bare(xml, &href(row.is_folder), "<D:status>HTTP/1.1 404 Not Found</D:status>"),
        }
        Ok(())
    }

    /// The token, and before it, where there is more, that this was not all (RFC 6578 §3.6).
    fn end(&mut self, xml: &mut String, is_more: bool, rest: Option<Rest>) -> Result<()> {
        if is_more {
            let href = href(&self.writer.dav.0.addresses, &self.shown, true);
            too_much(xml, &href);
        }
        let token = self.token.with_rest(&self.writer.dav.0.store, &self.tree, rest)?;
        xml.push_str(&format!("<D:sync-token>{token}</D:sync-token>{TAIL}"));
        Ok(())
    }

    fn doubt(&mut self, row: &Member) {
        self.doubts.push(Position { folder: row.folder.clone(), name: row.name.clone() });
    }

    fn write_doubts(&mut self) -> Result<()> {
        if !self.doubts.is_empty() {
            self.writer.dav.0.store.write(|tx| {
                self.doubts.iter().try_for_each(|at| sync::doubt(tx, self.tree.id, at)).map_err(Error::from)
            })?;
            self.doubts.clear();
        }
        Ok(())
    }

    fn piece(&mut self) -> Result<Bytes> {
        let mut xml = String::with_capacity(PIECE + 4096);
        xml.push_str(self.head.take().unwrap_or_default());
        while xml.len() < PIECE {
            if !self.step(&mut xml)? {
                self.ended = true;
                break;
            }
        }
        // Before the client has the token.
        self.write_doubts()?;
        Ok(xml.into())
    }
}

impl Pieces for Answer {
    fn next(&mut self) -> Option<std::io::Result<Bytes>> {
        if self.ended {
            return None;
        }
        Some(self.piece().map_err(|error| {
            // The status has been sent: the connection ends, so that a part is not taken for the whole.
            self.ended = true;
            std::io::Error::other(error)
        }))
    }
}
