//! Why a method was not done, in the words of RFC 4918 and RFC 9110. The statuses stand in the one table, `src/error.rs`.

use super::headers::{AddressError, Malformed};
use super::xml::XmlError;
use crate::files;
use crate::store;

/// A method's failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is there.
    #[error("there is nothing at this address")]
    NotFound,
    /// The request cannot be understood.
    #[error("{0}")]
    BadRequest(String),
    /// A header cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The body cannot be read.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// It is not allowed, and asking again will not help.
    #[error("{0}")]
    Forbidden(&'static str),
    /// A precondition or postcondition of RFC 4918 §16 does not hold.
    #[error("{}", .0.sentence())]
    Condition(Code),
    /// The method does not fit what is there.
    #[error("this method does not fit what is at this address")]
    NotAllowed(&'static str),
    /// The folder above is missing, or the state of things forbids it.
    #[error("{0}")]
    Conflict(&'static str),
    /// `If`, `If-Match` and the like do not hold.
    #[error("a precondition of the request does not hold")]
    PreconditionFailed,
    /// The client has it already.
    #[error("not modified")]
    NotModified {
        /// Entity tag to answer with.
        etag: String,
    },
    /// It is locked, and no token of the lock was submitted.
    #[error("the resource is locked")]
    Locked {
        /// Percent-encoded addresses of the lock roots.
        roots: Vec<String>,
    },
    /// Another lock is in the way of a new one.
    #[error("another lock is in the way")]
    LockConflict {
        /// Percent-encoded addresses of the lock roots.
        roots: Vec<String>,
    },
    /// The destination is not on this drive.
    #[error("the destination is not on this server's drive")]
    ForeignDestination,
    /// The body is of a kind that the method does not take.
    #[error("this method takes no such body")]
    UnsupportedBody,
    /// The body is too large.
    #[error("the body is too large for this method")]
    TooLarge,
    /// None of the ranges is in the file.
    #[error("the file has no such range")]
    RangeNotSatisfiable {
        /// Size of the file.
        size: u64,
    },
    /// A part of a file that does not fit its range.
    #[error("{0}")]
    RangeMismatch(String),
    /// PATCH with another body than a partial update.
    #[error("PATCH takes application/x-sabredav-partialupdate alone")]
    UnsupportedPatch,
    /// The method needs a `Content-Length`.
    #[error("this method needs a Content-Length")]
    LengthRequired,
    /// The body ended before its announced length, or could not be read on.
    #[error("the upload is incomplete: {0}")]
    Incomplete(String),
    /// The body made no progress.
    #[error("the upload made no progress for too long")]
    Stalled,
    /// What opened the door does not open it any more: revoked, expired, the account disabled.
    #[error("this application password is not valid any more")]
    LetInNoMore,
    /// The person has too much under way already.
    #[error("too much is under way already, try again later")]
    Busy,
    /// A method that is not known here.
    #[error("this method is not known here")]
    UnknownMethod,
    /// The person holds too many locks.
    #[error("too many locks are held already")]
    TooManyLocks,
    /// The disk's word.
    #[error(transparent)]
    Files(#[from] files::Error),
    /// The database's word.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The server's own failure.
    #[error("the server failed: {0}")]
    Internal(String),
}

/// Codes of preconditions and postconditions that stand without further content: RFC 4918 §16, RFC 4331 §6, RFC 3253
/// §3.6, RFC 5689 §3.3, RFC 6578 §3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// `Depth: infinity` is not answered.
    PropfindFiniteDepth,
    /// A lock token is not of this resource.
    LockTokenMatchesRequestUri,
    /// A property is the server's own.
    CannotModifyProtectedProperty,
    /// The person's files would take more than they may.
    QuotaNotExceeded,
    /// The disk is full.
    SufficientDiskSpace,
    /// The report is not known here, or not at this address.
    SupportedReport,
    /// A collection cannot be made of that kind.
    ValidResourcetype,
    /// A sync token is not, or no longer, valid for this collection.
    ValidSyncToken,
    /// More matches than the client or the server allows for.
    NumberOfMatchesWithinLimits,
}

impl Code {
    /// The element's local name.
    #[must_use]
    pub fn element(self) -> &'static str {
        match self {
            Self::PropfindFiniteDepth => "propfind-finite-depth",
            Self::LockTokenMatchesRequestUri => "lock-token-matches-request-uri",
            Self::CannotModifyProtectedProperty => "cannot-modify-protected-property",
            Self::QuotaNotExceeded => "quota-not-exceeded",
            Self::SufficientDiskSpace => "sufficient-disk-space",
            Self::SupportedReport => "supported-report",
            Self::ValidResourcetype => "valid-resourcetype",
            Self::ValidSyncToken => "valid-sync-token",
            Self::NumberOfMatchesWithinLimits => "number-of-matches-within-limits",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::PropfindFiniteDepth => "listing with Depth: infinity is switched off here, ask with Depth: 1",
            Self::LockTokenMatchesRequestUri => "this lock token is not of a lock on this address",
            Self::CannotModifyProtectedProperty => "this property cannot be changed",
            Self::QuotaNotExceeded => "your files would take more space than you may use",
            Self::SufficientDiskSpace => "the disk is full",
            Self::SupportedReport => "this report is not known at this address",
            Self::ValidResourcetype => "only plain collections can be made here",
            Self::ValidSyncToken => "this sync token is not valid any more: synchronise anew, without one",
            Self::NumberOfMatchesWithinLimits => "there is more than can be answered at once",
        }
    }
}

/// What every method gives back.
pub type Result<T> = std::result::Result<T, Error>;

impl From<AddressError> for Error {
    fn from(error: AddressError) -> Self {
        match error {
            AddressError::Foreign => Self::ForeignDestination,
            AddressError::Path(files::PathError::Reserved) => Self::Files(files::Error::Reserved),
            AddressError::Path(files::PathError::TooLong) => Self::Files(files::Error::NameTooLong),
            AddressError::Path(error) => Self::BadRequest(error.to_string()),
            AddressError::NotAUri => Self::BadRequest(error.to_string()),
        }
    }
}
