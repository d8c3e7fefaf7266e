//! The immutable id of an entry: as it is kept, and as it is searched for.

use ldap3::ldap_escape;

use super::search::{Found, escaped};
use crate::model::is_unseen;

/// Bytes of the longest id that is taken; the longest known is a UUID as text.
const LONGEST: usize = 255;

/// The id of an entry as text, or why there is none.
pub(super) fn subject(attribute: &str, found: &Found) -> Result<String, &'static str> {
    match found.values(attribute) {
        [] => Err("is not in the entry, or may not be read"),
        [value] if is_guid(attribute) => guid_text(value).ok_or("is no GUID of 16 bytes"),
        [value] => match str::from_utf8(value) {
            Ok(text) if (1..=LONGEST).contains(&text.len()) && !text.contains(is_unseen) => Ok(text.to_owned()),
            _ => Err("is no short text"),
        },
        _ => Err("has several values"),
    }
}

/// The filter that finds an id; `None` where the text cannot be one of that attribute.
pub(super) fn filter(attribute: &str, subject: &str) -> Option<String> {
    if is_guid(attribute) {
        return guid_bytes(subject).map(|bytes| format!("({attribute}={})", escaped(&bytes)));
    }
    ((1..=LONGEST).contains(&subject.len())).then(|| format!("({attribute}={})", ldap_escape(subject)))
}

fn is_guid(attribute: &str) -> bool {
    attribute.eq_ignore_ascii_case("objectGUID")
}

/// The order in which a GUID's bytes are written: the first three fields are little-endian (MS-DTYP §2.3.4.2).
const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/// A GUID as Windows prints it, in lower case and without braces (MS-DTYP §2.3.4.3).
fn guid_text(bytes: &[u8]) -> Option<String> {
    if bytes.len() != ORDER.len() {
        return None;
    }
    let mut text = String::with_capacity(36);
    for (place, &from) in ORDER.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{:02x}", bytes.get(from)?));
    }
    Some(text)
}

fn guid_bytes(text: &str) -> Option<[u8; 16]> {
    let dashes = text.bytes().enumerate().all(|(at, byte)| (byte == b'-') == matches!(at, 8 | 13 | 18 | 23));
    let digits: Vec<u8> = text.bytes().filter(|&byte| byte != b'-').collect();
    if !dashes || text.len() != 36 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut bytes = [0; 16];
    for (pair, &to) in digits.chunks(2).zip(&ORDER) {
        *bytes.get_mut(to)? = u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_guid_is_written_as_windows_prints_it() {
        let bytes: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).expect("small") * 0x11);
        assert_eq!(guid_text(&bytes).as_deref(), Some("33221100-5544-7766-8899-aabbccddeeff"));
        assert_eq!(guid_bytes("33221100-5544-7766-8899-AABBCCDDEEFF"), Some(bytes));
        assert_eq!(
            filter("objectguid", "33221100-5544-7766-8899-aabbccddeeff").as_deref(),
            Some(r"(objectguid=\00\11\22\33\44\55\66\77\88\99\aa\bb\cc\dd\ee\ff)")
        );
        assert_eq!(guid_text(&bytes[..15]), None);
        for wrong in ["", "33221100", "{33221100-5544-7766-8899-aabbccddeeff}", "33221100-5544-7766-8899-aabbccddeefg"]
        {
            assert_eq!(guid_bytes(wrong), None, "{wrong}");
        }
        for wrong in ["3322110-05544-7766-8899-aabbccddeeff", "+3221100-5544-7766-8899-aabbccddeeff"] {
            assert_eq!(guid_bytes(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_guid_is_found_again(bytes: [u8; 16]) {
            let text = guid_text(&bytes).expect("16 bytes");
            prop_assert_eq!(guid_bytes(&text), Some(bytes));
        }

        #[test]
        fn every_other_text_makes_a_filter_that_can_be_read(text in "\\PC{1,60}") {
            let filter = filter("entryUUID", &text).expect("it is short");
            prop_assert!(ldap3::parse_filter(&filter).is_ok(), "{}", filter);
        }
    }

    #[test]
    fn an_id_is_one_short_text() {
        let found = |value: &str| subject("entryUUID", &Found::of("uid=a", &[("entryuuid", value)]));
        assert_eq!(found("a-1"), Ok("a-1".to_owned()));
        assert!(found("").is_err() && found("a\0b").is_err() && found(&"a".repeat(256)).is_err());
        let two = Found::of("uid=a", &[("entryUUID", "1"), ("entryUUID", "2")]);
        assert_eq!(subject("entryUUID", &two), Err("has several values"));
        assert!(subject("entryUUID", &Found::default()).is_err());
        assert_eq!(filter("entryUUID", "a)(uid=*").as_deref(), Some(r"(entryUUID=a\29\28uid=\2a)"));
        assert_eq!(filter("entryUUID", ""), None);
    }
}
