//! What deciding a batch knows.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kernel::CampaignId;
use pass::PassId;

use super::IdempotencyRecord;
use crate::booking::{BookingHead, BookingId};
use crate::campaign::{Campaign, SlotCounters, SlotId, SlotKey};
use crate::car::{CarId, CarUse};
use crate::event::chain::ChainEnd;
use crate::hold::{Hold, HoldId};
use crate::pass::PassUse;
use crate::person::PersonKey;
use crate::waitlist::{EntryHead, Offer, OfferId, WaitlistCounts, WaitlistEntryId};

/// Everything a batch may read, loaded under the locks of its campaigns.
///
/// What is absent does not exist: a pass without an entry has used nothing.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The campaigns of the commands.
    pub campaigns: HashMap<CampaignId, Arc<Campaign>>,
    /// The slots of the footprint and of every hold, booking and offer that was loaded.
    pub slots: HashMap<SlotKey, SlotCounters>,
    /// The holds named, and the overdue holds of the slots, passes and sweeps of the footprint.
    pub holds: HashMap<HoldId, Hold>,
    /// The passes of the footprint, and of every overdue hold, every booking named and every entry that was
    /// loaded.
    pub passes: HashMap<PassId, PassUse>,
    /// Those of the footprint's person keys that have an active booking.
    pub active_persons: HashSet<(CampaignId, PersonKey)>,
    /// The records of the footprint's idempotency keys.
    pub records: HashMap<[u8; 32], IdempotencyRecord>,
    /// The bookings named, and those of the records.
    pub bookings: HashMap<BookingId, BookingHead>,
    /// Those of the footprint's cars in which somebody is, or a seat is kept.
    pub cars: HashMap<CarId, CarUse>,
    /// The numbers of the waitlist of every campaign that has one.
    pub waitlists: HashMap<CampaignId, WaitlistCounts>,
    /// The entries named, those that wait under one of the footprint's person keys, those of the offers
    /// loaded, and the first that a call-up may call.
    pub entries: HashMap<WaitlistEntryId, EntryHead>,
    /// The offers named, the open ones of every entry loaded, and all open ones where a call-up is made.
    pub offers: HashMap<OfferId, Offer>,
    /// The slots that the entries loaded have declined.
    pub declined: HashSet<(WaitlistEntryId, SlotId)>,
    /// Where the chains of the campaigns end; nothing has happened yet in one without an entry.
    pub chains: HashMap<CampaignId, ChainEnd>,
}
