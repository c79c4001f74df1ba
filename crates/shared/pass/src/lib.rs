//! The pass: the short-lived signed token that opens the booking API.
//!
//! A pass is a JWT (RFC 7519) signed with `EdDSA` over Ed25519 (RFC 8037), of the type `adm+jwt`, an
//! admission token. The waiting room mints it, the booking API verifies it offline against a key
//! set (RFC 7517). This crate is the whole agreement between the two: the pass, whom it is bound to,
//! and the credential of the reports. It is pure: the time comes in as a parameter and keys come in
//! as text.

mod claims;
pub mod identity;
mod key_set;
mod keys;
mod mac;
mod mint;
mod signals;
mod subject;
mod verify;

pub use claims::{Claims, PassId, SEATS_MAX};
pub use identity::{IdentityKey, IdentityKind};
pub use key_set::{KeySet, KeySetError};
pub use keys::{PublicKey, SigningKey, SigningKeyError};
pub use mac::PassMacKey;
pub use mint::PassMinter;
pub use signals::SignalsCredential;
pub use subject::Subject;
pub use verify::{LEEWAY, PassError, PassVerifier, TOKEN_LENGTH_MAX, self_test};

/// The `typ` of a pass. It keeps a token of another kind, signed with the same key, from being
/// taken for a pass (RFC 8725, section 3.11).
pub const TOKEN_TYPE: &str = "adm+jwt";
