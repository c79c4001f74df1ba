//! Random scripts of a waitlist. What is accepted or declined is mostly an offer that is open, so the
//! script is written while it is played on the model.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Entropy, ManualClock, SeededEntropy, Timestamp};

use super::super::scene::{self, waitlist};
use crate::batch::Command;
use crate::campaign::CampaignPlan;
use crate::memory::MemoryStore;
use crate::store::BookingStore;
use crate::waitlist::{AfterDeclining, Offer, OfferState, WaitlistEntry};

/// What is done at one moment.
#[derive(Clone, Debug)]
pub struct Step {
    /// When.
    pub now: Timestamp,
    /// The plan that comes into force before.
    pub plan: Option<CampaignPlan>,
    /// The batch.
    pub commands: Vec<Command>,
}

/// Persons of a script; each entry is that of a person.
const PERSONS: u32 = 24;

/// Every so manieth person is a child.
const CHILD_EVERY: u32 = 4;

/// `count` steps of 1 to 6 commands each. The first puts the campaign into force, one in the middle adds
/// places, and a later one makes it a campaign for adults. The same seed gives the same script.
pub async fn random_waitlist(seed: u64, count: usize) -> Vec<Step> {
    let mut now = scene::at(0);
    let model = MemoryStore::new(Arc::new(ManualClock::at(now)));
    let mut writer = Writer { entropy: SeededEntropy::new(seed), number: 0 };
    let mut steps = Vec::with_capacity(count);
    for step in 0..count {
        let pause_s = if writer.below(4) == 0 { writer.below(700) } else { writer.below(20) };
        now = now.plus(Duration::from_secs(u64::from(pause_s)));
        let plan = plan_before(step, count);
        if let Some(plan) = &plan {
            model.apply_campaign(plan, now).await.expect("the model answers");
        }
        let length = 1 + writer.below(6);
        let commands: Vec<Command> = (0..length).map(|_| writer.command(&model, now)).collect();
        model.execute(&commands, now).await.expect("no promise is broken");
        steps.push(Step { now, plan, commands });
    }
    steps
}

fn plan_before(step: usize, count: usize) -> Option<CampaignPlan> {
    let mut campaign = waitlist::campaign(waitlist::rules(16));
    let (adds_places, is_for_adults) = (count / 2, count * 2 / 3);
    if step >= adds_places {
        (campaign.slots[2].capacity, campaign.slots[2].allotments) = (7, vec![7]);
    }
    if step >= is_for_adults {
        campaign.eligibility.rules = vec![waitlist::adults_only()];
    }
    let is_changed = [0, adds_places, is_for_adults].contains(&step);
    is_changed.then(|| CampaignPlan::new(campaign).expect("a plan"))
}

struct Writer {
    entropy: SeededEntropy,
    number: u32,
}

impl Writer {
    fn below(&mut self, bound: u32) -> u32 {
        let entropy: &dyn Entropy = &self.entropy;
        u32::try_from(entropy.u64() % u64::from(bound)).expect("below a u32")
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        let count = u32::try_from(of.len()).ok().filter(|count| *count > 0)?;
        of.get(self.below(count) as usize).cloned()
    }

    fn command(&mut self, model: &MemoryStore, now: Timestamp) -> Command {
        self.number += 1;
        let number = self.number;
        let pass = scene::grant(number, 1 + u8::try_from(self.below(2)).expect("small"), now);
        let person = person(self.below(PERSONS));
        let key = scene::key(number, 0);
        let slot = ["a", "b", "c"][self.below(3) as usize];
        let offers: Vec<Offer> =
            model.offers().into_iter().filter(|offer| offer.state == OfferState::Open).collect();
        let entries = model.waitlist_entries();
        match self.below(24) {
            0..=6 => scene::book_slot(&pass, slot, number, person, key),
            7..=11 => waitlist::join(&pass, number, person, key),
            12..=14 => scene::cancel(self.below(number), key),
            15 => scene::move_booking(self.below(number), slot, key),
            16 | 17 => waitlist::call_up(number * 10, 1 + self.below(4)),
            18 => waitlist::call_up_for(slot, 1 + self.below(20), number * 10, 1 + self.below(3)),
            19..=21 => match self.pick(&offers) {
                Some(offer) => {
                    let person = person_of(&entries, &offer);
                    waitlist::accept(offer.entry, offer.id, (number, person), key)
                }
                None => waitlist::call_up(number * 10, 1),
            },
            22 => match self.pick(&offers) {
                Some(offer) if self.below(3) == 0 => {
                    waitlist::decline(offer.entry, offer.id, AfterDeclining::Leave)
                }
                Some(offer) => waitlist::decline(offer.entry, offer.id, AfterDeclining::Stay),
                None => waitlist::join(&pass, number, person, key),
            },
            _ => match self.pick(&entries) {
                Some(entry) => waitlist::leave(entry.id),
                None => waitlist::join(&pass, number, person, key),
            },
        }
    }
}

/// The person who is number `number` of a script.
const fn person(number: u32) -> u32 {
    if number.is_multiple_of(CHILD_EVERY) { waitlist::CHILDREN + number } else { number }
}

/// The number of the person to whom an offer is made.
fn person_of(entries: &[WaitlistEntry], offer: &Offer) -> u32 {
    let entry = entries.iter().find(|entry| entry.id == offer.entry).expect("whose offer it is");
    let is_meant = |person: &u32| scene::correction(*person).person_key == entry.person_key;
    (0..PERSONS).map(person).find(is_meant).expect("a person of the script waits")
}
