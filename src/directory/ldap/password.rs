//! What the answer to a person's bind says of the password.

use ldap3::LdapResult;
use ldap3::controls::RawControl;

use super::PasswordAnswer;
use super::failure::{Failure, told};
use crate::config::LdapPreset;
use crate::model::Ending;

/// Password policy for LDAP directories (draft-behera-ldap-password-policy-10 §6), known to OpenLDAP and 389.
const POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";
/// Password expired (draft-vchu-ldap-pwd-policy-00 §2): 389 sends it unasked.
const EXPIRED: &str = "2.16.840.1.113730.3.4.4";

/// Asks for the policy's word; who does not know the control passes over it.
pub(super) fn policy_request() -> RawControl {
    RawControl { ctype: POLICY.to_owned(), crit: false, val: None }
}

/// Translates the answer.
pub(super) fn answer(preset: LdapPreset, result: &LdapResult) -> Result<PasswordAnswer, Failure> {
    match result.rc {
        // RFC 4511 appendix A: success, and invalidCredentials.
        0 if must_change(result) => Ok(PasswordAnswer::Expired),
        0 => Ok(PasswordAnswer::Right),
        49 if preset == LdapPreset::ActiveDirectory => Ok(active_directory(&result.text)),
        // The policy is looked at after the password, so who is told that it has expired knew it.
        49 if must_change(result) => Ok(PasswordAnswer::Expired),
        // An entry without a password (inappropriateAuthentication), or one that went since it was found.
        49 | 48 | 32 => Ok(PasswordAnswer::Wrong),
        19 | 53 => refused(result),
        _ => Err(Failure::last(format!("the bind was not answered: {}", told(result)))),
    }
}

/// 389 and FreeIPA refuse by constraintViolation or unwillingToPerform. The texts are those of 389's `pw_retry.c` and
/// `pw.c` and of FreeIPA's plugins `ipa_lockout` and `ipa_pwd_extop`.
fn refused(result: &LdapResult) -> Result<PasswordAnswer, Failure> {
    let text = result.text.to_ascii_lowercase();
    let says = |part: &str| text.contains(part);
    if says("too many failed logins") || says("retry limit") || says("permanently locked") {
        return Ok(PasswordAnswer::Wrong);
    }
    if says("inactivated") {
        return Ok(PasswordAnswer::Ended(Ending::Disabled));
    }
    if says("principal) is expired") {
        return Ok(PasswordAnswer::Ended(Ending::Expired));
    }
    Err(Failure::last(format!("the bind was refused: {}", told(result))))
}

/// Active Directory writes a Windows error after `data`, in hexadecimal digits (MS-ERREF §2.2). All but the lockout are
/// written only where the password was right.
fn active_directory(text: &str) -> PasswordAnswer {
    let code = text.split_once("data ").map(|(_, rest)| rest);
    let code = code.and_then(|rest| rest.split(|letter: char| !letter.is_ascii_hexdigit()).next()).unwrap_or_default();
    match code.to_ascii_lowercase().as_str() {
        // ERROR_INVALID_LOGON_HOURS, ERROR_INVALID_WORKSTATION
        "530" | "531" => PasswordAnswer::Ended(Ending::NotAllowed),
        // ERROR_PASSWORD_EXPIRED, ERROR_PASSWORD_MUST_CHANGE
        "532" | "773" => PasswordAnswer::Expired,
        // ERROR_ACCOUNT_DISABLED
        "533" => PasswordAnswer::Ended(Ending::Disabled),
        // ERROR_ACCOUNT_EXPIRED
        "701" => PasswordAnswer::Ended(Ending::Expired),
        // Among others ERROR_LOGON_FAILURE (52e), ERROR_NO_SUCH_USER (525), ERROR_ACCOUNT_LOCKED_OUT (775).
        _ => PasswordAnswer::Wrong,
    }
}

/// The password has expired or was reset by somebody else.
fn must_change(result: &LdapResult) -> bool {
    result.ctrls.iter().any(|control| match control.1.ctype.as_str() {
        // passwordExpired, changeAfterReset
        POLICY => control.1.val.as_deref().and_then(policy_error).is_some_and(|error| matches!(error, 0 | 2)),
        EXPIRED => true,
        _ => false,
    })
}

/// The error in a `PasswordPolicyResponseValue`: a sequence of an optional warning [0] and an optional error [1].
fn policy_error(value: &[u8]) -> Option<u8> {
    let (0x30, mut rest, _) = element(value)? else { return None };
    while !rest.is_empty() {
        let (tag, content, after) = element(rest)?;
        match (tag, content) {
            (0x81, &[error]) => return Some(error),
            _ => rest = after,
        }
    }
    None
}

/// Tag, content and what follows; lengths of one octet are all that this control needs.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, length], rest) = bytes.split_first_chunk::<2>()?;
    let (content, after) = rest.split_at_checked(usize::from(length))?;
    (length < 0x80).then_some((tag, content, after))
}

#[cfg(test)]
mod tests {
    use ldap3::controls::Control;

    use super::*;

    fn result(rc: u32, text: &str, controls: &[(&str, &[u8])]) -> LdapResult {
        let control = |(name, value): &(&str, &[u8])| {
            Control(None, RawControl { ctype: (*name).to_owned(), crit: false, val: Some(value.to_vec()) })
        };
        LdapResult {
            rc,
            matched: String::new(),
            text: text.to_owned(),
            refs: Vec::new(),
            ctrls: controls.iter().map(control).collect(),
        }
    }

    #[test]
    fn active_directory_says_more_in_its_text() {
        let windows = |code: &str| {
            let text =
                format!("80090308: LdapErr: DSID-0C090434, comment: AcceptSecurityContext error, data {code}, v4563");
            answer(LdapPreset::ActiveDirectory, &result(49, &text, &[])).expect("an answer")
        };
        assert_eq!(windows("52e"), PasswordAnswer::Wrong);
        assert_eq!(windows("525"), PasswordAnswer::Wrong);
        assert_eq!(windows("775"), PasswordAnswer::Wrong);
        assert_eq!(windows("530"), PasswordAnswer::Ended(Ending::NotAllowed));
        assert_eq!(windows("531"), PasswordAnswer::Ended(Ending::NotAllowed));
        assert_eq!(windows("532"), PasswordAnswer::Expired);
        assert_eq!(windows("773"), PasswordAnswer::Expired);
        assert_eq!(windows("533"), PasswordAnswer::Ended(Ending::Disabled));
        assert_eq!(windows("701"), PasswordAnswer::Ended(Ending::Expired));
        let bare = answer(LdapPreset::ActiveDirectory, &result(49, "data", &[])).expect("an answer");
        assert_eq!(bare, PasswordAnswer::Wrong);
        let other = answer(LdapPreset::OpenLdap, &result(49, "data 533,", &[])).expect("an answer");
        assert_eq!(other, PasswordAnswer::Wrong, "elsewhere the text means nothing");
    }

    #[test]
    fn a_password_policy_says_that_the_password_must_be_changed() {
        let policy = |rc, value: &[u8]| answer(LdapPreset::OpenLdap, &result(rc, "", &[(POLICY, value)])).expect("it");
        assert_eq!(policy(0, &[0x30, 3, 0x81, 1, 2]), PasswordAnswer::Expired, "changeAfterReset");
        assert_eq!(policy(49, &[0x30, 3, 0x81, 1, 0]), PasswordAnswer::Expired, "passwordExpired");
        assert_eq!(policy(49, &[0x30, 3, 0x81, 1, 1]), PasswordAnswer::Wrong, "accountLocked");
        assert_eq!(policy(0, &[0x30, 0]), PasswordAnswer::Right);
        assert_eq!(policy(0, &[0x30, 5, 0xa0, 3, 0x80, 1, 9]), PasswordAnswer::Right, "a warning");
        assert_eq!(policy(0, &[0x30, 8, 0xa0, 3, 0x80, 1, 9, 0x81, 1, 2]), PasswordAnswer::Expired, "both");
        for broken in [&[][..], &[0x30], &[0x30, 200], &[0x30, 1, 0x81], &[0x04, 3, 0x81, 1, 2]] {
            assert_eq!(policy(0, broken), PasswordAnswer::Right, "{broken:?}");
        }
        let netscape = answer(LdapPreset::FreeIpa, &result(0, "", &[(EXPIRED, b"0")]));
        assert_eq!(netscape, Ok(PasswordAnswer::Expired));
    }

    #[test]
    fn refusals_of_389_and_freeipa_are_told_apart_by_their_text() {
        let said = |rc, text: &str| answer(LdapPreset::FreeIpa, &result(rc, text, &[]));
        assert_eq!(said(53, "Too many failed logins.\n"), Ok(PasswordAnswer::Wrong));
        assert_eq!(said(19, "Exceed password retry limit. Please try later."), Ok(PasswordAnswer::Wrong));
        let disabled = said(53, "Account inactivated. Contact system administrator.");
        assert_eq!(disabled, Ok(PasswordAnswer::Ended(Ending::Disabled)));
        let expired = said(53, "Account (Kerberos principal) is expired");
        assert_eq!(expired, Ok(PasswordAnswer::Ended(Ending::Expired)));
        assert!(said(53, "operation restricted").is_err(), "nothing is said of the person");
    }

    #[test]
    fn a_directory_that_cannot_answer_says_nothing_of_the_password() {
        for code in [1, 2, 3, 8, 10, 13, 50, 51, 52, 80, 4711] {
            assert!(answer(LdapPreset::OpenLdap, &result(code, "", &[])).is_err(), "{code}");
        }
        for code in [32, 48, 49] {
            let wrong = answer(LdapPreset::OpenLdap, &result(code, "", &[]));
            assert_eq!(wrong, Ok(PasswordAnswer::Wrong), "{code}");
        }
    }
}
