//! Verifying passes.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation};
use kernel::{Ags, CampaignId, SeededEntropy, Timestamp};
use serde_json::{Map, Value};

use crate::claims::{Claims, PassId, SEATS_MAX};
use crate::key_set::{KeySet, is_key_id};
use crate::mac::MAC;
use crate::{PassMacKey, PassMinter, SigningKey, Subject, TOKEN_TYPE};

/// The longest token that is looked at, in bytes.
pub const TOKEN_LENGTH_MAX: usize = 2 * 1024;

/// How far the clocks of the two services may be apart.
pub const LEEWAY: Duration = Duration::from_secs(5);

/// How long after its end a pass can still repeat what was asked with it before.
pub const REPEATABLE_FOR: Duration = Duration::from_hours(24);

/// Why a token is not a valid pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PassError {
    /// Not a signed JWT, or one with header fields that must be understood and are not.
    #[error("the token is not a signed JWT")]
    Malformed,
    /// Signed with another algorithm than `EdDSA`.
    #[error("the token is not signed with EdDSA")]
    WrongAlgorithm,
    /// A token for something else: its `typ` is not [`TOKEN_TYPE`].
    #[error("the token is not of the type {TOKEN_TYPE}")]
    WrongType,
    /// The key set does not contain the key. The issuer may have rotated its keys: read them again.
    #[error("the key '{kid}' is not known")]
    UnknownKey {
        /// The id of the key.
        kid: String,
    },
    /// Not signed by the key it names, or changed afterwards.
    #[error("the signature does not match")]
    BadSignature,
    /// Minted by somebody else.
    #[error("the pass comes from another issuer")]
    WrongIssuer,
    /// Minted for another campaign.
    #[error("the pass is for another campaign")]
    WrongAudience,
    /// Not valid any more.
    #[error("the pass has expired")]
    Expired,
    /// Not valid yet.
    #[error("the pass is not valid yet")]
    NotYetValid,
    /// A claim is missing, has the wrong type or an impossible value.
    #[error("the claim '{0}' is missing or invalid")]
    ClaimInvalid(&'static str),
}

/// Verifies passes of one issuer against the current key set.
pub struct PassVerifier {
    issuer: String,
    keys: Arc<ArcSwap<KeySet>>,
    validation: Validation,
    mac_key: Option<PassMacKey>,
}

impl PassVerifier {
    /// Accepts passes of `issuer` signed by one of `keys`, which may be replaced at any time.
    #[must_use]
    pub fn new(issuer: impl Into<String>, keys: Arc<ArcSwap<KeySet>>) -> Self {
        // The library checks the signature and nothing else: it would read the system clock, and it
        // skips claims of the wrong type. The claims are checked in `read_claims` and `verify`.
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        Self { issuer: issuer.into(), keys, validation, mac_key: None }
    }

    /// The same, sharing a key with the minter: a pass with the right code in its header needs no check of its
    /// signature, which takes ten times as long. Still only under a signing key that is in the key set.
    #[must_use]
    pub fn with_mac(self, key: Option<PassMacKey>) -> Self {
        Self { mac_key: key, ..self }
    }

    /// What the pass says, if it is valid for `campaign` at `now`. Needs no I/O; costs about one
    /// Ed25519 verification, or one HMAC ([`Self::with_mac`]).
    ///
    /// Claims that are not known are ignored; each known one is strictly typed, and required except
    /// for `sub`. `aud` is a single string: a pass opens one campaign.
    pub fn verify(
        &self,
        token: &str,
        campaign: &CampaignId,
        now: Timestamp,
    ) -> Result<Claims, PassError> {
        self.verify_within(token, campaign, now, Duration::ZERO)
    }

    /// As [`Self::verify`], also for [`REPEATABLE_FOR`] after the end of the pass: whoever lost a reply may
    /// ask for it again. That such a pass begins nothing new is for the caller to see to.
    pub fn verify_to_repeat(
        &self,
        token: &str,
        campaign: &CampaignId,
        now: Timestamp,
    ) -> Result<Claims, PassError> {
        self.verify_within(token, campaign, now, REPEATABLE_FOR)
    }

    fn verify_within(
        &self,
        token: &str,
        campaign: &CampaignId,
        now: Timestamp,
        after_its_end: Duration,
    ) -> Result<Claims, PassError> {
        let claims = read_claims(&self.verified_payload(token)?)?;
        if claims.claims.issuer != self.issuer {
            return Err(PassError::WrongIssuer);
        }
        if claims.claims.campaign != *campaign {
            return Err(PassError::WrongAudience);
        }
        if now.plus(LEEWAY) < claims.not_before {
            return Err(PassError::NotYetValid);
        }
        // RFC 7519, section 4.1.4: not accepted "on or after" this time.
        if now >= claims.claims.expires_at.plus(LEEWAY).plus(after_its_end) {
            return Err(PassError::Expired);
        }
        Ok(claims.claims)
    }

    /// The payload, once it is known to come from whoever has the signing key.
    fn verified_payload(&self, token: &str) -> Result<Map<String, Value>, PassError> {
        if token.len() > TOKEN_LENGTH_MAX {
            return Err(PassError::Malformed);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| PassError::Malformed)?;
        if header.alg != Algorithm::EdDSA {
            return Err(PassError::WrongAlgorithm);
        }
        if header.typ.as_deref() != Some(TOKEN_TYPE) {
            return Err(PassError::WrongType);
        }
        // RFC 7515, section 4.1.11: no extension is understood here, so none may be critical.
        if header.crit.is_some() {
            return Err(PassError::Malformed);
        }
        let kid = header.kid.filter(|kid| is_key_id(kid)).ok_or(PassError::Malformed)?;
        let keys = self.keys.load();
        let Some(key) = keys.decoding_key(&kid) else {
            return Err(PassError::UnknownKey { kid });
        };
        if let Some(mac_key) = &self.mac_key
            && let Some(Value::String(mac)) = header.extras.inner().get(MAC)
            && let Some(payload) = token.split('.').nth(1)
            && mac_key.accepts(&kid, payload, mac)
        {
            return read_payload(payload).ok_or(PassError::Malformed);
        }
        jsonwebtoken::decode(token, key, &self.validation).map(|token| token.claims).map_err(
            |error| match error.kind() {
                ErrorKind::InvalidSignature => PassError::BadSignature,
                _ => PassError::Malformed,
            },
        )
    }
}

impl std::fmt::Debug for PassVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PassVerifier").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

fn read_payload(payload: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

struct TimedClaims {
    claims: Claims,
    not_before: Timestamp,
}

fn read_claims(payload: &Map<String, Value>) -> Result<TimedClaims, PassError> {
    let issued_at = instant(payload, "iat")?;
    let expires_at = instant(payload, "exp")?;
    if expires_at <= issued_at {
        return Err(PassError::ClaimInvalid("exp"));
    }
    let seats = payload
        .get("seats")
        .and_then(Value::as_u64)
        .and_then(|seats| u8::try_from(seats).ok())
        .filter(|seats| (1..=SEATS_MAX).contains(seats))
        .ok_or(PassError::ClaimInvalid("seats"))?;
    let claims = Claims {
        issuer: text(payload, "iss")?.to_owned(),
        campaign: parsed::<CampaignId>(payload, "aud")?,
        pass_id: parsed::<PassId>(payload, "jti")?,
        issued_at,
        expires_at,
        ags: parsed::<Ags>(payload, "ags")?,
        seats,
        binding: binding(payload)?,
    };
    Ok(TimedClaims { claims, not_before: instant(payload, "nbf")? })
}

fn text<'a>(payload: &'a Map<String, Value>, name: &'static str) -> Result<&'a str, PassError> {
    payload.get(name).and_then(Value::as_str).ok_or(PassError::ClaimInvalid(name))
}

fn parsed<T: std::str::FromStr>(
    payload: &Map<String, Value>,
    name: &'static str,
) -> Result<T, PassError> {
    text(payload, name)?.parse().map_err(|_| PassError::ClaimInvalid(name))
}

/// Absent means bound to nobody; anything else must be a subject, or a pass that is bound to somebody
/// would open to everybody.
fn binding(payload: &Map<String, Value>) -> Result<Option<Subject>, PassError> {
    match payload.get("sub") {
        None => Ok(None),
        // One spelling only, so that a claim means the same to everybody who compares it as text.
        Some(_) => parsed::<Subject>(payload, "sub")
            .ok()
            .filter(|subject| text(payload, "sub").is_ok_and(|text| text == subject.to_string()))
            .map(Some)
            .ok_or(PassError::ClaimInvalid("sub")),
    }
}

/// Whole seconds in the 32 bits of an unsigned number: nothing here lives beyond 2106, and no sum
/// with it overflows.
fn instant(payload: &Map<String, Value>, name: &'static str) -> Result<Timestamp, PassError> {
    payload
        .get(name)
        .and_then(Value::as_u64)
        .and_then(|seconds| u32::try_from(seconds).ok())
        .map(|seconds| Timestamp::from_unix_s(i64::from(seconds)))
        .ok_or(PassError::ClaimInvalid(name))
}

/// Mints and verifies a pass with a throw-away key, and checks that a changed one is refused.
///
/// Called at the start of the process: the crypto library chooses its implementation at first use
/// and panics if the build has none or two, which must not wait for the first citizen.
pub fn self_test() -> Result<(), PassError> {
    const ISSUER: &str = "self-test";
    let key = SigningKey::generate(&SeededEntropy::new(0));
    let keys = KeySet::new([key.public_key().clone()]).map_err(|_| PassError::Malformed)?;
    let campaign: CampaignId = ISSUER.parse().map_err(|_| PassError::ClaimInvalid("aud"))?;
    let now = Timestamp::from_unix_s(1_623_650_400);
    let claims = Claims {
        issuer: ISSUER.to_owned(),
        campaign: campaign.clone(),
        pass_id: PassId::from_bytes([7; 16]),
        issued_at: now,
        expires_at: now.plus(Duration::from_mins(15)),
        ags: Ags::from_number(7_318_000).ok_or(PassError::ClaimInvalid("ags"))?,
        seats: SEATS_MAX,
        binding: Some(Subject::from_bytes([9; 16])),
    };
    let token = PassMinter::new(key, ISSUER).mint(&claims);
    let verifier = PassVerifier::new(ISSUER, Arc::new(ArcSwap::from_pointee(keys)));
    if verifier.verify(&token, &campaign, now)? != claims {
        return Err(PassError::Malformed);
    }
    // The first character of the signature: all of its bits count.
    let (signed, signature) = token.rsplit_once('.').ok_or(PassError::Malformed)?;
    let changed = if signature.starts_with('A') { 'B' } else { 'A' };
    match verifier.verify(&format!("{signed}.{changed}{}", &signature[1..]), &campaign, now) {
        Err(PassError::BadSignature) => Ok(()),
        Ok(_) | Err(_) => Err(PassError::BadSignature),
    }
}

#[cfg(test)]
mod tests;
