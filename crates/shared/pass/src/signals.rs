//! What the booking API shows when it reports to a room.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::CampaignId;
use zeroize::Zeroizing;

/// The secret text that both key files hold under `signals.credential`. It is shown nowhere: each
/// room accepts only the credential derived for it, so a booking system that reports for one
/// campaign cannot sell out another. An empty text opens nothing: a forgotten configuration is no
/// open door. Cheap to clone. `Debug` does not show it.
#[derive(Clone)]
pub struct SignalsCredential(Option<Arc<hmac::Key>>);

impl SignalsCredential {
    /// The credential with this text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let key = || Arc::new(hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes()));
        Self((!text.is_empty()).then(key))
    }

    /// The bearer token of `campaign`: HMAC-SHA256 of `"einlass signals v1"`, a zero byte and the
    /// campaign's id, in base64url (43 characters); empty if the credential is.
    #[must_use]
    pub fn derive(&self, campaign: &CampaignId) -> Zeroizing<String> {
        let Some(key) = &self.0 else { return Zeroizing::default() };
        let mut message = b"einlass signals v1\0".to_vec();
        message.extend_from_slice(campaign.as_str().as_bytes());
        Zeroizing::new(URL_SAFE_NO_PAD.encode(hmac::sign(key, &message)))
    }

    /// Whether `token` is that of `campaign`. The time it takes depends on the lengths only.
    #[must_use]
    pub fn accepts(&self, campaign: &CampaignId, token: &str) -> bool {
        let expected = self.derive(campaign);
        !expected.is_empty()
            && constant_time::verify_slices_are_equal(expected.as_bytes(), token.as_bytes()).is_ok()
    }
}

impl fmt::Debug for SignalsCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignalsCredential(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_room_has_its_own_credential() {
        let credential = SignalsCredential::new("a shared secret");
        let campaign = |name: &str| name.parse::<CampaignId>().expect("a name");
        let speyer = credential.derive(&campaign("speyer-2021-06-20"));
        assert_eq!(
            *speyer, "oisH3dL1YKAZU1pHIIpCnyBQVtst8pbmdAeWMoDMGJM",
            "foreign booking systems hold it"
        );
        assert!(credential.accepts(&campaign("speyer-2021-06-20"), &speyer));
        assert!(!credential.accepts(&campaign("worms"), &speyer));
        assert!(!credential.accepts(&campaign("speyer-2021-06-20"), "a shared secret"));
        assert!(!SignalsCredential::new("other").accepts(&campaign("speyer-2021-06-20"), &speyer));
        let forgotten = SignalsCredential::new("");
        assert!(!forgotten.accepts(&campaign("worms"), &forgotten.derive(&campaign("worms"))));
        assert_eq!(format!("{credential:?}"), "SignalsCredential(…)");
    }
}
