//! The gate's moves, and the operator's levers.

use kernel::ManualClock;

use super::fixtures::{Trial, after, at_place, by, room_settings, with_passes};
use crate::gate::{Ledger, Step};
use crate::lane::{Lane, PerLane};
use crate::live::{LiveChange, LiveSettings, Message};
use crate::settings::RoomSettings;
use crate::store::{Call, Redeemed, Redemption, RoomStore};

/// One instance at a time moves the gate; `called` never falls.
pub async fn calls_are_compare_and_set(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    let digest = trial.beginner();
    let current = trial.digest().await;
    let next = |version, called| Call {
        called,
        ledger: Ledger {
            version,
            call_tat_us: 1_623_650_400_123_456,
            last_step: 1,
            claim_from: PerLane([2, 0, 0]),
            steps: vec![Step { number: 1, at: after(1), invited: 7, ..Step::default() }],
            allowance: Some(3),
            ..Ledger::default()
        },
        express: 4,
        express_behind: Some(9),
    };
    let moves = async |call: &Call| store.call(trial.room(), &current, call).await.expect("call");
    let unaware = store.call(trial.room(), &digest, &next(1, PerLane([7, 0, 1]))).await;
    assert!(!unaware.expect("call"), "the boundaries are not those of the instance");
    assert!(moves(&next(1, PerLane([7, 0, 1]))).await);
    assert!(!moves(&next(1, PerLane([9, 0, 0]))).await, "another was first");
    assert!(!moves(&next(3, PerLane([9, 0, 0]))).await, "not the successor");
    assert!(moves(&next(2, PerLane([5, 3, 0]))).await);
    let state = trial.state().await;
    assert_eq!(state.memory.called, PerLane([7, 3, 1]));
    assert_eq!(state.ledger, next(2, PerLane::default()).ledger);
    assert_eq!((state.express, state.allowance), (4, 3));
}

/// What was decided without knowing of a boundary, of public entropy or of a lever is not carried out.
pub async fn calls_need_what_they_were_decided_with(store: &dyn RoomStore, clock: &ManualClock) {
    let settings =
        RoomSettings { public_entropy: Some("Lotto".into()), ..room_settings("contract") };
    let trial = Trial::of(store, clock, settings).await;
    let mut known = vec![trial.digest().await];
    for index in [0, 1] {
        trial.freeze_at(index).await;
        known.push(trial.digest().await);
    }
    let deed = by().supplied(0, "1 2 3");
    let supplied = store.supply_entropy(trial.room(), &trial.beginner(), 0, "1 2 3", &deed).await;
    assert!(supplied.expect("supply"));
    known.push(trial.digest().await);
    trial.set_live(LiveChange { burst: Some(3), ..LiveChange::default() }).await;
    let call = trial.next_call().await;
    for digest in &known {
        assert!(!store.call(trial.room(), digest, &call).await.expect("call"), "{digest:?}");
    }
    let current = trial.digest().await;
    assert!(store.call(trial.room(), &current, &call).await.expect("call"));
}

/// Who came is counted by the step in which they were called, once each, and forgotten with the step.
pub async fn who_came_is_counted_by_step(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.join(20).await;
    let step = |number| Step { number, at: trial.now(), ..Step::default() };
    trial
        .call(|call| {
            call.called = PerLane::public(10);
            call.ledger.steps = vec![step(4), step(5)];
            call.ledger.last_step = 5;
        })
        .await;
    let at_step = |place, step| Redemption { step, ..at_place(place, place) };
    let batch = [
        at_step(0, None),
        at_step(1, Some(4)),
        at_step(1, Some(4)),
        at_step(2, Some(5)),
        at_step(3, Some(5)),
        at_step(15, Some(5)),
    ];
    let answers = trial.redeem_all(&batch).await;
    assert_eq!(answers[..5], [trial.new_pass(); 5]);
    assert_eq!(answers[5], Redeemed::NotCalled);
    trial.redeem_all(&batch).await;
    let came = async || trial.state().await.came.into_iter().collect::<Vec<_>>();
    assert_eq!(came().await, [(4, 1), (5, 2)], "a repetition is nobody new");
    trial.call(|call| call.ledger.steps = vec![step(5)]).await;
    assert_eq!(came().await, [(5, 2)]);
    trial.call(|call| call.ledger.last_step = 5).await;
    assert_eq!(came().await, []);
}

/// Two operators do not undo each other's changes unseen.
pub async fn levers_are_compare_and_set(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    let initial = trial.settings.gate.levers();
    assert_eq!(trial.memory().await.live, initial);
    let message = Some(Message { de: "Straße gesperrt".into(), en: "Road closed".into() });
    let mut first = LiveSettings { version: 1, paused: true, message, ..initial.clone() };
    first.shares = PerLane([70, 20, 10]);
    let second = LiveSettings { version: 1, burst: 99, ..initial };
    assert!(trial.try_set(first.clone()).await);
    assert!(!trial.try_set(second.clone()).await);
    assert_eq!(trial.memory().await.live, first);
    let skipped = LiveSettings { version: 3, ..second };
    assert!(!trial.try_set(skipped).await);
}

/// P11: a lever is in force for the very next redemption, whatever the instance knows.
pub async fn levers_hold_at_once(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.join(20).await;
    trial.call_to(20).await;
    assert_eq!(trial.redeem(0, 0).await, trial.new_pass());
    trial.set_live(LiveChange { paused: Some(true), ..LiveChange::default() }).await;
    assert_eq!(trial.redeem(1, 1).await, Redeemed::Busy);
    assert_eq!(trial.redeem(0, 0).await, trial.new_pass(), "nothing is taken away");
    let two_at_once =
        LiveChange { paused: Some(false), max_active: Some(2), ..LiveChange::default() };
    trial.set_live(two_at_once).await;
    assert_eq!(trial.redeem(1, 1).await, trial.new_pass());
    assert_eq!(trial.redeem(2, 2).await, Redeemed::Busy, "two at once");
    let slowly = LiveChange {
        max_active: Some(20),
        pace_per_minute: Some(1),
        burst: Some(1),
        ..LiveChange::default()
    };
    trial.set_live(slowly).await;
    assert_eq!(trial.redeem(2, 2).await, Redeemed::Busy, "one a minute, and two came");
    trial.pass_s(60);
    assert_eq!(trial.redeem(2, 2).await, trial.new_pass());
    assert_eq!(trial.redeem(3, 3).await, Redeemed::Busy);
}

/// A room that is closed admits nobody; whoever is in stays in.
pub async fn a_closed_room_admits_nobody(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.join(20).await;
    trial.call_to(20).await;
    assert_eq!(trial.redeem(0, 0).await, trial.new_pass());
    trial.set_live(LiveChange { closed: Some(true), ..LiveChange::default() }).await;
    assert_eq!(trial.redeem(1, 1).await, Redeemed::Busy);
    assert_eq!(trial.redeem(0, 0).await, trial.new_pass(), "nothing is taken away");
    trial.set_live(LiveChange { closed: Some(false), ..LiveChange::default() }).await;
    assert_eq!(trial.redeem(1, 1).await, trial.new_pass());
}

/// P18: what a larger burst used up keeps nobody out for longer than the new one takes to recover.
pub async fn a_smaller_burst_recovers(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    let levers = LiveChange { burst: Some(60), max_active: Some(100), ..LiveChange::default() };
    trial.set_live(levers).await;
    trial.call_to(60).await;
    for number in 0..50 {
        assert_eq!(trial.redeem(number, number).await, trial.new_pass());
    }
    trial.set_live(LiveChange { burst: Some(2), ..LiveChange::default() }).await;
    assert_eq!(trial.redeem(50, 50).await, trial.new_pass(), "one may pass, and puts it right");
    assert_eq!(trial.redeem(51, 51).await, Redeemed::Busy);
    trial.pass_s(1);
    assert_eq!(trial.redeem(51, 51).await, trial.new_pass());
}

/// P11: a lever is in force for the very next arrivals: what the gate had granted them is void.
pub async fn levers_end_the_express_quota(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.call(|call| call.express = 4).await;
    trial.set_live(LiveChange { paused: Some(true), ..LiveChange::default() }).await;
    assert_eq!(trial.state().await.express, 0);
    assert_eq!(trial.admitted_on_arrival(&with_passes(0, 2)).await, 0);
}

/// The gate may allow fewer passes than the operator, until the operator sets another bound.
pub async fn the_gate_may_allow_fewer_passes(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial
        .call(|call| {
            call.called = PerLane([9, 9, 0]);
            call.ledger.allowance = Some(2);
        })
        .await;
    let hotline = Redemption { lane: Lane::Hotline, ..at_place(8, 8) };
    assert_eq!(trial.redeem_all(&[at_place(0, 0), hotline]).await, [trial.new_pass(); 2]);
    assert_eq!(trial.redeem(1, 1).await, Redeemed::Busy);
    trial.set_live(LiveChange { max_active: Some(4), ..LiveChange::default() }).await;
    assert_eq!(trial.state().await.allowance, 4);
    assert_eq!(trial.redeem(1, 1).await, trial.new_pass());
    trial.call(|call| call.ledger.allowance = None).await;
    assert_eq!(trial.state().await.allowance, 4);
}
