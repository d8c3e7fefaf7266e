//! Names that Windows cannot take, written so that it can: and back (R30).
//!
//! A character that is forbidden there becomes one of Unicode's private area, U+F000 and its code, as WSL, Cygwin and
//! Samba's clients write it; so does a dot or a space at the end, and each byte that is no UTF-8. Of a name that Windows
//! keeps for a device (`CON`, `NUL.txt`) the first letter does. Everything else stays. One name in a listing that is
//! not a valid one for Windows leaves its whole folder blank.

use std::borrow::Cow;

/// What is added to a byte.
const AREA: u32 = 0xf000;

/// The name as Windows can take it.
pub(super) fn mapped(name: &[u8]) -> Cow<'_, [u8]> {
    if is_fine(name) {
        return name.into();
    }
    let ends_badly = |rest: &[u8]| rest.iter().all(|byte| matches!(byte, b'.' | b' '));
    let mut shown = String::with_capacity(name.len() * 2);
    let mut at = 0;
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            let rest = name.get(at..).unwrap_or_default();
            at += c.len_utf8();
            match c {
                // What is in that area already is written byte by byte, so that the way back is one.
                '\u{f001}'..='\u{f0ff}' => {
                    c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| shown.push(moved(byte)));
                }
                c if c.is_ascii() && (is_forbidden(c) || ends_badly(rest)) => shown.push(moved(c as u8)),
                c => shown.push(c),
            }
        }
        chunk.invalid().iter().for_each(|&byte| shown.push(moved(byte)));
        at += chunk.invalid().len();
    }
    if is_device(name)
        && let Some(first) = name.first()
    {
        shown.replace_range(..1, moved(*first).encode_utf8(&mut [0; 4]));
    }
    shown.into_bytes().into()
}

/// The name that a mapped one stands for; `None` where nothing in it is mapped.
pub(super) fn unmapped(name: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(name).ok()?;
    let byte_of = |c: char| u8::try_from(u32::from(c).checked_sub(AREA)?).ok().filter(|&byte| byte != 0);
    text.chars().any(|c| byte_of(c).is_some()).then(|| {
        let mut plain = Vec::with_capacity(name.len());
        for c in text.chars() {
            match byte_of(c) {
                Some(byte) => plain.push(byte),
                None => plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        plain
    })
}

fn moved(byte: u8) -> char {
    char::from_u32(AREA + u32::from(byte)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// Looked at for every entry of a listing: without allocation.
fn is_fine(name: &[u8]) -> bool {
    !name.iter().any(|&byte| byte.is_ascii() && is_forbidden(char::from(byte)))
        && !matches!(name.last(), Some(b'.' | b' '))
        && !is_device(name)
        && (name.is_ascii() || std::str::from_utf8(name).is_ok())
}

fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\u{1f}' | '<' | '>' | ':' | '"' | '|' | '?' | '*' | '\\' | '/')
}

/// Whether Windows takes a name for a device's: with any ending, in any case, and blanks before the ending.
fn is_device(name: &[u8]) -> bool {
    let base = name.split(|&byte| byte == b'.').next().unwrap_or_default().trim_ascii_end();
    let is = |device: &[u8]| base.eq_ignore_ascii_case(device);
    match base.len() {
        3 => is(b"CON") || is(b"PRN") || is(b"AUX") || is(b"NUL"),
        // COM and LPT with a digit, which may also be a superscript one.
        4 | 5 => base.get(..3).is_some_and(|port| {
            let is_port = port.eq_ignore_ascii_case(b"COM") || port.eq_ignore_ascii_case(b"LPT");
            is_port && matches!(base.get(3..), Some([b'0'..=b'9'] | [0xc2, 0xb9 | 0xb2 | 0xb3]))
        }),
        6 => is(b"CONIN$"),
        7 => is(b"CONOUT$"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(name: &[u8]) -> String {
        String::from_utf8(mapped(name).into_owned()).expect("always UTF-8")
    }

    #[test]
    fn only_what_windows_cannot_take_is_mapped() {
        for fine in ["a", "a.txt", " a", ".a", "\u{e9}", "CONSOLE", "COMA", "COM10", "a.CON", "...a", "a\u{f03a}"] {
            assert_eq!(shown(fine.as_bytes()), fine);
            assert!(matches!(mapped(fine.as_bytes()), Cow::Borrowed(_)), "{fine}");
        }
        for (name, expected) in [
            (b"12:30?.txt".as_slice(), "12\u{f03a}30\u{f03f}.txt"),
            (b"<>\"|*\\\x01\x1f", "\u{f03c}\u{f03e}\u{f022}\u{f07c}\u{f02a}\u{f05c}\u{f001}\u{f01f}"),
            (b"end.", "end\u{f02e}"),
            (b"a. . ", "a\u{f02e}\u{f020}\u{f02e}\u{f020}"),
            (b"M\xfcller", "M\u{f0fc}ller"),
            (b"nul", "\u{f06e}ul"),
            (b"Con.txt", "\u{f043}on.txt"),
            (b"LPT1", "\u{f04c}PT1"),
            ("COM\u{b9}".as_bytes(), "\u{f043}OM\u{b9}"),
            ("\u{f03a}:".as_bytes(), "\u{f0ef}\u{f080}\u{f0ba}\u{f03a}"),
        ] {
            assert_eq!(shown(name), expected);
            assert_eq!(unmapped(expected.as_bytes()).as_deref(), Some(name));
        }
        for same in [b"a:b".as_slice(), "\u{e000}\u{f100}\u{f000}".as_bytes(), b"\xff"] {
            assert_eq!(unmapped(same), None);
        }
    }

    proptest! {
        #[test]
        fn the_way_back_leads_to_the_name(name in proptest::collection::vec(1_u8.., 1..40)) {
            let there = mapped(&name).into_owned();
            prop_assert!(is_fine(&there), "{:?}", String::from_utf8_lossy(&there));
            if there != name {
                prop_assert_eq!(unmapped(&there), Some(name));
            }
        }

        #[test]
        fn the_way_back_leads_to_a_likely_name(name in "[a:. \u{e9}\u{f03a}cCoOnN<1\u{b9}]{1,12}") {
            let there = mapped(name.as_bytes()).into_owned();
            prop_assert!(is_fine(&there));
            if there != name.as_bytes() {
                prop_assert_eq!(unmapped(&there), Some(name.into_bytes()));
            }
        }
    }
}
