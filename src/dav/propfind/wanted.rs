//! What a client asks for: the body of PROPFIND (RFC 4918 §14.20).

use crate::dav::error::{Error, Result};
use crate::dav::live::Live;
use crate::dav::xml::Element;

/// What a client asks for.
#[derive(Debug)]
pub(in crate::dav) enum Wanted {
    /// Everything, and what `include` names besides.
    All(Vec<Name>),
    /// The names alone.
    Names,
    /// These properties.
    Named(Vec<Name>),
}

/// A property that is asked for: namespace, local name, and the live property where it is one.
pub(in crate::dav) type Name = (String, String, Option<Live>);

impl Wanted {
    /// No body means everything (RFC 4918 §9.1).
    pub(super) fn read(body: &[u8]) -> Result<Self> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::All(Vec::new()));
        }
        let top = Element::parse(body)?;
        if !top.is_dav("propfind") {
            return Err(Error::BadRequest("the body of PROPFIND is a propfind element".to_owned()));
        }
        if top.dav_child("allprop").is_some() {
            // `include` names what allprop leaves out; nothing is left out here, but what is absent is said to be.
            return Ok(Self::All(top.dav_child("include").map(names).unwrap_or_default()));
        }
        if top.dav_child("propname").is_some() {
            return Ok(Self::Names);
        }
        let prop = top
            .dav_child("prop")
            .ok_or_else(|| Error::BadRequest("propfind holds allprop, propname or prop".to_owned()))?;
        Ok(Self::Named(names(prop)))
    }

    /// What the `prop` of a report asks for.
    pub(in crate::dav) fn of_prop(prop: &Element<'_>) -> Self {
        Self::Named(names(prop))
    }

    pub(super) fn wants_locks(&self) -> bool {
        match self {
            Self::All(_) => true,
            Self::Names => false,
            Self::Named(named) => named.iter().any(|(_, _, live)| *live == Some(Live::LockDiscovery)),
        }
    }

    /// Whether a property is asked for by name.
    pub(super) fn names(&self, wanted: Live) -> bool {
        match self {
            Self::All(named) | Self::Named(named) => named.iter().any(|(_, _, live)| *live == Some(wanted)),
            Self::Names => false,
        }
    }

    pub(super) fn wants_dead(&self) -> bool {
        match self {
            Self::All(_) | Self::Names => true,
            Self::Named(named) => named.iter().any(|(_, _, live)| live.is_none_or(|live| live == Live::DisplayName)),
        }
    }
}

/// The names in a `prop` or `include` element, each once.
fn names(element: &Element<'_>) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    for child in &element.children {
        let live = Live::by_name(&child.namespace, &child.name);
        let one = (child.namespace.clone(), child.name.clone(), live);
        if !names.contains(&one) {
            names.push(one);
        }
    }
    names
}
