//! The campaigns that are measured, as campaign files.

use jiff::{SignedDuration, Timestamp};

/// Where everybody in them lives.
pub const POSTCODE: &str = "67346";

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
        let Self { id, gathers_from, opens_at, gate } = self;
        let time = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S");
        let (max_active, pace_per_minute, burst) = match gate {
            Gate::Wide => (PLACES_MAX, 1_000_000, 100_000),
            Gate::Narrow => (1, 1, 1),
        };
        format!(
            r#"id = "{id}"
title = {{ de = "Lastmessung", en = "Benchmark" }}
time_zone = "UTC"
closes_at = 2199-12-31T12:00

[waiting_room]
pass_ttl_s = 3600

[gate]
max_active = {max_active}
pace_per_minute = {pace_per_minute}
burst = {burst}
places_factor_percent = 1000

[[sites]]
id = "site"
name = "Site"
address = "Street 1, {POSTCODE} Town"

[[slots]]
sites = ["site"]
date = 2199-12-31
from = 12:00
to = 13:00
every_minutes = 60

[[tranches]]
opens_at = {}
gathers_from = {}
places = {PLACES_MAX}

[residence]
municipalities = [
  {{ postcode = "{POSTCODE}", ags = "07318000", name = "Town", eligible = true }},
]
"#,
            time(opens_at),
            time(gathers_from),
        )
    }
}

/// So long from now.
#[expect(clippy::disallowed_methods, reason = "openings lie before and after the measurement")]
pub fn from_now(duration: SignedDuration) -> Timestamp {
    Timestamp::now() + duration
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_gather_before_the_opening() {
        let campaign = Campaign {
            id: "a",
            gathers_from: "2030-01-01T00:30:05Z".parse().expect("a time"),
            opens_at: "2030-01-01T00:40:05Z".parse().expect("a time"),
            gate: Gate::Narrow,
        };
        let toml = campaign.to_toml();
        assert!(toml.contains("gathers_from = 2030-01-01T00:30:05\n"), "{toml}");
        assert!(toml.contains("opens_at = 2030-01-01T00:40:05\n"), "{toml}");
    }
}
