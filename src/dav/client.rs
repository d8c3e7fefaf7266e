//! What particular clients need beyond the standards: who they are, by their `User-Agent`, and what each gets.
//!
//! The only place that looks at that header. Whoever is not named here gets what the RFCs say.

use http::{HeaderMap, header};

/// A client with habits of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Windows' redirector, which Explorer and `net use` go through, and what asks in its place before that service
    /// runs (`DavClnt`, nextcloud/server #2986).
    Windows,
    /// macOS: Finder's `WebDAVFS`, its older `WebDAVLib`, and applications that leave HTTP to the system (`Darwin/`).
    MacOs,
    /// Everybody else.
    Other,
}

impl Client {
    /// Recognises a client.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let agent = headers.get(header::USER_AGENT).map_or(b"".as_slice(), |value| value.as_bytes());
        let begins = |name: &[u8]| agent.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        if begins(b"Microsoft-WebDAV-MiniRedir/") || agent.eq_ignore_ascii_case(b"DavClnt") {
            Self::Windows
        } else if begins(b"WebDAVFS") || begins(b"WebDAVLib") || agent.windows(7).any(|part| part == b"Darwin/") {
            Self::MacOs
        } else {
            Self::Other
        }
    }

    /// Whether OPTIONS without credentials is challenged also where others are told at once what there is. Windows
    /// otherwise takes the server for one that needs none, and its writes fail (dufs #380).
    #[must_use]
    pub fn is_challenged_at_options(self) -> bool {
        self == Self::Windows
    }

    /// Whether its names come decomposed, as macOS' file systems have them (tailscale #20512).
    pub(super) fn sends_decomposed_names(self) -> bool {
        self == Self::MacOs
    }

    /// Whether names that Windows cannot take are shown to it, and sent by it, in a mapped form (copyparty's readme,
    /// sftpgo #203): one such name in a listing leaves the folder blank.
    pub(super) fn needs_mapped_names(self) -> bool {
        self == Self::Windows
    }

    /// Whether a listing leaves out what the client does not look at: Explorer shows nothing of a folder whose listing
    /// has more than 1,000,000 bytes (nwebdav #70, Microsoft's `FileAttributesLimitInBytes`).
    pub(super) fn needs_short_listings(self) -> bool {
        self == Self::Windows
    }

    /// Whether each answer ends its connection. On a kept one, Explorer reads and deletes, but stores nothing where a
    /// login is needed; nobody has said why (dufs #380, mended there by commit cb7d417).
    #[must_use]
    pub fn is_answered_once_per_connection(self) -> bool {
        self == Self::Windows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_known_by_what_they_send() {
        let of = |agent: &'static str| {
            Client::of(&HeaderMap::from_iter([(header::USER_AGENT, http::HeaderValue::from_static(agent))]))
        };
        for agent in ["Microsoft-WebDAV-MiniRedir/10.0.19045", "microsoft-webdav-miniredir/6.1.7601", "DavClnt"] {
            assert_eq!(of(agent), Client::Windows, "{agent}");
        }
        for agent in [
            "WebDAVFS/3.0.0 (03008000) Darwin/24.0.0 (arm64)",
            "WebDAVFS/1.4 Darwin/21.1.0",
            "WebDAVLib/1.3",
            "Documents/8.3 CFNetwork/1485 Darwin/23.1.0",
        ] {
            assert_eq!(of(agent), Client::MacOs, "{agent}");
        }
        for agent in ["", "rclone/v1.68", "Mozilla/5.0 (Macintosh)", "x Microsoft-WebDAV-MiniRedir/10", "DavClnt/1 x"] {
            assert_eq!(of(agent), Client::Other, "{agent}");
        }
        assert_eq!(Client::of(&HeaderMap::new()), Client::Other);
    }
}
