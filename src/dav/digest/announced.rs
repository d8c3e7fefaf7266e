//! What an upload's headers say its digests are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;

use super::algorithm::{Algorithm, Hashes};
use crate::dav::error::{self, Error};
use crate::dav::headers::{Malformed, single};

/// Digests that an upload announces. Algorithms that are not known here say nothing (RFC 9530 §2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::dav) struct Announced {
    /// Of the bytes of this very request.
    content: Vec<(Algorithm, Vec<u8>)>,
    /// Of the whole file as it is afterwards.
    whole: Vec<(Algorithm, Vec<u8>)>,
    /// To be kept besides, though nothing was announced of it: where rclone finds checksums at all, it asks for MD5.
    also: Option<Algorithm>,
}

impl Announced {
    /// Reads the headers. In a request for a whole file, both kinds mean the same bytes.
    pub(in crate::dav) fn read(headers: &HeaderMap) -> Result<Self, Malformed> {
        let mut content = dictionary(headers, "content-digest")?;
        let mut whole = dictionary(headers, "repr-digest")?;
        if let Some(text) = single(headers, "content-md5")? {
            let malformed = Malformed { name: "Content-MD5", expected: "an MD5 digest in base64" };
            content.push((Algorithm::Md5, decoded(Algorithm::Md5, text).ok_or(malformed)?));
        }
        let mut also = None;
        if let Some(text) = single(headers, "oc-checksum")? {
            let of_owncloud = oc_checksum(text)?;
            also = (!of_owncloud.is_empty()).then_some(Algorithm::Md5);
            whole.extend(of_owncloud);
        }
        Ok(Self { content, whole, also })
    }

    /// The computations that are to see the bytes of this request; where it holds the whole file, also those of it.
    pub(in crate::dav) fn hashes(&self, is_whole: bool) -> Hashes {
        let whole = if is_whole { self.whole.as_slice() } else { &[] };
        let also = self.also.filter(|_| is_whole);
        Hashes::of(self.content.iter().chain(whole).map(|(algorithm, _)| *algorithm).chain(also))
    }

    /// The computations over the whole file, for a request that holds a part of it.
    pub(in crate::dav) fn hashes_of_whole(&self) -> Hashes {
        Hashes::of(self.whole.iter().map(|(algorithm, _)| *algorithm).chain(self.also))
    }

    /// Compares, and gives what was computed.
    ///
    /// # Errors
    /// [`Error::Incomplete`] where one differs.
    pub(in crate::dav) fn check(&self, hashes: Hashes, is_whole: bool) -> error::Result<Vec<(Algorithm, Vec<u8>)>> {
        let computed = hashes.finish();
        let whole = if is_whole { self.whole.as_slice() } else { &[] };
        compare(self.content.iter().chain(whole), &computed)?;
        Ok(computed)
    }

    /// The same for [`Announced::hashes_of_whole`].
    ///
    /// # Errors
    /// [`Error::Incomplete`] where one differs.
    pub(in crate::dav) fn check_whole(&self, hashes: Hashes) -> error::Result<Vec<(Algorithm, Vec<u8>)>> {
        let computed = hashes.finish();
        compare(self.whole.iter(), &computed)?;
        Ok(computed)
    }
}

fn compare<'a>(
    announced: impl Iterator<Item = &'a (Algorithm, Vec<u8>)>,
    computed: &[(Algorithm, Vec<u8>)],
) -> error::Result<()> {
    for (algorithm, value) in announced {
        if !computed.iter().any(|(known, found)| known == algorithm && found == value) {
            let name = algorithm.http_name();
            return Err(Error::Incomplete(format!("what came has another {name} digest than was announced")));
        }
    }
    Ok(())
}

/// A dictionary of byte sequences (RFC 9651 §3.2, §3.3.5), over all lines of the header.
fn dictionary(headers: &HeaderMap, name: &'static str) -> Result<Vec<(Algorithm, Vec<u8>)>, Malformed> {
    let malformed = Malformed { name, expected: "digests like sha-256=:…:" };
    let mut found = Vec::new();
    for line in headers.get_all(name) {
        let line = line.to_str().map_err(|_| malformed)?;
        for member in line.split(',').map(str::trim).filter(|member| !member.is_empty()) {
            let (key, value) = member.split_once('=').ok_or(malformed)?;
            let (value, parameters) = value.strip_prefix(':').and_then(|rest| rest.split_once(':')).ok_or(malformed)?;
            if !parameters.trim().is_empty() && !parameters.trim_start().starts_with(';') {
                return Err(malformed);
            }
            let key = key.trim();
            let Some(algorithm) = Algorithm::ALL.into_iter().find(|known| known.http_name() == key) else {
                continue;
            };
            found.push((algorithm, decoded(algorithm, value).ok_or(malformed)?));
        }
    }
    Ok(found)
}

/// `TYPE:hex`; several stand with spaces between them.
fn oc_checksum(text: &str) -> Result<Vec<(Algorithm, Vec<u8>)>, Malformed> {
    let malformed = Malformed { name: "OC-Checksum", expected: "a checksum like SHA1:…" };
    let mut found = Vec::new();
    for one in text.split_ascii_whitespace() {
        let (name, value) = one.split_once(':').ok_or(malformed)?;
        let known = Algorithm::ALL.into_iter().find(|known| known.oc_name().eq_ignore_ascii_case(name));
        let Some(algorithm) = known else {
            continue;
        };
        let value = from_hex(value).filter(|value| value.len() == algorithm.length()).ok_or(malformed)?;
        found.push((algorithm, value));
    }
    Ok(found)
}

fn decoded(algorithm: Algorithm, text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok().filter(|value| value.len() == algorithm.length())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &'static str, value: &str) -> Result<Announced, Malformed> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a value"));
        Announced::read(&headers)
    }

    fn computed(announced: &Announced, bytes: &[u8]) -> error::Result<usize> {
        let mut hashes = announced.hashes(true);
        hashes.update(bytes);
        announced.check(hashes, true).map(|all| all.len())
    }

    /// The examples of RFC 9530, Appendix A: `{"hello": "world"}` and a line end.
    #[test]
    fn the_examples_of_the_rfc_hold() {
        let body = b"{\"hello\": \"world\"}\n";
        let sha256 = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
        let announced = read("content-digest", sha256).expect("read");
        assert_eq!(computed(&announced, body).expect("the same"), 1);
        assert!(computed(&announced, b"{\"hello\": \"World\"}\n").is_err());
        let both = format!("{sha256}, unixsum=:AAA=:, sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:;x=1");
        assert_eq!(computed(&read("repr-digest", &both).expect("read"), body).expect("the same"), 1);
    }

    #[test]
    fn checksums_of_owncloud_are_hexadecimal() {
        let announced = read("oc-checksum", "SHA1:da39a3ee5e6b4b0d3255bfef95601890afd80709").expect("read");
        assert_eq!(computed(&announced, b"").expect("the same"), 2, "MD5 as well");
        assert!(computed(&announced, b"x").is_err());
        let two = "MD5:D41D8CD98F00B204E9800998ECF8427E ADLER32:00000001";
        assert_eq!(computed(&read("oc-checksum", two).expect("read"), b"").expect("the same"), 1);
        let announced = read("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg==").expect("read");
        assert_eq!(computed(&announced, b"").expect("the same"), 1);
    }

    #[test]
    fn what_is_malformed_is_told() {
        for bad in ["sha-256", "sha-256=abc", "sha-256=:abc", "sha-256=:!:", "sha-256=:AAAA:", "sha-256=::x", "=:"] {
            assert!(read("content-digest", bad).is_err(), "{bad}");
        }
        for bad in ["SHA1", "SHA1:", "SHA1:xyz", "SHA1:da39", "MD5:d41d8cd98f00b204e9800998ecf8427"] {
            assert!(read("oc-checksum", bad).is_err(), "{bad}");
        }
        for unknown in ["", "sha3=:abc:", "crc32c=::"] {
            assert_eq!(read("content-digest", unknown), Ok(Announced::default()), "{unknown}");
        }
    }
}
