//! Who of the town hall asks, and what they may.
//!
//! A member of staff shows a JWT (RFC 7519) that names roles and the campaigns they hold for. It comes from
//! one of two places: `einlass token issue` signs with a key of the town's own ([`StaffSigner`]), or an
//! `OpenID` Connect provider does. Both are verified without asking anybody ([`StaffVerifier`]), against the
//! public keys that each of them publishes ([`StaffKeys`]).
//!
//! What a role may do is not known here: that stands where it is done.

mod issuer;
mod keys;
mod member;
mod role;
mod sign;
mod verify;

pub use issuer::{Issuer, ProviderClaims};
pub use keys::{StaffKeys, StaffKeysError};
pub use member::{Campaigns, Staff, is_subject};
pub use role::{Role, UnknownRole};
pub use sign::{AUDIENCE, ISSUER, StaffSigner, TOKEN_TYPE};
pub use verify::{LEEWAY, StaffTokenError, StaffVerifier, TOKEN_LENGTH_MAX};
