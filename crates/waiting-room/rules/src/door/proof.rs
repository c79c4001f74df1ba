//! Proof of work: what is asked of those who come too often, and of nobody else.
//!
//! The protocol is that of ALTCHA, proof of work v2 (altcha.org): a challenge names the beginning of a key
//! that PBKDF2 derives from some number, and whoever tries the numbers from 0 on finds it. The solution comes
//! back with the challenge, whose signature says that it is one of ours. So nothing is kept of a challenge
//! that was given out.
//!
//! A solution is worth one entry, because it *is* the key under which its join can be repeated
//! ([`JoinKey`](crate::store::JoinKey)): used again, at whichever instance, it gets the same entry. So a
//! challenge is good for as long as such keys are remembered. One that was made for a client's own key is
//! good with that key only.
//!
//! Who cannot compute is given a solution that counts from a later instant on: they pay by waiting.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use altcha::{
    Challenge, ChallengeParameters, HmacAlgorithm, Payload, Solution, VerifySolutionOptions,
    sign_challenge, verify_solution,
};
use aws_lc_rs::pbkdf2;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kernel::{Entropy, Timestamp};
use serde_json::Value;

use crate::draw::Digest;
use crate::settings::RoomId;
use crate::store::JOIN_KEY_MEMORY;

/// How long a challenge is good for: as long as joins can be repeated.
pub const GOOD_FOR: Duration = JOIN_KEY_MEMORY;

/// The hardest level; each asks for twice the work of the one before.
pub const LEVEL_MAX: u8 = 6;

/// The longest text of a proof.
pub const LENGTH_MAX: usize = 2_048;

/// How far a challenge may lag behind the level that is asked by then: it rises while people compute.
const LAG: u8 = 1;

/// How numbers are tried. A thousand rounds are enough for computing to outweigh everything around it in a
/// browser, and few enough for us, who try one number for each challenge.
const ALGORITHM: &str = "PBKDF2/SHA-256";
const ROUNDS: NonZeroU32 = NonZeroU32::new(1_000).expect("a thousand");
const KEY_LENGTH: usize = 32;

/// What a challenge is made for.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// How hard it is: 1 to [`LEVEL_MAX`].
    pub level: u8,
    /// The numbers tried on average at level 1.
    pub work: u32,
    /// The client's key that it is made for; see [`bond`].
    pub bond: Option<&'a str>,
}

/// A proof that holds: its challenge is ours, for this room, solved, and still good.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof {
    nonce: String,
    level: u8,
    bond: Option<String>,
}

/// Whoever knows a challenge's number knows the key of a join.
impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proof(level {})", self.level)
    }
}

impl Proof {
    /// The key under which the join with it can be repeated: the client's own, if the challenge was made for
    /// that, else the challenge itself. `None` if it was made for another: then this join is not proven.
    #[must_use]
    pub fn key<'a>(&'a self, own: Option<&'a str>) -> Option<&'a str> {
        match (own, &self.bond) {
            (Some(own), Some(made_for)) => (bond(own) == *made_for).then_some(own),
            (None, None) => Some(&self.nonce),
            (Some(_), None) | (None, Some(_)) => None,
        }
    }

    /// Whether it is enough where this level is asked.
    #[must_use]
    pub fn suffices(&self, asked: u8) -> bool {
        self.level + LAG >= asked
    }
}

/// What a client's key is called in a challenge and in its address: those are logged, and the key is secret.
#[must_use]
pub fn bond(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Digest::of(&[b"einlass-bond-v1", key.as_bytes()]).0[..16])
}

/// What challenges are signed with.
#[derive(Clone)]
pub struct ProofKey {
    challenges: String,
    solutions: String,
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofKey(…)")
    }
}

impl ProofKey {
    /// The key made of these secret bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        let secret = |tag: &[u8]| Digest::of(&[bytes, tag]).to_string();
        Self { challenges: secret(b"challenges"), solutions: secret(b"solutions") }
    }

    /// A challenge, in the form that ALTCHA's clients take. Tries one number.
    ///
    /// # Panics
    /// Never: what is signed can be written as JSON.
    #[must_use]
    pub fn challenge(
        &self,
        room: &RoomId,
        terms: Terms<'_>,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Challenge {
        let mean = u64::from(terms.work) << (terms.level.clamp(1, LEVEL_MAX) - 1);
        let number = mean / 2 + entropy.u64() % mean.max(1);
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        self.sign(room, terms, number, now, entropy).0
    }

    /// A proof that counts from an instant on, for those who cannot compute. Hand it out sparingly.
    ///
    /// # Panics
    /// Never: what is signed can be written as JSON.
    #[must_use]
    pub fn waiting(
        &self,
        room: &RoomId,
        bond: Option<&str>,
        from: Timestamp,
        entropy: &dyn Entropy,
    ) -> String {
        let terms = Terms { level: LEVEL_MAX, work: 0, bond };
        let (challenge, key) = self.sign(room, terms, 0, from, entropy);
        let solution = Solution { counter: 0, derived_key: key.to_string(), time: None };
        let text = serde_json::to_vec(&Payload { challenge, solution });
        STANDARD.encode(text.expect("a proof can be written as JSON"))
    }

    /// Reads what a client sends as its proof; `None` if it does not hold in this room now. Two HMACs.
    #[must_use]
    pub fn verify(&self, text: &str, room: &RoomId, now: Timestamp) -> Option<Proof> {
        if text.len() > LENGTH_MAX {
            return None;
        }
        let text = STANDARD.decode(text).ok()?;
        let Payload { challenge, solution } = serde_json::from_slice(&text).ok()?;
        let verified = verify_solution(VerifySolutionOptions {
            hmac_key_signature_secret: Some(self.solutions.clone()),
            ..VerifySolutionOptions::new(&challenge, &solution, self.challenges.clone())
        });
        if !verified.is_ok_and(|verified| verified.verified) {
            return None;
        }
        let ChallengeParameters { nonce, data, .. } = challenge.parameters;
        let signed = Signed(data?);
        let is_for = signed.text("room")? == room.as_str();
        let from = signed.time("from")?;
        let level = u8::try_from(signed.0.get("level")?.as_u64()?).ok()?;
        let bond = signed.text("for").map(str::to_owned);
        let is_good = from <= now && now < from.plus(GOOD_FOR);
        (is_for && is_good).then_some(Proof { nonce, level, bond })
    }

    /// A signed challenge and its solution. The end is not said where ALTCHA's clients would look for it: many
    /// of them have a clock that is wrong, and would throw good solutions away.
    fn sign(
        &self,
        room: &RoomId,
        terms: Terms<'_>,
        number: u32,
        from: Timestamp,
        entropy: &dyn Entropy,
    ) -> (Challenge, Digest) {
        let (nonce, salt): ([u8; 16], [u8; 16]) = (entropy.bytes(), entropy.bytes());
        let key = derive(nonce, salt, number);
        let mut data = BTreeMap::from([
            ("room".to_owned(), Value::from(room.as_str())),
            ("level".to_owned(), terms.level.into()),
            ("from".to_owned(), from.unix_ms().into()),
        ]);
        data.extend(terms.bond.map(|bond| ("for".to_owned(), bond.into())));
        let mut parameters = ChallengeParameters {
            algorithm: ALGORITHM.to_owned(),
            cost: ROUNDS.get(),
            data: Some(data),
            expires_at: None,
            key_length: KEY_LENGTH,
            // Half of the key, in two digits a byte.
            key_prefix: key.to_string()[..KEY_LENGTH].to_owned(),
            key_signature: None,
            memory_cost: None,
            nonce: hex(nonce),
            parallelism: None,
            salt: hex(salt),
        };
        let signed = sign_challenge(
            &HmacAlgorithm::Sha256,
            &mut parameters,
            Some(&key.0),
            &self.challenges,
            Some(&self.solutions),
        );
        (signed.expect("a challenge can be written as JSON"), key)
    }
}

/// What we have signed besides the challenge itself.
struct Signed(BTreeMap<String, Value>);

impl Signed {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        self.0.get(name)?.as_i64().map(Timestamp::from_unix_ms)
    }
}

/// The key that a number leads to.
fn derive(nonce: [u8; 16], salt: [u8; 16], number: u32) -> Digest {
    let password = [nonce.as_slice(), &number.to_be_bytes()].concat();
    let mut key = [0; KEY_LENGTH];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ROUNDS, &salt, &password, &mut key);
    Digest(key)
}

fn hex(bytes: [u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests;
