//! What deciding a batch has to know: which rows, and in which order they are found.

use std::collections::BTreeMap;

use kernel::CampaignId;
use pass::PassId;

use super::{Command, Outcome};
use crate::booking::{BookingId, Registration};
use crate::campaign::SlotKey;
use crate::car::CarId;
use crate::hold::HoldId;
use crate::person::PersonKey;
use crate::waitlist::{CallUp, CallUpOutcome, OfferId, WaitlistEntryId};

/// What a batch has to load. Every list is sorted and without repeats.
///
/// Load in this order, because the later steps depend on the earlier ones:
/// 1. lock `campaigns` in the order given, then read their definitions and where their chains end;
/// 2. `holds` by id; all overdue holds (active, `expires_at ≤ now`) of `slots` and of `passes`; and
///    for each of `sweeps` the given number of overdue holds of that campaign, earliest first;
/// 3. `bookings` by id;
/// 4. the counters of `slots` and of the slots of every hold and booking loaded;
/// 5. `idempotency_keys` with a record, and the booking of each that recorded one;
/// 6. the uses of `passes` and of the passes of every overdue hold and every one of `bookings` loaded;
/// 7. `person_keys` that have an active booking, and the entries of the waitlist that wait under them;
/// 8. of each of `call_ups` every open offer of the campaign, and of its entries that wait and have
///    none the given number, those of the lowest rank first ([`crate::EntryHead::rank`]);
/// 9. `entries` by id, `offers` by id, and the entries of all offers loaded;
/// 10. of every entry loaded its open offer, the slots it has declined, and the use of its pass; of those of a
///     campaign of `call_ups` that asks for an age, when the person was born;
/// 11. the counters of the slots of all offers loaded, and of every slot of `whole_campaigns`;
/// 12. the numbers of the waitlist of each of `campaigns` that has one;
/// 13. of `cars` the confirmed bookings in them and the seats that open holds keep in them.
///
/// When the batch is decided, [`Self::looking_further`] says whether more has to be loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Campaigns to lock.
    pub campaigns: Vec<CampaignId>,
    /// Slots named by commands.
    pub slots: Vec<SlotKey>,
    /// Holds named by commands.
    pub holds: Vec<HoldId>,
    /// Passes of commands.
    pub passes: Vec<PassId>,
    /// Persons to be registered, or to have a booking corrected to.
    pub person_keys: Vec<(CampaignId, PersonKey)>,
    /// Keys of commands.
    pub idempotency_keys: Vec<[u8; 32]>,
    /// Bookings to be changed or cancelled.
    pub bookings: Vec<BookingId>,
    /// Cars named by commands.
    pub cars: Vec<CarId>,
    /// Campaigns to sweep, with the number of overdue holds to load at most.
    pub sweeps: BTreeMap<CampaignId, u32>,
    /// Campaigns whose waitlist is called up, with the number of entries without an offer to load at most.
    pub call_ups: BTreeMap<CampaignId, u32>,
    /// Campaigns of which every slot is looked at.
    pub whole_campaigns: Vec<CampaignId>,
    /// Entries of waitlists named by commands.
    pub entries: Vec<WaitlistEntryId>,
    /// Offers named by commands.
    pub offers: Vec<OfferId>,
}

impl Footprint {
    /// The footprint of a batch.
    #[must_use]
    pub fn of(commands: &[Command]) -> Self {
        let mut footprint = Self::default();
        for command in commands {
            footprint.add(command);
        }
        sort(&mut footprint.campaigns);
        sort(&mut footprint.slots);
        sort(&mut footprint.holds);
        sort(&mut footprint.passes);
        sort(&mut footprint.person_keys);
        sort(&mut footprint.idempotency_keys);
        sort(&mut footprint.bookings);
        sort(&mut footprint.cars);
        sort(&mut footprint.whole_campaigns);
        sort(&mut footprint.entries);
        sort(&mut footprint.offers);
        footprint
    }

    /// What is to be loaded instead where a call-up lacked people and there may be more to look at. The batch is
    /// then decided anew, under the same locks.
    #[must_use]
    pub fn looking_further(&self, commands: &[Command], outcomes: &[Outcome]) -> Option<Self> {
        let lacks_people = |outcome: &Outcome| matches!(outcome, Outcome::CallUp(CallUpOutcome::Done(called)) if called.lacks_people);
        let lacking = commands.iter().zip(outcomes).filter(|(_, outcome)| lacks_people(outcome));
        let mut wider = self.clone();
        for (command, _) in lacking {
            let Some(looked_at) = self.call_ups.get(command.campaign()) else { continue };
            if let Some(further) = CallUp::LOOKS.into_iter().find(|further| further > looked_at) {
                wider.call_ups.insert(command.campaign().clone(), further);
            }
        }
        (wider.call_ups != self.call_ups).then_some(wider)
    }

    /// The person, under each key that a booking of theirs may have.
    pub(crate) fn add_person(&mut self, campaign: &CampaignId, registration: &Registration) {
        self.person_keys.extend(registration.person_keys().map(|key| (campaign.clone(), key)));
    }

    fn add(&mut self, command: &Command) {
        self.campaigns.push(command.campaign().clone());
        self.idempotency_keys.extend(command.idempotency().map(|idempotency| idempotency.key));
        command.touch(self);
    }
}

fn sort<T: Ord>(list: &mut Vec<T>) {
    list.sort_unstable();
    list.dedup();
}
