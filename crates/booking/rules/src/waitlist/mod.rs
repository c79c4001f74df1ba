//! The waitlist (Nachrücker): people without a place, and the places that are offered to them.
//!
//! A place that comes back is *reserved*: kept for the waitlist in the decision that frees it (P5).
//! Whoever waits longest is *offered* a reserved place of one slot until a deadline; more may be
//! offered than there are places, and the first to accept get them. Whoever misses an offer goes on
//! waiting, behind those who have missed fewer.

mod accept_offer;
mod applying;
mod call_up;
mod calling;
mod counts;
mod decline_offer;
mod entry;
mod join_waitlist;
mod keeping;
mod leave_waitlist;
mod offer;
mod quiet;
mod rules;
mod waiting;

pub use accept_offer::{AcceptOffer, AcceptOutcome};
pub(crate) use applying::keep_new_places;
pub use call_up::{CallUp, CallUpOutcome, CallUpWish, CalledUp};
pub use counts::{WaitlistCounts, WhyNobodyIsCalled};
pub use decline_offer::{AfterDeclining, DeclineOffer, DeclineOutcome};
pub use entry::{
    EntryChange, EntryHead, EntryStanding, EntryState, WaitlistEntry, WaitlistEntryId,
};
pub use join_waitlist::{JoinOutcome, JoinWaitlist, Joined, Joining};
pub use leave_waitlist::{LeaveOutcome, LeaveWaitlist};
pub use offer::{Offer, OfferId, OfferState};
pub use quiet::{InvalidTimeOfDay, QuietHours, TimeOfDay};
pub use rules::Waitlist;
pub(crate) use rules::stored;
