//! The campaign of a run, as a campaign file.

use test_support::OneSlotCampaign;

use crate::clock::UnixMs;
use crate::room::course::Bounds;

/// The room's name.
pub const ROOM: &str = "town";

/// Small enough that the line lasts through a run, and fast enough that a standstill shows.
pub const BOUNDS: Bounds =
    Bounds { max_active: 30, pace_per_minute: 1_200, burst: 30, pass_ttl_ms: 10_000 };

/// The campaign file; people gather and the draw is held at full seconds. `settings` are further ones of
/// the campaign itself.
pub fn to_toml(gathers_from: UnixMs, opens_at: UnixMs, settings: &str) -> String {
    let Bounds { max_active, pace_per_minute, burst, pass_ttl_ms } = BOUNDS;
    let pass_ttl_s = pass_ttl_ms / 1_000;
    let tables = format!(
        "[waiting_room]
pass_ttl_s = {pass_ttl_s}
poll_min_s = 1
poll_max_s = 2

[booking]
hold_ttl_s = {pass_ttl_s}

[gate]
max_active = {max_active}
pace_per_minute = {pace_per_minute}
burst = {burst}
claim_window_s = 10"
    );
    OneSlotCampaign {
        id: ROOM,
        settings,
        tables: &tables,
        gathers_from_s: gathers_from / 1_000,
        opens_at_s: opens_at / 1_000,
        places: 1_000,
    }
    .to_toml()
}
