//! What an operator decides about a room.

use std::time::Duration;

use kernel::{CampaignId, ResidenceTable, Slug, Timestamp};
use serde::{Deserialize, Serialize};

use crate::draw::{Digest, DrawKey};

/// The name of a room: the same as its campaign's.
pub type RoomId = Slug;

/// A room as its campaign defines it. Stored with the room, so that every instance reads the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomSettings {
    /// The room's name.
    pub room: RoomId,
    /// The title for people, in German.
    pub title_de: String,
    /// The title for people, in English.
    pub title_en: String,
    /// When places become bookable, in ascending order; at least one.
    pub openings: Vec<Opening>,
    /// After this instant nobody joins and nobody is called.
    pub closes_at: Timestamp,
    /// Who may book.
    pub residence: ResidenceTable,
    /// How fast and how far people are called.
    pub gate: GateSettings,
    /// What a pass allows.
    pub pass: PassSettings,
    /// How often people are asked to come back.
    pub polling: PollSettings,
}

/// One instant at which places become bookable, and the gathering before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// From here on arrivals gather for the draw; until then they queue in order of arrival.
    pub gathers_from: Timestamp,
    /// The draw, and the first call.
    pub opens_at: Timestamp,
    /// SHA-256 of the secret that the draw will reveal.
    pub commitment: Digest,
}

impl Opening {
    /// Opening number `index` of `room`, with the commitment to its secret.
    #[must_use]
    pub fn committed(
        draw_key: &DrawKey,
        room: &RoomId,
        index: usize,
        gathers_from: Timestamp,
        opens_at: Timestamp,
    ) -> Self {
        let commitment = draw_key.secret(room, index).commitment();
        Self { gathers_from, opens_at, commitment }
    }
}

/// The bounds of the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateSettings {
    /// Passes that may be alive at once.
    pub max_active: u32,
    /// Admissions per minute in the long run.
    pub pace_per_minute: u32,
    /// Admissions that may come at once after a quiet time.
    pub burst: u32,
    /// How long a called person who has not redeemed keeps a seat of `max_active` taken.
    pub claim_window_s: u32,
    /// People let in per place left, in percent: some will find no slot that suits them.
    pub places_factor_percent: u32,
}

impl GateSettings {
    /// [`Self::claim_window_s`] as a duration.
    #[must_use]
    pub const fn claim_window(&self) -> Duration {
        Duration::from_secs(self.claim_window_s as u64)
    }
}

/// What a pass of this room allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassSettings {
    /// How long a pass is valid.
    pub ttl_s: u32,
    /// Persons that one pass may book.
    pub seats_max: u8,
}

/// The bounds of `poll_after_s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PollSettings {
    /// The shortest time between two polls.
    pub min_s: u32,
    /// The longest time between two polls.
    pub max_s: u32,
}

impl RoomSettings {
    /// The campaign behind the room: the audience of its passes.
    #[must_use]
    pub fn campaign(&self) -> &CampaignId {
        &self.room
    }

    /// The first opening later than `now`.
    #[must_use]
    pub fn next_opening(&self, now: Timestamp) -> Option<(usize, &Opening)> {
        self.openings.iter().enumerate().find(|(_, opening)| opening.opens_at > now)
    }
}
