//! The store as a model: everything in memory, one lock, lost at the end of the process.
//!
//! It loads exactly the footprint, so a rule that looks at more than its footprint fails here
//! first, and it checks the promises with every change, as the constraints of a database do. The
//! property tests and the contract hold every other store against it.

mod bookings;
mod campaigns;
mod mails;
mod seats;
mod waitlist;
mod webhooks;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kernel::{CampaignId, Clock, Timestamp};
use pass::PassId;

use crate::batch::{Changes, Command, Executed, Footprint, IdempotencyRecord, State, decide};
use crate::booking::{Booking, BookingCode, BookingHead, BookingId};
use crate::campaign::apply::{Applied, ApplyCampaign};
use crate::campaign::purge::{PurgeCampaign, PurgeStep};
use crate::campaign::remove::{RemoveCampaign, Removed};
use crate::campaign::revision::Revision;
use crate::campaign::{Campaign, SlotCounters, SlotKey};
use crate::event::chain::{ChainEnd, Link};
use crate::hold::{Hold, HoldId, HoldState};
use crate::mail::Mail;
use crate::pass::PassUse;
use crate::person::PersonKey;
use crate::store::{Availability, BookingStore, Held, SlotUse, StoreError};
use crate::waitlist::{EntryStanding, Offer, OfferId, WaitlistEntry, WaitlistEntryId};

/// A booking store in memory.
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    campaigns: BTreeMap<CampaignId, Arc<Campaign>>,
    revisions: BTreeMap<CampaignId, Vec<Revision>>,
    events: BTreeMap<CampaignId, Vec<Link>>,
    slots: HashMap<SlotKey, SlotCounters>,
    holds: HashMap<HoldId, Hold>,
    passes: HashMap<PassId, PassUse>,
    bookings: HashMap<BookingId, Booking>,
    active_persons: HashSet<(CampaignId, PersonKey)>,
    records: HashMap<[u8; 32], IdempotencyRecord>,
    entries: BTreeMap<WaitlistEntryId, WaitlistEntry>,
    offers: BTreeMap<OfferId, Offer>,
    mail: mails::MailTables,
    webhooks: webhooks::WebhookTables,
    /// The revision in force when a campaign was purged.
    purged: HashMap<CampaignId, u64>,
}

impl MemoryStore {
    /// An empty store with this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, tables: Mutex::default() }
    }

    /// An empty store that keeps whom to tell of a cancellation until they were told.
    #[must_use]
    pub fn with_mail(clock: Arc<dyn Clock>) -> Self {
        let tables = Tables { mail: mails::MailTables::kept(), ..Tables::default() };
        Self { clock, tables: Mutex::new(tables) }
    }

    /// The counters of a slot, if it exists.
    #[must_use]
    pub fn counters(&self, key: &SlotKey) -> Option<SlotCounters> {
        self.tables().slots.get(key).copied()
    }

    /// Every booking ever made, in no particular order.
    #[must_use]
    pub fn bookings(&self) -> Vec<Booking> {
        self.tables().bookings.values().cloned().collect()
    }

    /// Every hold ever made, in no particular order.
    #[must_use]
    pub fn holds(&self) -> Vec<Hold> {
        self.tables().holds.values().cloned().collect()
    }

    /// What every pass has used, in no particular order.
    #[must_use]
    pub fn pass_uses(&self) -> Vec<PassUse> {
        self.tables().passes.values().cloned().collect()
    }

    /// Every letter that is kept, in the order of their ids.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        self.tables().mail.all()
    }

    /// Every entry of a waitlist ever made, in the order of their ids.
    #[must_use]
    pub fn waitlist_entries(&self) -> Vec<WaitlistEntry> {
        self.tables().entries.values().cloned().collect()
    }

    /// Every offer ever made, in the order of their ids.
    #[must_use]
    pub fn offers(&self) -> Vec<Offer> {
        self.tables().offers.values().cloned().collect()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl BookingStore for MemoryStore {
    async fn change_campaign(
        &self,
        request: &ApplyCampaign,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
        self.tables().change_campaign(request, now)
    }

    async fn remove_campaign(
        &self,
        request: &RemoveCampaign,
        now: Timestamp,
    ) -> Result<Removed, StoreError> {
        self.tables().remove_campaign(request, now)
    }

    async fn purge_campaign(
        &self,
        request: &PurgeCampaign,
        now: Timestamp,
    ) -> Result<PurgeStep, StoreError> {
        self.tables().purge_campaign(request, now)
    }

    async fn revisions(&self, campaign: &CampaignId) -> Result<Vec<Revision>, StoreError> {
        Ok(self.tables().revisions.get(campaign).cloned().unwrap_or_default())
    }

    async fn events(
        &self,
        campaign: &CampaignId,
        after: u64,
        links_max: u32,
    ) -> Result<Vec<Link>, StoreError> {
        let tables = self.tables();
        let links = tables.events.get(campaign).into_iter().flatten();
        let links_max = usize::try_from(links_max).unwrap_or(usize::MAX);
        Ok(links.filter(|link| link.last > after).take(links_max).cloned().collect())
    }

    async fn campaigns(&self) -> Result<Vec<Campaign>, StoreError> {
        Ok(self.tables().campaigns.values().map(|campaign| Campaign::clone(campaign)).collect())
    }

    async fn execute(&self, commands: &[Command], now: Timestamp) -> Result<Executed, StoreError> {
        let mut tables = self.tables();
        let mut footprint = Footprint::of(commands);
        let (changes, outcomes) = loop {
            let (changes, outcomes) = decide(tables.load(&footprint, now), now, commands);
            match footprint.looking_further(commands, &outcomes) {
                Some(wider) => footprint = wider,
                None => break (changes, outcomes),
            }
        };
        let events = changes.events.clone();
        tables.write(changes)?;
        Ok(Executed { outcomes, events })
    }

    async fn availability(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
    ) -> Result<Option<Availability>, StoreError> {
        let tables = self.tables();
        let Some(definition) = tables.campaigns.get(campaign) else { return Ok(None) };
        let mut counters: HashMap<_, (SlotCounters, u32)> = tables
            .slots
            .iter()
            .filter(|(key, _)| key.campaign == *campaign)
            .map(|(key, counters)| (key.slot.clone(), (*counters, 0)))
            .collect();
        let mut holders = HashSet::new();
        let mut held = Held::default();
        for hold in tables.holds.values().filter(|hold| hold.campaign == *campaign) {
            if hold.is_open(now) {
                holders.insert(hold.pass_id);
                held.seats += u32::from(hold.seats_open());
            } else if let Some((_, overdue)) = counters.get_mut(&hold.slot) {
                *overdue += u32::from(hold.seats_open());
            }
        }
        held.passes = u32::try_from(holders.len()).unwrap_or(u32::MAX);
        let waitlist = tables.waitlist_counts(campaign);
        Ok(Some(Availability::of(definition, &counters, held, waitlist, now)))
    }

    async fn slot_use(&self, slot: &SlotKey, page_max: u32) -> Result<SlotUse, StoreError> {
        Ok(self.tables().slot_use(slot, page_max))
    }

    async fn passes_with_open_holds(
        &self,
        passes: &[PassId],
        now: Timestamp,
    ) -> Result<HashSet<PassId>, StoreError> {
        let tables = self.tables();
        let open = tables.holds.values().filter(|hold| hold.is_open(now));
        Ok(open.map(|hold| hold.pass_id).filter(|id| passes.contains(id)).collect())
    }

    async fn seats_taken(&self, pass: PassId, now: Timestamp) -> Result<u8, StoreError> {
        Ok(self.tables().seats_taken(pass, now))
    }

    async fn departed_passes(
        &self,
        campaign: &CampaignId,
        now: Timestamp,
        passes_max: u32,
    ) -> Result<Vec<PassId>, StoreError> {
        let tables = self.tables();
        let is_departed = |pass: &&PassUse| {
            pass.campaign == *campaign
                && pass.expires_at > now
                && (pass.ended_at.is_some() || pass.seats_booked >= pass.seats)
        };
        let mut departed: Vec<_> = tables.passes.values().filter(is_departed).collect();
        departed.sort_unstable_by_key(|pass| (Reverse(pass.expires_at), pass.pass_id));
        let passes_max = usize::try_from(passes_max).unwrap_or(usize::MAX);
        Ok(departed.into_iter().take(passes_max).map(|pass| pass.pass_id).collect())
    }

    async fn booking(&self, id: BookingId) -> Result<Option<Booking>, StoreError> {
        Ok(self.tables().bookings.get(&id).cloned())
    }

    async fn bookings_with_code(
        &self,
        campaign: &CampaignId,
        code: BookingCode,
        bookings_max: u32,
    ) -> Result<Vec<Booking>, StoreError> {
        Ok(self.tables().bookings_with_code(campaign, code, bookings_max))
    }

    async fn hold(&self, id: HoldId) -> Result<Option<Hold>, StoreError> {
        Ok(self.tables().holds.get(&id).cloned())
    }

    async fn waitlist_entry(
        &self,
        id: WaitlistEntryId,
    ) -> Result<Option<EntryStanding>, StoreError> {
        Ok(self.tables().entry_standing(id))
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn broken(promise: &str) -> StoreError {
    StoreError::Broken { reason: promise.to_owned(), source: None }
}

impl Tables {
    fn load(&self, footprint: &Footprint, now: Timestamp) -> State {
        let mut state = State::default();
        for id in &footprint.campaigns {
            state
                .campaigns
                .extend(self.campaigns.get(id).map(|found| (id.clone(), Arc::clone(found))));
            state.chains.insert(id.clone(), self.chain_end(id));
        }
        self.load_holds(footprint, now, &mut state);
        for id in &footprint.bookings {
            state
                .bookings
                .extend(self.bookings.get(id).map(|found| (*id, BookingHead::from(found))));
        }
        let of_holds = state.holds.values().map(|hold| (&hold.campaign, &hold.slot));
        let of_bookings = state.bookings.values().map(|booking| (&booking.campaign, &booking.slot));
        let keys = of_holds
            .chain(of_bookings)
            .map(|(campaign, slot)| SlotKey { campaign: campaign.clone(), slot: slot.clone() });
        for key in keys.chain(footprint.slots.iter().cloned()) {
            state.slots.extend(self.slots.get(&key).map(|counters| (key, *counters)));
        }
        let overdue =
            state.holds.values().filter(|hold| hold.is_overdue(now)).map(|hold| hold.pass_id);
        let of_bookings = state.bookings.values().map(|booking| booking.pass_id);
        for id in overdue.chain(of_bookings).chain(footprint.passes.iter().copied()) {
            state.passes.extend(self.passes.get(&id).map(|found| (id, found.clone())));
        }
        for car in &footprint.cars {
            state.cars.extend(self.car_use(*car, now).map(|used| (*car, used)));
        }
        let persons = footprint.person_keys.iter().filter(|key| self.active_persons.contains(*key));
        state.active_persons.extend(persons.cloned());
        for record in footprint.idempotency_keys.iter().filter_map(|key| self.records.get(key)) {
            state.records.insert(record.key, record.clone());
            let booking = record.effect.booking().and_then(|id| self.bookings.get(&id));
            state.bookings.extend(booking.map(|found| (found.registration.booking, found.into())));
        }
        self.load_waitlists(footprint, &mut state);
        state
    }

    fn load_holds(&self, footprint: &Footprint, now: Timestamp, state: &mut State) {
        let mut overdue: Vec<&Hold> =
            self.holds.values().filter(|hold| hold.is_overdue(now)).collect();
        overdue.sort_unstable_by_key(|hold| (hold.expires_at, hold.id));
        let of_slots_and_passes = overdue.iter().filter(|hold| {
            let key = SlotKey { campaign: hold.campaign.clone(), slot: hold.slot.clone() };
            footprint.slots.contains(&key) || footprint.passes.contains(&hold.pass_id)
        });
        let swept = footprint.sweeps.iter().flat_map(|(campaign, holds_max)| {
            let holds_max = usize::try_from(*holds_max).unwrap_or(usize::MAX);
            overdue.iter().filter(move |hold| hold.campaign == *campaign).take(holds_max)
        });
        let named = footprint.holds.iter().filter_map(|id| self.holds.get(id));
        let loaded = of_slots_and_passes.chain(swept).copied().chain(named);
        state.holds.extend(loaded.map(|hold| (hold.id, hold.clone())));
    }

    /// Writes the changes if none of them breaks a promise. A broken one leaves the tables in
    /// disorder, as there is no transaction to roll back: only a bug gets there.
    fn write(&mut self, mut changes: Changes) -> Result<(), StoreError> {
        self.keep_cancellations(&changes);
        self.forget_recipients(&changes.bookings_forgotten);
        self.write_waitlists(&mut changes)?;
        for change in changes.slots {
            let campaign =
                self.campaigns.get(&change.key.campaign).ok_or(broken("no such campaign"))?;
            let capacity = campaign.slot(&change.key.slot).ok_or(broken("no such slot"))?.capacity;
            let counters = change.counters;
            if counters.used() > counters.released || counters.released > capacity {
                return Err(broken("P1: taken + reserved ≤ released ≤ capacity"));
            }
            self.slots.insert(change.key, counters);
        }
        self.passes
            .extend(changes.pass_uses.into_iter().map(|pass_use| (pass_use.pass_id, pass_use)));
        for hold in changes.holds {
            let earlier = self.holds.get(&hold.id).map(|earlier| earlier.state);
            if hold.seats_booked > hold.seats
                || earlier.is_some_and(|state| state != HoldState::Active)
            {
                return Err(broken("P7: a hold ends once"));
            }
            self.holds.insert(hold.id, hold);
        }
        self.cancel_bookings(changes.bookings_cancelled)?;
        self.change_bookings(changes.bookings_changed)?;
        self.insert_bookings(changes.bookings_inserted)?;
        for record in changes.records {
            if self.records.insert(record.key, record).is_some() {
                return Err(broken("P3: one idempotency key, one effect"));
            }
        }
        changes.events.into_iter().try_for_each(|events| self.add_link(events.link))
    }

    fn chain_end(&self, campaign: &CampaignId) -> ChainEnd {
        let last = self.events.get(campaign).and_then(|links| links.last());
        last.map_or_else(ChainEnd::default, Link::end)
    }

    fn add_link(&mut self, link: Link) -> Result<(), StoreError> {
        if link.first != self.chain_end(&link.campaign).number + 1 {
            return Err(broken("P19: events have numbers without gaps"));
        }
        self.events.entry(link.campaign.clone()).or_default().push(link);
        Ok(())
    }
}
