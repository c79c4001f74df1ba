use std::collections::HashMap;
use std::time::Duration;

use kernel::Timestamp;
use redis::{ScriptInvocation, Value};
use waiting_room::RoomId;
use waiting_room::memory::digest::Digest;
use waiting_room::store::{Ask, LEFT_ALONE, Reading, Result};

use super::{Operations, add_digest, pass_keys, reply_of, take};
use crate::fields;
use crate::keys::RoomKeys;

impl Operations {
    /// Reads many rooms in one trip.
    pub(crate) async fn read(&self, asks: &[(RoomKeys, &Ask)]) -> Vec<Result<Reading>> {
        let calls: Vec<_> = asks
            .iter()
            .map(|(keys, ask)| {
                let asked = if ask.digest.is_some() { "known" } else { "first" };
                self.read_call(keys, ask.digest.as_ref(), asked, ask)
            })
            .collect();
        let replies = self.connections.run_many(&calls).await;
        let read = |((_, ask), reply): (&(RoomKeys, &Ask), std::result::Result<Value, _>)| {
            reading(&ask.room, reply?)
        };
        asks.iter().zip(replies).map(read).collect()
    }

    /// Looks at a room without leaving a trace; `None` if it is unknown.
    pub(super) async fn peek(&self, keys: &RoomKeys, ask: &Ask) -> Result<Option<Reading>> {
        let call = self.read_call(keys, None, "peek", ask);
        match reading(&ask.room, self.connections.run(&call).await?) {
            Err(waiting_room::RoomStoreError::Behind(_)) => Ok(None),
            other => other.map(Some),
        }
    }

    fn read_call(
        &self,
        keys: &RoomKeys,
        digest: Option<&Digest>,
        asked: &str,
        ask: &Ask,
    ) -> ScriptInvocation<'_> {
        let mut call = self.read.prepare_invoke();
        for key in pass_keys(keys) {
            call.key(key);
        }
        call.arg(self.now());
        match digest {
            Some(digest) => add_digest(&mut call, digest),
            None => {
                for _ in 0..11 {
                    call.arg("");
                }
            }
        }
        call.arg(asked).arg(ms(ask.claim_window)).arg(ms(ask.listening)).arg(ms(LEFT_ALONE));
        call
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn reading(room: &RoomId, reply: Value) -> Result<Reading> {
    let reply: Vec<Value> =
        redis::from_redis_value(reply).map_err(crate::failure::RedisFailure::from)?;
    let (_, rest) = reply_of(room, reply)?;
    let mut rest = rest.into_iter();
    let now = Timestamp::from_unix_ms(take(&mut rest)?);
    let (active, active_fresh) = (take(&mut rest)?, take(&mut rest)?);
    let fields: HashMap<String, String> = take(&mut rest)?;
    Ok(Reading { now, state: fields::to_state(&fields, active, active_fresh)? })
}
