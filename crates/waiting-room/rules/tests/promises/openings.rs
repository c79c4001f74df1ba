//! What the operator changes reaches everybody, and openings that move take everybody along.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock as _, Timestamp};
use waiting_room::contract::by;
use waiting_room::live::{LiveChange, LiveMistake, OpeningLever};
use waiting_room::memory::Memory;
use waiting_room::service::operator::{self, Change, OpeningChange, SetOutcome};
use waiting_room::view::{Phase, Standing};
use waiting_room::{RoomStore as _, WaitingRoom};

use crate::harness::{ROOM, Town, after, join, join_many, place, poll};

async fn set(town: &Town, change: Change) -> SetOutcome {
    let set = operator::set(&*town.store, &town.settings.room, &change, None, &by()).await;
    set.expect("the store answers")
}

async fn open(town: &Town, opening: u16, opens: OpeningChange) -> SetOutcome {
    set(town, Change { openings: [(opening, opens)].into(), ..Change::default() }).await
}

async fn opened(town: &Town, opening: u16, opens: OpeningChange) {
    let outcome = open(town, opening, opens).await;
    assert!(matches!(outcome, SetOutcome::Set(_)), "{outcome:?}");
}

fn phase(instance: &WaitingRoom) -> Phase {
    instance.view(ROOM).expect("the room").phase
}

/// What an operator pauses, closes or holds back at one instance is seen at all others within a second by whoever
/// waits there.
#[tokio::test(start_paused = true)]
async fn what_changes_is_seen_everywhere_within_a_second() {
    let town = Town::at(-60, |_| ()).await;
    let other = town.instance().await;
    let mut waiting = join(&other).await;
    let renewing = tokio::spawn(Arc::clone(&other).keep_renewing());
    let within_a_second = async || {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.tick().await;
        second.tick().await;
    };
    opened(&town, 0, OpeningChange::Held).await;
    within_a_second().await;
    assert_eq!(poll(&other, &mut waiting), Standing::Gathering { opens_at: None });
    let message = waiting_room::live::Message { de: "Gleich.".into(), en: "Soon.".into() };
    let change = LiveChange { message: Some(Some(message.clone())), ..LiveChange::default() };
    set(&town, change.into()).await;
    within_a_second().await;
    let view = other.view(ROOM).expect("the room");
    assert_eq!(view.state.memory.live.message, Some(message));
    set(&town, LiveChange { closed: Some(true), ..LiveChange::default() }.into()).await;
    within_a_second().await;
    assert_eq!((poll(&other, &mut waiting), phase(&other)), (Standing::Closed, Phase::Closed));
    renewing.abort();
}

/// P10, P17: everybody who came before the opening is in its draw, however far it was moved, and nobody else.
#[tokio::test]
async fn whoever_gathers_for_longer_is_in_the_draw() {
    for opens in [OpeningChange::At(after(600)), OpeningChange::Held] {
        let town = Town::at(-60, |_| ()).await;
        let (one, two) = (town.instance().await, town.instance().await);
        let mut early = join_many(&one, 5).await;
        opened(&town, 0, opens).await;
        town.clock.set(after(300));
        for instance in [&one, &two] {
            instance.renew().await;
            assert_eq!(phase(instance), Phase::Gathering);
        }
        let mut late = join_many(&two, 5).await;
        if opens == OpeningChange::Held {
            opened(&town, 0, OpeningChange::At(after(600))).await;
        }
        town.clock.set(after(600));
        let mut behind = join(&one).await;
        two.renew().await;
        let drawn = early.iter_mut().chain(&mut late).map(|answer| place(&two, answer));
        assert!(drawn.collect::<Vec<_>>().iter().all(|place| *place < 10), "{opens:?}");
        assert_eq!(place(&two, &mut behind), 10, "{opens:?}");
    }
}

/// P12: whoever was in a draw that was held later than planned is in it although everybody has forgotten that.
#[tokio::test]
async fn a_forgotten_move_costs_nobody_the_place() {
    let town = Town::at(-60, |_| ()).await;
    let instance = town.instance().await;
    opened(&town, 0, OpeningChange::At(after(600))).await;
    town.clock.set(after(300));
    instance.renew().await;
    let mut answers = join_many(&instance, 7).await;
    town.clock.set(after(600));
    instance.renew().await;
    let places: Vec<u64> = answers.iter_mut().map(|answer| place(&instance, answer)).collect();
    town.store.store.forget();
    town.apply().await;
    let anew = town.instance().await;
    for answer in &mut answers {
        poll(&anew, answer);
    }
    let listened = town.settings.listening_time();
    town.clock.set(town.clock.now().plus(listened));
    anew.renew().await;
    let again: Vec<u64> = answers.iter_mut().map(|answer| place(&anew, answer)).collect();
    assert_eq!(again, places);
}

/// P10: an opening that is held back does not come because somebody proves that they came after it was planned.
#[tokio::test]
async fn a_forgotten_hold_that_is_made_again_counts() {
    let town = Town::at(-60, |_| ()).await;
    let instance = town.instance().await;
    opened(&town, 0, OpeningChange::Held).await;
    town.clock.set(after(300));
    instance.renew().await;
    let mut answer = join(&instance).await;
    town.store.store.forget();
    town.apply().await;
    let anew = town.instance().await;
    poll(&anew, &mut answer);
    opened(&town, 0, OpeningChange::Held).await;
    for _ in 0..town.settings.listening_time().as_secs() + 10 {
        town.pass_renewing(1, &anew).await;
        assert_eq!(poll(&anew, &mut answer), Standing::Gathering { opens_at: None });
    }
    let frozen = town.truth().await.expect("known").memory.frozen;
    assert_eq!(frozen.into_keys().collect::<Vec<_>>(), [0]);
}

/// A draw that was held although its opening was held back, as may be after a loss, keeps no later one from coming.
#[tokio::test]
async fn an_opening_that_is_over_holds_nothing_back() {
    let town = Town::at(10, |_| ()).await;
    let mut memory = town.truth().await.expect("known").memory;
    let drawn = memory.frozen[&1].at;
    memory.live.version += 1;
    memory.live.openings.insert(0, OpeningLever::Held);
    town.store.merge(&town.settings, &memory, Duration::ZERO).await.expect("merged");
    let instance = town.instance().await;
    town.clock.set(after(1_800));
    instance.renew().await;
    let mut answer = join(&instance).await;
    let opens_at = Some(after(3_600));
    assert_eq!(poll(&instance, &mut answer), Standing::Gathering { opens_at });
    for opens in [OpeningChange::Held, OpeningChange::At(after(2_000))] {
        let outcome = open(&town, 0, opens).await;
        assert_eq!(outcome, SetOutcome::Mistaken(vec![LiveMistake::OpeningIsOver(0)]));
    }
    opened(&town, 0, OpeningChange::Planned).await;
    let levers = town.truth().await.expect("known").memory.live.openings;
    assert_eq!(levers, [(0, OpeningLever::At(drawn))].into());
    let outcome = open(&town, 0, OpeningChange::Planned).await;
    assert_eq!(outcome, SetOutcome::Mistaken(vec![LiveMistake::OpeningIsOver(0)]));
    town.clock.set(after(3_600));
    instance.renew().await;
    assert_eq!(town.truth().await.expect("known").memory.frozen[&3].at, after(3_600));
}

/// A draw that was held stays as it is, and openings stay in their order.
#[tokio::test]
async fn an_opening_is_moved_as_long_as_it_is_to_come() {
    let town = Town::at(-60, |_| ()).await;
    let mistakes = async |opening, opens| match open(&town, opening, opens).await {
        SetOutcome::Mistaken(mistakes) => mistakes,
        other => panic!("expected mistakes, got {other:?}"),
    };
    let at = |s: i64| OpeningChange::At(after(s));
    assert_eq!(mistakes(0, at(-61)).await, [LiveMistake::OpeningInThePast(0)]);
    assert_eq!(mistakes(0, at(3_600)).await, [LiveMistake::OpeningOutOfOrder(0)]);
    assert_eq!(mistakes(1, at(-10)).await, [LiveMistake::OpeningOutOfOrder(1)]);
    assert_eq!(mistakes(1, at(86_400)).await, [LiveMistake::OpeningAfterTheEnd(1)]);
    assert_eq!(mistakes(2, OpeningChange::Now).await, [LiveMistake::NoSuchOpening(2)]);
    let both = [(0, at(4_000)), (1, at(5_000))].into();
    let outcome = set(&town, Change { openings: both, ..Change::default() }).await;
    assert!(matches!(outcome, SetOutcome::Set(_)), "together they stay in order: {outcome:?}");
    let truth = async || -> Memory { town.truth().await.expect("known").memory };
    assert_eq!(truth().await.live.openings.len(), 2);
    opened(&town, 0, OpeningChange::Planned).await;
    assert_eq!(truth().await.live.openings.len(), 1);
    let instance = town.instance().await;
    town.clock.set(after(0));
    instance.renew().await;
    let over: Vec<LiveMistake> = mistakes(0, OpeningChange::Held).await;
    assert_eq!(over, [LiveMistake::OpeningIsOver(0)]);
    let moved: Timestamp = town.clock.now().plus(Duration::from_secs(1));
    opened(&town, 1, OpeningChange::Now).await;
    town.clock.set(moved);
    instance.renew().await;
    assert_eq!(truth().await.frozen[&3].at, moved);
}
