//! The configuration: one file, `webdav.toml`, read once at the start and checked as a whole.
//!
//! [`raw`] mirrors the file, [`checked`] holds what the rooms work with, one struct per room. Behind this
//! border nothing is left to doubt. An error names file, key, value and reason, and all errors are told at once.

mod check;
mod checked;
mod directories;
mod file;
mod raw;
mod raw_directories;

pub use checked::{
    AppleFiles, Argon2Config, Config, DavConfig, Durability, LogConfig, LogFormat, NormalizeNames, ProxyHeader,
};
pub use checked::{
    PublicUrl, SecurityConfig, ServerConfig, StorageConfig, ThrottleConfig, TlsFiles, TrustedProxies, WebConfig,
};
pub use directories::{
    CommonConfig, GroupsFrom, LdapConfig, LdapPreset, OidcConfig, OidcPreset, ProviderSecondFactor, Provision,
};
pub use file::{Overrides, default_text, load};

use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Dotted key, as in `server.listen`; empty where the file as a whole is wrong.
    pub key: String,
    /// The value as it stands in the file; empty where the key itself is wrong.
    pub value: String,
    /// What is wrong with it, as half a sentence.
    pub reason: String,
}

/// Everything that is wrong in the configuration, to be told at once. The process ends with status 64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// The file that was read.
    pub file: PathBuf,
    /// What is wrong in it; never empty.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}: ", self.file.display())?;
            match (problem.key.as_str(), problem.value.as_str()) {
                ("", _) => write!(f, "{}", problem.reason)?,
                (key, "") => write!(f, "{key}: {}", problem.reason)?,
                (key, value) => write!(f, "{key} = {value}: {}", problem.reason)?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
