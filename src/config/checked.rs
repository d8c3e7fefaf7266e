//! The configuration as the rooms work with it: typed, complete, free of contradiction.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::directories::{LdapConfig, OidcConfig};
use crate::model::SecondFactorFor;

/// Everything, one struct per room.
#[derive(Debug, Clone)]
pub struct Config {
    /// Listener, TLS, limits.
    pub server: ServerConfig,
    /// Where everything lies and how durable it is.
    pub storage: StorageConfig,
    /// Application passwords, hashing, throttle.
    pub security: SecurityConfig,
    /// Protocol choices.
    pub dav: DavConfig,
    /// Pages.
    pub web: WebConfig,
    /// What is logged and how.
    pub log: LogConfig,
    /// Providers for OpenID Connect, in the order of the file.
    pub oidc: Vec<OidcConfig>,
    /// Directories that speak LDAP, in the order in which they are asked.
    pub ldap: Vec<LdapConfig>,
    /// The effective file, for `config print`.
    pub printed: String,
}

/// Listener, TLS, limits.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Address to bind; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The addresses under which people reach the server; the first is canonical.
    pub public_urls: Vec<PublicUrl>,
    /// Whose `Forwarded` headers are believed.
    pub trusted_proxies: TrustedProxies,
    /// Certificate and key, where TLS is spoken.
    pub tls: Option<TlsFiles>,
    /// Connections open at a time.
    pub max_connections: usize,
    /// Connections open at a time from one network (IPv4 address, IPv6 /64).
    pub max_connections_per_client: usize,
    /// Time for a request's head to arrive.
    pub header_timeout: Duration,
    /// Time an idle connection is kept.
    pub idle_timeout: Duration,
    /// Time within which a body must make progress, either way.
    pub stall_timeout: Duration,
    /// Time that running requests get at shutdown.
    pub shutdown_grace: Duration,
}

/// An address under which the server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    /// `http` or `https`.
    pub scheme: String,
    /// Host and, where it is not the scheme's own, port; lower case.
    pub authority: String,
    /// Path prefix without trailing slash; usually empty.
    pub prefix: String,
}

impl PublicUrl {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |reason: &str| Err(reason.to_owned());
        let Ok(uri) = text.parse::<http::Uri>() else {
            return wrong("not a URL");
        };
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return wrong("not an absolute URL like https://dav.example.org");
        };
        if !matches!(scheme, "http" | "https") {
            return wrong("not an http or https URL");
        }
        if authority.as_str().contains('@') || uri.query().is_some() || text.contains('#') {
            return wrong("must not have a user name, query or fragment");
        }
        Ok(Self {
            scheme: scheme.to_owned(),
            authority: authority.as_str().to_ascii_lowercase(),
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The URL without trailing slash.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

/// Proxies whose word about the client's address is taken.
#[derive(Debug, Clone)]
pub struct TrustedProxies {
    /// Their networks.
    pub networks: Vec<IpNet>,
    /// The header they say it in.
    pub header: ProxyHeader,
}

/// The header in which proxies name the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`, or `Forwarded` where that is absent.
    Auto,
    /// `X-Forwarded-For` alone.
    XForwardedFor,
    /// `Forwarded` (RFC 7239) alone.
    Forwarded,
}

/// PEM files for TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate with its chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Where everything lies and how durable it is.
#[derive(Debug, Clone)]
pub struct StorageConfig {
    /// Absolute path of the storage folder.
    pub path: PathBuf,
    /// What "stored" means.
    pub durability: Durability,
    /// Absolute folders beneath which the API may place a home.
    pub home_roots: Vec<PathBuf>,
}

/// What is done before an upload is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The bytes and the name are on the disk.
    Fsync,
    /// The kernel has them; a power cut may lose the last seconds.
    None,
}

/// Application passwords, hashing, throttle.
#[derive(Debug, Clone)]
pub struct SecurityConfig {
    /// Lifetime where none is asked for.
    pub app_credentials_ttl: Duration,
    /// Longest lifetime that may be asked for.
    pub app_credentials_max_ttl: Duration,
    /// Whether an application password may live for ever.
    pub app_credentials_allow_never: bool,
    /// Live application passwords one person may have.
    pub app_credentials_max_per_user: u32,
    /// After how long without use an application password is revoked; absent for never.
    pub app_credentials_unused_after: Option<Duration>,
    /// Who must have a second factor for the pages.
    pub second_factor_for: SecondFactorFor,
    /// How long a session of the pages lives without a request.
    pub session_idle_timeout: Duration,
    /// How long a session of the pages lives at most.
    pub session_timeout: Duration,
    /// How long the audit log is kept.
    pub audit_keep: Duration,
    /// How secrets are hashed.
    pub argon2: Argon2Config,
    /// When a client network is slowed.
    pub throttle: ThrottleConfig,
}

/// How secrets are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Config {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
    /// Computations at a time, in the whole process.
    pub at_once: usize,
}

/// When a client network is slowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThrottleConfig {
    /// Different wrong credentials that a network may show within the window.
    pub failures: usize,
    /// The window.
    pub window: Duration,
}

/// Protocol choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DavConfig {
    /// Whether `Depth: infinity` is answered in PROPFIND.
    pub depth_infinity: bool,
    /// Most entries of such an answer.
    pub depth_infinity_max: u32,
    /// Longest time a lock is granted for.
    pub max_lock_timeout: Duration,
    /// Locks one person may hold at a time.
    pub max_locks_per_user: u32,
    /// Largest file, in bytes, of which a part may be replaced where the file system has to copy it for that.
    pub partial_upload_max: u64,
    /// What becomes of the files that macOS lays beside others.
    pub apple_files: AppleFiles,
    /// Whose new names are stored composed.
    pub normalize_names: NormalizeNames,
}

/// What becomes of `.DS_Store` and of `._*`, which macOS lays beside other files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppleFiles {
    /// They are files like others.
    Store,
    /// They are neither taken nor listed.
    Refuse,
}

impl AppleFiles {
    /// Whether a file of this name is left out of listings.
    #[must_use]
    pub fn hides(self, name: &[u8]) -> bool {
        self == Self::Refuse && (name == b".DS_Store" || name.starts_with(b"._"))
    }
}

/// Whose new names are stored in Unicode's composed form (NFC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormalizeNames {
    /// Those of macOS, which decomposes what people type.
    MacOs,
    /// Everybody's.
    Always,
    /// Nobody's.
    Never,
}

/// Pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebConfig {
    /// Whether plain HTTP may be spoken beyond loopback.
    pub allow_plain_http: bool,
    /// Origins whose scripts may use the drive: `https://notes.example.org`, `null`, or `*` for all.
    pub cors_origins: Vec<String>,
}

/// What is logged and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// Directives of `tracing`'s filter, as `info` or `latchkey=debug`.
    pub level: String,
    /// Text for people or JSON for machines.
    pub format: LogFormat,
    /// Whether each request is logged.
    pub access: bool,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_urls_are_parsed_strictly() {
        let url = PublicUrl::parse("https://Dav.Example.org:8443/cloud/").expect("valid");
        assert_eq!(url.to_text(), "https://dav.example.org:8443/cloud");
        for bad in ["", "dav.example.org", "ftp://x", "https://a@b/", "https://x/?q", "/dav", "https://"] {
            assert!(PublicUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
