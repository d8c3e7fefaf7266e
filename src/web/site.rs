//! Under which addresses the pages are served, and what follows from the one a request came to.
//!
//! Links, cookies and passkeys depend on it, so it comes from `server.public_urls`, never from what a client claims.
//! While that is empty, loopback names are served and nothing else.

use std::net::IpAddr;

use crate::auth::RelyingParty;
use crate::config::{PublicUrl, ServerConfig};

/// The addresses under which pages are served.
#[derive(Debug)]
pub(super) struct Sites {
    public: Vec<PublicUrl>,
    tls: bool,
}

/// The address that a request came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site {
    /// `http` or `https`, as the person's browser sees it.
    pub(super) scheme: String,
    /// Host and port.
    pub(super) authority: String,
    /// What stands before every path; usually empty.
    pub(super) prefix: String,
    /// Origins of this server that pages may come from.
    origins: Vec<String>,
}

impl Sites {
    pub(super) fn new(config: &ServerConfig) -> Self {
        Self { public: config.public_urls.clone(), tls: config.tls.is_some() }
    }

    /// The site of a request's `Host`; `None` where no pages are served under it.
    pub(super) fn of(&self, host: &str) -> Option<Site> {
        let host = host.to_ascii_lowercase();
        // Host and port, nothing that could be read as another host.
        let plain = host.parse::<http::uri::Authority>().ok().filter(|_| !host.contains('@'))?;
        if plain.port_u16().is_none() && plain.as_str() != plain.host() {
            return None;
        }
        if self.public.is_empty() {
            let scheme = if self.tls { "https" } else { "http" };
            return is_loopback(&host).then(|| Site {
                scheme: scheme.to_owned(),
                prefix: String::new(),
                origins: vec![format!("{scheme}://{host}")],
                authority: host,
            });
        }
        // A scheme's own port may be written or not.
        let same = |url: &&PublicUrl| without_port(&url.authority, &url.scheme) == without_port(&host, &url.scheme);
        let url = self.public.iter().find(same)?;
        let origins = self.public.iter().map(|url| origin(&url.scheme, &url.authority)).collect();
        Some(Site { scheme: url.scheme.clone(), authority: url.authority.clone(), prefix: url.prefix.clone(), origins })
    }

    /// The canonical address, where one is configured.
    pub(super) fn first(&self) -> Option<String> {
        self.public.first().map(PublicUrl::to_text)
    }

    /// The address that is told to people.
    pub(super) fn canonical(&self, here: &Site) -> String {
        self.public.first().map_or_else(|| here.url(), PublicUrl::to_text)
    }
}

impl Site {
    /// The address without trailing slash.
    pub(super) fn url(&self) -> String {
        format!("{}://{}{}", self.scheme, self.authority, self.prefix)
    }

    /// Whether a request that changes something may come from a page of that origin.
    pub(super) fn is_own_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|own| own.eq_ignore_ascii_case(origin))
    }

    /// Whether a browser keeps cookies here that are marked as secure.
    pub(super) fn keeps_cookies(&self) -> bool {
        self.scheme == "https" || is_loopback(&self.authority)
    }

    /// Whom passkeys are bound to; `None` where the host has no name, which WebAuthn asks for.
    pub(super) fn relying_party(&self) -> Option<RelyingParty> {
        let host = without_port(&self.authority, "");
        let secure = self.scheme == "https" || host == "localhost";
        if !secure || host.starts_with('[') || host.parse::<IpAddr>().is_ok() {
            return None;
        }
        let own = origin(&self.scheme, &self.authority);
        Some(RelyingParty { id: host.to_owned(), origins: vec![own] })
    }
}

/// An origin as a browser writes it: without the scheme's own port.
fn origin(scheme: &str, authority: &str) -> String {
    format!("{scheme}://{}", without_port(authority, scheme))
}

/// Host and port, the scheme's own port left out; without a scheme, any.
fn without_port<'a>(authority: &'a str, scheme: &str) -> &'a str {
    let end = if authority.starts_with('[') { authority.find(']').unwrap_or(0) } else { 0 };
    match authority.rsplit_once(':') {
        Some((host, port)) if host.len() > end => match (scheme, port) {
            ("", _) | ("http", "80") | ("https", "443") => host,
            _ => authority,
        },
        _ => authority,
    }
}

fn is_loopback(authority: &str) -> bool {
    let host = without_port(authority, "");
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sites(public: &[(&str, &str, &str)]) -> Sites {
        let url = |&(scheme, authority, prefix): &(&str, &str, &str)| PublicUrl {
            scheme: scheme.to_owned(),
            authority: authority.to_owned(),
            prefix: prefix.to_owned(),
        };
        Sites { public: public.iter().map(url).collect(), tls: false }
    }

    #[test]
    fn without_a_public_address_loopback_alone_is_served() {
        let sites = sites(&[]);
        for own in ["localhost", "localhost:4918", "LOCALHOST:1", "127.0.0.1:4918", "[::1]:4918", "127.9.9.9"] {
            assert!(sites.of(own).is_some(), "{own}");
        }
        for other in ["localhost:1@evil", "localhost:evil.com", "localhost:", "localhost/x", "localhost:99999"] {
            assert!(sites.of(other).is_none(), "{other}");
        }
        for other in ["", "dav.example.org", "localhost.example.org", "10.0.0.1:80", "127.0.0.1.example", "[::2]"] {
            assert!(sites.of(other).is_none(), "{other}");
        }
    }

    #[test]
    fn with_one_it_and_no_other_is_served() {
        let sites = sites(&[("https", "dav.example.org", "/cloud"), ("https", "intern.example:8443", "")]);
        let site = sites.of("DAV.example.org:443").expect("served");
        assert_eq!(site.url(), "https://dav.example.org/cloud");
        assert!(site.is_own_origin("https://dav.example.org"));
        assert!(site.is_own_origin("https://intern.example:8443"));
        for other in ["http://dav.example.org", "https://dav.example.org:8443", "https://evil.example", "null", ""] {
            assert!(!site.is_own_origin(other), "{other}");
        }
        for other in ["localhost", "127.0.0.1", "intern.example", "evil.example"] {
            assert!(sites.of(other).is_none(), "{other}");
        }
    }

    #[test]
    fn passkeys_need_a_name() {
        let party = |public: &[(&str, &str, &str)], host: &str| sites(public).of(host).and_then(|s| s.relying_party());
        assert_eq!(party(&[], "localhost:4918").map(|party| party.id).as_deref(), Some("localhost"));
        assert_eq!(party(&[], "127.0.0.1:4918"), None);
        assert_eq!(party(&[], "[::1]:4918"), None);
        let named = party(&[("https", "dav.example.org:8443", "")], "dav.example.org:8443").expect("named");
        assert_eq!((named.id.as_str(), named.origins.len()), ("dav.example.org", 1));
        assert_eq!(party(&[("http", "nas.local", "")], "nas.local"), None);
    }
}
