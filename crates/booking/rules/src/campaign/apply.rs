//! Putting a plan into force: one judgement, which every store carries out under the campaign's lock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kernel::Timestamp;

use super::preview::Preview;
use super::revision::{ChangeReason, RevisionActor};
use super::{Campaign, CampaignPlan, PlanProblem, Slot, SlotCounters, SlotId};
use crate::event::What;
use crate::event::chain::{ChainEnd, Link};
use crate::waitlist::keep_new_places;

/// A plan, and the terms on which it may come into force.
#[derive(Clone, Debug)]
pub struct ApplyCampaign {
    /// The plan.
    pub plan: CampaignPlan,
    /// What it may replace.
    pub expected: Expected,
    /// Whether it may move slots in which people have places.
    pub booked_slots: BookedSlots,
    /// Whether to do it or only to say what it would do.
    pub intent: Intent,
    /// Who asks for it.
    pub actor: RevisionActor,
    /// Why, in the operator's words.
    pub reason: Option<ChangeReason>,
}

impl ApplyCampaign {
    /// The operator's wish, whatever is in force; booked slots stay where they are.
    #[must_use]
    pub fn of_operator(plan: CampaignPlan) -> Self {
        Self {
            plan,
            expected: Expected::Any,
            booked_slots: BookedSlots::Stay,
            intent: Intent::Apply,
            actor: RevisionActor::Operator,
            reason: None,
        }
    }

    /// The event that a store writes with this revision, after those that the chain ends with.
    #[must_use]
    pub fn told(&self, revision: u64, end: ChainEnd, now: Timestamp) -> Link {
        let changed = (self.actor.into(), What::CampaignChanged { revision });
        end.continued(&self.plan.campaign().id, now, vec![changed]).link
    }

    /// What a starting service asks for: the campaign, if there is none of this name.
    #[must_use]
    pub fn at_start(plan: CampaignPlan) -> Self {
        Self { expected: Expected::Nothing, actor: RevisionActor::Start, ..Self::of_operator(plan) }
    }
}

/// What a plan may replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing: it creates what is missing, and brings back nothing that was removed.
    Nothing,
    /// This revision; 0 where no campaign of this name is in force.
    Revision(u64),
    /// Whatever is in force.
    Any,
}

/// What becomes of slots in which places are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BookedSlots {
    /// They keep their times and their site.
    Stay,
    /// They may move, with everybody who has a place in them: a reschedule that somebody decided on.
    MayMove,
}

/// Whether to do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Say what would come of it, and change nothing.
    Preview,
    /// Do it.
    Apply,
}

/// What came of applying a plan; of a preview: what would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The campaign is new, or was brought back after its removal.
    Created(Preview),
    /// It was in force already, under this revision.
    Unchanged {
        /// The revision in force.
        revision: u64,
    },
    /// It has replaced an earlier plan.
    Updated(Preview),
    /// Another revision than the expected one is in force; nothing was changed.
    OtherRevision {
        /// The revision in force; 0 if there is none.
        revision: u64,
    },
    /// The campaign was removed, and only the operator brings it back; nothing was changed.
    WasRemoved {
        /// The revision with which it was removed.
        revision: u64,
    },
    /// It cannot replace what is in force; nothing was changed.
    Refused(PlanProblem),
}

impl Applied {
    /// What changes, where something does.
    #[must_use]
    pub const fn preview(&self) -> Option<&Preview> {
        match self {
            Self::Created(preview) | Self::Updated(preview) => Some(preview),
            Self::Unchanged { .. }
            | Self::OtherRevision { .. }
            | Self::WasRemoved { .. }
            | Self::Refused(_) => None,
        }
    }

    /// What became of the campaign, in words for the operator; or why nothing was changed.
    pub fn verdict(&self) -> Result<String, String> {
        match self {
            Self::Created(preview) => Ok(format!("is in force (revision {})", preview.revision)),
            Self::Unchanged { revision } => {
                Ok(format!("was in force already (revision {revision})"))
            }
            Self::Updated(preview) => {
                Ok(format!("has replaced the earlier one (revision {})", preview.revision))
            }
            Self::OtherRevision { revision: 0 } => {
                Err("is not in force, so there is no revision to expect but 0".to_owned())
            }
            Self::OtherRevision { revision } => Err(format!(
                "is in force as revision {revision}, not as the one expected: look at what has \
                 changed, then apply again"
            )),
            Self::WasRemoved { revision } => Err(format!(
                "was removed (revision {revision}); only `einlass campaign apply` brings it back"
            )),
            Self::Refused(problem) => Err(format!("cannot replace what is in force: {problem}")),
        }
    }
}

/// What a store knows of a campaign's name.
#[derive(Clone, Debug)]
pub enum Standing {
    /// Nothing: it was never used.
    Missing,
    /// The campaign was removed with this revision.
    Removed {
        /// The last revision.
        revision: u64,
    },
    /// A campaign of this name is in force.
    InForce(InForce),
}

/// A campaign in force.
#[derive(Clone, Debug)]
pub struct InForce {
    /// Its revision.
    pub revision: u64,
    /// Its definition.
    pub campaign: Arc<Campaign>,
    /// What is taken in its slots.
    pub slots: BTreeMap<SlotId, SlotInForce>,
    /// Persons on its waitlist.
    pub waiting: u32,
    /// Which of the slots that the plan lacks were ever held, booked or offered.
    pub remembered: BTreeSet<SlotId>,
}

/// What is taken in a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotInForce {
    /// Its counters.
    pub counters: SlotCounters,
    /// Those of the places taken that holds keep and nobody has booked yet.
    pub held: u32,
}

impl SlotInForce {
    /// Persons booked.
    #[must_use]
    pub fn bookings(self) -> u32 {
        self.counters.taken.saturating_sub(self.held)
    }
}

/// What a store has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing.
    Leave(Applied),
    /// Write this revision, then say so.
    Write(NewRevision, Applied),
}

/// What a store writes besides the definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRevision {
    /// Its number.
    pub number: u64,
    /// The counters of every slot of the plan.
    pub counters: BTreeMap<SlotId, SlotCounters>,
    /// Slots that are gone; nobody ever had a place in them.
    pub removed: Vec<SlotId>,
}

/// Judges a plan against what is in force. A store calls this inside the transaction that applies the
/// plan, with the campaign locked.
#[must_use]
pub fn judge(request: &ApplyCampaign, standing: &Standing, now: Timestamp) -> Judgement {
    let (last_revision, in_force) = match standing {
        Standing::Missing => (0, None),
        Standing::Removed { revision } => (*revision, None),
        Standing::InForce(in_force) => (in_force.revision, Some(in_force)),
    };
    if in_force.is_some_and(|in_force| *in_force.campaign == *request.plan.campaign()) {
        return Judgement::Leave(Applied::Unchanged { revision: last_revision });
    }
    let revision = in_force.map_or(0, |in_force| in_force.revision);
    let unexpected = match (request.expected, standing) {
        (Expected::Any, _) | (Expected::Nothing, Standing::Missing) => None,
        (Expected::Nothing, Standing::Removed { revision }) => {
            Some(Applied::WasRemoved { revision: *revision })
        }
        (Expected::Nothing, Standing::InForce(_)) => Some(Applied::OtherRevision { revision }),
        (Expected::Revision(expected), _) => {
            (expected != revision).then_some(Applied::OtherRevision { revision })
        }
    };
    if let Some(applied) = unexpected {
        return Judgement::Leave(applied);
    }
    let (mut counters, removed) = match weigh(request, in_force, now) {
        Ok(weighed) => weighed,
        Err(problem) => return Judgement::Leave(Applied::Refused(problem)),
    };
    let number = last_revision + 1;
    let waitlist_gains = in_force.map_or(0, |in_force| {
        keep_new_places(request.plan.campaign(), in_force, &mut counters, now)
    });
    let preview = Preview::of(number, &request.plan, in_force, &counters, now);
    let preview = Preview { waitlist_gains, ..preview };
    let applied = match in_force {
        None => Applied::Created(preview),
        Some(_) => Applied::Updated(preview),
    };
    match request.intent {
        Intent::Preview => Judgement::Leave(applied),
        Intent::Apply => Judgement::Write(NewRevision { number, counters, removed }, applied),
    }
}

/// The counters of every slot under the plan, and the slots that are gone: what is taken stays taken,
/// `released` becomes what the plan has open at `now`, and no more stays reserved than is free.
fn weigh(
    request: &ApplyCampaign,
    in_force: Option<&InForce>,
    now: Timestamp,
) -> Result<(BTreeMap<SlotId, SlotCounters>, Vec<SlotId>), PlanProblem> {
    let plan = request.plan.campaign();
    let mut counters = BTreeMap::new();
    for slot in &plan.slots {
        let known = in_force.and_then(|in_force| in_force.slots.get(&slot.id));
        let known = known.copied().unwrap_or_default().counters;
        let earlier = in_force.and_then(|in_force| in_force.campaign.slot(&slot.id));
        if let Some(earlier) = earlier.filter(|_| known.taken > 0)
            && request.booked_slots == BookedSlots::Stay
        {
            check_stays(earlier, slot, known.taken)?;
        }
        let released = plan.released_at(slot, now);
        if known.taken > released {
            let open = in_force.zip(earlier);
            let from = open.map_or(0, |(known, slot)| known.campaign.released_at(slot, now));
            let (slot, taken) = (slot.id.clone(), known.taken);
            return Err(PlanProblem::BelowTaken { slot, taken, from, to: released });
        }
        let reserved = known.reserved.min(released - known.taken);
        counters.insert(slot.id.clone(), SlotCounters { taken: known.taken, released, reserved });
    }
    let mut removed = Vec::new();
    for (id, slot) in in_force.into_iter().flat_map(|in_force| &in_force.slots) {
        if plan.slot(id).is_some() {
            continue;
        }
        if slot.counters.taken > 0 {
            let taken = slot.counters.taken;
            return Err(PlanProblem::SlotRemoved { slot: id.clone(), taken });
        }
        if in_force.is_some_and(|in_force| in_force.remembered.contains(id)) {
            return Err(PlanProblem::SlotRemembered(id.clone()));
        }
        removed.push(id.clone());
    }
    Ok((counters, removed))
}

/// People have places in the slot: it is still where and when they were told.
fn check_stays(from: &Slot, to: &Slot, taken: u32) -> Result<(), PlanProblem> {
    let slot = &to.id;
    let fields = [
        ("start", from.starts_at.to_string(), to.starts_at.to_string()),
        ("end", from.ends_at.to_string(), to.ends_at.to_string()),
        ("site", from.site.to_string(), to.site.to_string()),
    ];
    match fields.into_iter().find(|(_, from, to)| from != to) {
        None => Ok(()),
        Some((field, from, to)) => {
            let slot = slot.clone();
            Err(PlanProblem::SlotMoved { slot, taken, field, from, to })
        }
    }
}
