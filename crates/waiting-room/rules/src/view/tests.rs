use crate::gate::estimate::Estimate;
use std::time::Duration;

use super::*;
use crate::contract::{START, room_settings};
use crate::live::LiveSettings;
use crate::memory::{Frozen, Memory};
use crate::settings::RoomSettings;

/// Of what the wait and its chances are nothing is known.
const NOTHING: Estimate = Estimate { wait: None, slowed: None, odds: None };

fn after(s: i64) -> Timestamp {
    Timestamp::from_unix_s(START.unix_s() + s)
}

/// The state of a room in which the first boundaries were frozen in time, the opening at 20 entries.
fn state(boundaries: u16) -> RoomState {
    let mut memory = Memory::of_new_room(&room_settings("town"));
    for (index, s) in (0..boundaries).zip([-3_600, 0, 1_800, 3_600]) {
        let entries = PerLane::public(if index == 0 { 0 } else { 20 });
        memory.saw_boundary(index, Frozen { at: after(s), entries });
    }
    RoomState::new(memory, Timestamp::default())
}

fn view(state: RoomState, s: i64) -> RoomView {
    view_of(room_settings("town"), state, s)
}

fn view_of(settings: RoomSettings, state: RoomState, s: i64) -> RoomView {
    RoomView::new(Arc::new(settings), &DrawKey::new(&[1; 32]), state, after(s), 1)
}

fn counted(s: i64, places_left: u32) -> Counts {
    Counts {
        counted_at: after(s),
        places_left,
        held_passes: 0,
        held_seats: 0,
        queue_depth: 0,
        queue_depth_max: 10,
    }
}

fn ticket(entry: u64, issued_s: i64) -> Ticket {
    Ticket {
        room: "town".parse().expect("name"),
        incarnation: 1,
        epoch: 1,
        lane: Lane::Public,
        entry,
        ags: "07318000".parse().expect("ags"),
        issued_at: after(issued_s),
        id: [0; 16],
        subject: pass::Subject::from_bytes([7; 16]),
        block: None,
        is_called: false,
        pass_ends_at: None,
    }
}

#[test]
fn a_room_is_announced_gathers_opens_and_closes() {
    let phases = [(0, -3_700), (1, -60), (1, 0), (2, 0), (4, 3_600), (4, 86_399), (4, 86_400)]
        .map(|(boundaries, s)| view(state(boundaries), s).phase);
    assert_eq!(
        phases,
        [
            Phase::Announced,
            Phase::Gathering,
            Phase::Gathering,
            Phase::Open,
            Phase::Open,
            Phase::Open,
            Phase::Closed,
        ]
    );
}

/// P18: the status tells the truth while the next opening gathers: open as long as there may be places.
#[test]
fn a_gathering_room_is_open_while_there_are_places() {
    let phase = |report| view(RoomState { report, ..state(3) }, 1_900).phase;
    assert_eq!(phase(None), Phase::Open);
    assert_eq!(phase(Some(counted(1_899, 1))), Phase::Open);
    assert_eq!(phase(Some(counted(1_899, 0))), Phase::Gathering);
}

/// Only a count that was made since the last opening, and not long ago, says that a room is sold out.
#[test]
fn a_room_is_sold_out_only_by_a_count_of_these_places() {
    let at = |counted_s, s| view(RoomState { report: Some(counted(counted_s, 0)), ..state(2) }, s);
    assert_eq!((at(-1, 5).phase, at(-1, 5).places_left()), (Phase::Open, None));
    assert_eq!((at(0, 5).phase, at(0, 5).places_left()), (Phase::SoldOut, Some(0)));
    assert_eq!((at(0, 60).phase, at(0, 61).phase), (Phase::SoldOut, Phase::Open));
    let some = view(RoomState { report: Some(counted(0, 9)), ..state(2) }, 5);
    assert_eq!((some.phase, some.places_left()), (Phase::Open, Some(9)));
}

/// Nobody has counted the places of the next opening while people gather for it.
#[test]
fn a_gathering_is_never_sold_out() {
    let at = |left| view(RoomState { report: Some(counted(1_899, left)), ..state(3) }, 1_900);
    assert_eq!((at(0).phase, at(0).places_left()), (Phase::Gathering, None));
    assert_eq!((at(2).phase, at(2).places_left()), (Phase::Open, Some(2)));
}

/// The first calls come within a second, and nothing is measured yet: whoever is near the front must not be
/// sent away for the longest interval.
#[test]
fn whoever_asks_right_after_the_opening_is_not_sent_away() {
    for report in [None, Some(counted(-1, 0)), Some(counted(0, 30))] {
        let view = view(RoomState { report, ..state(2) }, 0);
        assert_eq!(view.phase, Phase::Open);
        let after_s = |ahead| {
            let standing = Standing::Waiting { place: ahead, ahead, estimate: NOTHING };
            view.poll_after_s(standing, 1_000, u64::MAX / 2)
        };
        assert!(after_s(6) <= 4, "60 are called in a minute: {} s", after_s(6));
        assert!(after_s(600) >= 25);
    }
}

#[test]
fn a_pause_shows_once_people_are_called() {
    let paused = |boundaries, s, report| {
        let mut state = RoomState { report, ..state(boundaries) };
        state.memory.live = LiveSettings { paused: true, version: 1, ..state.memory.live };
        let view = view(state, s);
        assert!(view.decide().call.is_none_or(|call| call.called.total() == 0));
        view.phase
    };
    assert_eq!(paused(2, 5, None), Phase::Paused);
    assert_eq!(paused(2, 5, Some(counted(1, 0))), Phase::Paused);
    assert_eq!(paused(1, -60, None), Phase::Gathering);
    assert_eq!(paused(2, 86_400, None), Phase::Closed);
}

/// P12: whoever gathers learns when the draw is, whoever has a place learns it, and nobody waits in a closed room.
#[test]
fn a_ticket_stands_where_its_room_has_come_to() {
    let early = ticket(3, -100);
    let opens_at = Some(after(0));
    assert_eq!(view(state(1), -60).standing(&early), Standing::Gathering { opens_at });
    let mut drawn = state(2);
    drawn.memory.entered = PerLane::public(25);
    let place = view(drawn.clone(), 5).place(&early).expect("drawn");
    assert!(place < 20, "{place}");
    let late = ticket(22, 3);
    let waiting = view(drawn.clone(), 5).standing(&late);
    assert!(matches!(waiting, Standing::Waiting { place: 22, ahead: 22, .. }), "{waiting:?}");
    drawn.memory.called = PerLane::public(23);
    assert_eq!(view(drawn.clone(), 5).standing(&late), Standing::Called { place: 22 });
    assert_eq!(view(drawn, 86_400).standing(&late), Standing::Closed);
}

/// P12: a ticket that was issued behind a boundary stands there, also in a view from before its freezing.
#[test]
fn an_older_view_tells_no_place_that_a_newer_one_would_take_back() {
    let opens_at = Some(after(3_600));
    let gathering = ticket(21, 1_801);
    assert_eq!(view(state(2), 1_799).standing(&gathering), Standing::Gathering { opens_at });
    assert_eq!(view(state(3), 1_802).standing(&gathering), Standing::Gathering { opens_at });
    let behind = ticket(21, 1);
    assert_eq!(view(state(1), -1).place(&behind), Some(21));
    assert_eq!(view(state(2), 2).place(&behind), Some(21));
}

/// P18: a draw that awaits its public entropy calls nobody, and says so.
#[test]
fn nobody_is_called_before_the_public_entropy_is_there() {
    let settings = RoomSettings { public_entropy: Some("Lotto".into()), ..room_settings("town") };
    let mut awaiting = state(2);
    let before = view_of(settings.clone(), awaiting.clone(), 5);
    assert_eq!(before.phase, Phase::Gathering);
    assert!(
        before.decide().call.is_none_or(|call| call.called.total() + u64::from(call.express) == 0)
    );
    awaiting.memory.entropy.insert(0, "3 17 21".into());
    let drawn = view_of(settings, awaiting, 5);
    assert_eq!(drawn.phase, Phase::Open);
    assert!(drawn.decide().call.is_some_and(|call| call.called.total() > 0));
}

/// P18: the express quota is renewed when it is far from what the gate wants, not for every arrival.
#[test]
fn the_quota_is_renewed_when_half_of_it_is_used() {
    assert!(!is_far_off(5, 5) && !is_far_off(5, 9) && !is_far_off(0, 0));
    assert!(is_far_off(4, 9) && is_far_off(6, 5) && is_far_off(0, 1) && is_far_off(1, 0));
}

/// While the next opening gathers, the quota goes to arrivals only if nobody who has a place waits.
#[test]
fn arrivals_of_a_gathering_are_let_in_behind_the_called() {
    let mut state = RoomState { report: Some(counted(1_899, 30)), ..state(3) };
    state.memory.called = PerLane::public(20);
    state.memory.entered = PerLane::public(27);
    (state.ledger.called, state.ledger.claim_from) = (state.memory.called, state.memory.called);
    let call = view(state, 1_900).decide().call.expect("there are places");
    assert_eq!(call.express_behind, Some(20));
    assert!(call.express > 0);
}

#[test]
fn everybody_who_waits_is_counted() {
    let mut state = state(3);
    state.memory.entered = PerLane([27, 4, 0]);
    state.memory.called = PerLane([5, 4, 0]);
    let view = view(state, 1_900);
    assert_eq!(view.people_waiting(), 22);
    assert_eq!(in_line(&view), PerLane([15, 0, 0]));
}

#[test]
fn polls_stay_within_their_bounds_in_every_standing() {
    let view = view(state(2), 5);
    let wait = view.standing(&ticket(3, -100));
    let opens_at = Some(view.as_of.plus(Duration::from_mins(15)));
    for standing in
        [wait, Standing::Gathering { opens_at }, Standing::Called { place: 0 }, Standing::Closed]
    {
        for random in [0, u64::MAX / 3, u64::MAX] {
            let after_s = view.poll_after_s(standing, 1_000, random);
            assert!((1..=37).contains(&after_s), "{standing:?}: {after_s}");
        }
    }
}
