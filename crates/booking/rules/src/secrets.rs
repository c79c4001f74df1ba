//! What is derived from the service's secrets: blind indexes, fingerprints, manage tokens.

use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::CampaignId;
use pass::{IdentityKey, PassId};

use crate::booking::{BookingId, TokenHash};
use crate::pass::PassGrant;
use crate::person::{Person, PersonKey};
use crate::waitlist::WaitlistEntryId;

/// The secrets of the booking service. All instances on one database share them.
#[derive(Clone)]
pub struct BookingSecrets {
    person_key: hmac::Key,
    manage_key: hmac::Key,
    identity: Option<IdentityKey>,
}

/// The scope in which an idempotency key is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdempotencyScope {
    /// The requests made with one pass.
    Pass(PassId),
    /// The requests that manage one booking.
    Booking(BookingId),
    /// The requests that manage one entry of a waitlist.
    Entry(WaitlistEntryId),
}

impl From<&PassGrant> for IdempotencyScope {
    fn from(pass: &PassGrant) -> Self {
        Self::Pass(pass.pass_id)
    }
}

impl From<BookingId> for IdempotencyScope {
    fn from(booking: BookingId) -> Self {
        Self::Booking(booking)
    }
}

impl From<WaitlistEntryId> for IdempotencyScope {
    fn from(entry: WaitlistEntryId) -> Self {
        Self::Entry(entry)
    }
}

impl BookingSecrets {
    /// Secrets of 256 bits each: one for what is known of persons, one for manage tokens. With
    /// another person key no person is recognised any more; with another manage key a repeated
    /// booking request would answer with a token that does not open the booking.
    #[must_use]
    pub fn new(person_key: &[u8; 32], manage_key: &[u8; 32]) -> Self {
        Self {
            person_key: hmac::Key::new(hmac::HMAC_SHA256, person_key),
            manage_key: hmac::Key::new(hmac::HMAC_SHA256, manage_key),
            identity: None,
        }
    }

    /// The same secrets with the key that the waiting room binds passes with.
    #[must_use]
    pub fn with_identity(self, key: IdentityKey) -> Self {
        Self { identity: Some(key), ..self }
    }

    /// The key that passes are bound with, if there is one.
    #[must_use]
    pub fn identity(&self) -> Option<&IdentityKey> {
        self.identity.as_ref()
    }

    /// The blind index of `person` in `campaign`.
    #[must_use]
    pub fn person_key(&self, campaign: &CampaignId, person: &Person) -> PersonKey {
        PersonKey::of(&self.person_key, campaign, person)
    }

    /// The blind index of `person` in `campaign` as version 1 made it.
    #[must_use]
    pub fn former_person_key(&self, campaign: &CampaignId, person: &Person) -> PersonKey {
        PersonKey::of_version_1(&self.person_key, campaign, person)
    }

    /// The token of this generation that manages a booking: 256 bits, derived from its id, so that a
    /// repeated request gets the same one although only its hash is stored. The first generation is 0,
    /// and its token is the one that bookings had before there were generations.
    #[must_use]
    pub fn manage_token(&self, booking: BookingId, generation: u32) -> String {
        let mut token = hmac::Context::with_key(&self.manage_key);
        if generation == 0 {
            token.update(b"einlass manage token v1\0");
            token.update(booking.as_bytes());
        } else {
            token.update(b"einlass manage token v2\0");
            token.update(booking.as_bytes());
            token.update(&generation.to_be_bytes());
        }
        URL_SAFE_NO_PAD.encode(token.sign())
    }

    /// The token that manages an entry of a waitlist, made likewise.
    #[must_use]
    pub fn entry_token(&self, entry: WaitlistEntryId) -> String {
        let mut token = hmac::Context::with_key(&self.manage_key);
        token.update(b"einlass waitlist token v1\0");
        token.update(entry.as_bytes());
        URL_SAFE_NO_PAD.encode(token.sign())
    }

    /// The fingerprint of a request: a keyed hash of its parts, each with its length.
    #[must_use]
    pub fn fingerprint(&self, kind: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut fingerprint = hmac::Context::with_key(&self.person_key);
        fingerprint.update(b"einlass fingerprint v1\0");
        for part in std::iter::once(kind.as_bytes()).chain(parts.iter().copied()) {
            fingerprint.update(&(part.len() as u64).to_be_bytes());
            fingerprint.update(part);
        }
        to_array(fingerprint.sign().as_ref())
    }
}

impl TokenHash {
    /// The hash of a token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(to_array(digest::digest(&digest::SHA256, token.as_bytes()).as_ref()))
    }
}

/// SHA-256 of the scope and the client's key.
#[must_use]
pub fn idempotency_key(scope: IdempotencyScope, key: &str) -> [u8; 32] {
    let mut hash = digest::Context::new(&digest::SHA256);
    let (kind, id) = match &scope {
        IdempotencyScope::Pass(id) => (b"pass\0\0\0\0", id.as_bytes()),
        IdempotencyScope::Booking(id) => (b"booking\0", id.as_bytes()),
        IdempotencyScope::Entry(id) => (b"waitlist", id.as_bytes()),
    };
    hash.update(kind);
    hash.update(id);
    hash.update(key.as_bytes());
    to_array(hash.finish().as_ref())
}

/// The key of the booking at this place in a request for several: SHA-256 of the request's key and the place.
pub(crate) fn key_of_member(key: &[u8; 32], member: usize) -> [u8; 32] {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(b"member\0\0");
    hash.update(key);
    hash.update(&(member as u64).to_be_bytes());
    to_array(hash.finish().as_ref())
}

fn to_array(bytes: &[u8]) -> [u8; 32] {
    bytes.try_into().expect("SHA-256 gives 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manage_token_belongs_to_one_booking_and_one_secret() {
        let secrets = BookingSecrets::new(&[1; 32], &[2; 32]);
        let (first, second) = (BookingId::from_bytes([1; 16]), BookingId::from_bytes([2; 16]));
        let token = secrets.manage_token(first, 0);
        // As it was before there were generations: links of then open their bookings.
        assert_eq!(token, "ZkAwrj3cwkKbrMQMR7z7ZN8gxFpj2H1GpxNhS6C9NFU");
        for generation in [0, 1, 2] {
            let token = secrets.manage_token(first, generation);
            assert_eq!(token.len(), 43);
            assert_eq!(token, secrets.manage_token(first, generation));
            assert_ne!(token, secrets.manage_token(first, generation + 1));
            assert_ne!(token, secrets.manage_token(second, generation));
            let others = BookingSecrets::new(&[1; 32], &[3; 32]);
            assert_ne!(token, others.manage_token(first, generation));
            assert_ne!(
                TokenHash::of(&token),
                TokenHash::of(&others.manage_token(first, generation))
            );
        }
        let of_an_entry = secrets.entry_token(WaitlistEntryId::from_bytes([1; 16]));
        assert_eq!(of_an_entry.len(), 43);
        assert_ne!(of_an_entry, token, "an entry is no booking");
    }

    #[test]
    fn a_fingerprint_tells_requests_apart() {
        let secrets = BookingSecrets::new(&[1; 32], &[2; 32]);
        let fingerprint = secrets.fingerprint("hold", &[b"ab", b"c"]);
        assert_eq!(fingerprint, secrets.fingerprint("hold", &[b"ab", b"c"]));
        assert_ne!(fingerprint, secrets.fingerprint("hold", &[b"a", b"bc"]));
        assert_ne!(fingerprint, secrets.fingerprint("book", &[b"ab", b"c"]));
        assert_ne!(
            fingerprint,
            BookingSecrets::new(&[3; 32], &[2; 32]).fingerprint("hold", &[b"ab", b"c"])
        );
    }

    #[test]
    fn the_same_key_of_another_scope_is_another_key() {
        let (pass, booking) = (PassId::from_bytes([1; 16]), BookingId::from_bytes([1; 16]));
        let key = idempotency_key(IdempotencyScope::Pass(pass), "k");
        assert_eq!(key, idempotency_key(IdempotencyScope::Pass(pass), "k"));
        assert_ne!(key, idempotency_key(IdempotencyScope::Pass(PassId::from_bytes([2; 16])), "k"));
        assert_ne!(key, idempotency_key(IdempotencyScope::Booking(booking), "k"));
    }
}
