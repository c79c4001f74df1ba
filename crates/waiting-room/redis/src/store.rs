//! The port on Redis: each operation is one script.

use async_trait::async_trait;
use kernel::Timestamp;
use waiting_room::PassId;
use waiting_room::gate::Ledger;
use waiting_room::state::{Floor, RoomState};
use waiting_room::store::{
    AdmissionLimits, Arrivals, Created, Entries, FreezeAt, Reading, Redeemed, Redemption, Result,
    RoomStore, RoomStoreError, Signals,
};
use waiting_room::{RoomId, RoomSettings};

use crate::failure::RedisFailure;
use crate::keys::{self, RoomKeys};
use crate::pool::{Connections, RedisConfig};
use crate::ready;
use crate::scripts::{Joined, Scripts};

/// Settings asked for at once.
const SETTINGS_PER_TRIP: usize = 1_000;

/// Rooms in a Redis that all instances share. Cheap to share itself, behind an `Arc`.
///
/// An operation takes one round trip, besides the check of the connection before it; none takes longer
/// than [`RedisConfig::trip_deadline`], `create`, `restore`, `rooms` and `ready` than twice that.
pub struct RedisRoomStore {
    scripts: Scripts,
    key_prefix: String,
    require_durable: bool,
}

impl RedisRoomStore {
    /// A store on this Redis. Connects when it is first used; fails only if the address is no address.
    pub fn new(config: &RedisConfig) -> Result<Self> {
        let connections = Connections::new(config)
            .map_err(|error| RoomStoreError::Unusable(format!("the address of redis: {error}")))?;
        Ok(Self {
            scripts: Scripts::new(connections),
            key_prefix: config.key_prefix.clone(),
            require_durable: config.require_durable,
        })
    }

    fn keys(&self, room: &RoomId) -> RoomKeys {
        RoomKeys::new(&self.key_prefix, room)
    }

    /// Puts the room on the list of rooms. Before it is made: a room that exists must not be missing
    /// from the list, while a name without a room is passed over.
    async fn enlist(&self, room: &RoomId) -> Result<()> {
        let mut command = redis::cmd("SADD");
        command.arg(keys::rooms(&self.key_prefix)).arg(room.as_str());
        Ok(self.scripts.connections.query(&command).await?)
    }

    async fn room_names(&self) -> Result<Vec<RoomId>> {
        let mut command = redis::cmd("SMEMBERS");
        command.arg(keys::rooms(&self.key_prefix));
        let names: Vec<String> = self.scripts.connections.query(&command).await?;
        let invalid = |error| RoomStoreError::Unusable(format!("in the list of rooms, {error}"));
        let mut rooms: Vec<RoomId> =
            names.into_iter().map(|name| name.parse().map_err(invalid)).collect::<Result<_>>()?;
        rooms.sort();
        Ok(rooms)
    }
}

fn known<T>(room: &RoomId, reply: std::result::Result<Option<T>, RedisFailure>) -> Result<T> {
    reply?.ok_or_else(|| RoomStoreError::Forgotten(room.clone()))
}

fn to_json(settings: &RoomSettings) -> Result<String> {
    Ok(serde_json::to_string(settings).map_err(RedisFailure::from)?)
}

fn from_json(settings: &str) -> Result<RoomSettings> {
    Ok(serde_json::from_str(settings).map_err(RedisFailure::from)?)
}

#[async_trait]
impl RoomStore for RedisRoomStore {
    async fn create(&self, settings: &RoomSettings) -> Result<Created> {
        self.enlist(&settings.room).await?;
        let keys = self.keys(&settings.room);
        let reply = self.scripts.create(&keys, &to_json(settings)?, &RoomState::empty()).await?;
        Ok(match reply {
            None => Created::New,
            Some(known) if from_json(&known)? == *settings => Created::Unchanged,
            Some(_) => Created::Different,
        })
    }

    async fn rooms(&self) -> Result<Vec<RoomSettings>> {
        let mut rooms = Vec::new();
        for names in self.room_names().await?.chunks(SETTINGS_PER_TRIP) {
            let mut commands = redis::pipe();
            for name in names {
                commands.get(self.keys(name).settings);
            }
            let found: Vec<Option<String>> = self.scripts.connections.query_all(&commands).await?;
            for settings in found.iter().flatten() {
                rooms.push(from_json(settings)?);
            }
        }
        Ok(rooms)
    }

    async fn sync(&self, room: &RoomId, floor: Floor) -> Result<Option<Reading>> {
        Ok(self.scripts.sync(&self.keys(room), floor).await?)
    }

    async fn restore(
        &self,
        settings: &RoomSettings,
        memory: &RoomState,
        joins_from: Timestamp,
    ) -> Result<()> {
        self.enlist(&settings.room).await?;
        let state = RoomState { epoch: memory.epoch + 1, ..memory.clone() };
        let keys = self.keys(&settings.room);
        self.scripts.restore(&keys, &to_json(settings)?, &state, joins_from).await?;
        Ok(())
    }

    async fn join(&self, room: &RoomId, arrivals: &Arrivals, now: Timestamp) -> Result<Entries> {
        match known(room, self.scripts.join(&self.keys(room), arrivals, now).await)? {
            Joined::Entries(entries) => Ok(entries),
            Joined::Recovering => Err(RoomStoreError::Unavailable("the room is recovering".into())),
        }
    }

    async fn freeze(&self, room: &RoomId, index: usize, boundary: FreezeAt) -> Result<()> {
        known(room, self.scripts.freeze(&self.keys(room), index, boundary).await)
    }

    async fn call(&self, room: &RoomId, call_to: u64, ledger: &Ledger) -> Result<bool> {
        known(room, self.scripts.call(&self.keys(room), call_to, ledger).await)
    }

    async fn redeem(
        &self,
        room: &RoomId,
        redemptions: &[Redemption],
        limits: &AdmissionLimits,
        now: Timestamp,
    ) -> Result<Vec<Redeemed>> {
        known(room, self.scripts.redeem(&self.keys(room), redemptions, limits, now).await)
    }

    async fn leave(&self, room: &RoomId, pass_ids: &[PassId]) -> Result<()> {
        known(room, self.scripts.leave(&self.keys(room), pass_ids).await)
    }

    async fn signal(&self, room: &RoomId, signals: &Signals) -> Result<()> {
        known(room, self.scripts.signal(&self.keys(room), signals).await)
    }

    async fn ready(&self) -> Result<()> {
        let faults = ready::faults(&self.scripts.connections, self.require_durable).await?;
        if faults.is_empty() { Ok(()) } else { Err(RoomStoreError::Unusable(faults.join("; "))) }
    }
}
