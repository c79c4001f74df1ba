use kernel::Timestamp;
use redis::Value;
use waiting_room::RoomSettings;
use waiting_room::memory::Memory;
use waiting_room::memory::digest::Digest;
use waiting_room::store::{Ask, Reading, Result};

use super::{Operations, add_digest, reply_of, unexpected};
use crate::failure::RedisFailure;
use crate::fields;
use crate::keys::RoomKeys;

/// Whether a memory was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replaced {
    /// It was.
    Done,
    /// Others changed it since it was read.
    Changed,
}

impl Operations {
    /// What Redis has of a room.
    pub(crate) async fn find(&self, keys: &RoomKeys, ask: &Ask) -> Result<Option<Reading>> {
        self.peek(keys, ask).await
    }

    /// What time it is for the scripts.
    pub(crate) async fn time(&self, keys: &RoomKeys) -> Result<Timestamp> {
        if let Some(clock) = &self.clock {
            return Ok(clock.now());
        }
        let (s, us): (i64, i64) =
            self.connections.query_beside(&keys.state, &redis::cmd("TIME")).await?;
        Ok(Timestamp::from_unix_ms(s * 1_000 + us / 1_000))
    }

    /// Gives a room `memory`, if it still has `known`.
    pub(crate) async fn replace(
        &self,
        keys: &RoomKeys,
        settings: &RoomSettings,
        known: Option<&Memory>,
        memory: &Memory,
        quiet_until: Timestamp,
    ) -> Result<Replaced> {
        let is_new_line = known.is_none_or(|known| known.incarnation < memory.incarnation);
        let mut call = self.replace.prepare_invoke();
        for key in keys.all() {
            call.key(key);
        }
        call.arg(self.now());
        match known {
            Some(known) => add_digest(&mut call, &Digest::of(known)),
            None => {
                for _ in 0..11 {
                    call.arg("");
                }
            }
        }
        call.arg(if is_new_line { "anew" } else { "raise" }).arg(memory.incarnation);
        call.arg(serde_json::to_string(settings).map_err(RedisFailure::from)?);
        let fields = if is_new_line {
            fields::of_new_room(settings, memory)?
        } else {
            fields::of_memory(settings, memory)?
        };
        call.arg(fields).arg("quiet_until_ms").arg(quiet_until.unix_ms());
        let reply: Vec<Value> = self.connections.run(&call).await?;
        match reply_of(&settings.room, reply)? {
            (0, _) => Ok(Replaced::Done),
            (1, _) => Ok(Replaced::Changed),
            (code, _) => Err(unexpected(code).into()),
        }
    }
}
