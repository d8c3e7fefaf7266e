//! Keys of a provider, and tokens that they sign.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

/// A key for ES256, with a name.
pub struct Signer {
    pair: EcdsaKeyPair,
    kid: String,
}

impl Signer {
    pub fn new(kid: &str) -> Self {
        let chance = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &chance).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &chance).expect("the same key");
        Self { pair, kid: kid.to_owned() }
    }

    /// The public half, as it stands among a provider's keys.
    pub fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = (BASE64.encode(&point[1..33]), BASE64.encode(&point[33..]));
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": self.kid, "use": "sig", "alg": "ES256" })
    }

    /// The octets of the public half, for whoever takes it for a shared secret.
    pub fn public(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub fn sign(&self, claims: &Value) -> String {
        self.sign_as(&json!({ "alg": "ES256", "kid": self.kid }), claims)
    }

    pub fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).expect("a signature");
        format!("{signed}.{}", BASE64.encode(signature.as_ref()))
    }
}

/// A token without a signature, but for the dot before it.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}

/// A token with a keyed hash for a signature.
pub fn hs256(kid: &str, secret: &[u8], claims: &Value) -> String {
    let signed = unsigned(&json!({ "alg": "HS256", "kid": kid }), claims);
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
    format!("{signed}.{}", BASE64.encode(ring::hmac::sign(&key, signed.as_bytes())))
}

/// `at_hash` of an access token, for ES256.
pub fn at_hash(access_token: &str) -> String {
    let hash = ring::digest::digest(&ring::digest::SHA256, access_token.as_bytes());
    BASE64.encode(&hash.as_ref()[..16])
}
