//! The campaign of a run, as a campaign file.

use test_support::OneSlotCampaign;

use crate::clock::UnixMs;

/// The campaign's name.
pub const CAMPAIGN: &str = "drive";
/// A pass pays for so many seats (P9).
pub const SEATS_MAX: usize = 4;
/// Places of the other slot, to which some move.
const OTHER_PLACES: u32 = 40;

/// The campaign file: a slot of so many places, which everybody wants, an hour later one to which some move, and
/// a gate that lets everybody in.
pub fn to_toml(gathers_from: UnixMs, opens_at: UnixMs, places: u32) -> String {
    let tables = format!(
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
places_factor_percent = 1000"
    );
    let one_slot = OneSlotCampaign {
        id: CAMPAIGN,
        settings: "",
        tables: &tables,
        gathers_from_s: gathers_from / 1_000,
        opens_at_s: opens_at / 1_000,
        places: places + OTHER_PLACES,
    };
    let wanted = format!("\nevery_minutes = 60\ncapacity = {places}\n");
    let other = format!(
        r#"
[[slots]]
sites = ["site"]
date = 2199-12-31
from = 13:00
to = 14:00
every_minutes = 60
capacity = {OTHER_PLACES}
"#
    );
    one_slot.to_toml().replace("\nevery_minutes = 60\n", &wanted) + &other
}
