//! Signed tokens (JWS compact serialization, RFC 7515 §7.1): whose signature it is, and nothing about what is said.

use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use openidconnect::JsonWebKey;
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm as Algorithm};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Largest token that is read, in bytes. Entra's largest has some 200 groups of 36 characters.
const LARGEST: usize = 64 * 1024;
/// Most keys that are tried on one signature.
const MOST_KEYS: usize = 16;

/// A key of the provider.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) key: CoreJsonWebKey,
    /// Entra says of each key whose tokens it signs, where the same keys stand for many tenants
    /// ("Access tokens in the Microsoft identity platform": validate the signing key issuer).
    pub(super) issuer: Option<String>,
}

/// A token, taken apart; nothing of it is proven.
pub(super) struct Unproven<'t> {
    signed: &'t str,
    signature: Vec<u8>,
    algorithm: Algorithm,
    kid: Option<String>,
    /// The header's `typ`, in lower case.
    pub(super) typ: Option<String>,
    claims: Map<String, Value>,
}

/// A token whose signature is right.
#[derive(Debug)]
pub(super) struct Proven {
    pub(super) claims: Map<String, Value>,
    algorithm: Algorithm,
    key: Key,
}

/// Why a signature proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsigned {
    /// No key of that name fits; the provider may have new ones.
    NoKey,
    /// There is one, and the signature is not its.
    Wrong,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
    cty: Option<Value>,
}

impl<'t> Unproven<'t> {
    /// Takes a token apart. An algorithm without a key pair is refused: `none`, and `HS256` and its like, whose key
    /// would be a secret that others know, too, or our idea of a public key (RFC 8725 §2.1, §3.1).
    pub(super) fn read(token: &'t str) -> Result<Self, String> {
        if token.len() > LARGEST {
            return Err("a token is too large".to_owned());
        }
        let (signed, signature) = token.rsplit_once('.').ok_or("what should be a token is none")?;
        let (header, payload) = signed.split_once('.').ok_or("what should be a token is none")?;
        let header: Header = decoded(header)?;
        if header.crit.is_some() || header.cty.is_some() {
            return Err("a token asks for what is not known here (crit, cty)".to_owned());
        }
        let algorithm = algorithm(&header.alg).ok_or_else(|| {
            format!("a token is signed by {:?}, which is not accepted", header.alg.chars().take(16).collect::<String>())
        })?;
        Ok(Self {
            signed,
            signature: BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| "a token's signature is not base64url")?,
            algorithm,
            kid: header.kid,
            typ: header.typ.map(|typ| typ.to_ascii_lowercase()),
            claims: decoded(payload)?,
        })
    }

    /// Looks whether one of the provider's keys made the signature.
    pub(super) fn prove(&self, keys: &[Key]) -> Result<Proven, Unsigned> {
        let named = |key: &&Key| match (&self.kid, key.key.key_id()) {
            (Some(asked), Some(name)) => asked == name.as_str(),
            (Some(_), None) => false,
            (None, _) => true,
        };
        let mut found = Unsigned::NoKey;
        for key in keys.iter().filter(named).filter(|key| self.may_be_by(key)).take(MOST_KEYS) {
            if key.key.verify_signature(&self.algorithm, self.signed.as_bytes(), &self.signature).is_ok() {
                let (claims, algorithm) = (self.claims.clone(), self.algorithm.clone());
                return Ok(Proven { claims, algorithm, key: key.clone() });
            }
            found = Unsigned::Wrong;
        }
        Err(found)
    }

    /// Whether the key's `use`, `kty` and `alg` allow it: asked by hashing nothing, which has the same rules.
    fn may_be_by(&self, key: &Key) -> bool {
        key.key.hash_bytes(b"", &self.algorithm).is_ok()
    }
}

impl Proven {
    /// The left half of a hash, as `at_hash` has it (OpenID Connect Core 1.0 §3.1.3.6).
    pub(super) fn half_hash(&self, text: &str) -> Option<String> {
        let hash = self.key.key.hash_bytes(text.as_bytes(), &self.algorithm).ok()?;
        Some(BASE64_URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2)?))
    }

    /// Whose tokens the key signs, where the provider says so.
    pub(super) fn key_issuer(&self) -> Option<&str> {
        self.key.issuer.as_deref()
    }
}

/// Reads the keys of a JSON Web Key Set (RFC 7517 §5); those that are not understood are left out.
pub(super) fn keys(set: &Value) -> Arc<[Key]> {
    let all = set.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let read = |value: &Value| {
        let key: CoreJsonWebKey = serde_json::from_value(value.clone()).ok()?;
        let issuer = value.get("issuer").and_then(Value::as_str).map(ToOwned::to_owned);
        is_usable(&key).then_some(Key { key, issuer })
    };
    all.iter().filter_map(read).collect()
}

/// Whether any of the accepted algorithms can be checked by a key.
fn is_usable(key: &CoreJsonWebKey) -> bool {
    ALGORITHMS.iter().any(|(_, algorithm)| key.hash_bytes(b"", algorithm).is_ok())
}

/// All that are accepted, by their names (RFC 7518 §3.1, RFC 8037 §3.1).
const ALGORITHMS: [(&str, Algorithm); 9] = [
    ("RS256", Algorithm::RsaSsaPkcs1V15Sha256),
    ("RS384", Algorithm::RsaSsaPkcs1V15Sha384),
    ("RS512", Algorithm::RsaSsaPkcs1V15Sha512),
    ("PS256", Algorithm::RsaSsaPssSha256),
    ("PS384", Algorithm::RsaSsaPssSha384),
    ("PS512", Algorithm::RsaSsaPssSha512),
    ("ES256", Algorithm::EcdsaP256Sha256),
    ("ES384", Algorithm::EcdsaP384Sha384),
    ("EdDSA", Algorithm::EdDsa),
];

fn algorithm(name: &str) -> Option<Algorithm> {
    ALGORITHMS.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| algorithm.clone())
}

fn decoded<T: serde::de::DeserializeOwned>(part: &str) -> Result<T, String> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| "a token is not base64url")?;
    serde_json::from_slice(&bytes).map_err(|_| "a token does not hold what it should".to_owned())
}
