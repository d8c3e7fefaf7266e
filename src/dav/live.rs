//! Live properties and what they are made from (RFC 4918 §15).

use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat};

use super::modified::{MICROSOFT, WIN32_LAST_MODIFIED};
use super::xml::{DAV, escape};
use crate::files::Meta;

/// A live property of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Live {
    CreationDate,
    DisplayName,
    ContentLength,
    ContentType,
    ETag,
    LastModified,
    ResourceType,
    SupportedLock,
    LockDiscovery,
    QuotaAvailable,
    QuotaUsed,
    CurrentUserPrincipal,
    CurrentUserPrivilegeSet,
    Checksums,
    SupportedReportSet,
    SyncToken,
    /// Windows' own word for `getlastmodified`.
    Win32LastModified,
}

/// The namespace of ownCloud's and Nextcloud's properties.
pub(super) const OWNCLOUD: &str = "http://owncloud.org/ns";

/// Those that `allprop` means, in the order in which they are listed.
pub(super) const ALL: [Live; 9] = [
    Live::ResourceType,
    Live::DisplayName,
    Live::CreationDate,
    Live::LastModified,
    Live::ETag,
    Live::ContentLength,
    Live::ContentType,
    Live::SupportedLock,
    Live::LockDiscovery,
];

/// Those that are told only to who asks for them by name: they cost more, and few clients know them.
pub(super) const ON_REQUEST: [Live; 8] = [
    Live::QuotaAvailable,
    Live::QuotaUsed,
    Live::CurrentUserPrincipal,
    Live::CurrentUserPrivilegeSet,
    Live::SupportedReportSet,
    Live::SyncToken,
    Live::Checksums,
    Live::Win32LastModified,
];

impl Live {
    /// The element's local name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::CreationDate => "creationdate",
            Self::DisplayName => "displayname",
            Self::ContentLength => "getcontentlength",
            Self::ContentType => "getcontenttype",
            Self::ETag => "getetag",
            Self::LastModified => "getlastmodified",
            Self::ResourceType => "resourcetype",
            Self::SupportedLock => "supportedlock",
            Self::LockDiscovery => "lockdiscovery",
            Self::QuotaAvailable => "quota-available-bytes",
            Self::QuotaUsed => "quota-used-bytes",
            Self::CurrentUserPrincipal => "current-user-principal",
            Self::CurrentUserPrivilegeSet => "current-user-privilege-set",
            Self::Checksums => "checksums",
            Self::SupportedReportSet => "supported-report-set",
            Self::SyncToken => "sync-token",
            Self::Win32LastModified => WIN32_LAST_MODIFIED,
        }
    }

    /// The namespace of the element's name.
    pub(super) fn namespace(self) -> &'static str {
        match self {
            Self::Checksums => OWNCLOUD,
            Self::Win32LastModified => MICROSOFT,
            _ => DAV,
        }
    }

    pub(super) fn by_name(namespace: &str, name: &str) -> Option<Self> {
        ALL.into_iter().chain(ON_REQUEST).find(|live| live.name() == name && live.namespace() == namespace)
    }

    /// Whether a client may not set it. A display name of the client's own is kept as a dead property.
    pub(super) fn is_protected(self) -> bool {
        self != Self::DisplayName
    }

    /// The value as XML, where the resource alone decides it; `None` where it has no such property, or where it is the
    /// caller's to tell.
    pub(super) fn value(self, meta: &Meta, name: &[u8]) -> Option<String> {
        match self {
            Self::CreationDate => meta.created_s.map(rfc3339),
            Self::DisplayName => Some(escape(&String::from_utf8_lossy(name))),
            Self::ContentLength => (!meta.is_folder()).then(|| meta.size.to_string()),
            Self::ContentType if meta.is_folder() => None,
            Self::ContentType => Some(content_type(name).to_owned()),
            Self::ETag => Some(meta.etag()),
            Self::LastModified | Self::Win32LastModified => Some(http_date(meta.modified_s)),
            Self::ResourceType => Some(if meta.is_folder() { "<D:collection/>".to_owned() } else { String::new() }),
            Self::SupportedLock => Some(SUPPORTED_LOCK.to_owned()),
            Self::LockDiscovery
            | Self::QuotaAvailable
            | Self::QuotaUsed
            | Self::CurrentUserPrincipal
            | Self::CurrentUserPrivilegeSet
            | Self::Checksums
            | Self::SupportedReportSet
            | Self::SyncToken => None,
        }
    }
}

const SUPPORTED_LOCK: &str = "<D:lockentry><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype>\
                              </D:lockentry><D:lockentry><D:lockscope><D:shared/></D:lockscope><D:locktype><D:write/>\
                              </D:locktype></D:lockentry>";

fn rfc3339(seconds: i64) -> String {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The media type by the name's ending.
pub(super) fn content_type(name: &[u8]) -> &'static str {
    let name = String::from_utf8_lossy(name);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    mime_guess::from_ext(ending).first_raw().unwrap_or("application/octet-stream")
}

/// An HTTP date; one before 1970 is told as 1970, since the format's library knows no earlier one.
pub(super) fn http_date(seconds: i64) -> String {
    // The format ends with the year 9999.
    let seconds = u64::try_from(seconds).unwrap_or(0).min(253_402_300_799);
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}
