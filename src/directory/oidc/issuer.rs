//! The provider's name for itself, which everything that it signs has to bear (`iss`).

use crate::config::{OidcConfig, OidcPreset};

/// What stands in an issuer for the tenant of whoever signs in ("Access tokens in the Microsoft identity platform": validate
/// the issuer).
const ANY_TENANT: &str = "{tenantid}";
/// What Google may write instead of its issuer ("OpenID Connect", Google Identity: validating an ID token).
const GOOGLE: (&str, &str) = ("https://accounts.google.com", "accounts.google.com");

/// An issuer of the configuration.
#[derive(Debug, Clone)]
pub(super) struct Issuer {
    /// Without a slash at the end: as it is in the key of accounts.
    own: String,
    /// Entra's tenants, where there are many.
    tenants: Vec<String>,
    google: bool,
}

impl Issuer {
    pub(super) fn new(config: &OidcConfig) -> Self {
        Self {
            own: bare(&config.issuer).to_owned(),
            tenants: config.allowed_tenants.clone(),
            google: config.preset == OidcPreset::Google,
        }
    }

    /// Where the metadata are (OpenID Connect Discovery 1.0 §4). With many tenants they are asked for under a name that
    /// stands for all organizations.
    pub(super) fn discovery(&self) -> String {
        format!("{}/.well-known/openid-configuration", self.own.replace(ANY_TENANT, "organizations"))
    }

    /// Whether metadata are its own: they must name it, and with many tenants by the very template.
    pub(super) fn is_of_metadata(&self, issuer: &str) -> Result<(), String> {
        if bare(issuer) == self.own {
            return Ok(());
        }
        Err(format!("the metadata are those of the issuer {:?}, not of {:?}", shortened(issuer), self.own))
    }

    /// The one whose people all accounts are; absent with many tenants.
    pub(super) fn single(&self) -> Option<&str> {
        (!self.has_many()).then_some(self.own.as_str())
    }

    /// Whether an account's key is by it.
    pub(super) fn is_own_key(&self, issuer: &str) -> bool {
        if self.has_many() {
            return self.tenants.iter().any(|tenant| self.of_tenant(tenant) == issuer);
        }
        self.own == issuer
    }

    /// Checks a token's `iss`, with its `tid` where there are many tenants, and makes the key's issuer of it.
    pub(super) fn check(&self, iss: &str, tid: Option<&str>) -> Result<String, String> {
        let foreign = || format!("it is by the issuer {:?}", shortened(iss));
        if !self.has_many() {
            let is_own = bare(iss) == self.own || (self.google && self.own == GOOGLE.0 && iss == GOOGLE.1);
            return if is_own { Ok(self.own.clone()) } else { Err(foreign()) };
        }
        let tid = tid.ok_or("it names no tenant (tid)")?;
        let expected = self.of_tenant(tid);
        if bare(iss) != expected {
            return Err(foreign());
        }
        if !self.tenants.iter().any(|tenant| tenant == tid) {
            return Err(format!("the tenant {:?} is not among allowed_tenants", shortened(tid)));
        }
        Ok(expected)
    }

    /// Whether `iss` in an answer to the browser (RFC 9207 §2.4) is its own; a tenant's is, where there are many.
    pub(super) fn is_sender(&self, iss: &str) -> bool {
        let iss = bare(iss);
        iss == self.own || self.is_own_key(iss) || (self.google && iss == GOOGLE.1)
    }

    /// Whether a key of that issuer may sign for `issuer`. Entra's many tenants have some keys in common, and some of
    /// their own ("Access tokens in the Microsoft identity platform": validate the signing key issuer).
    pub(super) fn may_sign(&self, of_key: Option<&str>, issuer: &str, tid: Option<&str>) -> bool {
        match of_key {
            Some(of_key) if self.has_many() => bare(&of_key.replace(ANY_TENANT, tid.unwrap_or_default())) == issuer,
            _ => true,
        }
    }

    fn has_many(&self) -> bool {
        self.own.contains(ANY_TENANT)
    }

    fn of_tenant(&self, tenant: &str) -> String {
        self.own.replace(ANY_TENANT, tenant)
    }
}

/// The only difference that is forgiven: a slash at the end, which people forget or add.
fn bare(issuer: &str) -> &str {
    issuer.strip_suffix('/').unwrap_or(issuer)
}

fn shortened(text: &str) -> String {
    text.chars().take(120).collect()
}
