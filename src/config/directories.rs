//! Company directories as the rooms work with them: presets filled in, secrets and certificates read.

use std::time::Duration;

use crate::secret::PlainSecret;

/// What both kinds of directories have.
#[derive(Debug, Clone)]
pub struct CommonConfig {
    /// Short name: stands in addresses, and for LDAP in the key of each account. `[a-z0-9-]`.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Certificates of authorities to trust besides the system's; PEM.
    pub ca: Option<Vec<u8>>,
    /// How long an answer is waited for.
    pub timeout: Duration,
    /// Who gets an account by signing in.
    pub provision: Provision,
    /// One of these groups or roles is needed to enter; empty for none.
    pub required_groups: Vec<String>,
    /// Who is in one of these administers this server; empty where the directory does not say.
    pub admin_groups: Vec<String>,
    /// Time between two looks at whether an account is alive.
    pub recheck: Duration,
}

/// Who gets an account by signing in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provision {
    /// Everybody whom the directory lets in.
    Auto,
    /// Who holds an invitation to this server.
    Invited,
    /// Nobody: only accounts that an administrator has linked.
    Off,
}

/// A provider for OpenID Connect.
#[derive(Debug, Clone)]
pub struct OidcConfig {
    /// What all directories have.
    pub common: CommonConfig,
    /// What its button says.
    pub button: String,
    /// Whose it is.
    pub preset: OidcPreset,
    /// Issuer, as its own metadata has to name it; with `{tenantid}` where one stands for many tenants.
    pub issuer: String,
    /// The tenants whose people may enter, where the issuer has `{tenantid}`.
    pub allowed_tenants: Vec<String>,
    /// Google: the domain whose people may enter (claim `hd`).
    pub hosted_domain: Option<String>,
    /// What the provider calls us.
    pub client_id: String,
    /// Our secret; absent for a public client.
    pub client_secret: Option<PlainSecret>,
    /// What is asked for; holds `openid`.
    pub scopes: Vec<String>,
    /// The claim a login name is made of.
    pub login_claim: String,
    /// The claim with groups or roles; dots lead into objects.
    pub groups_claim: String,
    /// Whether the provider's second factor counts.
    pub second_factor: ProviderSecondFactor,
    /// How long an unconfirmed account goes on.
    pub unconfirmed_grace: Duration,
    /// How long a sign-in confirms an account without a refresh token.
    pub max_signin_age: Duration,
    /// Parts of a refusal to refresh that mean that the account has ended.
    pub ended_answers: Vec<String>,
    /// Base of Microsoft Graph, which is asked for groups where there are too many for a token.
    pub graph: Option<String>,
}

/// Whose a provider for OpenID Connect is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OidcPreset {
    /// Anybody's, by the letter of the specification.
    Generic,
    /// Microsoft Entra ID.
    Entra,
    /// Google.
    Google,
    /// Keycloak.
    Keycloak,
}

/// Whether a provider's second factor counts as ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderSecondFactor {
    /// Never: ours is asked for.
    Own,
    /// Where the ID token says that there was one.
    Provider {
        /// Any of these in `amr` says so.
        amr: Vec<String>,
        /// Any of these as `acr` says so; they are also asked for.
        acr: Vec<String>,
    },
}

/// A directory that speaks LDAP.
#[derive(Debug, Clone)]
pub struct LdapConfig {
    /// What all directories have.
    pub common: CommonConfig,
    /// Whose it is.
    pub preset: LdapPreset,
    /// `ldaps://` or `ldap://` with host and port; tried in this order.
    pub urls: Vec<String>,
    /// Whether `ldap://` goes over to TLS before anything is said.
    pub starttls: bool,
    /// Whom this server binds as; absent for an anonymous bind.
    pub bind: Option<(String, PlainSecret)>,
    /// Where people are.
    pub user_base: String,
    /// Who of those there counts.
    pub user_filter: String,
    /// By what people sign in.
    pub login_attributes: Vec<String>,
    /// What never changes and is never given again.
    pub id_attribute: String,
    /// What a login name here is made of.
    pub name_attribute: String,
    /// The name to show.
    pub display_name_attribute: String,
    /// The e-mail address.
    pub email_attribute: String,
    /// Where it is written who is in which group.
    pub groups_from: GroupsFrom,
    /// Whether groups in groups count.
    pub nested_groups: bool,
    /// Wrong passwords that are tried for one person within the window.
    pub wrong_passwords: u32,
    /// The window.
    pub wrong_passwords_window: Duration,
}

/// Whose a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LdapPreset {
    /// Microsoft Active Directory, or Samba.
    ActiveDirectory,
    /// OpenLDAP.
    OpenLdap,
    /// FreeIPA.
    FreeIpa,
    /// lldap.
    Lldap,
}

/// Where it is written who is in which group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupsFrom {
    /// In the person's entry, attribute `memberOf`.
    MemberOf,
    /// In the groups' entries.
    Members {
        /// Where groups are.
        base: String,
        /// The attribute that names a member by its DN.
        attribute: String,
    },
}
