//! The campaign: sites, slots, tranches and rules, all of it data.

pub mod apply;
pub mod clear;
mod coding;
mod places;
mod plan;
pub mod preview;
pub mod purge;
pub mod remove;
pub mod revision;
pub mod service;

use std::time::Duration;

use kernel::{CampaignId, ResidenceTable, Slug, Timestamp};
use pass::IdentityKind;
use serde::{Deserialize, Serialize};

use crate::eligibility::Eligibility;
use crate::waitlist::{self, Waitlist};

pub use coding::Coding;
pub(crate) use places::{NoEntry, OpenSlot};
pub use plan::{CampaignPlan, PlanProblem};
pub use purge::PersonalData;

/// The name of a slot, unique within its campaign.
pub type SlotId = Slug;

/// The name of a site, unique within its campaign.
pub type SiteId = Slug;

/// A slot of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotKey {
    /// The campaign.
    pub campaign: CampaignId,
    /// The slot within it.
    pub slot: SlotId,
}

/// One action that people book for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// The name in URLs.
    pub id: CampaignId,
    /// What citizens read, in German.
    pub title_de: String,
    /// What citizens read, in English.
    pub title_en: String,
    /// What people book for, in the codes of terminologies, for other sites.
    #[serde(default)]
    pub service_type: Vec<Coding>,
    /// The IANA time zone in which the slots are shown, such as `Europe/Berlin`.
    pub time_zone: String,
    /// Where those live who may book.
    pub residence: ResidenceTable,
    /// When they are born, and what they declare.
    #[serde(default)]
    pub eligibility: Eligibility,
    /// Where it takes place.
    pub sites: Vec<Site>,
    /// The time windows, ordered by id.
    pub slots: Vec<Slot>,
    /// The openings, ordered by time. A tranche's position here is its index.
    pub tranches: Vec<Tranche>,
    /// What the room in front asks people for: passes of the campaign may be bound to it.
    #[serde(default)]
    pub identity: IdentityKind,
    /// The limits.
    pub rules: Rules,
    /// What becomes of personal data.
    #[serde(default)]
    pub personal_data: PersonalData,
    /// Who finds no place may wait for one that comes back; `None` if nobody may.
    #[serde(
        default,
        alias = "waitlist_places",
        deserialize_with = "waitlist::stored::deserialize"
    )]
    pub waitlist: Option<Waitlist>,
    /// From this instant nothing can be booked any more.
    pub closes_at: Timestamp,
}

/// A place to drive to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// The name in data.
    pub id: SiteId,
    /// The name for people.
    pub name: String,
    /// Street, house number and town.
    pub address: String,
}

/// A time window at a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The name in URLs and requests.
    pub id: SlotId,
    /// Where.
    pub site: SiteId,
    /// From.
    pub starts_at: Timestamp,
    /// Until.
    pub ends_at: Timestamp,
    /// How many persons at most.
    pub capacity: u32,
    /// The places that each tranche opens, by tranche index: as many numbers as there are tranches,
    /// in sum at most `capacity`.
    pub allotments: Vec<u32>,
    /// Nothing more is held or booked in it; what was, stays.
    #[serde(default)]
    pub closed: bool,
}

/// A part of the places that becomes bookable at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tranche {
    /// The opening.
    pub opens_at: Timestamp,
}

/// The limits of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Seats of one hold (1 to 4: one car).
    pub seats_max: u8,
    /// How long a hold lasts.
    pub hold_ttl_s: u32,
    /// How often a hold can be renewed.
    pub hold_renewals_max: u8,
    /// How long before it starts a slot takes nobody new any more.
    #[serde(default)]
    pub lead_s: u32,
}

/// What a slot has given away and opened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotCounters {
    /// Persons booked, and seats of active holds that are not booked yet.
    pub taken: u32,
    /// The most places that were open at any change so far: `taken + reserved ≤ released ≤ capacity` (P1).
    pub released: u32,
    /// Places kept for those on the waitlist: neither taken nor free.
    pub reserved: u32,
}

impl SlotCounters {
    /// Places that nobody else can have.
    #[must_use]
    pub const fn used(&self) -> u32 {
        self.taken.saturating_add(self.reserved)
    }
}

impl Campaign {
    /// The slot of this name. O(log n).
    #[must_use]
    pub fn slot(&self, id: &SlotId) -> Option<&Slot> {
        self.slots.binary_search_by(|slot| slot.id.cmp(id)).ok().map(|found| &self.slots[found])
    }

    /// The site of this name.
    #[must_use]
    pub fn site(&self, id: &SiteId) -> Option<&Site> {
        self.sites.iter().find(|site| site.id == *id)
    }

    /// The places of `slot` that are open at `now`: the sum of the allotments of all tranches opened
    /// by then. Nothing has to run at an opening.
    #[must_use]
    pub fn released_at(&self, slot: &Slot, now: Timestamp) -> u32 {
        self.tranches
            .iter()
            .zip(&slot.allotments)
            .filter(|(tranche, _)| tranche.opens_at <= now)
            .map(|(_, places)| places)
            .sum()
    }

    /// The places of `slot` that can be booked at `now` when so many are taken or reserved: those that
    /// are free, as long as the campaign is not closed.
    #[must_use]
    pub fn places_bookable(&self, slot: &Slot, used: u32, now: Timestamp) -> u32 {
        if self.is_closed(now) { 0 } else { self.places_free(slot, used, now) }
    }

    /// The places of `slot` that are free at `now` when so many are taken or reserved: those open by
    /// now, less these; none once the slot is closed or about to start. The operator moves people into
    /// them also when booking has ended.
    #[must_use]
    pub fn places_free(&self, slot: &Slot, used: u32, now: Timestamp) -> u32 {
        if self.takes_people(slot, now) {
            self.released_at(slot, now).saturating_sub(used)
        } else {
            0
        }
    }

    /// Whether somebody new may have a place of `slot` at `now`: it is neither closed nor about to start.
    #[must_use]
    pub fn takes_people(&self, slot: &Slot, now: Timestamp) -> bool {
        let lead = Duration::from_secs(self.rules.lead_s.into());
        !slot.closed && slot.starts_at > now.plus(lead)
    }

    /// The places that tranche `index` opens over all slots.
    #[must_use]
    pub fn tranche_places(&self, index: usize) -> u32 {
        self.slots.iter().filter_map(|slot| slot.allotments.get(index)).sum()
    }

    /// Whether booking has ended.
    #[must_use]
    pub fn is_closed(&self, now: Timestamp) -> bool {
        self.closes_at <= now
    }

    /// Whether residents of `ags` may book.
    #[must_use]
    pub fn is_eligible(&self, ags: kernel::Ags) -> bool {
        self.residence.rows().iter().any(|row| row.ags == ags && row.eligible)
    }
}
