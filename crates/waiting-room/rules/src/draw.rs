//! The draw: a public, recomputable permutation of everyone who came before an opening.
//!
//! Before the opening the room publishes `commitment = SHA-256(secret)`. At the opening the number N
//! of gathered entries is frozen and the secret revealed; then
//!
//! ```text
//! seed  = SHA-256("einlass-draw-v1" ‖ len(room) ‖ room ‖ opening ‖ N ‖ secret ‖ len(public) ‖ public)
//! place = first + P(seed, N, entry − first)
//! ```
//!
//! with all integers as 8 bytes big-endian. Nobody can choose the outcome: the operator fixed the
//! secret before knowing N, the citizens do not know the secret. `public` is public entropy that a
//! campaign may announce; empty without.
//!
//! P is a keyed permutation of {0 … N−1}: a generalised Feistel network over ℤa × ℤb with a, b ≥ 16 and a·b ≥ N,
//! walked in cycles until the value is below N (J. Black and P. Rogaway, "Ciphers with Arbitrary
//! Finite Domains", CT-RSA 2002). Its round function is SipHash-2-4 keyed with the first half of the
//! seed. The encoding is frozen: test vectors hold it.

use std::fmt;
use std::hash::Hasher as _;

use aws_lc_rs::{digest, hmac};
use kernel::Slug;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use siphasher::sip::SipHasher24;

const TAG: &[u8] = b"einlass-draw-v1";
const ROUNDS: u64 = 12;
/// The smallest side of the Feistel network: a smaller one reaches only some of all orders.
const SIDE_MIN: u64 = 16;

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
        if text.len() != 64 || !text.is_ascii() {
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

    /// The secret of opening number `opening` of `room`.
    #[must_use]
    pub fn secret(&self, room: &Slug, opening: usize) -> Secret {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&(opening as u64).to_be_bytes());
        context.update(room.as_str().as_bytes());
        let mut bytes = [0; 32];
        bytes.copy_from_slice(context.sign().as_ref());
        Secret(Digest(bytes))
    }
}

impl fmt::Debug for DrawKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DrawKey(…)")
    }
}

/// The seed of a draw, from public data only.
#[must_use]
pub fn seed(room: &Slug, opening: usize, entries: u64, secret: &Secret, public: &[u8]) -> Digest {
    let room = room.as_str().as_bytes();
    Digest::of(&[
        TAG,
        &(room.len() as u64).to_be_bytes(),
        room,
        &(opening as u64).to_be_bytes(),
        &entries.to_be_bytes(),
        &secret.0.0,
        &(public.len() as u64).to_be_bytes(),
        public,
    ])
}

/// A keyed permutation of `0..size`. Evaluating it costs O(1) time and no memory.
#[derive(Clone, Debug)]
pub struct Permutation {
    size: u64,
    rows: u64,
    columns: u64,
    round: SipHasher24,
}

impl Permutation {
    /// The permutation of `0..size` under `seed`.
    #[must_use]
    pub fn new(seed: &Digest, size: u64) -> Self {
        let rows = size.isqrt().max(SIDE_MIN);
        let columns = size.div_ceil(rows).max(SIDE_MIN);
        let mut key = [0; 16];
        key.copy_from_slice(&seed.0[..16]);
        Self { size, rows, columns, round: SipHasher24::new_with_key(&key) }
    }

    /// Where `index` goes.
    ///
    /// # Panics
    /// If `index` is not below the size: there is no such element.
    #[must_use]
    pub fn apply(&self, index: u64) -> u64 {
        assert!(index < self.size, "{index} is outside a permutation of {}", self.size);
        let mut value = index;
        // From 256 elements on a·b < N + √N: a walk hardly ever leaves the range. Below, it takes a·b/N
        // steps on average, which only small rooms pay.
        loop {
            value = self.feistel(value);
            if value < self.size {
                return value;
            }
        }
    }

    /// Black and Rogaway's generalised Feistel network on `0..rows·columns`.
    fn feistel(&self, value: u64) -> u64 {
        let (mut left, mut right) = (value % self.rows, value / self.rows);
        for round in 0..ROUNDS {
            let modulus = if round % 2 == 0 { self.rows } else { self.columns };
            let mixed = (self.round_value(round, right) % modulus + left) % modulus;
            (left, right) = (right, mixed);
        }
        left + self.rows * right
    }

    fn round_value(&self, round: u64, half: u64) -> u64 {
        let mut hasher = self.round;
        hasher.write(&round.to_be_bytes());
        hasher.write(&half.to_be_bytes());
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn room() -> Slug {
        "speyer-2021-06-20".parse().expect("slug")
    }

    /// Frozen: a citizen's copy of these numbers must stay verifiable for years.
    #[test]
    fn test_vectors() {
        let key = DrawKey::new(&[7; 32]);
        let secret = key.secret(&room(), 0);
        let seed = seed(&room(), 0, 10, &secret, b"");
        let permutation = Permutation::new(&seed, 10);
        let places: Vec<u64> = (0..10).map(|entry| permutation.apply(entry)).collect();
        assert_eq!(
            secret.0.to_string(),
            "cd9620dc431d7ce22ffd3939a83431c5a3e0e515585d17008161fadccf13c309"
        );
        assert_eq!(
            secret.commitment().to_string(),
            "8bad3727550c376ed5303c386257005f424866b7b0a87c0612eb7f5b63a8a185"
        );
        assert_eq!(
            seed.to_string(),
            "9c46d7c16837e11238a129d6735c73009a8f9799deae83dc513583a30794f6bf"
        );
        assert_eq!(places, [1, 3, 4, 2, 6, 7, 0, 9, 8, 5]);
        let large = Permutation::new(&seed, 127_261);
        assert_eq!([0, 1, 127_260].map(|entry| large.apply(entry)), [70669, 65516, 54252]);
    }

    #[test]
    fn every_input_of_the_seed_matters() {
        let (one, two) = (DrawKey::new(&[1; 32]), DrawKey::new(&[2; 32]));
        let base = seed(&room(), 0, 10, &one.secret(&room(), 0), b"");
        let other_room: Slug = "speyer-2021-06-2".parse().expect("slug");
        assert_ne!(base, seed(&other_room, 0, 10, &one.secret(&room(), 0), b""));
        assert_ne!(base, seed(&room(), 1, 10, &one.secret(&room(), 0), b""));
        assert_ne!(base, seed(&room(), 0, 11, &one.secret(&room(), 0), b""));
        assert_ne!(base, seed(&room(), 0, 10, &two.secret(&room(), 0), b""));
        assert_ne!(base, seed(&room(), 0, 10, &one.secret(&room(), 0), b"lotto 6 aus 49"));
        assert_ne!(one.secret(&room(), 0), one.secret(&room(), 1));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn is_a_bijection(bytes: [u8; 32], size in 1_u64..3_000) {
            let permutation = Permutation::new(&Digest(bytes), size);
            let mut seen = vec![false; usize::try_from(size).expect("small")];
            for entry in 0..size {
                let place = usize::try_from(permutation.apply(entry)).expect("small");
                prop_assert!(!std::mem::replace(&mut seen[place], true), "place {place} given twice");
            }
        }
    }

    /// Pearson's χ² of (entry, place) over many seeds stays below the 99.99 % quantile.
    #[test]
    fn every_entry_gets_every_place_equally_often() {
        for size in [2_u64, 3, 5, 7, 12] {
            let draws = 4_000_u64;
            let cells = usize::try_from(size).expect("small");
            let mut counts = vec![vec![0_u32; cells]; cells];
            for number in 0..draws {
                let permutation = Permutation::new(&Digest::of(&[&number.to_be_bytes()]), size);
                for (entry, row) in (0..).zip(&mut counts) {
                    row[usize::try_from(permutation.apply(entry)).expect("small")] += 1;
                }
            }
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let expected = draws as f64 / size as f64;
            for (entry, row) in counts.iter().enumerate() {
                let chi_square: f64 =
                    row.iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum();
                // Wilson–Hilferty: the 99.99 % quantile (z = 3.719) for size − 1 degrees of freedom.
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let freedom = (size - 1) as f64;
                let spread = 2.0 / (9.0 * freedom);
                let quantile = freedom * (1.0 - spread + 3.719 * spread.sqrt()).powi(3);
                assert!(chi_square < quantile, "size {size}, entry {entry}: χ² = {chi_square:.1}");
            }
        }
    }

    /// Neighbours in arrival are not neighbours in place: all orders of four come equally often.
    #[test]
    fn every_order_of_four_is_equally_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for number in 0..6_000_u64 {
            let permutation = Permutation::new(&Digest::of(&[&number.to_be_bytes()]), 4);
            *counts.entry([0, 1, 2, 3].map(|entry| permutation.apply(entry))).or_insert(0_i32) += 1;
        }
        assert_eq!(counts.len(), 24);
        for (order, count) in counts {
            assert!((count - 250).abs() < 80, "{order:?} came {count} times");
        }
    }
}
