//! A room alone in front of another system: nothing is booked, so there are no sites and no slots.

use crate::Tranche;
use crate::reader::Section;
use crate::schedule::Opening;

/// What says something about bookings only.
const OF_BOOKINGS: [&str; 7] = [
    "capacity_places",
    "booking",
    "closed_slots",
    "waitlist",
    "personal_data",
    "eligibility",
    "declarations",
];

/// Whether the file is of a room alone: it guards something, and has neither sites nor slots.
pub(crate) fn is_room_alone(file: &Section<'_>) -> bool {
    let has = |key| file.optional(key).is_some();
    has("guard") && !has("sites") && !has("slots")
}

/// Names what would have no effect.
pub(crate) fn complain_about_bookings(file: &Section<'_>) {
    for field in OF_BOOKINGS.into_iter().filter_map(|key| file.optional(key)) {
        field.complain(
            "is about bookings, and without sites and slots nothing is booked; remove it",
        );
    }
}

/// The openings, with no places.
pub(crate) fn tranches(openings: Vec<Opening>) -> Vec<Tranche> {
    let tranche = |Opening { opens_at, gathers_from, places }| Tranche {
        opens_at,
        gathers_from,
        places,
        allotments: Vec::new(),
    };
    openings.into_iter().map(tranche).collect()
}
