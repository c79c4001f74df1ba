//! The key file of a running waiting room is looked at again and again, so that keys rotate without a restart.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use kernel::{Clock, Timestamp};
use metrics::{counter, gauge};
use pass::{IdentityKey, KeySet, PassMacKey, PassMinter};
use tokio::time::MissedTickBehavior;
use waiting_room::draw::Digest;
use waiting_room::service::Signing;

use super::{FixedKeys, KeyFact, KeyFacts, KeyState, WaitingRoomKeys};

/// How soon an instance has what its file says. Its text is read, since the time of a file on a network, or behind the link
/// of a mounted secret, tells nothing.
const EVERY: Duration = Duration::from_secs(2);

/// The keys by which a waiting room signs and verifies.
#[derive(Clone)]
pub struct KeysInForce {
    /// Sign tickets and passes.
    pub signing: Arc<ArcSwap<Signing>>,
    /// Verify passes, and are published.
    pub public: Arc<ArcSwap<KeySet>>,
    /// Marks passes for the booking API, which has the same key.
    pub mac_key: Option<PassMacKey>,
    issuer: String,
}

impl KeysInForce {
    /// These keys, for passes of this issuer.
    #[must_use]
    pub fn new(keys: &WaitingRoomKeys, issuer: &str) -> Self {
        let mac_key = keys.identity.as_ref().map(IdentityKey::pass_mac_key);
        let minter = PassMinter::new(keys.signing_key.clone(), issuer).with_mac(mac_key.clone());
        Self {
            signing: Signing::shared(keys.ticket_keys.clone(), minter),
            public: Arc::new(ArcSwap::from_pointee(keys.public_keys.clone())),
            mac_key,
            issuer: issuer.to_owned(),
        }
    }

    fn take(&self, keys: WaitingRoomKeys) {
        let WaitingRoomKeys { signing_key, public_keys, ticket_keys, .. } = keys;
        let minter = PassMinter::new(signing_key, &self.issuer).with_mac(self.mac_key.clone());
        // What verifies comes first: no pass is signed by a key that is not published.
        self.public.store(Arc::new(public_keys));
        self.signing.store(Arc::new(Signing { ticket_keys, minter }));
    }
}

/// What is looked at, and what was found there last.
#[derive(Clone)]
pub struct KeyWatch {
    path: PathBuf,
    in_force: KeysInForce,
    clock: Arc<dyn Clock>,
    fixed: FixedKeys,
    facts: KeyFacts,
    digest: Digest,
    /// Why the file that is there now is not taken.
    refusal: Option<String>,
}

impl KeyWatch {
    /// Watches the file at `path`, of which `keys` were read.
    #[must_use]
    pub fn new(
        path: PathBuf,
        keys: &WaitingRoomKeys,
        in_force: KeysInForce,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let WaitingRoomKeys { fixed, facts, digest, .. } = keys;
        let (fixed, facts, digest) = (fixed.clone(), facts.clone(), *digest);
        Self { path, in_force, clock, fixed, facts, digest, refusal: None }
    }

    /// Looks over and over, until it is dropped.
    pub async fn keep_watching(mut self) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let path = self.path.clone();
            // A disk that hangs must not hold up those who are served.
            let read = tokio::task::spawn_blocking(move || WaitingRoomKeys::read(&path)).await;
            if let Ok(read) = read {
                self.found(read.map_err(|error| format!("{:#}", anyhow::Error::new(error))));
            }
            self.measure(self.clock.now());
        }
    }

    /// Takes what was found as a whole, or not at all: then the keys in force stay.
    fn found(&mut self, read: Result<WaitingRoomKeys, String>) {
        let judged = read.and_then(|keys| match self.fixed.changed(&keys.fixed).as_slice() {
            [] => Ok(keys),
            changed => Err(format!(
                "{} may not change while the service runs: draws, subjects, reports and tickets that exist depend on it",
                changed.join(" and ")
            )),
        });
        match judged {
            Ok(keys) => {
                if self.refusal.take().is_some() {
                    tracing::info!(file = %self.path.display(), "the key file can be used again");
                }
                if keys.digest != self.digest {
                    self.take(keys);
                }
            }
            Err(why) if self.refusal.as_ref() != Some(&why) => {
                tracing::error!(file = %self.path.display(), why, "the key file cannot be used; the keys of before stay in force");
                counter!("waiting_room_key_files_total", "outcome" => "refused").increment(1);
                self.refusal = Some(why);
            }
            Err(_) => (),
        }
    }

    fn take(&mut self, keys: WaitingRoomKeys) {
        for (kind, before, now) in [
            ("pass", &self.facts.pass, &keys.facts.pass),
            ("ticket", &self.facts.ticket, &keys.facts.ticket),
        ] {
            tell(kind, before, now);
        }
        (self.fixed, self.facts, self.digest) =
            (keys.fixed.clone(), keys.facts.clone(), keys.digest);
        self.in_force.take(keys);
        counter!("waiting_room_key_files_total", "outcome" => "taken").increment(1);
    }

    fn measure(&self, now: Timestamp) {
        gauge!("waiting_room_key_file_refused").set(i32::from(self.refusal.is_some()));
        let mut newest = None;
        for (kind, facts) in [("pass", &self.facts.pass), ("ticket", &self.facts.ticket)] {
            for state in KeyState::ALL {
                let count = facts.iter().filter(|fact| fact.state == state).count();
                let count = u32::try_from(count).unwrap_or(u32::MAX);
                gauge!("waiting_room_keys", "kind" => kind, "state" => state.name()).set(count);
            }
            newest = newest.max(facts.iter().filter_map(|fact| fact.since).max());
            let current = facts.iter().find(|fact| fact.state == KeyState::Current);
            if let Some(since) = current.and_then(|current| current.since) {
                gauge!("waiting_room_key_age_seconds", "kind" => kind).set(now.since(since));
            }
        }
        if let Some(newest) = newest {
            let newest = newest.since(Timestamp::default());
            gauge!("waiting_room_keys_changed_timestamp_seconds").set(newest);
        }
    }
}

/// Tells what has become of the keys of one kind.
fn tell(kind: &str, before: &[KeyFact], now: &[KeyFact]) {
    let ids = |facts: &[KeyFact]| -> BTreeSet<String> {
        facts.iter().map(|fact| fact.id.clone()).collect()
    };
    let told: Vec<String> =
        now.iter().map(|fact| format!("{} {}", fact.state.name(), fact.id)).collect();
    tracing::info!(kind, keys = told.join(", "), "keys were read anew");
    let known = ids(before);
    let gone: Vec<String> = known.difference(&ids(now)).cloned().collect();
    if !gone.is_empty() {
        let keys = gone.join(", ");
        tracing::warn!(
            kind,
            keys,
            "keys are gone: what they have signed is worth nothing any more"
        );
    }
    let signs = now.iter().find(|fact| fact.state == KeyState::Current);
    if let Some(unknown) = signs.filter(|fact| !known.contains(&fact.id)) {
        tracing::warn!(
            kind,
            key = unknown.id,
            "a key signs that was not known before: whoever does not have it yet refuses what it signs"
        );
    }
}

#[cfg(test)]
mod tests;
