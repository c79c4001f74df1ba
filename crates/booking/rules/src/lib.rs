//! The booking rules: campaign, tranche, slot, hold, booking, and the port [`BookingStore`].
//!
//! Pure: it knows nothing of HTTP or databases. Everything that changes places is a [`Command`];
//! [`decide`] turns a batch of commands and the [`State`] they touch into final [`Changes`] and one
//! [`Outcome`] per command. A store only loads the state, calls `decide`, and writes the changes,
//! all in one transaction. [`Bookings`] is the entrance: it makes commands of use cases, gathers
//! them into batches, and keeps what everybody reads in memory.

pub mod batch;
pub mod campaign;
pub mod contract;
pub mod memory;
pub mod person;
pub mod secrets;
pub mod service;
pub mod store;

/// The passes that the port speaks of.
pub use pass::PassId;

pub use batch::changes::{Cancellation, Changes, SlotChange};
pub use batch::command::{
    BindingCheck, BookHold, BookSlot, BookingCode, BookingId, CancelBooking, Command, EndPass,
    HoldId, HoldSeats, Idempotency, PassGrant, Registration, ReleaseExpiredHolds, ReleaseHold,
    RenewHold, TokenHash,
};
pub use batch::decide;
pub use batch::outcome::{
    BookHoldOutcome, BookSlotOutcome, Booked, CancelOutcome, Cancelled, EndPassOutcome, HoldFacts,
    HoldOutcome, Outcome, Recorded, ReleaseOutcome, RenewOutcome,
};
pub use batch::state::{
    Booking, BookingHead, BookingStatus, Footprint, Hold, HoldState, IdempotencyRecord, PassUse,
    State,
};
pub use campaign::{
    Campaign, CampaignPlan, PlanProblem, Rules, Site, SiteId, Slot, SlotCounters, SlotId, SlotKey,
    Tranche,
};
pub use memory::MemoryStore;
pub use person::{DateOfBirth, FieldProblem, Person, PersonField, PersonFields, PersonKey};
pub use secrets::BookingSecrets;
pub use service::{
    BookingLookup, BookingReport, Bookings, BookingsLimits, BookingsTasks, CampaignView, Failure,
    HoldLookup, Load, View,
};
pub use store::{Applied, Availability, BookingStore, Held, SlotAvailability, StoreError};
