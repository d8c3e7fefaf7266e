//! The file as it is written: texts, numbers and lists, each with its default.
//!
//! What the values mean is decided in `checked`. A test holds `webdav.toml` to these defaults.

use serde::{Deserialize, Serialize};

use super::raw_directories::{RawLdap, RawOidc};

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) server: RawServer,
    pub(super) storage: RawStorage,
    pub(super) security: RawSecurity,
    pub(super) dav: RawDav,
    pub(super) web: RawWeb,
    pub(super) log: RawLog,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) oidc: Vec<RawOidc>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ldap: Vec<RawLdap>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawServer {
    pub(super) listen: String,
    pub(super) public_urls: Vec<String>,
    pub(super) trusted_proxies: Vec<String>,
    pub(super) proxy_header: String,
    pub(super) tls_certificate: String,
    pub(super) tls_key: String,
    pub(super) max_connections: u32,
    pub(super) max_connections_per_client: u32,
    pub(super) header_timeout: String,
    pub(super) idle_timeout: String,
    pub(super) stall_timeout: String,
    pub(super) shutdown_grace: String,
}

impl Default for RawServer {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:4918".to_owned(),
            public_urls: Vec::new(),
            trusted_proxies: Vec::new(),
            proxy_header: "auto".to_owned(),
            tls_certificate: String::new(),
            tls_key: String::new(),
            max_connections: 4096,
            max_connections_per_client: 512,
            header_timeout: "20s".to_owned(),
            idle_timeout: "2m".to_owned(),
            stall_timeout: "1m".to_owned(),
            shutdown_grace: "30s".to_owned(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawStorage {
    pub(super) path: String,
    pub(super) durability: String,
    pub(super) home_roots: Vec<String>,
}

impl Default for RawStorage {
    fn default() -> Self {
        Self { path: "storage".to_owned(), durability: "fsync".to_owned(), home_roots: Vec::new() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawSecurity {
    pub(super) app_credentials_ttl: String,
    pub(super) app_credentials_max_ttl: String,
    pub(super) app_credentials_allow_never: bool,
    pub(super) app_credentials_max_per_user: u32,
    pub(super) app_credentials_unused_after: String,
    pub(super) second_factor_for: String,
    pub(super) session_idle_timeout: String,
    pub(super) session_timeout: String,
    pub(super) audit_keep: String,
    pub(super) argon2_memory_kib: u32,
    pub(super) argon2_iterations: u32,
    pub(super) argon2_parallelism: u32,
    pub(super) argon2_at_once: u32,
    pub(super) throttle_failures: u32,
    pub(super) throttle_window: String,
}

impl Default for RawSecurity {
    fn default() -> Self {
        Self {
            app_credentials_ttl: "180d".to_owned(),
            app_credentials_max_ttl: "366d".to_owned(),
            app_credentials_allow_never: false,
            app_credentials_max_per_user: 200,
            app_credentials_unused_after: "never".to_owned(),
            second_factor_for: "nobody".to_owned(),
            session_idle_timeout: "2h".to_owned(),
            session_timeout: "1d".to_owned(),
            audit_keep: "365d".to_owned(),
            argon2_memory_kib: 19_456,
            argon2_iterations: 2,
            argon2_parallelism: 1,
            argon2_at_once: 2,
            throttle_failures: 20,
            throttle_window: "5m".to_owned(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawDav {
    pub(super) depth_infinity: bool,
    pub(super) depth_infinity_max: u32,
    pub(super) max_lock_timeout: String,
    pub(super) max_locks_per_user: u32,
    pub(super) partial_upload_max: String,
    pub(super) apple_files: String,
    pub(super) normalize_names: String,
}

impl Default for RawDav {
    fn default() -> Self {
        Self {
            depth_infinity: true,
            depth_infinity_max: 100_000,
            max_lock_timeout: "1d".to_owned(),
            max_locks_per_user: 1000,
            partial_upload_max: "4GB".to_owned(),
            apple_files: "store".to_owned(),
            normalize_names: "macos".to_owned(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawWeb {
    pub(super) allow_plain_http: bool,
    pub(super) cors_origins: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawLog {
    pub(super) level: String,
    pub(super) format: String,
    pub(super) access: bool,
}

impl Default for RawLog {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: "text".to_owned(), access: true }
    }
}
