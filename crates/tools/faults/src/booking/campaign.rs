//! The campaign of a run, as a campaign file.

use jiff::Timestamp;
use test_support::OneSlotCampaign;

use crate::clock::UnixMs;

/// The campaign's name.
pub const CAMPAIGN: &str = "drive";
/// A pass pays for so many seats (P9).
pub const SEATS_MAX: usize = 4;
/// How the id of the slot ends that everybody wants.
pub const WANTED: &str = "-21991231-1200";
const MINUTE_MS: i64 = 60_000;
/// How long an offer of the waitlist lasts: as short as it can.
const OFFER_TTL_MINUTES: u32 = 1;

/// What campaigns differ in.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub gathers_from: UnixMs,
    pub opens_at: UnixMs,
    /// Of the slot that everybody wants.
    pub places: u32,
    pub other: OtherSlot,
}

/// The slot to which some move.
#[derive(Clone, Copy, Debug)]
pub struct OtherSlot {
    pub places: u32,
    /// A whole minute, and not the last one of a day.
    pub starts_at: UnixMs,
}

impl Default for OtherSlot {
    /// An hour after the one that everybody wants.
    fn default() -> Self {
        Self { places: 40, starts_at: 7_258_078_800_000 }
    }
}

impl Plan {
    /// The campaign file: the two slots, a waitlist, and a gate that lets everybody in.
    pub fn to_toml(self) -> String {
        let Self { gathers_from, opens_at, places, other } = self;
        let one_slot = OneSlotCampaign {
            id: CAMPAIGN,
            settings: "",
            tables: &tables(opens_at),
            gathers_from_s: gathers_from / 1_000,
            opens_at_s: opens_at / 1_000,
            places: places + other.places,
        };
        let wanted = format!("\nevery_minutes = 60\ncapacity = {places}\n");
        one_slot.to_toml().replace("\nevery_minutes = 60\n", &wanted) + &other.to_toml()
    }
}

impl OtherSlot {
    fn to_toml(self) -> String {
        let Self { places, starts_at } = self;
        let (date, from) = (local(starts_at, "%Y-%m-%d"), local(starts_at, "%H:%M"));
        let to = local(starts_at + MINUTE_MS, "%H:%M");
        format!(
            r#"
[[slots]]
sites = ["site"]
date = {date}
from = {from}
to = {to}
every_minutes = 1
capacity = {places}
"#
        )
    }
}

fn tables(opens_at: UnixMs) -> String {
    let waits_from = local(opens_at, "%Y-%m-%dT%H:%M:%S");
    format!(
        "[waiting_room]
pass_ttl_s = 3600
poll_min_s = 1
poll_max_s = 2

[booking]
seats_max = {SEATS_MAX}
hold_ttl_s = 10

[gate]
max_active = 100000
pace_per_minute = 1000000
burst = 100000
places_factor_percent = 1000

[waitlist]
places = 1000
opens_at = {waits_from}
offer_ttl_minutes = {OFFER_TTL_MINUTES}"
    )
}

/// That instant by the clocks of the campaign.
fn local(at: UnixMs, format: &str) -> String {
    Timestamp::from_millisecond(at).unwrap_or_default().strftime(format).to_string()
}
