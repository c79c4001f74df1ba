use std::collections::HashMap;

use kernel::Timestamp;
use redis::{ScriptInvocation, Value};
use waiting_room::audit::{Deed, RECORDS_MAX, Record, RecordId, Wanted};
use waiting_room::store::Result;

use super::{Operations, take};
use crate::failure::RedisFailure;
use crate::keys::RoomKeys;

impl Operations {
    /// What operators did. A record that cannot be understood is none of ours, and left out (P20).
    pub(crate) async fn audit(
        &self,
        keys: &RoomKeys,
        wanted: Wanted,
        limit: usize,
    ) -> Result<Vec<Record>> {
        // Redis refuses to look before the first possible id and behind the last one.
        let ends = [Wanted::Before(Some(RecordId::FIRST)), Wanted::After(Some(RecordId::LAST))];
        if ends.contains(&wanted) {
            return Ok(Vec::new());
        }
        let mut command = match wanted {
            Wanted::After(after) => {
                let from = after.map_or_else(|| "-".to_owned(), |after| format!("({after}"));
                let mut command = redis::cmd("XRANGE");
                command.arg(&keys.audit).arg(from).arg("+");
                command
            }
            Wanted::Before(before) => {
                let from = before.map_or_else(|| "+".to_owned(), |before| format!("({before}"));
                let mut command = redis::cmd("XREVRANGE");
                command.arg(&keys.audit).arg(from).arg("-");
                command
            }
        };
        command.arg("COUNT").arg(limit);
        let records: Vec<Vec<Value>> = self.connections.query(&command).await?;
        Ok(records.into_iter().filter_map(read).collect())
    }
}

fn read(record: Vec<Value>) -> Option<Record> {
    let mut parts = record.into_iter();
    let id: String = take(&mut parts).ok()?;
    let fields: HashMap<String, String> = take(&mut parts).ok()?;
    Some(Record {
        id: id.parse().ok()?,
        at: Timestamp::from_unix_ms(fields.get("at")?.parse().ok()?),
        deed: serde_json::from_str(fields.get("deed")?).ok()?,
    })
}

/// The arguments with which a script records what was done.
pub(super) fn add_deed(
    call: &mut ScriptInvocation<'_>,
    deed: &Deed,
) -> std::result::Result<(), RedisFailure> {
    call.arg(serde_json::to_string(deed)?).arg(RECORDS_MAX);
    Ok(())
}
