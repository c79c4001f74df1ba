use kernel::Timestamp;
use pass::Subject;
use proptest::prelude::*;

use super::*;
use crate::contract::{START, room_settings};

fn key() -> DrawKey {
    DrawKey::new(&[1; 32])
}

fn subject(number: u64) -> Subject {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Subject::from_bytes(bytes)
}

fn memory(entries: &[u64]) -> Memory {
    let mut memory = Memory::of_new_room(&room_settings("town"));
    for (index, &entry) in (0..).zip(entries) {
        memory.saw_boundary(index, Frozen { at: START, entries: PerLane::public(entry) });
    }
    memory
}

fn line(entries: &[u64]) -> Line {
    Line::new(&room_settings("town"), &key(), &memory(entries))
}

fn at(line: &Line, entry: u64) -> Position {
    line.position_of(Lane::Public, entry, &subject(entry))
}

fn places(line: &Line, entered: u64) -> u64 {
    line.places(&PerLane::public(entered))[Lane::Public]
}

#[test]
fn before_the_draw_nobody_has_a_place() {
    let line = line(&[0]);
    assert_eq!(at(&line, 0), Position::Gathering { opening: 0 });
    assert_eq!(places(&line, 500), 0);
    assert_eq!(line.gathers_for(), Some(0));
}

#[test]
fn later_arrivals_queue_behind_in_order() {
    let line = line(&[0, 100]);
    assert_eq!(at(&line, 100), Position::Place(100));
    assert_eq!(at(&line, 4_711), Position::Place(4_711));
    assert_eq!(places(&line, 4_712), 4_712);
}

#[test]
fn the_next_gathering_does_not_touch_those_before_it() {
    let before = line(&[0, 100]);
    let gathering = line(&[0, 100, 150]);
    for entry in 0..150 {
        assert_eq!(at(&gathering, entry), at(&before, entry));
    }
    assert_eq!(at(&gathering, 150), Position::Gathering { opening: 1 });
    assert_eq!(places(&gathering, 400), 150);
}

/// P17: many tickets of one subject draw one lot, so they stand at one place.
#[test]
fn one_subject_has_one_lot() {
    let line = line(&[0, 10_000]);
    let place = line.position_of(Lane::Public, 0, &subject(7));
    for entry in 1..100 {
        assert_eq!(line.position_of(Lane::Public, entry * 99, &subject(7)), place);
    }
}

#[test]
fn a_draw_that_awaits_public_entropy_gives_no_places() {
    let settings = RoomSettings { public_entropy: Some("Lotto".into()), ..room_settings("town") };
    let mut memory = memory(&[0, 100]);
    let awaiting = Line::new(&settings, &key(), &memory);
    assert_eq!(at(&awaiting, 3), Position::Gathering { opening: 0 });
    assert_eq!((places(&awaiting, 130), awaiting.is_drawn()), (0, false));
    memory.entropy.insert(0, "3 17 21 28 40 41".into());
    let drawn = Line::new(&settings, &key(), &memory);
    assert!(matches!(at(&drawn, 3), Position::Place(_)));
    assert_eq!((places(&drawn, 130), drawn.is_drawn()), (130, true));
}

/// P12: where only a later draw is remembered, everybody before it keeps a place in front of it.
#[test]
fn a_gap_is_bridged_without_touching_what_is_known() {
    let mut memory = memory(&[]);
    let known = [(2, 150), (3, 230)]
        .map(|(index, entry)| (index, Frozen { at: START, entries: PerLane::public(entry) }));
    for (index, frozen) in known {
        memory.saw_boundary(index, frozen);
    }
    let before = Line::new(&room_settings("town"), &key(), &memory);
    while let Some((index, frozen)) = bridge(&memory, START.plus(std::time::Duration::from_secs(9)))
    {
        memory.saw_boundary(index, frozen);
    }
    let ends = |memory: &Memory| {
        memory.frozen.values().map(|frozen| frozen.entries[Lane::Public]).collect::<Vec<_>>()
    };
    assert_eq!(ends(&memory), [0, 150, 150, 230]);
    let line = Line::new(&room_settings("town"), &key(), &memory);
    for entry in 150..230 {
        assert_eq!(at(&line, entry), at(&before, entry));
    }
    assert!(matches!(at(&line, 3), Position::Place(place) if place < 150));
    // A ticket that was drawn in the forgotten block proves it; what really happened was earlier.
    let truth = Frozen { at: Timestamp::from_unix_ms(5), entries: PerLane::public(100) };
    memory.saw_boundary(1, truth);
    assert_eq!(ends(&memory), [0, 100, 150, 230]);
}

proptest! {
    /// Every entry stands inside its own block, whatever its lot: an earlier block goes first (P10).
    #[test]
    fn blocks_keep_their_order(
        gathered in 0_u64..200, queued in 0_u64..50, second in 0_u64..200, behind in 1_u64..50,
    ) {
        let bounds = [0, gathered, gathered + queued, gathered + queued + second];
        let line = line(&bounds);
        for entry in 0..bounds[3] + behind {
            let Position::Place(place) = at(&line, entry) else { panic!("all are drawn") };
            for bound in bounds {
                prop_assert_eq!(place < bound, entry < bound, "entry {} at {}", entry, place);
            }
        }
    }
}
