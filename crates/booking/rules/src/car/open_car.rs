//! Letting others come in the car of a booking.

use kernel::CampaignId;

use super::{CarId, CarUse};
use crate::batch::{Asks, Decision, Footprint, Idempotency};
use crate::booking::{BookingId, NotManaged, TokenHash};
use crate::campaign::SlotId;
use crate::event::{Actor, What};

/// Lets others come in the car of a booking, which is the one it is in, or a new one. Asking again changes
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCar {
    /// The campaign of the booking.
    pub campaign: CampaignId,
    /// The booking.
    pub booking: BookingId,
    /// The hash of the token presented.
    pub manage_token_hash: TokenHash,
    /// The car that it was in when it was looked at, or the new one.
    pub car: CarId,
}

/// What came of letting others come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenCarOutcome {
    /// Others may come.
    Open {
        /// In this car.
        car: CarId,
        /// So many.
        seats_left: u8,
    },
    /// There is no such booking.
    BookingNotFound,
    /// The token is not that of the booking.
    TokenInvalid,
    /// The booking was cancelled.
    AlreadyCancelled,
    /// Its slot has begun: nobody else can come in it.
    SlotBegun,
    /// It is in another car by now.
    Outdated,
}

impl Asks for OpenCar {
    type Outcome = OpenCarOutcome;

    fn campaign(&self) -> &CampaignId {
        &self.campaign
    }

    fn idempotency(&self) -> Option<&Idempotency> {
        None
    }

    fn actor(&self) -> Actor {
        Actor::TokenOf(self.booking)
    }

    fn touch(&self, footprint: &mut Footprint) {
        footprint.bookings.push(self.booking);
        footprint.cars.push(self.car);
    }

    fn carry_out(&self, decision: &mut Decision) -> OpenCarOutcome {
        let managed = decision.managed(&self.campaign, self.booking, self.manage_token_hash);
        let (has, slot) = match managed {
            Ok(head) => (head.car, head.slot.clone()),
            Err(NotManaged::NotFound) => return OpenCarOutcome::BookingNotFound,
            Err(NotManaged::TokenInvalid) => return OpenCarOutcome::TokenInvalid,
            Err(NotManaged::Cancelled) => return OpenCarOutcome::AlreadyCancelled,
        };
        let campaign = decision.state.campaigns.get(&self.campaign);
        let begins = campaign.and_then(|campaign| campaign.slot(&slot)).map(|slot| slot.starts_at);
        if begins.is_some_and(|begins| begins <= decision.now) {
            return OpenCarOutcome::SlotBegun;
        }
        let used = decision.state.cars.get(&self.car).filter(|used| used.seats > 0);
        match (has, used) {
            (Some(car), Some(used)) if car == self.car => {
                OpenCarOutcome::Open { car, seats_left: used.seats_left() }
            }
            (None, None) => self.open(decision, slot),
            // It was in another one when it was looked at.
            (Some(_) | None, _) => OpenCarOutcome::Outdated,
        }
    }
}

impl OpenCar {
    fn open(&self, decision: &mut Decision, slot: SlotId) -> OpenCarOutcome {
        let used = CarUse { campaign: self.campaign.clone(), slot, seats: 1 };
        let seats_left = used.seats_left();
        decision.state.cars.insert(self.car, used);
        decision.put_in_car(self.booking, self.car);
        decision.tell(&self.campaign, What::CarOpened { booking: self.booking });
        OpenCarOutcome::Open { car: self.car, seats_left }
    }
}
