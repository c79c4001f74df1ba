//! How a room's state lies in its hash: one field per number that a script compares, so that no script
//! has to parse anything but the two texts of the digest.

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;

use kernel::Timestamp;
use waiting_room::RoomSettings;
use waiting_room::lane::{Lane, PerLane};
use waiting_room::live::LiveSettings;
use waiting_room::memory::Memory;
use waiting_room::memory::digest::{Digest, read_entropy, read_frozen};
use waiting_room::pace::Pace;
use waiting_room::schedule::Schedule;
use waiting_room::state::{Counts, RoomState};

use crate::failure::RedisFailure;

/// Field and value, as they are set.
pub(crate) type Fields = Vec<(String, String)>;

/// The levers, each where a script reads it, and all together.
pub(crate) fn of_live(live: &LiveSettings) -> Result<Fields, RedisFailure> {
    let pace = Pace::per_minute(live.pace_per_minute, live.burst);
    Ok([
        ("live_version", live.version.to_string()),
        ("paused", u8::from(live.admits_nobody()).to_string()),
        ("interval_us", pace.interval_us.to_string()),
        ("burst", pace.burst.to_string()),
        ("max_active", live.max_active.to_string()),
        ("live", serde_json::to_string(live)?),
    ]
    .map(|(field, value)| (field.to_owned(), value))
    .into())
}

/// An instant as scripts read it; nothing where there is none.
pub(crate) fn ms_or_nothing(at: Option<Timestamp>) -> String {
    at.map_or_else(String::new, |at| at.unix_ms().to_string())
}

/// What follows from a memory.
pub(crate) fn of_memory(settings: &RoomSettings, memory: &Memory) -> Result<Fields, RedisFailure> {
    let Digest { frozen, entropy, .. } = Digest::of(memory);
    let schedule = Schedule::new(settings, &memory.live, &memory.frozen);
    let next_due = ms_or_nothing(schedule.boundary(memory.next_boundary()).map(|due| due.at));
    let mut fields = of_live(&memory.live)?;
    fields.extend(
        [
            ("incarnation", memory.incarnation.to_string()),
            ("epoch", memory.epoch.to_string()),
            ("frozen", frozen),
            ("entropy", entropy),
            ("next_due_ms", next_due),
            ("pass_ttl_ms", (u64::from(settings.pass.ttl_s) * 1_000).to_string()),
            ("express", "0".to_owned()),
        ]
        .map(|(field, value)| (field.to_owned(), value)),
    );
    for lane in Lane::ALL {
        fields.push((format!("entered{}", lane.number()), memory.entered[lane].to_string()));
        fields.push((format!("called{}", lane.number()), memory.called[lane].to_string()));
    }
    Ok(fields)
}

/// A room with this memory that has just begun.
pub(crate) fn of_new_room(
    settings: &RoomSettings,
    memory: &Memory,
) -> Result<Fields, RedisFailure> {
    let mut fields = of_memory(settings, memory)?;
    fields.extend(
        [
            ("ledger_version", "0".to_owned()),
            ("ledger", serde_json::to_string(&waiting_room::gate::Ledger::default())?),
            ("allowance", memory.live.max_active.to_string()),
            ("express_behind", String::new()),
            ("tat_us", "0".to_owned()),
        ]
        .map(|(field, value)| (field.to_owned(), value)),
    );
    Ok(fields)
}

/// What lies in the hash, with what the store counted.
pub(crate) fn to_state(
    fields: &HashMap<String, String>,
    active: u32,
    active_fresh: u32,
) -> Result<RoomState, RedisFailure> {
    let malformed =
        |field: &str| RedisFailure::NotUnderstood(format!("field {field} is malformed"));
    let memory = Memory {
        incarnation: number(fields, "incarnation")?,
        epoch: number(fields, "epoch")?,
        live: serde_json::from_str(text(fields, "live")?)
            .map_err(|error| RedisFailure::NotUnderstood(format!("field live: {error}")))?,
        entered: per_lane(fields, "entered")?,
        called: per_lane(fields, "called")?,
        frozen: read_frozen(text(fields, "frozen")?).ok_or_else(|| malformed("frozen"))?,
        entropy: read_entropy(text(fields, "entropy")?).ok_or_else(|| malformed("entropy"))?,
    };
    Ok(RoomState {
        memory,
        quiet_until: Timestamp::from_unix_ms(number(fields, "quiet_until_ms")?),
        ledger: serde_json::from_str(text(fields, "ledger")?)
            .map_err(|error| RedisFailure::NotUnderstood(format!("field ledger: {error}")))?,
        came: came(fields)?,
        active,
        active_fresh,
        allowance: number(fields, "allowance")?,
        express: number(fields, "express")?,
        admission_tat_us: number(fields, "tat_us")?,
        report: counts(fields)?,
    })
}

fn came(fields: &HashMap<String, String>) -> Result<BTreeMap<u64, u64>, RedisFailure> {
    let steps = fields.keys().filter_map(|field| {
        let step = field.strip_prefix("came:")?.parse().ok()?;
        Some(number(fields, field).map(|count| (step, count)))
    });
    steps.collect()
}

fn counts(fields: &HashMap<String, String>) -> Result<Option<Counts>, RedisFailure> {
    if !fields.contains_key("counted_at_ms") {
        return Ok(None);
    }
    Ok(Some(Counts {
        counted_at: Timestamp::from_unix_ms(number(fields, "counted_at_ms")?),
        places_left: number(fields, "places_left")?,
        held_passes: number(fields, "held_passes")?,
        held_seats: number(fields, "held_seats")?,
        queue_depth: number(fields, "queue_depth")?,
        queue_depth_max: number(fields, "queue_depth_max")?,
    }))
}

fn per_lane(fields: &HashMap<String, String>, name: &str) -> Result<PerLane<u64>, RedisFailure> {
    let mut counters = PerLane::default();
    for lane in Lane::ALL {
        counters[lane] = number(fields, &format!("{name}{}", lane.number()))?;
    }
    Ok(counters)
}

fn text<'a>(fields: &'a HashMap<String, String>, field: &str) -> Result<&'a str, RedisFailure> {
    let missing = || RedisFailure::NotUnderstood(format!("field {field} is missing"));
    fields.get(field).map(String::as_str).ok_or_else(missing)
}

fn number<T: FromStr>(fields: &HashMap<String, String>, field: &str) -> Result<T, RedisFailure> {
    let value = text(fields, field)?;
    let malformed = |_| RedisFailure::NotUnderstood(format!("field {field} is '{value}'"));
    value.parse().map_err(malformed)
}

#[cfg(test)]
mod tests {
    use waiting_room::contract::{START, room_settings};
    use waiting_room::memory::Frozen;

    use super::*;

    fn memory() -> Memory {
        let mut memory = Memory::of_new_room(&room_settings("town"));
        memory.epoch = 1_623_650_400;
        memory.called = PerLane([70, 0, 2]);
        memory.saw_boundary(0, Frozen { at: START, entries: PerLane([0, 0, 0]) });
        memory.saw_boundary(1, Frozen { at: START, entries: PerLane([4_000_000_000, 0, 9]) });
        memory.entropy.insert(0, "3 17 ä".into());
        memory
    }

    fn fields(memory: &Memory) -> HashMap<String, String> {
        let fields = of_new_room(&room_settings("town"), memory).expect("fields");
        let rest = [("quiet_until_ms".to_owned(), "7".to_owned())];
        fields.into_iter().chain(rest).collect()
    }

    #[test]
    fn a_memory_survives_the_way_there_and_back() {
        let state = to_state(&fields(&memory()), 4, 3).expect("understood");
        let quiet_until = Timestamp::from_unix_ms(7);
        let expected =
            RoomState { active: 4, active_fresh: 3, ..RoomState::new(memory(), quiet_until) };
        assert_eq!(state, expected);
    }

    #[test]
    fn what_is_missing_or_malformed_is_named() {
        let fragile =
            ["epoch", "entered0", "called2", "tat_us", "ledger", "frozen", "entropy", "live"];
        for field in fragile {
            for damage in [None, Some("x")] {
                let mut fields = fields(&memory());
                fields.remove(field);
                fields.extend(damage.map(|value| (field.to_owned(), value.to_owned())));
                let failure = to_state(&fields, 0, 0).expect_err("damaged").to_string();
                assert!(failure.contains(field), "{field}: {failure}");
            }
        }
    }
}
