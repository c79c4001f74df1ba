//! What another plan means for the places kept for those who wait.

use std::collections::BTreeMap;

use kernel::Timestamp;

use crate::campaign::apply::InForce;
use crate::campaign::{Campaign, Slot, SlotCounters, SlotId};

/// Keeps as many of the places that `plan` adds as there are people who wait for one, those of the
/// earliest slots first; where nobody can be called any more, none. Answers how many it keeps besides.
///
/// `counters` are those under the plan; in each slot no more is reserved than is free.
pub(crate) fn keep_new_places(
    plan: &Campaign,
    in_force: &InForce,
    counters: &mut BTreeMap<SlotId, SlotCounters>,
    now: Timestamp,
) -> u32 {
    let mut slots: Vec<&Slot> = plan.slots.iter().collect();
    slots.sort_by_key(|slot| (slot.starts_at, &slot.id));
    for slot in &slots {
        let is_called = plan.waitlist.is_some() && plan.takes_people(slot, now);
        if let Some(of_slot) = counters.get_mut(&slot.id)
            && !is_called
        {
            of_slot.reserved = 0;
        }
    }
    if plan.waitlist_in_force(now).is_none() {
        return 0;
    }
    let kept: u32 = counters.values().map(|of_slot| of_slot.reserved).sum();
    let lack = in_force.waiting.saturating_sub(kept);
    let mut left = lack;
    for slot in slots {
        let Some(of_slot) = counters.get_mut(&slot.id) else { continue };
        let earlier = in_force.campaign.slot(&slot.id);
        let earlier = earlier.map_or(0, |slot| in_force.campaign.released_at(slot, now));
        let added = of_slot.released.saturating_sub(earlier);
        let more = added.min(left).min(plan.places_free(slot, of_slot.used(), now));
        of_slot.reserved += more;
        left -= more;
    }
    lack - left
}
