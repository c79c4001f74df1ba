//! Key pairs in a key file, and which of several keys signs.

use kernel::Timestamp;
use pass::{KeySet, KeySetError, SigningKey, SigningKeyError};
use serde::Deserialize;

use super::state::{KeyState, Standing, states};

/// One key pair.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyPairEntry {
    private_key: String,
    state: Option<KeyState>,
    since: Option<Timestamp>,
}

/// What may be told of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFact {
    /// Its id: of a key pair the `kid`, of a ticket key the number.
    pub id: String,
    /// What it is used for.
    pub state: KeyState,
    /// Since when, if the file says so.
    pub since: Option<Timestamp>,
}

/// What may be told of the keys of one kind, and the number of the one that signs.
pub(super) struct Ranked {
    pub current: usize,
    pub facts: Vec<KeyFact>,
}

impl Ranked {
    /// `keys` has the id of each.
    pub(super) fn of(keys: Vec<(String, Standing)>) -> Result<Self, String> {
        let standings: Vec<Standing> = keys.iter().map(|(_, standing)| *standing).collect();
        let states = states(&standings)?;
        let current = states.iter().position(|state| *state == KeyState::Current);
        let fact = |((id, known), state): ((String, Standing), KeyState)| KeyFact {
            id,
            state,
            since: known.since,
        };
        Ok(Self {
            current: current.ok_or("it is missing")?,
            facts: keys.into_iter().zip(states).map(fact).collect(),
        })
    }
}

/// The key pairs of one kind.
pub(super) struct KeyPairs {
    pub signing: SigningKey,
    pub public: KeySet,
    pub facts: Vec<KeyFact>,
}

impl KeyPairs {
    pub(super) fn of(entries: &[KeyPairEntry]) -> Result<Self, String> {
        let pairs = entries.iter().map(|entry| SigningKey::from_pkcs8_pem(&entry.private_key));
        let pairs: Vec<SigningKey> =
            pairs.collect::<Result<_, _>>().map_err(|error: SigningKeyError| error.to_string())?;
        let public = KeySet::new(pairs.iter().map(|key| key.public_key().clone()))
            .map_err(|error: KeySetError| error.to_string())?;
        let standing = |entry: &KeyPairEntry| Standing { state: entry.state, since: entry.since };
        let ids = pairs.iter().map(|key| key.kid().to_owned());
        let ranked = Ranked::of(ids.zip(entries.iter().map(standing)).collect())?;
        Ok(Self { signing: pairs[ranked.current].clone(), public, facts: ranked.facts })
    }
}
