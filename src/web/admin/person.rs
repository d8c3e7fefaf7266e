//! What the pages about one person have in common.

use crate::model::User;
use crate::web::page::shown_name;

/// Head and tabs of the pages about one person.
pub(super) struct Head {
    pub(super) name: String,
    pub(super) shown: String,
    /// The first tab's address.
    pub(super) path: String,
    /// Where the addresses of all else begin.
    pub(super) base: String,
    pub(super) is_admin: bool,
    pub(super) is_disabled: bool,
    /// Why the directory has suspended the account.
    pub(super) suspended: Option<String>,
    /// Whether the administrator looks at themselves.
    pub(super) is_self: bool,
    /// Which tab is shown.
    pub(super) tab: &'static str,
}

impl Head {
    pub(super) fn new(user: &User, caller: &User, tab: &'static str) -> Self {
        let name = user.name.to_string();
        Self {
            shown: shown_name(user),
            path: path_of(&name),
            base: format!("/admin/users/{name}"),
            name,
            is_admin: user.is_admin,
            is_disabled: user.disabled_at.is_some(),
            suspended: suspended(user),
            is_self: user.id == caller.id,
            tab,
        }
    }
}

/// The page about a person. The one for adding people has the address that somebody called "new" would have.
pub(super) fn path_of(name: &str) -> String {
    if name == "new" { "/admin/users/new/general".to_owned() } else { format!("/admin/users/{name}") }
}

/// Why an account is suspended, for the tooltip of the word.
pub(super) fn suspended(user: &User) -> Option<String> {
    user.suspended.map(|suspended| {
        let since = suspended.at.format("%-d %b %Y, %H:%M UTC");
        format!("The company account {}, since {since}", suspended.because.told())
    })
}
