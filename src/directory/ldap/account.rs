//! Whether an account is alive, by its entry. Passwords that have expired and lockouts that pass are no part of this.

use chrono::{DateTime, NaiveDate, TimeDelta};

use super::failure::Failure;
use super::search::Found;
use crate::config::LdapPreset;
use crate::model::{Ending, Time};

/// Attributes that are read for it.
pub(super) fn attributes(preset: LdapPreset) -> &'static [&'static str] {
    match preset {
        LdapPreset::ActiveDirectory => &["userAccountControl", "accountExpires"],
        _ => &[
            "nsAccountLock",
            "krbPrincipalExpiration",
            "pwdAccountLockedTime",
            "pwdStartTime",
            "pwdEndTime",
            "shadowExpire",
        ],
    }
}

/// Why the account is not alive; `None` while it is.
///
/// # Errors
/// Where the entry does not say, which is not the same as being alive.
pub(super) fn ending(preset: LdapPreset, found: &Found, now: Time) -> Result<Option<Ending>, Failure> {
    match preset {
        LdapPreset::ActiveDirectory => active_directory(found, now),
        _ => Ok(others(found, now)),
    }
}

/// MS-ADTS §2.2.16: bit `ADS_UF_ACCOUNT_DISABLE`; MS-ADA1 §2.2: `accountExpires`.
fn active_directory(found: &Found, now: Time) -> Result<Option<Ending>, Failure> {
    const DISABLED: i64 = 0x2;
    let Some(control) = found.text("userAccountControl").and_then(|text| text.parse::<i64>().ok()) else {
        return Err(Failure::last(
            "the entry's userAccountControl cannot be read, so nobody knows whether it is disabled",
        )
        .with_advice("give the account in bind_dn the right to read account restrictions of people"));
    };
    if control & DISABLED != 0 {
        return Ok(Some(Ending::Disabled));
    }
    let expires = found.text("accountExpires").and_then(|text| text.parse().ok()).and_then(file_time);
    Ok(expires.is_some_and(|at| at <= now).then_some(Ending::Expired))
}

fn others(found: &Found, now: Time) -> Option<Ending> {
    let time = |name: &str| found.text(name).and_then(generalized_time);
    // FreeIPA and 389.
    if found.text("nsAccountLock").is_some_and(|text| text.eq_ignore_ascii_case("TRUE")) {
        return Some(Ending::Disabled);
    }
    // draft-behera-ldap-password-policy-10 §5.3.3: locked until an administrator opens it. Every other value is when a
    // lockout began that wrong passwords have caused.
    if found.text("pwdAccountLockedTime").is_some_and(|text| text.starts_with("0000")) {
        return Some(Ending::Disabled);
    }
    let over = ["krbPrincipalExpiration", "pwdEndTime"].into_iter().filter_map(time).any(|at| at <= now);
    if over || shadow_expired(found, now) {
        return Some(Ending::Expired);
    }
    time("pwdStartTime").is_some_and(|at| at > now).then_some(Ending::NotAllowed)
}

/// RFC 2307 §3: days since 1970. Zero and less mean never (shadow(5)).
fn shadow_expired(found: &Found, now: Time) -> bool {
    let day = found.text("shadowExpire").and_then(|text| text.parse::<i64>().ok()).filter(|&day| day > 0);
    day.is_some_and(|day| now.timestamp().div_euclid(86_400) >= day)
}

/// 100 ns since 1601 (MS-DTYP §2.3.3). `None` for never, which is 0 or the largest number.
fn file_time(ticks: i64) -> Option<Time> {
    const TO_1970: i64 = 11_644_473_600;
    if ticks <= 0 || ticks == i64::MAX {
        return None;
    }
    DateTime::from_timestamp(ticks / 10_000_000 - TO_1970, 0)
}

/// RFC 4517 §3.3.13: `YYYYMMDDHH[MM[SS]][.f](Z|±HH[MM])`. Fractions are dropped.
fn generalized_time(text: &str) -> Option<Time> {
    let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (digits, rest) = text.split_at_checked(digits)?;
    let part = |from: usize, length: usize| digits.get(from..from + length)?.parse::<u32>().ok();
    let more = |from: usize| if digits.len() > from { part(from, 2) } else { Some(0) };
    let date = NaiveDate::from_ymd_opt(i32::try_from(part(0, 4)?).ok()?, part(4, 2)?, part(6, 2)?)?;
    // A leap second is the next one.
    let time = date.and_hms_opt(part(8, 2)?, more(10)?, more(12)?.min(59))?.and_utc();
    let zone = rest.trim_start_matches(|letter: char| matches!(letter, '.' | ',') || letter.is_ascii_digit());
    Some(time - offset(zone)?)
}

fn offset(zone: &str) -> Option<TimeDelta> {
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("Z", "") => return Some(TimeDelta::zero()),
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let hours = digits.get(..2)?.parse::<i64>().ok()?;
    let minutes = if digits.len() > 2 { digits.get(2..4)?.parse::<i64>().ok()? } else { 0 };
    TimeDelta::try_minutes(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().expect("a time")
    }

    fn now() -> Time {
        at("2025-06-01T12:00:00Z")
    }

    fn windows(attributes: &[(&str, &str)]) -> Option<Ending> {
        let found = Found::of("CN=a", attributes);
        ending(LdapPreset::ActiveDirectory, &found, now()).expect("it can be read")
    }

    fn other(name: &str, value: &str) -> Option<Ending> {
        ending(LdapPreset::OpenLdap, &Found::of("uid=a", &[(name, value)]), now()).expect("it can be read")
    }

    #[test]
    fn active_directory_disables_by_a_bit_and_ends_by_a_file_time() {
        assert_eq!(windows(&[("userAccountControl", "512")]), None);
        assert_eq!(windows(&[("userAccountControl", "514")]), Some(Ending::Disabled));
        let expires = |ticks: &str| windows(&[("userAccountControl", "512"), ("accountExpires", ticks)]);
        assert_eq!(expires("0"), None);
        assert_eq!(expires("9223372036854775807"), None);
        assert_eq!(expires("133932528000000000"), Some(Ending::Expired), "2025-06-01T12:00:00Z, which is now");
        assert_eq!(expires("133934256000000000"), None, "2025-06-03T12:00:00Z");
        // ADS_UF_LOCKOUT and ADS_UF_PASSWORD_EXPIRED are no endings.
        assert_eq!(windows(&[("userAccountControl", "8389136")]), None);
        let unreadable = Found::of("CN=a", &[]);
        assert!(ending(LdapPreset::ActiveDirectory, &unreadable, now()).is_err());
    }

    #[test]
    fn file_times_count_from_1601() {
        assert_eq!(file_time(116_444_736_000_000_000), Some(at("1970-01-01T00:00:00Z")));
        assert_eq!(file_time(133_932_528_000_000_000), Some(at("2025-06-01T12:00:00Z")));
        assert_eq!(file_time(1), Some(at("1601-01-01T00:00:00Z")));
        assert_eq!((file_time(0), file_time(i64::MAX), file_time(-5)), (None, None, None));
        assert!(file_time(i64::MAX - 1).is_some());
    }

    #[test]
    fn other_directories_end_accounts_by_attributes_of_their_own() {
        assert_eq!(other("nsAccountLock", "TRUE"), Some(Ending::Disabled));
        assert_eq!(other("nsaccountlock", "false"), None);
        assert_eq!(other("pwdAccountLockedTime", "000001010000Z"), Some(Ending::Disabled));
        assert_eq!(other("pwdAccountLockedTime", "20250601115900Z"), None, "a lockout that passes");
        assert_eq!(other("krbPrincipalExpiration", "20250601115900Z"), Some(Ending::Expired));
        assert_eq!(other("krbPrincipalExpiration", "20250601120100Z"), None);
        assert_eq!(other("pwdEndTime", "20250601120000Z"), Some(Ending::Expired));
        assert_eq!(other("pwdStartTime", "20250601120100Z"), Some(Ending::NotAllowed));
        assert_eq!(other("pwdStartTime", "20250601110100Z"), None);
        // 2025-06-01 is day 20240.
        assert_eq!(other("shadowExpire", "20240"), Some(Ending::Expired));
        assert_eq!(other("shadowExpire", "20241"), None);
        assert_eq!((other("shadowExpire", "0"), other("shadowExpire", "-1")), (None, None));
        assert_eq!(other("userAccountControl", "514"), None, "means nothing elsewhere");
    }

    #[test]
    fn generalized_times_have_many_shapes() {
        let noon = Some(now());
        for text in ["20250601120000Z", "202506011200Z", "2025060112Z", "20250601120000.123Z", "20250601120000,5Z"] {
            assert_eq!(generalized_time(text), noon, "{text}");
        }
        assert_eq!(generalized_time("20250601140000+0200"), noon);
        assert_eq!(generalized_time("20250601073000-0430"), noon);
        assert_eq!(generalized_time("2025060114+02"), noon);
        for text in ["", "Z", "20250601", "20251301120000Z", "20250601120000", "2025060112000Z", "2025060112é"] {
            assert_eq!(generalized_time(text), None, "{text}");
        }
    }
}
