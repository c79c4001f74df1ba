//! When a room opens: as its settings say, unless the operator has moved an opening or holds it back.
//!
//! Openings stay in their order, and so do their boundaries: a gathering does not begin before the opening before it,
//! nor after its own. Behind an opening that is held back there are no instants, unless its draw was held all the same.

use std::collections::BTreeMap;

use kernel::Timestamp;

use crate::line::Boundary;
use crate::live::{LiveSettings, OpeningLever};
use crate::memory::Frozen;
use crate::settings::RoomSettings;

/// The openings of a room, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<ScheduledOpening>);

/// An opening as it is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduledOpening {
    /// From here on arrivals gather for the draw; `None` while one before it is held back.
    pub gathers_from: Option<Timestamp>,
    /// The draw, and the first call; `None` while it or one before it is held back.
    pub opens_at: Option<Timestamp>,
    /// When it would open if nobody held anything back.
    pub planned_at: Timestamp,
    /// Whether the operator holds this one back.
    pub is_held: bool,
}

impl Schedule {
    /// The openings of a room with these settings and levers, whose boundaries are frozen so far.
    #[must_use]
    pub fn new(
        settings: &RoomSettings,
        live: &LiveSettings,
        frozen: &BTreeMap<u16, Frozen>,
    ) -> Self {
        // What comes behind is not before this; nothing comes behind what is held back.
        let mut floor = Some(Timestamp::from_unix_ms(i64::MIN));
        let openings = settings.openings.iter().zip(0_u16..).map(|(opening, number)| {
            let lever = live.openings.get(&number).map(|lever| in_force(*lever, number, frozen));
            let is_held = lever == Some(OpeningLever::Held);
            let planned_at = match lever {
                Some(OpeningLever::At(at)) => at,
                Some(OpeningLever::Held) | None => opening.opens_at,
            };
            let opens_at = floor.filter(|_| !is_held).map(|floor| planned_at.max(floor));
            let gathers_from = floor.map(|floor| {
                let latest = opens_at.unwrap_or(opening.gathers_from);
                opening.gathers_from.min(latest).max(floor)
            });
            floor = opens_at;
            ScheduledOpening { gathers_from, opens_at, planned_at, is_held }
        });
        Self(openings.collect())
    }

    /// The openings.
    #[must_use]
    pub fn openings(&self) -> &[ScheduledOpening] {
        &self.0
    }

    /// The boundary of this number; `None` behind the last, and where nobody knows when it will be.
    #[must_use]
    pub fn boundary(&self, index: u16) -> Option<Boundary> {
        let opening = self.0.get(usize::from(index / 2))?;
        let at = if index.is_multiple_of(2) { opening.gathers_from } else { opening.opens_at };
        at.map(|at| Boundary { index, at })
    }

    /// When an opening is; `None` while nobody knows, and if there is none of this number.
    #[must_use]
    pub fn opens_at(&self, opening: usize) -> Option<Timestamp> {
        self.0.get(opening)?.opens_at
    }

    /// The instant from which on people join.
    #[must_use]
    pub fn first_gathering(&self) -> Option<Timestamp> {
        self.0.first()?.gathers_from
    }

    /// The first opening later than `now`, with its number.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Option<(usize, &ScheduledOpening)> {
        let is_to_come = |opening: &ScheduledOpening| opening.opens_at.is_none_or(|at| at > now);
        self.0.iter().enumerate().find(|(_, opening)| is_to_come(opening))
    }

    /// The last opening that `now` has reached.
    #[must_use]
    pub fn last(&self, now: Timestamp) -> Option<Timestamp> {
        self.0.iter().filter_map(|opening| opening.opens_at).rfind(|at| *at <= now)
    }
}

/// The lever of an opening as it counts: one whose draw was held, as others may not have heard after a loss, can be held
/// back no more.
fn in_force(lever: OpeningLever, number: u16, frozen: &BTreeMap<u16, Frozen>) -> OpeningLever {
    match (lever, frozen.get(&(2 * number + 1))) {
        (OpeningLever::Held, Some(draw)) => OpeningLever::At(draw.at),
        (lever, _) => lever,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::contract::{START, room_settings};
    use crate::lane::PerLane;

    fn after(s: i64) -> Timestamp {
        Timestamp::from_unix_s(START.unix_s() + s)
    }

    /// The openings gather from -3,600 and 1,800 seconds after the start on, and are at 0 and 3,600.
    fn schedule(levers: &[(u16, OpeningLever)]) -> Schedule {
        schedule_with(levers, &[])
    }

    /// The same when these boundaries were frozen at these seconds after the start.
    fn schedule_with(levers: &[(u16, OpeningLever)], frozen: &[(u16, i64)]) -> Schedule {
        let settings = room_settings("town");
        let openings: BTreeMap<_, _> = levers.iter().copied().collect();
        let live = LiveSettings { openings, ..settings.gate.levers() };
        let frozen = frozen
            .iter()
            .map(|(index, s)| (*index, Frozen { at: after(*s), entries: PerLane::default() }));
        Schedule::new(&settings, &live, &frozen.collect())
    }

    fn boundaries(schedule: &Schedule) -> Vec<i64> {
        let boundaries = (0..).map_while(|index| schedule.boundary(index));
        boundaries.map(|boundary| boundary.at.unix_s() - START.unix_s()).collect()
    }

    #[test]
    fn nothing_is_moved_by_itself() {
        let schedule = schedule(&[]);
        assert_eq!(boundaries(&schedule), [-3_600, 0, 1_800, 3_600]);
        assert_eq!(schedule.next(after(0)).map(|(number, _)| number), Some(1));
        assert_eq!(schedule.last(after(0)), Some(after(0)));
        assert_eq!((schedule.last(after(-1)), schedule.next(after(3_600))), (None, None));
    }

    #[test]
    fn an_opening_that_is_moved_takes_its_gathering_along() {
        let moved = |s| schedule(&[(0, OpeningLever::At(after(s)))]);
        assert_eq!(
            boundaries(&moved(600)),
            [-3_600, 600, 1_800, 3_600],
            "people gather for longer"
        );
        assert_eq!(boundaries(&moved(-5_000)), [-5_000, -5_000, 1_800, 3_600], "at once");
        assert_eq!(boundaries(&moved(2_000)), [-3_600, 2_000, 2_000, 3_600], "one after the other");
    }

    #[test]
    fn nothing_comes_behind_what_is_held_back() {
        let held = schedule(&[(0, OpeningLever::Held)]);
        assert_eq!(boundaries(&held), [-3_600], "people gather");
        assert_eq!((held.opens_at(0), held.opens_at(1)), (None, None));
        let (number, next) = held.next(after(10_000)).expect("one is to come");
        assert_eq!((number, next.is_held, next.planned_at), (0, true, after(0)));
        assert_eq!(held.last(after(10_000)), None);
        let second = schedule(&[(1, OpeningLever::Held)]);
        assert_eq!(boundaries(&second), [-3_600, 0, 1_800]);
        assert_eq!(second.last(after(10_000)), Some(after(0)));
    }

    #[test]
    fn what_was_drawn_is_held_back_no_more() {
        let held = [(0, OpeningLever::Held)];
        let drawn = schedule_with(&held, &[(0, -3_600), (1, 7)]);
        assert_eq!(boundaries(&drawn), [-3_600, 7, 1_800, 3_600]);
        assert!(!drawn.openings()[0].is_held);
        assert_eq!(boundaries(&schedule_with(&held, &[(0, -3_600)])), [-3_600], "people gather");
        let late = schedule_with(&[], &[(1, 2_000)]);
        assert_eq!(late, schedule(&[]), "what is not held back counts as due when it was");
    }

    fn lever() -> impl Strategy<Value = Option<OpeningLever>> {
        prop_oneof![
            Just(None),
            Just(Some(OpeningLever::Held)),
            (-9_000_i64..9_000).prop_map(|s| Some(OpeningLever::At(after(s)))),
        ]
    }

    proptest! {
        /// Whatever levers a memory may have after a loss, boundaries are in the order in which they are frozen.
        #[test]
        fn boundaries_are_in_order(first in lever(), second in lever()) {
            let levers = [first.map(|lever| (0, lever)), second.map(|lever| (1, lever))];
            let levers: Vec<_> = levers.into_iter().flatten().collect();
            let found = boundaries(&schedule(&levers));
            prop_assert!(found.is_sorted(), "{found:?}");
            let held = levers.iter().find(|(_, lever)| *lever == OpeningLever::Held);
            let most = held.map_or(4, |(opening, _)| 2 * usize::from(*opening) + 1);
            prop_assert_eq!(found.len(), most);
        }
    }
}
