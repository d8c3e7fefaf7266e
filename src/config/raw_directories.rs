//! The entries `[[oidc]]` and `[[ldap]]` as they are written. An empty value stands for the preset's.

use serde::{Deserialize, Serialize, Serializer};

use super::check::NOT_SHOWN;

/// A provider for OpenID Connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawOidc {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) button: String,
    pub(super) preset: String,
    pub(super) issuer: String,
    pub(super) tenant: String,
    pub(super) allowed_tenants: Vec<String>,
    pub(super) hosted_domain: String,
    pub(super) client_id: String,
    #[serde(serialize_with = "hidden")]
    pub(super) client_secret: String,
    pub(super) client_secret_file: String,
    pub(super) scopes: Vec<String>,
    pub(super) ca_file: String,
    pub(super) timeout: String,
    pub(super) provision: String,
    pub(super) login_claim: String,
    pub(super) groups_claim: String,
    pub(super) required_groups: Vec<String>,
    pub(super) admin_groups: Vec<String>,
    pub(super) second_factor: String,
    pub(super) second_factor_amr: Vec<String>,
    pub(super) second_factor_acr: Vec<String>,
    pub(super) recheck: String,
    pub(super) unconfirmed_grace: String,
    pub(super) max_signin_age: String,
    pub(super) ended_answers: Vec<String>,
    pub(super) graph: String,
}

impl Default for RawOidc {
    fn default() -> Self {
        Self {
            name: String::new(),
            label: String::new(),
            button: String::new(),
            preset: "generic".to_owned(),
            issuer: String::new(),
            tenant: String::new(),
            allowed_tenants: Vec::new(),
            hosted_domain: String::new(),
            client_id: String::new(),
            client_secret: String::new(),
            client_secret_file: String::new(),
            scopes: Vec::new(),
            ca_file: String::new(),
            timeout: "10s".to_owned(),
            provision: "auto".to_owned(),
            login_claim: String::new(),
            groups_claim: String::new(),
            required_groups: Vec::new(),
            admin_groups: Vec::new(),
            second_factor: "own".to_owned(),
            second_factor_amr: vec!["mfa".to_owned()],
            second_factor_acr: Vec::new(),
            recheck: "1h".to_owned(),
            unconfirmed_grace: "72h".to_owned(),
            max_signin_age: "30d".to_owned(),
            ended_answers: Vec::new(),
            graph: String::new(),
        }
    }
}

/// A directory that speaks LDAP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawLdap {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) preset: String,
    pub(super) urls: Vec<String>,
    pub(super) starttls: bool,
    pub(super) allow_plain: bool,
    pub(super) ca_file: String,
    pub(super) timeout: String,
    pub(super) bind_dn: String,
    #[serde(serialize_with = "hidden")]
    pub(super) bind_password: String,
    pub(super) bind_password_file: String,
    pub(super) user_base: String,
    pub(super) user_filter: String,
    pub(super) login_attributes: Vec<String>,
    pub(super) id_attribute: String,
    pub(super) name_attribute: String,
    pub(super) display_name_attribute: String,
    pub(super) email_attribute: String,
    pub(super) groups_from: String,
    pub(super) group_base: String,
    pub(super) group_member_attribute: String,
    pub(super) nested_groups: bool,
    pub(super) required_groups: Vec<String>,
    pub(super) admin_groups: Vec<String>,
    pub(super) provision: String,
    pub(super) recheck: String,
    pub(super) wrong_passwords: u32,
    pub(super) wrong_passwords_window: String,
}

impl Default for RawLdap {
    fn default() -> Self {
        Self {
            name: String::new(),
            label: String::new(),
            preset: "openldap".to_owned(),
            urls: Vec::new(),
            starttls: false,
            allow_plain: false,
            ca_file: String::new(),
            timeout: "10s".to_owned(),
            bind_dn: String::new(),
            bind_password: String::new(),
            bind_password_file: String::new(),
            user_base: String::new(),
            user_filter: String::new(),
            login_attributes: Vec::new(),
            id_attribute: String::new(),
            name_attribute: String::new(),
            display_name_attribute: String::new(),
            email_attribute: String::new(),
            groups_from: String::new(),
            group_base: String::new(),
            group_member_attribute: String::new(),
            nested_groups: true,
            required_groups: Vec::new(),
            admin_groups: Vec::new(),
            provision: "auto".to_owned(),
            recheck: "1h".to_owned(),
            wrong_passwords: 4,
            wrong_passwords_window: "30m".to_owned(),
        }
    }
}

/// A secret is not printed by `config print`.
fn hidden<S: Serializer>(secret: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if secret.is_empty() { "" } else { NOT_SHOWN })
}
