//! The credential of the booking service.

use std::fmt;

use aws_lc_rs::constant_time;

/// The secret that the booking service shows as a bearer token (RFC 6750). Never printed.
#[derive(Clone)]
pub struct ServiceCredential(Box<str>);

impl ServiceCredential {
    /// The credential with this text.
    #[must_use]
    pub fn new(secret: impl Into<Box<str>>) -> Self {
        Self(secret.into())
    }

    /// Whether `presented` is this credential. The time it takes depends on the length only. An empty
    /// credential is shown by nobody, so a forgotten configuration opens no door.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        !self.0.is_empty()
            && constant_time::verify_slices_are_equal(self.0.as_bytes(), presented.as_bytes())
                .is_ok()
    }
}

impl fmt::Debug for ServiceCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceCredential(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_matches() {
        let credential = ServiceCredential::new("correct horse");
        assert!(credential.matches("correct horse"));
        for wrong in ["", "correct", "correct horse ", "Correct horse"] {
            assert!(!credential.matches(wrong), "{wrong}");
        }
        assert!(!ServiceCredential::new("").matches(""));
        assert_eq!(format!("{credential:?}"), "ServiceCredential(…)");
    }
}
