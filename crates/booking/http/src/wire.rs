//! Wire types that several endpoints read or answer with.

mod booking;
mod hold;
mod person;

pub(crate) use booking::{BookingBody, BookingState};
pub(crate) use hold::HoldBody;
pub(crate) use person::{NewPerson, PersonBody};
