//! From texts to types: each value is checked, and each problem collected.

mod directories;
mod ldap;
mod oidc;
#[cfg(test)]
mod tests;

pub(super) use self::directories::NOT_SHOWN;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;

use self::directories::Entry;
use super::Problem;
use super::checked::{
    AppleFiles, Argon2Config, Config, DavConfig, Durability, LogConfig, LogFormat, NormalizeNames, ProxyHeader,
    PublicUrl, SecurityConfig, ServerConfig, StorageConfig, ThrottleConfig, TlsFiles, TrustedProxies, WebConfig,
};
use super::raw::{Raw, RawDav, RawSecurity, RawServer};
use crate::model::{SecondFactorFor, parse_size};

impl Config {
    /// Checks all values; problems are added to `problems`, and `None` is only returned along with one.
    pub(super) fn check(raw: &Raw, base: &Path, printed: String, problems: &mut Vec<Problem>) -> Option<Self> {
        let mut check = Check { problems };
        let server = check.server(&raw.server, base);
        let storage = StorageConfig {
            path: check.path("storage.path", &raw.storage.path, base),
            durability: check.word(
                "storage.durability",
                &raw.storage.durability,
                &[("fsync", Durability::Fsync), ("none", Durability::None)],
            )?,
            home_roots: raw
                .storage
                .home_roots
                .iter()
                .map(|root| check.path("storage.home_roots", root, base))
                .collect(),
        };
        let security = check.security(&raw.security);
        let dav = check.dav(&raw.dav);
        let web = WebConfig {
            allow_plain_http: raw.web.allow_plain_http,
            cors_origins: check.all("web.cors_origins", &raw.web.cors_origins, origin),
        };
        let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
        let log = LogConfig {
            level: check.level(&raw.log.level),
            format: check.word("log.format", &raw.log.format, &formats)?,
            access: raw.log.access,
        };
        let entry = |kind, index: usize| Entry { kind, number: index + 1, base };
        let oidc: Vec<_> =
            raw.oidc.iter().enumerate().map(|(index, raw)| check.oidc(raw, &entry("oidc", index))).collect();
        let ldap: Vec<_> =
            raw.ldap.iter().enumerate().map(|(index, raw)| check.ldap(raw, &entry("ldap", index))).collect();
        check.different_names("oidc", oidc.iter().map(|one| one.common.name.as_str()));
        check.different_names("ldap", ldap.iter().map(|one| one.common.name.as_str()));
        let server = server?;
        check.plain_http(&server, &web);
        Some(Self { server, storage, security, dav, web, log, oidc, ldap, printed })
    }
}

/// Collects problems while values are turned into types.
struct Check<'a> {
    problems: &'a mut Vec<Problem>,
}

impl Check<'_> {
    fn wrong(&mut self, key: &str, value: &str, reason: impl Into<String>) {
        self.problems.push(Problem { key: key.to_owned(), value: value.to_owned(), reason: reason.into() });
    }

    fn server(&mut self, raw: &RawServer, base: &Path) -> Option<ServerConfig> {
        let listen = raw.listen.parse::<SocketAddr>();
        if listen.is_err() {
            let reason = "not an address with port like 127.0.0.1:4918 or [::]:443";
            self.wrong("server.listen", &format!("{:?}", raw.listen), reason);
        }
        let tls = self.tls(raw, base);
        let public_urls = self.all("server.public_urls", &raw.public_urls, PublicUrl::parse);
        let proxies = self.all("server.trusted_proxies", &raw.trusted_proxies, network);
        let headers = [
            ("auto", ProxyHeader::Auto),
            ("x-forwarded-for", ProxyHeader::XForwardedFor),
            ("forwarded", ProxyHeader::Forwarded),
        ];
        let header = self.word("server.proxy_header", &raw.proxy_header, &headers);
        let most = self.at_least("server.max_connections", raw.max_connections, 1);
        let most_each = self.at_least("server.max_connections_per_client", raw.max_connections_per_client, 1);
        let header_timeout = self.duration("server.header_timeout", &raw.header_timeout);
        let idle_timeout = self.duration("server.idle_timeout", &raw.idle_timeout);
        let stall_timeout = self.duration("server.stall_timeout", &raw.stall_timeout);
        let shutdown_grace = self.duration("server.shutdown_grace", &raw.shutdown_grace);
        Some(ServerConfig {
            listen: listen.ok()?,
            public_urls,
            trusted_proxies: TrustedProxies { networks: proxies, header: header? },
            tls,
            max_connections: most as usize,
            max_connections_per_client: most_each as usize,
            header_timeout,
            idle_timeout,
            stall_timeout,
            shutdown_grace,
        })
    }

    fn tls(&mut self, raw: &RawServer, base: &Path) -> Option<TlsFiles> {
        match (raw.tls_certificate.is_empty(), raw.tls_key.is_empty()) {
            (true, true) => None,
            (false, false) => {
                Some(TlsFiles { certificate: base.join(&raw.tls_certificate), key: base.join(&raw.tls_key) })
            }
            (true, false) => {
                self.wrong("server.tls_certificate", "\"\"", "is needed along with server.tls_key");
                None
            }
            (false, true) => {
                self.wrong("server.tls_key", "\"\"", "is needed along with server.tls_certificate");
                None
            }
        }
    }

    fn security(&mut self, raw: &RawSecurity) -> SecurityConfig {
        let ttl = self.duration("security.app_credentials_ttl", &raw.app_credentials_ttl);
        let max_ttl = self.duration("security.app_credentials_max_ttl", &raw.app_credentials_max_ttl);
        if ttl > max_ttl {
            let value = format!("{:?}", raw.app_credentials_ttl);
            self.wrong("security.app_credentials_ttl", &value, "is longer than security.app_credentials_max_ttl");
        }
        let parallelism = self.at_least("security.argon2_parallelism", raw.argon2_parallelism, 1);
        let least_memory = parallelism.saturating_mul(8).max(1024);
        SecurityConfig {
            app_credentials_ttl: ttl,
            app_credentials_max_ttl: max_ttl,
            app_credentials_allow_never: raw.app_credentials_allow_never,
            app_credentials_max_per_user: self.within(
                "security.app_credentials_max_per_user",
                raw.app_credentials_max_per_user,
                1..=100_000,
            ),
            app_credentials_unused_after: self.unused_after(&raw.app_credentials_unused_after),
            second_factor_for: self
                .word(
                    "security.second_factor_for",
                    &raw.second_factor_for,
                    &SecondFactorFor::ALL.map(|who| (who.as_str(), who)),
                )
                .unwrap_or(SecondFactorFor::Nobody),
            session_idle_timeout: self.duration("security.session_idle_timeout", &raw.session_idle_timeout),
            session_timeout: self.duration("security.session_timeout", &raw.session_timeout),
            audit_keep: self.duration("security.audit_keep", &raw.audit_keep),
            argon2: Argon2Config {
                memory_kib: self.within("security.argon2_memory_kib", raw.argon2_memory_kib, least_memory..=4_194_304),
                iterations: self.at_least("security.argon2_iterations", raw.argon2_iterations, 1),
                parallelism: parallelism.min(255),
                at_once: self.within("security.argon2_at_once", raw.argon2_at_once, 1..=256) as usize,
            },
            throttle: ThrottleConfig {
                failures: self.within("security.throttle_failures", raw.throttle_failures, 1..=1000) as usize,
                window: self.duration("security.throttle_window", &raw.throttle_window),
            },
        }
    }

    fn dav(&mut self, raw: &RawDav) -> DavConfig {
        let apple = [("store", AppleFiles::Store), ("refuse", AppleFiles::Refuse)];
        let names =
            [("macos", NormalizeNames::MacOs), ("always", NormalizeNames::Always), ("never", NormalizeNames::Never)];
        DavConfig {
            depth_infinity: raw.depth_infinity,
            depth_infinity_max: self.at_least("dav.depth_infinity_max", raw.depth_infinity_max, 1),
            max_lock_timeout: self.duration("dav.max_lock_timeout", &raw.max_lock_timeout),
            max_locks_per_user: self.at_least("dav.max_locks_per_user", raw.max_locks_per_user, 1),
            partial_upload_max: self.size("dav.partial_upload_max", &raw.partial_upload_max),
            apple_files: self.word("dav.apple_files", &raw.apple_files, &apple).unwrap_or(AppleFiles::Store),
            normalize_names: self
                .word("dav.normalize_names", &raw.normalize_names, &names)
                .unwrap_or(NormalizeNames::MacOs),
        }
    }

    fn size(&mut self, key: &str, text: &str) -> u64 {
        parse_size(text).unwrap_or_else(|| {
            self.wrong(key, &format!("{text:?}"), "not a size like \"10GB\" or \"500MB\"");
            0
        })
    }

    fn unused_after(&mut self, text: &str) -> Option<Duration> {
        const KEY: &str = "security.app_credentials_unused_after";
        let after = (text != "never").then(|| self.duration(KEY, text))?;
        if after < Duration::from_hours(24) {
            self.wrong(KEY, &format!("{text:?}"), "is less than a day, which would revoke almost all of them");
        }
        Some(after)
    }

    fn plain_http(&mut self, server: &ServerConfig, web: &WebConfig) {
        if server.tls.is_none() && !server.listen.ip().is_loopback() && !web.allow_plain_http {
            let reason = "would carry passwords in clear beyond this machine: set server.tls_certificate and \
                          server.tls_key, or web.allow_plain_http = true where a proxy speaks TLS in front";
            self.wrong("server.listen", &format!("\"{}\"", server.listen), reason);
        }
    }

    fn level(&mut self, text: &str) -> String {
        if tracing_subscriber::EnvFilter::try_new(text).is_err() || text.is_empty() {
            self.wrong("log.level", &format!("{text:?}"), "not a level like \"info\", \"warn\", \"latchkey=debug\"");
        }
        text.to_owned()
    }

    fn duration(&mut self, key: &str, text: &str) -> Duration {
        match humantime::parse_duration(text) {
            Ok(duration) if !duration.is_zero() => duration,
            Ok(_) => {
                self.wrong(key, &format!("{text:?}"), "must be longer than nothing");
                Duration::from_secs(1)
            }
            Err(_) => {
                self.wrong(key, &format!("{text:?}"), "not a duration like \"90d\", \"12h\", \"5m\", \"30s\"");
                Duration::from_secs(1)
            }
        }
    }

    fn path(&mut self, key: &str, text: &str, base: &Path) -> PathBuf {
        if text.is_empty() || text.contains('\0') {
            self.wrong(key, &format!("{text:?}"), "not a path");
        }
        base.join(text)
    }

    fn at_least(&mut self, key: &str, value: u32, least: u32) -> u32 {
        self.within(key, value, least..=u32::MAX)
    }

    fn within(&mut self, key: &str, value: u32, range: std::ops::RangeInclusive<u32>) -> u32 {
        if value < *range.start() {
            self.wrong(key, &value.to_string(), format!("must be at least {}", range.start()));
        } else if value > *range.end() {
            self.wrong(key, &value.to_string(), format!("must be at most {}", range.end()));
        }
        value.clamp(*range.start(), *range.end())
    }

    fn word<T: Copy>(&mut self, key: &str, text: &str, words: &[(&str, T)]) -> Option<T> {
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            self.wrong(key, &format!("{text:?}"), format!("not one of {}", names.join(", ")));
        }
        // The first word stands in, so that the check goes on to the other keys.
        found.or_else(|| words.first().map(|(_, value)| *value))
    }

    fn all<T>(&mut self, key: &str, texts: &[String], parse: impl Fn(&str) -> Result<T, String>) -> Vec<T> {
        let mut good = Vec::new();
        for text in texts {
            match parse(text) {
                Ok(value) => good.push(value),
                Err(reason) => self.wrong(key, &format!("{text:?}"), reason),
            }
        }
        good
    }
}

/// An origin as browsers write it (RFC 6454 §6.1), `null`, or `*`.
fn origin(text: &str) -> Result<String, String> {
    let wrong = || Err("not an origin like https://notes.example.org, nor \"null\" or \"*\"".to_owned());
    if matches!(text, "*" | "null") {
        return Ok(text.to_owned());
    }
    let Some((scheme, host)) = text.split_once("://") else {
        return wrong();
    };
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b'_');
    let is_host = |byte: u8| is_word(byte) || matches!(byte, b':' | b'[' | b']');
    if scheme.is_empty() || host.is_empty() || !scheme.bytes().all(is_word) || !host.bytes().all(is_host) {
        return wrong();
    }
    Ok(text.to_ascii_lowercase())
}

/// A network, or an address as the network of itself alone.
fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<std::net::IpAddr>().map(IpNet::from))
        .map_err(|_| "not a network like 10.0.0.0/8 or an address".to_owned())
}
