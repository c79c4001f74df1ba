//! A campaign file with one site, one slot and one opening, for whoever needs just any campaign.

use jiff::Timestamp;

/// What such campaigns differ in. Everybody in them lives in 67346 Speyer, and their one slot lies far
/// in the future.
#[derive(Clone, Copy, Debug)]
pub struct OneSlotCampaign<'a> {
    /// The name of the campaign, and of its room.
    pub id: &'a str,
    /// Further settings of the campaign itself, as TOML.
    pub settings: &'a str,
    /// Its tables `[waiting_room]`, `[booking]` and `[gate]`, as TOML.
    pub tables: &'a str,
    /// When people begin to gather, in seconds of Unix time.
    pub gathers_from_s: i64,
    /// When the draw is held, in seconds of Unix time.
    pub opens_at_s: i64,
    /// How many places the slot has.
    pub places: u32,
}

impl OneSlotCampaign<'_> {
    /// Where everybody lives.
    pub const POSTCODE: &'static str = "67346";

    /// The campaign file.
    #[must_use]
    pub fn to_toml(self) -> String {
        let Self { id, settings, tables, gathers_from_s, opens_at_s, places } = self;
        let postcode = Self::POSTCODE;
        let (gathers_from, opens_at) = (local_time(gathers_from_s), local_time(opens_at_s));
        format!(
            r#"id = "{id}"
title = {{ de = "Probe", en = "Rehearsal" }}
time_zone = "UTC"
closes_at = 2199-12-31T12:00
{settings}

{tables}

[[sites]]
id = "site"
name = "Site"
address = "Street 1, {postcode} Speyer"

[[slots]]
sites = ["site"]
date = 2199-12-31
from = 12:00
to = 13:00
every_minutes = 60

[[tranches]]
opens_at = {opens_at}
gathers_from = {gathers_from}
places = {places}

[residence]
municipalities = [
  {{ postcode = "{postcode}", ags = "07318000", name = "Speyer", eligible = true }},
]
"#
        )
    }
}

fn local_time(unix_s: i64) -> String {
    let at = Timestamp::from_second(unix_s).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_utc() {
        let (settings, tables) = ("incarnation = 2", "[gate]\nmax_active = 1");
        let (gathers_from_s, opens_at_s) = (1_893_457_805, 1_893_458_405);
        let campaign =
            OneSlotCampaign { id: "a", settings, tables, gathers_from_s, opens_at_s, places: 7 };
        let toml = campaign.to_toml();
        assert!(toml.contains("gathers_from = 2030-01-01T00:30:05\n"), "{toml}");
        assert!(toml.contains("opens_at = 2030-01-01T00:40:05\n"), "{toml}");
    }
}
