//! Distinguished names, as far as two of them are compared (RFC 4514).

/// A name in one form for all its spellings: without case, escapes and spaces that mean nothing. Two names that are
/// equal by it are equal to a directory, for the attributes that names are made of (caseIgnoreMatch).
pub(super) fn normal(dn: &str) -> Option<String> {
    let rdns = parts(dn, ',').map(normal_rdn).collect::<Option<Vec<_>>>()?;
    // Quoted, so that no value can look like several.
    Some(format!("{rdns:?}"))
}

/// The value of a name's first part, in one form; of a group this is what people call it.
pub(super) fn first_value(dn: &str) -> Option<String> {
    let first = parts(dn, ',').next()?;
    let (_, value) = parts(first, '+').next()?.split_once('=')?;
    Some(normal_value(value))
}

/// A value in one form.
pub(super) fn normal_value(value: &str) -> String {
    let plain = unescaped(value).to_lowercase();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The domain that a name is in: its last parts that are `dc`. `None` where there are none.
pub(super) fn domain(dn: &str) -> Option<String> {
    let is_domain = |rdn: &&str| rdn.split_once('=').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("dc"));
    let rdns: Vec<&str> = parts(dn, ',').collect();
    let from = rdns.iter().rposition(|rdn| !is_domain(rdn)).map_or(0, |last| last + 1);
    let tail = rdns.get(from..).filter(|tail| !tail.is_empty())?;
    Some(tail.iter().map(|rdn| rdn.trim()).collect::<Vec<_>>().join(","))
}

fn normal_rdn(rdn: &str) -> Option<String> {
    let pair = |part: &str| {
        let (name, value) = part.split_once('=')?;
        let name = name.trim().to_ascii_lowercase();
        (!name.is_empty()).then(|| format!("{name}={}", normal_value(value)))
    };
    let mut pairs = parts(rdn, '+').map(pair).collect::<Option<Vec<_>>>()?;
    pairs.sort();
    Some(format!("{pairs:?}"))
}

/// Splits where a separator is not escaped.
fn parts(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |letter: char| {
        let divides = letter == separator && !escaped;
        escaped = letter == '\\' && !escaped;
        divides
    })
}

/// `\,` stands for a comma, `\c3\a4` for two bytes.
fn unescaped(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| str::from_utf8(pair).ok());
        let code = pair.filter(|pair| pair.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match (byte, code.and_then(|pair| u8::from_str_radix(pair, 16).ok()), after.split_first()) {
            (b'\\', Some(code), _) => {
                bytes.push(code);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'\\', None, Some((&literal, after))) => {
                bytes.push(literal);
                rest = after;
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_equal() {
        let name = normal("CN=Drive  Users, OU=Groups,DC=example , dc=org");
        assert!(name.is_some());
        assert_eq!(name, normal("cn=drive users,ou=groups,dc=Example,dc=org"));
        assert_eq!(normal(r"cn=Grün\, Rot,dc=a"), normal(r"CN=gr\c3\bcn\2c rot,DC=A"));
        assert_eq!(normal("cn=a+ou=b,dc=c"), normal("OU=B + CN=A,dc=c"));
    }

    #[test]
    fn other_names_differ() {
        let name = |text: &str| normal(text);
        assert_ne!(name("cn=a,dc=b"), name("cn=a,ou=b"));
        assert_ne!(name("cn=a,dc=b"), name("cn=a,dc=b,dc=c"));
        assert_ne!(name(r"cn=a\,dc=b"), name("cn=a,dc=b"));
        assert_ne!(name(r"cn=a\\,dc=b"), name(r"cn=a\,dc=b"));
        for text in ["", "drive users", "cn=a,b", "=a"] {
            assert_eq!(name(text), None, "{text:?} is no name");
        }
    }

    #[test]
    fn a_group_is_called_by_the_first_part_of_its_name() {
        assert_eq!(first_value(r"CN=Drive\2C Users,OU=x").as_deref(), Some("drive, users"));
        assert_eq!(first_value("plain"), None);
        assert_eq!(normal_value(" Drive   Users "), "drive users");
    }

    #[test]
    fn the_domain_is_the_end_of_a_name() {
        assert_eq!(domain("OU=People,DC=ad, DC=example").as_deref(), Some("DC=ad,DC=example"));
        assert_eq!(domain("DC=x,OU=People,dc=example").as_deref(), Some("dc=example"));
        assert_eq!(domain("dc=example").as_deref(), Some("dc=example"));
        assert_eq!(domain("o=example"), None);
    }

    #[test]
    fn broken_escapes_do_no_harm() {
        for text in [r"cn=\", r"cn=\c3", r"cn=\zz", r"cn=ä\", r"cn=\é"] {
            assert!(normal(text).is_some(), "{text}");
        }
    }
}
