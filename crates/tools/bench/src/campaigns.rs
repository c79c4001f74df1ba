//! The campaigns that are measured, as campaign files.

use jiff::{SignedDuration, Timestamp};
use test_support::OneSlotCampaign;

/// The most places, and the most passes at a time, that a campaign file allows.
pub const PLACES_MAX: u32 = 100_000;

/// What the gate of a campaign does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It lets everybody in at once.
    Wide,
    /// It lets nearly nobody in.
    Narrow,
}

/// A campaign with one slot.
#[derive(Clone, Copy, Debug)]
pub struct Campaign<'a> {
    pub id: &'a str,
    /// Later than the room is created: one that people may have joined before is careful at first.
    pub gathers_from: Timestamp,
    pub opens_at: Timestamp,
    pub gate: Gate,
}

impl<'a> Campaign<'a> {
    /// Opens within a few seconds.
    pub fn opening_now(id: &'a str, gate: Gate) -> Self {
        let gathers_from = from_now(SignedDuration::from_secs(3));
        Self { id, gathers_from, opens_at: gathers_from + SignedDuration::from_secs(2), gate }
    }

    /// The campaign file.
    pub fn to_toml(self) -> String {
        let (max_active, pace_per_minute, burst) = match self.gate {
            Gate::Wide => (PLACES_MAX, 1_000_000, 100_000),
            Gate::Narrow => (1, 1, 1),
        };
        let tables = format!(
            "[waiting_room]
pass_ttl_s = 3600

[gate]
max_active = {max_active}
pace_per_minute = {pace_per_minute}
burst = {burst}
places_factor_percent = 1000"
        );
        OneSlotCampaign {
            id: self.id,
            settings: "",
            tables: &tables,
            gathers_from_s: self.gathers_from.as_second(),
            opens_at_s: self.opens_at.as_second(),
            places: PLACES_MAX,
        }
        .to_toml()
    }
}

/// So long from now.
#[expect(clippy::disallowed_methods, reason = "openings lie before and after the measurement")]
pub fn from_now(duration: SignedDuration) -> Timestamp {
    Timestamp::now() + duration
}
