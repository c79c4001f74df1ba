//! What a plan would change, for whoever has to decide about it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kernel::{FieldChange, Timestamp, differences};

use super::apply::{InForce, SlotInForce};
use super::{Campaign, CampaignPlan, SlotCounters, SlotId};

/// What a plan changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The revision that it is or would be.
    pub revision: u64,
    /// What becomes different of the campaign apart from its slots.
    pub fields: Vec<FieldChange>,
    /// What becomes of its slots; those that stay as they are, are left out.
    pub slots: Vec<SlotPreview>,
    /// Places bookable now, before and after.
    pub places_bookable: (u64, u64),
    /// How many of the places it adds are kept for those who wait.
    pub waitlist_gains: u32,
    /// Openings that the plan adds and whose time has passed: their places are bookable at once, and
    /// nobody gathers for them.
    pub openings_past: Vec<Timestamp>,
}

/// What becomes of one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotPreview {
    /// The slot.
    pub slot: SlotId,
    /// What happens to it.
    pub change: SlotFate,
    /// Persons booked in it.
    pub bookings: u32,
    /// Places that holds keep and nobody has booked yet.
    pub held: u32,
}

/// What happens to a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotFate {
    /// It is new.
    Added {
        /// Its capacity.
        capacity: u32,
    },
    /// It is gone.
    Removed,
    /// It stays, with other values.
    Changed(Vec<FieldChange>),
}

impl Preview {
    /// What `plan`, under which the slots have these counters, changes of what is in force. O(definition).
    pub(super) fn of(
        revision: u64,
        plan: &CampaignPlan,
        in_force: Option<&InForce>,
        counters: &BTreeMap<SlotId, SlotCounters>,
        now: Timestamp,
    ) -> Self {
        let to = plan.campaign();
        let from = in_force.map(|in_force| &*in_force.campaign);
        let opened: BTreeSet<Timestamp> =
            from.into_iter().flat_map(|from| &from.tranches).map(|of| of.opens_at).collect();
        let openings = to.tranches.iter().map(|tranche| tranche.opens_at);
        Self {
            revision,
            fields: from.map_or_else(Vec::new, |from| {
                differences(&without_slots(from), &without_slots(to))
            }),
            slots: in_force.map_or_else(Vec::new, |in_force| slots(in_force, to)),
            places_bookable: (
                in_force.map_or(0, |in_force| {
                    let counters = |id: &SlotId| in_slot(Some(in_force), id).counters;
                    places_bookable(&in_force.campaign, counters, now)
                }),
                places_bookable(to, |id| counters.get(id).copied().unwrap_or_default(), now),
            ),
            waitlist_gains: 0,
            openings_past: openings.filter(|at| *at <= now && !opened.contains(at)).collect(),
        }
    }
}

fn without_slots(campaign: &Campaign) -> Campaign {
    Campaign { slots: Vec::new(), ..campaign.clone() }
}

fn in_slot(in_force: Option<&InForce>, id: &SlotId) -> SlotInForce {
    in_force.and_then(|in_force| in_force.slots.get(id)).copied().unwrap_or_default()
}

fn places_bookable(
    campaign: &Campaign,
    counters: impl Fn(&SlotId) -> SlotCounters,
    now: Timestamp,
) -> u64 {
    let places = campaign.slots.iter().map(|slot| {
        let used = counters(&slot.id).used();
        u64::from(campaign.places_bookable(slot, used, now))
    });
    places.sum()
}

fn slots(in_force: &InForce, to: &Campaign) -> Vec<SlotPreview> {
    let from = &*in_force.campaign;
    let preview = |slot: &SlotId, change| {
        let known = in_slot(Some(in_force), slot);
        SlotPreview { slot: slot.clone(), change, bookings: known.bookings(), held: known.held }
    };
    let kept = to.slots.iter().filter_map(|slot| match from.slot(&slot.id) {
        None => Some(preview(&slot.id, SlotFate::Added { capacity: slot.capacity })),
        Some(earlier) if earlier == slot => None,
        Some(earlier) => Some(preview(&slot.id, SlotFate::Changed(differences(earlier, slot)))),
    });
    let gone = from.slots.iter().filter(|slot| to.slot(&slot.id).is_none());
    let gone = gone.map(|slot| preview(&slot.id, SlotFate::Removed));
    kept.chain(gone).collect()
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for field in &self.fields {
            writeln!(f, "  {field}")?;
        }
        for slot in &self.slots {
            writeln!(f, "  {slot}")?;
        }
        let (before, after) = self.places_bookable;
        let affected = self.slots.iter().map(|slot| u64::from(slot.bookings)).sum::<u64>();
        let held = self.slots.iter().map(|slot| u64::from(slot.held)).sum::<u64>();
        write!(
            f,
            "  places bookable now: {before} → {after}; {} slots change, with {affected} bookings and \
             {held} seats on hold",
            self.slots.len()
        )?;
        match self.waitlist_gains {
            0 => Ok(()),
            gains => write!(f, "; {gains} of the new places go to those on the waitlist"),
        }
    }
}

impl fmt::Display for SlotPreview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slot, change, bookings, held } = self;
        match change {
            SlotFate::Added { capacity } => write!(f, "slot {slot}: new, for {capacity} persons"),
            SlotFate::Removed => write!(f, "slot {slot}: gone"),
            SlotFate::Changed(fields) => {
                let fields: Vec<String> = fields.iter().map(ToString::to_string).collect();
                write!(f, "slot {slot}: {}", fields.join("; "))?;
                if *bookings > 0 || *held > 0 {
                    write!(f, " ({bookings} bookings, {held} seats on hold)")?;
                }
                Ok(())
            }
        }
    }
}
