//! Cars: people who queued separately and come together.
//!
//! A car is nothing but a code that its bookings have in common, so it is as long there as somebody is in
//! it, and needs no row of its own.

mod open_car;

use kernel::{CampaignId, prefixed_id};

use crate::batch::Decision;
use crate::campaign::SlotId;

pub use open_car::{OpenCar, OpenCarOutcome};

prefixed_id!(
    /// A car: whoever knows it may come in it.
    CarId,
    "car"
);

/// Persons of one car.
pub const CAR_SEATS_MAX: u8 = 4;

/// A slot, and how to come there: in a car that others are in, or by oneself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotAndCar {
    /// The slot.
    pub slot: SlotId,
    /// The car.
    pub car: Option<CarId>,
}

impl From<SlotId> for SlotAndCar {
    fn from(slot: SlotId) -> Self {
        Self { slot, car: None }
    }
}

/// Who is in a car.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarUse {
    /// The campaign.
    pub campaign: CampaignId,
    /// The slot in which all of them are.
    pub slot: SlotId,
    /// Confirmed bookings, and seats that open holds keep in it.
    pub seats: u8,
}

impl CarUse {
    /// How many more can come in it.
    #[must_use]
    pub const fn seats_left(&self) -> u8 {
        CAR_SEATS_MAX.saturating_sub(self.seats)
    }
}

/// What of a booking's car is another one than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarChange {
    /// It is in this one.
    Enters(CarId),
    /// It is in none.
    Leaves,
}

/// Why somebody cannot come in a car.
pub(crate) enum NoSeat {
    /// Nobody of this campaign is in it.
    NotFound,
    /// It comes in another slot.
    InOtherSlot {
        /// In this one.
        slot: SlotId,
    },
    /// It has not as many seats left.
    Full {
        /// Seats it has left.
        seats_left: u8,
    },
}

impl Decision {
    /// Whether so many persons can come in this slot in the car, if it is to be in one.
    pub(crate) fn find_seats_in_car(
        &self,
        campaign: &CampaignId,
        car: Option<CarId>,
        slot: &SlotId,
        persons: u8,
    ) -> Result<(), NoSeat> {
        let Some(car) = car else { return Ok(()) };
        let used = self.state.cars.get(&car);
        let used = used.filter(|used| used.campaign == *campaign && used.seats > 0);
        let Some(used) = used else { return Err(NoSeat::NotFound) };
        if used.slot != *slot {
            return Err(NoSeat::InOtherSlot { slot: used.slot.clone() });
        }
        let seats_left = used.seats_left();
        if persons > seats_left { Err(NoSeat::Full { seats_left }) } else { Ok(()) }
    }

    /// So many persons come in the car, if in one: there are seats for them.
    pub(crate) fn take_seats_in_car(&mut self, car: Option<CarId>, persons: u8) {
        if let Some(used) = car.and_then(|car| self.state.cars.get_mut(&car)) {
            used.seats += persons;
        }
    }

    /// So many persons do not come in the car any more. One that no command names is not counted.
    pub(crate) fn give_back_seats_in_car(&mut self, car: Option<CarId>, persons: u8) {
        if let Some(used) = car.and_then(|car| self.state.cars.get_mut(&car)) {
            used.seats = used.seats.saturating_sub(persons);
        }
    }
}
