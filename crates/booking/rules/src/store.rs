//! The port to the booking database.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use kernel::{CampaignId, Timestamp};
use pass::PassId;
use serde::Serialize;

use crate::batch::{Command, Executed, ExecutedPart};
use crate::booking::{Booking, BookingCode, BookingHead, BookingId, TakenBy};
use crate::campaign::apply::{Applied, ApplyCampaign};
use crate::campaign::purge::{PurgeCampaign, PurgeStep};
use crate::campaign::remove::{RemoveCampaign, Removed};
use crate::campaign::revision::Revision;
use crate::campaign::{Campaign, CampaignPlan, SlotCounters, SlotId, SlotKey};
use crate::event::chain::Link;
use crate::hold::{Hold, HoldId};
use crate::person::{Person, PersonKey};
use crate::waitlist::{EntryStanding, WaitlistCounts, WaitlistEntryId};

/// The booking database.
///
/// Any number of instances may use one database at the same time. The functions of
/// [`crate::contract`] say what every adapter must do, and hold it to that.
///
/// Every call ends within a time that the adapter bounds, also while the database is silent; then it
/// fails as [`StoreError::Unavailable`]. A caller may drop a call: what has begun goes on.
#[async_trait]
pub trait BookingStore: Send + Sync {
    /// Carries out what [`crate::campaign::apply::judge`] says of a plan, in one transaction under the
    /// campaign's lock. Unless it says to write, nothing changes; what it writes comes with one more
    /// revision and the event that tells of it. Applying the same plan again changes nothing.
    async fn change_campaign(
        &self,
        request: &ApplyCampaign,
        now: Timestamp,
    ) -> Result<Applied, StoreError>;

    /// The same for a plan that the operator applies whatever is in force.
    async fn apply_campaign(
        &self,
        plan: &CampaignPlan,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
        self.change_campaign(&ApplyCampaign::of_operator(plan.clone()), now).await
    }

    /// Carries out what [`RemoveCampaign::judge`] says, in one transaction under the campaign's lock:
    /// the campaign with its slots, holds, bookings, passes and keys is gone, and its history ends
    /// with one more revision and one more event. O(rows of the campaign).
    async fn remove_campaign(
        &self,
        request: &RemoveCampaign,
        now: Timestamp,
    ) -> Result<Removed, StoreError>;

    /// Takes one step of a purge, in one short transaction under the campaign's lock, if [`PurgeCampaign::judge`] lets it
    /// begin. The first drops the key that seals the personal data, where there is one. Each of the others deletes rows
    /// of bookings, holds, passes and replies, at most so many. The last one finds none left and tells of it. A purge
    /// that ended is not begun again until another revision is in force. Slots, history and events stay.
    async fn purge_campaign(
        &self,
        request: &PurgeCampaign,
        now: Timestamp,
    ) -> Result<PurgeStep, StoreError>;

    /// Every revision of a campaign, in order, also after its removal; none of an unknown one.
    async fn revisions(&self, campaign: &CampaignId) -> Result<Vec<Revision>, StoreError>;

    /// What has happened in a campaign after event number `after`, in order, also after its removal:
    /// the links of its chain that hold those events, at most so many. They are whole, so the first
    /// may begin earlier. Nothing of what was rolled back is among them. O(text of the links).
    async fn events(
        &self,
        campaign: &CampaignId,
        after: u64,
        links_max: u32,
    ) -> Result<Vec<Link>, StoreError>;

    /// All campaigns, ordered by id, each equal to the campaign of the plan last applied. One whose
    /// definition is unreadable is left out.
    async fn campaigns(&self) -> Result<Vec<Campaign>, StoreError>;

    /// Carries out a batch: locks its campaigns, loads its [`crate::Footprint`], calls
    /// [`crate::decide`] and writes the changes with their events, in one transaction. One outcome
    /// for each command, in order, and the events. New bookings on which nothing before them depends
    /// may be carried out first, in a transaction of their own; their events then come first.
    ///
    /// After an error no command has taken effect, but for such bookings, and unless it came while
    /// committing (a repeat under the same idempotency key finds out). A conflict with another
    /// instance is tried again inside, from loading.
    async fn execute(&self, commands: &[Command], now: Timestamp) -> Result<Executed, StoreError>;

    /// As [`Self::execute`], for a store that can carry out some commands of a batch faster than all of them: it may
    /// carry out only those, in a transaction of their own, and leave the others for another call. It carries out one
    /// command at least. A command that is left depends on none that comes after it and was carried out.
    async fn execute_part(
        &self,
        commands: &[Command],
        now: Timestamp,
    ) -> Result<ExecutedPart, StoreError> {
        self.execute(commands, now).await.map(ExecutedPart::from)
    }

    /// The places of a campaign's slots at `now`, ordered by slot id, without locking anything;
    /// `None` if there is no such campaign. Seats of overdue holds count as free, those of open ones as taken.
    async fn availability(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
    ) -> Result<Option<Availability>, StoreError>;

    /// What takes the places of a slot, and the first `page_max` of it: active holds, overdue ones among
    /// them, then confirmed bookings in the order in which they were made. Nothing is locked. Without
    /// the slot there is nothing in it.
    async fn slot_use(&self, slot: &SlotKey, page_max: u32) -> Result<SlotUse, StoreError>;

    /// Those of `passes` that have an open hold at `now`: active, not overdue. Nothing is locked.
    async fn passes_with_open_holds(
        &self,
        passes: &[PassId],
        now: Timestamp,
    ) -> Result<HashSet<PassId>, StoreError>;

    /// Seats of a pass that are taken at `now`: kept by its open holds, booked, or those of persons who wait.
    /// Nothing is locked.
    async fn seats_taken(&self, pass: PassId, now: Timestamp) -> Result<u8, StoreError>;

    /// The passes of a campaign that were given back or have booked and have not expired at `now`, at
    /// most so many, the latest to expire first. Some may have an open hold. O(passes of all
    /// campaigns): a process asks when it begins, for what an earlier one did not live to report, and
    /// after a batch that may have taken effect though nothing was answered. The events tell it too,
    /// but among everything that has happened meanwhile.
    async fn departed_passes(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
        passes_max: u32,
    ) -> Result<Vec<PassId>, StoreError>;

    /// The booking with this id, if there is one.
    async fn booking(&self, id: BookingId) -> Result<Option<Booking>, StoreError>;

    /// The part of a booking that a batch looks at. A store in which what is kept of the person
    /// may be unreadable does not read it for this: the place can be given back all the same.
    async fn booking_head(&self, id: BookingId) -> Result<Option<BookingHead>, StoreError> {
        Ok(self.booking(id).await?.as_ref().map(BookingHead::from))
    }

    /// The confirmed bookings of a campaign that have this code, in the order in which they were made, at
    /// most so many: mostly none or one.
    async fn bookings_with_code(
        &self,
        campaign: &CampaignId,
        code: BookingCode,
        bookings_max: u32,
    ) -> Result<Vec<Booking>, StoreError>;

    /// Brings up to `bookings_max` bookings that an earlier release wrote, those with an id after
    /// `after`, to what this one writes: confirmed ones get the key that `key_of` makes of their person,
    /// cancelled ones lose who it was, and what is stored of a person is sealed. A booking whose person is booked under that key already, or
    /// cannot be read, keeps its key. Answers where to go on, `None` at the end.
    ///
    /// One transaction under the locks of the campaigns concerned. O(`bookings_max`), and next to
    /// nothing where there are no such bookings, as in a store that did not exist before.
    async fn update_older_bookings(
        &self,
        _after: Option<BookingId>,
        _key_of: KeyOf,
        _bookings_max: u32,
    ) -> Result<Option<BookingId>, StoreError> {
        Ok(None)
    }

    /// Where what is stored of persons is sealed: wraps by the current master key each key of a campaign that is wrapped
    /// by a former one, so that the former one can be taken away. How many could not be; says in the log why.
    async fn wrap_keys_anew(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    /// The hold with this id, if there is one; an overdue one may still show as active.
    async fn hold(&self, id: HoldId) -> Result<Option<Hold>, StoreError>;

    /// The entry of a waitlist with this id, its latest offer and how many come before it, if there is
    /// such an entry. O(entries that wait).
    async fn waitlist_entry(
        &self,
        id: WaitlistEntryId,
    ) -> Result<Option<EntryStanding>, StoreError>;

    /// The store's clock.
    async fn now(&self) -> Result<Timestamp, StoreError>;

    /// Whether the store can answer: reachable, and migrated to what this program expects.
    async fn ready(&self) -> Result<(), StoreError>;
}

/// Makes the blind index of a person in a campaign.
pub type KeyOf = Arc<dyn Fn(&CampaignId, &Person) -> PersonKey + Send + Sync>;

/// What open holds keep at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Passes that have an open hold: active, not overdue.
    pub passes: u32,
    /// Seats of these holds that have no person yet.
    pub seats: u32,
}

/// What takes the places of one slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotUse {
    /// Places taken.
    pub taken: u32,
    /// Places kept for those on the waitlist.
    pub reserved: u32,
    /// Confirmed bookings.
    pub bookings: u64,
    /// Active holds.
    pub holds: u64,
    /// The first of them.
    pub page: Vec<TakenBy>,
}

/// The places of a campaign at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Availability {
    /// The instant at which they were counted, on the store's clock.
    pub as_of: Timestamp,
    /// What is held; none of it is bookable.
    pub held: Held,
    /// Who waits; nobody where there is no waitlist.
    pub waitlist: WaitlistCounts,
    /// The slots, ordered by id.
    pub slots: Vec<SlotAvailability>,
}

/// The places of a slot at one instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotAvailability {
    /// The slot.
    pub slot: SlotId,
    /// How many persons at most.
    pub capacity: u32,
    /// Places open by now.
    pub released: u32,
    /// Places kept for those on the waitlist.
    pub reserved: u32,
    /// Places bookable now.
    pub places_left: u32,
}

impl Availability {
    /// The places of `campaign` at `now`, given each slot's counters, the seats that its overdue
    /// holds still count as taken, what the open ones keep, and who waits. A slot without an entry has nothing
    /// taken.
    #[must_use]
    pub fn of(
        campaign: &Campaign,
        counters: &HashMap<SlotId, (SlotCounters, u32)>,
        held: Held,
        waitlist: WaitlistCounts,
        now: Timestamp,
    ) -> Self {
        let slots = campaign
            .slots
            .iter()
            .map(|slot| {
                let (counters, overdue) = counters.get(&slot.id).copied().unwrap_or_default();
                let released = campaign.released_at(slot, now);
                let used = counters.used().saturating_sub(overdue);
                SlotAvailability {
                    slot: slot.id.clone(),
                    capacity: slot.capacity,
                    released,
                    reserved: counters.reserved,
                    places_left: campaign.places_bookable(slot, used, now),
                }
            })
            .collect();
        Self { as_of: now, held, waitlist, slots }
    }

    /// Places bookable now, over all slots.
    #[must_use]
    pub fn places_left(&self) -> u64 {
        self.slots.iter().map(|slot| u64::from(slot.places_left)).sum()
    }
}

/// Why the store gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It answers, but could not do this in time: somebody else keeps the campaign locked, or too
    /// many are waiting for a connection. Nothing was done, and it says nothing about other
    /// campaigns.
    #[error("the booking store is busy: {reason}")]
    Busy {
        /// What the adapter saw; for the log, without personal data.
        reason: String,
        /// The adapter's error.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// It does not answer: the same call may succeed later, and any other would fail now as well.
    /// Whether anything was done may be unknown.
    #[error("the booking store is unavailable: {reason}")]
    Unavailable {
        /// What the adapter saw; for the log, without personal data.
        reason: String,
        /// The adapter's error.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// It answers what it must not: the same call will not succeed without somebody's help.
    #[error("the booking store is broken: {reason}")]
    Broken {
        /// What the adapter saw; for the log, without personal data.
        reason: String,
        /// The adapter's error.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}
