//! What whoever holds a ticket computes from where it stands.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use waiting_room::gate::estimate::{Outlook, Rate, Supply};
use waiting_room::lane::{Lane, PerLane};
use waiting_room::view::RoomView;

use crate::wire::SlowedBy;

/// How far one lane is.
#[derive(Serialize, ToSchema)]
pub(super) struct LaneStatus {
    /// How many entries it has.
    #[schema(example = 20_000)]
    pub(super) entered: u64,
    /// How many of its places have been called.
    #[schema(example = 137)]
    called: u64,
    /// The part of all calls that it gets at present.
    #[schema(example = 1.0)]
    part: f64,
}

impl LaneStatus {
    pub(super) fn of(view: &RoomView) -> BTreeMap<&'static str, Self> {
        let memory = &view.state.memory;
        let part = &view.prospects().part;
        let lane = |lane| Self {
            entered: memory.entered[lane],
            called: memory.called[lane],
            part: part[lane],
        };
        let is_shown = |&lane: &Lane| lane == Lane::Public || memory.entered[lane] > 0;
        Lane::ALL.into_iter().filter(is_shown).map(|name| (name.name(), lane(name))).collect()
    }
}

/// The arrivals that wait for a draw.
#[derive(Serialize, ToSchema)]
pub(super) struct Gathering {
    /// The number of the opening.
    #[schema(example = 0)]
    opening: u16,
    /// The first entry of each lane that is in it, by the name of the lane; 0 where a lane is missing.
    first_entries: BTreeMap<&'static str, u64>,
}

impl Gathering {
    pub(super) fn of(opening: u16, first: &PerLane<u64>) -> Self {
        let is_shown = |(lane, first): &(Lane, &u64)| *lane == Lane::Public || **first > 0;
        let first = first.iter().filter(is_shown);
        Self { opening, first_entries: first.map(|(lane, first)| (lane.name(), *first)).collect() }
    }
}

/// What estimates are made from. Numbers have six digits at most.
#[derive(Serialize, ToSchema)]
pub(super) struct Prospects {
    /// How fast places are called; null while nothing moves.
    #[schema(required = true)]
    calls_per_s: Option<CallsPerS>,
    /// What makes it longer for everybody; null if nothing does.
    #[schema(required = true)]
    slowed: Option<SlowedBy>,
    /// The part of the called who come.
    #[schema(example = 0.93)]
    comes: f64,
    /// The places; null while nobody knows how many are left.
    #[schema(required = true)]
    places: Option<Places>,
}

/// Calls in a second, of all lanes together.
#[derive(Serialize, ToSchema)]
struct CallsPerS {
    /// If it goes well.
    #[schema(example = 12.5)]
    fast: f64,
    /// If it goes slowly.
    #[schema(example = 7.5)]
    slow: f64,
}

/// The places left, and the people before everybody who waits.
#[derive(Serialize, ToSchema)]
struct Places {
    /// How many are left.
    #[schema(example = 840.0)]
    left: f64,
    /// How many people may be let in for them.
    #[schema(example = 1_260.0)]
    wanted: f64,
    /// How many people are there and have no place yet, or were called and still come.
    #[schema(example = 180.5)]
    before: f64,
    /// How many places each of those inside takes at present.
    #[schema(example = 1.4)]
    per_pass: f64,
}

impl Prospects {
    /// Keeps what is no number.
    pub(super) fn forget_numbers(&mut self) {
        (self.calls_per_s, self.comes, self.places) = (None, 0.0, None);
    }
}

impl From<&Outlook> for Prospects {
    fn from(outlook: &Outlook) -> Self {
        let places = |Supply { places_left, wanted, before, per_pass }| Places {
            left: places_left,
            wanted,
            before,
            per_pass,
        };
        Self {
            calls_per_s: outlook.rate.map(|Rate { fast, slow }| CallsPerS { fast, slow }),
            slowed: outlook.slowed.map(SlowedBy::from),
            comes: outlook.comes,
            places: outlook.supply.map(places),
        }
    }
}

/// Of the shortest time between two polls of a ticket, somebody near the front waits so much. A copy in a cache is two
/// seconds old at most (nginx counts whole seconds), so a call is known within three.
const NEAR_MS_PER_S: u64 = 300;

/// One in so many seconds shows its ticket.
const SECONDS_PER_WITNESS: u64 = 10;

/// When to read the status again: after five eighths to the whole of a time, at random. Whoever stands `ahead` places
/// behind the called takes `(ahead - near_ahead) / ahead_per_s` seconds, at least `near_ms` and at most `far_ms`.
/// Whoever gathers takes `far_ms`, and reads it between one and two seconds after the opening.
#[derive(Serialize, ToSchema)]
pub(super) struct Intervals {
    /// The shortest time.
    #[schema(example = 600)]
    near_ms: u64,
    /// The longest time.
    #[schema(example = 30_000)]
    far_ms: u64,
    /// So many places may be called at once: whoever is nearer takes the shortest time.
    #[schema(example = 1_000)]
    near_ahead: u64,
    /// In each second after it so many more may be called.
    #[schema(example = 50)]
    ahead_per_s: u64,
    /// Within this time after its draw each ticket is shown once, at a random moment: then it is signed
    /// anew, and proves the draw even to a room that has lost everything. It grows with the crowd, so only one
    /// in ten seconds is.
    #[schema(example = 200_000)]
    pub(super) show_within_s: u64,
}

impl Intervals {
    pub(super) fn of(view: &RoomView) -> Self {
        let polling = view.settings.polling;
        let reach = view.reach();
        Self {
            near_ms: u64::from(polling.min_s) * NEAR_MS_PER_S,
            far_ms: u64::from(polling.max_s) * 1_000,
            near_ahead: reach.at_once,
            ahead_per_s: reach.per_s,
            show_within_s: view.people_waiting().saturating_mul(SECONDS_PER_WITNESS),
        }
    }
}
