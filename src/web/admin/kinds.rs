//! The kinds of deeds in the audit log, in words, and the groups by which they are looked for.

/// A group of kinds: the address's word, its name, and each kind with a sentence.
pub(super) struct Group {
    pub(super) word: &'static str,
    pub(super) name: &'static str,
    pub(super) kinds: &'static [(&'static str, &'static str)],
}

/// All groups. A kind that is in none is shown as it is.
pub(super) const GROUPS: [Group; 6] = [
    Group {
        word: "sign-ins",
        name: "Sign-ins and sessions",
        kinds: &[
            ("sign-in", "Signed in"),
            ("sign-in.failed", "Failed to sign in"),
            ("sign-out", "Signed out"),
            ("reauthenticate", "Confirmed who they are"),
            ("session.end", "Ended a session"),
            ("session.end-all", "Ended sessions"),
            ("password.change", "Changed their password"),
            ("password.set-by-link", "Chose a password by a link"),
        ],
    },
    Group {
        word: "second-factor",
        name: "Second factor",
        kinds: &[
            ("totp.bind", "Bound an authenticator application"),
            ("totp.unbind", "Removed an authenticator application"),
            ("passkey.bind", "Added a passkey"),
            ("passkey.unbind", "Removed a passkey"),
            ("recovery-codes.new", "Made new recovery codes"),
            ("recovery-code.use", "Used a recovery code"),
            ("second-factor.reset", "Reset the second factor"),
        ],
    },
    Group {
        word: "app-passwords",
        name: "Application passwords",
        kinds: &[
            ("app-password.issue", "Issued an application password"),
            ("app-password.replace", "Replaced an application password"),
            ("app-password.revoke", "Revoked an application password"),
            ("app-password.revoke-all", "Revoked all application passwords"),
            ("app-password.revoke-unused", "Revoked an application password that nobody used"),
        ],
    },
    Group {
        word: "administration",
        name: "Administration",
        kinds: &[
            ("user.add", "Added an account"),
            ("user.change", "Changed an account"),
            ("user.enable", "Enabled an account"),
            ("user.disable", "Disabled an account"),
            ("user.delete", "Deleted an account"),
            ("user.set-password", "Set an account's password"),
            ("password-link.invitation", "Made an invitation link"),
            ("password-link.reset", "Made a link for a new password"),
            ("api-token.issue", "Issued an API token"),
            ("api-token.revoke", "Revoked an API token"),
        ],
    },
    Group {
        word: "company",
        name: "Company accounts",
        kinds: &[
            ("user.link", "Joined an account to a company account"),
            ("user.unlink", "Took an account and its company account apart"),
            ("user.unconfirmed", "Noted that a directory confirms an account no more"),
            ("user.suspend", "Suspended an account, as its directory says"),
            ("user.resume", "Opened an account again, as its directory says"),
        ],
    },
    Group {
        word: "settings",
        name: "Settings",
        kinds: &[("setting.set", "Changed a setting"), ("setting.clear", "Set a setting back to the file's")],
    },
];

/// What a kind says in words; a kind that this version does not know, as it is.
pub(super) fn sentence(kind: &str) -> &str {
    let all = GROUPS.iter().flat_map(|group| group.kinds);
    all.into_iter().find(|(known, _)| *known == kind).map_or(kind, |(_, sentence)| sentence)
}

/// The kinds that a word of the address asks for: a group's, or one alone.
pub(super) fn asked_for(word: &str) -> Vec<String> {
    if word.is_empty() {
        return Vec::new();
    }
    match GROUPS.iter().find(|group| group.word == word) {
        Some(group) => group.kinds.iter().map(|(kind, _)| (*kind).to_owned()).collect(),
        None => vec![word.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_asks_for_a_group_or_for_one_kind() {
        assert!(asked_for("").is_empty());
        assert!(asked_for("second-factor").contains(&"totp.bind".to_owned()));
        assert_eq!(asked_for("sign-in"), ["sign-in"]);
        assert_eq!((sentence("user.add"), sentence("new.kind")), ("Added an account", "new.kind"));
        let words: Vec<&str> = GROUPS.iter().flat_map(|group| group.kinds).map(|(kind, _)| *kind).collect();
        assert!(GROUPS.iter().all(|group| !words.contains(&group.word)), "a word means one thing");
    }
}
