//! What tickets prove of boundaries that nobody remembers.
//!
//! A store issues nothing between the instant at which a boundary is due and its freezing. So an entry that was issued
//! later stands behind the boundary, and one that was issued earlier before it. Where a boundary was lost, the least
//! entry behind it is where it is drawn again: everybody who has shown a ticket is on the right side of it.

use std::collections::BTreeMap;

use kernel::Timestamp;

use super::Boundary;
use super::ticket::Ticket;
use crate::lane::PerLane;
use crate::memory::{Frozen, Memory};
use crate::schedule::Schedule;

/// The first ticket that was seen behind each boundary that was not remembered then.
#[derive(Clone, Debug, Default)]
pub struct Traces(BTreeMap<u16, PerLane<Option<Trace>>>);

/// An entry, and when it was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Trace {
    entry: u64,
    issued_at: Timestamp,
}

impl Traces {
    /// Takes note of a ticket and of the boundaries, out of those that are not remembered, which it stands behind.
    pub fn note(&mut self, ticket: &Ticket, behind: &[Boundary]) {
        let seen = Trace { entry: ticket.entry, issued_at: ticket.issued_at };
        for boundary in behind {
            let first = &mut self.0.entry(boundary.index).or_default()[ticket.lane];
            *first = Some(first.map_or(seen, |first| first.min(seen)));
        }
    }

    /// A boundary that `memory` lacks, or has behind a ticket that was issued before the freezing, so that it must be a
    /// second one after a loss: as far as tickets prove where it was. The first of all is known anyway, see
    /// [`super::bridge`].
    ///
    /// It counts as frozen now, or when the second one was: later than it really was, so that the truth wins should it be
    /// told, and the least of what several instances restore, which is right for all tickets.
    #[must_use]
    pub fn restored(&self, memory: &Memory, now: Timestamp) -> Option<(u16, Frozen)> {
        let next = memory.next_boundary();
        self.0.iter().find_map(|(index, first)| {
            let known = memory.frozen.get(index).copied();
            if known.is_none() && (*index != next || next == 0) {
                return None;
            }
            let at = known.map_or(now, |known| known.at);
            let end = memory.frozen.range(index..).next().map(|(_, known)| known.entries);
            let end = end.unwrap_or(memory.entered);
            let before = index.checked_sub(1).and_then(|index| memory.frozen.get(&index));
            let entries = PerLane::from_fn(|lane| {
                let proof = first[lane].filter(|trace| trace.issued_at < at);
                let start = before.map_or(0, |before| before.entries[lane]);
                proof.map_or(end[lane], |trace| trace.entry.min(end[lane])).max(start)
            });
            let restored = Frozen { at, entries };
            (known != Some(restored)).then_some((*index, restored))
        })
    }

    /// Forgets tickets that were issued before the boundary as it is in force now: the operator has moved the opening, or
    /// holds it back, since they were noted.
    pub fn forget_moved(&mut self, schedule: &Schedule) {
        self.0.retain(|index, first| {
            let Some(boundary) = schedule.boundary(*index) else { return false };
            *first = first.map(|trace| trace.filter(|trace| boundary.at <= trace.issued_at));
            first.iter().any(|(_, trace)| trace.is_some())
        });
    }

    /// Forgets what is remembered from before the tickets were issued.
    pub fn forget_known(&mut self, memory: &Memory) {
        let is_of_use = |first: &PerLane<Option<Trace>>, at| {
            first.iter().any(|(_, trace)| trace.is_some_and(|trace| trace.issued_at < at))
        };
        self.0.retain(|index, first| {
            memory.frozen.get(index).is_none_or(|known| is_of_use(first, known.at))
        });
    }
}

/// The boundaries that `memory` lacks, in their order, as far as anybody knows when they will be.
#[must_use]
pub fn unknown_boundaries(schedule: &Schedule, memory: &Memory) -> Vec<Boundary> {
    let all = (0..).map_while(|index| schedule.boundary(index));
    all.filter(|boundary| !memory.frozen.contains_key(&boundary.index)).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use pass::Subject;

    use super::*;
    use crate::contract::{START, room_settings};
    use crate::lane::Lane;
    use crate::live::OpeningLever;

    fn ticket(lane: Lane, entry: u64, s: i64) -> Ticket {
        Ticket {
            room: "town".parse().expect("name"),
            incarnation: 1,
            epoch: 1,
            lane,
            entry,
            ags: "07318000".parse().expect("ags"),
            issued_at: Timestamp::from_unix_s(START.unix_s() + s),
            id: [0; 16],
            subject: Subject::from_bytes([0; 16]),
            block: None,
            is_called: false,
            pass_ends_at: None,
        }
    }

    fn behind(traces: &mut Traces, memory: &Memory, ticket: &Ticket) {
        let schedule = Schedule::new(&room_settings("town"), &memory.live, &memory.frozen);
        let unknown = unknown_boundaries(&schedule, memory);
        let due = unknown.partition_point(|boundary| boundary.at <= ticket.issued_at);
        traces.note(ticket, &unknown[..due]);
    }

    fn frozen(s: i64, entries: PerLane<u64>) -> Frozen {
        Frozen { at: Timestamp::from_unix_s(START.unix_s() + s), entries }
    }

    /// P12: the boundary goes where it leaves everybody who was seen on the right side.
    #[test]
    fn a_lost_boundary_is_restored_in_front_of_all_who_came_after_it() {
        let mut memory = Memory::of_new_room(&room_settings("town"));
        memory.entered = PerLane([60, 7, 0]);
        memory.saw_boundary(0, frozen(-3_600, PerLane::default()));
        let now = START.plus(Duration::from_secs(90));
        let mut traces = Traces::default();
        behind(&mut traces, &memory, &ticket(Lane::Public, 12, -1));
        assert_eq!(traces.restored(&memory, now), None, "nobody who came after it was seen");
        for entry in [50, 41, 47] {
            behind(&mut traces, &memory, &ticket(Lane::Public, entry, 9));
        }
        let restored = frozen(90, PerLane([41, 7, 0]));
        assert_eq!(traces.restored(&memory, now), Some((1, restored)));
        memory.saw_boundary(1, restored);
        assert_eq!(traces.restored(&memory, now), None);
        // One in the second gathering proves two boundaries.
        behind(&mut traces, &memory, &ticket(Lane::Hotline, 5, 2_000));
        let later = START.plus(Duration::from_secs(2_090));
        let start = frozen(2_090, PerLane([60, 7, 0]));
        assert_eq!(
            traces.restored(&memory, later),
            Some((2, start)),
            "not before the one before it"
        );
    }

    /// P12: of what several instances restore the least is right for all who were seen by any of them.
    #[test]
    fn a_boundary_that_was_frozen_again_is_moved_in_front_of_all_who_came_after_it() {
        let mut memory = Memory::of_new_room(&room_settings("town"));
        memory.saw_boundary(0, frozen(-3_600, PerLane::default()));
        let mut traces = Traces::default();
        behind(&mut traces, &memory, &ticket(Lane::Public, 41, 9));
        memory.saw_boundary(1, frozen(80, PerLane::public(55)));
        let restored = frozen(80, PerLane::public(41));
        assert_eq!(traces.restored(&memory, START), Some((1, restored)));
        memory.saw_boundary(1, restored);
        assert_eq!(memory.frozen[&1], restored, "the least wins");
        let truth = frozen(2, PerLane::public(40));
        memory.saw_boundary(1, truth);
        assert_eq!(traces.restored(&memory, START), None, "the truth is from before the ticket");
        traces.forget_known(&memory);
        assert!(traces.0.is_empty());
    }

    /// P10: what was noted of an opening as it was planned proves nothing of one that was moved or is held back.
    #[test]
    fn a_ticket_from_before_a_moved_boundary_proves_nothing() {
        let at = |s: i64| OpeningLever::At(Timestamp::from_unix_s(START.unix_s() + s));
        for (lever, is_proven) in [(at(9), true), (at(10), false), (OpeningLever::Held, false)] {
            let mut memory = Memory::of_new_room(&room_settings("town"));
            memory.saw_boundary(0, frozen(-3_600, PerLane::default()));
            let mut traces = Traces::default();
            behind(&mut traces, &memory, &ticket(Lane::Public, 41, 9));
            memory.live.openings.insert(0, lever);
            let schedule = Schedule::new(&room_settings("town"), &memory.live, &memory.frozen);
            traces.forget_moved(&schedule);
            let now = START.plus(Duration::from_secs(90));
            assert_eq!(traces.restored(&memory, now).is_some(), is_proven, "{lever:?}");
            memory.saw_boundary(1, frozen(80, PerLane::public(55)));
            assert_eq!(traces.restored(&memory, now).is_some(), is_proven, "{lever:?}, frozen");
        }
    }
}
