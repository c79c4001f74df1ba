//! The booking rules: campaign, tranche, slot, hold, booking, and the port [`BookingStore`].
//!
//! Cut by subject: all that is said of a hold stands in [`hold`], its commands, their outcomes and
//! what they do; likewise [`campaign`], [`booking`], [`waitlist`] and [`pass`](mod@pass). It knows nothing of HTTP
//! or databases.
//!
//! Everything that changes places is a [`Command`]; [`decide`] turns a [`batch`] of commands and the
//! [`State`] they touch into final [`Changes`] and one [`Outcome`] per command, and is pure. A store
//! only loads the state, calls `decide`, and writes the changes, all in one transaction.
//! [`Bookings`] is the entrance ([`service`]): it makes commands of use cases, gathers them into
//! batches, and keeps what everybody reads in memory.

pub mod batch;
pub mod booking;
pub mod campaign;
pub mod contract;
pub mod event;
pub mod hold;
pub mod memory;
pub mod pass;
pub mod person;
pub mod secrets;
pub mod service;
pub mod store;
pub mod waitlist;

/// The passes that the port speaks of.
pub use ::pass::PassId;

pub use self::batch::{
    Changes, Command, Executed, ExecutedPart, Footprint, Idempotency, IdempotencyRecord, Outcome,
    Recorded, SlotChange, State, decide,
};
pub use self::booking::{
    BookGroup, BookGroupOutcome, BookHold, BookHoldOutcome, BookSlot, BookSlotOutcome, Booked,
    Booking, BookingChange, BookingCode, BookingHead, BookingId, BookingStatus, CancelBooking,
    CancelOutcome, Cancelled, ClearPlace, ClearPlaceOutcome, CorrectOutcome, CorrectPerson,
    Corrected, Correction, GroupMember, MoveBooking, MoveOutcome, Moved, Registration, TakenBy,
    TokenHash,
};
pub use self::campaign::apply::{Applied, ApplyCampaign, BookedSlots, Expected, InForce, Intent};
pub use self::campaign::clear::{
    BookingFate, ClearRefusal, ClearSlots, Cleared, ClearedCount, WhichSlots,
};
pub use self::campaign::preview::Preview;
pub use self::campaign::remove::{ActiveBookings, RemoveCampaign, Removed};
pub use self::campaign::revision::{ChangeReason, Revision, RevisionActor};
pub use self::campaign::{
    Campaign, CampaignPlan, PlanProblem, Rules, Site, SiteId, Slot, SlotCounters, SlotId, SlotKey,
    Tranche,
};
pub use self::event::chain::{ChainBreak, ChainEnd, ChainHash, Flaw, Link, NewEvents};
pub use self::event::{Actor, Event, HoldEnd, What};
pub use self::hold::{
    EarlierHoldFacts, ExpiredHoldsReleased, Hold, HoldFacts, HoldId, HoldOutcome, HoldSeats,
    HoldState, RecordedHold, ReleaseExpiredHolds, ReleaseHold, ReleaseOutcome, RenewHold,
    RenewOutcome,
};
pub use self::memory::MemoryStore;
pub use self::pass::{BindingCheck, EndPass, EndPassOutcome, PassGrant, PassUse};
pub use self::person::{DateOfBirth, FieldProblem, Person, PersonField, PersonFields, PersonKey};
pub use self::secrets::BookingSecrets;
pub use self::service::{
    BookingLookup, BookingReport, Bookings, BookingsLimits, BookingsTasks, CampaignView,
    EntryLookup, Failure, HoldLookup, Load, View, WaitlistStatus,
};
pub use self::store::{
    Availability, BookingStore, Held, KeyOf, SlotAvailability, SlotUse, StoreError,
};
pub use self::waitlist::{
    AcceptOffer, AcceptOutcome, AfterDeclining, CallUp, CallUpOutcome, CallUpWish, CalledUp,
    DeclineOffer, DeclineOutcome, EntryChange, EntryHead, EntryStanding, EntryState,
    InvalidTimeOfDay, JoinOutcome, JoinWaitlist, Joined, Joining, LeaveOutcome, LeaveWaitlist,
    Offer, OfferId, OfferState, QuietHours, TimeOfDay, Waitlist, WaitlistCounts, WaitlistEntry,
    WaitlistEntryId, WhyNobodyIsCalled,
};
