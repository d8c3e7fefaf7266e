//! A login name here, made of what a directory calls somebody. Whatever it writes, what comes out is a harmless name (S5).

use deunicode::deunicode;

use crate::auth::accounts::NOT_PEOPLE;
use crate::model::UserName;

/// Longest part that is kept, so that a number fits behind it.
const LONGEST: usize = 56;
/// Where nothing usable is left of a name.
const FALLBACK: &str = "user";

/// The first name that something usable can be made of, without what makes it unique.
pub(super) fn derive(candidates: &[String]) -> String {
    candidates.iter().find_map(|candidate| plain(candidate)).unwrap_or_else(|| FALLBACK.to_owned())
}

/// `base`, or with a number behind it; the first for which `is_free` says so.
pub(super) fn free<E>(
    base: &str,
    mut is_free: impl FnMut(&UserName) -> Result<bool, E>,
) -> Result<Option<UserName>, E> {
    for number in 1..10_000 {
        let text = if number == 1 { base.to_owned() } else { format!("{base}-{number}") };
        if let Ok(name) = UserName::parse(&text)
            && !NOT_PEOPLE.contains(&name.as_str())
            && is_free(&name)?
        {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// `DOMAIN\Jörg.Müller` and `jörg.müller@example.org` are both `jorg.muller`.
fn plain(text: &str) -> Option<String> {
    // Not more of it is looked at than a name can hold.
    let text: String = text.chars().take(256).collect();
    let text = text.rsplit('\\').next().unwrap_or_default();
    let local = text.split('@').next().unwrap_or_default();
    let folded = deunicode(local).to_lowercase();
    let mut name = String::new();
    for character in folded.chars() {
        let kept = if character.is_ascii_lowercase() || character.is_ascii_digit() || "._-".contains(character) {
            character
        } else {
            '-'
        };
        let is_mark = |c: char| "._-".contains(c);
        // Neither a mark first, nor two in a row.
        if !is_mark(kept) || name.chars().last().is_some_and(|last| !is_mark(last)) {
            name.push(kept);
        }
        if name.len() >= LONGEST {
            break;
        }
    }
    let name = name.trim_end_matches(['.', '_', '-']);
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> String {
        derive(&[text.to_owned()])
    }

    #[test]
    fn whatever_a_directory_writes_becomes_a_harmless_name() {
        for (text, expected) in [
            ("alice", "alice"),
            ("Alice.Smith@contoso.example", "alice.smith"),
            ("CONTOSO\\alice", "alice"),
            ("Jörg Müller", "jorg-muller"),
            ("../../etc", "etc"),
            ("..", "user"),
            ("/etc/passwd", "etc-passwd"),
            ("a\0b\u{202e}c\u{2028}", "a-bc"),
            ("", "user"),
            ("@@@", "user"),
            ("-rf", "rf"),
            ("日本", "ri-ben"),
        ] {
            assert_eq!(name(text), expected, "{text:?}");
        }
        assert_eq!(name(&"x".repeat(100_000)).len(), LONGEST);
        for hostile in ["\u{feff}", "💥", "a:b", "a b", "%2e%2e%2f", "con", "\r\nSet-Cookie: x"] {
            let made = name(hostile);
            assert!(UserName::parse(&made).is_ok(), "{hostile:?} became {made:?}");
        }
    }

    #[test]
    fn the_first_usable_name_is_taken_and_numbered_where_it_is_taken() {
        assert_eq!(derive(&["...".to_owned(), "bob@x".to_owned()]), "bob");
        let taken = ["bob", "bob-2"];
        let is_free = |name: &UserName| Ok::<_, ()>(!taken.contains(&name.as_str()));
        assert_eq!(free("bob", is_free).expect("asked").expect("one").as_str(), "bob-3");
        let nobody = free("server", |_| Ok::<_, ()>(true)).expect("asked").expect("one");
        assert_eq!(nobody.as_str(), "server-2", "names of the audit log are no person's");
        assert_eq!(free("bob", |_| Ok::<_, ()>(false)).expect("asked"), None);
    }
}
