//! A campaign that can be applied to a store: complete, consistent, and possible given what is taken.

use std::collections::HashSet;

use kernel::Slug;

use super::{Campaign, SiteId, Slot, SlotId};
use crate::eligibility::Eligibility;
use crate::waitlist::Waitlist;

/// A campaign that is complete and consistent in itself and can be applied to a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignPlan(Campaign);

/// Why a campaign is not a plan, or why a plan cannot replace what is in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanProblem {
    /// A name occurs twice.
    #[error("the {kind} '{id}' occurs twice")]
    Duplicate {
        /// Site, slot or declaration.
        kind: &'static str,
        /// Its name.
        id: Slug,
    },
    /// A slot is at a site that the campaign does not have.
    #[error("the slot '{slot}' is at the unknown site '{site}'")]
    UnknownSite {
        /// The slot.
        slot: SlotId,
        /// The site.
        site: SiteId,
    },
    /// A slot ends before it starts.
    #[error("the slot '{0}' ends before it starts")]
    SlotTimes(SlotId),
    /// A slot has not one allotment per tranche.
    #[error("the slot '{0}' needs one allotment for each tranche")]
    AllotmentCount(SlotId),
    /// The tranches open more places than a slot has.
    #[error("the allotments of the slot '{0}' exceed its capacity")]
    AllotmentsExceedCapacity(SlotId),
    /// The tranches are not in the order of their openings.
    #[error("the tranches are not ordered by their openings")]
    TrancheOrder,
    /// A number is outside its bounds.
    #[error("{what} must be between {min} and {max}")]
    OutOfBounds {
        /// Which number.
        what: &'static str,
        /// The least.
        min: u32,
        /// The most.
        max: u32,
    },
    /// The plan lacks a slot in which places are taken.
    #[error("the slot '{slot}' has {taken} places taken and cannot be removed; close it instead")]
    SlotRemoved {
        /// The slot.
        slot: SlotId,
        /// Places taken.
        taken: u32,
    },
    /// The plan lacks a slot in which nobody has a place any more, but somebody had.
    #[error(
        "the slot '{0}' cannot be removed, as ended holds or cancelled bookings refer to it; close \
         it instead"
    )]
    SlotRemembered(SlotId),
    /// A slot in which places are taken would be at another time or site.
    #[error(
        "the slot '{slot}' has {taken} places taken and would change its {field} from {from} to \
         {to}: only an explicit reschedule moves people"
    )]
    SlotMoved {
        /// The slot.
        slot: SlotId,
        /// Places taken.
        taken: u32,
        /// What would change: start, end or site.
        field: &'static str,
        /// The value in force.
        from: String,
        /// The value of the plan.
        to: String,
    },
    /// More places are taken than the plan would have open now.
    #[error(
        "the slot '{slot}' has {taken} places taken, and its places open by now would go from \
         {from} to {to}"
    )]
    BelowTaken {
        /// The slot.
        slot: SlotId,
        /// Places taken.
        taken: u32,
        /// Places open by now under what is in force.
        from: u32,
        /// Places the plan opens by now.
        to: u32,
    },
}

impl CampaignPlan {
    /// Slots of one campaign.
    pub const SLOTS_MAX: u32 = 10_000;
    /// Places of one slot.
    pub const CAPACITY_MAX: u32 = 1_000_000;
    /// Openings of one campaign.
    pub const TRANCHES_MAX: u32 = 100;

    /// Checks `campaign` and brings its slots into the order of their ids.
    pub fn new(mut campaign: Campaign) -> Result<Self, PlanProblem> {
        campaign.slots.sort_by(|a, b| a.id.cmp(&b.id));
        check_bounds(&campaign)?;
        check_names(&campaign)?;
        for slot in &campaign.slots {
            check_slot(&campaign, slot)?;
        }
        if !campaign.tranches.is_sorted_by_key(|tranche| tranche.opens_at) {
            return Err(PlanProblem::TrancheOrder);
        }
        Ok(Self(campaign))
    }

    /// The campaign.
    #[must_use]
    pub fn campaign(&self) -> &Campaign {
        &self.0
    }
}

fn check_bounds(campaign: &Campaign) -> Result<(), PlanProblem> {
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let Eligibility { rules, declarations } = &campaign.eligibility;
    let waitlist_places = campaign.waitlist.map_or(1, |waitlist| waitlist.places);
    let bounds = [
        ("the number of sites", count(campaign.sites.len()), 1, 100),
        ("the number of slots", count(campaign.slots.len()), 1, CampaignPlan::SLOTS_MAX),
        ("the number of tranches", count(campaign.tranches.len()), 1, CampaignPlan::TRANCHES_MAX),
        ("seats_max", u32::from(campaign.rules.seats_max), 1, 4),
        ("hold_ttl_s", campaign.rules.hold_ttl_s, 1, 86_400),
        ("hold_renewals_max", u32::from(campaign.rules.hold_renewals_max), 0, 10),
        ("lead_s", campaign.rules.lead_s, 0, 604_800),
        ("the places of the waitlist", waitlist_places, 1, Waitlist::PLACES_MAX),
        ("the number of rules", count(rules.len()), 0, count(Eligibility::RULES_MAX)),
        (
            "the number of declarations",
            count(declarations.len()),
            0,
            count(Eligibility::DECLARATIONS_MAX),
        ),
    ];
    let outside = bounds.into_iter().find(|(_, value, min, max)| !(min..=max).contains(&value));
    match outside {
        Some((what, _, min, max)) => Err(PlanProblem::OutOfBounds { what, min, max }),
        None => Ok(()),
    }
}

fn check_names(campaign: &Campaign) -> Result<(), PlanProblem> {
    let sites = campaign.sites.iter().map(|site| ("site", &site.id));
    let slots = campaign.slots.iter().map(|slot| ("slot", &slot.id));
    let declarations =
        campaign.eligibility.declarations.iter().map(|text| ("declaration", &text.of.id));
    let mut seen = HashSet::new();
    match sites.chain(slots).chain(declarations).find(|name| !seen.insert(*name)) {
        Some((kind, id)) => Err(PlanProblem::Duplicate { kind, id: id.clone() }),
        None => Ok(()),
    }
}

fn check_slot(campaign: &Campaign, slot: &Slot) -> Result<(), PlanProblem> {
    if campaign.site(&slot.site).is_none() {
        return Err(PlanProblem::UnknownSite { slot: slot.id.clone(), site: slot.site.clone() });
    }
    if slot.ends_at <= slot.starts_at {
        return Err(PlanProblem::SlotTimes(slot.id.clone()));
    }
    if slot.capacity > CampaignPlan::CAPACITY_MAX {
        let max = CampaignPlan::CAPACITY_MAX;
        return Err(PlanProblem::OutOfBounds { what: "the capacity of a slot", min: 0, max });
    }
    if slot.allotments.len() != campaign.tranches.len() {
        return Err(PlanProblem::AllotmentCount(slot.id.clone()));
    }
    let allotted: u64 = slot.allotments.iter().map(|places| u64::from(*places)).sum();
    if allotted > u64::from(slot.capacity) {
        return Err(PlanProblem::AllotmentsExceedCapacity(slot.id.clone()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::scene;

    #[test]
    fn a_plan_is_consistent_in_itself() {
        type Spoil = fn(&mut Campaign);
        let cases: [(Spoil, &str); 10] = [
            (|campaign| campaign.slots[1].id = scene::slot("a"), "the slot 'a' occurs twice"),
            (
                |campaign| campaign.sites[1].id = scene::slot("north"),
                "the site 'north' occurs twice",
            ),
            (
                |campaign| campaign.slots[0].site = scene::slot("west"),
                "the slot 'a' is at the unknown site 'west'",
            ),
            (
                |campaign| campaign.slots[0].ends_at = scene::at(0),
                "the slot 'a' ends before it starts",
            ),
            (
                |campaign| campaign.slots[0].allotments = vec![1],
                "the slot 'a' needs one allotment for each tranche",
            ),
            (
                |campaign| campaign.slots[0].capacity = 2,
                "the allotments of the slot 'a' exceed its capacity",
            ),
            (
                |campaign| campaign.slots[0].capacity = 1_000_001,
                "the capacity of a slot must be between 0 and 1000000",
            ),
            (
                |campaign| campaign.tranches.reverse(),
                "the tranches are not ordered by their openings",
            ),
            (|campaign| campaign.rules.seats_max = 5, "seats_max must be between 1 and 4"),
            (|campaign| campaign.slots.clear(), "the number of slots must be between 1 and 10000"),
        ];
        for (spoil, expected) in cases {
            let mut campaign = scene::campaign();
            spoil(&mut campaign);
            let problem = CampaignPlan::new(campaign).expect_err(expected);
            assert_eq!(problem.to_string(), expected);
        }
    }

    #[test]
    fn slots_are_found_whatever_order_they_came_in() {
        let mut campaign = scene::campaign();
        campaign.slots.reverse();
        let plan = CampaignPlan::new(campaign).expect("a plan");
        assert_eq!(plan.campaign(), &scene::campaign());
        let found = plan.campaign().slot(&scene::slot("b")).map(|slot| slot.capacity);
        assert_eq!((found, plan.campaign().slot(&scene::slot("d"))), (Some(2), None));
        assert_eq!(plan.campaign().tranche_places(0), 33);
    }
}
