//! The `Basic` scheme of RFC 7617, with `charset="UTF-8"`.

use base64::Engine;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::secret::PlainSecret;

/// What `WWW-Authenticate` says.
pub const CHALLENGE: &str = "Basic realm=\"Latchkey\", charset=\"UTF-8\"";

/// Longest `Authorization` value that is looked at, in bytes.
const LONGEST: usize = 4096;

/// Some clients leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a client presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user-id, as sent.
    pub user_id: String,
    /// The password.
    pub password: PlainSecret,
}

/// What an `Authorization` value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parsed {
    /// Basic credentials.
    Basic(Credentials),
    /// Basic, but unreadable.
    Malformed,
    /// Another scheme.
    OtherScheme,
}

/// Reads an `Authorization` value.
#[must_use]
pub fn parse(value: &[u8]) -> Parsed {
    let (scheme, rest) = match value.iter().position(|&byte| byte == b' ') {
        Some(cut) => value.split_at(cut),
        None => (value, b"".as_slice()),
    };
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return Parsed::OtherScheme;
    }
    if value.len() > LONGEST {
        return Parsed::Malformed;
    }
    decode(rest.trim_ascii()).map_or(Parsed::Malformed, Parsed::Basic)
}

/// `user-id ":" password`; the user-id holds no colon (RFC 7617 §2).
fn decode(token68: &[u8]) -> Option<Credentials> {
    let plain = Zeroizing::new(BASE64.decode(token68).ok()?);
    let text = std::str::from_utf8(&plain).ok()?;
    let (user_id, password) = text.split_once(':')?;
    // Control characters are no part of either (RFC 7617 §2).
    if text.chars().any(char::is_control) {
        return None;
    }
    Some(Credentials { user_id: user_id.to_owned(), password: PlainSecret::new(password.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn basic(user_id: &str, password: &str) -> Parsed {
        Parsed::Basic(Credentials { user_id: user_id.to_owned(), password: PlainSecret::new(password.to_owned()) })
    }

    #[test]
    fn examples_of_the_rfc_are_read() {
        assert_eq!(parse(b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), basic("Aladdin", "open sesame"));
        assert_eq!(parse(b"basic  dGVzdDoxMjPCow=="), basic("test", "123£"));
        assert_eq!(parse(b"BASIC dGVzdDoxMjPCow"), basic("test", "123£"));
        assert_eq!(parse(b"Basic YTpiOmM="), basic("a", "b:c"));
        assert_eq!(parse(b"Basic Og=="), basic("", ""));
    }

    #[test]
    fn what_is_no_basic_is_said_so() {
        for other in [&b"Bearer abc"[..], b"", b"Digest x", b"Basicx", b"Negotiate"] {
            assert_eq!(parse(other), Parsed::OtherScheme);
        }
        for bad in [
            &b"Basic"[..],
            b"Basic ",
            b"Basic !!!",
            b"Basic YQ==",
            b"Basic /zo=",
            b"Basic YQo6Yg==",
            b"Basic YTpi YTpi",
        ] {
            assert_eq!(parse(bad), Parsed::Malformed, "{:?}", String::from_utf8_lossy(bad));
        }
        let huge = format!("Basic {}", "A".repeat(100_000));
        assert_eq!(parse(huge.as_bytes()), Parsed::Malformed);
    }

    proptest! {
        #[test]
        fn anything_is_read_without_panic(value in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = parse(&value);
            let _ = parse(&[b"Basic ".as_slice(), &value].concat());
        }

        #[test]
        fn what_is_encoded_is_read_back(user in "[^:\\p{C}]{0,20}", password in "\\P{C}{0,30}") {
            let token = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            prop_assert_eq!(parse(format!("Basic {token}").as_bytes()), basic(&user, &password));
        }
    }
}
