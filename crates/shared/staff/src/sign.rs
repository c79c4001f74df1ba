//! Signing: tokens of the town's own key, for towns without an identity provider.

use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::Timestamp;
use pass::SigningKey;
use serde::Serialize;

use crate::{Campaigns, Role, Staff};

/// The `iss` of tokens that Einlass signs itself.
pub const ISSUER: &str = "einlass";

/// Their `aud`: neither a pass nor a token for anything else opens what is the staff's.
pub const AUDIENCE: &str = "einlass-staff";

/// Their `typ`.
pub const TOKEN_TYPE: &str = "einlass-staff+jwt";

/// Stands for all campaigns in the claim `campaigns`.
pub(crate) const ALL: &str = "*";

/// The claims in the order and the types of the token.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
    roles: Vec<Role>,
    campaigns: Vec<&'a str>,
}

/// Signs tokens. Whoever has it can be anybody: keep it from the machines that serve citizens, which need
/// only its public half.
pub struct StaffSigner {
    encoding: EncodingKey,
    header: Header,
}

impl StaffSigner {
    /// Signs with this key.
    ///
    /// # Panics
    /// If the crypto library is broken.
    #[must_use]
    pub fn new(key: &SigningKey) -> Self {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TOKEN_TYPE.to_owned());
        header.kid = Some(key.kid().to_owned());
        let encoding = EncodingKey::from_ed_pem(key.to_pkcs8_pem().as_bytes())
            .expect("a key that was read once is a key");
        Self { encoding, header }
    }

    /// A token for `staff` from `now` on, in whole seconds.
    ///
    /// # Panics
    /// If the crypto library is broken.
    #[must_use]
    pub fn issue(&self, staff: &Staff, now: Timestamp, lifetime: Duration) -> String {
        let claims = Claims {
            iss: ISSUER,
            aud: AUDIENCE,
            sub: &staff.subject,
            iat: now.unix_s(),
            exp: now.plus(lifetime).unix_s(),
            roles: staff.roles.iter().copied().collect(),
            campaigns: match &staff.campaigns {
                Campaigns::All => vec![ALL],
                Campaigns::Only(names) => names.iter().map(kernel::CampaignId::as_str).collect(),
            },
        };
        jsonwebtoken::encode(&self.header, &claims, &self.encoding)
            .expect("a key that was read once signs")
    }
}

impl std::fmt::Debug for StaffSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaffSigner").field("kid", &self.header.kid).finish_non_exhaustive()
    }
}
