//! Verifying tokens.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Validation;
use kernel::Timestamp;
use serde_json::{Map, Value};

use crate::member::is_subject;
use crate::{Issuer, Staff};

/// The longest token that is looked at, in bytes: providers put a lot into theirs.
pub const TOKEN_LENGTH_MAX: usize = 8 * 1024;

/// How far our clock and that of an issuer may be apart.
pub const LEEWAY: Duration = Duration::from_secs(30);

/// Why a token opens nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StaffTokenError {
    /// Not a signed JWT, one of another type, or one with header fields that must be understood and are not.
    #[error("the token is not a signed JWT for staff")]
    Malformed,
    /// None of those whose tokens are taken has issued it.
    #[error("the token comes from an issuer that is not configured")]
    UnknownIssuer,
    /// The issuer has not published this key, as far as is known here. It may have changed its keys: read them
    /// again.
    #[error("the key of the token is not known")]
    UnknownKey,
    /// Not signed by the key it names, with another algorithm, or changed afterwards.
    #[error("the signature does not match")]
    BadSignature,
    /// Issued for something else.
    #[error("the token is for somebody else")]
    WrongAudience,
    /// Not valid any more.
    #[error("the token has expired")]
    Expired,
    /// Not valid yet.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It names no role that is known here.
    #[error("the token names no role")]
    NoRole,
    /// A claim is missing, has the wrong type or an impossible value.
    #[error("the claim '{0}' is missing or invalid")]
    ClaimInvalid(&'static str),
}

/// Verifies tokens of a few issuers. Needs no I/O; costs one verification of a signature.
#[derive(Clone, Debug, Default)]
pub struct StaffVerifier(Vec<Issuer>);

impl StaffVerifier {
    /// Takes the tokens of these, which have names of their own; of nobody if there are none.
    #[must_use]
    pub fn new(issuers: Vec<Issuer>) -> Self {
        Self(issuers)
    }

    /// Who shows the token, if it is valid at `now`.
    ///
    /// `exp` is required, `nbf` is respected, `aud` may be one text or a list. Claims that are not known are
    /// ignored.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Staff, StaffTokenError> {
        if token.len() > TOKEN_LENGTH_MAX {
            return Err(StaffTokenError::Malformed);
        }
        let issuer = self.issuer_of(token)?;
        let payload = verified_payload(token, issuer)?;
        if !is_for(&payload, &issuer.audience) {
            return Err(StaffTokenError::WrongAudience);
        }
        let expires_at = instant(&payload, "exp")?.ok_or(StaffTokenError::ClaimInvalid("exp"))?;
        if now >= expires_at.plus(LEEWAY) {
            return Err(StaffTokenError::Expired);
        }
        if instant(&payload, "nbf")?.is_some_and(|not_before| now.plus(LEEWAY) < not_before) {
            return Err(StaffTokenError::NotYetValid);
        }
        Ok(Staff {
            subject: subject(&payload)?,
            roles: issuer.roles(&payload)?,
            campaigns: issuer.campaigns(&payload)?,
        })
    }

    /// Whose keys the token is to be verified with. It is only said here, and proved by the signature.
    fn issuer_of(&self, token: &str) -> Result<&Issuer, StaffTokenError> {
        let payload = token.split('.').nth(1).ok_or(StaffTokenError::Malformed)?;
        let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| StaffTokenError::Malformed)?;
        let payload: Map<String, Value> =
            serde_json::from_slice(&payload).map_err(|_| StaffTokenError::Malformed)?;
        let name = payload.get("iss").and_then(Value::as_str);
        let named = self.0.iter().find(|issuer| name == Some(issuer.name.as_str()));
        named.ok_or(StaffTokenError::UnknownIssuer)
    }
}

/// The payload, once it is known to come from whoever has the signing key.
fn verified_payload(token: &str, issuer: &Issuer) -> Result<Map<String, Value>, StaffTokenError> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| StaffTokenError::Malformed)?;
    let is_of_the_type =
        issuer.token_type.is_none_or(|expected| header.typ.as_deref() == Some(expected));
    // RFC 7515, section 4.1.11: no extension is understood here, so none may be critical.
    if header.crit.is_some() || !is_of_the_type {
        return Err(StaffTokenError::Malformed);
    }
    let kid = header.kid.ok_or(StaffTokenError::Malformed)?;
    let keys = issuer.keys.load();
    let (algorithm, key) = keys.get(&kid).ok_or(StaffTokenError::UnknownKey)?;
    // The library checks the signature and that the algorithm is the key's, and nothing else: it would read the
    // system clock, and it skips claims of the wrong type.
    let mut validation = Validation::new(*algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    jsonwebtoken::decode(token, key, &validation)
        .map(|token| token.claims)
        .map_err(|_| StaffTokenError::BadSignature)
}

fn is_for(payload: &Map<String, Value>, audience: &str) -> bool {
    match payload.get("aud") {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(several)) => several.iter().any(|one| one == audience),
        _ => false,
    }
}

fn subject(payload: &Map<String, Value>) -> Result<String, StaffTokenError> {
    let subject = payload.get("sub").and_then(Value::as_str).filter(|name| is_subject(name));
    subject.map(str::to_owned).ok_or(StaffTokenError::ClaimInvalid("sub"))
}

/// Whole seconds in the 32 bits of an unsigned number: nothing here lives beyond 2106, and no sum with it
/// overflows.
fn instant(
    payload: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<Timestamp>, StaffTokenError> {
    let Some(value) = payload.get(name) else { return Ok(None) };
    let seconds = value.as_u64().and_then(|seconds| u32::try_from(seconds).ok());
    let seconds = seconds.ok_or(StaffTokenError::ClaimInvalid(name))?;
    Ok(Some(Timestamp::from_unix_s(i64::from(seconds))))
}

#[cfg(test)]
mod tests;
