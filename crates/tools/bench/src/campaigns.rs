//! The campaigns that are measured, as campaign files.

use jiff::civil::date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use test_support::OneSlotCampaign;

/// The most passes at a time that a campaign file allows, and as many places as most campaigns here have.
pub const PASSES_MAX: u32 = 100_000;

/// The line of a [`OneSlotCampaign`] that says when it closes.
const CLOSES_AT: &str = "closes_at = 2199-12-31T12:00";

/// What the gate of a campaign does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// It lets everybody in at once.
    Wide,
    /// It lets nearly nobody in.
    Narrow,
}

/// A campaign.
#[derive(Clone, Copy, Debug)]
pub struct Campaign<'a> {
    pub id: &'a str,
    /// Later than the room is created: one that people may have joined before is careful at first.
    pub gathers_from: Timestamp,
    pub opens_at: Timestamp,
    pub gate: Gate,
    pub slots: u32,
    pub places: u32,
    /// What a pass pays for.
    pub seats_max: u32,
    /// When it ends, if that is not in the far future.
    pub closes_at: Option<Timestamp>,
    /// Further tables of its file.
    pub further: &'a str,
}

impl<'a> Campaign<'a> {
    /// Opens within a few seconds.
    pub fn opening_now(id: &'a str, gate: Gate) -> Self {
        let gathers_from = from_now(SignedDuration::from_secs(3));
        let opens_at = gathers_from + SignedDuration::from_secs(2);
        Self {
            id,
            gathers_from,
            opens_at,
            gate,
            slots: 1,
            places: PASSES_MAX,
            seats_max: 4,
            closes_at: None,
            further: "",
        }
    }

    /// The campaign file.
    pub fn to_toml(self) -> String {
        let (max_active, pace_per_minute, burst) = match self.gate {
            Gate::Wide => (PASSES_MAX, 1_000_000, 100_000),
            Gate::Narrow => (1, 1, 1),
        };
        let seats_max = self.seats_max;
        let tables = format!(
            "[waiting_room]
pass_ttl_s = 3600

[booking]
seats_max = {seats_max}

[gate]
max_active = {max_active}
pace_per_minute = {pace_per_minute}
burst = {burst}
places_factor_percent = 1000"
        );
        let one_slot = OneSlotCampaign {
            id: self.id,
            settings: "",
            tables: &tables,
            gathers_from_s: self.gathers_from.as_second(),
            opens_at_s: self.opens_at.as_second(),
            places: self.places,
        };
        let mut toml = one_slot.to_toml();
        if let Some(closes_at) = self.closes_at {
            let at = closes_at.strftime("%Y-%m-%dT%H:%M:%S");
            toml = toml.replace(CLOSES_AT, &format!("closes_at = {at}"));
        }
        toml + &further_slots(self.slots - 1) + self.further
    }
}

/// The file of a campaign that was over on the day before `today`, and is purged so many days after that.
pub fn over(id: &str, today: Timestamp, purge_after_days: u16) -> String {
    const FAR_FUTURE: &str = "2199-12-31";
    let opened_at = today - SignedDuration::from_hours(72);
    let yesterday = (today - SignedDuration::from_hours(24)).strftime("%Y-%m-%d").to_string();
    let one_slot = OneSlotCampaign {
        id,
        settings: "",
        tables: &format!("[personal_data]\npurge_after_days = {purge_after_days}\n"),
        gathers_from_s: opened_at.as_second() - 60,
        opens_at_s: opened_at.as_second(),
        places: PASSES_MAX,
    };
    one_slot.to_toml().replace(FAR_FUTURE, &yesterday)
}

/// Slots every ten minutes on the days before the one slot that is there already, as rules of a campaign
/// file.
fn further_slots(mut slots: u32) -> String {
    const A_DAY_MAX: u32 = 138;
    let mut rules = Vec::new();
    let mut day = date(2199, 12, 31);
    while slots > 0 {
        let today = slots.min(A_DAY_MAX);
        slots -= today;
        day = day.saturating_sub(1.day());
        let (hours, minutes) = (today / 6, today % 6 * 10);
        rules.push(format!(
            r#"
[[slots]]
sites = ["site"]
date = {day}
from = 00:00
to = {hours:02}:{minutes:02}
every_minutes = 10
"#
        ));
    }
    rules.concat()
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
    fn a_campaign_may_close_early() {
        let campaign = Campaign::opening_now("a", Gate::Wide);
        assert!(campaign.to_toml().contains(CLOSES_AT));
        let closes_at = Some(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1));
        let toml = Campaign { closes_at, ..campaign }.to_toml();
        assert!(toml.contains("\ncloses_at = 1970-01-01T00:00:01\n"), "{toml}");
        assert!(!toml.contains(CLOSES_AT));
    }

    #[test]
    fn a_campaign_that_is_over_has_no_slot_ahead() {
        let toml = over("a", from_now(SignedDuration::ZERO), 7);
        assert!(toml.contains("\npurge_after_days = 7\n") && !toml.contains("2199"), "{toml}");
    }

    #[test]
    fn further_slots_fill_the_days_before() {
        assert_eq!(further_slots(0), "");
        assert_eq!(
            further_slots(140),
            r#"
[[slots]]
sites = ["site"]
date = 2199-12-30
from = 00:00
to = 23:00
every_minutes = 10

[[slots]]
sites = ["site"]
date = 2199-12-29
from = 00:00
to = 00:20
every_minutes = 10
"#
        );
    }
}
