//! Commands about cars.

use super::{booking_id, number_to_bytes, slot, token_hash};
use crate::batch::Command;
use crate::booking::BookSlot;
use crate::car::{CarId, OpenCar};
use crate::hold::HoldSeats;

/// Car number `number`.
#[must_use]
pub fn car_id(number: u32) -> CarId {
    CarId::from_bytes(number_to_bytes(8, number))
}

/// The same request for a seat in a car.
#[must_use]
pub fn in_car(command: Command, car: u32) -> Command {
    let car = Some(car_id(car));
    match command {
        Command::Hold(command) => Command::Hold(HoldSeats { car, ..command }),
        Command::BookSlot(command) => Command::BookSlot(BookSlot { car, ..command }),
        other => other,
    }
}

/// Lets others come in the car of a booking, which is car number `car`.
#[must_use]
pub fn open_car(booking: u32, car: u32) -> Command {
    Command::OpenCar(OpenCar {
        campaign: slot("rehearsal"),
        booking: booking_id(booking),
        manage_token_hash: token_hash(booking),
        car: car_id(car),
    })
}
