//! The key file of the waiting room.

use std::collections::BTreeMap;
use std::path::Path;

use kernel::Timestamp;
use pass::{IdentityKey, KeySet, SignalsCredential, SigningKey};
use serde::Deserialize;
use waiting_room::draw::{Digest, DrawKey};
use waiting_room::line::ticket::TicketKeys;

use super::pairs::{KeyFact, KeyPairEntry, KeyPairs, Ranked};
use super::state::{KeyState, Standing};
use super::{CredentialEntry, KeyEntry, KeysError, Secret, credential, invalid, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    pass: Vec<KeyPairEntry>,
    ticket: Vec<TicketKeyEntry>,
    draw: KeyEntry,
    identity: Option<KeyEntry>,
    signals: CredentialEntry,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TicketKeyEntry {
    id: u8,
    key: Secret,
    state: Option<KeyState>,
    since: Option<Timestamp>,
}

/// What the waiting room needs.
pub struct WaitingRoomKeys {
    /// Signs passes.
    pub signing_key: SigningKey,
    /// All public keys that passes may be signed with.
    pub public_keys: KeySet,
    /// Sign tickets.
    pub ticket_keys: TicketKeys,
    /// Fixes the secrets of the draws.
    pub draw_key: DrawKey,
    /// Makes subjects of people; missing in files from before campaigns could ask for identity.
    pub identity: Option<IdentityKey>,
    /// Gives the booking API of each campaign what it shows when it reports.
    pub signals: SignalsCredential,
    /// By what those are known that may not change while the service runs.
    pub fixed: FixedKeys,
    /// What may be told of those that rotate.
    pub facts: KeyFacts,
    /// By what another text of the file is known.
    pub digest: Digest,
}

/// The digests of the keys that may not change while the service runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedKeys {
    draw: Digest,
    identity: Option<Digest>,
    signals: Digest,
    /// A ticket key may come and go, but not become another one of the same number.
    tickets: BTreeMap<u8, Digest>,
}

impl FixedKeys {
    fn of(file: &File) -> Self {
        let digest = |entry: &KeyEntry| Digest::of(&[&entry.key.0[..]]);
        Self {
            draw: digest(&file.draw),
            identity: file.identity.as_ref().map(digest),
            signals: Digest::of(&[file.signals.credential.as_bytes()]),
            tickets: file
                .ticket
                .iter()
                .map(|key| (key.id, Digest::of(&[&key.key.0[..]])))
                .collect(),
        }
    }

    /// The parts of the file that are not the same in `other`.
    #[must_use]
    pub fn changed(&self, other: &Self) -> Vec<String> {
        let sections = [
            ("[draw]", self.draw == other.draw),
            ("[identity]", self.identity == other.identity),
            ("[signals]", self.signals == other.signals),
        ];
        let sections = sections.into_iter().filter(|(_, is_same)| !is_same);
        let tickets = self
            .tickets
            .iter()
            .filter(|(id, key)| other.tickets.get(id).is_some_and(|known| known != *key));
        let tickets = tickets.map(|(id, _)| format!("the ticket key {id}"));
        sections.map(|(name, _)| name.to_owned()).chain(tickets).collect()
    }
}

/// What may be told of the keys that rotate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFacts {
    /// The keys of passes.
    pub pass: Vec<KeyFact>,
    /// The keys of tickets.
    pub ticket: Vec<KeyFact>,
}

impl WaitingRoomKeys {
    /// Reads a key file.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        Self::parse(&read(path)?, path)
    }

    /// Reads the text of a key file; `path` is named in errors.
    pub fn parse(text: &str, path: &Path) -> Result<Self, KeysError> {
        let file: File = toml::from_str(text).map_err(|error| invalid(path, &error))?;
        let refuse = |reason: String| KeysError::Invalid { path: path.to_owned(), reason };
        let passes = KeyPairs::of(&file.pass).map_err(|why| refuse(format!("[[pass]]: {why}")))?;
        let (ticket_keys, tickets) =
            ticket_keys(&file.ticket).map_err(|why| refuse(format!("[[ticket]]: {why}")))?;
        Ok(Self {
            signing_key: passes.signing,
            public_keys: passes.public,
            ticket_keys,
            draw_key: DrawKey::new(&file.draw.key.0),
            identity: file.identity.as_ref().map(|entry| IdentityKey::new(&entry.key.0)),
            signals: credential(&file.signals).map_err(refuse)?,
            fixed: FixedKeys::of(&file),
            facts: KeyFacts { pass: passes.facts, ticket: tickets },
            digest: Digest::of(&[text.as_bytes()]),
        })
    }
}

fn ticket_keys(entries: &[TicketKeyEntry]) -> Result<(TicketKeys, Vec<KeyFact>), String> {
    let standing = |entry: &TicketKeyEntry| Standing { state: entry.state, since: entry.since };
    let keys = entries.iter().map(|entry| (entry.id.to_string(), standing(entry)));
    let ranked = Ranked::of(keys.collect())?;
    let current = &entries[ranked.current];
    let mut keys = TicketKeys::new(current.id, &current.key.0);
    for (_, entry) in entries.iter().enumerate().filter(|(number, _)| *number != ranked.current) {
        keys = keys.accepting(entry.id, &entry.key.0).ok_or_else(|| {
            format!(
                "the id {} is given twice, so one of the keys would be lost with all its tickets; give \
                 each key its own",
                entry.id
            )
        })?;
    }
    Ok((keys, ranked.facts))
}
