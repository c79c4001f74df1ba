//! The draw: a public, recomputable lot for everyone who came before an opening.
//!
//! Before the opening the room publishes `commitment = SHA-256(secret)`. At the opening the number N
//! of gathered entries is frozen and the secret revealed; then
//!
//! ```text
//! seed  = SHA-256("einlass-draw-v2" ‖ u64(len room) ‖ room ‖ u64(incarnation) ‖ u64(opening) ‖ u64(N)
//!                 ‖ secret ‖ u64(len entropy) ‖ entropy)
//! lot   = the first 64 bits of SHA-256(seed ‖ subject)
//! place = first + ⌊lot · N / 2⁶⁴⌋
//! ```
//!
//! with all integers big-endian. A subject has one lot in a draw, however many tickets stand for it,
//! so further tickets of the same person are worth nothing. Several subjects may share a place; they
//! are called in the same moment, and other places stay empty. Nothing is shuffled and nothing is
//! stored per person: a place follows from the ticket and four numbers of its block.
//!
//! Nobody can choose the outcome: the operator fixed the secret before knowing N, the citizens do not
//! know the secret. `entropy` is public entropy that a campaign may announce, supplied after N was
//! frozen; empty without. The encoding is frozen: test vectors hold it.
//!
//! A lot is uniform among 2⁶⁴ numbers, so two places differ in probability by at most N / 2⁶⁴: for ten
//! million entries, one part in 10¹².

use std::fmt;

use aws_lc_rs::{digest, hmac};
use kernel::Slug;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::door::proof::ProofKey;

mod entropy;
#[cfg(test)]
mod fairness;
pub mod published;

pub use entropy::{InvalidEntropy, PublicEntropy};

const SEED_TAG: &[u8] = b"einlass-draw-v2";
const SECRET_TAG: &[u8] = b"einlass-draw-secret-v2";
const PROOF_TAG: &[u8] = b"einlass-proof-of-work-v1";
const TICKET_ID_TAG: &[u8] = b"einlass-ticket-id-v1\0";

/// 32 bytes, written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// SHA-256 over the concatenation of `parts` (FIPS 180-4).
    #[must_use]
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in parts {
            context.update(part);
        }
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.finish().as_ref());
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Digest {
    type Err = kernel::InvalidId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || kernel::InvalidId {
            text: text.chars().take(64).collect(),
            expected: "64 hexadecimal digits",
        };
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(invalid());
        }
        let mut bytes = [0; 32];
        for (byte, start) in bytes.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&text[start..start + 2], 16).map_err(|_| invalid())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The secret of one opening: published when its draw is held, unknown before.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub Digest);

impl Secret {
    /// What is published in advance.
    #[must_use]
    pub fn commitment(&self) -> Digest {
        Digest::of(&[&self.0.0])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The key that all secrets of a town's draws derive from.
///
/// Deriving them means that nothing secret lies in the store, that every instance knows the same
/// secret, and that a store that forgot everything cannot lose one.
#[derive(Clone)]
pub struct DrawKey(hmac::Key);

impl DrawKey {
    /// The key with these bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The secret of opening number `opening` in this incarnation of `room`.
    #[must_use]
    pub fn secret(&self, room: &Slug, incarnation: u32, opening: usize) -> Secret {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(SECRET_TAG);
        context.update(&u64::from(incarnation).to_be_bytes());
        context.update(&(opening as u64).to_be_bytes());
        context.update(room.as_str().as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.sign().as_ref());
        Secret(Digest(bytes))
    }

    /// A key for something else in this incarnation of `room`; `tag` says for what, and no other begins with it.
    pub(crate) fn derive(&self, tag: &[u8], room: &Slug, incarnation: u32) -> hmac::Key {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(tag);
        context.update(&u64::from(incarnation).to_be_bytes());
        context.update(room.as_str().as_bytes());
        hmac::Key::new(hmac::HMAC_SHA256, context.sign().as_ref())
    }

    /// What the proofs of work are signed with: it says nothing of any draw, and all instances have it.
    pub(crate) fn proof_key(&self) -> ProofKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&self.0, PROOF_TAG).as_ref());
        ProofKey::new(&bytes)
    }

    /// The id of a ticket whose join its client can repeat: the same for the same text. Made by this key and none of
    /// those that sign tickets, since these are replaced while people wait, and then a repetition would be another
    /// arrival.
    #[must_use]
    pub fn ticket_id(&self, room: &Slug, text: &str) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in [TICKET_ID_TAG, room.as_str().as_bytes(), b"\0", text.as_bytes()] {
            context.update(part);
        }
        let mut id = [0; 16];
        id.copy_from_slice(&context.sign().as_ref()[..16]);
        id
    }
}

impl fmt::Debug for DrawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DrawKey(…)")
    }
}

/// The seed of a draw, from public data only. `entries` counts the block's entries over all lanes.
#[must_use]
pub fn seed(
    room: &Slug,
    incarnation: u32,
    opening: usize,
    entries: u64,
    secret: &Secret,
    entropy: &[u8],
) -> Digest {
    let room = room.as_str().as_bytes();
    Digest::of(&[
        SEED_TAG,
        &(room.len() as u64).to_be_bytes(),
        room,
        &u64::from(incarnation).to_be_bytes(),
        &(opening as u64).to_be_bytes(),
        &entries.to_be_bytes(),
        &secret.0.0,
        &(entropy.len() as u64).to_be_bytes(),
        entropy,
    ])
}

/// The lot of `subject` in the draw with this seed: one SHA-256 of 48 bytes.
#[must_use]
pub fn lot(seed: &Digest, subject: &[u8; 16]) -> u64 {
    let mut drawn = [0; 48];
    drawn[..32].copy_from_slice(&seed.0);
    drawn[32..].copy_from_slice(subject);
    let hash = digest::digest(&digest::SHA256, &drawn);
    hash.as_ref()[..8].iter().fold(0, |lot, byte| (lot << 8) | u64::from(*byte))
}

/// The place of a lot in a block, or in one lane of it, that begins at `first` and has `entries` places.
///
/// A block without entries gives its `first`, which is nobody's. `first + entries` must not exceed
/// `u64::MAX`.
#[must_use]
pub fn place_in(first: u64, entries: u64, lot: u64) -> u64 {
    first + ((u128::from(lot) * u128::from(entries)) >> 64) as u64
}

/// The lots of one drawn block, or of one lane of it: all that is needed to place a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lots {
    /// The first entry, and the first place.
    pub first: u64,
    /// How many entries were drawn.
    pub entries: u64,
    /// The seed of the draw.
    pub seed: Digest,
}

impl Lots {
    /// Whether `entry` took part.
    #[must_use]
    pub fn contains(&self, entry: u64) -> bool {
        entry >= self.first && entry - self.first < self.entries
    }

    /// The place drawn for `subject`.
    #[must_use]
    pub fn place(&self, subject: &[u8; 16]) -> u64 {
        place_in(self.first, self.entries, lot(&self.seed, subject))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn room() -> Slug {
        "speyer-2021-06-20".parse().expect("slug")
    }

    fn counting_up() -> [u8; 16] {
        std::array::from_fn(|index| u8::try_from(index).expect("small"))
    }

    /// Frozen: a citizen's copy of these numbers must stay verifiable for years. They were computed by
    /// another program, in Python.
    #[test]
    fn test_vectors() {
        let secret = DrawKey::new(&[7; 32]).secret(&room(), 1, 0);
        assert_eq!(
            secret.0.to_string(),
            "474b4d4e578837367fefc0f8d4d7575bdf323c95ec4026ec2bcfc028c7b81417"
        );
        assert_eq!(
            secret.commitment().to_string(),
            "95ccb15ba273631f68bdeee76238c3bfe0d1b727fba9942ae14e758dce46ed71"
        );
        let alone = seed(&room(), 1, 0, 127_261, &secret, b"");
        assert_eq!(
            alone.to_string(),
            "4e09cc8d9422ba971290df0df88da3d44208ba43754f91d824a24621b6b69de1"
        );
        let drawn = [[0; 16], counting_up(), [255; 16]].map(|subject| lot(&alone, &subject));
        assert_eq!(
            drawn,
            [10_953_052_227_277_312_986, 13_810_896_641_832_550_031, 5_431_540_758_703_379_037]
        );
        assert_eq!(drawn.map(|lot| place_in(0, 127_261, lot)), [75_563, 95_279, 37_471]);
        assert_eq!(drawn.map(|lot| place_in(5, 10, lot)), [10, 12, 7]);
        let announced = seed(&room(), 1, 0, 127_261, &secret, b"3 8 21 22 30 41");
        assert_eq!(
            announced.to_string(),
            "24857b2071751309d3d6319ee5c141fbf53247407ccd352a6f6bf9a6b42ae883"
        );
        let lots = Lots { first: 0, entries: 127_261, seed: announced };
        assert_eq!(
            [[0; 16], counting_up(), [255; 16]].map(|subject| lots.place(&subject)),
            [22_587, 25_444, 68_773]
        );
    }

    #[test]
    fn every_input_of_the_seed_matters() {
        let (one, two) = (DrawKey::new(&[1; 32]), DrawKey::new(&[2; 32]));
        let secret = one.secret(&room(), 1, 0);
        let base = seed(&room(), 1, 0, 10, &secret, b"");
        let other_room: Slug = "speyer-2021-06-2".parse().expect("slug");
        assert_ne!(base, seed(&other_room, 1, 0, 10, &secret, b""));
        assert_ne!(base, seed(&room(), 2, 0, 10, &secret, b""));
        assert_ne!(base, seed(&room(), 1, 1, 10, &secret, b""));
        assert_ne!(base, seed(&room(), 1, 0, 11, &secret, b""));
        assert_ne!(base, seed(&room(), 1, 0, 10, &two.secret(&room(), 1, 0), b""));
        assert_ne!(base, seed(&room(), 1, 0, 10, &secret, b"3 8 21 22 30 41"));
        assert_ne!(secret, one.secret(&room(), 1, 1));
        assert_ne!(secret, one.secret(&room(), 2, 0));
        assert_ne!(secret, one.secret(&other_room, 1, 0));
    }

    #[test]
    fn the_smallest_and_the_largest_lot_stay_inside() {
        assert_eq!(place_in(7, 1, 0), 7);
        assert_eq!(place_in(7, 1, u64::MAX), 7);
        assert_eq!(place_in(7, 10_000_000, u64::MAX), 10_000_006);
        assert_eq!(place_in(0, u64::MAX, u64::MAX), u64::MAX - 1);
        assert_eq!(place_in(7, 0, u64::MAX), 7, "an empty block has no place of its own");
    }

    proptest! {
        /// Every place lies in its block, and a larger lot never stands before a smaller one.
        #[test]
        fn places_lie_in_their_block_in_the_order_of_lots(
            first in 0_u64..u64::MAX / 2, entries in 1_u64..u64::MAX / 2, lots: (u64, u64),
        ) {
            let (low, high) = (lots.0.min(lots.1), lots.0.max(lots.1));
            let places = (place_in(first, entries, low), place_in(first, entries, high));
            prop_assert!(first <= places.0 && places.0 <= places.1);
            prop_assert!(places.1 - first < entries);
        }

        /// P17: one subject draws the same lot with each of a hundred tickets.
        #[test]
        fn further_tickets_of_a_subject_draw_the_same_lot(bytes: [u8; 32], subject: [u8; 16]) {
            let lots = Lots { first: 40, entries: 10_100, seed: Digest(bytes) };
            let places: std::collections::BTreeSet<u64> =
                (0..100).map(|_ticket| lots.place(&subject)).collect();
            prop_assert_eq!(places.len(), 1);
            prop_assert!(places.iter().all(|place| lots.contains(*place)));
        }
    }
}
