use waiting_room::RoomSettings;
use waiting_room::audit::Deed;
use waiting_room::memory::Memory;
use waiting_room::store::{Created, Result};

use super::audit::add_deed;
use super::{Operations, take, unexpected};
use crate::failure::RedisFailure;
use crate::fields;
use crate::keys::RoomKeys;

impl Operations {
    pub(crate) async fn create(
        &self,
        keys: &RoomKeys,
        settings: &RoomSettings,
        deed: &Deed,
    ) -> Result<Created> {
        let memory = Memory::of_new_room(settings);
        let mut call = self.create.prepare_invoke();
        for key in keys.all().into_iter().chain([&*keys.audit]) {
            call.key(key);
        }
        call.arg(self.now()).arg(settings.incarnation);
        call.arg(serde_json::to_string(settings).map_err(RedisFailure::from)?);
        call.arg(settings.first_gathering().unix_ms());
        call.arg(u64::try_from(settings.listening_time().as_millis()).unwrap_or(u64::MAX));
        add_deed(&mut call, deed)?;
        call.arg(fields::of_new_room(settings, &memory)?);
        let reply: Vec<redis::Value> = self.connections.run(&call).await?;
        let mut reply = reply.into_iter();
        Ok(match take::<i64>(&mut reply)? {
            0 => Created::New,
            1 => Created::Healing,
            2 => Created::Replaced,
            3 => {
                let known: String = take(&mut reply)?;
                let known: RoomSettings =
                    serde_json::from_str(&known).map_err(RedisFailure::from)?;
                if known == *settings { Created::Unchanged } else { Created::Different }
            }
            4 => Created::Outdated,
            code => return Err(unexpected(code).into()),
        })
    }
}
