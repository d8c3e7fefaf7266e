//! Properties by which clients set the time of modification (R12, R37): none is kept, the file's own time is.
//!
//! RFC 4918 §15.7 would have `getlastmodified` protected, for the sake of caches; ours go by entity tags, which change
//! with the time.

use chrono::NaiveDateTime;

use super::headers::ClientTime;
use super::xml::{DAV, Element};

/// Namespace of Windows' properties.
pub(super) const MICROSOFT: &str = "urn:schemas-microsoft-com:";

/// What is told to Windows of the time of modification.
pub(super) const WIN32_LAST_MODIFIED: &str = "Win32LastModifiedTime";

/// Whether a property sets the time of modification: Windows' own, `getlastmodified` (macOS for `touch`, lftp), and
/// ownCloud's `lastmodified` (rclone).
pub(super) fn sets_modified(namespace: &str, name: &str) -> bool {
    match namespace {
        DAV => matches!(name, "getlastmodified" | "lastmodified"),
        MICROSOFT => name == WIN32_LAST_MODIFIED,
        _ => false,
    }
}

/// The time in such a property, seconds since 1970: an HTTP date, or those seconds as a number. `None` for anything
/// else.
pub(super) fn read(property: &Element<'_>) -> Option<i64> {
    let text = property.children.is_empty().then(|| property.text())?;
    let text = text.as_str();
    if let Ok(ClientTime(seconds)) = ClientTime::parse(text) {
        return Some(seconds);
    }
    // Windows also knows years before 1970, which the library for HTTP dates does not.
    if let Ok(time) = NaiveDateTime::parse_from_str(text, "%a, %d %b %Y %H:%M:%S GMT") {
        return Some(time.and_utc().timestamp());
    }
    let time = httpdate::parse_http_date(text).ok()?;
    i64::try_from(time.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_seconds_are_read() {
        let time = |text: &str| {
            let xml =
                format!("<Win32LastModifiedTime xmlns='urn:schemas-microsoft-com:'>{text}</Win32LastModifiedTime>");
            read(&Element::parse(xml.as_bytes()).expect("XML"))
        };
        assert_eq!(time("Thu, 09 Oct 2025 17:54:43 GMT"), Some(1_760_032_483));
        assert_eq!(time(" Thu, 09 Oct 2025 17:54:43 GMT\n"), Some(1_760_032_483));
        assert_eq!(time("Thursday, 09-Oct-25 17:54:43 GMT"), Some(1_760_032_483));
        assert_eq!(time("1760032483"), Some(1_760_032_483));
        assert_eq!(time("1760032483.5"), Some(1_760_032_483));
        assert_eq!(time("Mon, 01 Jan 1601 00:00:00 GMT"), Some(-11_644_473_600));
        for bad in [
            "",
            "soon",
            "Fri, 09 Oct 2025 17:54:43 GMT",
            "Thu, 09 Oct 2025",
            "99999999999999999999",
            "<a>1</a>",
            "Thu, 41 Oct 2025 17:54:43 GMT",
            "-",
        ] {
            assert_eq!(time(bad), None, "{bad}");
        }
    }
}
