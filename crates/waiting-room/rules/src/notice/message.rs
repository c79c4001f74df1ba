//! What a notice says to those who are told: ids and messages.

use std::time::Duration;

use kernel::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Notice, Notices, UNHEALTHY, What};
use crate::settings::RoomSettings;

/// Instances that lose the store at the same moment tell it under one id: that of the five minutes in which it
/// last answered.
const SAME_SILENCE: Duration = Duration::from_mins(5);

/// The document, as Standard Webhooks has it.
#[derive(Serialize)]
struct Document<'a> {
    r#type: &'a str,
    timestamp: Timestamp,
    data: Value,
}

/// The id and the JSON of a notice: the same whoever tells it, and however often.
#[must_use]
pub fn message(settings: &RoomSettings, notices: &Notices, notice: Notice) -> (String, String) {
    let RoomSettings { room, incarnation, .. } = settings;
    let (begun, number) = (notices.begun_at.unix_s(), notice.number);
    let mut data = json!({"campaign": room, "incarnation": incarnation, "number": number});
    match notice.what {
        What::Opened { opening } => data["opening"] = json!(opening),
        What::Unhealthy { reason } => data["reason"] = json!(reason),
        What::SoldOut | What::PlacesBack | What::Paused | What::Resumed | What::Healthy => (),
    }
    let id = format!("room_{room}_{incarnation}_{begun}_{number}");
    (id, body(notice.what.as_str(), notice.at, data))
}

/// The same for a room whose store has not answered since then: nobody can note it, so each instance that sees it tells
/// it, as well as it can under the same id. It has no number.
#[must_use]
pub fn silence_message(settings: &RoomSettings, silent_since: Timestamp) -> (String, String) {
    let RoomSettings { room, incarnation, .. } = settings;
    let length_s = i64::try_from(SAME_SILENCE.as_secs()).unwrap_or(i64::MAX);
    let period = silent_since.unix_s().div_euclid(length_s);
    let at = Timestamp::from_unix_s(period * length_s);
    let data = json!({"campaign": room, "incarnation": incarnation, "reason": "store_silent"});
    (format!("room_{room}_{incarnation}_silent_{period}"), body(UNHEALTHY, at, data))
}

fn body(name: &str, timestamp: Timestamp, data: Value) -> String {
    let document = Document { r#type: name, timestamp, data };
    serde_json::to_string(&document).expect("a message has a JSON")
}
