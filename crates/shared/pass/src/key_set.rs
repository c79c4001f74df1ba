//! The keys that passes are verified with, and their JSON form (JWKS, RFC 7517 and RFC 8037).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use serde_json::{Value, json};

use crate::keys::PublicKey;

/// The longest key id, in characters.
pub(crate) const KID_LENGTH_MAX: usize = 64;

/// A set of keys was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// The document is not a JSON object with a list `keys`.
    #[error("the document is not a JWKS: {0}")]
    NotJwks(String),
    /// The document is larger than [`KeySet::DOCUMENT_LENGTH_MAX`].
    #[error("the document is longer than {} bytes", KeySet::DOCUMENT_LENGTH_MAX)]
    TooLong,
    /// Two keys have the same id, so the id does not say which one is meant.
    #[error("the key id '{0}' is given twice")]
    DuplicateKey(String),
    /// The key has no id that a pass could name.
    #[error("a key has no id, or one that is not 1 to {KID_LENGTH_MAX} visible ASCII characters")]
    InvalidKeyId,
    /// The key is meant for passes and its value is not an Ed25519 public key.
    #[error("the key '{0}' is not 32 bytes in base64url")]
    InvalidKey(String),
    /// Somebody published the private half: whoever has seen the document can mint passes.
    #[error("the key '{0}' contains its private part: replace the key")]
    PrivateKey(String),
}

#[derive(Clone, Debug)]
struct Entry {
    public: PublicKey,
    decoding: DecodingKey,
}

/// The public keys by their ids.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: BTreeMap<String, Entry>,
}

impl KeySet {
    /// The longest JWKS that is read, in bytes.
    pub const DOCUMENT_LENGTH_MAX: usize = 64 * 1024;

    /// The set of these keys.
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> Result<Self, KeySetError> {
        let mut set = Self::default();
        for key in keys {
            set.insert(key)?;
        }
        Ok(set)
    }

    /// Reads a JWKS. Keys that cannot be meant for passes (another type, curve, use or algorithm)
    /// are skipped, as RFC 7517 section 5 asks; a key that is meant for passes and broken is an
    /// error.
    pub fn from_jwks(document: &str) -> Result<Self, KeySetError> {
        if document.len() > Self::DOCUMENT_LENGTH_MAX {
            return Err(KeySetError::TooLong);
        }
        let document: Value = serde_json::from_str(document)
            .map_err(|error| KeySetError::NotJwks(error.to_string()))?;
        let keys = document
            .get("keys")
            .and_then(Value::as_array)
            .ok_or_else(|| KeySetError::NotJwks("the list 'keys' is missing".to_owned()))?;
        let mut set = Self::default();
        for jwk in keys.iter().filter(|jwk| is_meant_for_passes(jwk)) {
            set.insert(public_key(jwk)?)?;
        }
        Ok(set)
    }

    /// The set as a JWKS, ordered by key id.
    #[must_use]
    pub fn to_jwks(&self) -> String {
        let jwk = |entry: &Entry| {
            json!({
                "kty": "OKP",
                "crv": "Ed25519",
                "use": "sig",
                "alg": "EdDSA",
                "kid": entry.public.kid(),
                "x": URL_SAFE_NO_PAD.encode(entry.public.as_bytes()),
            })
        };
        let keys: Vec<Value> = self.keys.values().map(jwk).collect();
        json!({ "keys": keys }).to_string()
    }

    /// The ids of the keys, in order.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is no key: then no pass can be verified.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(crate) fn decoding_key(&self, kid: &str) -> Option<&DecodingKey> {
        self.keys.get(kid).map(|entry| &entry.decoding)
    }

    fn insert(&mut self, public: PublicKey) -> Result<(), KeySetError> {
        let kid = public.kid().to_owned();
        let decoding = DecodingKey::from_ed_der(public.as_bytes());
        match self.keys.insert(kid.clone(), Entry { public, decoding }) {
            None => Ok(()),
            Some(_) => Err(KeySetError::DuplicateKey(kid)),
        }
    }
}

fn is_meant_for_passes(jwk: &Value) -> bool {
    let is = |member: &str, expected: &str| jwk.get(member).is_some_and(|value| value == expected);
    let is_if_given =
        |member: &str, expected: &str| jwk.get(member).is_none() || is(member, expected);
    is("kty", "OKP")
        && is("crv", "Ed25519")
        && is_if_given("use", "sig")
        && is_if_given("alg", "EdDSA")
}

fn public_key(jwk: &Value) -> Result<PublicKey, KeySetError> {
    let kid = jwk
        .get("kid")
        .and_then(Value::as_str)
        .filter(|kid| is_key_id(kid))
        .ok_or(KeySetError::InvalidKeyId)?;
    if jwk.get("d").is_some() {
        return Err(KeySetError::PrivateKey(kid.to_owned()));
    }
    jwk.get("x")
        .and_then(Value::as_str)
        .and_then(|x| URL_SAFE_NO_PAD.decode(x).ok())
        .and_then(|x| <[u8; 32]>::try_from(x).ok())
        .map(|x| PublicKey::new(kid.to_owned(), x))
        .ok_or_else(|| KeySetError::InvalidKey(kid.to_owned()))
}

/// Key ids end up in logs, so only short and visible ones are taken.
pub(crate) fn is_key_id(kid: &str) -> bool {
    (1..=KID_LENGTH_MAX).contains(&kid.len()) && kid.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;
    use kernel::SeededEntropy;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn jwk() -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": X})
    }

    fn read(keys: &[Value]) -> Result<Vec<String>, KeySetError> {
        KeySet::from_jwks(&json!({ "keys": keys }).to_string())
            .map(|set| set.kids().map(str::to_owned).collect())
    }

    fn with(member: &str, value: impl Into<Value>) -> Value {
        let mut jwk = jwk();
        jwk[member] = value.into();
        jwk
    }

    fn without(member: &str) -> Value {
        let mut jwk = jwk();
        jwk.as_object_mut().expect("an object").remove(member);
        jwk
    }

    #[test]
    fn a_set_reads_back_what_it_wrote() {
        let keys = [1, 2].map(|seed| SigningKey::generate(&SeededEntropy::new(seed)));
        let set = KeySet::new(keys.iter().map(|key| key.public_key().clone())).expect("two keys");
        let jwks = set.to_jwks();
        let read = KeySet::from_jwks(&jwks).expect("reads its own JWKS");
        assert_eq!(read.len(), 2);
        assert_eq!(read.to_jwks(), jwks);
        let document: Value = serde_json::from_str(&jwks).expect("JSON");
        for key in document["keys"].as_array().expect("a list") {
            assert_eq!((&key["kty"], &key["crv"]), (&json!("OKP"), &json!("Ed25519")));
            assert_eq!((&key["use"], &key["alg"]), (&json!("sig"), &json!("EdDSA")));
            assert!(key.get("d").is_none());
        }
    }

    #[test]
    fn keys_for_something_else_are_skipped() {
        let others = [
            json!({"kty": "RSA", "kid": "r", "n": "AQAB", "e": "AQAB"}),
            json!({"kty": "oct", "kid": "o", "k": "AAAA"}),
            with("crv", "X25519"),
            with("use", "enc"),
            with("alg", "ES256"),
            json!("not even an object"),
        ];
        for other in others {
            let rest = with("kid", "rest");
            assert_eq!(read(&[other.clone(), rest]), Ok(vec!["rest".to_owned()]), "{other}");
        }
    }

    #[test]
    fn broken_keys_are_refused() {
        let cases = [
            (vec![jwk(), jwk()], KeySetError::DuplicateKey("a".into())),
            (vec![without("kid")], KeySetError::InvalidKeyId),
            (vec![with("kid", 7)], KeySetError::InvalidKeyId),
            (vec![with("kid", "")], KeySetError::InvalidKeyId),
            (vec![with("kid", "a b")], KeySetError::InvalidKeyId),
            (vec![with("kid", "a".repeat(65))], KeySetError::InvalidKeyId),
            (vec![without("x")], KeySetError::InvalidKey("a".into())),
            (vec![with("x", "AAAA")], KeySetError::InvalidKey("a".into())),
            (vec![with("x", format!("{X}="))], KeySetError::InvalidKey("a".into())),
            (vec![with("d", "AAAA")], KeySetError::PrivateKey("a".into())),
        ];
        for (keys, expected) in cases {
            assert_eq!(read(&keys), Err(expected), "{keys:?}");
        }
    }

    #[test]
    fn what_is_not_a_jwks_is_refused() {
        for document in ["", "[]", "{}", r#"{"keys": {}}"#] {
            let error = KeySet::from_jwks(document).expect_err(document);
            assert!(matches!(error, KeySetError::NotJwks(_)), "{document}: {error}");
        }
        let long = " ".repeat(KeySet::DOCUMENT_LENGTH_MAX + 1);
        assert_eq!(KeySet::from_jwks(&long).expect_err("too long"), KeySetError::TooLong);
    }
}
