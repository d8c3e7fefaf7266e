//! Typed headers, one file each: parsed strictly, so that a malformed value is told and never taken as absent.

mod conditional;
mod depth;
pub(super) mod destination;
mod if_header;
mod lock_token;
mod mtime;
mod overwrite;
mod part;
mod prefer;
mod range;
mod timeout;

pub use conditional::{Conditional, EntityTags};
pub use depth::Depth;
pub use destination::{Address, AddressError, Addresses, PREFIX};
pub use if_header::{Condition, If, List, Test};
pub use lock_token::LockToken;
pub use mtime::ClientTime;
pub use overwrite::Overwrite;
pub use part::Part;
pub use prefer::Prefer;
pub use range::{Range, Ranges};
pub use timeout::Timeout;

use http::HeaderMap;

/// A header that cannot be read: its name and what it should look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the header {name} is malformed: it should be {expected}")]
pub struct Malformed {
    /// Name of the header.
    pub name: &'static str,
    /// What it should be.
    pub expected: &'static str,
}

/// The one value of a header, or `None` where it is absent; two values are one too many.
pub(in crate::dav) fn single<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Malformed> {
    let malformed = Malformed { name, expected: "one readable value" };
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(malformed);
    }
    std::str::from_utf8(value.as_bytes()).map(|text| Some(text.trim())).map_err(|_| malformed)
}
