//! The Ed25519 keys: the one that signs and the ones that verify.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::Entropy;
use zeroize::Zeroizing;

const PEM_TAG: &str = "PRIVATE KEY";

/// A signing key could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// The text is not a PEM file with one `PRIVATE KEY` in it.
    #[error("the file is not a PEM file with one section '{PEM_TAG}' (PKCS#8)")]
    NotPem,
    /// The content is not a PKCS#8 private key for Ed25519.
    #[error("the key is not an Ed25519 private key in PKCS#8")]
    NotEd25519,
}

/// The private key that signs passes.
///
/// Its key id is the thumbprint of its public key (RFC 7638), so two services that read the same
/// key file agree on the id without being told.
#[derive(Clone)]
pub struct SigningKey {
    pkcs8: Zeroizing<Vec<u8>>,
    public: PublicKey,
}

impl SigningKey {
    /// A new key, made of 32 bytes of `entropy`: the same entropy gives the same key.
    ///
    /// # Panics
    /// If the crypto library is broken.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let seed = Zeroizing::new(entropy.bytes::<32>());
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).expect("any 32 bytes are a seed");
        // Version 1, because OpenSSL's command line cannot read version 2.
        let pkcs8 = pair.to_pkcs8v1().expect("a key pair can be written down");
        Self { pkcs8: Zeroizing::new(pkcs8.as_ref().to_vec()), public: PublicKey::of_pair(&pair) }
    }

    /// Reads a PKCS#8 key as `openssl genpkey -algorithm ED25519` writes it.
    pub fn from_pkcs8_pem(text: &str) -> Result<Self, SigningKeyError> {
        let section = pem::parse(text).map_err(|_| SigningKeyError::NotPem)?;
        if section.tag() != PEM_TAG {
            return Err(SigningKeyError::NotPem);
        }
        Self::from_pkcs8_der(&Zeroizing::new(section.into_contents()))
    }

    /// Reads a PKCS#8 key in its binary form.
    pub fn from_pkcs8_der(der: &[u8]) -> Result<Self, SigningKeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(der).map_err(|_| SigningKeyError::NotEd25519)?;
        Ok(Self { pkcs8: Zeroizing::new(der.to_vec()), public: PublicKey::of_pair(&pair) })
    }

    /// The key as a PKCS#8 PEM file.
    #[must_use]
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(pem::encode(&pem::Pem::new(PEM_TAG, self.pkcs8.as_slice())))
    }

    /// The key's id.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.public.kid()
    }

    /// What verifies this key's signatures.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid()).finish_non_exhaustive()
    }
}

/// A public key and the id it is found under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    kid: String,
    bytes: [u8; 32],
}

impl PublicKey {
    pub(crate) fn new(kid: String, bytes: [u8; 32]) -> Self {
        Self { kid, bytes }
    }

    fn of_pair(pair: &Ed25519KeyPair) -> Self {
        let bytes: [u8; 32] =
            pair.public_key().as_ref().try_into().expect("an Ed25519 public key has 32 bytes");
        Self { kid: thumbprint(&bytes), bytes }
    }

    /// The key's id.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key itself (RFC 8032, section 5.1.5).
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

/// The thumbprint of RFC 7638: the hash of the required members in alphabetical order, no spaces.
fn thumbprint(public: &[u8; 32]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::SeededEntropy;

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037_appendix_a_3() {
        let x = URL_SAFE_NO_PAD
            .decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
            .expect("base64url");
        let public: [u8; 32] = x.try_into().expect("32 bytes");
        assert_eq!(thumbprint(&public), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_key_survives_its_file() {
        let key = SigningKey::generate(&SeededEntropy::new(1));
        let read = SigningKey::from_pkcs8_pem(&key.to_pkcs8_pem()).expect("reads its own file");
        assert_eq!(read.public_key(), key.public_key());
        assert_eq!(read.pkcs8(), key.pkcs8());
        let same = SigningKey::generate(&SeededEntropy::new(1));
        let other = SigningKey::generate(&SeededEntropy::new(2));
        assert_eq!(same.kid(), key.kid());
        assert_ne!(other.kid(), key.kid());
    }

    #[test]
    fn a_key_made_by_openssl_is_read() {
        // `openssl genpkey -algorithm ED25519`, the example key of RFC 8410, section 10.3.
        let text = "-----BEGIN PRIVATE KEY-----\n\
                    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                    -----END PRIVATE KEY-----\n";
        let key = SigningKey::from_pkcs8_pem(text).expect("a valid key");
        assert_eq!(
            URL_SAFE_NO_PAD.encode(key.public_key().as_bytes()),
            "Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE"
        );
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
        let garbage = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        let error = |text: &str| SigningKey::from_pkcs8_pem(text).expect_err("refused");
        assert_eq!(error(""), SigningKeyError::NotPem);
        assert_eq!(error(public), SigningKeyError::NotPem);
        assert_eq!(error(garbage), SigningKeyError::NotEd25519);
    }

    #[test]
    fn debug_does_not_print_the_secret() {
        let key = SigningKey::generate(&SeededEntropy::new(1));
        let expected = format!("SigningKey {{ kid: {:?}, .. }}", key.kid());
        assert_eq!(format!("{key:?}"), expected);
    }
}
