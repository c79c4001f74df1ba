//! The booking rules: campaign, tranche, slot, hold, booking, and the port [`BookingStore`].
//!
//! Pure: it knows nothing of HTTP or databases. Everything that changes places is a [`Command`];
//! [`decide`] turns a batch of commands and the [`State`] they touch into final [`Changes`] and one
//! [`Outcome`] per command. A store only loads the state, calls `decide`, and writes the changes,
//! all in one transaction. [`Bookings`] is the entrance: it makes commands of use cases, gathers
//! them into batches, and keeps what everybody reads in memory.

pub mod bookings;
pub mod campaign;
pub mod change;
pub mod command;
pub mod contract;
mod decide;
pub mod memory;
pub mod outcome;
pub mod person;
pub mod secrets;
pub mod state;
pub mod store;

/// The passes that the port speaks of.
pub use pass::PassId;

pub use bookings::{
    BookingLookup, BookingReport, Bookings, BookingsLimits, BookingsTasks, CampaignView, Failure,
    HoldLookup, Load, View,
};
pub use campaign::apply::{Applied, ApplyCampaign, BookedSlots, Expected, InForce, Intent};
pub use campaign::preview::Preview;
pub use campaign::remove::{ActiveBookings, RemoveCampaign, Removed};
pub use campaign::revision::{ChangeReason, Revision, RevisionActor};
pub use campaign::{
    Campaign, CampaignPlan, PlanProblem, Rules, Site, SiteId, Slot, SlotCounters, SlotId, SlotKey,
    Tranche,
};
pub use change::{Cancellation, Changes, SlotChange};
pub use command::{
    BindingCheck, BookHold, BookSlot, BookingCode, BookingId, CancelBooking, Command, EndPass,
    HoldId, HoldSeats, Idempotency, PassGrant, Registration, ReleaseExpiredHolds, ReleaseHold,
    RenewHold, TokenHash,
};
pub use decide::decide;
pub use memory::MemoryStore;
pub use outcome::{
    BookHoldOutcome, BookSlotOutcome, Booked, CancelOutcome, Cancelled, EndPassOutcome, HoldFacts,
    HoldOutcome, Outcome, Recorded, ReleaseOutcome, RenewOutcome,
};
pub use person::{DateOfBirth, FieldProblem, Person, PersonField, PersonFields, PersonKey};
pub use secrets::BookingSecrets;
pub use state::{
    Booking, BookingHead, BookingStatus, Footprint, Hold, HoldState, IdempotencyRecord, PassUse,
    State,
};
pub use store::{Availability, BookingStore, Held, SlotAvailability, StoreError};
