//! What messages are signed with.

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use kernel::Timestamp;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";
const LENGTH: std::ops::RangeInclusive<usize> = 24..=64;

/// Some programs write it without what fills it up.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The text is no secret. It is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSecret {
    /// It is written in another way.
    #[error("has no secret: write \"whsec_\" and behind it the base64 of 24 to 64 random bytes")]
    Form,
    /// It can be guessed, or is no key.
    #[error("has a secret of {0} bytes, and needs one of 24 to 64")]
    Length(usize),
}

/// The secrets of one endpoint: the current one, and those that the receiver may still go by.
#[derive(Clone)]
pub struct Secrets(Vec<hmac::Key>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} of them)", self.0.len())
    }
}

impl Secrets {
    /// The secrets of these texts, each such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`.
    pub fn parse<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Self, InvalidSecret> {
        texts.into_iter().map(|text| key(text.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// What the header `webhook-signature` says of a message that is sent at this time: one signature for each secret.
    #[must_use]
    pub fn sign(&self, id: &str, at: Timestamp, body: &str) -> String {
        let signed = format!("{id}.{}.{body}", at.unix_s());
        let signature = |key| {
            let tag = hmac::sign(key, signed.as_bytes());
            format!("v1,{}", STANDARD.encode(tag.as_ref()))
        };
        self.0.iter().map(signature).collect::<Vec<_>>().join(" ")
    }
}

fn key(text: &str) -> Result<hmac::Key, InvalidSecret> {
    let encoded = text.trim().strip_prefix(PREFIX).ok_or(InvalidSecret::Form)?;
    let bytes = TOLERANT.decode(encoded).map_err(|_| InvalidSecret::Form)?;
    let bytes = Zeroizing::new(bytes);
    if !LENGTH.contains(&bytes.len()) {
        return Err(InvalidSecret::Length(bytes.len()));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// The example that the libraries of the standard have in their own tests.
    #[test]
    fn a_signature_is_that_of_the_standard() {
        let secrets = Secrets::parse([SECRET]).expect("a secret");
        let signature = secrets.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            Timestamp::from_unix_s(1_614_265_330),
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_signs() {
        let former = format!("whsec_{}", STANDARD.encode([7; 32]));
        let at = Timestamp::from_unix_s(1);
        let of = |texts: &[&str]| Secrets::parse(texts).expect("secrets").sign("id", at, "{}");
        let both = of(&[SECRET, &former]);
        assert_eq!(both, format!("{} {}", of(&[SECRET]), of(&[&former])));
        let unfilled = former.trim_end_matches('=');
        assert_eq!(of(&[unfilled]), of(&[&former]), "some programs write it without");
    }

    #[test]
    fn what_is_no_secret_is_refused_and_not_shown() {
        let short = format!("whsec_{}", STANDARD.encode([7; 16]));
        for (text, expected) in [
            ("", InvalidSecret::Form),
            ("hunter2", InvalidSecret::Form),
            ("whsec_hunter-2", InvalidSecret::Form),
            (&short, InvalidSecret::Length(16)),
        ] {
            assert_eq!(Secrets::parse([text]).expect_err("refused"), expected, "{text}");
        }
        let shown = format!("{:?}", Secrets::parse([SECRET]).expect("a secret"));
        assert_eq!(shown, "Secrets(1 of them)");
    }
}
