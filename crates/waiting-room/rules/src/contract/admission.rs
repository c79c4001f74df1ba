//! Who gets a pass.

use kernel::{Clock as _, ManualClock};

use super::fixtures::{START, Trial, after, at_place, pass_id, room_settings, with_passes};
use crate::admission::vectors::{TTL_S, VECTORS, expected};
use crate::lane::{Lane, PerLane};
use crate::live::LiveChange;
use crate::settings::{GateSettings, PassSettings, RoomSettings};
use crate::store::{Arrivals, Redeemed, RoomStore};

/// P9, P11: the store carries out the rule of [`crate::admission`].
pub async fn admission_answers_the_vectors(store: &dyn RoomStore, clock: &ManualClock) {
    for (number, vector) in VECTORS.iter().enumerate() {
        let settings = room_settings(&format!("vector-{number}"));
        let gate = GateSettings {
            max_active: vector.max_active,
            pace_per_minute: vector.pace_per_minute,
            burst: vector.burst,
            ..settings.gate
        };
        let pass = PassSettings { ttl_s: TTL_S, ..settings.pass };
        let trial = Trial::of(store, clock, RoomSettings { gate, pass, ..settings }).await;
        for index in [0, 1] {
            trial.freeze_at(index).await;
        }
        trial.call_to(100).await;
        trial.set_live(LiveChange { paused: Some(vector.paused), ..LiveChange::default() }).await;
        let mut answers = Vec::new();
        for &(s, subject, _) in vector.attempts {
            clock.set(after(s));
            answers.push(trial.redeem(subject, subject).await);
        }
        assert_eq!(answers, expected(vector, START), "{}", vector.name);
    }
}

/// P9, P17: one subject has one pass, at whatever place and with however many tickets it comes.
pub async fn one_subject_has_one_pass(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.call_to(10).await;
    let pass = trial.new_pass();
    assert_eq!(trial.redeem(12, 1).await, Redeemed::NotCalled);
    assert_eq!(trial.redeem(2, 1).await, pass);
    trial.pass_s(30);
    let again = [at_place(2, 1), at_place(7, 1), at_place(u64::MAX, 1), at_place(3, 1)];
    assert_eq!(trial.redeem_all(&again).await, [pass; 4], "the same, wherever it comes from");
    assert_eq!(trial.state().await.active, 1);
    trial.end_passes(&[1, 77]).await;
    assert_eq!(trial.state().await.active, 0);
    assert_eq!(trial.redeem(2, 1).await, Redeemed::Used, "given back");
    assert_eq!(trial.redeem(8, 1).await, Redeemed::Used, "at another place as well");
    assert_eq!(trial.redeem(3, 77).await, trial.new_pass(), "never given out, so not given back");
}

/// P9: a pass that was given back does not come to life again by being given back once more.
pub async fn a_pass_ends_once(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.call_to(10).await;
    trial.redeem(0, 0).await;
    trial.end_passes(&[0]).await;
    trial.pass_s(100);
    trial.end_passes(&[0]).await;
    assert_eq!(trial.redeem(0, 0).await, Redeemed::Used);
    trial.pass_s(900);
    trial.end_passes(&[0]).await;
    assert_eq!((trial.redeem(0, 0).await, trial.state().await.active), (Redeemed::Used, 0));
}

/// Whoever guards a door can ask whether a pass was given back.
pub async fn the_end_of_a_pass_is_known(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.call_to(10).await;
    trial.redeem(0, 0).await;
    let Redeemed::Admitted { expires_at } = trial.redeem(1, 1).await else {
        panic!("the second one is admitted")
    };
    trial.pass_s(30);
    trial.end_passes(&[0]).await;
    let given_back_at = clock.now();
    trial.pass_s(30);
    let ends = trial.pass_ends(&[1, 77, 0]).await;
    assert_eq!(ends, [Some(expires_at), None, Some(given_back_at)]);
}

/// Several subjects stand at one place, and each gets its own pass.
pub async fn several_subjects_share_a_place(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.call_to(4).await;
    let answers = trial.redeem_all(&[at_place(3, 1), at_place(3, 2), at_place(3, 3)]).await;
    assert_eq!(answers, [trial.new_pass(); 3]);
    let state = trial.state().await;
    assert_eq!((state.active, state.active_fresh), (3, 3));
    trial.pass_s(700);
    assert_eq!(trial.redeem(2, 9).await, trial.new_pass());
    let state = trial.state().await;
    assert_eq!((state.active, state.active_fresh), (4, 1), "the claim window is ten minutes");
}

/// P11: within one batch the bounds hold as they do between batches.
pub async fn a_batch_keeps_the_bounds(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.call_to(100).await;
    let everybody: Vec<_> = (0..100).map(|number| at_place(number, number)).collect();
    let answers = trial.redeem_all(&everybody).await;
    assert_eq!(answers[..5], [trial.new_pass(); 5]);
    assert_eq!(answers[5..], [Redeemed::Busy; 95]);
    assert_eq!(trial.state().await.active, 5);
}

/// Whoever arrives when nobody waits is admitted at once, as long as the quota lasts.
pub async fn idle_rooms_admit_on_arrival(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    assert_eq!(trial.admitted_on_arrival(&with_passes(0, 2)).await, 0, "no quota");
    trial.call(|call| call.express = 3).await;
    assert_eq!(trial.admitted_on_arrival(&with_passes(2, 1)).await, 0, "two wait");
    trial.call(|call| (call.called, call.express) = (PerLane::public(3), 3)).await;
    assert_eq!(trial.admitted_on_arrival(&with_passes(3, 2)).await, 2);
    let state = trial.state().await;
    assert_eq!(
        (state.memory.called, state.memory.entered),
        (PerLane::public(5), PerLane::public(5))
    );
    assert_eq!((state.express, state.active), (1, 2));
    assert!(state.came.is_empty(), "they came without a call");
    assert_eq!(trial.redeem(3, 3).await, trial.new_pass(), "a repetition gets the same answer");
}

/// P18: several instances share one quota, and cannot overshoot it together.
pub async fn the_express_quota_is_shared(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.call(|call| call.express = 4).await;
    let mut admitted = Vec::new();
    for first in [0, 10, 20] {
        admitted.push(trial.admitted_on_arrival(&with_passes(first, 3)).await);
    }
    assert_eq!(admitted, [3, 1, 0]);
    let state = trial.state().await;
    assert_eq!((state.express, state.active, state.memory.called), (0, 4, PerLane::public(4)));
}

/// P10: nobody who arrives is admitted behind somebody who was refused.
pub async fn nobody_overtakes_on_arrival(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.call(|call| (call.called, call.express) = (PerLane::public(3), 9)).await;
    trial.redeem(0, 1).await;
    trial.end_passes(&[1]).await;
    // The second of them has used its pass up: it and those behind it wait.
    let mut people = with_passes(10, 4);
    people.people[1].pass_id = Some(pass_id(1));
    assert_eq!(trial.admitted_on_arrival(&people).await, 1);
    assert_eq!(trial.state().await.express, 8);
}

/// P17: a subject that comes twice is let in with the pass that it has.
pub async fn a_known_pass_takes_no_quota(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.call(|call| call.express = 2).await;
    let twice = Arrivals { lane: Lane::Public, people: vec![with_passes(1, 1).people[0]; 2] };
    assert_eq!(trial.admitted_on_arrival(&twice).await, 2);
    let state = trial.state().await;
    assert_eq!((state.express, state.active), (1, 1));
}

/// P10: while others gather for the next draw, arrivals are let in if nobody who has a place waits; they
/// take no place, and nobody is called by that.
pub async fn arrivals_are_let_in_while_others_gather(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.join(5).await;
    trial.freeze_at(2).await;
    trial.call(|call| (call.express, call.express_behind) = (3, Some(5))).await;
    assert_eq!(trial.admitted_on_arrival(&with_passes(10, 1)).await, 0, "five wait");
    trial
        .call(|call| {
            call.called = PerLane::public(5);
            (call.express, call.express_behind) = (3, Some(5));
        })
        .await;
    assert_eq!(trial.admitted_on_arrival(&with_passes(20, 2)).await, 2);
    let state = trial.state().await;
    assert_eq!(
        (state.memory.called, state.memory.entered),
        (PerLane::public(5), PerLane::public(8))
    );
    assert_eq!((state.express, state.active), (1, 2));
    assert_eq!(trial.redeem(u64::MAX, 20).await, trial.new_pass(), "without a place, by its pass");
}

/// P11: bounds hold on arrival as they do later.
pub async fn arrivals_keep_the_bounds(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.call(|call| call.express = 100).await;
    assert_eq!(trial.admitted_on_arrival(&with_passes(0, 100)).await, 5, "five at once");
    trial.set_live(LiveChange { max_active: Some(100), ..LiveChange::default() }).await;
    trial.call(|call| (call.called, call.express) = (PerLane::public(100), 100)).await;
    assert_eq!(trial.admitted_on_arrival(&with_passes(200, 100)).await, 5, "ten in a burst");
}

/// P12: admission on arrival never takes a call back, where more was called than is known to have come.
pub async fn arrivals_lower_nothing(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.call(|call| (call.called, call.express) = (PerLane::public(40), 3)).await;
    assert_eq!(trial.admitted_on_arrival(&with_passes(0, 2)).await, 2);
    assert_eq!(trial.memory().await.called, PerLane::public(40));
}

/// Only the public lane is let in on arrival, and only whoever brings a pass id.
pub async fn other_lanes_are_not_let_in_on_arrival(store: &dyn RoomStore, clock: &ManualClock) {
    let trial = Trial::open(store, clock).await;
    trial.call(|call| call.express = 5).await;
    let hotline = Arrivals { lane: Lane::Hotline, ..with_passes(0, 2) };
    assert_eq!(trial.admitted_on_arrival(&hotline).await, 0);
    assert_eq!(trial.join(1).await, [0]);
    let state = trial.state().await;
    assert_eq!((state.express, state.active), (5, 0));
}
