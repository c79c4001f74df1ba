//! Seats of one slot, kept for a few minutes.

pub(crate) mod book;
pub(crate) mod create;
mod group;
pub(crate) mod release;
pub(crate) mod renew;
pub(crate) mod show;

use booking::campaign::{SiteId, SlotId};
use booking::{HoldFacts, HoldId, HoldState};
use kernel::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Seats of one slot kept for one pass.
#[derive(Serialize, ToSchema)]
#[schema(as = Hold)]
pub(crate) struct HoldBody<'a> {
    #[schema(value_type = String, example = "hold_017a09a9b40070008000000000000001")]
    id: HoldId,
    /// The slot.
    #[schema(value_type = String, example = "boe-fashion-20210620-0700")]
    slot: &'a SlotId,
    /// Where it is.
    #[schema(value_type = String, example = "boe-fashion")]
    site: &'a SiteId,
    #[schema(value_type = String, format = DateTime, example = "2021-06-20T05:00:00.000Z")]
    starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime, example = "2021-06-20T05:10:00.000Z")]
    ends_at: Timestamp,
    state: State,
    /// Seats kept.
    #[schema(minimum = 1, maximum = 4)]
    seats: u8,
    /// Seats with a person registered.
    #[schema(minimum = 0, maximum = 4)]
    seats_booked: u8,
    /// When the seats without a person are released.
    #[schema(value_type = String, format = DateTime, example = "2021-06-14T06:08:00.000Z")]
    expires_at: Timestamp,
    /// Whether a renewal can still make it last longer.
    renewable: bool,
    /// Seats that the pass may still hold or book besides this hold.
    #[schema(minimum = 0, maximum = 4)]
    seats_left: u8,
}

/// Where a hold stands: `active`; `booked`, every seat has its person; or `released`, the seats without
/// a person are given back or have expired, and bookings made on it stay.
#[derive(Serialize, ToSchema)]
#[schema(as = HoldState)]
#[serde(rename_all = "snake_case")]
enum State {
    Active,
    Booked,
    Released,
}

impl<'a> HoldBody<'a> {
    pub(crate) fn new(facts: &'a HoldFacts, state: HoldState) -> Self {
        Self {
            id: facts.hold,
            slot: &facts.slot,
            site: &facts.site,
            starts_at: facts.starts_at,
            ends_at: facts.ends_at,
            state: match state {
                HoldState::Active => State::Active,
                HoldState::Booked => State::Booked,
                HoldState::Released => State::Released,
            },
            seats: facts.seats,
            seats_booked: facts.seats_booked,
            expires_at: facts.expires_at,
            renewable: facts.renewable && state == HoldState::Active,
            seats_left: facts.seats_left,
        }
    }
}
