//! The campaign of a run, as a campaign file.

use jiff::Timestamp;

use crate::clock::UnixMs;
use crate::course::Bounds;
use crate::http::POSTCODE;

/// The room's name.
pub const ROOM: &str = "town";

/// Small enough that the line lasts through a run, and fast enough that a standstill shows.
pub const BOUNDS: Bounds =
    Bounds { max_active: 30, pace_per_minute: 1_200, burst: 30, pass_ttl_ms: 10_000 };

/// The campaign file; people gather and the draw is held at full seconds. `further` are settings of
/// the campaign itself.
pub fn to_toml(gathers_from: UnixMs, opens_at: UnixMs, further: &str) -> String {
    let time = |at: UnixMs| {
        let at = Timestamp::from_millisecond(at).unwrap_or_default();
        at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
    };
    let Bounds { max_active, pace_per_minute, burst, pass_ttl_ms } = BOUNDS;
    format!(
        r#"id = "{ROOM}"
title = {{ de = "Fehlerlauf", en = "Fault run" }}
time_zone = "UTC"
closes_at = 2199-12-31T12:00
{further}

[waiting_room]
pass_ttl_s = {pass_ttl_s}
poll_min_s = 1
poll_max_s = 2

[booking]
hold_ttl_s = {pass_ttl_s}

[gate]
max_active = {max_active}
pace_per_minute = {pace_per_minute}
burst = {burst}
claim_window_s = 10

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
opens_at = {opens_at}
gathers_from = {gathers_from}
places = 1000

[residence]
municipalities = [
  {{ postcode = "{POSTCODE}", ags = "07318000", name = "Town", eligible = true }},
]
"#,
        pass_ttl_s = pass_ttl_ms / 1_000,
        opens_at = time(opens_at),
        gathers_from = time(gathers_from),
    )
}
