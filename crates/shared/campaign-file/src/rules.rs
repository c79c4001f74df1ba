//! The tables `[booking]`, `[personal_data]`, `[waiting_room]` and `[gate]`.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::reader::{Field, Keys, Section};
use crate::{BookingRules, RoomRules, limits};

const BOOKING_KEYS: &Keys = &[
    ("seats_max", "seats_max = 4"),
    ("hold_ttl_s", "hold_ttl_s = 480"),
    ("hold_renewals_max", "hold_renewals_max = 1"),
    ("lead_s", "lead_s = 0"),
];

const WAITING_ROOM_KEYS: &Keys = &[
    ("identity", "identity = \"person\""),
    ("public_entropy", "public_entropy = \"Lotto 6 aus 49 of 19 June 2021, in the order drawn\""),
    ("gathers_before_s", "gathers_before_s = 3600"),
    ("pass_ttl_s", "pass_ttl_s = 900"),
    ("poll_min_s", "poll_min_s = 2"),
    ("poll_max_s", "poll_max_s = 30"),
];

const GATE_KEYS: &Keys = &[
    ("max_active", "max_active = 200"),
    ("min_active", "min_active = 20"),
    ("pace_per_minute", "pace_per_minute = 600"),
    ("burst", "burst = 100"),
    ("claim_window_s", "claim_window_s = 600"),
    ("places_factor_percent", "places_factor_percent = 120"),
];

const PERSONAL_DATA_KEYS: &Keys = &[("purge_after_days", "purge_after_days = 30")];

/// A table that may be left out.
enum Settings<'d> {
    LeftOut,
    Wrong,
    Given(Section<'d>),
}

impl<'d> Settings<'d> {
    fn read(file: &Section<'d>, key: &'static str, keys: &'static Keys) -> Self {
        match file.optional(key).map(|field| field.section(keys)) {
            None => Self::LeftOut,
            Some(None) => Self::Wrong,
            Some(Some(section)) => Self::Given(section),
        }
    }

    /// The number under `key`, or `default` if it is left out.
    fn whole<N>(&self, key: &'static str, bounds: RangeInclusive<N>, default: N) -> Option<N>
    where
        N: Copy + Display + PartialOrd + TryFrom<i64>,
    {
        self.read_with(key, default, |field| field.whole(bounds))
    }

    /// What `read` makes of the value under `key`, or `default` if it is left out.
    fn read_with<T>(
        &self,
        key: &'static str,
        default: T,
        read: impl FnOnce(&Field<'d>) -> Option<T>,
    ) -> Option<T> {
        let field = match self {
            Self::LeftOut => None,
            Self::Wrong => return None,
            Self::Given(section) => section.optional(key),
        };
        field.map_or(Some(default), |field| read(&field))
    }
}

/// Reads `[booking]`.
pub(crate) fn read_booking(file: &Section<'_>) -> Option<BookingRules> {
    let default = BookingRules::default();
    let table = Settings::read(file, "booking", BOOKING_KEYS);
    let seats_max = table.whole("seats_max", limits::SEATS, default.seats_max);
    let hold_ttl_s = table.whole("hold_ttl_s", limits::HOLD_TTL_S, default.hold_ttl_s);
    let hold_renewals_max =
        table.whole("hold_renewals_max", limits::HOLD_RENEWALS, default.hold_renewals_max);
    let lead_s = table.whole("lead_s", limits::LEAD_S, default.lead_s);
    Some(BookingRules {
        seats_max: seats_max?,
        hold_ttl_s: hold_ttl_s?,
        hold_renewals_max: hold_renewals_max?,
        lead_s: lead_s?,
    })
}

/// Reads `[personal_data]`: after how many days they are purged.
pub(crate) fn read_personal_data(file: &Section<'_>) -> Option<u16> {
    let table = Settings::read(file, "personal_data", PERSONAL_DATA_KEYS);
    let default = limits::PURGE_AFTER_DAYS_DEFAULT;
    table.whole("purge_after_days", limits::PURGE_AFTER_DAYS, default)
}

/// What `[waiting_room]` and `[gate]` say; what could not be read is `None`, and a mistake is noted.
pub(crate) struct ReadRoom {
    pub(crate) rules: Option<RoomRules>,
    /// How long before an opening people gather.
    pub(crate) gathers_before_s: Option<u32>,
    /// The announcement of a public source of chance, if there is one.
    pub(crate) public_entropy: Option<String>,
}

/// Reads `[waiting_room]` and `[gate]`.
pub(crate) fn read_room(file: &Section<'_>) -> ReadRoom {
    let default = RoomRules::default();
    let room = Settings::read(file, "waiting_room", WAITING_ROOM_KEYS);
    let identity = room.read_with("identity", default.identity, Field::parsed);
    let public_entropy = room
        .read_with("public_entropy", None, |field| field.text(limits::TEXT_LENGTH_MAX).map(Some))
        .flatten();
    let gathers_before_s =
        room.whole("gathers_before_s", limits::GATHERS_BEFORE_S, limits::GATHERS_BEFORE_S_DEFAULT);
    let pass_ttl_s = room.whole("pass_ttl_s", limits::PASS_TTL_S, default.pass_ttl_s);
    let poll_min_s = room.whole("poll_min_s", limits::POLL_S, default.poll_min_s);
    let poll_max_s = room.whole("poll_max_s", limits::POLL_S, default.poll_max_s);
    let gate = Settings::read(file, "gate", GATE_KEYS);
    let max_active = gate.whole("max_active", limits::MAX_ACTIVE, default.max_active);
    let tenth = |max: u32| (max * limits::MIN_ACTIVE_PERCENT_DEFAULT / 100).max(1);
    let min_active_default = max_active.map_or(default.min_active, tenth);
    let min_active = gate.whole("min_active", limits::MAX_ACTIVE, min_active_default);
    let pace_per_minute =
        gate.whole("pace_per_minute", limits::PACE_PER_MINUTE, default.pace_per_minute);
    let burst = gate.whole("burst", limits::BURST, default.burst);
    let claim_window_s =
        gate.whole("claim_window_s", limits::CLAIM_WINDOW_S, default.claim_window_s);
    let places_factor_percent = gate.whole(
        "places_factor_percent",
        limits::PLACES_FACTOR_PERCENT,
        default.places_factor_percent,
    );
    let rules = || {
        Some(RoomRules {
            identity: identity?,
            max_active: max_active?,
            min_active: min_active?,
            pace_per_minute: pace_per_minute?,
            burst: burst?,
            claim_window_s: claim_window_s?,
            places_factor_percent: places_factor_percent?,
            pass_ttl_s: pass_ttl_s?,
            poll_min_s: poll_min_s?,
            poll_max_s: poll_max_s?,
        })
    };
    ReadRoom { rules: rules(), gathers_before_s, public_entropy }
}

/// Checks what only shows when the rules are seen side by side.
pub(crate) fn check_together(
    file: &Section<'_>,
    booking: Option<BookingRules>,
    room: Option<RoomRules>,
) {
    let complain = |table: &'static str, message: String| match file.optional(table) {
        Some(field) => field.complain(message),
        None => file.complain(message),
    };
    let Some(room) = room else { return };
    if room.min_active > room.max_active {
        let RoomRules { min_active, max_active, .. } = room;
        complain(
            "gate",
            format!("min_active {min_active} is above max_active {max_active}; lower it"),
        );
    }
    if room.poll_min_s > room.poll_max_s {
        let RoomRules { poll_min_s, poll_max_s, .. } = room;
        complain(
            "waiting_room",
            format!("poll_min_s {poll_min_s} is above poll_max_s {poll_max_s}; swap them"),
        );
    }
    if room.poll_max_s >= room.claim_window_s {
        let RoomRules { poll_max_s, claim_window_s, .. } = room;
        complain(
            "gate",
            format!(
                "claim_window_s {claim_window_s} is not above waiting_room.poll_max_s {poll_max_s}, \
                 so people would learn too late that they are called; raise it"
            ),
        );
    }
    if let Some(BookingRules { hold_ttl_s, .. }) = booking
        && hold_ttl_s > room.pass_ttl_s
    {
        complain(
            "booking",
            format!(
                "hold_ttl_s {hold_ttl_s} is above waiting_room.pass_ttl_s {}, so a hold would \
                 outlive the pass that can book on it; lower it",
                room.pass_ttl_s
            ),
        );
    }
}
