//! The quick proof that a pass is genuine, for whoever shares a key with its minter.
//!
//! Verifying a signature is by far the most expensive step of a booking. The waiting room therefore also puts a
//! message authentication code into the header of the pass (RFC 7515, section 4.2: a private header parameter, which
//! everybody else ignores). The booking API compares that first, and verifies the signature where there is no code or
//! another one.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The name of the header parameter.
pub(crate) const MAC: &str = "mac";

/// The key of the codes. Whoever has it can make passes that the booking API accepts. Cheap to clone. `Debug` does
/// not show it.
#[derive(Clone)]
pub struct PassMacKey(Arc<hmac::Key>);

impl PassMacKey {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// The code of a pass, in base64url: the HMAC-SHA256 of `"einlass pass v1"`, the id of the signing key, each
    /// ended by a zero byte, and the second part of the token as it stands there.
    pub(crate) fn of(&self, kid: &str, payload: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.tag(kid, payload))
    }

    /// Whether this is the code of the pass. The time it takes depends on the lengths only.
    pub(crate) fn accepts(&self, kid: &str, payload: &str, mac: &str) -> bool {
        let expected = self.of(kid, payload);
        constant_time::verify_slices_are_equal(expected.as_bytes(), mac.as_bytes()).is_ok()
    }

    fn tag(&self, kid: &str, payload: &str) -> hmac::Tag {
        let mut tag = hmac::Context::with_key(&self.0);
        for part in ["einlass pass v1\0", kid, "\0", payload] {
            tag.update(part.as_bytes());
        }
        tag.sign()
    }
}

impl fmt::Debug for PassMacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PassMacKey(…)")
    }
}
