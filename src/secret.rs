//! The only source of chance, and the shapes of secrets that people and programs carry.
//!
//! Application passwords and API tokens are written in Crockford's base32 in lower case
//! (no i, l, o, u). What is done with them is decided in `auth`.

use std::fmt;

use rand::TryRng;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

/// Crockford's base32 alphabet, lower case.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters of the selector, the public first group.
pub const SELECTOR_LENGTH: usize = 5;
/// Characters of the secret between selector and checksum: 95 random bits.
const SECRET_LENGTH: usize = 19;
/// Characters after the prefix, the checksum among them.
const BODY_LENGTH: usize = SELECTOR_LENGTH + SECRET_LENGTH + 1;

/// Fills a buffer from the operating system's generator.
///
/// # Panics
/// Where the operating system has no randomness to give; no secret can be made then, and none must be guessed.
#[expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "the one door to chance; without chance there is no way on"
)]
pub fn fill_random(buffer: &mut [u8]) {
    SysRng.try_fill_bytes(buffer).expect("the operating system gives random bytes");
}

/// Random bytes of a fixed number.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill_random(&mut bytes);
    bytes
}

/// A secret in clear: no `Display`, a redacted `Debug`, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainSecret(Zeroizing<String>);

impl PlainSecret {
    /// Takes a secret into keeping.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Hands the secret out; the caller shows it once or hashes it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PlainSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlainSecret(…)")
    }
}

/// An application password as presented or issued: selector and secret, the checksum verified.
#[derive(Clone, PartialEq, Eq)]
pub struct AppPasswordText {
    /// The public first group.
    pub selector: String,
    /// The 19 secret characters; this is what is hashed.
    pub secret: PlainSecret,
}

impl fmt::Debug for AppPasswordText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppPasswordText({}-…)", self.selector)
    }
}

impl AppPasswordText {
    /// A new one from chance.
    #[must_use]
    pub fn generate() -> Self {
        let digits = random_digits::<{ SELECTOR_LENGTH + SECRET_LENGTH }>();
        let (selector, secret) = digits.split_at(SELECTOR_LENGTH);
        Self { selector: to_text(selector), secret: PlainSecret::new(to_text(secret)) }
    }

    /// The form that is shown once: `lk-` and five groups of five.
    #[must_use]
    pub fn to_plain(&self) -> PlainSecret {
        let mut body = format!("{}{}", self.selector, self.secret.expose());
        let digits: Vec<u8> = body.bytes().filter_map(digit_of).collect();
        body.push(char::from(letter_of(checksum(&digits))));
        let body = Zeroizing::new(body);
        let mut shown = String::with_capacity(3 + BODY_LENGTH + 4);
        shown.push_str("lk");
        for (index, character) in body.chars().enumerate() {
            if index % 5 == 0 {
                shown.push('-');
            }
            shown.push(character);
        }
        PlainSecret::new(shown)
    }

    /// Reads what a client sent: any case, with or without dashes and spaces, `o` as `0`, `i` and `l` as `1`.
    ///
    /// `None` for everything of another shape or with a wrong checksum, before anything is looked up.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // The longest forgiven form has a space or dash around each character.
        if text.len() > 4 * (BODY_LENGTH + 2) {
            return None;
        }
        let mut digits = Zeroizing::new([0_u8; BODY_LENGTH + 2]);
        let mut length = 0;
        for byte in text.bytes().filter(|byte| !matches!(byte, b'-' | b' ')) {
            *digits.get_mut(length)? = digit_of(byte)?;
            length += 1;
        }
        // `lk`, read with the same forgiveness, is `1k`.
        let body = digits.get(..length)?.strip_prefix(&[1, 19])?;
        let (&given, rest) = body.split_last()?;
        if rest.len() != BODY_LENGTH - 1 || checksum(rest) != given {
            return None;
        }
        let (selector, secret) = rest.split_at(SELECTOR_LENGTH);
        Some(Self { selector: to_text(selector), secret: PlainSecret::new(to_text(secret)) })
    }
}

/// What a token is for. Each has a prefix of its own, so that one is never taken for another (S1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// For programs, in the admin API.
    Api,
    /// Of somebody who is signed in to the pages.
    Session,
    /// Of a sign-in that lacks its second factor.
    PendingSignIn,
    /// Of a browser from which somebody has signed in before.
    Device,
    /// Of a visitor who is not signed in, to tell their forms from a stranger's.
    Visit,
    /// In a link by which a person chooses a password.
    Link,
}

/// Characters after the prefix: 160 random bits.
const TOKEN_LENGTH: usize = 32;

impl Token {
    /// All kinds.
    pub const ALL: [Self; 6] = [Self::Api, Self::Session, Self::PendingSignIn, Self::Device, Self::Visit, Self::Link];

    fn prefix(self) -> &'static str {
        match self {
            Self::Api => "lka-",
            Self::Session => "lks-",
            Self::PendingSignIn => "lkp-",
            Self::Device => "lkd-",
            Self::Visit => "lkv-",
            Self::Link => "lki-",
        }
    }

    /// A new one from chance.
    #[must_use]
    pub fn generate(self) -> PlainSecret {
        PlainSecret::new(format!("{}{}", self.prefix(), to_text(&random_digits::<TOKEN_LENGTH>())))
    }

    /// Whether a text has its shape.
    #[must_use]
    pub fn is(self, text: &str) -> bool {
        text.strip_prefix(self.prefix())
            .is_some_and(|body| body.len() == TOKEN_LENGTH && body.bytes().all(|byte| ALPHABET.contains(&byte)))
    }
}

/// Digits of a recovery code: 80 random bits.
const RECOVERY_DIGITS: usize = 16;

/// A new recovery code: four groups of four characters.
#[must_use]
pub fn generate_recovery_code() -> PlainSecret {
    let text = to_text(&random_digits::<RECOVERY_DIGITS>());
    let groups: Vec<&str> = (0..4).filter_map(|group| text.get(group * 4..group * 4 + 4)).collect();
    PlainSecret::new(groups.join("-"))
}

/// A recovery code as a person typed it, in the form it was shown in: any case, with or without dashes and spaces.
#[must_use]
pub fn read_recovery_code(text: &str) -> Option<PlainSecret> {
    if text.len() > 4 * RECOVERY_DIGITS {
        return None;
    }
    let digits: Option<Vec<u8>> = text.bytes().filter(|byte| !matches!(byte, b'-' | b' ')).map(digit_of).collect();
    let digits = digits.filter(|digits| digits.len() == RECOVERY_DIGITS)?;
    let groups: Vec<String> = digits.chunks(4).map(to_text).collect();
    Some(PlainSecret::new(groups.join("-")))
}

/// A new account password: four groups of five characters, 100 random bits.
#[must_use]
pub fn generate_account_password() -> PlainSecret {
    let text = to_text(&random_digits::<20>());
    let groups: Vec<&str> = (0..4).filter_map(|group| text.get(group * 5..group * 5 + 5)).collect();
    PlainSecret::new(groups.join("-"))
}

/// Random base32 digits.
fn random_digits<const N: usize>() -> [u8; N] {
    let mut digits = random::<N>();
    for digit in &mut digits {
        *digit &= 31;
    }
    digits
}

fn letter_of(digit: u8) -> u8 {
    ALPHABET.get(usize::from(digit & 31)).copied().unwrap_or(b'0')
}

fn to_text(digits: &[u8]) -> String {
    digits.iter().map(|&digit| char::from(letter_of(digit))).collect()
}

/// The digit of a character, read forgivingly.
fn digit_of(byte: u8) -> Option<u8> {
    let plain = match byte.to_ascii_lowercase() {
        b'o' => b'0',
        b'i' | b'l' => b'1',
        other => other,
    };
    let place = ALPHABET.iter().position(|&letter| letter == plain)?;
    u8::try_from(place).ok()
}

/// The Luhn mod 32 check digit of `digits` (ISO/IEC 7812-1's scheme in base 32).
///
/// Every second digit from the right counts double, the two base-32 digits of the product added up.
fn checksum(digits: &[u8]) -> u8 {
    let mut sum = 0_u32;
    for (place, &digit) in digits.iter().rev().enumerate() {
        let product = if place % 2 == 0 { u32::from(digit) * 2 } else { u32::from(digit) };
        sum += product / 32 + product % 32;
    }
    u8::try_from((32 - sum % 32) % 32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The vector of `docs/application-passwords.md`.
    const VECTOR: &str = "lk-7m2xq-9fq3t-hd8ek-v5rwp-c4nje";

    #[test]
    fn the_documented_vector_holds() {
        let read = AppPasswordText::parse(VECTOR).expect("the vector is valid");
        assert_eq!(read.selector, "7m2xq");
        assert_eq!(read.secret.expose(), "9fq3thd8ekv5rwpc4nj");
        assert_eq!(read.to_plain().expose(), VECTOR);
        assert_eq!(VECTOR.len(), 32);
    }

    #[test]
    fn reading_forgives_case_dashes_spaces_and_look_alikes() {
        let plain = AppPasswordText::parse("lk-00111-00000-00000-00000-0000u");
        assert_eq!(plain, None, "u is no digit");
        let body = "0011100000000000000000001";
        let digits: Vec<u8> = body.bytes().take(24).filter_map(digit_of).collect();
        let check = char::from(letter_of(checksum(&digits)));
        let text = format!("lk-{}{check}", &body[..24]);
        let read = AppPasswordText::parse(&text).expect("valid");
        let sloppy = format!("LK {}", text[3..].replace("00", "oO").replace('1', "L").to_uppercase());
        assert_eq!(AppPasswordText::parse(&sloppy), Some(read));
    }

    #[test]
    fn nothing_secret_is_in_debug_output() {
        let issued = AppPasswordText::generate();
        let shown = format!("{issued:?} {:?}", issued.to_plain());
        assert!(!shown.contains(issued.secret.expose()));
    }

    #[test]
    fn every_token_has_its_own_shape() {
        for kind in Token::ALL {
            let token = kind.generate();
            assert_eq!(token.expose().len(), 36);
            assert_eq!(AppPasswordText::parse(token.expose()), None);
            for other in Token::ALL {
                assert_eq!(other.is(token.expose()), other == kind);
            }
            assert!(!kind.is(kind.prefix()));
            assert!(!kind.is(AppPasswordText::generate().to_plain().expose()));
        }
    }

    #[test]
    fn recovery_codes_are_read_forgivingly() {
        let code = generate_recovery_code();
        assert_eq!(code.expose().len(), 19);
        let sloppy = format!(" {} ", code.expose().replace('-', "").to_uppercase());
        assert_eq!(read_recovery_code(&sloppy).as_ref(), Some(&code));
        for bad in ["", "123456", "u234-1234-1234-1234", &code.expose()[1..], &format!("{}0", code.expose())] {
            assert_eq!(read_recovery_code(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in ".{0,80}") {
            let _ = AppPasswordText::parse(&text);
        }

        #[test]
        fn one_wrong_character_or_swapped_neighbours_are_noticed(place in 8_usize..24, step in 1_u8..32) {
            let shown = AppPasswordText::generate().to_plain().expose().replace('-', "");
            let mut bytes = shown.clone().into_bytes();
            let digit = digit_of(bytes[place]).expect("a digit");
            bytes[place] = letter_of((digit + step) % 32);
            prop_assert_eq!(AppPasswordText::parse(std::str::from_utf8(&bytes).expect("ascii")), None);
        }
    }
}
