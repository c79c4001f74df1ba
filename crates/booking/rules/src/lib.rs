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
pub mod car;
pub mod contract;
pub mod eligibility;
pub mod event;
pub mod hold;
pub mod language;
pub mod mail;
pub mod memory;
pub mod pass;
pub mod person;
pub mod secrets;
pub mod service;
pub mod store;
pub mod waitlist;
pub mod webhook;

/// The passes that the port speaks of.
pub use ::pass::PassId;

pub use self::batch::{
    Changes, Command, Executed, ExecutedPart, Footprint, Idempotency, IdempotencyRecord, Outcome,
    Recorded, SlotChange, State, decide,
};
pub use self::booking::{
    AskLink, AskLinkOutcome, BookGroup, BookGroupOutcome, BookHold, BookHoldOutcome, BookSlot,
    BookSlotOutcome, Booked, Booking, BookingChange, BookingCode, BookingHead, BookingId,
    BookingStatus, CancelBooking, CancelOutcome, Cancelled, ChangeContact, ChangeContactOutcome,
    ClearPlace, ClearPlaceOutcome, ContactChanged, CorrectOutcome, CorrectPerson, Corrected,
    Correction, ErasePerson, ErasePersonOutcome, Erased, GroupMember, LINK_PAUSE, MoveBooking,
    MoveOutcome, Moved, NewToken, PersonChange, Registration, RotateToken, RotateTokenOutcome,
    RotatedBy, TakenBy, TokenHash, TokenRotated,
};
pub use self::campaign::apply::{Applied, ApplyCampaign, BookedSlots, Expected, InForce, Intent};
pub use self::campaign::clear::{
    BookingFate, ClearRefusal, ClearSlots, Cleared, ClearedCount, WhichSlots,
};
pub use self::campaign::preview::Preview;
pub use self::campaign::purge::{PersonalData, PurgeCampaign, PurgeStep, PurgedBy};
pub use self::campaign::remove::{ActiveBookings, RemoveCampaign, Removed};
pub use self::campaign::revision::{ChangeReason, Revision, RevisionActor};
pub use self::campaign::{
    Campaign, CampaignPlan, Coding, PlanProblem, Rules, Site, SiteId, Slot, SlotCounters, SlotId,
    SlotKey, Tranche,
};
pub use self::car::{CAR_SEATS_MAX, CarChange, CarId, CarUse, OpenCar, OpenCarOutcome, SlotAndCar};
pub use self::eligibility::{
    Answer, Day, Declaration, DeclarationVersion, Declared, Eligibility, Rule, Unmet,
};
pub use self::event::chain::{ChainBreak, ChainEnd, ChainHash, Flaw, Link, NewEvents};
pub use self::event::{Actor, Event, HoldEnd, What};
pub use self::hold::{
    EarlierHoldFacts, ExpiredHoldsReleased, Hold, HoldFacts, HoldId, HoldOutcome, HoldSeats,
    HoldState, RecordedHold, ReleaseExpiredHolds, ReleaseHold, ReleaseOutcome, RenewHold,
    RenewOutcome,
};
pub use self::language::Language;
pub use self::mail::{
    Followed, Lease, LeaseId, Mail, MailAbout, MailEnd, MailId, MailKind, MailReport, MailRules,
    MailStanding, MailState, MailStatus, MailStore, NewMail, Reason, Resent, Settlement,
};
pub use self::memory::MemoryStore;
pub use self::pass::{BindingCheck, EndPass, EndPassOutcome, PassGrant, PassUse};
pub use self::person::{
    Contact, DateOfBirth, FieldProblem, Person, PersonField, PersonFields, PersonKey,
};
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
