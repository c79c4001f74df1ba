//! The port on Redis: each operation is one script.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kernel::{Clock, Timestamp};
use waiting_room::audit::{Deed, Record, Wanted};
use waiting_room::memory::digest::Digest;
use waiting_room::memory::{Memory, heal};
use waiting_room::notice::Notices;
use waiting_room::resume::{KeptTicket, ResumeName};
use waiting_room::state::BookingReport;
use waiting_room::store::{
    Arrivals, Ask, Call, Created, Freeze, JoinReply, Reading, Redeemed, Redemption, Result,
    RoomStore, RoomStoreError, SetLive,
};
use waiting_room::{PassId, RoomId, RoomSettings};

use crate::failure::RedisFailure;
use crate::keys::{self, RoomKeys};
use crate::operations::{Operations, Replaced};
use crate::topology::{Connections, RedisConfig, SetupError};

/// How often a merge is tried again when others changed the room meanwhile.
const MERGE_ATTEMPTS: u32 = 10;

/// Rooms in a Redis that all instances share. Cheap to share itself, behind an `Arc`.
///
/// An operation takes one round trip; none takes longer than [`RedisConfig::trip_deadline`], `create`,
/// `merge`, `remove` and `ready` than a few times that.
pub struct RedisRoomStore {
    operations: Operations,
    key_prefix: String,
    require_durable: bool,
}

impl RedisRoomStore {
    /// A store on this Redis. Connects when it is first used; fails only if the certificate authority cannot
    /// be used.
    pub fn new(config: &RedisConfig) -> std::result::Result<Self, SetupError> {
        Self::with_clock(config, None)
    }

    /// A store whose operations go by `clock` instead of Redis's own, so that a test can set the time.
    pub fn with_clock(
        config: &RedisConfig,
        clock: Option<Arc<dyn Clock>>,
    ) -> std::result::Result<Self, SetupError> {
        let connections = Connections::new(config)?;
        Ok(Self {
            operations: Operations::new(connections, clock),
            key_prefix: config.key_prefix.clone(),
            require_durable: config.require_durable,
        })
    }

    fn keys(&self, room: &RoomId) -> RoomKeys {
        RoomKeys::new(&self.key_prefix, room)
    }

    fn command(&self, name: &str) -> redis::Cmd {
        let mut command = redis::cmd(name);
        command.arg(keys::rooms(&self.key_prefix));
        command
    }

    /// Puts the room on the list of rooms. Before it is made: a room that exists must not be missing
    /// from the list, while a name without a room is passed over.
    async fn enlist(&self, room: &RoomId) -> Result<()> {
        let mut command = self.command("ZADD");
        command.arg(0).arg(room.as_str());
        Ok(self.operations.connections.query(&command).await?)
    }

    /// Takes the room off the list if it does not exist. Should it come into being meanwhile, it is put back.
    async fn strike_off(&self, room: &RoomId) -> Result<()> {
        let mut exists = redis::cmd("HEXISTS");
        exists.arg(self.keys(room).state).arg("incarnation");
        if self.operations.connections.query(&exists).await? {
            return Ok(());
        }
        let mut command = self.command("ZREM");
        command.arg(room.as_str());
        let _: u64 = self.operations.connections.query(&command).await?;
        if self.operations.connections.query(&exists).await? {
            self.enlist(room).await?;
        }
        Ok(())
    }

    /// The question for what Redis has, whatever that is.
    fn ask(settings: &RoomSettings) -> Ask {
        Ask {
            room: settings.room.clone(),
            digest: None,
            claim_window: Duration::from_secs(settings.gate.claim_window_s.into()),
            listening: Duration::ZERO,
        }
    }
}

/// From which name on a list goes on behind `name`.
fn behind(name: &[u8]) -> Vec<u8> {
    [b"(", name].concat()
}

#[async_trait]
impl RoomStore for RedisRoomStore {
    async fn create(&self, settings: &RoomSettings, deed: &Deed) -> Result<Created> {
        self.enlist(&settings.room).await?;
        let created = self.operations.create(&self.keys(&settings.room), settings, deed).await?;
        match created {
            Created::Outdated => self.strike_off(&settings.room).await?,
            Created::New
            | Created::Healing
            | Created::Unchanged
            | Created::Replaced
            | Created::Different => (),
        }
        Ok(created)
    }

    async fn list(&self, after: Option<&RoomId>, limit: usize) -> Result<Vec<RoomId>> {
        let mut from = after.map_or_else(|| b"-".to_vec(), |room| behind(room.as_str().as_bytes()));
        let mut rooms = Vec::new();
        while rooms.len() < limit {
            let wanted = limit - rooms.len();
            let mut command = self.command("ZRANGE");
            command.arg(from).arg("+").arg("BYLEX").arg("LIMIT").arg(0).arg(wanted);
            let names: Vec<Vec<u8>> = self.operations.connections.query(&command).await?;
            // A name that no room can have was put there by another hand, and is none of ours (P20).
            rooms.extend(
                names.iter().filter_map(|name| std::str::from_utf8(name).ok()?.parse().ok()),
            );
            match names.last() {
                Some(last) if names.len() == wanted => from = behind(last),
                Some(_) | None => break,
            }
        }
        Ok(rooms)
    }

    async fn settings(&self, room: &RoomId) -> Result<Option<RoomSettings>> {
        let mut command = redis::cmd("GET");
        command.arg(self.keys(room).settings);
        let settings: Option<String> = self.operations.connections.query(&command).await?;
        let unreadable = |error: serde_json::Error| {
            RedisFailure::NotUnderstood(format!("the settings of room {room}: {error}"))
        };
        let read = |text: String| serde_json::from_str(&text).map_err(unreadable);
        Ok(settings.map(read).transpose()?)
    }

    async fn read(&self, asks: &[Ask]) -> Result<Vec<Result<Reading>>> {
        let asks: Vec<_> = asks.iter().map(|ask| (self.keys(&ask.room), ask)).collect();
        Ok(self.operations.read(&asks).await)
    }

    async fn merge(
        &self,
        settings: &RoomSettings,
        memory: &Memory,
        quiet: Duration,
    ) -> Result<Reading> {
        let (keys, ask) = (self.keys(&settings.room), Self::ask(settings));
        for _ in 0..MERGE_ATTEMPTS {
            let known = self.operations.find(&keys, &ask).await?;
            let (now, state) = if let Some(Reading { now, state }) = known {
                (now, Some(state))
            } else {
                // In a Cluster the list lies on one master; a room on another heals without it.
                if let Err(error) = self.enlist(&settings.room).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(room = %settings.room, error, "the room could not be listed");
                }
                (self.operations.time(&keys).await?, None)
            };
            let is_quiet = state.as_ref().is_some_and(|state| now < state.quiet_until);
            let stored = state.as_ref().map(|state| &state.memory);
            if stored.is_some_and(|stored| stored.incarnation > memory.incarnation) {
                return Err(RoomStoreError::Replaced(settings.room.clone()));
            }
            let Some(healed) = heal(stored, memory, is_quiet, now) else {
                if let Some(state) = state {
                    return Ok(Reading { now, state });
                }
                continue;
            };
            let quiet_until = state.as_ref().map_or(now, |state| state.quiet_until);
            let quiet_until = quiet_until.max(now.plus(quiet));
            let replaced =
                self.operations.replace(&keys, settings, stored, &healed, quiet_until).await;
            if matches!(replaced, Err(RoomStoreError::Replaced(_))) {
                self.strike_off(&settings.room).await?;
            }
            match replaced? {
                Replaced::Done | Replaced::Changed => (),
            }
        }
        Err(RoomStoreError::Unavailable("others keep changing the room".into()))
    }

    async fn join(&self, room: &RoomId, digest: &Digest, arrivals: &Arrivals) -> Result<JoinReply> {
        self.operations.join(&self.keys(room), room, digest, arrivals).await
    }

    async fn freeze(&self, room: &RoomId, digest: &Digest, freeze: Freeze) -> Result<()> {
        self.operations.freeze(&self.keys(room), room, digest, freeze).await
    }

    async fn call(&self, room: &RoomId, digest: &Digest, call: &Call) -> Result<bool> {
        self.operations.call(&self.keys(room), room, digest, call).await
    }

    async fn redeem(
        &self,
        room: &RoomId,
        digest: &Digest,
        redemptions: &[Redemption],
    ) -> Result<Vec<Redeemed>> {
        self.operations.redeem(&self.keys(room), room, digest, redemptions).await
    }

    async fn end_passes(&self, room: &RoomId, digest: &Digest, pass_ids: &[PassId]) -> Result<()> {
        self.operations.end_passes(&self.keys(room), room, digest, pass_ids).await
    }

    async fn pass_ends(
        &self,
        room: &RoomId,
        digest: &Digest,
        pass_ids: &[PassId],
    ) -> Result<Vec<Option<Timestamp>>> {
        self.operations.pass_ends(&self.keys(room), room, digest, pass_ids).await
    }

    async fn keep_tickets(
        &self,
        room: &RoomId,
        digest: &Digest,
        kept: &[KeptTicket],
    ) -> Result<Vec<bool>> {
        self.operations.keep_tickets(&self.keys(room), room, digest, kept).await
    }

    async fn take_tickets(
        &self,
        room: &RoomId,
        digest: &Digest,
        names: &[ResumeName],
    ) -> Result<Vec<Option<Vec<u8>>>> {
        self.operations.take_tickets(&self.keys(room), room, digest, names).await
    }

    async fn report(&self, room: &RoomId, digest: &Digest, report: &BookingReport) -> Result<()> {
        self.operations.report(&self.keys(room), room, digest, report).await
    }

    async fn set_live(&self, room: &RoomId, digest: &Digest, set: &SetLive) -> Result<bool> {
        self.operations.set_live(&self.keys(room), room, digest, set).await
    }

    async fn supply_entropy(
        &self,
        room: &RoomId,
        digest: &Digest,
        opening: u16,
        entropy: &str,
        deed: &Deed,
    ) -> Result<bool> {
        let keys = self.keys(room);
        self.operations.supply_entropy(&keys, room, digest, opening, entropy, deed).await
    }

    async fn notices(&self, room: &RoomId) -> Result<Option<Notices>> {
        let mut command = redis::cmd("HGET");
        command.arg(self.keys(room).state).arg("notices");
        let notices: Option<String> = self.operations.connections.query(&command).await?;
        let unreadable = |error: serde_json::Error| {
            RedisFailure::NotUnderstood(format!("what there is to tell of room {room}: {error}"))
        };
        let read = |text: String| serde_json::from_str(&text).map_err(unreadable);
        Ok(notices.map(read).transpose()?)
    }

    async fn set_notices(&self, room: &RoomId, digest: &Digest, notices: &Notices) -> Result<bool> {
        self.operations.set_notices(&self.keys(room), room, digest, notices).await
    }

    async fn remove(&self, room: &RoomId, deed: &Deed) -> Result<bool> {
        let was_there = self.operations.remove(&self.keys(room), deed).await?;
        self.strike_off(room).await?;
        Ok(was_there)
    }

    async fn audit(&self, room: &RoomId, wanted: Wanted, limit: usize) -> Result<Vec<Record>> {
        self.operations.audit(&self.keys(room), wanted, limit).await
    }

    async fn ready(&self) -> Result<()> {
        let faults = self.operations.connections.faults(self.require_durable).await?;
        if faults.is_empty() { Ok(()) } else { Err(RoomStoreError::Unusable(faults.join("; "))) }
    }
}
