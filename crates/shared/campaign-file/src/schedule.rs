//! When places become bookable: `[[tranches]]`, `[waitlist]`, `closes_at` and `capacity_places`.

use std::time::Duration;

use kernel::Timestamp;

use crate::local_time::{Moment, Zone};
use crate::reader::{Field, Keys, Section};
use crate::{Waitlist, limits};

const TRANCHE_KEYS: &Keys = &[
    ("opens_at", "opens_at = 2030-04-28T08:00"),
    ("places", "places = 625"),
    ("gathers_from", "gathers_from = 2030-04-28T07:00"),
];

/// A tranche before its places are spread over the slots.
pub(crate) struct Opening {
    pub(crate) opens_at: Timestamp,
    pub(crate) gathers_from: Timestamp,
    pub(crate) places: u32,
}

/// All openings and the close.
pub(crate) struct Schedule {
    pub(crate) closes_at: Timestamp,
    pub(crate) capacity_places: u32,
    pub(crate) openings: Vec<Opening>,
    pub(crate) waitlist: Option<Waitlist>,
}

/// What the schedule is read from and held against.
pub(crate) struct ReadSchedule<'a, 'd> {
    pub(crate) file: &'a Section<'d>,
    pub(crate) zone: &'a Zone,
    /// `None` if it could not be read.
    pub(crate) gathers_before_s: Option<u32>,
    /// `None` if the slots could not be read.
    pub(crate) slots_end_at: Option<Timestamp>,
    pub(crate) capacities: Capacities,
}

/// Where the capacity of the slots is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capacities {
    /// In each `[[slots]]`; all slots together have so many places.
    OfEachSlot(u32),
    /// In `capacity_places`, for all together.
    Shared,
    /// Nowhere: nothing is booked.
    NoSlots,
    /// The slots could not be read.
    Unknown,
}

/// What could be read of one entry of `[[tranches]]`.
struct Entry<'d> {
    opens: Option<(Moment, Field<'d>)>,
    places: Option<u32>,
    gathers_from: Option<Timestamp>,
}

impl<'d> ReadSchedule<'_, 'd> {
    pub(crate) fn read(&self) -> Option<Schedule> {
        let closes = self.file.required("closes_at").and_then(|field| self.moment(field));
        let tranches = self.file.required("tranches");
        let entries = tranches.as_ref().and_then(|field| self.read_tranches(field));
        let entries_or_none = entries.as_deref().unwrap_or_default();
        let last_opening =
            entries_or_none.iter().filter_map(|e| e.opens.as_ref()).max_by_key(|(o, _)| o.at);
        if let Some((closes, field)) = &closes {
            self.check_close(*closes, field, last_opening.map(|(opens, _)| *opens));
        }
        let closes_at = closes.map(|(moment, _)| moment.at);
        let capacity_places =
            tranches.as_ref().and_then(|field| self.read_capacity(field, entries.as_deref()));
        // The outer `None` is a waitlist that cannot be read, the inner one a campaign without.
        let waitlist = match self.file.optional("waitlist") {
            Some(field) => Waitlist::read(&field, self.zone, closes_at).map(Some),
            None => Some(None),
        };

        let opening = |entry: Entry<'_>| {
            let (opens, _) = entry.opens?;
            let (gathers_from, places) = (entry.gathers_from?, entry.places?);
            Some(Opening { opens_at: opens.at, gathers_from, places })
        };
        let openings: Option<Vec<_>> = entries?.into_iter().map(opening).collect();
        Some(Schedule {
            closes_at: closes_at?,
            capacity_places: capacity_places?,
            openings: openings?,
            waitlist: waitlist?,
        })
    }

    fn moment(&self, field: Field<'d>) -> Option<(Moment, Field<'d>)> {
        let moment = self.zone.moment(&field)?;
        Some((moment, field))
    }

    fn read_tranches(&self, field: &Field<'d>) -> Option<Vec<Entry<'d>>> {
        let mut previous: Option<Moment> = None;
        let mut entries = Vec::new();
        for entry in field.list(limits::TRANCHES)? {
            let entry = self.read_tranche(&entry, previous);
            previous = entry.opens.as_ref().map(|(opens, _)| *opens).or(previous);
            entries.push(entry);
        }
        Some(entries)
    }

    fn read_tranche(&self, entry: &Field<'d>, previous: Option<Moment>) -> Entry<'d> {
        let Some(section) = entry.section(TRANCHE_KEYS) else {
            return Entry { opens: None, places: None, gathers_from: None };
        };
        let places = self.read_places(&section);
        let opens = section.required("opens_at").and_then(|field| self.moment(field));
        let gathers = section.optional("gathers_from");
        let given = gathers.clone().map(|field| self.moment(field));
        let Some((opening, field)) = &opens else {
            return Entry { opens, places, gathers_from: None };
        };
        if let Some(previous) = previous.filter(|previous| previous.at >= opening.at) {
            field.complain(format!(
                "{} is not after the previous opening at {}; put the tranches in the order of their \
                 openings",
                opening.local, previous.local
            ));
            return Entry { opens, places, gathers_from: None };
        }
        let gathers_from = match given {
            Some(given) => {
                given.and_then(|(from, field)| check_gathering(from, &field, *opening, previous))
            }
            None => self.default_gathering(field, *opening, previous),
        };
        Entry { opens, places, gathers_from }
    }

    fn read_places(&self, tranche: &Section<'_>) -> Option<u32> {
        if self.capacities != Capacities::NoSlots {
            return tranche.required("places").and_then(|field| field.whole(limits::PLACES));
        }
        if let Some(field) = tranche.optional("places") {
            field.complain("without sites and slots there are no places; remove it");
        }
        Some(0)
    }

    /// `gathers_before_s` before the opening, if that is not before the previous one.
    fn default_gathering(
        &self,
        field: &Field<'_>,
        opening: Moment,
        previous: Option<Moment>,
    ) -> Option<Timestamp> {
        let before_s = self.gathers_before_s?;
        let gathers_from = opening.at.minus(Duration::from_secs(before_s.into()));
        if let Some(previous) = previous.filter(|previous| previous.at > gathers_from) {
            field.complain(format!(
                "people gather {before_s} seconds before {}, which is before the previous opening at \
                 {}; lower waiting_room.gathers_before_s or add gathers_from to this tranche",
                opening.local, previous.local
            ));
            return None;
        }
        Some(gathers_from)
    }

    fn check_close(&self, closes: Moment, field: &Field<'_>, last_opening: Option<Moment>) {
        if let Some(opening) = last_opening.filter(|opening| opening.at >= closes.at) {
            field.complain(format!(
                "{} is not after the last opening at {}; close later",
                closes.local, opening.local
            ));
        }
        if self.slots_end_at.is_some_and(|end| closes.at > end) {
            field.complain(format!(
                "{} is after the end of the last slot; close no later than that",
                closes.local
            ));
        }
    }

    /// The capacity of all slots together; what the tranches give unless the file says more.
    fn read_capacity(&self, tranches: &Field<'_>, entries: Option<&[Entry<'_>]>) -> Option<u32> {
        let given = self.file.optional("capacity_places");
        let capacity = given.as_ref().map(|field| field.whole(limits::PLACES));
        let places: Option<u32> = entries?.iter().map(|entry| entry.places).sum();
        let places = places?;
        if let Capacities::OfEachSlot(together) = self.capacities {
            return check_slots_capacity(tranches, given.as_ref(), places, together);
        }
        match (capacity, given) {
            (Some(capacity), Some(field)) => {
                let capacity = capacity?;
                if places > capacity {
                    field.complain(format!(
                        "the tranches give {places} places together, more than this capacity of \
                         {capacity}; raise it or shrink a tranche"
                    ));
                }
                Some(capacity)
            }
            (_, None) | (None, _) if places > *limits::PLACES.end() => {
                let most = limits::PLACES.end();
                tranches.complain(format!("give {places} places together; give at most {most}"));
                None
            }
            (_, None) | (None, _) => Some(places),
        }
    }
}

/// Each slot has its own capacity: it is not said twice, and it is enough.
fn check_slots_capacity(
    tranches: &Field<'_>,
    given: Option<&Field<'_>>,
    places: u32,
    together: u32,
) -> Option<u32> {
    if let Some(field) = given {
        field.complain("the slots have a capacity of their own; leave this out");
        return None;
    }
    if places > together {
        tranches.complain(format!(
            "give {places} places together, more than the {together} that the slots can take; raise \
             a capacity or shrink a tranche"
        ));
        return None;
    }
    Some(together)
}

/// Holds a given `gathers_from` against its opening and the one before.
fn check_gathering(
    from: Moment,
    field: &Field<'_>,
    opening: Moment,
    previous: Option<Moment>,
) -> Option<Timestamp> {
    let longest_s = *limits::GATHERS_BEFORE_S.end();
    if from.at >= opening.at {
        field.complain(format!(
            "{} is not before the opening at {}; let people gather earlier",
            from.local, opening.local
        ));
    } else if let Some(previous) = previous.filter(|previous| previous.at > from.at) {
        field.complain(format!(
            "{} is before the previous opening at {}; let people gather from then on or later",
            from.local, previous.local
        ));
    } else if opening.at.since(from.at) > Duration::from_secs(longest_s.into()) {
        field.complain(format!(
            "{} is more than {longest_s} seconds before the opening; let people gather later",
            from.local
        ));
    } else {
        return Some(from.at);
    }
    None
}
