//! Minting passes.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use crate::claims::{Claims, SEATS_MAX};
use crate::keys::SigningKey;
use crate::mac::MAC;
use crate::{PassId, PassMacKey, Subject, TOKEN_TYPE};

/// Signs passes with one key in the name of one issuer.
pub struct PassMinter {
    key: SigningKey,
    encoding: EncodingKey,
    header: Header,
    issuer: String,
    mac_key: Option<PassMacKey>,
}

/// The claims in the order and the types of the token.
#[derive(Serialize)]
struct WireClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    jti: PassId,
    iat: i64,
    nbf: i64,
    exp: i64,
    ags: String,
    seats: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<Subject>,
}

impl PassMinter {
    /// Signs with `key` as `issuer`.
    #[must_use]
    pub fn new(key: SigningKey, issuer: impl Into<String>) -> Self {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(key.kid().to_owned());
        let encoding = EncodingKey::from_ed_der(key.pkcs8());
        Self { key, encoding, header, issuer: issuer.into(), mac_key: None }
    }

    /// The same, with a code in each pass for those who share this key.
    #[must_use]
    pub fn with_mac(self, key: Option<PassMacKey>) -> Self {
        Self { mac_key: key, ..self }
    }

    /// Who the passes come from: the `issuer` of every [`Claims`] given to [`Self::mint`].
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The key that signs.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The signed pass. The same claims give the same bytes, so a repeated request can be answered
    /// without having stored the first answer. Costs about one Ed25519 signature.
    ///
    /// # Panics
    /// If the crypto library is broken; in debug builds also if no verifier would accept the claims.
    #[must_use]
    pub fn mint(&self, claims: &Claims) -> String {
        debug_assert_eq!(claims.issuer, self.issuer, "a pass names the issuer that signs it");
        debug_assert!((1..=SEATS_MAX).contains(&claims.seats), "seats: {}", claims.seats);
        debug_assert!(claims.issued_at.unix_s() >= 0, "issued at {}", claims.issued_at);
        debug_assert!(claims.expires_at > claims.issued_at, "a pass lives for a while");
        let issued_at_s = claims.issued_at.unix_s();
        let wire = WireClaims {
            iss: &self.issuer,
            aud: claims.campaign.as_str(),
            jti: claims.pass_id,
            iat: issued_at_s,
            nbf: issued_at_s,
            exp: claims.expires_at.unix_s(),
            ags: claims.ags.to_string(),
            seats: claims.seats,
            sub: claims.binding,
        };
        let Some(key) = &self.mac_key else {
            return jsonwebtoken::encode(&self.header, &wire, &self.encoding)
                .expect("a key that was read once signs");
        };
        let payload = serde_json::to_vec(&wire).expect("claims are always JSON");
        let mut header = self.header.clone();
        header.extras.insert(MAC, key.of(self.key.kid(), &URL_SAFE_NO_PAD.encode(payload)));
        jsonwebtoken::encode(&header, &wire, &self.encoding)
            .expect("a key that was read once signs")
    }
}

impl std::fmt::Debug for PassMinter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PassMinter")
            .field("key", &self.key)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}
