//! What a batch writes: final values, set by set.

use super::{IdempotencyRecord, Outcome};
use crate::booking::{Booking, BookingChange, BookingId, Cancelled};
use crate::campaign::{SlotCounters, SlotKey};
use crate::event::chain::NewEvents;
use crate::hold::Hold;
use crate::pass::PassUse;
use crate::waitlist::{EntryChange, Offer, WaitlistEntry};

/// The final values of everything a batch has changed.
///
/// Each row occurs at most once, but for a booking that was changed and then cancelled: it is in both
/// sets. The sets are written in the order of the fields: a person whose booking is cancelled may be
/// booked again in the same batch, one who leaves a waitlist may join it again, bookings refer to
/// holds, and offers to entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Slots to update.
    pub slots: Vec<SlotChange>,
    /// Passes to insert or update.
    pub pass_uses: Vec<PassUse>,
    /// Holds to insert or update.
    pub holds: Vec<Hold>,
    /// Confirmed bookings of earlier batches to mark as cancelled.
    pub bookings_cancelled: Vec<Cancelled>,
    /// Bookings of earlier batches that are in another slot or for another person.
    pub bookings_changed: Vec<BookingChange>,
    /// Bookings whose persons want to be forgotten: no letter that waits remembers them either.
    pub bookings_forgotten: Vec<BookingId>,
    /// Bookings to insert. One that was changed or cancelled in the same batch is inserted as such.
    pub bookings_inserted: Vec<Booking>,
    /// Entries of waitlists of earlier batches that have missed another offer or have ended.
    pub entries_changed: Vec<EntryChange>,
    /// Entries to insert. One that was changed in the same batch is inserted as such.
    pub entries_inserted: Vec<WaitlistEntry>,
    /// Offers to insert or update, those that have ended first: an entry has one open offer.
    pub offers: Vec<Offer>,
    /// Idempotency records to insert.
    pub records: Vec<IdempotencyRecord>,
    /// What has happened, of each campaign in order: one link of its chain to insert.
    pub events: Vec<NewEvents>,
}

impl Changes {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What came of a batch that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    /// One outcome for each command, in order.
    pub outcomes: Vec<Outcome>,
    /// What has happened, of each campaign in order.
    pub events: Vec<NewEvents>,
}

/// What came of a batch of which a part was carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExecutedPart {
    /// One entry for each command, in order; `None` for those that are left.
    pub outcomes: Vec<Option<Outcome>>,
    /// What has happened, of each campaign in order.
    pub events: Vec<NewEvents>,
}

impl From<Executed> for ExecutedPart {
    fn from(executed: Executed) -> Self {
        let Executed { outcomes, events } = executed;
        Self { outcomes: outcomes.into_iter().map(Some).collect(), events }
    }
}

/// The new counters of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotChange {
    /// The slot.
    pub key: SlotKey,
    /// Its counters.
    pub counters: SlotCounters,
}
