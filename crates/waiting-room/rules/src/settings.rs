//! What a campaign file says of its room. It stays as it is for one incarnation of the room; what may
//! change while people wait is in [`crate::live`].

use std::time::Duration;

use kernel::{CampaignId, ResidenceTable, Slug, Timestamp};
use pass::IdentityKind;
use serde::{Deserialize, Serialize};

use crate::draw::{Digest, DrawKey};
use crate::gate::GateRules;
use crate::live::LiveSettings;

/// The name of a room: the same as its campaign's.
pub type RoomId = Slug;

/// A room as its campaign defines it. Stored with the room, so that every instance reads the same.
///
/// Stored as JSON under a version and read tolerantly: an instance of an older version takes what it
/// knows. A version it must not serve has a `format` it does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomSettings {
    /// The format of the stored settings: [`RoomSettings::FORMAT`].
    pub format: u32,
    /// The room's name.
    pub room: RoomId,
    /// Which line of this name it is: the operator raises it to begin a new one.
    pub incarnation: u32,
    /// The title for people, in German.
    pub title_de: String,
    /// The title for people, in English.
    pub title_en: String,
    /// When places become bookable, in ascending order; at least one.
    pub openings: Vec<Opening>,
    /// What public entropy goes into the draws, as announced; `None` if none does.
    pub public_entropy: Option<String>,
    /// After this instant nobody joins and nobody is called.
    pub closes_at: Timestamp,
    /// Who may book; empty where nobody is asked.
    pub residence: ResidenceTable,
    /// What the room asks of a person at the door.
    pub identity: IdentityKind,
    /// How fast and how far people are called.
    pub gate: GateSettings,
    /// What a pass allows.
    pub pass: PassSettings,
    /// How often people are asked to come back.
    pub polling: PollSettings,
}

/// One instant at which places become bookable, and the gathering before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// From here on arrivals gather for the draw; until then they queue in order of arrival.
    pub gathers_from: Timestamp,
    /// The draw, and the first call.
    pub opens_at: Timestamp,
    /// SHA-256 of the secret that the draw will reveal.
    pub commitment: Digest,
}

impl Opening {
    /// Opening number `index` of a room, with the commitment to its secret.
    #[must_use]
    pub fn committed(
        draw_key: &DrawKey,
        (room, incarnation): (&RoomId, u32),
        index: usize,
        gathers_from: Timestamp,
        opens_at: Timestamp,
    ) -> Self {
        let commitment = draw_key.secret(room, incarnation, index).commitment();
        Self { gathers_from, opens_at, commitment }
    }
}

/// How the gate is set up. The first three are the levers that the room is created with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateSettings {
    /// Passes that may be alive at once.
    pub max_active: u32,
    /// Admissions per minute in the long run.
    pub pace_per_minute: u32,
    /// Admissions that may come at once after a quiet time.
    pub burst: u32,
    /// The fewest passes that an overloaded booking API brings `max_active` down to.
    pub min_active: u32,
    /// How long a called person who has not come is expected at all.
    pub claim_window_s: u32,
    /// People let in per place left, in percent: some will find no slot that suits them.
    pub places_factor_percent: u32,
}

impl GateSettings {
    /// The levers that the room begins with.
    #[must_use]
    pub fn levers(&self) -> LiveSettings {
        LiveSettings::initial(self.pace_per_minute, self.burst, self.max_active)
    }
}

/// What a pass of this room allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassSettings {
    /// How long a pass is valid.
    pub ttl_s: u32,
    /// Persons that one pass may book.
    pub seats_max: u8,
}

/// The bounds of `poll_after_s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollSettings {
    /// The shortest time between two polls.
    pub min_s: u32,
    /// The longest time between two polls, unless the crowd is larger than the instances can answer.
    pub max_s: u32,
}

impl RoomSettings {
    /// The format that this version writes, and the newest that it reads.
    pub const FORMAT: u32 = 2;

    /// The campaign behind the room: the audience of its passes.
    #[must_use]
    pub fn campaign(&self) -> &CampaignId {
        &self.room
    }

    /// Whether this is the key of its draws: the published commitments are to secrets of it.
    #[must_use]
    pub fn is_drawn_with(&self, draw_key: &DrawKey) -> bool {
        self.openings.iter().enumerate().all(|(index, opening)| {
            let secret = draw_key.secret(&self.room, self.incarnation, index);
            secret.commitment() == opening.commitment
        })
    }

    /// Whether people are asked at the door where they live.
    #[must_use]
    pub fn asks_residence(&self) -> bool {
        !self.residence.rows().is_empty()
    }

    /// The instant from which on the room has, or has had, people in it, unless its operator moves that.
    #[must_use]
    pub fn first_gathering(&self) -> Timestamp {
        self.openings.first().map_or(self.closes_at, |first| first.gathers_from)
    }

    /// How long a store that nobody remembers for listens to the tickets that come in: a poll interval
    /// with its jitter, and what a request takes.
    #[must_use]
    pub fn listening_time(&self) -> Duration {
        Duration::from_millis(u64::from(self.polling.max_s) * 1_200 + 2_000)
    }

    /// What the gate goes by.
    #[must_use]
    pub fn gate_rules(&self) -> GateRules {
        GateRules {
            claim_window_s: self.gate.claim_window_s,
            places_factor_percent: self.gate.places_factor_percent,
            min_active: self.gate.min_active,
            pass_ttl_s: self.pass.ttl_s,
        }
    }
}
