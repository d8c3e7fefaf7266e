//! Which client a request is from: the peer, or whom a trusted proxy names (R18).
//!
//! The right-most hop that is no trusted proxy counts; what stands left of it was written by strangers. Log, throttle
//! and network limits use this one address.

use std::net::IpAddr;

use http::HeaderMap;

use crate::config::{ProxyHeader, TrustedProxies};

/// The client's address.
pub(super) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    let mut client = peer.to_canonical();
    if trusted.networks.is_empty() || !is_trusted(client, trusted) {
        return client;
    }
    for hop in hops(headers, trusted.header).into_iter().rev() {
        // A hop that cannot be read hides whoever is before it: the last known one has to do.
        let Some(address) = hop else {
            break;
        };
        client = address.to_canonical();
        if !is_trusted(client, trusted) {
            break;
        }
    }
    client
}

fn is_trusted(address: IpAddr, trusted: &TrustedProxies) -> bool {
    trusted.networks.iter().any(|network| network.contains(&address))
}

/// Hops from the client on, from the header that the proxies set.
///
/// A proxy passes on what it does not know: one that sets `X-Forwarded-For` hands a client's own `Forwarded` through.
/// So only the configured header counts; by default `X-Forwarded-For`, and `Forwarded` (RFC 7239) where it is absent.
fn hops(headers: &HeaderMap, header: ProxyHeader) -> Vec<Option<IpAddr>> {
    let x_forwarded_for = all(headers, "x-forwarded-for");
    let forwarded = || all(headers, "forwarded");
    let forwarded = match header {
        ProxyHeader::XForwardedFor => Vec::new(),
        ProxyHeader::Auto if !x_forwarded_for.is_empty() => Vec::new(),
        ProxyHeader::Auto | ProxyHeader::Forwarded => forwarded(),
    };
    if header == ProxyHeader::Forwarded || !forwarded.is_empty() {
        return forwarded.iter().flat_map(|text| text.split(',')).map(forwarded_for).collect();
    }
    x_forwarded_for.iter().flat_map(|text| text.split(',')).map(|hop| node(hop.trim())).collect()
}

fn all<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("unreadable")).collect()
}

fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then(|| node(value.trim().trim_matches('"')))
    })?
}

/// An address with or without port, IPv6 in brackets or bare.
fn node(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if let Some(inner) = text.strip_prefix('[') {
        return inner.split_once(']')?.0.parse().ok();
    }
    text.rsplit_once(':')?.0.parse().ok()
}

/// Whether the peer itself is a trusted proxy.
pub(super) fn is_proxy(peer: IpAddr, trusted: &TrustedProxies) -> bool {
    is_trusted(peer.to_canonical(), trusted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn client(peer: &str, name: &'static str, value: &str) -> String {
        let networks = vec!["10.0.0.0/8".parse().expect("a network"), "::1/128".parse().expect("one")];
        let trusted = TrustedProxies { networks, header: ProxyHeader::Auto };
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a value"));
        client_address(peer.parse().expect("an address"), &headers, &trusted).to_string()
    }

    #[test]
    fn the_right_most_untrusted_hop_counts() {
        let xff = "x-forwarded-for";
        assert_eq!(client("10.0.0.1", xff, "203.0.113.7"), "203.0.113.7");
        assert_eq!(client("10.0.0.1", xff, "1.2.3.4, 203.0.113.7, 10.9.9.9"), "203.0.113.7");
        assert_eq!(client("10.0.0.1", xff, "10.1.1.1, 10.9.9.9"), "10.1.1.1");
        assert_eq!(client("::1", "forwarded", "for=1.2.3.4, For=\"[2001:db8::1]:4711\";proto=https"), "2001:db8::1");
        assert_eq!(client("10.0.0.1", "forwarded", "for=192.0.2.43:80;by=10.0.0.1"), "192.0.2.43");
        assert_eq!(client("::ffff:10.0.0.1", xff, "203.0.113.7"), "203.0.113.7");
    }

    #[test]
    fn forged_and_unreadable_hops_count_for_nothing() {
        assert_eq!(client("203.0.113.9", "x-forwarded-for", "1.2.3.4"), "203.0.113.9");
        assert_eq!(client("10.0.0.1", "x-forwarded-for", "1.2.3.4, unknown"), "10.0.0.1");
        assert_eq!(client("10.0.0.1", "forwarded", "for=_hidden"), "10.0.0.1");
        assert_eq!(client("10.0.0.1", "x-forwarded-for", ""), "10.0.0.1");
        assert_eq!(client("10.0.0.1", "x-forwarded-for", "evil, 203.0.113.7"), "203.0.113.7");
    }

    #[test]
    fn a_header_that_the_proxy_does_not_set_counts_for_nothing() {
        let with = |header| {
            let networks = vec!["10.0.0.0/8".parse().expect("a network")];
            let mut headers = HeaderMap::new();
            headers.insert("forwarded", "for=192.0.2.1".parse().expect("a value"));
            headers.insert("x-forwarded-for", "203.0.113.7".parse().expect("a value"));
            let trusted = TrustedProxies { networks, header };
            client_address([10, 0, 0, 1].into(), &headers, &trusted).to_string()
        };
        assert_eq!(with(ProxyHeader::Auto), "203.0.113.7");
        assert_eq!(with(ProxyHeader::XForwardedFor), "203.0.113.7");
        assert_eq!(with(ProxyHeader::Forwarded), "192.0.2.1");
    }

    proptest! {
        #[test]
        fn anything_is_read_without_panic(value in "[0-9a-f:.,;=\"\\[\\] for]{0,60}") {
            client("10.0.0.1", "forwarded", &value);
            client("10.0.0.1", "x-forwarded-for", &value);
        }
    }
}
