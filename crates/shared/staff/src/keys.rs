//! The public keys that tokens are verified with, as their issuer publishes them (JWKS, RFC 7517).

use std::collections::BTreeMap;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

/// The longest document that is read, in bytes.
const DOCUMENT_LENGTH_MAX: usize = 256 * 1024;

/// The most keys that are kept.
const KEYS_MAX: usize = 100;

/// A set of keys was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StaffKeysError {
    /// The document is not a JSON object with a list `keys`.
    #[error("the document is not a JWKS")]
    NotJwks,
    /// The document is too long, or has too many keys.
    #[error("the document has more than {DOCUMENT_LENGTH_MAX} bytes or {KEYS_MAX} keys")]
    TooLong,
    /// Somebody published the private half: whoever has seen the document can sign tokens.
    #[error("a key contains its private part: replace the key")]
    PrivateKey,
}

/// Public keys by their ids, each for one algorithm.
#[derive(Clone, Debug, Default)]
pub struct StaffKeys(BTreeMap<String, (Algorithm, DecodingKey)>);

impl StaffKeys {
    /// Reads a JWKS. Keys that cannot sign tokens of staff are skipped, as RFC 7517 section 5 asks: those
    /// without an id, for another use, of another kind than RSA, P-256 and Ed25519, and shared secrets above
    /// all. A key that does not say for which algorithm it is, is for `RS256`, `ES256` or `EdDSA`.
    pub fn from_jwks(document: &str) -> Result<Self, StaffKeysError> {
        if document.len() > DOCUMENT_LENGTH_MAX {
            return Err(StaffKeysError::TooLong);
        }
        let document: Value =
            serde_json::from_str(document).map_err(|_| StaffKeysError::NotJwks)?;
        let keys = document.get("keys").and_then(Value::as_array).ok_or(StaffKeysError::NotJwks)?;
        if keys.len() > KEYS_MAX {
            return Err(StaffKeysError::TooLong);
        }
        if keys.iter().any(is_private) {
            return Err(StaffKeysError::PrivateKey);
        }
        Ok(Self(keys.iter().filter_map(entry).collect()))
    }

    /// Whether there is no key: then no token can be verified.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, kid: &str) -> Option<&(Algorithm, DecodingKey)> {
        self.0.get(kid)
    }
}

/// RFC 7518, section 6: `d` is the private part of every kind of key pair.
fn is_private(key: &Value) -> bool {
    key.get("d").is_some()
}

fn entry(key: &Value) -> Option<(String, (Algorithm, DecodingKey))> {
    let jwk: Jwk = serde_json::from_value(key.clone()).ok()?;
    if jwk.common.public_key_use.as_ref().is_some_and(|r#use| *r#use != PublicKeyUse::Signature) {
        return None;
    }
    let algorithm = algorithm(&jwk)?;
    let decoding = DecodingKey::from_jwk(&jwk).ok()?;
    Some((jwk.common.key_id?, (algorithm, decoding)))
}

/// The one algorithm a key is for: a token cannot choose another.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    match (&jwk.algorithm, jwk.common.key_algorithm) {
        (AlgorithmParameters::RSA(_), None | Some(KeyAlgorithm::RS256)) => Some(Algorithm::RS256),
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::PS256)) => Some(Algorithm::PS256),
        (AlgorithmParameters::EllipticCurve(parameters), None | Some(KeyAlgorithm::ES256))
            if parameters.curve == EllipticCurve::P256 =>
        {
            Some(Algorithm::ES256)
        }
        (AlgorithmParameters::OctetKeyPair(parameters), None | Some(KeyAlgorithm::EdDSA))
            if parameters.curve == EllipticCurve::Ed25519 =>
        {
            Some(Algorithm::EdDSA)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The example key of RFC 8037, appendix A.2.
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn read(keys: &[Value]) -> Result<Vec<(String, Algorithm)>, StaffKeysError> {
        let keys = StaffKeys::from_jwks(&json!({ "keys": keys }).to_string())?.0;
        Ok(keys.into_iter().map(|(kid, (algorithm, _))| (kid, algorithm)).collect())
    }

    #[test]
    fn a_key_is_for_one_algorithm() {
        let ed = json!({"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": X});
        let rsa = |kid: &str, alg: Option<&str>| {
            let mut key = json!({"kty": "RSA", "kid": kid, "n": "sXchTbQA", "e": "AQAB"});
            if let Some(alg) = alg {
                key["alg"] = alg.into();
            }
            key
        };
        let ec = json!({"kty": "EC", "crv": "P-256", "kid": "ec", "x": X, "y": X});
        let keys = [ed, rsa("pss", Some("PS256")), rsa("rsa", None), rsa("old", Some("RS1")), ec];
        let expected = [
            ("ec", Algorithm::ES256),
            ("ed", Algorithm::EdDSA),
            ("pss", Algorithm::PS256),
            ("rsa", Algorithm::RS256),
        ];
        assert_eq!(read(&keys), Ok(expected.map(|(kid, alg)| (kid.to_owned(), alg)).to_vec()));
    }

    #[test]
    fn what_cannot_sign_for_staff_is_skipped() {
        let skipped = [
            json!({"kty": "oct", "kid": "shared", "k": "AAAA", "alg": "HS256"}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": X}),
            json!({"kty": "OKP", "crv": "Ed25519", "kid": "enc", "x": X, "use": "enc"}),
            json!({"kty": "EC", "crv": "P-384", "kid": "p384", "x": X, "y": X}),
            json!({"kty": "new", "kid": "n"}),
            json!("nonsense"),
        ];
        assert_eq!(read(&skipped), Ok(Vec::new()));
    }

    #[test]
    fn a_published_private_key_and_nonsense_are_refused() {
        let private = json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": X, "d": X});
        assert_eq!(read(&[private]), Err(StaffKeysError::PrivateKey));
        assert_eq!(read(&vec![json!({}); KEYS_MAX + 1]), Err(StaffKeysError::TooLong));
        for nonsense in ["", "[]", "{}", r#"{"keys": 1}"#] {
            assert_eq!(StaffKeys::from_jwks(nonsense).err(), Some(StaffKeysError::NotJwks));
        }
    }
}
